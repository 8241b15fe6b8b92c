import { expect, test } from 'vitest'
import { newAgent, newDirectChat } from '../council.ts'
import { useAdministration } from './administration.ts'

const program = await useAdministration()
const { owner, analyst } = program

const MODEL = {
  display_name: 'Something new',
  provider: 'openrouter',
  provider_model: 'vendor/new',
  context_window: 32_768,
  input_usd_per_million: '0.12345678',
  output_usd_per_million: 2,
  enabled: true,
}
const put = (alias: string, model: Record<string, unknown> = {}) => owner.send('PUT', `/admin/models/${alias}`, { ...MODEL, ...model })

test('the whole catalogue is read, with the multiplier of each alias', async () => {
  const { status, body } = await analyst.get('/admin/models')
  expect(status).toBe(200)
  expect(body.map((model: { alias: string }) => model.alias).sort()).toEqual([
    'deepseek',
    'demo',
    'free',
    'gpt_oss',
    'llama',
    'premium',
    'qwen',
  ])
  expect(body.find((model: { alias: string }) => model.alias === 'premium')).toEqual({
    alias: 'premium',
    display_name: 'Gemini 2.5 Pro',
    provider: 'openrouter',
    provider_model: 'google/gemini-2.5-pro',
    context_window: 1_048_576,
    input_usd_per_million: '1.25',
    cached_input_usd_per_million: '0.31',
    output_usd_per_million: '10',
    enabled: true,
    fallback_alias: null,
    multiplier: '14',
  })
})

test('a new alias gets multiplier 1, is written down and can be used at once', async () => {
  const made = await put('brand-new')
  expect(made.status).toBe(200)
  const model = {
    alias: 'brand-new',
    ...MODEL,
    output_usd_per_million: '2',
    cached_input_usd_per_million: null,
    fallback_alias: null,
    multiplier: '1',
  }
  expect(made.body).toEqual(model)
  expect(await program.lastChange()).toMatchObject({
    action: 'model_set',
    target: 'brand-new',
    actor_user_id: owner.userId,
    before: null,
    after: model,
  })
  expect((await owner.get('/models')).body.map((one: { alias: string }) => one.alias)).toContain('brand-new')
  expect((await owner.get('/admin/pricing')).body.items).toContainEqual(
    expect.objectContaining({ model_alias: 'brand-new', multiplier: '1' }),
  )
  await newAgent(owner, { key: 'newcomer', model: 'brand-new' })
})

test('an alias that has a price already keeps it', async () => {
  expect((await put('claude_sonnet', { provider: 'anthropic' })).body.multiplier).toBe('18')
})

test('an alias is replaced as a whole and keeps its price', async () => {
  await put('replaced', { cached_input_usd_per_million: '0.5', fallback_alias: 'free' })
  await owner.send('PATCH', '/admin/pricing/replaced', { multiplier: 7, pricing_version: '2026-02-20' })
  const replaced = await put('replaced', { display_name: 'Other' })
  expect(replaced.body).toMatchObject({ display_name: 'Other', cached_input_usd_per_million: null, fallback_alias: null, multiplier: '7' })
  expect(await program.lastChange()).toMatchObject({
    before: { display_name: 'Something new', cached_input_usd_per_million: '0.5', fallback_alias: 'free' },
    after: { display_name: 'Other', cached_input_usd_per_million: null, fallback_alias: null },
  })
})

test('an alias that is switched off is refused by the next turn and used again when it is back', async () => {
  const ada = await program.user('ada')
  await put('switch')
  const { turns } = await newDirectChat(ada, { key: 'switched', model: 'switch' })
  expect((await ada.post(turns, { message: 'on' })).status).toBe(201)
  await put('switch', { enabled: false })
  expect((await ada.post(turns, { message: 'off' })).body).toMatchObject({ status: 422, code: 'model_unavailable' })
  expect((await ada.get('/models')).body.map((model: { alias: string }) => model.alias)).not.toContain('switch')
  await put('switch')
  expect((await ada.post(turns, { message: 'on again' })).status).toBe(201)
})

test('an alias is not its own fallback, and a fallback is in the catalogue', async () => {
  for (const fallback_alias of ['lonely', 'unheard-of']) {
    const refused = await put('lonely', { fallback_alias })
    expect(refused.body).toMatchObject({ status: 422, code: 'validation_error', errors: [{ path: 'fallback_alias' }] })
  }
  expect((await owner.get('/admin/models')).body.map((model: { alias: string }) => model.alias)).not.toContain('lonely')
})

test('two aliases that are each other’s fallback are tried once each', async () => {
  await put('one', { provider_model: 'vendor/one' })
  await put('two', { provider_model: 'vendor/two', fallback_alias: 'one' })
  expect((await put('one', { provider_model: 'vendor/one', fallback_alias: 'two' })).status).toBe(200)
  const bob = await program.user('bob')
  const { turns } = await newDirectChat(bob, { key: 'circle', model: 'one' })
  const before = program.endpoint.requests.length
  program.endpoint.reply({ status: 503 })
  expect((await bob.post(turns, { message: 'hello?' })).status).toBe(502)
  program.endpoint.reply({})
  // One retry each: turns.md, Providers.
  expect(program.endpoint.requests.slice(before).map(request => request.body.model)).toEqual([
    'vendor/one',
    'vendor/one',
    'vendor/two',
    'vendor/two',
  ])
})

test('eight owners who make the same alias at once make one, and the log tells them apart', async () => {
  const answers = await Promise.all(Array.from({ length: 8 }, (_, index) => put('crowd', { display_name: `Number ${index}` })))
  expect(answers.map(answer => answer.status)).toEqual(Array(8).fill(200))
  const { rows } = await program.database.pool.query(`select before from admin_audit_log where target = 'crowd' and action = 'model_set'`)
  expect(rows).toHaveLength(8)
  expect(rows.filter(row => row.before === null)).toHaveLength(1)
})

test.each([
  ['a negative price', { input_usd_per_million: -1 }, 'input_usd_per_million'],
  ['a price that is no number', { output_usd_per_million: 'cheap' }, 'output_usd_per_million'],
  ['no price', { output_usd_per_million: undefined }, 'output_usd_per_million'],
  ['another provider', { provider: 'nobody' }, 'provider'],
  ['no window', { context_window: 0 }, 'context_window'],
  ['a blank name', { display_name: '  ' }, 'display_name'],
  ['nothing about whether it is enabled', { enabled: undefined }, 'enabled'],
  ['an unknown field', { colour: 'red' }, 'colour'],
])('%s is refused', async (_, model, path) => {
  const refused = await put('refused', model)
  expect(refused.body).toMatchObject({ status: 422, code: 'validation_error', errors: [{ path }] })
})

test('an alias has the letters that users can type', async () => {
  expect((await put('with%20space')).body).toMatchObject({ status: 422, code: 'validation_error', errors: [{ path: 'alias' }] })
})
