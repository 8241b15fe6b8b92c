import { expect, test } from 'vitest'
import { useAdministration } from './administration.ts'

const program = await useAdministration()
const nobody = await program.user('nobody')

interface Route {
  method: string
  path: string
  operation: { responses: Record<string, { description?: string }> }
}

const document = (await program.anonymous.get('/openapi.json')).body
const routes: Route[] = Object.entries<Record<string, Route['operation']>>(document.paths)
  .filter(([path]) => path.startsWith('/api/v1/admin/'))
  .flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path: path.slice('/api/v1'.length),
      operation,
    })),
  )
const reading = routes.filter(route => route.method === 'GET')
const changing = routes.filter(route => route.method !== 'GET')
const addressOf = (route: Route) => route.path.replace('{alias}', 'deepseek').replace('{user_id}', nobody.userId)

/** Bodies with which an owner would get through. */
const bodies: Record<string, unknown> = {
  'PATCH /admin/pricing/{alias}': { multiplier: 3, pricing_version: '2026-02-20' },
  'PUT /admin/models/{alias}': {
    display_name: 'Another',
    provider: 'demo',
    provider_model: 'x',
    context_window: 8192,
    input_usd_per_million: 0,
    output_usd_per_million: 0,
    enabled: false,
  },
  'PATCH /admin/settings/enforcement': { enabled: true },
  'POST /admin/wallets/{user_id}/grant': { amount: 5 },
  'POST /admin/users/{user_id}/wallet/grant': { amount: 5 },
  'POST /admin/wallets/{user_id}/refund': { transaction_id: crypto.randomUUID(), note: 'sorry' },
  'PATCH /admin/users/{user_id}': { role: 'owner' },
}

/** Everything that an administrator could have changed. */
async function everything() {
  const tables = [
    'models',
    'model_pricing',
    'pricing_versions',
    'runtime_settings',
    'credit_wallets',
    'credit_transactions',
    'users',
    'admin_audit_log',
  ]
  const contents = await Promise.all(tables.map(table => program.database.pool.query(`select * from ${table} order by 1, 2`)))
  return contents.map(({ rows }) => rows)
}

test('the document has every route of the table of administration', () => {
  const table = [
    'DELETE /admin/settings/enforcement',
    'GET /admin/analytics/active-users',
    'GET /admin/analytics/usage',
    'GET /admin/audit-log',
    'GET /admin/models',
    'GET /admin/pricing',
    'GET /admin/settings',
    'GET /admin/usage/summary',
    'GET /admin/users',
    'GET /admin/wallets/{user_id}',
    'PATCH /admin/pricing/{alias}',
    'PATCH /admin/settings/enforcement',
    'PATCH /admin/users/{user_id}',
    'POST /admin/users/{user_id}/wallet/grant',
    'POST /admin/wallets/{user_id}/grant',
    'POST /admin/wallets/{user_id}/refund',
    'PUT /admin/models/{alias}',
  ]
  expect(routes.map(({ method, path }) => `${method} ${path}`)).toEqual(expect.arrayContaining(table))
})

test.each(routes)('$method $path is closed to users and to strangers, whatever they send', async route => {
  const refused = await nobody.send(route.method, addressOf(route), bodies[`${route.method} ${route.path}`])
  expect(refused.status).toBe(403)
  expect(refused.body).toMatchObject({ code: 'admin_required', detail: 'Admin access required.' })
  expect((await program.anonymous.send(route.method, addressOf(route))).status).toBe(401)
})

test.each(reading)('an analyst reads $path', async route => {
  expect((await program.analyst.get(addressOf(route))).status).toBe(200)
})

test('an analyst changes nothing, with a good body or a bad one', async () => {
  const before = await everything()
  for (const route of changing) {
    for (const body of [bodies[`${route.method} ${route.path}`], '{']) {
      const refused = await program.analyst.send(route.method, addressOf(route), body)
      expect([refused.status, refused.body.code], `${route.method} ${route.path}`).toEqual([403, 'owner_required'])
    }
  }
  expect(await everything()).toEqual(before)
})

test('every refusal that was met here is in the document', () => {
  for (const { method, path, operation } of routes) {
    expect(operation.responses['403']?.description, `${method} ${path}`).toContain('admin_required')
    if (method !== 'GET') expect(operation.responses['403']?.description, `${method} ${path}`).toContain('owner_required')
  }
})
