import type { Caller } from '../domain/caller.ts'
import type { Database } from '../store/database.ts'
import { endSessions } from '../store/signed-out.ts'
import type { UserDirectory } from '../store/user-directory.ts'

export interface SignOutDependencies {
  database: Database
  authentication: { users: Pick<UserDirectory, 'forgetUser'> }
  /** Whose sessions are ours to end. */
  localIssuer: string
}

/** Ends every session of the caller, this one too, and whatever tokens they gave out. API keys stay: they are no sessions. */
export async function signOutEverywhere(deps: SignOutDependencies, caller: Caller): Promise<void> {
  await endSessions(deps.database, caller.userId, deps.localIssuer)
  deps.authentication.users.forgetUser(caller.userId)
}
