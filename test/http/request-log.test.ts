import { Writable } from 'node:stream'
import { pino } from 'pino'
import { afterAll, expect, test } from 'vitest'
import { readConfig } from '../../server/config.ts'
import { serve } from '../../server/program/serve.ts'
import { newDirectChat } from '../council.ts'
import { useTestDatabase } from '../database.ts'
import { createClient, JWT_SECRET, tokenFor } from '../program.ts'

const database = await useTestDatabase()
// biome-ignore lint/suspicious/noExplicitAny: lines are examined, not trusted
const lines: any[] = []
const sink = new Writable({
  write(line, _encoding, done) {
    lines.push(JSON.parse(String(line)))
    done()
  },
})
const reading = readConfig({ NODE_ENV: 'test', HOST: '127.0.0.1', PORT: '0', SUPABASE_JWT_SECRET: JWT_SECRET, DATABASE_URL: database.url })
if (reading.kind === 'wrong') throw new Error(reading.problems.join('; '))
const program = await serve(reading.config, '0.0.0-test', pino({ level: 'debug' }, sink), () => {})
afterAll(program.stop)
const ada = createClient(program.address, 'ada', await tokenFor('ada', 'ada@example.com'))

const requests = () => lines.filter(line => line.msg === 'request')

test('each request is one line: what was asked, by whom, with what answer', async () => {
  const room = await ada.post('/rooms', { name: 'Room' }, { 'x-trace-id': 'first' })
  await ada.get(`/rooms/${room.body.id}?q=1`, { 'x-trace-id': 'second' })
  await ada.get('/rooms/1', { 'x-trace-id': 'third' })
  await createClient(program.address, '', '').get('/rooms', { 'x-trace-id': 'fourth' })
  await ada.get('/nothing/secret', { 'x-trace-id': 'fifth' })
  const { turns } = await newDirectChat(ada, { key: 'logged' })
  await (await ada.stream(`${turns}/stream`, { message: 'Hello.' }, { headers: { 'x-trace-id': 'sixth' } })).all()
  const expected = [
    { trace_id: 'first', user_id: 'ada', method: 'POST', route: '/api/v1/rooms', status: 201 },
    { trace_id: 'second', user_id: 'ada', method: 'GET', route: '/api/v1/rooms/:room_id', status: 200 },
    { trace_id: 'third', user_id: 'ada', method: 'GET', route: '/api/v1/rooms/:room_id', status: 404 },
    { trace_id: 'fourth', method: 'GET', route: '/api/v1/rooms', status: 401 },
    { trace_id: 'fifth', method: 'GET', route: 'unknown', status: 404 },
    { trace_id: 'sixth', user_id: 'ada', method: 'POST', route: '/api/v1/sessions/:session_id/turns/stream', status: 200 },
  ]
  await expect.poll(() => requests().filter(line => line.trace_id === 'sixth')).toHaveLength(1)
  const named = new Set(expected.map(line => line.trace_id))
  const logged = requests().filter(line => named.has(line.trace_id))
  expect(logged).toHaveLength(expected.length)
  for (const [index, line] of logged.entries()) {
    expect(line).toMatchObject(expected[index]!)
    expect(line.ms).toBeGreaterThanOrEqual(0)
    expect('user_id' in line).toBe('user_id' in expected[index]!)
  }
})

test('a reader who leaves in the middle is one line, too', async () => {
  const { turns } = await newDirectChat(ada, { key: 'left' })
  const leave = new AbortController()
  const options = { signal: leave.signal, headers: { 'x-trace-id': 'seventh' } }
  const stream = await ada.stream(`${turns}/stream`, { message: 'Hello.' }, options)
  leave.abort()
  const own = () => requests().filter(line => line.trace_id === 'seventh')
  await expect.poll(own).toHaveLength(1)
  expect(own()[0]).toMatchObject({ status: 200, turn_id: stream.headers.get('x-turn-id'), user_id: 'ada' })
})

test('each model call and each close is one line, with the ids that lead from one to the other', async () => {
  const { turns } = await newDirectChat(ada, { key: 'called' })
  const turn = await ada.post(turns, { message: 'Hello.' }, { 'x-trace-id': 'eighth' })
  const ids = { trace_id: 'eighth', turn_id: turn.body.id, user_id: 'ada' }
  const own = (message: string) => lines.filter(line => line.msg === message && line.trace_id === 'eighth')
  await expect.poll(() => own('request')).toHaveLength(1)
  expect(own('model call')).toEqual([
    expect.objectContaining({
      ...ids,
      purpose: 'agent',
      model_alias: 'deepseek',
      provider_model: expect.any(String),
      latency_ms: expect.any(Number),
      time_to_first_token_ms: expect.any(Number),
      input_tokens_fresh: expect.any(Number),
      output_tokens: expect.any(Number),
      credits: turn.body.credits_burned,
      status: 'success',
    }),
  ])
  expect(own('turn closed')).toEqual([expect.objectContaining({ ...ids, mode: 'standalone', status: 'completed' })])
  expect(own('request')[0]).toMatchObject(ids)
})

test('no line holds a token, a body, a query or what an agent is told', async () => {
  const agent = await ada.post('/agents', { agent_key: 'quiet', name: 'Marzipan-1', model_alias: 'deepseek', role_prompt: 'Marzipan-2' })
  await ada.send('PATCH', `/agents/${agent.body.id}?q=Marzipan-3`, { name: 'Marzipan-4', role_prompt: `Marzipan-5${'\0'}` })
  await ada.post('/rooms', '{"name":"Marzipan-6')
  await createClient(program.address, '', 'Marzipan-7.x.y').get('/rooms')
  const session = await ada.post(`/agents/${agent.body.id}/sessions`, { title: 'Marzipan-8' })
  await ada.post(`/sessions/${session.body.id}/turns`, { message: 'Marzipan-9' })
  await database.pool.query('alter table rooms rename to rooms_elsewhere')
  await ada.post('/rooms', { name: 'Marzipan-10', goal: 'Marzipan-11' })
  await database.pool.query('alter table rooms_elsewhere rename to rooms')
  await expect.poll(() => requests().filter(line => line.status === 500)).toHaveLength(1)
  const text = JSON.stringify(lines)
  expect(text).not.toContain('Marzipan')
  expect(text).not.toContain(ada.token)
  expect(text).not.toContain(ada.token.split('.')[2])
  expect(lines.find(line => line.msg === 'internal error')?.err.message).toContain('rooms')
})
