import { v7 as uuidv7 } from 'uuid'
import { describe, expect, test } from 'vitest'
import { newAgent, newCouncil, newDirectChat } from '../council.ts'
import { type Client, useProgram } from '../program.ts'

const { user, database, endpoint } = await useProgram()
const ada = await user('ada')

const idsOf = (list: { id: string }[]) => list.map(({ id }) => id)
const newRoom = async () => (await ada.post('/rooms', { name: 'Room' })).body.id as string
let keys = 0
/** A room and an agent, each as the path that sessions lie below. */
const scopes = async () => [`/rooms/${await newRoom()}`, `/agents/${await newAgent(ada, { key: `scope-${keys++}` })}`]

describe('a session', () => {
  test('belongs to a room or to an agent, to exactly one of them', async () => {
    for (const scope of await scopes()) {
      const made = await ada.post(`${scope}/sessions`, { title: '  First talk ' })
      expect(made.status).toBe(201)
      const scopeId = scope.split('/')[2]
      expect(made.body).toEqual({
        id: expect.stringMatching(/^[0-9a-f-]{14}7/),
        room_id: scope.startsWith('/rooms') ? scopeId : null,
        agent_id: scope.startsWith('/agents') ? scopeId : null,
        title: 'First talk',
        running_turn_id: null,
        started_by_user_id: ada.userId,
        created_at: expect.stringMatching(/Z$/),
        deleted_at: null,
      })
      expect((await ada.get(`/sessions/${made.body.id}`)).body).toEqual(made.body)
      expect((await ada.get(`${scope}/sessions`)).body).toEqual([made.body])
    }
    for (const both of [
      [uuidv7(), uuidv7()],
      [null, null],
    ])
      await expect(
        database.pool.query('insert into sessions (id, room_id, agent_id, started_by_user_id) values (gen_random_uuid(), $1, $2, $3)', [
          ...both,
          ada.userId,
        ]),
      ).rejects.toMatchObject({ constraint: 'sessions_one_scope' })
  })

  test('begins without a title, and without a body', async () => {
    for (const scope of await scopes()) {
      for (const body of [undefined, {}, '']) {
        const made = await ada.post(`${scope}/sessions`, body)
        expect([made.status, made.body.title]).toEqual([201, null])
      }
    }
  })

  test('is titled by the first 80 characters of its first message until it is named', async () => {
    const { sessionId, turns } = await newDirectChat(ada, { key: 'titles' })
    const session = () => ada.get(`/sessions/${sessionId}`).then(answer => answer.body.title)
    await ada.post(turns, { message: `  ${'What is it? '.repeat(20)}` })
    expect(await session()).toBe('What is it? '.repeat(20).slice(0, 80))
    await ada.post(turns, { message: 'And now?' })
    expect(await session()).toBe('What is it? '.repeat(20).slice(0, 80))
    const named = await ada.send('PATCH', `/sessions/${sessionId}`, { title: ' Named ' })
    expect(named.status).toBe(200)
    expect(named.body).toEqual({ ...(await ada.get(`/sessions/${sessionId}`)).body, title: 'Named' })
    await ada.post(turns, { message: 'Still?' })
    expect(await session()).toBe('Named')
  })

  test.each<[string, unknown, string, string | RegExp]>([
    ['blank', '  ', 'title', 'must not be blank'],
    ['too long', 't'.repeat(201), 'title', 'must have at most 200 characters'],
    ['no text', 5, 'title', /string/],
    ['null', null, 'title', /string/],
    ['NUL', 'a\0b', 'title', 'must not contain NUL characters'],
  ])('is not given a title that is %s', async (_, title, path, message) => {
    const room = await newRoom()
    const made = await ada.post(`/rooms/${room}/sessions`, { title })
    expect(made.body).toMatchObject({ status: 422, code: 'validation_error', errors: [{ path, message: expect.stringMatching(message) }] })
    const { body } = await ada.post(`/rooms/${room}/sessions`)
    const renamed = await ada.send('PATCH', `/sessions/${body.id}`, { title })
    expect(renamed.body).toMatchObject({
      status: 422,
      code: 'validation_error',
      errors: [{ path, message: expect.stringMatching(message) }],
    })
    expect((await ada.send('PATCH', `/sessions/${body.id}`, {})).body).toMatchObject({ status: 422, errors: [{ path: 'title' }] })
    expect((await ada.send('PATCH', `/sessions/${body.id}`, { title: 'x', room_id: room })).body.errors).toEqual([
      { path: 'room_id', message: 'is not a known field' },
    ])
    expect((await ada.get(`/rooms/${room}/sessions`)).body).toEqual([body])
  })

  test('says which turn runs in it', async () => {
    const { sessionId, turns } = await newDirectChat(ada, { key: 'runs' })
    endpoint.reply({ chunks: ['A ', 'b'], hangAfter: 1 })
    const stream = await ada.stream(`${turns}/stream`, { message: 'Go.' })
    const turnId = stream.headers.get('x-turn-id')
    expect((await ada.get(`/sessions/${sessionId}`)).body.running_turn_id).toBe(turnId)
    const agentId = (await ada.get(`/sessions/${sessionId}`)).body.agent_id
    expect((await ada.get(`/agents/${agentId}/sessions`)).body).toMatchObject([{ running_turn_id: turnId }])
    await ada.post(`${turns}/${turnId}/cancel`)
    await stream.all()
    endpoint.reply({})
    expect((await ada.get(`/sessions/${sessionId}`)).body.running_turn_id).toBeNull()
  })
})

describe('a deleted session', () => {
  test('is gone, and comes back within seven days', async () => {
    for (const scope of await scopes()) {
      const { body: session } = await ada.post(`${scope}/sessions`, { title: 'Back soon' })
      const { rows: before } = await database.pool.query('select updated_at from sessions where id = $1', [session.id])
      expect((await ada.send('DELETE', `${scope}/sessions/${session.id}`)).status).toBe(204)
      for (const path of ['', '/messages', '/turns']) expect((await ada.get(`/sessions/${session.id}${path}`)).status).toBe(404)
      expect((await ada.get(`${scope}/sessions`)).body).toEqual([])
      expect((await ada.send('DELETE', `${scope}/sessions/${session.id}`)).body.detail).toBe('Session not found.')
      const { rows: after } = await database.pool.query('select updated_at, deleted_at from sessions where id = $1', [session.id])
      expect(after[0].updated_at > before[0].updated_at).toBe(true)
      const back = await ada.post(`/sessions/${session.id}/restore`)
      expect([back.status, back.body]).toEqual([200, session])
      expect((await ada.get(`/sessions/${session.id}`)).body).toEqual(session)
    }
  })

  test('that is not deleted at all is restored to what it is', async () => {
    const { body: session } = await ada.post(`/rooms/${await newRoom()}/sessions`)
    const read = () => database.pool.query('select * from sessions where id = $1', [session.id]).then(({ rows }) => rows)
    const before = await read()
    const back = await ada.post(`/sessions/${session.id}/restore`)
    expect([back.status, back.body]).toEqual([200, session])
    expect(await read()).toEqual(before)
  })

  test('is gone for good after seven days', async () => {
    const room = await newRoom()
    const { body: session } = await ada.post(`/rooms/${room}/sessions`)
    await ada.send('DELETE', `/rooms/${room}/sessions/${session.id}`)
    await database.pool.query(`update sessions set deleted_at = now() - interval '6 days 23 hours' where id = $1`, [session.id])
    expect((await ada.post(`/sessions/${session.id}/restore`)).status).toBe(200)
    await ada.send('DELETE', `/rooms/${room}/sessions/${session.id}`)
    await database.pool.query(`update sessions set deleted_at = now() - interval '7 days 1 second' where id = $1`, [session.id])
    expect((await ada.post(`/sessions/${session.id}/restore`)).body).toMatchObject({ status: 404, detail: 'Session not found.' })
  })

  test('takes its running turn along, which is cancelled', async () => {
    const { agentId, sessionId, turns } = await newDirectChat(ada, { key: 'cut' })
    endpoint.reply({ chunks: ['Half ', 'done'], hangAfter: 1 })
    const stream = await ada.stream(`${turns}/stream`, { message: 'Begin.' })
    expect((await ada.send('DELETE', `/agents/${agentId}/sessions/${sessionId}`)).status).toBe(204)
    expect((await stream.all()).at(-1)!.data).toMatchObject({ type: 'done', status: 'cancelled' })
    endpoint.reply({})
    await ada.post(`/sessions/${sessionId}/restore`)
    expect((await ada.get(turns)).body.turns).toMatchObject([{ status: 'cancelled' }])
  })
})

test('sessions are listed newest first, in a total order, at most 500', async () => {
  for (const scope of await scopes()) {
    const made: string[] = []
    for (let index = 0; index < 3; index++) made.push((await ada.post(`${scope}/sessions`)).body.id)
    const listed = async () => idsOf((await ada.get(`${scope}/sessions`)).body)
    expect(await listed()).toEqual(made.toReversed())
    await database.pool.query('update sessions set created_at = now() where id = any($1)', [made])
    // The order is the query's own, not that of an index that happens to be read.
    await database.pool.query('drop index if exists sessions_room, sessions_agent')
    expect(await listed()).toEqual(made.toReversed())
    const [, noun, id] = scope.split('/')
    await database.pool.query(
      `insert into sessions (id, ${noun!.slice(0, -1)}_id, started_by_user_id) select gen_random_uuid(), $1, $2 from generate_series(1, 505)`,
      [id, ada.userId],
    )
    expect(await listed()).toHaveLength(500)
  }
})

describe('the messages of a session', () => {
  test('are oldest first, by turn and position whatever the clock said, and private ones only when asked for', async () => {
    const { sessionId, turns } = await talk(ada, ['one', 'two'])
    const { body } = await ada.get(`/sessions/${sessionId}/messages`)
    expect(body.total).toBe(6)
    expect(body.messages.map((message: { content: string }) => message.content)).toEqual([
      'one',
      'A: one',
      'B: one',
      'two',
      'A: two',
      'B: two',
    ])
    const { turns: closed } = (await ada.get(turns)).body
    expect(body.messages[1]).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      role: 'assistant',
      agent_name: 'a',
      agent_key: 'a',
      visibility: 'shared',
      content: 'A: one',
      turn_id: closed[0].id,
      created_at: expect.stringMatching(/Z$/),
    })
    expect(body.messages[0]).toMatchObject({ role: 'user', agent_name: null, agent_key: null, turn_id: closed[0].id })

    // The order is the query's own, not that of an index that happens to be read, nor of the rows as they came.
    await database.pool.query('drop index messages_place')
    await database.pool.query(`update messages set position = position * 100 where turn_id = $1`, [closed[0].id])
    await database.pool.query(
      `insert into messages (id, session_id, turn_id, turn_index, position, role, visibility, agent_key, source_agent_key, agent_name, mode, content, created_at)
       values (gen_random_uuid(), $1, $2, 1, 250, 'tool', 'private', 'a', 'a', 'a', 'roundtable', 'a secret of a', now() - interval '1 day')`,
      [sessionId, closed[0].id],
    )
    await database.pool.query(`update messages set created_at = now() - interval '1 hour' * position where session_id = $1`, [sessionId])
    expect((await ada.get(`/sessions/${sessionId}/messages`)).body.messages.map(contentOf)).toEqual(body.messages.map(contentOf))
    const all = (await ada.get(`/sessions/${sessionId}/messages?include=private`)).body
    expect(all.total).toBe(7)
    expect(all.messages.map(contentOf)).toEqual(['one', 'A: one', 'a secret of a', 'B: one', 'two', 'A: two', 'B: two'])
    expect(all.messages[2]).toMatchObject({ role: 'tool', visibility: 'private', agent_key: 'a' })
    const pages = await Promise.all(
      [0, 3, 6, 9].map(offset => ada.get(`/sessions/${sessionId}/messages?include=private&limit=3&offset=${offset}`)),
    )
    expect(pages.flatMap(page => page.body.messages.map(contentOf))).toEqual(all.messages.map(contentOf))
    expect(pages.map(page => page.body.total)).toEqual([7, 7, 7, 7])
  })

  test('come 100 to a page, at most 500', async () => {
    const { sessionId, turns } = await newDirectChat(ada, { key: 'many-messages' })
    const { body: turn } = await ada.post(turns, { message: 'Begin.' })
    await database.pool.query(
      `insert into messages (id, session_id, turn_id, turn_index, position, role, visibility, mode, content)
       select gen_random_uuid(), $1, $2, 1, n + 10, 'user', 'shared', 'standalone', n::text from generate_series(1, 510) as n`,
      [sessionId, turn.id],
    )
    const sizes = await Promise.all(
      ['', '?limit=500', '?limit=1'].map(async query => (await ada.get(`/sessions/${sessionId}/messages${query}`)).body.messages.length),
    )
    expect(sizes).toEqual([100, 500, 1])
    for (const query of ['limit=0', 'limit=501', 'offset=-1', 'include=all', 'include=', 'visibility=private'])
      expect((await ada.get(`/sessions/${sessionId}/messages?${query}`)).body, query).toMatchObject({
        status: 422,
        errors: [{ path: query.split('=')[0] }],
      })
  })
})

test('the turns of a session are the closed ones, by their index from 1', async () => {
  const bea = await user('bea')
  const { turns } = await talk(bea, ['one', 'two', 'three'])
  const { body } = await bea.get(turns)
  expect(body.total).toBe(3)
  expect(body.turns.map((turn: { turn_index: number; user_input: string }) => [turn.turn_index, turn.user_input])).toEqual([
    [1, 'one'],
    [2, 'two'],
    [3, 'three'],
  ])
  expect((await bea.get(`${turns}?limit=1&offset=1`)).body).toEqual({ turns: [body.turns[1]], total: 3 })
  for (const query of ['limit=0', 'limit=201', 'offset=-1', 'order=desc'])
    expect((await bea.get(`${turns}?${query}`)).body, query).toMatchObject({
      status: 422,
      code: 'validation_error',
      errors: [{ path: query.split('=')[0] }],
    })
  endpoint.reply({ chunks: ['A ', 'b'], hangAfter: 1 })
  const stream = await bea.stream(`${turns}/stream`, { message: 'four' })
  expect((await bea.get(turns)).body.total).toBe(3)
  await bea.post(`${turns}/${stream.headers.get('x-turn-id')}/cancel`)
  await stream.all()
  endpoint.reply({})
})

const contentOf = ({ content }: { content: string }) => content

/** A roundtable of two that answers each message with its own words. */
async function talk(client: Client, messages: string[]) {
  const council = await newCouncil(client, 'roundtable', [{ key: 'a' }, { key: 'b' }])
  for (const message of messages) {
    endpoint.reply(request => ({ chunks: [`${request.agentKey!.toUpperCase()}: ${message}`] }))
    expect((await client.post(council.turns, { message })).status).toBe(201)
  }
  endpoint.reply({})
  return council
}
