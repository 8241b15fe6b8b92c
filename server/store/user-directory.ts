import type { Database } from './database.ts'
import { createRemembered } from './remembered.ts'
import { type FirstSight, findOrCreateUser, type Identity, type UserRow } from './users.ts'

export interface UserDirectory {
  see(identity: Identity): Promise<UserRow>
  /** The row was changed: `users:<id>` of the change signal. */
  forgetUser(userId: string): void
  /** Changes may have been missed: `everything` of the change signal. */
  forgetEverybody(): void
}

/** Users by what their tokens say, each row remembered for a few seconds. */
export function createUserDirectory(database: Pick<Database, 'statement'>, firstSight: FirstSight): UserDirectory {
  const users = createRemembered<UserRow>()
  return {
    see(identity) {
      const key = JSON.stringify([identity.issuer, identity.subject, identity.email, identity.emailVerified, identity.sessionId])
      return users.get(key, () => findOrCreateUser(database, identity, firstSight))
    },
    forgetUser: userId => users.forget(user => user.id === userId),
    forgetEverybody: () => users.forget(() => true),
  }
}
