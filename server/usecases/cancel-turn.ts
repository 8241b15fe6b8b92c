import { validate as isUuid } from 'uuid'
import type { Caller } from '../domain/caller.ts'
import { notFound } from '../domain/refusal.ts'
import type { RunningTurns } from '../live/running-turns.ts'
import { findTurn } from '../store/conversation.ts'
import type { Database } from '../store/database.ts'
import { ownedSession } from '../store/owned.ts'
import { requestCancel } from '../store/turn-run.ts'

/** Idempotent: a turn that is closed already stays as it is. Works from any process; the database tells the one that runs the turn. */
export async function cancelTurn(
  deps: { database: Database; runningTurns: RunningTurns },
  caller: Caller,
  sessionId: string,
  turnId: string,
): Promise<void> {
  const session = await ownedSession(deps.database, caller.userId, sessionId)
  if (!isUuid(turnId)) throw notFound('Turn')
  const running = session.running_turn_id === turnId
  if (!running && !(await findTurn(deps.database, sessionId, turnId))) throw notFound('Turn')
  if (!running) return
  await requestCancel(deps.database, turnId)
  deps.runningTurns.stop(turnId, 'cancelled')
}
