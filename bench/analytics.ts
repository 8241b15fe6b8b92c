import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { countActiveUsers, usageByUserAndModel, usageSummary } from '../server/store/analytics.ts'
import { type OpenDatabase, openDatabase } from '../server/store/database.ts'
import { migrate } from '../server/store/migrate.ts'

// How long an administrator waits for the figures of a year of ten million model calls.
//   node bench/analytics.ts postgres://postgres@127.0.0.1:5432/postgres
// Works in a database of its own, which it takes away again.

const EVENTS = 10_000_000
const USERS = 1_000
const DAYS = 365
/** On each day half of the users are active, each with two of the aliases. */
const ACTIVE_PER_DAY = USERS / 2
const ALIASES = ['deepseek', 'llama', 'qwen', 'gpt_oss', 'premium', 'free']
const ALIASES_PER_DAY = 2
const CELLS = DAYS * ACTIVE_PER_DAY * ALIASES_PER_DAY
const RUNS = 20
const PROMISED_MS = 100

async function seed(config: pg.ClientConfig): Promise<void> {
  const client = new pg.Client(config)
  await client.connect()
  try {
    await seedWith(client)
  } finally {
    await client.end()
  }
}

async function seedWith(client: pg.Client): Promise<void> {
  // Foreign keys and triggers are not what is measured, nor are the indexes of the single events, which analytics never read.
  await client.query(`set session_replication_role = replica; set synchronous_commit = off`)
  const { rows } = await client.query(
    `select indexname from pg_indexes where tablename = 'llm_call_events' and indexname not like '%\\_key' and indexname not like '%\\_pkey'`,
  )
  for (const { indexname } of rows) await client.query(`drop index ${indexname}`)
  await client.query('alter table llm_call_events drop constraint llm_call_events_pkey, drop constraint llm_call_events_request_id_key')
  await client.query(
    `insert into users (id, issuer, subject) select 'user-' || n, 'bench', n::text from generate_series(0, ${USERS - 1}) as n`,
  )
  await timed(`${EVENTS} events`, () => client.query(SEED_EVENTS))
  await timed('their roll-ups', () => client.query(SEED_ROLLUPS))
  await client.query(`insert into user_activity_daily (day, user_id) select distinct day, user_id from usage_rollups_daily`)
  await client.query(
    `update users set first_active_on = (select min(day) from usage_rollups_daily where usage_rollups_daily.user_id = users.id)`,
  )
  await client.query('vacuum (analyze) usage_rollups_daily, user_activity_daily, users')
  const counts =
    await client.query(`select (select count(*) from usage_rollups_daily) as rollups, (select count(*) from llm_call_events) as events,
    pg_size_pretty(pg_table_size('usage_rollups_daily')) as size`)
  console.log(`${counts.rows[0].events} events, ${counts.rows[0].rollups} roll-ups (${counts.rows[0].size})`)
}

/** Event n belongs to one day, user and alias; consecutive ones to different. */
const CELL_OF = `
  n % ${CELLS} / ${ACTIVE_PER_DAY * ALIASES_PER_DAY} as day_number,
  'user-' || (n % ${ACTIVE_PER_DAY} * 2 + n % ${CELLS} / ${ACTIVE_PER_DAY * ALIASES_PER_DAY} % 2) as user_id,
  (array['${ALIASES.join("', '")}'])[1 + (n % ${ACTIVE_PER_DAY} + n % ${CELLS} / ${ACTIVE_PER_DAY} % ${ALIASES_PER_DAY}) % ${ALIASES.length}] as alias`

const SEED_EVENTS = `
insert into llm_call_events (id, request_id, user_id, purpose, provider, model_alias, provider_model, input_tokens_fresh, input_tokens_cached,
  output_tokens, usage_estimated, oe_tokens_computed, provider_cost_usd, credits_burned, charged, status, pricing_version, multiplier, created_at)
select gen_random_uuid(), gen_random_uuid(), user_id, 'agent', 'openrouter', alias, alias, 1000 + n % 3000, n % 500, 100 + n % 900, false,
  1000 + n % 777, 0.00012345 + (n % 99) * 0.00000101, 0.1 + (n % 1009) * 0.0001, true, 'success', '2026-02-20', 1,
  (((now() at time zone 'UTC')::date - day_number::int)::timestamp + make_interval(secs => n % 86400)) at time zone 'UTC'
from (select n, ${CELL_OF} from generate_series(0::bigint, ${EVENTS - 1}) as n) as event`

const SEED_ROLLUPS = `
insert into usage_rollups_daily (user_id, day, model_alias, call_count, input_tokens_fresh, input_tokens_cached, output_tokens, credits_burned,
  provider_cost_usd)
select user_id, (created_at at time zone 'UTC')::date as day, model_alias, count(*), sum(input_tokens_fresh), sum(input_tokens_cached), sum(output_tokens),
  sum(credits_burned), sum(provider_cost_usd)
from llm_call_events group by user_id, day, model_alias order by day, user_id`

async function timed(what: string, work: () => Promise<unknown>): Promise<void> {
  const begun = performance.now()
  await work()
  console.log(`seeded ${what} in ${Math.round((performance.now() - begun) / 1000)} s`)
}

async function measure(database: OpenDatabase): Promise<void> {
  const today = new Date()
  const dayBefore = (days: number) => new Date(today.getTime() - days * 86_400_000).toISOString().slice(0, 10)
  const year = { from_date: dayBefore(DAYS), to_date: dayBefore(0) }
  const month = { from_date: dayBefore(29), to_date: dayBefore(0) }
  const page = { limit: 20, offset: 0 }
  const cases: [string, () => Promise<unknown>][] = [
    ['summary by day, a year', () => usageSummary(database, year, 'day')],
    ['summary by week, a year', () => usageSummary(database, year, 'week')],
    ['summary by day, 30 days', () => usageSummary(database, month, 'day')],
    ['summary by day, a year, one user', () => usageSummary(database, { ...year, user_id: 'user-7' }, 'day')],
    ['summary by day, a year, one alias', () => usageSummary(database, { ...year, model_alias: 'premium' }, 'day')],
    ['usage page, a year', () => usageByUserAndModel(database, { ...page, start_date: year.from_date, end_date: year.to_date })],
    ['usage page, 30 days', () => usageByUserAndModel(database, { ...page, start_date: month.from_date, end_date: month.to_date })],
    ['active users, 30 days', () => countActiveUsers(database, 30, null)],
  ]
  for (const [name, work] of cases) {
    const times: number[] = []
    for (let run = 0; run < RUNS; run += 1) {
      const begun = performance.now()
      await work()
      times.push(performance.now() - begun)
    }
    const [first = 0] = times
    times.sort((a, b) => a - b)
    const [median = 0, slowest = 0] = [times[RUNS / 2], times.at(-1)]
    const shown = [first, median, slowest].map(time => time.toFixed(1).padStart(7))
    console.log(
      `${name.padEnd(36)} first ${shown[0]} ms  median ${shown[1]} ms  slowest ${shown[2]} ms${median > PROMISED_MS ? '  TOO SLOW' : ''}`,
    )
    if (median > PROMISED_MS) process.exitCode = 1
  }
}

const server = process.argv[2]
if (server === undefined) throw new Error('Say which server: node bench/analytics.ts postgres://…')
const name = `pantheon_bench_${randomBytes(4).toString('hex')}`
const admin = new pg.Client({ connectionString: server })
await admin.connect()
await admin.query(`create database ${name}`)
const config = { connectionString: new URL(`/${name}`, server).href }
const database = openDatabase({ config, namedStatements: true, onIdleError: () => {} })
try {
  await migrate(config)
  await seed(config)
  await measure(database)
} finally {
  await database.close()
  await admin.query(`drop database ${name} with (force)`)
  await admin.end()
}
