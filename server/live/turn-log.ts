import type { TurnEvent } from '../../contract/events.ts'

// Everything a turn says, kept while it runs and for a while after. Losing it loses no truth: the turn is stored by its close.

/** Whoever produces events writes here and waits for nobody. */
export interface TurnLogWriter {
  append(event: TurnEvent): void
}

/**
 * Whoever follows a turn reads here, at a pace of their own: the log is kept once, and a reader is a place in it, so a slow one costs nothing.
 * `read` yields all events that are there in one go, from the beginning, and ends after `done` or when `signal` aborts.
 */
export interface TurnLog {
  readonly turnId: string
  /** What was said until now, without waiting. */
  soFar(): readonly TurnEvent[]
  read(signal: AbortSignal): AsyncIterable<readonly TurnEvent[]>
}

export interface TurnLogs {
  open(turnId: string): TurnLog & TurnLogWriter
  /** Ends a running log without a `done`: what it says is not what will be stored. Whoever comes back finds none. */
  drop(turnId: string): void
  /** Null when the log of that turn was never here or is gone by now. */
  find(turnId: string): Promise<TurnLog | null>
}
