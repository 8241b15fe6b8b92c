import type { SessionRead } from '../../contract/sessions.ts'
import type { Caller } from '../domain/caller.ts'
import type { Database } from '../store/database.ts'
import { ownedSession } from '../store/owned.ts'

export const getSession = (deps: { database: Database }, caller: Caller, sessionId: string): Promise<SessionRead> =>
  ownedSession(deps.database, caller.userId, sessionId)
