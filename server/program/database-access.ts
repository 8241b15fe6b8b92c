import type pg from 'pg'
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

interface AccessLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

const NEVER = new Promise<Error>(() => {})

/** Brings the embedded PostgreSQL up and owns its folder, or uses the server that `DATABASE_URL` names. */
export async function openDatabaseAccess(config: Config, log: AccessLog): Promise<DatabaseAccess> {
  if (!isEmbedded(config)) return serverAccess(config)
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

function serverAccess(config: Config): DatabaseAccess {
  const pooled = config.DATABASE_POOL_URL ?? config.DATABASE_URL
  return {
    direct: { connectionString: config.DATABASE_URL },
    pooled: { connectionString: pooled },
    namedStatements: config.DATABASE_POOL_URL === undefined,
    about: config.DATABASE_POOL_URL ? 'PostgreSQL by DATABASE_POOL_URL' : 'PostgreSQL by DATABASE_URL',
    lost: NEVER,
    leave: async () => {},
  }
}
