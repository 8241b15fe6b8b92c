import { type ErrorComponentProps, Link } from '@tanstack/react-router'
import { Notice } from '../../ui/notice.tsx'

export const NotHere = () => (
  <main className="lost stack">
    <h1>There is nothing here</h1>
    <p className="muted">The address may be old, or what it named was deleted.</p>
    <Link to="/" className="button">
      To your rooms
    </Link>
  </main>
)

export const Broken = ({ error, reset }: ErrorComponentProps) => (
  <main className="lost stack">
    <h1>This screen broke</h1>
    <Notice tone="bad">
      {error instanceof Error ? error.message : 'Something went wrong in the page.'} What you typed is kept. Try again, or reload the page.
    </Notice>
    <button type="button" className="button" onClick={reset}>
      Try again
    </button>
  </main>
)
