import { validate as isUuid } from 'uuid'
import type { Caller } from '../domain/caller.ts'
import { notFound } from '../domain/refusal.ts'
import { createStoredTurnLog } from '../live/stored-turn-log.ts'
import type { TurnLog, TurnLogs } from '../live/turn-log.ts'
import { findTurn } from '../store/conversation.ts'
import type { Database } from '../store/database.ts'
import { ownedSession } from '../store/owned.ts'
import { turnIsRunning } from '../store/turn-detail.ts'

export interface FollowedTurn {
  log: TurnLog
  /** False when what was said before is lost: the reader starts over, from a `reset` if it had read anything. */
  complete: boolean
}

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
  const stillRuns = () => turnIsRunning(deps.database, sessionId, turnId)
  const readClosed = () => findTurn(deps.database, sessionId, turnId)
  // In this order, because between the two a turn can only go from running to closed.
  const running = await stillRuns()
  if (!running && !(await readClosed())) throw notFound('Turn')
  const findLog = () => deps.turnLogs.find(turnId, readClosed)
  const log = await findLog()
  if (log) return { log, complete: true }
  return { log: createStoredTurnLog(turnId, { stillRuns, readClosed, findLog }, hasRead || running), complete: false }
}
