import { sql } from 'kysely'
import type { Database } from './database.ts'

// Objects without a row: noted before one is stored, and by the database itself when a row goes (migration 0007).

/** Until its row is committed; a program that dies on the way leaves the note, and the object is removed when it is due. */
export async function noteUpload(database: Database, storageKey: string, dueSeconds: number): Promise<void> {
  await database.kysely
    .insertInto('stray_objects')
    .values({ storage_key: storageKey, due_at: sql`now() + make_interval(secs => ${dueSeconds})` })
    .execute()
}

export async function forgetStray(database: Database, storageKey: string): Promise<void> {
  await database.kysely.deleteFrom('stray_objects').where('storage_key', '=', storageKey).execute()
}

/** Due now, whatever was noted before. */
export async function makeDue(database: Database, storageKey: string): Promise<void> {
  await database.kysely.updateTable('stray_objects').set({ due_at: sql`now()` }).where('storage_key', '=', storageKey).execute()
}

export async function dueStrays(database: Database, limit: number): Promise<string[]> {
  const due = database.kysely.selectFrom('stray_objects').select('storage_key').where('due_at', '<=', sql<string>`now()`)
  return (await due.orderBy('due_at').limit(limit).execute()).map(row => row.storage_key)
}
