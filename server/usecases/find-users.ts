import type { UserPage, UserQuery } from '../../contract/admin.ts'
import { userRead } from '../domain/administered-user.ts'
import type { Admins } from '../domain/roles.ts'
import { pageOfUsers } from '../store/admin-users.ts'
import type { Database } from '../store/database.ts'

export async function findUsers(deps: { database: Database; authentication: { admins: Admins } }, query: UserQuery): Promise<UserPage> {
  const { users, total } = await pageOfUsers(deps.database, query)
  return { users: users.map(user => userRead(user, deps.authentication.admins)), total }
}
