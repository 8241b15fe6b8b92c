import { expect, test } from 'vitest'
import { newCouncil, newDirectChat } from '../council.ts'
import { joinedText } from '../event-reader.ts'
import { useProgram } from '../program.ts'

const { user, endpoint, database } = await useProgram({
  TURN_MAX_SECONDS: '1',
  TURN_MAX_MODEL_CALLS: '4',
  MODEL_FIRST_TOKEN_TIMEOUT_MS: '300',
  MODEL_IDLE_TIMEOUT_MS: '300',
})
const words = (count: number) => Array.from({ length: count }, (_, index) => `word${index} `)

test('a turn whose time is over stops its agents, keeps what they said, and names the cap', async () => {
  const ada = await user('seconds')
  const { turns } = await newCouncil(ada, 'roundtable', [{ key: 'one' }, { key: 'two' }])
  endpoint.reply({ chunks: words(200), betweenMs: 50 })
  const before = endpoint.requests.length
  const events = await (await ada.stream(`${turns}/stream`, { message: 'Go.' })).all()
  const done = events.at(-1)!.data
  expect(done).toMatchObject({ type: 'done', status: 'partial', limit: 'seconds' })
  expect(endpoint.requests).toHaveLength(before + 1)
  const turn = (await ada.get(`${turns}/${done.turn_id}`)).body
  expect(turn.assistant_output).toBe(joinedText(events))
  expect(turn.assistant_output).toMatch(/^one: word0 /)
})

test('an orchestrated turn whose time is over still gets its synthesis', async () => {
  const ada = await user('owed')
  const { turns } = await newCouncil(ada, 'orchestrator', [{ key: 'one' }])
  endpoint.reply(({ purpose }) => {
    if (purpose === 'manager_routing') return { chunks: ['{"agent_key":"one"}'] }
    return purpose === 'agent' ? { chunks: words(200), betweenMs: 50 } : { chunks: ['from what there is'] }
  })
  const events = await (await ada.stream(`${turns}/stream`, { message: 'Go.' })).all()
  expect(joinedText(events)).toMatch(/Manager synthesis:\nfrom what there is$/)
  expect(events.at(-1)!.data).toMatchObject({ status: 'partial', limit: 'seconds' })
})

test('the cap on model calls ends a turn, and the synthesis is made all the same', async () => {
  const ada = await user('calls')
  const { turns } = await newCouncil(ada, 'orchestrator', [{ key: 'one' }])
  const asked: (string | null)[] = []
  endpoint.reply(({ purpose }) => {
    asked.push(purpose)
    return {
      chunks: [purpose === 'manager_routing' ? '{"agent_key":"one"}' : purpose === 'manager_evaluation' ? '{"continue":true}' : 'said'],
    }
  })
  const events = await (await ada.stream(`${turns}/stream`, { message: 'Go.' })).all()
  expect(asked).toEqual(['manager_routing', 'agent', 'manager_evaluation', 'manager_routing', 'manager_synthesis'])
  const done = events.at(-1)!.data
  expect(done).toMatchObject({ limit: 'model_calls', status: 'partial' })
  // The stored turn says so as well, in the list and alone.
  expect((await ada.get(turns)).body.turns).toMatchObject([{ limit_reached: 'model_calls' }])
  expect((await ada.get(`${turns}/${done.turn_id}`)).body.limit_reached).toBe('model_calls')
})

test('a turn never spends more than its max_credits: the output limit is lowered, then work stops', async () => {
  const ada = await user('max-credits')
  const { turns } = await newCouncil(ada, 'roundtable', [{ key: 'one' }, { key: 'two' }, { key: 'three' }])
  endpoint.reply(request => ({ chunks: ['said'], usage: { fresh: 200, output: request.body.max_tokens! } }))
  const before = endpoint.requests.length
  const answer = await ada.post(turns, { message: 'Go.', max_credits: '0.3' })
  const limits = endpoint.requests.slice(before).map(request => request.body.max_tokens!)
  expect(limits[0]).toBe(2048)
  expect(limits).toHaveLength(2)
  expect(limits[1]).toBeLessThan(1000)
  expect(Number(answer.body.credits_burned)).toBeLessThanOrEqual(0.3)
  expect(answer.body.status).toBe('partial')
  expect(await ada.post(turns, { message: 'Go.', max_credits: 0.001 })).toMatchObject({
    status: 422,
    body: { errors: [{ path: 'max_credits' }] },
  })
})

test('429 and 5xx are tried once more before the first token, each answered try is a call of its own, and only the good one is paid', async () => {
  const ada = await user('retry')
  const { turns } = await newDirectChat(ada, { key: 'one' })
  const replies = [{ status: 429, headers: { 'retry-after': '0' } }, { chunks: ['At last.'] }]
  endpoint.reply(() => replies.shift()!)
  const turn = (await ada.post(turns, { message: 'Go.' })).body
  expect(turn).toMatchObject({ status: 'completed', assistant_output: 'At last.' })
  const calls = (await ada.get(`${turns}/${turn.id}`)).body.calls
  expect(calls.map((call: { status: string }) => call.status)).toEqual(['rate_limited', 'success'])
  expect((await ada.get('/users/me/transactions')).body.transactions.filter((row: { kind: string }) => row.kind === 'debit')).toHaveLength(
    1,
  )

  const always = endpoint.requests.length
  endpoint.reply({ status: 503 })
  expect((await ada.post(turns, { message: 'Again.' })).status).toBe(502)
  expect(endpoint.requests).toHaveLength(always + 2)
})

test('a fallback alias answers when its model does not, and is priced as itself', async () => {
  const ada = await user('fallback')
  await database.pool.query(`update models set fallback_alias = 'premium' where alias = 'llama'`)
  const { turns } = await newDirectChat(ada, { key: 'one', model: 'llama' })
  endpoint.reply(({ body }) =>
    body.model.includes('llama') ? { status: 500 } : { chunks: ['from the other'], usage: { fresh: 0, output: 1000 } },
  )
  const turn = await expect
    .poll(async () => (await ada.post(turns, { message: 'Go.' })).body, { timeout: 3000 })
    .toMatchObject({ assistant_output: 'from the other', credits_burned: '1.4' })
  return turn
})

test('usage: an explicit zero is a zero, cached tokens are told apart, and silence is estimated and marked', async () => {
  const ada = await user('usage')
  const { turns, sessionId } = await newDirectChat(ada, { key: 'one' })
  endpoint.reply({ chunks: ['free'], usage: { fresh: 0, output: 0 } })
  expect((await ada.post(turns, { message: 'Zero.' })).body.credits_burned).toBe('0')
  endpoint.reply({ chunks: ['cached'], usage: { fresh: 100, cached: 900, output: 0 } })
  expect((await ada.post(turns, { message: 'Cached.' })).body.credits_burned).toBe('0.0125')
  endpoint.reply({ chunks: ['untold'], usage: null })
  await ada.post(turns, { message: 'Silence.' })
  const rows = await database.pool.query(
    'select usage_estimated, input_tokens_fresh, input_tokens_cached, output_tokens from llm_call_events where session_id = $1 order by id',
    [sessionId],
  )
  expect(rows.rows[0]).toEqual({ usage_estimated: false, input_tokens_fresh: 0, input_tokens_cached: 0, output_tokens: 0 })
  expect(rows.rows[1]).toEqual({ usage_estimated: false, input_tokens_fresh: 100, input_tokens_cached: 900, output_tokens: 0 })
  expect(rows.rows[2]).toMatchObject({ usage_estimated: true })
  expect(rows.rows[2].input_tokens_fresh).toBeGreaterThan(0)
})

test('a price that is missing, negative or no number makes an alias unusable before any call', async () => {
  const ada = await user('prices')
  const { turns } = await newDirectChat(ada, { key: 'one', model: 'qwen' })
  const before = endpoint.requests.length
  for (const price of ['null', '-1', "'NaN'"]) {
    await database.pool.query(`update models set input_usd_per_million = ${price} where alias = 'qwen'`)
    await expect
      .poll(async () => await ada.post(turns, { message: 'Go.' }))
      .toMatchObject({ status: 422, body: { code: 'model_unavailable' } })
  }
  expect(endpoint.requests).toHaveLength(before)
  await database.pool.query(`update models set input_usd_per_million = 0.1 where alias = 'qwen'`)
})

test('the provider is told what each request is', async () => {
  const ada = await user('headers')
  const { turns } = await newDirectChat(ada, { key: 'one' })
  endpoint.reply({ chunks: ['ok'] })
  const answer = await ada.post(turns, { message: 'Hi.' }, { 'x-trace-id': 'my-trace.1' })
  expect(answer.headers.get('x-trace-id')).toBe('my-trace.1')
  expect(endpoint.requests.at(-1)!.headers).toMatchObject({
    'x-trace-id': 'my-trace.1',
    'x-pantheon-turn': answer.body.id,
    'x-pantheon-purpose': 'agent',
    'x-pantheon-agent': 'one',
  })
})
