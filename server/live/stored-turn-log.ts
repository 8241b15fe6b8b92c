import { setTimeout as sleep } from 'node:timers/promises'
import type { DoneEvent } from '../../contract/events.ts'
import type { TurnLimit, TurnRead, TurnStatus } from '../../contract/turns.ts'
import type { TurnLog } from './turn-log.ts'

/** What a closed turn's row says of it. */
export interface StoredAnswer extends TurnRead {
  provider_model: string
  limit_reached: TurnLimit | null
}

const ASK_AGAIN_MS = 1_000

/**
 * Stands in for a log that is lost: waits until the turn is closed, then says its stored output in one piece.
 * `reset`: begins by telling the reader that what it has shown is replaced.
 */
export const createStoredTurnLog = (turnId: string, readClosed: () => Promise<StoredAnswer | null>, reset: boolean): TurnLog => ({
  turnId,
  soFar: () => [],
  async *read(signal) {
    if (reset) yield [{ type: 'reset' }]
    for (;;) {
      const closed = await readClosed()
      if (closed) return yield [{ type: 'chunk', delta: closed.assistant_output }, doneOf(closed)]
      await sleep(ASK_AGAIN_MS, undefined, { signal }).catch(() => {})
      if (signal.aborted) return
    }
  },
})

const doneOf = (turn: StoredAnswer): DoneEvent => ({
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
