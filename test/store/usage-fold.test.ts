import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import Big from 'big.js'
import fc from 'fast-check'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { usageByUserAndModel, usageSummary } from '../../server/store/analytics.ts'
import { openDatabase } from '../../server/store/database.ts'
import { rollupDifferences } from '../../server/store/rollup-check.ts'
import { foldLimit, foldNextDay, writersEnded } from '../../server/store/usage-fold.ts'
import { foldUsage } from '../../server/usecases/fold-usage.ts'
import { useTestDatabase } from '../database.ts'

const { config, pool } = await useTestDatabase()
const database = openDatabase({ config, namedStatements: true, onIdleError: () => undefined })
afterAll(() => database.close())

interface Call {
  user: string
  alias: string
  day: string
  fresh: number
  cached: number
  output: number
  credits: string
  cost: string
}

const USERS = ['ada', 'bob', 'cleo']
const ALIASES = ['deepseek', 'premium', 'free']
const FIRST_DAY = Date.UTC(2026, 0, 20)
const dayNumber = (number: number) => new Date(FIRST_DAY + number * 86_400_000).toISOString().slice(0, 10)

beforeAll(async () => {
  for (const user of USERS) await pool.query(`insert into users (id, issuer, subject) values ($1, 'test', $1)`, [user])
})

/** As a close writes them, only on days that are over. */
async function record(calls: Call[], client: pg.Pool | pg.Client = pool): Promise<void> {
  for (const call of calls) {
    await client.query(
      `insert into llm_call_events (id, request_id, user_id, purpose, provider, model_alias, provider_model, input_tokens_fresh,
        input_tokens_cached, output_tokens, usage_estimated, oe_tokens_computed, provider_cost_usd, credits_burned, charged, status, pricing_version,
        multiplier, created_at)
      values ($1, $1, $2, 'agent', 'demo', $3, 'm', $4, $5, $6, false, 0, $7, $8, true, 'success', '2026-02-20', 1, ($9::date + interval '12 hours') at time zone 'UTC')`,
      [randomUUID(), call.user, call.alias, call.fresh, call.cached, call.output, call.cost, call.credits, call.day],
    )
    await client.query(
      `insert into usage_rollups_daily as daily values ($1, $2, $3, 1, $4, $5, $6, $7, $8)
      on conflict (user_id, day, model_alias) do update set call_count = daily.call_count + 1,
        input_tokens_fresh = daily.input_tokens_fresh + excluded.input_tokens_fresh,
        input_tokens_cached = daily.input_tokens_cached + excluded.input_tokens_cached,
        output_tokens = daily.output_tokens + excluded.output_tokens, credits_burned = daily.credits_burned + excluded.credits_burned,
        provider_cost_usd = daily.provider_cost_usd + excluded.provider_cost_usd`,
      [call.user, call.day, call.alias, call.fresh, call.cached, call.output, call.credits, call.cost],
    )
  }
}

async function foldBefore(day: string): Promise<void> {
  while (await foldNextDay(database, day));
}

const foldedBefore = async () => (await pool.query('select folded_before from usage_fold')).rows[0].folded_before
const total = (values: string[]) => values.reduce((sum, value) => sum.plus(value), new Big(0)).toFixed()
const byCredits = (a: { credits: string }, b: { credits: string }) => new Big(b.credits).cmp(a.credits)
const groups = <T>(items: T[], key: (item: T) => string) => [...Map.groupBy(items, key)]

function naiveSummary(calls: Call[], period: ((day: string) => string) | null) {
  const sums = (some: Call[]) => ({ call_count: some.length, credits_burned: total(some.map(call => call.credits)) })
  return {
    total_credits_burned: total(calls.map(call => call.credits)),
    total_llm_calls: calls.length,
    total_output_tokens: calls.reduce((sum, call) => sum + call.output, 0),
    total_provider_cost_usd: total(calls.map(call => call.cost)),
    breakdown: groups(calls, call => call.alias)
      .map(([model_alias, some]) => ({ model_alias, ...sums(some) }))
      .sort((a, b) => byCredits({ credits: a.credits_burned }, { credits: b.credits_burned }) || (a.model_alias < b.model_alias ? -1 : 1)),
    daily: period
      ? groups(calls, call => period(call.day))
          .map(([date, some]) => ({ date, ...sums(some) }))
          .sort((a, b) => (a.date < b.date ? -1 : 1))
      : [],
  }
}

function naiveUsage(calls: Call[]) {
  return groups(calls, call => `${call.user} ${call.alias}`)
    .map(([, some]) => ({
      user_id: some[0]!.user,
      model_alias: some[0]!.alias,
      total_input_tokens: some.reduce((sum, call) => sum + call.fresh + call.cached, 0),
      total_output_tokens: some.reduce((sum, call) => sum + call.output, 0),
      total_credits_burned: total(some.map(call => call.credits)),
      event_count: some.length,
    }))
    .sort(
      (a, b) =>
        byCredits({ credits: a.total_credits_burned }, { credits: b.total_credits_burned }) ||
        (`${a.user_id} ${a.model_alias}` < `${b.user_id} ${b.model_alias}` ? -1 : 1),
    )
}

const periods = {
  day: (day: string) => day,
  month: (day: string) => `${day.slice(0, 7)}-01`,
  week: (day: string) => {
    const date = new Date(day)
    return new Date(date.getTime() - ((date.getUTCDay() + 6) % 7) * 86_400_000).toISOString().slice(0, 10)
  },
}

// Some 80 days over four months, so that ranges begin and end in the middle of a month, on its first and on its last.
const day = fc.nat(80).map(dayNumber)
const call: fc.Arbitrary<Call> = fc.record({
  user: fc.constantFrom(...USERS),
  alias: fc.constantFrom(...ALIASES),
  day,
  fresh: fc.nat(5000),
  cached: fc.nat(500),
  output: fc.nat(900),
  credits: fc.nat(100_000).map(units => new Big(units).div(10_000).toFixed()),
  cost: fc.nat(1_000_000).map(units => new Big(units).div(100_000_000).toFixed()),
})
const range = fc
  .option(day, { nil: undefined })
  .chain(from => fc.option(day, { nil: undefined }).map(to => (from && to && to < from ? { from: to, to: from } : { from, to })))
const question = fc.record({
  range,
  user_id: fc.option(fc.constantFrom(...USERS), { nil: undefined, freq: 1 }),
  model_alias: fc.option(fc.constantFrom(...ALIASES), { nil: undefined, freq: 1 }),
  bucket: fc.constantFrom('day' as const, 'week' as const, 'month' as const, null),
})
type Question = typeof question extends fc.Arbitrary<infer Asked> ? Asked : never
const step = fc.record({
  calls: fc.array(call, { maxLength: 25 }),
  fold: fc.option(day, { nil: undefined, freq: 4 }),
  questions: fc.array(question, { minLength: 6, maxLength: 6 }),
})

async function expectNaiveAnswers(calls: Call[], { range: { from, to }, user_id, model_alias, bucket }: Question) {
  const inRange = calls.filter(({ day }) => (from === undefined || day >= from) && (to === undefined || day <= to))
  const asked = inRange.filter(call => (user_id ?? call.user) === call.user && (model_alias ?? call.alias) === call.alias)
  const filters = { ...(user_id && { user_id }), ...(model_alias && { model_alias }) }
  const summary = await usageSummary(database, { ...filters, ...(from && { from_date: from }), ...(to && { to_date: to }) }, bucket)
  expect(summary).toEqual({ ...naiveSummary(asked, bucket && periods[bucket]), from_date: from ?? null, to_date: to ?? null })
  const page = { limit: 200, offset: 0, ...(from && { start_date: from }), ...(to && { end_date: to }) }
  const usage = await usageByUserAndModel(database, page)
  const rows = naiveUsage(inRange)
  expect(usage).toEqual({ rows, total: rows.length, start_date: from ?? null, end_date: to ?? null })
}

describe('whatever is folded', () => {
  test('analytics are the sum over the calls, for any range, filter and bucket', async () => {
    const calls: Call[] = []
    await fc.assert(
      fc.asyncProperty(step, async ({ calls: more, fold, questions }) => {
        await record(more)
        calls.push(...more)
        if (fold) await foldBefore(fold)
        for (const asked of questions) await expectNaiveAnswers(calls, asked)
        expect((await rollupDifferences(database, 5000)).slice(0, 3)).toEqual([])
      }),
      // Calls pile up from run to run, so that one that failed is not tried again by itself.
      { numRuns: 40, endOnFailure: true },
    )
    expect(await foldedBefore()).not.toBe('0001-01-01')
  }, 120_000)
})

describe('folding', () => {
  const late: Call = {
    user: 'ada',
    alias: 'free',
    day: '2026-02-10',
    fresh: 1,
    cached: 2,
    output: 3,
    credits: '0.0001',
    cost: '0.00000001',
  }
  const clients: pg.Client[] = []
  const connected = async () => {
    const client = new pg.Client(config)
    clients.push(client)
    await client.connect()
    return client
  }
  const callsOn = async (day: string) => (await usageSummary(database, { from_date: day, to_date: day }, null)).total_llm_calls
  const waiting = async (pid: number) =>
    (await pool.query(`select wait_event_type = 'Lock' as waits from pg_stat_activity where pid = $1`, [pid])).rows[0]?.waits
  const pidOf = async (client: pg.Client) => (await client.query('select pg_backend_pid() as pid')).rows[0].pid

  beforeEach(() => foldBefore('2026-04-15'))
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.end()
    expect(await rollupDifferences(database, 5000)).toEqual([])
  })

  test('takes every day once and says where it stands', async () => {
    expect(await foldedBefore()).toBe('2026-04-15')
    expect(await foldNextDay(database, '2026-04-15')).toBe(false)
    expect(await foldNextDay(database, '2026-03-01')).toBe(false)
    expect(await foldedBefore()).toBe('2026-04-15')
  })

  test('a call that comes late unfolds its month, and is counted at once', async () => {
    const before = await callsOn(late.day)
    await record([late])
    expect(await foldedBefore()).toBe('2026-02-01')
    expect(await callsOn(late.day)).toBe(before + 1)
    await foldBefore('2026-04-15')
    expect(await callsOn(late.day)).toBe(before + 1)
  })

  test('waits for a late call that is not committed', async () => {
    const before = await callsOn(late.day)
    const closing = await connected()
    await closing.query('begin')
    await record([late], closing)
    const folding = foldBefore('2026-04-16')
    await expect
      .poll(
        async () =>
          (await pool.query(`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)).rows.length,
      )
      .toBe(1)
    await closing.query('commit')
    await folding
    expect(await callsOn(late.day)).toBe(before + 1)
  })

  test('a late call waits for a fold that does not see it, and takes it back', async () => {
    await record([late])
    const before = await callsOn(late.day)
    expect(await foldedBefore()).toBe('2026-02-01')
    const closing = await connected()
    const pid = await pidOf(closing)
    let recording: Promise<void> | undefined
    await database.transaction(async transaction => {
      while (await foldNextDay(transaction, '2026-03-01'));
      recording = record([late], closing)
      await expect.poll(() => waiting(pid)).toBe(true)
    })
    await recording
    expect(await foldedBefore()).toBe('2026-02-01')
    expect(await callsOn(late.day)).toBe(before + 1)
  })

  test('a day is not folded while a transaction that may belong to it has not ended', async () => {
    const closing = await connected()
    await closing.query('begin')
    await closing.query(`update users set email = 'ada@example.org' where id = 'ada'`)
    const { mark } = await foldLimit(database)
    expect(await writersEnded(database, mark)).toBe(false)
    const folding = foldUsage({ database, log: { info: () => undefined } })
    expect(await Promise.race([folding.then(() => 'folded'), sleep(500).then(() => 'waiting')])).toBe('waiting')
    expect(await foldedBefore()).toBe('2026-04-15')
    await closing.query('commit')
    await folding
    expect(await writersEnded(database, mark)).toBe(true)
    const today = (await pool.query(`select ((now() - interval '1 hour') at time zone 'UTC')::date as day`)).rows[0].day
    expect(await foldedBefore()).toBe(today)
  })

  test.each([
    ['usage_totals_daily', 'call_count = call_count + 1', `day = '2026-02-10'`],
    ['usage_totals_daily', 'provider_cost_usd = provider_cost_usd + 0.00000001', `day = '2026-02-10'`],
    [
      'usage_rollups_monthly',
      'credits_burned = credits_burned - 0.0001',
      `month = '2026-02-01' and user_id = 'ada' and model_alias = 'free'`,
    ],
  ])('the check finds a row of %s whose %s', async (table, change, which) => {
    await record([late])
    await foldBefore('2026-04-15')
    await pool.query(`update ${table} set ${change} where ${which}`)
    const found = await rollupDifferences(database, 5000)
    expect(found.length).toBeGreaterThan(0)
    expect(new Set(found.map(difference => difference.table))).toEqual(new Set([table]))
    // Anything written late folds the month anew.
    await record([late])
    await foldBefore('2026-04-15')
  })
})
