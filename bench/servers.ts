import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { createClient } from 'redis'
import { type Helper, parentOf } from './meter.ts'

/** A PostgreSQL and a Redis that run on this machine anyway, with a database of the bench's own in the first. */
export interface Servers {
  databaseUrl: string
  redisUrl: string
  /** Their processes; of PostgreSQL the backends of that database. */
  helpers: Helper[]
  about: string
  end(): Promise<void>
}

export const POSTGRES = process.env.PANTHEON_BENCH_DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres'
const REDIS = process.env.PANTHEON_BENCH_REDIS_URL ?? 'redis://127.0.0.1:6379'

/** Null when one of them does not answer. */
export async function findServers(): Promise<Servers | null> {
  const admin = new pg.Client({ connectionString: POSTGRES, connectionTimeoutMillis: 2_000 })
  const redis = createClient({ url: REDIS, socket: { connectTimeout: 2_000, reconnectStrategy: false } })
  redis.on('error', () => {})
  try {
    await Promise.all([admin.connect(), redis.connect()])
  } catch {
    await Promise.allSettled([admin.end(), redis.close()])
    return null
  }
  const name = `pantheon_bench_${randomBytes(4).toString('hex')}`
  await admin.query(`create database ${name}`)
  const { rows } = await admin.query(
    `select pg_backend_pid() as pid, current_setting('server_version') as version, current_setting('fsync') as fsync`,
  )
  const redisServer = await redis.info('server')
  const told = (field: string) => new RegExp(`^${field}:(\\S+)`, 'm').exec(redisServer)?.[1] ?? ''
  await redis.close()
  return {
    databaseUrl: new URL(`/${name}`, POSTGRES).href,
    redisUrl: REDIS,
    helpers: [{ root: parentOf(rows[0].pid) ?? 0, titled: name }, { root: Number(told('process_id')) }],
    about: `PostgreSQL ${rows[0].version.split(' ')[0]} (fsync ${rows[0].fsync}) and Redis ${told('redis_version')}`,
    async end() {
      await admin.query(`drop database ${name} with (force)`)
      await admin.end()
    },
  }
}
