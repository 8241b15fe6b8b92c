import { type ErrorComponentProps, Link } from '@tanstack/react-router'
import { Notice } from '../../ui/notice.tsx'
import { Brand } from './brand.tsx'
import { useTitle } from './title.ts'

export function NotHere() {
  useTitle('Nothing here')
  return (
    <main className="lost stack" id="content">
      <Brand />
      <h1>There is nothing here</h1>
      <p className="muted">
        The address may be old, or what it named was deleted. What was deleted in the last 7 days can be brought back.
      </p>
      <div className="row">
        <Link to="/" className="button main">
          To your rooms
        </Link>
        <Link to="/deleted" className="button">
          Recently deleted
        </Link>
      </div>
    </main>
  )
}

/** A part of the page that is gone from the server: it was updated since the page was opened, or cannot be reached. */
const isPartMissing = (error: unknown): boolean =>
  error instanceof Error && /dynamically imported module|module script/i.test(error.message)

export const Broken = ({ error, reset }: ErrorComponentProps) => (
  <main className="lost stack">
    <h1>{isPartMissing(error) ? 'This screen could not be loaded' : 'This screen broke'}</h1>
    <Notice tone="bad">
      {isPartMissing(error)
        ? 'You may be offline, or the server was updated meanwhile. What you typed is kept; reload the page.'
        : `${error instanceof Error ? error.message : 'Something went wrong in the page.'} What you typed is kept. Try again, or reload the page.`}
    </Notice>
    <div className="row">
      <button type="button" className="button main" onClick={() => location.reload()}>
        Reload the page
      </button>
      <button type="button" className="button" onClick={reset}>
        Try again
      </button>
    </div>
  </main>
)
