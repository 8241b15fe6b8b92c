import { CircleAlert, CircleCheck, Info, TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'

type Tone = 'bad' | 'warn' | 'ok' | 'plain'
const icons = { bad: CircleAlert, warn: TriangleAlert, ok: CircleCheck, plain: Info }

interface NoticeProps {
  tone?: Tone
  children: ReactNode
  action?: ReactNode
}

/** Says what happened and what to do next; heard by a screen reader when it appears. */
export function Notice({ tone = 'plain', children, action }: NoticeProps) {
  const Icon = icons[tone]
  return (
    <div className={`notice ${tone}`} role={tone === 'bad' ? 'alert' : 'status'}>
      <Icon size={16} aria-hidden />
      <div className="body">{children}</div>
      {action}
    </div>
  )
}

/** The way out of a failure that may have passed. */
export const Retry = ({ onRetry }: { onRetry: () => unknown }) => (
  <button type="button" className="button" onClick={() => onRetry()}>
    Try again
  </button>
)

export const Loading = ({ what }: { what: string }) => (
  <div className="loading" role="status">
    Loading {what}
  </div>
)
