import type { UserRead, UserUpdate } from '../../contract/admin.ts'
import { type AdministeredUser, userRead } from '../domain/administered-user.ts'
import type { Caller } from '../domain/caller.ts'
import { notFound, Refusal } from '../domain/refusal.ts'
import { type Admins, isConfiguredOwner } from '../domain/roles.ts'
import { activeOwnerExists, findUser, lockOwners, saveUser } from '../store/admin-users.ts'
import { audited } from '../store/audit-log.ts'
import type { Database } from '../store/database.ts'
import type { UserDirectory } from '../store/user-directory.ts'

export interface UpdateUserDependencies {
  database: Database
  authentication: { admins: Admins; users: Pick<UserDirectory, 'forgetUser'> }
}

/** Reaches live tokens on every replica by the change signal. There is always somebody left who may undo it. */
export async function updateUser(deps: UpdateUserDependencies, caller: Caller, userId: string, changes: UserUpdate): Promise<UserRead> {
  const { admins, users } = deps.authentication
  const user = await audited(deps.database, caller.userId, async database => {
    await lockOwners(database)
    const before = await findUser(database, userId, true)
    if (!before) throw notFound('User')
    requireChangeableRole(before, changes, admins)
    await saveUser(database, userId, changes)
    if (!(await activeOwnerExists(database, admins)))
      throw new Refusal('conflict', 'This is the last owner. Make somebody else an owner first.')
    const after = (await findUser(database, userId))!
    return { result: after, entry: { action: 'user_updated', target: userId, before: changeable(before), after: changeable(after) } }
  })
  users.forgetUser(userId)
  return userRead(user, admins)
}

function requireChangeableRole(user: AdministeredUser, { role }: UserUpdate, admins: Admins): void {
  if (role !== undefined && role !== 'owner' && isConfiguredOwner(user, admins))
    throw new Refusal('conflict', 'This user is an owner by ADMIN_USER_IDS or ADMIN_EMAILS. Change that configuration instead.')
}

const changeable = ({ role, suspended_at, monthly_credit_cap }: AdministeredUser) => ({
  role,
  suspended: suspended_at !== null,
  monthly_credit_cap,
})
