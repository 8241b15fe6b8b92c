import type { ObjectStorage } from '../files/object-storage.ts'
import type { Database } from '../store/database.ts'
import { dueStrays, forgetStray } from '../store/stray-objects.ts'

interface RemoveObjectsDependencies {
  database: Database
  storage: ObjectStorage
  log: { info(fields: object, message: string): void }
}

const BATCH = 100

/** Removes every object that no row stands for. Rejects when the storage is away: then it is tried again. */
export async function removeObjects({ database, storage, log }: RemoveObjectsDependencies): Promise<void> {
  let removed = 0
  for (let keys = await dueStrays(database, BATCH); keys.length > 0; keys = await dueStrays(database, BATCH)) {
    for (const key of keys) {
      await storage.remove(key)
      await forgetStray(database, key)
    }
    removed += keys.length
  }
  if (removed > 0) log.info({ removed }, 'stored objects removed')
}
