import { randomUUID } from 'node:crypto'
import { afterAll, expect, test } from 'vitest'
import { openDatabase } from '../../server/store/database.ts'
import { newDirectChat } from '../council.ts'
import { useTestDatabase } from '../database.ts'
import { startModelEndpoint } from '../model-endpoint.ts'
import { startProgram } from '../program.ts'
import { startSeverableProxy } from '../severable-proxy.ts'
import { contradictionsIn } from './books.ts'
import { newUser } from './council-load.ts'
import { converse } from './page-client.ts'

// A statement that the database has done and whose answer is lost, each of the four that a turn takes.

const { url, config } = await useTestDatabase()
const database = openDatabase({ config, namedStatements: true, onIdleError: () => undefined })
const proxy = await startSeverableProxy(url)
const endpoint = await startModelEndpoint()
const program = await startProgram({ DATABASE_URL: proxy.url, OPENROUTER_BASE_URL: endpoint.url })
afterAll(async () => {
  await program.stop()
  proxy.close()
  await endpoint.close()
  await database.close()
})

test.each(['load_turn', 'admit_turn'])(
  'a turn that was refused because the answer to %s was lost leaves nothing that runs',
  async statement => {
    const ada = await newUser(program.address, statement.replace('_', '-'))
    const { turns, sessionId } = await newDirectChat(ada, { key: 'sage' })
    const key = { 'idempotency-key': randomUUID() }
    const before = endpoint.requests.length
    proxy.loseAnswerTo(statement)
    expect(await ada.post(turns, { message: 'Go.' }, key)).toMatchObject({ status: 503, body: { code: 'unavailable' } })
    expect(endpoint.requests).toHaveLength(before)
    await expect.poll(async () => (await ada.get(`/sessions/${sessionId}`)).body.running_turn_id).toBeNull()
    expect(await ada.post(turns, { message: 'Go.' }, key)).toMatchObject({ status: 201, body: { status: 'completed', turn_index: 1 } })
    expect(await contradictionsIn(database)).toEqual({})
  },
)

test('who asks again at once is answered, by one turn', async () => {
  const ada = await newUser(program.address, 'impatient')
  const { turns } = await newDirectChat(ada, { key: 'sage' })
  proxy.loseAnswerTo('admit_turn')
  expect(await converse(ada, turns, 'Go.', 10_000)).toMatchObject({ status: 'completed', text: 'Hello world' })
  expect((await ada.get(turns)).body.total).toBe(1)
})

test.each(['write_journal', 'close_turn'])('a turn goes on when the answer to its %s was lost, and is paid once', async statement => {
  const ada = await newUser(program.address, statement.replace('_', '-'))
  const { turns } = await newDirectChat(ada, { key: 'sage', tools: ['search'] })
  const before = endpoint.requests.length
  // The second call is journalled while the turn runs.
  endpoint.reply(({ body }) =>
    body.messages.some(({ role }) => role === 'tool')
      ? { chunks: ['found'] }
      : { toolCalls: [{ id: 'look', name: 'search', arguments: '{"query":"x"}' }] },
  )
  proxy.loseAnswerTo(statement)
  expect(await ada.post(turns, { message: 'Go.' })).toMatchObject({ status: 201, body: { status: 'completed', assistant_output: 'found' } })
  expect(endpoint.requests).toHaveLength(before + 2)
  expect((await ada.get(turns)).body.total).toBe(1)
  expect(await contradictionsIn(database)).toEqual({})
})
