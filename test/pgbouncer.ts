import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { freePort } from './free-port.ts'
import { eventually } from './redis.ts'

// A pooler in transaction mode before the database of a test. It is installed with Debian's package `pgbouncer`; where it is missing, the tests
// that need it say so and are left out; PANTHEON_TEST_PGBOUNCER_REQUIRED=1 makes that a failure.

const PROGRAM = '/usr/sbin/pgbouncer'
const REQUIRED = process.env.PANTHEON_TEST_PGBOUNCER_REQUIRED === '1'

export function pgbouncerIsInstalled(): boolean {
  if (spawnSync(PROGRAM, ['--version']).status === 0) return true
  if (REQUIRED) throw new Error('No pgbouncer is installed, and PANTHEON_TEST_PGBOUNCER_REQUIRED is set.')
  console.warn('No pgbouncer is installed: the tests that need it are left out.')
  return false
}

export interface Pgbouncer {
  /** The database behind the pooler. */
  url: string
  /** How many transactions it has carried. */
  transactions(): Promise<number>
  stop(): Promise<void>
}

/** `connections`: how many it keeps to the server, for however many clients. */
export async function startPgbouncer(database: pg.ClientConfig, connections: number): Promise<Pgbouncer> {
  const folder = mkdtempSync(path.join(tmpdir(), 'pantheon-pgbouncer-'))
  const port = await freePort()
  const configuration = path.join(folder, 'pgbouncer.ini')
  writeFileSync(configuration, settings(database, port, connections))
  const account = unprivileged(database, folder)
  const child = spawn(PROGRAM, ['-q', configuration], { cwd: folder, stdio: 'ignore', ...account })
  const url = (name: string) => `postgres://pooled@127.0.0.1:${port}/${name}`
  await eventually(() => answers(url('pooled'), child))
  return {
    url: url('pooled'),
    async transactions() {
      const rows = await ask<{ database: string; total_xact_count: string }>(url('pgbouncer'), 'show stats')
      return Number(rows.find(row => row.database === 'pooled')?.total_xact_count ?? 0)
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL')
        await once(child, 'exit')
      }
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const settings = ({ host, port, user, password, database }: pg.ClientConfig, ownPort: number, connections: number): string => `
[databases]
pooled = host=${host} port=${port} dbname=${database} user=${user}${secret(password)}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${ownPort}
unix_socket_dir =
auth_type = any
stats_users = pooled
pool_mode = transaction
default_pool_size = ${connections}
max_client_conn = 200
`

/** A server that trusts its clients needs none, and an empty one is a syntax error here. */
const secret = (password: pg.ClientConfig['password']): string =>
  typeof password === 'string' && password !== '' ? ` password='${password.replaceAll("'", "''")}'` : ''

/** It refuses to run as root, and the socket of the database may be open to one account only. */
function unprivileged({ host }: pg.ClientConfig, folder: string): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const socket = host?.startsWith('/') ? statSync(host) : null
  const account = socket && socket.uid !== 0 ? { uid: socket.uid, gid: socket.gid } : { uid: 65_534, gid: 65_534 }
  chmodSync(folder, 0o700)
  for (const name of ['', 'pgbouncer.ini']) chownSync(path.join(folder, name), account.uid, account.gid)
  return account
}

async function answers(url: string, child: ChildProcess): Promise<boolean> {
  if (child.exitCode !== null) throw new Error(`pgbouncer ended with ${child.exitCode}`)
  return await ask(url, 'select 1').then(
    () => true,
    () => false,
  )
}

async function ask<Row>(url: string, statement: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query(statement)).rows as Row[]
  } finally {
    await client.end()
  }
}
