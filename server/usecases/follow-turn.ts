import { setTimeout as sleep } from 'node:timers/promises'
import { validate as isUuid } from 'uuid'
import type { TurnEvent } from '../../contract/events.ts'
import type { Caller } from '../domain/caller.ts'
import { notFound } from '../domain/refusal.ts'
import type { TurnLog, TurnLogs } from '../live/turn-log.ts'
import { findTurn, type StoredTurn } from '../store/conversation.ts'
import type { Database } from '../store/database.ts'
import { ownedSession } from '../store/owned.ts'
import { findRunningTurn } from '../store/turn-detail.ts'

export interface FollowedTurn {
  log: TurnLog
  /** False when what was said before is lost: the reader starts over, from a `reset` if it had read anything. */
  complete: boolean
}

const ASK_AGAIN_MS = 1_000

/** The turn's events for whoever joins or comes back; when their log is gone, its stored output in one piece once it is closed. */
export async function followTurn(
  deps: { database: Database; turnLogs: TurnLogs },
  caller: Caller,
  sessionId: string,
  turnId: string,
  { hasRead }: { hasRead: boolean },
): Promise<FollowedTurn> {
  await ownedSession(deps.database, caller.userId, sessionId)
  if (!isUuid(turnId)) throw notFound('Turn')
  const running = await findRunningTurn(deps.database, sessionId, turnId)
  const closed = running ? null : await findTurn(deps.database, sessionId, turnId)
  if (!running && !closed) throw notFound('Turn')
  const log = await deps.turnLogs.find(turnId)
  if (log) return { log, complete: true }
  return { log: storedTurnLog(deps.database, sessionId, turnId, hasRead || running !== null), complete: false }
}

const storedTurnLog = (database: Database, sessionId: string, turnId: string, reset: boolean): TurnLog => ({
  turnId,
  soFar: () => [],
  async *read(signal) {
    if (reset) yield [{ type: 'reset' }]
    for (;;) {
      const closed = await findTurn(database, sessionId, turnId)
      if (closed) return yield storedEvents(closed)
      await sleep(ASK_AGAIN_MS, undefined, { signal }).catch(() => {})
      if (signal.aborted) return
    }
  },
})

const storedEvents = (turn: StoredTurn): TurnEvent[] => [
  { type: 'chunk', delta: turn.assistant_output },
  {
    type: 'done',
    turn_id: turn.id,
    provider_model: turn.provider_model,
    // A closed turn has one of the closed statuses.
    status: turn.status as Exclude<StoredTurn['status'], 'running'>,
    summary_used_fallback: turn.summary_used_fallback,
    balance_after: turn.balance_after,
    low_balance: turn.low_balance,
    ...(turn.limit_reached && { limit: turn.limit_reached }),
  },
]
