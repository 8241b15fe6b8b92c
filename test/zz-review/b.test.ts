import { request as httpRequest } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { startChildProgram } from '../child-program.ts'
import { newCouncil, newDirectChat } from '../council.ts'
import { useTestDatabase } from '../database.ts'
import { startModelEndpoint } from '../model-endpoint.ts'
import { type Client, createClient, tokenFor, startProgram } from '../program.ts'

const database = await useTestDatabase()
const endpoint = await startModelEndpoint()
afterAll(() => endpoint.close())
const env = { DATABASE_URL: database.url, OPENROUTER_BASE_URL: endpoint.url, RATE_LIMIT_TURNS_PER_MINUTE: '100000', RATE_LIMIT_TURNS_PER_HOUR: '100000' }
const clientAt = async (address: string, n = 'ada'): Promise<Client> => createClient(address, `${n}-id`, await tokenFor(`${n}-id`, `${n}@example.com`))

test('b: unhandled rejection', { timeout: 90_000 }, async () => {
  const p = await startChildProgram(env)
  const ada = await clientAt(p.address)
  await ada.get('/auth/me')
  const { turns, sessionId } = await newDirectChat(ada, { key: 'x' })
  endpoint.reply({ chunks: ['ok'] })
  for (let i = 0; i < 8; i++) await ada.post(turns, { message: 'm' + i })
  endpoint.reply(r => r.purpose === 'summary' ? { status: 429, headers: { 'retry-after': '2' } } : { chunks: ['slow', 'er'], betweenMs: 5000 })
  const running = ada.post(turns, { message: 'ninth' }).catch(e => 'connection: ' + e.cause?.code)
  await sleep(800)
  await database.pool.query('update turn_runs set fence = fence + 1 where session_id = $1', [sessionId])
  await sleep(4000)
  console.log('B exitCode', p.child.exitCode, 'client', JSON.stringify(await Promise.race([running, sleep(6000, 'still waiting')]))?.slice(0, 200))
  await p.end('SIGKILL')
  await database.pool.query('delete from turn_runs')
})

test('c: stream opened after client left', { timeout: 60_000 }, async () => {
  const program = await startProgram(env)
  const ada = await clientAt(program.address, 'cee')
  await ada.get('/auth/me')
  const { turns } = await newDirectChat(ada, { key: 'c' })
  endpoint.reply({ chunks: ['ok'] })
  await ada.post(turns, { message: 'warm' })
  const count = () => process.getActiveResourcesInfo().filter(x => x === 'Timeout').length
  await sleep(1500)
  const before = count()
  // hold the wallet row, so admission waits, and leave meanwhile
  for (let i = 0; i < 5; i++) {
    const c = await database.pool.connect()
    await c.query('begin'); await c.query('select 1 from credit_wallets where user_id = $1 for update', [ada.userId])
    const u = new URL(`${program.address}/api/v1${turns}/stream`)
    const body = JSON.stringify({ message: 'bye' })
    const r = httpRequest(u, { method: 'POST', headers: { authorization: `Bearer ${ada.token}`, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } })
    r.on('error', () => {}); r.end(body)
    await sleep(150); r.destroy(); await sleep(100)
    await c.query('commit'); c.release()
    await sleep(500)
  }
  await sleep(2000)
  console.log('C timers before', before, 'after 5 leavers', count())
  await sleep(32000)
  console.log('C timers 32 s later', count())
  await program.stop()
})

test('d: delete session against close', { timeout: 60_000 }, async () => {
  const program = await startProgram({ ...env, LOG_LEVEL: 'error' })
  const ada = await clientAt(program.address, 'dee')
  await ada.get('/auth/me')
  let bad = 0, failedDelete = 0, N = 150
  endpoint.reply({ chunks: ['ok'] })
  const agents = await newDirectChat(ada, { key: 'd' })
  for (let i = 0; i < N; i++) {
    const s = (await ada.post(`/agents/${agents.agentId}/sessions`)).body.id
    const st = await ada.stream(`/sessions/${s}/turns/stream`, { message: 'x' })
    const it = st.events()
    const del = (async () => { await it.next(); return ada.send('DELETE', `/agents/${agents.agentId}/sessions/${s}`) })()
    const evs: any[] = []
    const d = await del
    for await (const e of it) evs.push(e.data)
    if (evs.some(e => e.type === 'error')) { bad++; if (bad < 3) console.log('D', JSON.stringify(evs)) }
    if (d.status !== 204) { failedDelete++; if (failedDelete < 3) console.log('D delete', d.status, JSON.stringify(d.body)) }
  }
  console.log('D of', N, 'turn errors', bad, 'delete failures', failedDelete)
  await program.stop()
})

test('e: cancel while the listener reconnects', { timeout: 60_000 }, async () => {
  const a = await startChildProgram(env)
  const b = await startChildProgram(env)
  const onA = await clientAt(a.address, 'eve'); await onA.get('/auth/me')
  const onB = await clientAt(b.address, 'eve')
  const { turns } = await newDirectChat(onA, { key: 'e' })
  endpoint.reply({ chunks: Array.from({ length: 400 }, () => 'w '), betweenMs: 50 })
  const s = await onA.stream(`${turns}/stream`, { message: 'long' })
  const id = s.headers.get('x-turn-id')
  const it = s.events(); await it.next()
  await database.pool.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pantheon changes' and datname = current_database()`)
  const c = await onB.post(`${turns}/${id}/cancel`)
  await sleep(12000)
  const { rows } = await database.pool.query('select cancel_requested_at is not null as asked from turn_runs where turn_id = $1', [id])
  console.log('E cancel', c.status, 'still running 12 s later:', JSON.stringify(rows))
  await a.end('SIGKILL'); await b.end('SIGKILL')
  await database.pool.query('delete from turn_runs')
})
