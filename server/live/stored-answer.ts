import type { DoneEvent, TurnEvent } from '../../contract/events.ts'
import type { TurnLimit, TurnRead, TurnStatus } from '../../contract/turns.ts'
import { shownText } from '../domain/basic-view.ts'

/** What a closed turn's row says of it. */
export interface StoredAnswer extends TurnRead {
  provider_model: string
  limit_reached: TurnLimit | null
}

export const doneOf = (turn: StoredAnswer): DoneEvent => ({
  type: 'done',
  turn_id: turn.id,
  provider_model: turn.provider_model,
  // A closed turn has one of the closed statuses.
  status: turn.status as TurnStatus,
  summary_used_fallback: turn.summary_used_fallback,
  balance_after: turn.balance_after,
  low_balance: turn.low_balance,
  ...(turn.limit_reached && { limit: turn.limit_reached }),
})

/** What whoever has heard `said` must still be told of a closed turn, so that they have its stored output. */
export function restOf(said: readonly TurnEvent[], closed: StoredAnswer): TurnEvent[] {
  if (shownText(said) === closed.assistant_output) return [doneOf(closed)]
  return [{ type: 'reset' }, { type: 'chunk', delta: closed.assistant_output }, doneOf(closed)]
}
