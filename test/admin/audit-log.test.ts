import { expect, test } from 'vitest'
import { newDirectChat } from '../council.ts'
import { useAdministration } from './administration.ts'

const program = await useAdministration()
const { owner, analyst } = program
const { pool } = program.database
const lin = await program.user('lin')

const { turns } = await newDirectChat(lin, { key: 'writer' })
expect((await lin.post(turns, { message: 'so that there is a debit' })).status).toBe(201)
const debit = (await lin.get('/users/me/transactions?limit=1')).body.transactions[0].id
const model = {
  display_name: 'Audited',
  provider: 'demo',
  provider_model: 'x',
  context_window: 8192,
  input_usd_per_million: 0,
  output_usd_per_million: 0,
  enabled: true,
}

const NEWEST = 'credit_transactions order by id desc limit 1'
/** One request per kind of change, and where the row lies that it writes last; a setting that is cleared leaves none. */
const changes: [action: string, method: string, path: string, written: string | null, body?: unknown][] = [
  [
    'price_set',
    'PATCH',
    '/admin/pricing/grok',
    `model_pricing where model_alias = 'grok'`,
    { multiplier: 42, pricing_version: '2026-02-20' },
  ],
  ['model_set', 'PUT', '/admin/models/audited', `models where alias = 'audited'`, model],
  ['enforcement_set', 'PATCH', '/admin/settings/enforcement', 'runtime_settings', { enabled: false }],
  ['enforcement_cleared', 'DELETE', '/admin/settings/enforcement', null],
  ['user_updated', 'PATCH', `/admin/users/${lin.userId}`, `users where id = 'lin-id'`, { monthly_credit_cap: 1000 }],
  ['credits_granted', 'POST', `/admin/wallets/${lin.userId}/grant`, NEWEST, { amount: 1 }],
  ['credits_granted', 'POST', `/admin/users/${lin.userId}/wallet/grant`, NEWEST, { amount: 1 }],
  ['debit_refunded', 'POST', `/admin/wallets/${lin.userId}/refund`, NEWEST, { transaction_id: debit, amount: '0.0001', note: 'x' }],
]

async function everything() {
  const tables = ['models', 'model_pricing', 'runtime_settings', 'credit_wallets', 'credit_transactions', 'users', 'idempotency_keys']
  const contents = await Promise.all(tables.map(table => pool.query(`select * from ${table} order by 1, 2`)))
  return contents.map(({ rows }) => rows)
}

test('a change whose line cannot be written is not made', async () => {
  // An override to be cleared has to be there before.
  await pool.query(`insert into runtime_settings (key, value) values ('credit_enforcement_enabled', 'true')`)
  await pool.query(`alter table admin_audit_log add constraint no_more check (false) not valid`)
  const before = await everything()
  for (const [action, method, path, , body] of changes) {
    const failed = await owner.send(method, path, body, { 'idempotency-key': `fails-${action}` })
    expect([failed.status, failed.body.code], `${method} ${path}`).toEqual([500, 'internal_error'])
  }
  expect(await everything()).toEqual(before)
  await pool.query('alter table admin_audit_log drop constraint no_more')
})

test('with its line it is made, by one transaction', async () => {
  const transactionOf = async (row: string) => (await pool.query(`select xmin::text from ${row}`)).rows[0].xmin
  for (const [action, method, path, written, body] of changes) {
    const before = await program.countChanges()
    const changed = await owner.send(method, path, body)
    expect(changed.status, `${method} ${path}: ${JSON.stringify(changed.body)}`).toBe(200)
    expect(await program.countChanges(), path).toBe(before + 1)
    expect(await program.lastChange()).toMatchObject({ action, actor_user_id: owner.userId })
    if (written) expect(await transactionOf('admin_audit_log order by id desc limit 1'), path).toBe(await transactionOf(written))
  }
})

test('the log is read newest first, a page at a time, by who, what, which and when', async () => {
  const all = (await analyst.get('/admin/audit-log')).body
  expect(all.total).toBe(changes.length + 1)
  expect(all.entries.map((entry: { action: string }) => entry.action)).toEqual([
    ...changes.map(([action]) => action).reverse(),
    'user_updated',
  ])
  expect(all.entries[0]).toEqual({
    id: expect.any(String),
    actor_user_id: owner.userId,
    action: 'debit_refunded',
    target: lin.userId,
    before: { balance: expect.any(String) },
    after: expect.objectContaining({ amount: '0.0001', note: 'x' }),
    created_at: expect.stringMatching(/Z$/),
  })
  const count = async (query: string) => (await analyst.get(`/admin/audit-log?${query}`)).body.total
  const today = new Date(all.entries[0].created_at).toISOString().slice(0, 10)
  expect(await count('action=credits_granted')).toBe(2)
  expect(await count('target=grok')).toBe(1)
  expect(await count(`actor_user_id=${owner.userId}`)).toBe(all.total)
  expect(await count(`actor_user_id=${lin.userId}`)).toBe(0)
  expect(await count('to_date=2020-01-01')).toBe(0)
  expect(await count(`from_date=2020-01-01&to_date=${today}`)).toBe(all.total)
  expect(await count('from_date=9998-01-01')).toBe(0)
  const page = (await analyst.get('/admin/audit-log?limit=2&offset=1')).body
  expect(page.entries).toEqual(all.entries.slice(1, 3))
})

test.each(['action=stolen', 'from_date=2026-02-30', 'from_date=2026-02-02&to_date=2026-02-01', 'limit=201', 'more=1'])(
  '%s is refused',
  async query => {
    expect((await analyst.get(`/admin/audit-log?${query}`)).body).toMatchObject({ status: 422, code: 'validation_error' })
  },
)

test('no line is ever changed or taken away', async () => {
  for (const statement of [`update admin_audit_log set action = 'x'`, 'delete from admin_audit_log', 'truncate admin_audit_log'])
    await expect(pool.query(statement)).rejects.toThrow('admin_audit_log is append-only')
})
