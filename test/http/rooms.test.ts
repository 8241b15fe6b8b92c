import { describe, expect, test } from 'vitest'
import { newAgent, newCouncil } from '../council.ts'
import { useProgram } from '../program.ts'

const { user, database, endpoint } = await useProgram()
const ada = await user('ada')

const UUID_7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const unsupportedMode = { status: 422, code: 'unsupported_mode', detail: 'unsupported mode; allowed: manual, roundtable, orchestrator' }

async function newRoom(fields: object = {}): Promise<string> {
  const made = await ada.post('/rooms', { name: 'Room', ...fields })
  expect(made.status).toBe(201)
  return made.body.id
}

describe('a room', () => {
  test('is made with what was given, trimmed, and with defaults for the rest', async () => {
    const made = await ada.post('/rooms', { name: '  War room ', goal: ' Peace. ' })
    expect(made.status).toBe(201)
    expect(made.body).toEqual({
      id: expect.stringMatching(UUID_7),
      owner_user_id: ada.userId,
      name: 'War room',
      goal: 'Peace.',
      current_mode: 'orchestrator',
      pending_mode: null,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      updated_at: made.body.created_at,
    })
    expect((await ada.get(`/rooms/${made.body.id}`)).body).toEqual(made.body)
    expect((await ada.post('/rooms', { name: 'Plain' })).body.goal).toBeNull()
  })

  test.each([
    ['manual', 'manual'],
    ['tag', 'manual'],
    [' roundtable ', 'roundtable'],
    ['orchestrator', 'orchestrator'],
  ])('takes the mode %j as %s', async (written, mode) => {
    expect((await ada.post('/rooms', { name: 'Modes', current_mode: written })).body.current_mode).toBe(mode)
    const id = await newRoom({ current_mode: mode === 'manual' ? 'roundtable' : 'manual' })
    const changed = await ada.send('PATCH', `/rooms/${id}/mode`, { mode: written })
    expect(changed.status).toBe(200)
    expect(changed.body).toMatchObject({ id, current_mode: mode, pending_mode: null })
  })

  test.each(['standalone', 'Manual', 'vote', '', 'm'.repeat(300), 'man\0ual', 'constructor'])('does not know the mode %j', async mode => {
    expect((await ada.post('/rooms', { name: 'Modes', current_mode: mode })).body).toMatchObject(unsupportedMode)
    const id = await newRoom()
    expect((await ada.send('PATCH', `/rooms/${id}/mode`, { mode })).body).toMatchObject(unsupportedMode)
    expect((await ada.get(`/rooms/${id}`)).body.current_mode).toBe('orchestrator')
  })

  test('is changed field by field; a goal of null is none', async () => {
    const id = await newRoom({ goal: 'Win.' })
    let before = (await ada.get(`/rooms/${id}`)).body
    for (const change of [{ name: 'Renamed' }, { goal: null }, { goal: 'Lose.', name: 'Twice' }]) {
      const { status, body } = await ada.send('PATCH', `/rooms/${id}`, change)
      expect(status).toBe(200)
      expect(body).toEqual({ ...before, ...change, updated_at: body.updated_at })
      expect(body.updated_at > before.updated_at).toBe(true)
      before = body
    }
    const mode = await ada.send('PATCH', `/rooms/${id}/mode`, { mode: 'manual' })
    expect(mode.body.updated_at > before.updated_at).toBe(true)
  })

  test.each<[string, object, string, string | RegExp]>([
    ['name that is missing', { name: undefined }, 'name', /string/],
    ['name that is blank', { name: ' \u3000\n' }, 'name', 'must not be blank'],
    ['name of 201 characters', { name: 'n'.repeat(201) }, 'name', 'must have at most 200 characters'],
    ['name with a NUL', { name: 'a\0' }, 'name', 'must not contain NUL characters'],
    ['goal with a NUL', { goal: 'a\0' }, 'goal', 'must not contain NUL characters'],
    ['goal of 10,001 characters', { goal: 'g'.repeat(10_001) }, 'goal', 'must have at most 10000 characters'],
    ['goal that is a number', { goal: 5 }, 'goal', /string/],
    ['mode that is null', { current_mode: null }, 'current_mode', /string/],
    ['pending mode that is given', { pending_mode: 'manual' }, 'pending_mode', 'is not a known field'],
    ['field of another kind', { agents: [] }, 'agents', 'is not a known field'],
  ])('refuses a %s by its path', async (_, fields, path, message) => {
    const answer = await ada.post('/rooms', { name: 'Refused', ...fields })
    expect(answer.body).toMatchObject({
      status: 422,
      code: 'validation_error',
      errors: [{ path, message: expect.stringMatching(message) }],
    })
    if (path !== 'name' || (fields as { name?: string }).name !== undefined) {
      const id = await newRoom()
      const changed = await ada.send('PATCH', `/rooms/${id}`, fields)
      expect(changed.body).toMatchObject({ status: 422, code: 'validation_error', errors: [{ path }] })
    }
  })

  test('keeps names of 200 characters, whatever they are', async () => {
    const name = '🏛'.repeat(200)
    expect((await ada.post('/rooms', { name })).body.name).toBe(name)
  })

  test('does not change its mode by the way, nor its name with its mode', async () => {
    const id = await newRoom()
    expect((await ada.send('PATCH', `/rooms/${id}`, { current_mode: 'manual' })).body.errors).toEqual([
      { path: 'current_mode', message: 'is not a known field' },
    ])
    expect((await ada.send('PATCH', `/rooms/${id}/mode`, { mode: 'manual', name: 'x' })).body.errors).toEqual([
      { path: 'name', message: 'is not a known field' },
    ])
    expect((await ada.send('PATCH', `/rooms/${id}/mode`, {})).body.errors).toMatchObject([{ path: 'mode' }])
  })
})

describe('a mode that is chosen while a turn runs in the room', () => {
  test('waits as pending until the next send, and may be taken back', async () => {
    const { roomId, turns } = await newCouncil(ada, 'roundtable', [{ key: 'slow' }])
    endpoint.reply({ chunks: ['One ', 'moment'], hangAfter: 1 })
    const stream = await ada.stream(`${turns}/stream`, { message: 'Think.' })
    const waiting = await ada.send('PATCH', `/rooms/${roomId}/mode`, { mode: 'manual' })
    expect(waiting.body).toMatchObject({ current_mode: 'roundtable', pending_mode: 'manual' })
    expect((await ada.send('PATCH', `/rooms/${roomId}/mode`, { mode: 'roundtable' })).body).toMatchObject({
      current_mode: 'roundtable',
      pending_mode: null,
    })
    await ada.send('PATCH', `/rooms/${roomId}/mode`, { mode: 'manual' })
    await ada.post(`${turns}/${stream.headers.get('x-turn-id')}/cancel`)
    await stream.all()
    endpoint.reply({})
    expect((await ada.get(`/rooms/${roomId}`)).body).toMatchObject({ current_mode: 'roundtable', pending_mode: 'manual' })
    const next = await ada.post(turns, { message: 'Go on, @slow.' })
    expect(next.body).toMatchObject({ mode: 'manual', status: 'completed' })
    expect((await ada.get(`/rooms/${roomId}`)).body).toMatchObject({ current_mode: 'manual', pending_mode: null })
  })
})

describe('a deleted room', () => {
  test('is gone with its sessions, and comes back with those that were not deleted before', async () => {
    const { roomId, sessionId, turns, agents } = await newCouncil(ada, 'roundtable', [{ key: 'stays' }])
    await ada.post(turns, { message: 'Hello.' })
    const other = (await ada.post(`/rooms/${roomId}/sessions`)).body.id
    await ada.send('DELETE', `/rooms/${roomId}/sessions/${other}`)
    const before = (await ada.get(`/rooms/${roomId}`)).body

    expect((await ada.send('DELETE', `/rooms/${roomId}`)).status).toBe(204)
    for (const path of [`/rooms/${roomId}`, `/rooms/${roomId}/sessions`, `/rooms/${roomId}/agents`, `/sessions/${sessionId}`, turns])
      expect((await ada.get(path)).status, path).toBe(404)
    expect((await ada.post(`/sessions/${sessionId}/restore`)).body.detail).toBe('Session not found.')
    expect((await ada.get('/rooms')).body.map((room: { id: string }) => room.id)).not.toContain(roomId)
    const { rows } = await database.pool.query('select deleted_at, updated_at from rooms where id = $1', [roomId])
    expect(rows[0].deleted_at).not.toBeNull()
    expect(rows[0].updated_at > before.updated_at).toBe(true)

    const back = await ada.post(`/rooms/${roomId}/restore`)
    expect(back.status).toBe(200)
    expect(back.body).toEqual({ ...before, updated_at: back.body.updated_at })
    expect(back.body.updated_at > rows[0].updated_at).toBe(true)
    expect((await ada.get(`/rooms/${roomId}/sessions`)).body.map((session: { id: string }) => session.id)).toEqual([sessionId])
    expect((await ada.get(turns)).body.total).toBe(1)
    expect((await ada.get(`/rooms/${roomId}/agents`)).body).toMatchObject([{ agent_id: agents.stays, position: 1 }])
  })

  test('that is not deleted at all is restored to what it is', async () => {
    const before = await ada.get(`/rooms/${await newRoom()}`)
    const restored = await ada.post(`/rooms/${before.body.id}/restore`)
    expect(restored.status).toBe(200)
    expect(restored.body).toEqual(before.body)
  })

  test('is gone for good after seven days', async () => {
    const id = await newRoom()
    await ada.send('DELETE', `/rooms/${id}`)
    await database.pool.query(`update rooms set deleted_at = now() - interval '6 days 23 hours' where id = $1`, [id])
    expect((await ada.post(`/rooms/${id}/restore`)).status).toBe(200)
    await ada.send('DELETE', `/rooms/${id}`)
    await database.pool.query(`update rooms set deleted_at = now() - interval '7 days 1 second' where id = $1`, [id])
    expect((await ada.post(`/rooms/${id}/restore`)).body).toMatchObject({ status: 404, detail: 'Room not found.' })
  })

  test('takes its running turn along, which is cancelled, stored and paid for', async () => {
    const { roomId, turns } = await newCouncil(ada, 'roundtable', [{ key: 'cut' }])
    endpoint.reply({ chunks: ['Half ', 'done'], hangAfter: 1 })
    const stream = await ada.stream(`${turns}/stream`, { message: 'Begin.' })
    await ada.send('DELETE', `/rooms/${roomId}`)
    expect((await stream.all()).at(-1)!.data).toMatchObject({ type: 'done', status: 'cancelled' })
    endpoint.reply({})
    await ada.post(`/rooms/${roomId}/restore`)
    expect((await ada.get(turns)).body.turns).toMatchObject([{ status: 'cancelled' }])
  })
})

test('rooms are listed newest first, in a total order, at most 500', async () => {
  const many = await user('many')
  const made: string[] = []
  for (const name of ['one', 'two', 'three']) made.push((await many.post('/rooms', { name })).body.id)
  const listed = async () => (await many.get('/rooms')).body.map((room: { id: string }) => room.id)
  expect(await listed()).toEqual(made.toReversed())
  await database.pool.query('update rooms set created_at = now() where owner_user_id = $1', [many.userId])
  // The order is the query's own, not that of an index that happens to be read.
  await database.pool.query('drop index rooms_owner')
  expect(await listed()).toEqual(made.toReversed())
  await database.pool.query(
    `insert into rooms (id, owner_user_id, name, current_mode) select gen_random_uuid(), $1, 'r' || n, 'manual' from generate_series(1, 510) as n`,
    [many.userId],
  )
  expect(await listed()).toHaveLength(500)
})

test('a list of rooms tells of each who speaks first and when it was last used, without another request', async () => {
  const lister = await user('lister')
  const { roomId, sessionId, turns, agents } = await newCouncil(lister, 'manual', [{ key: 'one', name: 'First' }, { key: 'two' }])
  const listed = async () => (await lister.get('/rooms')).body.find((room: { id: string }) => room.id === roomId)
  expect(await listed()).toMatchObject({
    last_used_at: null,
    agents: [
      { id: agents.one, agent_key: 'one', name: 'First' },
      { id: agents.two, agent_key: 'two', name: 'two' },
    ],
  })
  endpoint.reply({})
  for (const message of ['@one hello', '@two hello']) expect((await lister.post(turns, { message })).status).toBe(201)
  const newest = (await lister.get(turns)).body.turns.at(-1)
  expect((await listed()).last_used_at).toBe(newest.created_at)

  await lister.send('PUT', `/rooms/${roomId}/agents/order`, { agent_ids: [agents.two, agents.one] })
  expect((await listed()).agents.map((agent: { agent_key: string }) => agent.agent_key)).toEqual(['two', 'one'])
  await lister.send('DELETE', `/agents/${agents.two}`)
  await lister.send('DELETE', `/rooms/${roomId}/sessions/${sessionId}`)
  expect(await listed()).toMatchObject({ last_used_at: null, agents: [{ agent_key: 'one' }] })
  for (let at = 0; at < 21; at += 1)
    await lister.post(`/rooms/${roomId}/agents`, { agent_id: await newAgent(lister, { key: `more-${at}` }) })
  expect((await listed()).agents).toHaveLength(20)
  await lister.send('DELETE', `/rooms/${roomId}`)
  const [deleted] = (await lister.get('/rooms?deleted=true')).body
  expect([deleted.agents, deleted.last_used_at]).toEqual([undefined, undefined])
})

test('an agent in two rooms leaves both when it is deleted', async () => {
  const shared = await newAgent(ada, { key: 'shared' })
  const rooms = await Promise.all([newRoom(), newRoom()])
  for (const room of rooms) {
    await ada.post(`/rooms/${room}/agents`, { agent_id: shared })
    await ada.post(`/rooms/${room}/agents`, { agent_id: await newAgent(ada, { key: `after-${room.slice(-6)}` }) })
  }
  await ada.send('DELETE', `/agents/${shared}`)
  for (const room of rooms) {
    const { body } = await ada.get(`/rooms/${room}/agents`)
    expect(body).toMatchObject([{ agent: { agent_key: `after-${room.slice(-6)}` }, position: 1 }])
  }
})
