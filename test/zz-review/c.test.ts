import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { newCouncil, newDirectChat } from '../council.ts'
import { joinedText } from '../event-reader.ts'
import { useProgram } from '../program.ts'
import { outcomeOfLapsed } from '../../server/domain/lapsed-turn.ts'
import { createServer } from 'node:http'

const slow = createServer((_, res) => setTimeout(() => { res.setHeader('content-type', 'application/json'); res.end('{"results":[]}') }, 1200))
await new Promise<void>(r => slow.listen(0, '127.0.0.1', r))
const { user, endpoint, database, address } = await useProgram({ SEARXNG_BASE_URL: `http://127.0.0.1:${(slow.address() as any).port}`, TURN_MAX_SECONDS: '3', ORCHESTRATOR_MANAGER_MODEL_ALIAS: 'llama', MODEL_FIRST_TOKEN_TIMEOUT_MS: '20000' })
const setBalance = (userId: string, balance: string) => database.pool.query(`update credit_wallets set balance = $2 where user_id = $1`, [userId, balance])

test('F summary starves agent', async () => {
  const ada = await user('f')
  const { turns } = await newDirectChat(ada, { key: 'x' })
  const seen: any[] = []
  endpoint.reply(r => { seen.push([r.purpose, r.body.max_tokens]); return r.purpose === 'summary' ? { chunks: ['{"summary_text":"s"}'], firstTokenMs: 300 } : { chunks: ['ok'] } })
  for (let i = 0; i < 8; i++) await ada.post(turns, { message: 'm' + i })
  await database.pool.query(`insert into runtime_settings (key, value) values ('credit_enforcement_enabled', 'true')`)
  await sleep(300)
  await setBalance(ada.userId, '0.225')
  seen.length = 0
  const a = await ada.post(turns, { message: 'ninth' })
  console.log('F', a.status, a.body.code, a.body.detail, JSON.stringify(seen))
  seen.length = 0
  const again = await newDirectChat(ada, { key: 'y' })
  for (let i = 0; i < 1; i++) { const b = await ada.post(again.turns, { message: 'control' }); console.log('F control', b.status, JSON.stringify(seen)) }
  // I: over-reporting call, then a slow tool
  await setBalance(ada.userId, '1')
  const tooled = await newDirectChat(ada, { key: 'z', tools: ['search'] })
  let n = 0
  endpoint.reply(() => n++ === 0 ? { chunks: [], toolCalls: [{ id: 'c', name: 'search', arguments: '{"query":"x"}' }], usage: { fresh: 0, output: 50000 } } : { chunks: ['x'] })
  const run = ada.post(tooled.turns, { message: 'go' })
  await sleep(900)
  const r = await database.pool.query('select hold, journal from turn_runs where user_id = $1', [ada.userId])
  console.log('I hold', r.rows[0]?.hold, 'journal', JSON.stringify(Object.values(r.rows[0]?.journal ?? {}).map((e: any) => [e.state, e.call.amount])))
  const o = await run
  console.log('I', o.status, o.body.status, o.body.balance_after ?? o.body.detail)
  await database.pool.query(`delete from runtime_settings`)
  await sleep(300)
})

test('J agent keyed manager', async () => {
  const ada = await user('j')
  const { turns, sessionId } = await newCouncil(ada, 'orchestrator', [{ key: 'manager', name: 'Boss' }])
  endpoint.reply(r => ({ chunks: [r.purpose === 'manager_routing' ? '{"agent_key":"manager"}' : r.purpose === 'manager_synthesis' ? 'SYNTHESIS' : r.purpose === 'agent' ? 'BOSS' : '{"continue":false}'] }))
  await ada.post(turns, { message: 'go' })
  await ada.post(turns, { message: 'again' })
  const q = endpoint.requests.findLast(r => r.purpose === 'agent')!
  console.log('J', JSON.stringify(q.body.messages.slice(1)))
})

test('K time cap without output', async () => {
  const ada = await user('k')
  const { turns } = await newDirectChat(ada, { key: 'k' })
  endpoint.reply({ firstTokenMs: 15000 })
  const a = await ada.post(turns, { message: 'go' })
  console.log('K', a.status, JSON.stringify(a.body))
})

test('DD synthesis without bound', async () => {
  const ada = await user('dd')
  const { turns } = await newCouncil(ada, 'orchestrator', [{ key: 'one' }])
  endpoint.reply(r => r.purpose === 'manager_routing' ? { chunks: ['{"agent_key":"one"}'] } : r.purpose === 'agent' ? { chunks: Array(100).fill('w '), betweenMs: 100 } : { chunks: Array(100).fill('s '), betweenMs: 100 })
  const at = Date.now()
  const a = await ada.post(turns, { message: 'go' })
  console.log('DD', a.status, a.body.status, 'TURN_MAX_SECONDS=3, took', Date.now() - at)
})

test('O manager window', async () => {
  await database.pool.query(`update models set context_window = 2048 where alias = 'llama'`)
  await sleep(300)
  const ada = await user('o')
  const { turns } = await newCouncil(ada, 'orchestrator', [{ key: 'one', name: 'One' }, { key: 'two', name: 'Two' }])
  endpoint.reply(r => ({ chunks: [r.purpose === 'manager_routing' ? '{"selected_agent_keys":["one","two"]}' : r.purpose === 'manager_synthesis' ? 'SYNTHESIS' : r.purpose === 'agent' ? 'ANSWER '.repeat(200) : '{"continue":false}'] }))
  const from = endpoint.requests.length
  const a = await ada.post(turns, { message: 'word '.repeat(2000) })
  for (const r of endpoint.requests.slice(from)) if (r.purpose !== 'agent') { const t = JSON.stringify(r.body.messages); console.log('O', r.purpose, 'bytes', t.length, 'has answers', t.includes('ANSWER')) }
  console.log('O', a.body.status)
  await database.pool.query(`update models set context_window = 327680 where alias = 'llama'`)
  await sleep(300)
})

test('U many tool calls', async () => {
  const ada = await user('u')
  const { turns } = await newDirectChat(ada, { key: 'u', tools: ['search'] })
  endpoint.reply(() => ({ chunks: [], toolCalls: Array.from({ length: 3000 }, (_, i) => ({ id: 'c' + i, name: 'nothing', arguments: '{}' })) }))
  const at = Date.now()
  const a = await ada.post(turns, { message: 'go' })
  const r = await database.pool.query('select (select count(*) from messages where turn_id = $1) as m, (select count(*) from tool_call_events where turn_id = $1) as t', [a.body.id])
  console.log('U', a.status, JSON.stringify(r.rows), Date.now() - at, 'ms')
})

test('Z lapsed', () => {
  const call = (step: number, key: string): any => ({ requestId: 'r' + step, purpose: 'agent', agentId: null, agentKey: key, step, round: null, model: { alias: 'a', providerModel: 'm' }, worstCase: '0', status: 'success', providerModel: 'm', charged: true, credits: '1', amount: '1' })
  const o = outcomeOfLapsed({ mode: 'roundtable', message: 'x', speakers: [{ key: 'a', name: 'A' }, { key: 'b', name: 'B' }], journal: [{ state: 'ended', call: call(1, 'a'), answer: 'mine\n\nB: not mine' }, { state: 'ended', call: call(2, 'b'), answer: 'Let me search.' }] })
  console.log('Z', JSON.stringify(o.output), o.status)
})

test('P running detail', async () => {
  const ada = await user('p')
  const { turns } = await newDirectChat(ada, { key: 'p', tools: ['search'] })
  let n = 0
  endpoint.reply(() => n++ === 0 ? { chunks: [], toolCalls: [{ id: 'c', name: 'search', arguments: '{"query":"x"}' }] } : { chunks: ['x', 'y'], betweenMs: 800 })
  const s = await ada.stream(`${turns}/stream`, { message: 'go', events: 'detailed' })
  await sleep(1700)
  const d = (await ada.get(`${turns}/${s.headers.get('x-turn-id')}`)).body
  console.log('P', d.status, 'tool_calls', d.tool_calls.length, 'context', d.context.length)
  await s.all()
})

test('W suspended', async () => {
  const ada = await user('w')
  const { turns } = await newDirectChat(ada, { key: 'w' })
  endpoint.reply({ chunks: Array(20).fill('w '), betweenMs: 100 })
  const s = await ada.stream(`${turns}/stream`, { message: 'go' })
  await sleep(200)
  await database.pool.query('update users set suspended_at = now() where id = $1', [ada.userId])
  const ev = await s.all()
  console.log('W events after suspension', ev.length, ev.at(-1)?.data.type)
})

test('YY loop delay', { timeout: 120_000 }, async () => {
  const ada = await user('yy')
  const { turns } = await newCouncil(ada, 'roundtable', [{ key: 'a', model: 'premium' }, { key: 'b', model: 'premium' }])
  endpoint.reply({ chunks: ['ok'] })
  const big = 'Lorem ipsum dolor sit amet '.repeat(33000)
  const h = monitorEventLoopDelay({ resolution: 1 })
  for (let i = 0; i < 3; i++) {
    h.reset(); h.enable()
    const a = await ada.post(turns, { message: big })
    h.disable()
    console.log('YY', i, a.status, a.body.status ?? a.body.code, 'max loop delay', (h.max / 1e6).toFixed(0), 'ms')
  }
})

test('H poison sweep', { timeout: 60_000 }, async () => {
  const ada = await user('h')
  const a = await newDirectChat(ada, { key: 'h1' }), b = await newDirectChat(ada, { key: 'h2' })
  endpoint.reply({ chunks: Array(200).fill('w '), betweenMs: 100 })
  // two rows of a dead process
  for (const [i, s] of [a.sessionId, b.sessionId].entries())
    await database.pool.query(`insert into turn_runs (turn_id, session_id, user_id, turn_index, mode, request, owner_process, lease_until, journal)
      values ($1, $2, $3, 1, 'standalone', '{"message":"${i === 0 ? 'poison' : 'fine'}","roomId":null,"speakers":[],"supersedesTurnId":null}', 'dead', now(), '{}')`, [`00000000-0000-7000-8000-00000000000${i + 1}`, s, ada.userId])
  await database.pool.query(`update credit_wallets set running_turns = running_turns + 2 where user_id = $1`, [ada.userId])
  await database.pool.query(`create function refuse_poison() returns trigger language plpgsql as $$ begin if new.user_input = 'poison' then raise exception 'no'; end if; return new; end $$;
    create trigger refuse_poison before insert on turns for each row execute function refuse_poison()`)
  await sleep(14_000)
  console.log('H closed', JSON.stringify((await database.pool.query('select user_input from turns where user_id = $1', [ada.userId])).rows), 'left', JSON.stringify((await database.pool.query('select request->>$2 as m, fence from turn_runs where user_id = $1', [ada.userId, 'message'])).rows))
  await database.pool.query('drop trigger refuse_poison on turns')
})
