import type { SessionRead, SessionUpdate } from '../../contract/sessions.ts'
import type { Caller } from '../domain/caller.ts'
import type { Database } from '../store/database.ts'
import { ownedSession } from '../store/owned.ts'
import { renameSession as saveTitle } from '../store/sessions.ts'

export async function renameSession(
  deps: { database: Database },
  caller: Caller,
  sessionId: string,
  changes: SessionUpdate,
): Promise<SessionRead> {
  await ownedSession(deps.database, caller.userId, sessionId)
  return await saveTitle(deps.database, sessionId, changes.title)
}
