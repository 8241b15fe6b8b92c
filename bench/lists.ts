import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { openDatabase } from '../server/store/database.ts'
import { migrate } from '../server/store/migrate.ts'
import { foldUsage } from '../server/usecases/fold-usage.ts'
import { bearerOf, SECRET } from './bearer.ts'
import { endProcess, startAnnounced } from './child.ts'
import { type Seed, seed } from './lists-seed.ts'
import { MISSED_EXIT_CODE } from './results.ts'
import { median, percentile } from './statistics.ts'

// How long a caller waits for each list, at a million messages and ten million model calls, through the program's own routes.
//   node bench/lists.ts postgres://postgres@127.0.0.1:5432/postgres [part of a name, or owner, user-0, user-7]
// Works in a database of its own and takes it away again; with KEEP=name it leaves it there, and finds it there.
// SCALE=0.01 seeds less.

const RUNS = 100
const WARM_UP = 5
const LIST_MS = 10
const ADMIN_MS = 100

interface Case {
  name: string
  path: () => string
  who: string
  promisedMs: number
}

function cases({ heavy, ordinary, day }: Seed): Case[] {
  const of = (who: string, promisedMs: number) => (name: string, path: string | (() => string)) => ({
    name,
    who,
    promisedMs,
    path: typeof path === 'string' ? () => path : path,
  })
  const mine = of(heavy.userId, LIST_MS)
  const theirs = of(ordinary.userId, LIST_MS)
  const admin = of('owner', ADMIN_MS)
  const adminList = of('owner', LIST_MS)
  const anyOffset = (total: number) => Math.floor(Math.random() * total)
  const long = `/sessions/${heavy.sessionId}`
  const year = { from: day(364), to: day(0) }
  return [
    theirs('rooms', '/rooms'),
    theirs('agents', '/agents'),
    theirs('sessions of a room', `/rooms/${ordinary.roomId}/sessions`),
    theirs('agents of a room', `/rooms/${ordinary.roomId}/agents`),
    theirs('messages', `/sessions/${ordinary.sessionId}/messages`),
    theirs('turns', `/sessions/${ordinary.sessionId}/turns`),
    theirs('a turn in detail', `/sessions/${ordinary.sessionId}/turns/${ordinary.turnId}`),
    theirs('files', `/rooms/${ordinary.roomId}/files`),
    theirs('usage', '/users/me/usage'),
    theirs('transactions', '/users/me/transactions'),
    theirs('search, a rare word', '/search?q=saffron'),
    theirs('search, a frequent word', '/search?q=strategy'),
    mine(`rooms (${heavy.rooms})`, '/rooms'),
    mine(`agents (${heavy.agents})`, '/agents?limit=200'),
    mine(`sessions of a room (${heavy.sessions})`, `/rooms/${heavy.roomId}/sessions`),
    mine(`files (${heavy.files})`, `/rooms/${heavy.roomId}/files`),
    mine(`messages (of ${heavy.messages}), first`, `${long}/messages`),
    mine(`messages (of ${heavy.messages}), any page`, () => `${long}/messages?offset=${anyOffset(heavy.messages)}`),
    mine(`turns (of ${heavy.messages / 2}), any page`, () => `${long}/turns?offset=${anyOffset(heavy.messages / 2)}`),
    mine(`usage (of ${heavy.events}), first`, '/users/me/usage'),
    mine(`usage (of ${heavy.events}), to 1,000`, () => `/users/me/usage?offset=${anyOffset(1000)}`),
    mine(`transactions (of ${heavy.events}), first`, '/users/me/transactions'),
    mine(`transactions (of ${heavy.events}), to 1,000`, () => `/users/me/transactions?offset=${anyOffset(1000)}`),
    mine('top-ups', '/users/me/top-ups'),
    mine('search, a rare word', '/search?q=saffron'),
    mine('search, a frequent word', '/search?q=strategy'),
    adminList('users', '/admin/users'),
    adminList('users by e-mail', '/admin/users?query=user-77'),
    adminList('a wallet', `/admin/wallets/${heavy.userId}`),
    adminList('audit log', '/admin/audit-log'),
    adminList('audit log of a target', '/admin/audit-log?target=user-7'),
    admin('summary, all time', '/admin/usage/summary?bucket=day'),
    admin('summary by day, a year', `/admin/usage/summary?bucket=day&from_date=${year.from}&to_date=${year.to}`),
    admin('summary by week, a year', `/admin/usage/summary?bucket=week&from_date=${year.from}&to_date=${year.to}`),
    admin(
      'summary by day, a year, one user',
      `/admin/usage/summary?bucket=day&from_date=${year.from}&to_date=${year.to}&user_id=${heavy.userId}`,
    ),
    admin(
      'summary by day, a year, one alias',
      `/admin/usage/summary?bucket=day&from_date=${year.from}&to_date=${year.to}&model_alias=premium`,
    ),
    admin('usage page, a year', `/admin/analytics/usage?start_date=${year.from}&end_date=${year.to}`),
    admin('usage page, a range of its own', () => usageRange(day)),
    admin('usage page, all time', '/admin/analytics/usage'),
    admin('active users, a month', '/admin/analytics/active-users?window=month'),
  ]
}

/** Begins and ends in the middle of months, so that up to sixty days are read one by one. */
function usageRange(day: (before: number) => string): string {
  const end = Math.floor(Math.random() * 180)
  return `/admin/analytics/usage?start_date=${day(end + 185)}&end_date=${day(end)}`
}

async function measure(address: string, { name, path, who, promisedMs }: Case): Promise<boolean> {
  const headers = { authorization: `Bearer ${await bearerOf(who)}` }
  const times: number[] = []
  for (let run = -WARM_UP; run < RUNS; run += 1) {
    const begun = performance.now()
    const response = await fetch(`${address}/api/v1${path()}`, { headers })
    await response.arrayBuffer()
    if (response.status !== 200) throw new Error(`${name}: ${response.status}`)
    if (run >= 0) times.push(performance.now() - begun)
  }
  const p95 = percentile(times, 0.95)
  const [half, most, slowest] = [median(times), p95, Math.max(...times)].map(time => time.toFixed(1).padStart(7))
  const late = p95 > promisedMs
  const whose = who === 'owner' ? 'administrator' : who === 'user-0' ? 'heavy user' : 'user'
  console.log(`${whose.padEnd(14)}${name.padEnd(38)} p50${half} ms  p95${most} ms  max${slowest} ms${late ? `  OVER ${promisedMs}` : ''}`)
  return late
}

const startServer = (databaseUrl: string) =>
  startAnnounced(
    [process.execPath, new URL('../server/main.mjs', import.meta.url).pathname, 'serve'],
    {
      DATABASE_URL: databaseUrl,
      PORT: '0',
      HOST: '127.0.0.1',
      SUPABASE_JWT_SECRET: SECRET,
      ADMIN_USER_IDS: 'owner',
      LOG_LEVEL: 'silent',
    },
    /http:\/\/127\.0\.0\.1:\d+/,
  )

async function prepare(config: pg.ClientConfig): Promise<Seed> {
  await migrate(config)
  const seeded = await seed(config, Number(process.env.SCALE ?? 1))
  const database = openDatabase({ config, namedStatements: true, onIdleError: () => {} })
  const begun = performance.now()
  await foldUsage({ database, log: { info: (fields, message) => console.log(message, fields) } })
  console.log(`folded in ${((performance.now() - begun) / 1000).toFixed(1)} s`)
  await database.close()
  return seeded
}

const [, , server, part] = process.argv
if (server === undefined) throw new Error('Say which server: node bench/lists.ts postgres://…')
const kept = process.env.KEEP
const name = kept ?? `pantheon_bench_${randomBytes(4).toString('hex')}`
const admin = new pg.Client({ connectionString: server })
await admin.connect()
const known = (await admin.query('select 1 from pg_database where datname = $1', [name])).rowCount === 1
if (!known) await admin.query(`create database ${name}`)
const url = new URL(`/${name}`, server).href
try {
  const seeded = await prepare({ connectionString: url })
  const { child, said: address } = await startServer(url)
  try {
    for (const each of cases(seeded)) {
      if (part !== undefined && !each.name.includes(part) && !each.who.includes(part)) continue
      if (await measure(address, each)) process.exitCode = MISSED_EXIT_CODE
    }
  } finally {
    await endProcess(child, 'SIGTERM')
  }
} finally {
  if (!kept) await admin.query(`drop database ${name} with (force)`)
  await admin.end()
}
