import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { newCouncil, newDirectChat } from '../council.ts'
import { joinedText, type ReadEvent } from '../event-reader.ts'
import { type Client, useProgram } from '../program.ts'

const { user, endpoint, database } = await useProgram()

const words = (count: number) => Array.from({ length: count }, (_, index) => `word${index} `)

test('deltas reach the reader as they leave the provider, not in one piece', async () => {
  const ada = await user('pace')
  const { turns } = await newDirectChat(ada, { key: 'pace' })
  endpoint.reply({ chunks: words(10), betweenMs: 60 })
  const events = await (await ada.stream(`${turns}/stream`, { message: 'Slowly.' })).all()
  const chunks = events.filter(({ data }) => data.type === 'chunk')
  expect(chunks).toHaveLength(10)
  const gaps = chunks.slice(1).map((chunk, index) => chunk.at - chunks[index]!.at)
  const middle = gaps.toSorted((a, b) => a - b)[4]!
  expect(middle).toBeGreaterThan(40)
  expect(middle).toBeLessThan(90)
})

test('a client that leaves changes nothing, and may come back for the rest', async () => {
  const ada = await user('leaver')
  const { turns } = await newDirectChat(ada, { key: 'leaver' })
  endpoint.reply({ chunks: words(20), betweenMs: 20 })
  const leaving = new AbortController()
  const stream = await ada.stream(`${turns}/stream`, { message: 'Go on without me.' }, { signal: leaving.signal })
  const seen: ReadEvent[] = []
  for await (const event of stream.events()) {
    seen.push(event)
    if (seen.length === 3) break
  }
  leaving.abort()
  const turnId = stream.headers.get('x-turn-id')!
  const rest = await (await ada.follow(`${turns}/${turnId}/stream`, { headers: { 'last-event-id': String(seen.at(-1)!.id) } })).all()
  expect(rest[0]!.id).toBe(4)
  expect(joinedText([...seen, ...rest])).toBe(words(20).join(''))
  expect((await ada.get(`${turns}/${turnId}`)).body).toMatchObject({ status: 'completed', assistant_output: words(20).join('') })
})

test('fifty clients, cut at random and rejoining up to ten times, read every delta once and in order', async () => {
  const ada = await user('fifty')
  const { turns } = await newCouncil(ada, 'roundtable', [{ key: 'one' }, { key: 'two' }])
  endpoint.reply({ chunks: words(60), betweenMs: 10 })
  const first = await ada.stream(`${turns}/stream`, { message: 'Talk.', events: 'detailed' })
  const turnId = first.headers.get('x-turn-id')!
  const readers = Array.from({ length: 50 }, (_, index) =>
    readWithCuts(ada, `${turns}/${turnId}/stream?events=${index % 2 ? 'basic' : 'detailed'}`, index),
  )
  const read = await Promise.all(readers)
  const output = (await ada.get(`${turns}/${turnId}`)).body.assistant_output
  for (const [index, events] of read.entries()) {
    expect(events.map(event => event.id)).toEqual(events.map((_, position) => position + 1))
    expect(events.at(-1)!.data.type).toBe('done')
    if (index % 2) expect(joinedText(events)).toBe(output)
  }
})

/** Deterministic cuts, different for each reader. */
async function readWithCuts(client: Client, path: string, seed: number): Promise<ReadEvent[]> {
  const events: ReadEvent[] = []
  for (let joins = 0; joins <= 10; joins++) {
    const cut = new AbortController()
    const stream = await client.follow(path, { signal: cut.signal, headers: { 'last-event-id': String(events.at(-1)?.id ?? 0) } })
    const readBeforeCut = joins === 10 ? Number.POSITIVE_INFINITY : 1 + ((seed * 7 + joins * 13) % 17)
    let count = 0
    for await (const event of stream.events()) {
      events.push(event)
      if (event.data.type === 'done') return events
      if (++count >= readBeforeCut) break
    }
    cut.abort()
  }
  return events
}

test('cancel reaches the provider within a second; what was produced is stored and paid', async () => {
  const ada = await user('cancel')
  const { turns } = await newDirectChat(ada, { key: 'cancel' })
  endpoint.reply({ chunks: words(500), betweenMs: 20 })
  const stream = await ada.stream(`${turns}/stream`, { message: 'Endless.' })
  const turnId = stream.headers.get('x-turn-id')!
  const events: ReadEvent[] = []
  let cancelledAt = 0
  for await (const event of stream.events()) {
    events.push(event)
    if (events.length === 5) {
      cancelledAt = Date.now()
      expect((await ada.post(`${turns}/${turnId}/cancel`)).status).toBe(202)
      expect((await ada.post(`${turns}/${turnId}/cancel`)).status).toBe(202)
    }
  }
  expect(events.at(-1)!.data).toMatchObject({ type: 'done', status: 'cancelled' })
  await expect.poll(() => endpoint.requests.at(-1)!.closedEarlyAt).not.toBeNull()
  expect(endpoint.requests.at(-1)!.closedEarlyAt! - cancelledAt).toBeLessThan(1000)
  const turn = (await ada.get(`${turns}/${turnId}`)).body
  expect(turn).toMatchObject({ status: 'cancelled', assistant_output: joinedText(events) })
  expect(turn.assistant_output).not.toBe('')
  expect(turn.credits_burned).not.toBe('0')
  expect(turn.calls).toMatchObject([{ status: 'cancelled' }])
  // Once more, when it is over.
  expect((await ada.post(`${turns}/${turnId}/cancel`)).status).toBe(202)
  expect((await ada.get(`${turns}/${turnId}`)).body.status).toBe('cancelled')
})

test('a second turn in a session that runs one is refused and leaves no row', async () => {
  const ada = await user('second')
  const { turns, sessionId } = await newDirectChat(ada, { key: 'second' })
  endpoint.reply({ chunks: words(10), betweenMs: 30 })
  const running = ada.post(turns, { message: 'First.' })
  await expect.poll(async () => (await ada.get(`/sessions/${sessionId}`)).body.running_turn_id).not.toBeNull()
  expect(await ada.post(turns, { message: 'Second.' })).toMatchObject({ status: 409, body: { code: 'turn_in_progress' } })
  const id = (await ada.get(`/sessions/${sessionId}`)).body.running_turn_id
  expect((await ada.get(`${turns}/${id}`)).body).toMatchObject({
    status: 'running',
    user_input: 'First.',
    calls: [{ status: 'running', purpose: 'agent' }],
  })
  expect((await running).status).toBe(201)
  const rows = await database.pool.query('select user_input from turns where session_id = $1', [sessionId])
  expect(rows.rows).toEqual([{ user_input: 'First.' }])
})

test('the log of a closed turn replays for whoever joins late, and without it the stored output comes in one piece', async () => {
  const ada = await user('late')
  const { turns, sessionId } = await newDirectChat(ada, { key: 'late' })
  endpoint.reply({ chunks: ['a', 'b'] })
  const closed = (await ada.post(turns, { message: 'Hi.' })).body
  const replay = await (await ada.follow(`${turns}/${closed.id}/stream`)).all()
  expect(joinedText(replay)).toBe('ab')
  // A turn of whose log this process knows nothing.
  await database.pool.query(
    `insert into turns (id, session_id, user_id, turn_index, mode, user_input, assistant_output, status, model_alias_used, provider_model)
    values ('00000000-0000-7000-8000-000000000001', $1, $2, 99, 'standalone', 'x', 'stored', 'completed', 'deepseek', 'm')`,
    [sessionId, ada.userId],
  )
  const stored = await (await ada.follow(`${turns}/00000000-0000-7000-8000-000000000001/stream`)).all()
  expect(stored.map(({ data }) => data.type)).toEqual(['chunk', 'done'])
  const again = await (await ada.follow(`${turns}/00000000-0000-7000-8000-000000000001/stream?after=7`)).all()
  expect(again.map(({ data }) => data.type)).toEqual(['reset', 'chunk', 'done'])
})

test('the detailed stream tells of every step in the order of its life', async () => {
  const ada = await user('detailed')
  const { turns } = await newCouncil(ada, 'orchestrator', [{ key: 's1', name: 'S1' }])
  endpoint.reply(({ purpose }) => ({
    chunks: purpose === 'manager_routing' ? ['{"agent_key":"s1"}'] : purpose === 'manager_evaluation' ? ['{"continue":false}'] : ['text'],
    usage: { fresh: 10, output: 5 },
  }))
  const events = await (await ada.stream(`${turns}/stream`, { message: 'Go.', events: 'detailed' })).all()
  expect(events.map(({ data }) => data.type)).toEqual([
    'turn_started',
    'manager_think',
    'round_start',
    'agent_start',
    'chunk',
    'agent_end',
    'round_end',
    'manager_think',
    'agent_start',
    'chunk',
    'agent_end',
    'done',
  ])
  expect(events[5]!.data).toMatchObject({
    step: 1,
    agent_key: 's1',
    status: 'success',
    usage: { input_tokens_fresh: 10, output_tokens: 5 },
    credits: '0.0008',
  })
  expect(events[8]!.data).toMatchObject({ step: 2, agent_key: 'manager', agent_name: 'Manager', round: null })
})

test('deleting a session cancels its running turn', async () => {
  const ada = await user('deleter')
  const { turns, agentId, sessionId } = await newDirectChat(ada, { key: 'deleter' })
  endpoint.reply({ chunks: words(300), betweenMs: 20 })
  const running = await ada.stream(`${turns}/stream`, { message: 'Endless.' })
  await sleep(100)
  expect((await ada.send('DELETE', `/agents/${agentId}/sessions/${sessionId}`)).status).toBe(204)
  expect((await running.all()).at(-1)!.data).toMatchObject({ type: 'done', status: 'cancelled' })
})
