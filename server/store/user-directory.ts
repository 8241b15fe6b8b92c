import { LRUCache } from 'lru-cache'
import type { Database } from './database.ts'
import { type FirstSight, findOrCreateUser, type Identity, type UserRow } from './users.ts'

export interface UserDirectory {
  see(identity: Identity): Promise<UserRow>
  /** The row was changed: `users:<id>` of the change signal. */
  forgetUser(userId: string): void
  /** Changes may have been missed: `everything` of the change signal. */
  forgetEverybody(): void
}

const REMEMBERED_MAXIMUM = 10_000
/** Suspension and demotion hold within 5 s even where the change signal is lost; the rest is for the reading itself. */
const REMEMBERED_MS = 4_000

/** Users by what their tokens say, each row remembered for a few seconds. */
export function createUserDirectory(database: Pick<Database, 'statement'>, firstSight: FirstSight): UserDirectory {
  const remembered = new LRUCache<string, UserRow>({ max: REMEMBERED_MAXIMUM, ttl: REMEMBERED_MS })
  let changes = 0
  return {
    async see(identity) {
      const key = JSON.stringify([identity.issuer, identity.subject, identity.email, identity.emailVerified])
      const known = remembered.get(key)
      if (known) return known
      const changesBefore = changes
      const user = await findOrCreateUser(database, identity, firstSight)
      // A row that was changed while it was read may be the old one.
      if (changes === changesBefore) remembered.set(key, user)
      return user
    },
    forgetUser(userId) {
      changes += 1
      for (const [key, user] of remembered.entries()) if (user.id === userId) remembered.delete(key)
    },
    forgetEverybody() {
      changes += 1
      remembered.clear()
    },
  }
}
