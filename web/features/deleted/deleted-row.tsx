import { RESTORE_DAYS, timeLeft } from './time-left.ts'

interface DeletedRowProps {
  name: string
  about?: string
  deletedAt: string | null | undefined
  isBusy: boolean
  onRestore: () => void
}

/** Something that was deleted, how long it can still be brought back, and the way to do it. */
export const DeletedRow = ({ name, about, deletedAt, isBusy, onRestore }: DeletedRowProps) => (
  <li className="deleted-row">
    <span className="small clip">
      {name} <span className="tiny faint">{about}</span>
    </span>
    <span className="tiny faint num">{deletedAt ? timeLeft(deletedAt) : `within ${RESTORE_DAYS} days`}</span>
    <button type="button" className="button" disabled={isBusy} onClick={onRestore} aria-label={`Bring back ${name}`}>
      Bring back
    </button>
  </li>
)
