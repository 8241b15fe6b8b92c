import type { Database } from './database.ts'
import { inBatches } from './in-batches.ts'

/** What has run out, by table. A sign-in goes a day later, when no token of it is good any more; its library removes only those that come back. */
const DUE = {
  attempts: 'expires_at < now()',
  idempotency_keys: 'expires_at < now()',
  'auth.session': `"expiresAt" < now() - interval '1 day'`,
}

/** Rows that only run the machine and have run out; how many went. */
export async function removeExpired(database: Database): Promise<number> {
  let sum = 0
  for (const [table, due] of Object.entries(DUE)) sum += await inBatches(limit => removeBatch(database, table, due, limit))
  return sum
}

async function removeBatch(database: Database, table: string, due: string, limit: number): Promise<number> {
  const rows = await database.statement<{ rows: number }>(`remove_expired_${table.replace('.', '_')}`, removal(table, due), [limit])
  return rows[0]?.rows ?? 0
}

const removal = (table: string, due: string) => `
with due as (select ctid from ${table} where ${due} limit $1 for update skip locked),
gone as (delete from ${table} as expired using due where expired.ctid = due.ctid and ${due} returning 1)
select count(*) as rows from gone`
