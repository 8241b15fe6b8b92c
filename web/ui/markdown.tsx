import { lazy, Suspense } from 'react'

const MarkdownView = lazy(() => import('./markdown-view.tsx'))

interface MarkdownProps {
  text: string
  /** More is to come: what is unfinished is shown as it will be. */
  streaming?: boolean
}

/** What a model wrote. Until the reader of Markdown is loaded, as plain text. */
export const Markdown = ({ text, streaming = false }: MarkdownProps) => (
  <Suspense fallback={<p className="plain-text">{text}</p>}>
    <MarkdownView text={text} streaming={streaming} />
  </Suspense>
)
