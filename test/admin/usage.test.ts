import { beforeAll, describe, expect, test } from 'vitest'
import { useAdministration } from './administration.ts'

const program = await useAdministration()
const { analyst } = program
const { pool } = program.database

const rollups: [
  user: string,
  day: string,
  alias: string,
  calls: number,
  fresh: number,
  cached: number,
  output: number,
  credits: string,
  cost: string,
][] = [
  // The last day of a year is a Wednesday: its ISO week begins on Monday the 29th and runs into the next year.
  ['ada-id', '2025-12-31', 'deepseek', 2, 100, 10, 50, '1.5', '0.00000001'],
  ['ada-id', '2026-01-01', 'deepseek', 1, 10, 0, 5, '0.0001', '0.5'],
  ['ada-id', '2026-01-01', 'premium', 3, 7, 3, 9, '20', '1.25'],
  ['bob-id', '2026-01-01', 'deepseek', 4, 1, 1, 1, '2', '0'],
  ['bob-id', '2026-01-04', 'free', 1, 1, 0, 1, '0', '0'],
  ['bob-id', '2026-01-05', 'free', 1, 1, 0, 1, '20.0001', '0'],
]

beforeAll(async () => {
  await program.user('ada')
  await program.user('bob')
  // A name that a spreadsheet would run.
  await pool.query(`insert into users (id, issuer, subject) values ('=cmd|''x''!A1', 'elsewhere', '=cmd')`)
  for (const row of [...rollups, ["=cmd|'x'!A1", '2026-02-01', 'demo', 1, 1, 1, 1, '0.5', '0']])
    await pool.query('insert into usage_rollups_daily values ($1, $2, $3, $4, $5, $6, $7, $8, $9)', row)
})

const get = async (path: string, accept?: string) => await analyst.get(path, accept === undefined ? {} : { accept })
const summary = async (query: string) => (await get(`/admin/usage/summary?${query}`)).body

describe('the summary', () => {
  test('adds up everything and lists aliases by credits', async () => {
    expect(await summary('')).toEqual({
      total_credits_burned: '44.0002',
      total_llm_calls: 13,
      total_output_tokens: 68,
      total_provider_cost_usd: '1.75000001',
      from_date: null,
      to_date: null,
      breakdown: [
        { model_alias: 'free', call_count: 2, credits_burned: '20.0001' },
        { model_alias: 'premium', call_count: 3, credits_burned: '20' },
        { model_alias: 'deepseek', call_count: 7, credits_burned: '3.5001' },
        { model_alias: 'demo', call_count: 1, credits_burned: '0.5' },
      ],
      daily: [],
    })
  })

  test('takes both ends of a range, a user and an alias', async () => {
    const one = await summary('user_id=ada-id&model_alias=deepseek&from_date=2025-12-31&to_date=2026-01-01&bucket=day')
    expect(one).toMatchObject({ total_credits_burned: '1.5001', total_llm_calls: 3, from_date: '2025-12-31', to_date: '2026-01-01' })
    expect(one.daily).toEqual([
      { date: '2025-12-31', credits_burned: '1.5', call_count: 2 },
      { date: '2026-01-01', credits_burned: '0.0001', call_count: 1 },
    ])
    expect((await summary('from_date=2026-01-02&to_date=2026-01-04')).total_llm_calls).toBe(1)
    expect((await summary('user_id=nobody&bucket=day')).daily).toEqual([])
  })

  test('a week begins on Monday, a month on its first, both in UTC', async () => {
    expect((await summary('bucket=week')).daily).toEqual([
      { date: '2025-12-29', credits_burned: '23.5001', call_count: 11 },
      { date: '2026-01-05', credits_burned: '20.0001', call_count: 1 },
      { date: '2026-01-26', credits_burned: '0.5', call_count: 1 },
    ])
    expect((await summary('bucket=month')).daily).toEqual([
      { date: '2025-12-01', credits_burned: '1.5', call_count: 2 },
      { date: '2026-01-01', credits_burned: '42.0002', call_count: 10 },
      { date: '2026-02-01', credits_burned: '0.5', call_count: 1 },
    ])
  })

  test('another word for bucket is as good as none', async () => {
    for (const bucket of ['year', '', 'DAY']) expect((await summary(`bucket=${bucket}`)).daily).toEqual([])
  })

  test('of nothing is zero', async () => {
    expect(await summary('from_date=2030-01-01&bucket=day')).toEqual({
      total_credits_burned: '0',
      total_llm_calls: 0,
      total_output_tokens: 0,
      total_provider_cost_usd: '0',
      from_date: '2030-01-01',
      to_date: null,
      breakdown: [],
      daily: [],
    })
  })

  test('a range that ends before it begins is refused', async () => {
    expect(await summary('from_date=2026-01-02&to_date=2026-01-01')).toMatchObject({ status: 422, code: 'validation_error' })
  })

  test('is had as CSV: by date with a bucket, by alias without', async () => {
    const byDate = await get('/admin/usage/summary?bucket=day&from_date=2026-01-04&to_date=2026-01-05', 'text/csv')
    expect(byDate.headers.get('content-type')).toBe('text/csv; charset=utf-8')
    expect(byDate.headers.get('vary')).toContain('Accept')
    expect(byDate.body).toBe('date,credits_burned,call_count\n2026-01-04,0,1\n2026-01-05,20.0001,1\n')
    const byAlias = await get('/admin/usage/summary?to_date=2026-01-01', 'text/csv')
    expect(byAlias.body).toBe('model_alias,call_count,credits_burned\npremium,3,20\ndeepseek,7,3.5001\n')
  })
})

describe('usage per user and alias', () => {
  test('comes with the most credits first, ties in a fixed order, a page at a time', async () => {
    const { body } = await get('/admin/analytics/usage?start_date=2025-12-31&end_date=2026-01-05')
    expect(body).toMatchObject({ total: 4, start_date: '2025-12-31', end_date: '2026-01-05' })
    expect(body.rows).toEqual([
      {
        user_id: 'bob-id',
        model_alias: 'free',
        total_input_tokens: 2,
        total_output_tokens: 2,
        total_credits_burned: '20.0001',
        event_count: 2,
      },
      {
        user_id: 'ada-id',
        model_alias: 'premium',
        total_input_tokens: 10,
        total_output_tokens: 9,
        total_credits_burned: '20',
        event_count: 3,
      },
      {
        user_id: 'bob-id',
        model_alias: 'deepseek',
        total_input_tokens: 2,
        total_output_tokens: 1,
        total_credits_burned: '2',
        event_count: 4,
      },
      {
        user_id: 'ada-id',
        model_alias: 'deepseek',
        total_input_tokens: 120,
        total_output_tokens: 55,
        total_credits_burned: '1.5001',
        event_count: 3,
      },
    ])
    const page = (await get('/admin/analytics/usage?start_date=2025-12-31&end_date=2026-01-05&limit=2&offset=1')).body
    expect(page).toEqual({ ...body, rows: body.rows.slice(1, 3) })
    expect((await get('/admin/analytics/usage?offset=100')).body).toEqual({ rows: [], total: 5, start_date: null, end_date: null })
  })

  test.each([
    'start_date=2026-01-02&end_date=2026-01-01',
    'start_date=yesterday',
    'end_date=0000-01-01',
    'limit=0',
    'limit=201',
    'offset=-1',
    'page=2',
  ])('%s is refused', async query => {
    expect((await get(`/admin/analytics/usage?${query}`)).body).toMatchObject({ status: 422, code: 'validation_error' })
  })

  test('is had as CSV, in which nothing runs as a formula', async () => {
    const csv = await get('/admin/analytics/usage?start_date=2026-01-05&limit=2', 'text/csv')
    expect(csv.body).toBe(
      'user_id,model_alias,total_input_tokens,total_output_tokens,total_credits_burned,event_count\n' +
        "bob-id,free,1,1,20.0001,1\n'=cmd|'x'!A1,demo,2,1,0.5,1\n",
    )
    for (const accept of ['*/*', 'application/json', 'application/json, text/csv;q=0.1'])
      expect((await get('/admin/analytics/usage', accept)).headers.get('content-type')).toMatch(/^application\/json/)
  })
})

test('a turn is in the analytics with its close', async () => {
  const today = (await pool.query(`select (now() at time zone 'UTC')::date as day`)).rows[0].day
  const carl = await program.user('carl')
  const agent = await carl.post('/agents', { agent_key: 'writer', name: 'Writer', model_alias: 'deepseek' })
  const session = await carl.post(`/agents/${agent.body.id}/sessions`)
  program.endpoint.reply({ usage: { fresh: 1200, cached: 800, output: 500 }, cost: 0.00123456 })
  await carl.post(`/sessions/${session.body.id}/turns`, { message: 'hello' })
  expect(await summary(`user_id=carl-id&bucket=day`)).toEqual({
    total_credits_burned: '0.1',
    total_llm_calls: 1,
    total_output_tokens: 500,
    total_provider_cost_usd: '0.00123456',
    from_date: null,
    to_date: null,
    breakdown: [{ model_alias: 'deepseek', call_count: 1, credits_burned: '0.1' }],
    daily: [{ date: today, credits_burned: '0.1', call_count: 1 }],
  })
})
