import { expect, test } from 'vitest'
import { newCouncil } from '../council.ts'
import { useProgram } from '../program.ts'

const { user, endpoint, database } = await useProgram()

test('an estimate says what the next turn would do and cost, calls nobody, stores nothing, and holds for the turn itself', async () => {
  const ada = await user('estimate')
  const { turns, sessionId } = await newCouncil(ada, 'roundtable', [{ key: 'one' }, { key: 'two', model: 'premium' }])
  const before = endpoint.requests.length
  const estimate = (await ada.post(`/sessions/${sessionId}/estimate`, { message: 'What now, @two?' })).body
  expect(estimate).toMatchObject({ mode: 'roundtable', agents: ['two', 'one'] })
  expect(endpoint.requests).toHaveLength(before)
  expect((await database.pool.query('select from turns where session_id = $1', [sessionId])).rowCount).toBe(0)
  endpoint.reply(({ body }) => ({ chunks: ['said'], usage: { fresh: 400, output: body.max_tokens! / 2 } }))
  const turn = (await ada.post(turns, { message: 'What now, @two?' })).body
  expect(Number(turn.credits_burned)).toBeGreaterThan(Number(estimate.low))
  expect(Number(turn.credits_burned)).toBeLessThan(Number(estimate.high))
})

test('an estimate counts with the model that is asked for instead of the agents’ own', async () => {
  const ada = await user('estimate-override')
  const { sessionId } = await newCouncil(ada, 'roundtable', [{ key: 'one' }])
  const ask = async (override?: string | null) =>
    await ada.post(`/sessions/${sessionId}/estimate`, { message: 'What now?', model_alias_override: override })
  const own = await ask()
  expect((await ask(null)).body).toEqual(own.body)
  // 14 to 1, by the seeded prices.
  const costly = (await ask('premium')).body
  expect(Number(costly.high) / Number(own.body.high)).toBeGreaterThan(10)
  expect(await ask('unheard-of')).toMatchObject({ status: 422 })
})

test('an estimate of a council reaches from one specialist to all that may be asked', async () => {
  const ada = await user('estimate-council')
  const { sessionId } = await newCouncil(ada, 'orchestrator', [{ key: 'one' }, { key: 'two' }])
  const estimate = (await ada.post(`/sessions/${sessionId}/estimate`, { message: 'Shall we?' })).body
  // Twelve whole answers of 2,048 tokens and a synthesis, at multiplier 1, and some input.
  expect(Number(estimate.high)).toBeGreaterThan((13 * 2048) / 10_000)
  expect(Number(estimate.low)).toBeLessThan(0.1)
})

test('the estimate of a stranger is 404, and of nobody in particular is 422', async () => {
  const ada = await user('estimate-owner')
  const { sessionId } = await newCouncil(ada, 'manual', [{ key: 'one' }])
  expect((await (await user('estimate-stranger')).post(`/sessions/${sessionId}/estimate`, { message: '@one' })).status).toBe(404)
  expect((await ada.post(`/sessions/${sessionId}/estimate`, { message: 'nobody' })).body.code).toBe('no_valid_tagged_agents')
})
