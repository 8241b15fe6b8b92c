import type { SessionRead } from '../../contract/sessions.ts'
import type { Caller } from '../domain/caller.ts'
import { notFound } from '../domain/refusal.ts'
import { RESTORE_DAYS } from '../domain/retention.ts'
import type { Database } from '../store/database.ts'
import { ownedSession } from '../store/owned.ts'
import { restoreSession as bringBack } from '../store/sessions.ts'

export async function restoreSession(deps: { database: Database }, caller: Caller, sessionId: string): Promise<SessionRead> {
  await ownedSession(deps.database, caller.userId, sessionId, { deleted: true })
  const back = await bringBack(deps.database, sessionId, RESTORE_DAYS)
  if (!back) throw notFound('Session')
  return await ownedSession(deps.database, caller.userId, sessionId)
}
