import type { Database } from './database.ts'
import { inBatches } from './in-batches.ts'

const TABLES = ['attempts', 'idempotency_keys']

/** Rows that only run the machine and have run out; how many went. */
export async function removeExpired(database: Database): Promise<number> {
  let sum = 0
  for (const table of TABLES) sum += await inBatches(limit => removeBatch(database, table, limit))
  return sum
}

async function removeBatch(database: Database, table: string, limit: number): Promise<number> {
  const rows = await database.statement<{ rows: number }>(`remove_expired_${table}`, removal(table), [limit])
  return rows[0]?.rows ?? 0
}

const removal = (table: string) => `
with due as (select ctid from ${table} where expires_at < now() limit $1 for update skip locked),
gone as (delete from ${table} using due where ${table}.ctid = due.ctid and ${table}.expires_at < now() returning 1)
select count(*) as rows from gone`
