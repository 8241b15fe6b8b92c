import type { TurnPage } from '../../contract/turns.ts'
import type { Caller } from '../domain/caller.ts'
import { pageOfTurns } from '../store/conversation.ts'
import type { Database } from '../store/database.ts'
import { ownedSession } from '../store/owned.ts'

export async function listTurns(
  deps: { database: Database },
  caller: Caller,
  sessionId: string,
  page: { limit: number; offset: number },
): Promise<TurnPage> {
  await ownedSession(deps.database, caller.userId, sessionId)
  return await pageOfTurns(deps.database, sessionId, page)
}
