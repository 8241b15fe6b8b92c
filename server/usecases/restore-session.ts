import type { SessionRead } from '../../contract/sessions.ts'
import type { Caller } from '../domain/caller.ts'
import { RESTORE_DAYS } from '../domain/retention.ts'
import type { Database } from '../store/database.ts'
import { ownedSession } from '../store/owned.ts'
import { restoreSession as bringBack } from '../store/sessions.ts'

export async function restoreSession(deps: { database: Database }, caller: Caller, sessionId: string): Promise<SessionRead> {
  return await deps.database.transaction(async database => {
    const session = await ownedSession(database, caller.userId, sessionId, { lock: true, restorableDays: RESTORE_DAYS })
    return await bringBack(database, session)
  })
}
