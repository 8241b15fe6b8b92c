import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'

export interface Migrated {
  /** What this run applied, in order; empty when there was nothing to do. */
  applied: string[]
  /** The newest migration that the database knows, which may be one of a newer release. */
  head: string
}

interface Migration {
  name: string
  sql: string
  sha256: string
}

const MIGRATIONS = fileURLToPath(new URL('../../migrations/', import.meta.url))
/** Session lock, so that one process migrates at a time and a crash releases it. Needs a direct connection, not a pooled one. */
const MIGRATION_LOCK = 7002
const LOOK_AGAIN_MS = 100
/**
 * How a file begins that must not hold a busy table for as long as it takes. Its statements, parted by empty lines, are committed one by one;
 * all of them can be run again, because an interrupted run begins anew.
 */
const OUTSIDE_TRANSACTION = '-- outside a transaction'

/**
 * Applies what the database lacks of the SQL files in `folder`, by name, each in a transaction of its own unless it says otherwise. Safe to run
 * twice and by two processes at once. Migrations that this checkout does not know are left alone: a release must run beside the next one (data.md).
 */
export async function migrate(config: pg.ClientConfig, folder = MIGRATIONS): Promise<Migrated> {
  const client = new pg.Client({ ...config, application_name: 'pantheon migrate' })
  // The query under way rejects with the same error.
  client.on('error', () => undefined)
  await client.connect()
  try {
    await takeTurn(client)
    const applied = await applyMissing(client, readMigrations(folder))
    return { applied, head: (await appliedHead(client)) ?? '' }
  } finally {
    await client.end()
  }
}

/** Asks again and again: the statement of one that waited in the database would be waited for by an index that the other makes concurrently. */
async function takeTurn(client: pg.Client): Promise<void> {
  while (!(await client.query<{ taken: boolean }>('select pg_try_advisory_lock($1) as taken', [MIGRATION_LOCK])).rows[0]!.taken)
    await sleep(LOOK_AGAIN_MS)
}

/** The newest migration of this checkout. */
export const migrationHead = (folder = MIGRATIONS): string => knownMigrations(folder).at(-1) ?? ''

/** All migrations of this checkout, oldest first. */
export const knownMigrations = (folder = MIGRATIONS): string[] => migrationFiles(folder).map(nameOf)

/** What this checkout has and the database has not. */
export async function missingMigrations(database: pg.Pool | pg.Client): Promise<string[]> {
  if ((await appliedHead(database)) === null) return knownMigrations()
  const { rows } = await database.query<{ name: string }>('select name from public.migrations')
  const applied = new Set(rows.map(row => row.name))
  return knownMigrations().filter(name => !applied.has(name))
}

/** The newest migration of the database; null when it was never migrated. */
export async function appliedHead(database: pg.Pool | pg.Client): Promise<string | null> {
  const { rows: known } = await database.query<{ known: boolean }>("select to_regclass('public.migrations') is not null as known")
  if (!known[0]?.known) return null
  const { rows } = await database.query<{ name: string }>('select name from public.migrations order by name collate "C" desc limit 1')
  return rows[0]?.name ?? null
}

async function applyMissing(client: pg.Client, migrations: Migration[]): Promise<string[]> {
  await client.query(`create table if not exists public.migrations
    (name text primary key, sha256 text not null, applied_at timestamptz not null default now())`)
  const { rows } = await client.query<{ name: string; sha256: string }>('select name, sha256 from public.migrations')
  const known = new Map(rows.map(row => [row.name, row.sha256]))
  const changed = migrations.find(({ name, sha256 }) => known.has(name) && known.get(name) !== sha256)
  if (changed) throw new Error(`Migration ${changed.name} was changed after this database applied it: write a new one instead.`)
  const missing = migrations.filter(({ name }) => !known.has(name))
  for (const migration of missing) await apply(client, migration)
  return missing.map(({ name }) => name)
}

const apply = (client: pg.Client, migration: Migration): Promise<void> =>
  migration.sql.startsWith(OUTSIDE_TRANSACTION) ? applyByStatement(client, migration) : applyAtOnce(client, migration)

async function applyAtOnce(client: pg.Client, migration: Migration): Promise<void> {
  try {
    await client.query('begin')
    // Everybody else would queue behind a statement that waits for its lock on a busy table: rather fail and be run again.
    await client.query(`set local lock_timeout = '10s'`)
    await client.query(migration.sql)
    await note(client, migration)
    await client.query('commit')
  } catch (error) {
    throw new Error(`Migration ${migration.name} failed and left nothing: ${(error as Error).message}`, { cause: error })
  }
}

async function applyByStatement(client: pg.Client, migration: Migration): Promise<void> {
  try {
    for (const statement of migration.sql.split(/;\n\n/)) await client.query(statement)
    await note(client, migration)
  } catch (error) {
    throw new Error(`Migration ${migration.name} stopped, and begins anew with the next run: ${(error as Error).message}`, { cause: error })
  }
}

async function note(client: pg.Client, { name, sha256 }: Migration): Promise<void> {
  await client.query('insert into public.migrations (name, sha256) values ($1, $2)', [name, sha256])
}

function readMigrations(folder: string): Migration[] {
  return migrationFiles(folder).map(file => {
    const sql = readFileSync(path.join(folder, file), 'utf8')
    return { name: nameOf(file), sql, sha256: createHash('sha256').update(sql).digest('hex') }
  })
}

const migrationFiles = (folder: string): string[] =>
  readdirSync(folder)
    .filter(file => file.endsWith('.sql'))
    .sort()

const nameOf = (file: string): string => file.replace(/\.sql$/, '')
