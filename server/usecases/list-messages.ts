import type { MessagePage } from '../../contract/sessions.ts'
import type { Caller } from '../domain/caller.ts'
import { pageOfMessages } from '../store/conversation.ts'
import type { Database } from '../store/database.ts'
import { ownedSession } from '../store/owned.ts'

export async function listMessages(
  deps: { database: Database },
  caller: Caller,
  sessionId: string,
  page: { limit: number; offset: number },
  includePrivate: boolean,
): Promise<MessagePage> {
  await ownedSession(deps.database, caller.userId, sessionId)
  return await pageOfMessages(deps.database, sessionId, page, includePrivate)
}
