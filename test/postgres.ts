import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { DataFolderInUse, type EmbeddedPostgres, joinEmbeddedPostgres, startEmbeddedPostgres } from '../server/store/embedded.ts'
import { migrate } from '../server/store/migrate.ts'

/** How to reach the server of this test run; plain values, so that it can be handed to the workers. */
export interface TestServer {
  host: string
  port: number
  user: string
  password: string
  /** Every database of this run begins with it. */
  prefix: string
  /** The migrated database that each test file gets a clone of. */
  template: string
}

export interface TestPostgres {
  server: TestServer
  stop(): Promise<void>
}

type Connection = Pick<TestServer, 'host' | 'port' | 'user' | 'password'>

const NAMES = 'pantheon_test_'
/** What a machine that crashes in the middle of a test run loses is not missed. */
const SPEED = ['fsync', 'full_page_writes', 'synchronous_commit', 'autovacuum']
const SIMULTANEOUS_RUNS = 10
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }

/** One server for one test run, with a migrated template: that of PANTHEON_TEST_DATABASE_URL, or the PostgreSQL that the program brings along. */
export async function startTestPostgres(): Promise<TestPostgres> {
  const url = process.env.PANTHEON_TEST_DATABASE_URL
  const embedded = url ? null : await startInFreeFolder()
  const connection = connectionOf(embedded?.config ?? { connectionString: url })
  const admin = new pg.Client({ ...connection, database: 'postgres' })
  const prefix = `${NAMES}${randomBytes(4).toString('hex')}_`
  async function stop(): Promise<void> {
    await dropDatabases(admin, prefix)
    await admin.end()
    await embedded?.stop()
    if (embedded) await stopAbandoned()
  }
  await admin.connect()
  try {
    if (embedded) await preferSpeed(admin)
    return { server: { ...connection, prefix, template: await createTemplate(admin, connection, prefix) }, stop }
  } catch (error) {
    // Typically a migration that is being written: the server must not stay behind.
    await stop()
    throw error
  }
}

/** Always the same folders, so that a run adopts what a killed one has left running. The next one is for a run at the same time. */
async function startInFreeFolder(number = 0): Promise<EmbeddedPostgres> {
  const folder = folderOf(number)
  try {
    return await startEmbeddedPostgres(folder, silent).catch(error => startAfresh(folder, error))
  } catch (error) {
    if (error instanceof DataFolderInUse && number < SIMULTANEOUS_RUNS) return startInFreeFolder(number + 1)
    throw error
  }
}

const folderOf = (number: number): string => path.join(tmpdir(), `pantheon-test-${process.getuid?.() ?? ''}-${number}`)

/** A killed run may have used a folder that no run would come to for long. */
async function stopAbandoned(): Promise<void> {
  for (let number = 0; number <= SIMULTANEOUS_RUNS; number += 1) {
    const running = await joinEmbeddedPostgres(folderOf(number))
    const abandoned = running && (await startEmbeddedPostgres(folderOf(number), silent).catch(() => null))
    await abandoned?.stop()
  }
}

/** Without fsync a crash of the machine may leave files that no server starts on. */
function startAfresh(folder: string, error: unknown): Promise<EmbeddedPostgres> {
  if (error instanceof DataFolderInUse) throw error
  rmSync(folder, { recursive: true, force: true })
  return startEmbeddedPostgres(folder, silent)
}

function connectionOf(config: pg.ClientConfig): Connection {
  const { host, port, user = '', password } = new pg.Client(config)
  return { host, port, user, password: password ?? '' }
}

async function preferSpeed(admin: pg.Client): Promise<void> {
  for (const setting of SPEED) await admin.query(`alter system set ${setting} = off`)
  await admin.query('select pg_reload_conf()')
}

/** The run's lock tells its databases from those that a killed run has left. */
async function createTemplate(admin: pg.Client, connection: Connection, prefix: string): Promise<string> {
  await dropLeftovers(admin)
  const template = `${prefix}template`
  await admin.query('select pg_advisory_lock(hashtext($1))', [prefix])
  await admin.query(`create database ${template} strategy file_copy`)
  await migrate({ ...connection, database: template })
  return template
}

async function dropLeftovers(admin: pg.Client): Promise<void> {
  const { rows } = await admin.query<{ prefix: string }>(`select distinct substring(datname from '^${NAMES}[0-9a-f]{8}_') as prefix
    from pg_database where datname ~ '^${NAMES}[0-9a-f]{8}_'`)
  for (const { prefix } of rows) {
    const lock = await admin.query<{ free: boolean }>('select pg_try_advisory_lock(hashtext($1)) as free', [prefix])
    if (lock.rows[0]?.free) await dropDatabases(admin, prefix)
  }
}

async function dropDatabases(admin: pg.Client, prefix: string): Promise<void> {
  const { rows } = await admin.query<{ datname: string }>('select datname from pg_database where starts_with(datname, $1)', [prefix])
  for (const { datname } of rows) await admin.query(`drop database if exists ${datname} with (force)`)
}
