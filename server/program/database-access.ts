import pg from 'pg'
import { type Config, isEmbedded } from '../config.ts'
import { joinEmbeddedPostgres, startEmbeddedPostgres } from '../store/embedded.ts'

/** Where the database is and how to leave it. */
export interface DatabaseAccess {
  /** For migrations, signals and whatever else needs a session of its own. */
  direct: pg.ClientConfig
  /** For requests; behind a pooler no statement may have a name. */
  pooled: pg.ClientConfig
  namedStatements: boolean
  about: string
  /** Resolves when the database is gone for good; never where it is not ours. */
  lost: Promise<Error>
  leave(): Promise<void>
}

export interface AccessLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

const NEVER = new Promise<Error>(() => {})

const OLDEST_VERSION = 15
const CONNECT_MS = 10_000

/** Brings the embedded PostgreSQL up and owns its folder, or uses the server that `DATABASE_URL` names. */
export async function openDatabaseAccess(config: Config, log: AccessLog): Promise<DatabaseAccess> {
  if (config.DATABASE_URL !== undefined) return await serverAccess(config.DATABASE_URL, config.DATABASE_POOL_URL)
  const embedded = await startEmbeddedPostgres(config.PANTHEON_DATA_DIR, log)
  return {
    direct: embedded.config,
    pooled: embedded.config,
    namedStatements: true,
    about: `embedded PostgreSQL, ${embedded.how}`,
    lost: embedded.lost,
    leave: embedded.stop,
  }
}

/** For commands beside a running server: joins its PostgreSQL; starts the embedded one only when none runs. */
export async function joinDatabaseAccess(config: Config, log: AccessLog): Promise<DatabaseAccess> {
  const joined = isEmbedded(config) ? await joinEmbeddedPostgres(config.PANTHEON_DATA_DIR) : undefined
  if (!joined) return await openDatabaseAccess(config, log)
  return { direct: joined, pooled: joined, namedStatements: true, about: 'embedded PostgreSQL, joined', lost: NEVER, leave: async () => {} }
}

async function serverAccess(url: string, poolUrl: string | undefined): Promise<DatabaseAccess> {
  await demandDatabase('DATABASE_URL', url)
  if (poolUrl !== undefined) await demandDatabase('DATABASE_POOL_URL', poolUrl)
  return {
    direct: { connectionString: url },
    pooled: { connectionString: poolUrl ?? url },
    namedStatements: poolUrl === undefined,
    about: poolUrl === undefined ? 'PostgreSQL by DATABASE_URL' : 'PostgreSQL by DATABASE_URL, requests by DATABASE_POOL_URL',
    lost: NEVER,
    leave: async () => {},
  }
}

/** Says by the name of the variable what is wrong, never its value: it holds a password. */
async function demandDatabase(variable: string, connectionString: string): Promise<void> {
  const version = await serverVersion(connectionString).catch(error => {
    throw new Error(`${variable}: the database cannot be used: ${reasonOf(error)}`, { cause: error })
  })
  if (version < OLDEST_VERSION) throw new Error(`${variable}: the server is PostgreSQL ${version}; it must be ${OLDEST_VERSION} or later.`)
}

/** Its major number. */
async function serverVersion(connectionString: string): Promise<number> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: CONNECT_MS })
  client.on('error', () => undefined)
  await client.connect()
  try {
    const { rows } = await client.query<{ version: number }>("select current_setting('server_version_num')::int / 10000 as version")
    return rows[0]!.version
  } finally {
    await client.end()
  }
}

/** A name with several addresses fails with one error for each, and with no words of its own. */
function reasonOf(error: unknown): string {
  const errors: unknown[] = error instanceof AggregateError ? error.errors : [error]
  return errors.map(each => (each instanceof Error ? each.message : String(each))).join('; ')
}
