import { describe, expect, test } from 'vitest'
import { newCouncil, newDirectChat } from '../council.ts'
import { useProgram } from '../program.ts'

const { user, endpoint, database } = await useProgram()

await database.pool.query(`insert into models (alias, display_name, provider, provider_model, context_window, input_usd_per_million, output_usd_per_million)
  values ('small', 'Small', 'openrouter', 'test/small', 8192, 1, 1), ('tiny', 'Tiny', 'openrouter', 'test/tiny', 2048, 1, 1)`)
await database.pool.query(
  `insert into model_pricing (pricing_version, model_alias, multiplier) values ('2026-02-20', 'small', 1), ('2026-02-20', 'tiny', 1)`,
)

const SUMMARY = JSON.stringify({
  summary_text: 'They count.',
  key_facts: ['one fact'],
  decisions: [],
  open_questions: ['why?'],
  action_items: [],
})

describe('a conversation of forty turns', () => {
  test('is summarised, stays within its budget throughout, and the audit rows show it', { timeout: 60_000 }, async () => {
    const ada = await user('forty')
    const { turns, sessionId } = await newDirectChat(ada, { key: 'forty', model: 'small' })
    const answer = 'A sentence of the answer. '.repeat(60)
    endpoint.reply(({ purpose }) => (purpose === 'summary' ? { chunks: [SUMMARY] } : { chunks: [answer] }))
    for (let index = 1; index <= 40; index++) {
      const done = await ada.post(turns, { message: `Question ${index}: ${'and so on '.repeat(20)}` })
      expect(done.status).toBe(201)
    }
    const audits = (await database.pool.query('select * from turn_context_audit where session_id = $1 order by id', [sessionId])).rows
    expect(audits).toHaveLength(40)
    for (const audit of audits) {
      expect(audit).toMatchObject({
        context_window: 8192,
        output_reserve: 1638,
        overhead_reserve: 1024,
        input_budget: 5530,
        overflow_rejected: false,
      })
      expect(audit.estimated_tokens_after_prune).toBeLessThanOrEqual(5530)
    }
    const summaries = (
      await database.pool.query('select * from session_summaries where session_id = $1 order by to_turn_index', [sessionId])
    ).rows
    expect(summaries.length).toBeGreaterThan(3)
    expect(summaries[0]).toMatchObject({
      summary_text: 'They count.',
      key_facts: ['one fact'],
      open_questions: ['why?'],
      used_fallback: false,
      from_turn_index: 1,
    })
    expect(audits.filter(audit => audit.summary_triggered)).toHaveLength(summaries.length)
    const last = endpoint.requests.findLast(request => request.purpose === 'agent')!.body.messages
    expect(last[0]!.content).toContain('They count.')
    expect(JSON.stringify(last)).not.toContain('Question 1:')
    expect(last.at(-1)!.content).toContain('Question 40:')
  })
})

test.each([
  ['prose', 'I would rather not.'],
  ['broken', '{"summary_text": '],
  ['empty', ''],
])('a summary answer that is %s is replaced by the beginning of its range', async (name, text) => {
  const ada = await user(`summary-${name}`)
  const { turns, sessionId } = await newDirectChat(ada, { key: 'fallback', model: 'small' })
  endpoint.reply(({ purpose }) => (purpose === 'summary' ? { chunks: [text] } : { chunks: ['ok'] }))
  let last = { body: {} as { summary_used_fallback?: boolean; summary_triggered?: boolean } }
  for (let index = 1; index <= 9; index++) last = await ada.post(turns, { message: `Message ${index}` })
  expect(last.body).toMatchObject({ summary_triggered: true, summary_used_fallback: true })
  const [summary] = (await database.pool.query('select * from session_summaries where session_id = $1', [sessionId])).rows
  expect(summary).toMatchObject({ used_fallback: true, from_turn_index: 1, to_turn_index: 4, key_facts: [] })
  expect(summary.summary_text).toContain('Message 1')
})

test('a message that cannot fit is refused with the figures before any call, and leaves no row', async () => {
  const ada = await user('overflow')
  const { turns, sessionId } = await newDirectChat(ada, { key: 'overflow', model: 'tiny' })
  const before = endpoint.requests.length
  const refused = await ada.post(turns, { message: 'word '.repeat(2000) })
  expect(refused).toMatchObject({ status: 422, body: { code: 'context_budget_exceeded', input_budget: 615, model_context_limit: 2048 } })
  expect(refused.body.estimated_tokens).toBeGreaterThan(615)
  expect(endpoint.requests).toHaveLength(before)
  expect((await database.pool.query('select from turn_runs where session_id = $1', [sessionId])).rowCount).toBe(0)
})

test('at a roundtable earlier answers that are too long are shortened with a visible mark', async () => {
  const ada = await user('shortened')
  const { turns } = await newCouncil(ada, 'roundtable', [
    { key: 'long', name: 'Long' },
    { key: 'small', name: 'Small', model: 'small' },
  ])
  endpoint.reply(({ agentKey }) => (agentKey === 'long' ? { chunks: ['much text '.repeat(3000)] } : { chunks: ['short'] }))
  const turn = await ada.post(turns, { message: 'Go.' })
  expect(turn.body.status).toBe('completed')
  const heard = JSON.stringify(endpoint.requests.at(-1)!.body.messages)
  expect(heard).toContain('shortened to fit')
  expect((heard.length / 4) * 1.25).toBeLessThan(5530 + 200)
})

test('each call sends the output reserve as its limit', async () => {
  const ada = await user('reserve')
  const { turns } = await newDirectChat(ada, { key: 'reserve', model: 'small' })
  endpoint.reply({ chunks: ['ok'] })
  await ada.post(turns, { message: 'Hi.' })
  expect(endpoint.requests.at(-1)!.body.max_tokens).toBe(1638)
})
