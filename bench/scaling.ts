import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import pg from 'pg'
import { migrate } from '../server/store/migrate.ts'
import { freePort } from '../test/free-port.ts'
import { SECRET } from './bearer.ts'
import { endProcess, startAnnounced } from './child.ts'
import { cpuSecondsOf } from './meter.ts'
import { type Conversation, converse, openConversation } from './scaling-load.ts'
import { percentile, sum } from './statistics.ts'

// What a turn costs each party, with one, two and three server processes on one PostgreSQL and one Redis, on this machine alone.
//   node bench/scaling.ts postgres://postgres@127.0.0.1:5432/postgres
// Works in a database of its own, which it takes away again, and with a Redis of its own. What it cannot show on one machine, more machines,
// docs/scaling.md derives from these costs.

const STREAMS = 24
const WARM_UP_MS = 3_000
const MEASURE_MS = 12_000

interface Parties {
  servers: number[]
  redis: number
  database: string
}

const here = (file: string) => new URL(file, import.meta.url).pathname
const ADDRESS = /http:\/\/127\.0\.0\.1:\d+/

/** PostgreSQL's processes for this database, and those that all share (writers, the log): the machine has no other work. */
function postgresPids(database: string): number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(pid => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
        return command.startsWith('postgres:') && (command.includes(` ${database} `) || /writer|checkpointer|wal/.test(command))
      } catch {
        return false
      }
    })
}

interface Spent {
  node: number
  postgres: Map<number, number>
  redis: number
}

const spent = ({ servers, redis, database }: Parties): Spent => ({
  node: sum(servers.map(cpuSecondsOf)),
  postgres: new Map(postgresPids(database).map(pid => [pid, cpuSecondsOf(pid)])),
  redis: cpuSecondsOf(redis),
})

/** Those that have come meanwhile began at nothing. */
const postgresSpent = (before: Spent, after: Spent) =>
  sum([...after.postgres].map(([pid, seconds]) => seconds - (before.postgres.get(pid) ?? 0)))

async function converseUntil(addresses: string[], conversations: Conversation[], end: () => boolean): Promise<number[]> {
  const times: number[] = []
  const loops = conversations.map(async (conversation, index) => {
    while (!end()) times.push(await converse(addresses[index % addresses.length]!, conversation))
  })
  await Promise.all(loops)
  return times
}

async function measure(addresses: string[], conversations: Conversation[], parties: Parties): Promise<void> {
  const until = (milliseconds: number) => {
    const ends = performance.now() + milliseconds
    return () => performance.now() >= ends
  }
  await converseUntil(addresses, conversations, until(WARM_UP_MS))
  const before = spent(parties)
  const begun = performance.now()
  const times = await converseUntil(addresses, conversations, until(MEASURE_MS))
  const seconds = (performance.now() - begun) / 1000
  const after = spent(parties)
  const at = (share: number) => `${percentile(times, share).toFixed(0)} ms`
  const perTurn = (cpu: number) => `${((cpu / times.length) * 1000).toFixed(2)} ms`
  const cores = (cpu: number) => (cpu / seconds).toFixed(2)
  const [node, postgres, redis] = [after.node - before.node, postgresSpent(before, after), after.redis - before.redis]
  console.log(
    `${addresses.length} process(es): ${(times.length / seconds).toFixed(0)} closed turns/s, p50 ${at(0.5)}, p95 ${at(0.95)}; CPU per turn: node ${perTurn(node)}, ` +
      `PostgreSQL ${perTurn(postgres)}, Redis ${perTurn(redis)}; cores: ${cores(node)} + ${cores(postgres)} + ${cores(redis)}`,
  )
}

const [, , server] = process.argv
if (server === undefined) throw new Error('Say which server: node bench/scaling.ts postgres://…')
const name = `pantheon_bench_${randomBytes(4).toString('hex')}`
const admin = new pg.Client({ connectionString: server })
await admin.connect()
await admin.query(`create database ${name}`)
const url = new URL(`/${name}`, server).href
const children: ChildProcess[] = []
async function start(command: [string, ...string[]], environment: Record<string, string>, announced: RegExp) {
  const { child, said } = await startAnnounced(command, environment, announced)
  children.unshift(child)
  return { pid: child.pid!, said }
}
try {
  await migrate({ connectionString: url })
  const redisPort = await freePort()
  const redis = await start(
    ['redis-server', '--port', `${redisPort}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
    {},
    /Ready to accept/,
  )
  const model = await start([process.execPath, here('scaling-endpoint.ts')], {}, ADDRESS)
  const environment = {
    DATABASE_URL: url,
    REDIS_URL: `redis://127.0.0.1:${redisPort}`,
    OPENROUTER_BASE_URL: model.said,
    SUPABASE_JWT_SECRET: SECRET,
    PORT: '0',
    HOST: '127.0.0.1',
    LOG_LEVEL: 'warn',
    RATE_LIMIT_TURNS_PER_MINUTE: '1000000',
    RATE_LIMIT_TURNS_PER_HOUR: '1000000',
  }
  const servers: { pid: number; said: string }[] = []
  for (let count = 1; count <= 3; count += 1) {
    servers.push(await start([process.execPath, here('../server/main.mjs'), 'serve'], environment, ADDRESS))
    const addresses = servers.map(({ said }) => said)
    const conversations = await Promise.all(
      Array.from({ length: STREAMS }, (_, index) => openConversation(addresses[0]!, count * 1000 + index)),
    )
    await measure(addresses, conversations, { servers: servers.map(({ pid }) => pid), redis: redis.pid, database: name })
  }
} finally {
  for (const child of children) await endProcess(child, 'SIGTERM')
  await admin.query(`drop database ${name} with (force)`)
  await admin.end()
}
process.exit()
