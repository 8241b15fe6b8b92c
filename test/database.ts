import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterAll, inject } from 'vitest'
import { openDatabase } from '../server/store/database.ts'
import type { TestServer } from './postgres.ts'

/** A migrated database of its own. */
export interface TestDatabase {
  config: pg.ClientConfig
  /** The same as a connection string, for a program that is started as a child. */
  url: string
  /** Reads values in the form that the program reads them. */
  pool: pg.Pool
  /** Ends whatever is still connected. */
  drop(): Promise<void>
}

/** One database for the test file that calls it; gone after its last test. */
export async function useTestDatabase(): Promise<TestDatabase> {
  const database = await createTestDatabase()
  afterAll(database.drop)
  return database
}

/** `migrated` false: an empty one. */
export async function createTestDatabase({ migrated = true } = {}): Promise<TestDatabase> {
  const server = inject('postgres')
  const name = `${server.prefix}${randomBytes(6).toString('hex')}`
  await asAdmin(server, `create database ${name} template ${migrated ? server.template : 'template0'} strategy file_copy`)
  const { host, port, user, password } = server
  const config = { host, port, user, password, database: name }
  const { pool } = openDatabase({ config, namedStatements: true, onIdleError: () => undefined })
  return {
    config,
    url: connectionString(server, name),
    pool,
    async drop() {
      await asAdmin(server, `drop database if exists ${name} with (force)`)
      // Not awaited: a test that failed may never have given its connection back.
      void pool.end()
    },
  }
}

async function asAdmin({ host, port, user, password }: TestServer, statement: string): Promise<void> {
  const admin = new pg.Client({ host, port, user, password, database: 'postgres' })
  await admin.connect()
  try {
    await admin.query(statement)
  } finally {
    await admin.end()
  }
}

/** The host may be the folder of a socket. */
function connectionString({ host, port, user, password }: TestServer, name: string): string {
  return `postgres://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${encodeURIComponent(host)}:${port}/${name}`
}
