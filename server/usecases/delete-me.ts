import type { Caller } from '../domain/caller.ts'
import { notFound, Refusal } from '../domain/refusal.ts'
import type { Admins } from '../domain/roles.ts'
import { activeOwnerExists, lockOwners } from '../store/admin-users.ts'
import type { Database } from '../store/database.ts'
import { hideUser, lockErasableUser, removeLocalAccount } from '../store/erase-user.ts'
import type { JobQueue } from '../store/job-queue.ts'
import type { UserDirectory } from '../store/user-directory.ts'

export interface DeleteMeDependencies {
  database: Database
  jobs: JobQueue
  authentication: { admins: Admins; users: Pick<UserDirectory, 'forgetUser'> }
  /** Whose subjects are accounts of our own. */
  localIssuer: string
}

/** One commit makes everything unreachable, tokens included; a job that comes with it removes the content. */
export async function deleteMe(deps: DeleteMeDependencies, caller: Caller): Promise<void> {
  const { admins, users } = deps.authentication
  await deps.database.transaction(async database => {
    await lockOwners(database)
    const user = await lockErasableUser(database, caller.userId)
    if (!user) throw notFound('User')
    await hideUser(database, caller.userId)
    if (caller.role === 'owner' && !(await activeOwnerExists(database, admins)))
      throw new Refusal('conflict', 'You are the last owner. Make somebody else an owner first.')
    if (user.issuer === deps.localIssuer) await removeLocalAccount(database, user.subject, user.email)
    await deps.jobs.enqueue(database, 'erase-user', { userId: caller.userId })
  })
  users.forgetUser(caller.userId)
}
