import { Notice, Retry } from '../../ui/notice.tsx'
import { ScreenHead } from './screen-head.tsx'

interface FailedProps {
  title: string
  error: Error
  onRetry: () => void
}

/** A screen whose content could not be had. */
export const Failed = ({ title, error, onRetry }: FailedProps) => (
  <main className="screen" id="content">
    <ScreenHead title={title} />
    <div className="scroll">
      <div className="form-column">
        <Notice tone="bad" action={<Retry onRetry={onRetry} />}>
          {error.message} Check that you are online; what you typed is kept.
        </Notice>
      </div>
    </div>
  </main>
)
