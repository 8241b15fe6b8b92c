import { afterAll, expect, test } from 'vitest'
import { startChildProgram } from '../child-program.ts'
import { newCouncil } from '../council.ts'
import { useTestDatabase } from '../database.ts'
import { startModelEndpoint } from '../model-endpoint.ts'
import { type Client, createClient, tokenFor } from '../program.ts'

const database = await useTestDatabase()
const endpoint = await startModelEndpoint()
afterAll(() => endpoint.close())

const startChild = () => startChildProgram({ DATABASE_URL: database.url, OPENROUTER_BASE_URL: endpoint.url })

async function clientAt(address: string): Promise<Client> {
  return createClient(address, 'ada-id', await tokenFor('ada-id', 'ada@example.com'))
}

const speaks = (key: string | null) =>
  key === 'one' ? { chunks: ['finished'], usage: { fresh: 1000, output: 1000 } } : { chunks: ['never ', 'ends'], hangAfter: 1 }

test('a turn whose server was killed is closed by the next one: finished calls paid once, the unfinished one unknown and free', {
  timeout: 60_000,
}, async () => {
  const first = await startChild()
  const ada = await clientAt(first.address)
  const { turns, sessionId } = await newCouncil(ada, 'roundtable', [
    { key: 'one', name: 'One' },
    { key: 'two', name: 'Two' },
  ])
  endpoint.reply(({ agentKey }) => speaks(agentKey))
  const stream = await ada.stream(`${turns}/stream`, { message: 'Go.' })
  const turnId = stream.headers.get('x-turn-id')!
  let seen = 0
  for await (const event of stream.events()) {
    seen = event.id
    if (event.data.delta?.includes('never')) break
  }
  await first.end('SIGKILL')
  // The lease would lapse by itself within 20 s.
  await database.pool.query('update turn_runs set lease_until = now()')

  const second = await startChild()
  const again = await clientAt(second.address)
  const rest = await (await again.follow(`${turns}/${turnId}/stream`, { headers: { 'last-event-id': String(seen) } })).all()
  expect(rest.map(({ data }) => data.type)).toEqual(['reset', 'chunk', 'done'])
  expect(rest.at(-1)!.data).toMatchObject({ status: 'partial' })
  const turn = (await again.get(`${turns}/${turnId}`)).body
  expect(turn.assistant_output).toBe('One: finished\n\nTwo: \n[[agent_error]] agent=Two code=interrupted')
  expect(turn.calls.map((call: { status: string; credits_burned: string }) => [call.status, call.credits_burned])).toEqual([
    ['success', '0.135'],
    ['unknown', '0'],
  ])
  expect((await again.get('/users/me/wallet')).body.balance).toBe('99.865')
  expect((await again.get(`/sessions/${sessionId}`)).body.running_turn_id).toBeNull()
  endpoint.reply({ chunks: ['on we go'] })
  expect((await again.post(turns, { message: 'And now?' })).status).toBe(201)
  await second.end('SIGKILL')
})

test('a server that starts when the database is back leaves others the time to renew their leases', { timeout: 60_000 }, async () => {
  const first = await startChild()
  const ada = await clientAt(first.address)
  const { turns } = await newCouncil(ada, 'roundtable', [{ key: 'slow', name: 'Slow' }])
  endpoint.reply({ chunks: Array(20).fill('word '), betweenMs: 600 })
  const running = ada.post(turns, { message: 'Take your time.' })
  await expect.poll(async () => (await database.pool.query('select from turn_runs')).rowCount).toBe(1)
  // As after an outage that was longer than a lease.
  await database.pool.query("update turn_runs set lease_until = now() - interval '1 minute'")
  const second = await startChild()
  expect((await running).body).toMatchObject({ status: 'completed', assistant_output: 'word '.repeat(20) })
  for (const server of [first, second]) await server.end('SIGKILL')
})

test('a server that is told to stop closes what still runs after its grace, as partial', { timeout: 60_000 }, async () => {
  const { child, address, end } = await startChild()
  const ada = await clientAt(address)
  const { turns } = await newCouncil(ada, 'roundtable', [{ key: 'stop-one', name: 'One' }])
  endpoint.reply({ chunks: ['half ', 'rest'], hangAfter: 1 })
  const stream = await ada.stream(`${turns}/stream`, { message: 'Go.' })
  const events = stream.events()
  await events.next()
  await end('SIGTERM')
  expect(child.exitCode).toBe(0)
  const { rows } = await database.pool.query('select status, assistant_output from turns where id = $1', [stream.headers.get('x-turn-id')])
  expect(rows).toEqual([{ status: 'partial', assistant_output: 'half ' }])
})
