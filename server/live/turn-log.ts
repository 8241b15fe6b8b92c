import type { TurnEvent } from '../../contract/events.ts'
import type { StoredAnswer } from './stored-answer.ts'

// Everything a turn says, kept while it runs and for a while after. Losing it loses no truth: the turn is stored by its close.

/** Whoever produces events writes here and waits for nobody. */
export interface TurnLogWriter {
  append(event: TurnEvent): void
}

/** A stretch of a log; together and in order they are the log. */
export interface LogPiece {
  events: readonly TurnEvent[]
  /** Behind these events another process went on. What the one before it said beyond them does not count, though somebody may have heard it. */
  takenOver: boolean
}

/**
 * Whoever follows a turn reads here, at a pace of their own: the log is kept once, and a reader is a place in it, so a slow one costs nothing.
 * `read` yields all events that are there in one go, from the beginning, and ends after `done`, when the log is dropped, or when `signal` aborts.
 */
export interface TurnLog {
  readonly turnId: string
  /** What was said until now, without waiting. */
  soFar(): readonly TurnEvent[]
  read(signal: AbortSignal): AsyncIterable<LogPiece>
}

/** The log of a turn that this process runs, or closes in the place of another. */
export interface OwnTurnLog extends TurnLog, TurnLogWriter {
  /** Ends it without a `done`: what it says is not what will be stored. */
  drop(): void
}

/** How a turn's row tells of its end; null while it is not closed. */
export type ReadClosed = () => Promise<StoredAnswer | null>

export interface TurnLogs {
  /**
   * `fence` is the turn's fencing number. `onLost`: somebody with a higher one has taken the log over; it ends here, and nothing
   * that is appended from then on reaches anybody.
   */
  open(turnId: string, fence: number, onLost: () => void): OwnTurnLog
  /** For whoever closes a turn that another process left: from now on nothing of that process gets in. What it had said is `soFar`, as far as it is not lost. */
  takeOver(turnId: string, fence: number): Promise<OwnTurnLog>
  /** Null when the log of that turn is gone by now, or out of reach. Where the process that writes it may die, its end is taken from `readClosed`. */
  find(turnId: string, readClosed: ReadClosed): Promise<TurnLog | null>
  /** Waits a moment for what others are still to be told. */
  close(): Promise<void>
}
