import type { TurnRange } from '../domain/context-plan.ts'
import type { SessionSummary } from '../domain/turn.ts'
import type { Turn } from './turn.ts'

/** A summary that is being written beside the agents. */
export interface RunningSummary {
  /** Waits a little for it after the last agent; what is stored, or null when none was due. */
  finish(): Promise<SessionSummary | null>
}

export function beginSummary(_turn: Turn, _range: TurnRange | null): RunningSummary {
  return { finish: async () => null }
}
