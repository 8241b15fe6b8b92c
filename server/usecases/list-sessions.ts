import type { SessionRead } from '../../contract/sessions.ts'
import type { Caller } from '../domain/caller.ts'
import { RESTORE_DAYS } from '../domain/retention.ts'
import type { Database } from '../store/database.ts'
import { requireScope } from '../store/owned.ts'
import { listDeletedSessions, type SessionScope, listSessions as sessionsOf } from '../store/sessions.ts'

/** What is there, or what was deleted and can still be brought back. */
export async function listSessions(
  deps: { database: Database },
  caller: Caller,
  scope: SessionScope,
  { deleted }: { deleted: boolean },
): Promise<SessionRead[]> {
  await requireScope(deps.database, caller.userId, scope)
  return deleted ? await listDeletedSessions(deps.database, scope, RESTORE_DAYS) : await sessionsOf(deps.database, scope)
}
