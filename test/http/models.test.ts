import { expect, onTestFinished, test } from 'vitest'
import { createClient, startProgram, useProgram } from '../program.ts'

const { user, database } = await useProgram()
const ada = await user('ada')

const aliases = async () => (await ada.get('/models')).body.map((model: { alias: string }) => model.alias)

test('the models are those that can be used, with exact prices', async () => {
  const { status, body } = await ada.get('/models')
  expect(status).toBe(200)
  expect(body.map((model: { alias: string }) => model.alias).toSorted()).toEqual([
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
    context_window: 1_048_576,
    multiplier: '14',
    input_usd_per_million: '1.25',
    cached_input_usd_per_million: '0.31',
    output_usd_per_million: '10',
  })
  expect(body.find((model: { alias: string }) => model.alias === 'llama')).toMatchObject({
    multiplier: '0.5',
    input_usd_per_million: '0.08',
    cached_input_usd_per_million: null,
  })
})

test('a model that is disabled or has no usable price is not among them, at once', async () => {
  const before = await aliases()
  for (const [change, back] of [
    [`update models set enabled = false where alias = 'qwen'`, `update models set enabled = true where alias = 'qwen'`],
    [
      `update models set output_usd_per_million = null where alias = 'qwen'`,
      `update models set output_usd_per_million = 0.6 where alias = 'qwen'`,
    ],
    [
      `update models set input_usd_per_million = -1 where alias = 'qwen'`,
      `update models set input_usd_per_million = 0.1 where alias = 'qwen'`,
    ],
    [
      `update model_pricing set multiplier = 'NaN' where model_alias = 'qwen'`,
      `update model_pricing set multiplier = 0.5 where model_alias = 'qwen'`,
    ],
  ] as const) {
    await database.pool.query(change)
    await expect.poll(aliases, { timeout: 3_000 }).toEqual(before.filter((alias: string) => alias !== 'qwen'))
    await database.pool.query(back)
    await expect.poll(aliases, { timeout: 3_000 }).toEqual(before)
  }
})

test('an alias that is disabled may still be chosen for later, and is refused when it is to answer', async () => {
  await database.pool.query(`update models set enabled = false where alias = 'free'`)
  await expect.poll(aliases, { timeout: 3_000 }).not.toContain('free')
  const agent = await ada.post('/agents', { agent_key: 'later', name: 'Later', model_alias: 'free' })
  expect(agent.status).toBe(201)
  const session = await ada.post(`/agents/${agent.body.id}/sessions`)
  expect((await ada.post(`/sessions/${session.body.id}/turns`, { message: 'Hello.' })).body).toMatchObject({
    status: 422,
    code: 'model_unavailable',
  })
})

test('without any provider the demo model answers for every alias', async () => {
  const alone = await startProgram({ DATABASE_URL: database.url })
  onTestFinished(alone.stop)
  const client = createClient(alone.address, ada.userId, ada.token)
  const { body } = await client.get('/models')
  expect(new Set(body.map((model: { provider: string }) => model.provider))).toEqual(new Set(['demo']))
  expect((await client.get('/auth/config')).body.demo_model).toBe(true)
})
