import type { SessionRead } from '../../contract/sessions.ts'
import type { Caller } from '../domain/caller.ts'
import type { Database } from '../store/database.ts'
import { requireScope } from '../store/owned.ts'
import { type SessionScope, listSessions as sessionsOf } from '../store/sessions.ts'

export async function listSessions(deps: { database: Database }, caller: Caller, scope: SessionScope): Promise<SessionRead[]> {
  await requireScope(deps.database, caller.userId, scope)
  return await sessionsOf(deps.database, scope)
}
