import { suspendedAmong } from '../store/admin-users.ts'
import type { Database } from '../store/database.ts'

/** Those of the users who are suspended now. */
export const findSuspendedUsers = (deps: { database: Database }, userIds: string[]): Promise<string[]> =>
  suspendedAmong(deps.database, userIds)
