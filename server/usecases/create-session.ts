import type { SessionCreate, SessionRead } from '../../contract/sessions.ts'
import type { Caller } from '../domain/caller.ts'
import type { Database } from '../store/database.ts'
import { requireScope } from '../store/owned.ts'
import { insertSession, type SessionScope } from '../store/sessions.ts'

export async function createSession(
  deps: { database: Database },
  caller: Caller,
  scope: SessionScope,
  session: SessionCreate,
): Promise<SessionRead> {
  await requireScope(deps.database, caller.userId, scope)
  return await insertSession(deps.database, caller.userId, scope, session.title ?? null)
}
