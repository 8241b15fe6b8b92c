import { isDeepStrictEqual } from 'node:util'
import { sql } from 'kysely'
import { v7 as uuidv7 } from 'uuid'
import type { AuditAction, AuditEntryRead, AuditPage, AuditQuery } from '../../contract/admin.ts'
import type { Database } from './database.ts'
import { storableJson } from './storable.ts'

/** What an administrator changed; null on either side is nothing. */
export interface AuditEntry {
  action: AuditAction
  target: string
  before: unknown
  after: unknown
}

/** Makes a change and writes it down, by one commit. What changes nothing leaves no line. */
export function audited<Result>(
  database: Database,
  actorUserId: string,
  change: (database: Database) => Promise<{ result: Result; entry: AuditEntry }>,
): Promise<Result> {
  return database.transaction(async bound => {
    const { result, entry } = await change(bound)
    if (!isDeepStrictEqual(entry.before, entry.after)) await insertEntry(bound, actorUserId, entry)
    return result
  })
}

async function insertEntry(database: Database, actorUserId: string, { action, target, before, after }: AuditEntry): Promise<void> {
  // The time of the change, not that of the transaction's begin: whoever had to wait for a lock comes later in the log, too.
  const created_at = sql<string>`clock_timestamp()`
  await database.kysely
    .insertInto('admin_audit_log')
    .values({ id: uuidv7(), actor_user_id: actorUserId, action, target, before: json(before), after: json(after), created_at })
    .execute()
}

const json = (value: unknown): string | null => (value === null ? null : storableJson(value))

/** Newest first. */
export async function pageOfAuditLog(database: Database, query: AuditQuery): Promise<AuditPage> {
  let found = database.kysely.selectFrom('admin_audit_log')
  if (query.actor_user_id !== undefined) found = found.where('actor_user_id', '=', query.actor_user_id)
  if (query.action !== undefined) found = found.where('action', '=', query.action)
  if (query.target !== undefined) found = found.where('target', '=', query.target)
  if (query.from_date !== undefined) found = found.where('created_at', '>=', sql<string>`${query.from_date}::timestamp at time zone 'UTC'`)
  if (query.to_date !== undefined)
    found = found.where('created_at', '<', sql<string>`(${query.to_date}::date + 1)::timestamp at time zone 'UTC'`)
  const [entries, counted] = await Promise.all([
    found
      .select(['id', 'actor_user_id', 'action', 'target', 'before', 'after', 'created_at'])
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .limit(query.limit)
      .offset(query.offset)
      .execute(),
    found.select(count => count.fn.countAll<number>().as('total')).executeTakeFirstOrThrow(),
  ])
  return { entries: entries as AuditEntryRead[], total: counted.total }
}
