import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { newCouncil, newDirectChat } from '../council.ts'
import { startChildProgram } from '../child-program.ts'
import { useTestDatabase } from '../database.ts'
import { createClient, tokenFor } from '../program.ts'
import { startModelEndpoint } from '../model-endpoint.ts'

const database = await useTestDatabase()
const endpoint = await startModelEndpoint()
afterAll(() => endpoint.close())
const p = await startChildProgram({ DATABASE_URL: database.url, OPENROUTER_BASE_URL: endpoint.url, RATE_LIMIT_TURNS_PER_MINUTE: '100000', RATE_LIMIT_TURNS_PER_HOUR: '100000', ORCHESTRATOR_MANAGER_MODEL_ALIAS: 'premium', SUMMARIZER_MODEL_ALIAS: 'premium' })
const ada = createClient(p.address, 'ada-id', await tokenFor('ada-id', 'ada@example.com'))
await ada.get('/auth/me')
// how long /health takes meanwhile, at most
async function worst(work: () => Promise<any>) {
  let max = 0, on = true
  const probe = (async () => { while (on) { const t = performance.now(); await fetch(p.address + '/health'); max = Math.max(max, performance.now() - t); await sleep(2) } })()
  const r = await work(); on = false; await probe
  return [r, max.toFixed(0) + ' ms'] as const
}
test('orchestrator with large history', { timeout: 120_000 }, async () => {
  endpoint.reply(r => ({ chunks: [r.purpose === 'manager_routing' ? '{"selected_agent_keys":["a","b","c"]}' : 'ok'] }))
  const big = 'Lorem ipsum dolor sit amet '.repeat(33000)
  const { turns } = await newCouncil(ada, 'orchestrator', ['a', 'b', 'c'].map(key => ({ key, model: 'premium' })))
  console.log('base', (await worst(() => sleep(1000)))[1])
  for (let i = 0; i < 3; i++) { const [a, m] = await worst(() => ada.post(turns, { message: big })); console.log('ORCH', i, a.status, a.body.status ?? a.body.code, 'worst /health', m) }
  const { turns: t2 } = await newCouncil(ada, 'orchestrator', ['d', 'e'].map(key => ({ key, model: 'premium' })))
  for (const msg of ['not all agents '.repeat(60000), '@b '.repeat(330000)]) { const [a, m] = await worst(() => ada.post(t2, { message: msg })); console.log('MSG', msg.slice(0, 10), a.status, a.body.status ?? a.body.code, 'worst /health', m) }
})
test('many tool calls', { timeout: 60_000 }, async () => {
  const { turns } = await newDirectChat(ada, { key: 'u', tools: ['file_read'], model: 'premium' })
  let n = 0
  endpoint.reply(() => n++ === 0 ? ({ chunks: [], toolCalls: Array.from({ length: 10000 }, (_, i) => ({ id: 'c' + i, name: 'nothing', arguments: '{}' })) }) : { chunks: ['ok'] })
  const [a, m] = await worst(() => ada.post(turns, { message: 'go' }))
  const r = await database.pool.query('select (select count(*) from messages where turn_id = $1) as m, (select count(*) from tool_call_events where turn_id = $1) as t', [a.body.id ?? a.body.turn_id])
  console.log('U', a.status, a.body.status ?? a.body.detail, JSON.stringify(r.rows), 'worst', m)
  const [b, m2] = await worst(() => ada.post(turns, { message: 'again' }))
  console.log('U next', b.status, b.body.status, 'worst', m2, 'sent', JSON.stringify(endpoint.requests.at(-1)!.body.messages).length)
})
test('rejoin of a long log', { timeout: 60_000 }, async () => {
  const { turns } = await newDirectChat(ada, { key: 'v', model: 'premium' })
  endpoint.reply({ rawChunks: Array.from({ length: 60_000 }, (_, i) => `data: {"choices":[{"delta":{"content":"w "}}]}\n\n`).concat(['data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n', 'data: [DONE]\n\n']) })
  const [a, m0] = await worst(() => ada.post(turns, { message: 'go' }))
  console.log('V turn', a.status, m0)
  const [ev, m] = await worst(async () => Promise.all(Array.from({ length: 20 }, async () => (await ada.follow(`${turns}/${a.body.id}/stream?after=1000000`)).all())))
  console.log('V', ev[0].length, 'worst with 20 rejoining', m)
})
