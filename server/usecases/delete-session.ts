import { validate as isUuid } from 'uuid'
import type { Caller } from '../domain/caller.ts'
import { notFound } from '../domain/refusal.ts'
import type { Database } from '../store/database.ts'
import { requireScope } from '../store/owned.ts'
import { type SessionScope, softDeleteSession } from '../store/sessions.ts'
import { requestCancelInSession } from '../store/turn-run.ts'

/** The turn that runs in the session is cancelled by the same commit. */
export async function deleteSession(deps: { database: Database }, caller: Caller, scope: SessionScope, sessionId: string): Promise<void> {
  await requireScope(deps.database, caller.userId, scope)
  if (!isUuid(sessionId)) throw notFound('Session')
  await deps.database.transaction(async database => {
    // Before the session is touched: a close takes its run first, too.
    await requestCancelInSession(database, sessionId)
    const gone = await softDeleteSession(database, scope, sessionId)
    if (!gone) throw notFound('Session')
  })
}
