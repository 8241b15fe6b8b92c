import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newAgent, newCouncil } from '../council.ts'
import { type Answer, type Client, tokenFor, useProgram } from '../program.ts'

// Invariant 4: what is not yours, or is deleted, answers exactly as what never existed. The routes come from the OpenAPI document.

const folder = mkdtempSync(join(tmpdir(), 'pantheon-ownership-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const program = await useProgram({ PANTHEON_DATA_DIR: folder })
const owner = await program.user('owner')
const stranger = await program.user('stranger')

type Parameter = 'room_id' | 'agent_id' | 'session_id' | 'turn_id' | 'file_id' | 'api_key_id'
type Ids = Record<Parameter | 'spare_agent_id', string>
interface Row {
  body?: (ids: Ids) => unknown
  headers?: Record<string, string>
  /** For a session with a single agent. */
  alone?: boolean
  /** What is deleted is what this route is for; only what is deleted for too long is gone. */
  restores?: Parameter
}

const message = () => ({ message: 'Hello.' })
const upload: Row = {
  body: () => '--b\r\ncontent-disposition: form-data; name="file"; filename="a.txt"\r\n\r\nHello.\r\n--b--\r\n',
  headers: { 'content-type': 'multipart/form-data; boundary=b' },
}

/** Every route with an id in its path. */
const rows: Record<string, Row> = {
  'GET /agents/{agent_id}': {},
  'PATCH /agents/{agent_id}': { body: () => ({ name: 'Mine now' }) },
  'DELETE /agents/{agent_id}': {},
  'POST /agents/{agent_id}/restore': { restores: 'agent_id' },
  'POST /agents/{agent_id}/sessions': {},
  'GET /agents/{agent_id}/sessions': {},
  'DELETE /agents/{agent_id}/sessions/{session_id}': {},
  'GET /rooms/{room_id}': {},
  'PATCH /rooms/{room_id}': { body: () => ({ name: 'Mine now' }) },
  'PATCH /rooms/{room_id}/mode': { body: () => ({ mode: 'roundtable' }) },
  'DELETE /rooms/{room_id}': {},
  'POST /rooms/{room_id}/restore': { restores: 'room_id' },
  'POST /rooms/{room_id}/agents': { body: ({ spare_agent_id }) => ({ agent_id: spare_agent_id }) },
  'GET /rooms/{room_id}/agents': {},
  'PUT /rooms/{room_id}/agents/order': { body: ({ agent_id }) => ({ agent_ids: [agent_id] }) },
  'DELETE /rooms/{room_id}/agents/{agent_id}': {},
  'POST /rooms/{room_id}/sessions': {},
  'GET /rooms/{room_id}/sessions': {},
  'DELETE /rooms/{room_id}/sessions/{session_id}': {},
  'POST /rooms/{room_id}/files': upload,
  'GET /rooms/{room_id}/files': {},
  'POST /sessions/{session_id}/files': { ...upload, alone: true },
  'GET /sessions/{session_id}/files': { alone: true },
  'GET /files/{file_id}/text': {},
  'GET /files/{file_id}/content': {},
  'DELETE /files/{file_id}': {},
  'GET /sessions/{session_id}': {},
  'PATCH /sessions/{session_id}': { body: () => ({ title: 'Mine now' }) },
  'POST /sessions/{session_id}/restore': { restores: 'session_id' },
  'GET /sessions/{session_id}/messages': {},
  'GET /sessions/{session_id}/export': {},
  'GET /sessions/{session_id}/turns': {},
  'POST /sessions/{session_id}/estimate': { body: message },
  'POST /sessions/{session_id}/turns': { body: message },
  'POST /sessions/{session_id}/turns/stream': { body: message },
  'GET /sessions/{session_id}/turns/{turn_id}': {},
  'GET /sessions/{session_id}/turns/{turn_id}/stream': {},
  'POST /sessions/{session_id}/turns/{turn_id}/cancel': {},
  'POST /sessions/{session_id}/turns/{turn_id}/regenerate': {},
  'DELETE /users/me/api-keys/{api_key_id}': {},
}

const nouns: Record<Parameter, string> = {
  room_id: 'Room',
  agent_id: 'Agent',
  session_id: 'Session',
  turn_id: 'Turn',
  file_id: 'File',
  api_key_id: 'API key',
}

interface Route {
  name: string
  method: string
  /** Below /api/v1. */
  path: string
  isOpen: boolean
}

const document = (await program.anonymous.get('/openapi.json')).body as { paths: Record<string, Record<string, { security?: unknown[] }>> }
const routes: Route[] = Object.entries(document.paths).flatMap(([path, operations]) =>
  path.startsWith('/api/v1/')
    ? Object.entries(operations).map(([method, { security }]) => {
        const below = path.slice('/api/v1'.length)
        return { name: `${method.toUpperCase()} ${below}`, method: method.toUpperCase(), path: below, isOpen: security?.length === 0 }
      })
    : [],
)
const isForAdmins = ({ path }: Route) => path.startsWith('/admin/')
const withIds = routes.filter(route => route.path.includes('{') && !isForAdmins(route))

const fill = (path: string, ids: Record<string, string>) =>
  path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(ids[name] ?? name))
const parametersOf = ({ path }: Route) => [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as Parameter)
const ask = (client: Client, route: Route, ids: Ids, changed: Partial<Ids> = {}): Promise<Answer> =>
  client.send(route.method, fill(route.path, { ...ids, ...changed }), rows[route.name]?.body?.(ids), rows[route.name]?.headers)

/** One room with one agent, one session in it with one closed turn; one session with the agent alone; one file; and one agent more. */
async function furnish(client: Client, key: string): Promise<{ inRoom: Ids; alone: Ids }> {
  const council = await newCouncil(client, 'roundtable', [{ key }])
  const agentId = council.agents[key]!
  const turn = await client.post(council.turns, { message: 'Hello.' })
  const alone = await client.post(`/agents/${agentId}/sessions`)
  const spare = await newAgent(client, { key: `${key}-spare` })
  const file = await client.post(`/rooms/${council.roomId}/files`, upload.body!({} as Ids), upload.headers)
  const apiKey = await client.post('/users/me/api-keys', { name: key })
  const ids = {
    room_id: council.roomId,
    agent_id: agentId,
    session_id: council.sessionId,
    turn_id: turn.body.id,
    file_id: file.body.id,
    api_key_id: apiKey.body.id,
    spare_agent_id: spare,
  }
  return { inRoom: ids, alone: { ...ids, session_id: alone.body.id } }
}

const idsFor = (route: Route, { inRoom, alone }: { inRoom: Ids; alone: Ids }) =>
  route.path.startsWith('/agents') || rows[route.name]?.alone ? alone : inRoom

async function deleted(client: Client, agentId: string, roomId: string): Promise<Record<Parameter, string[]>> {
  const gone = await furnish(client, `gone-${uuidv7().slice(-8)}`)
  const sessions = await Promise.all([client.post(`/rooms/${roomId}/sessions`), client.post(`/agents/${agentId}/sessions`)])
  const [inRoom = '', alone = ''] = sessions.map(session => session.body.id as string)
  const file = await client.post(`/rooms/${roomId}/files`, upload.body!({} as Ids), upload.headers)
  const apiKey = await client.post('/users/me/api-keys', { name: 'gone' })
  await client.send('DELETE', `/users/me/api-keys/${apiKey.body.id}`)
  await client.send('DELETE', `/files/${file.body.id}`)
  await client.send('DELETE', `/rooms/${roomId}/sessions/${inRoom}`)
  await client.send('DELETE', `/agents/${agentId}/sessions/${alone}`)
  await client.send('DELETE', `/rooms/${gone.inRoom.room_id}`)
  await client.send('DELETE', `/agents/${gone.inRoom.agent_id}`)
  return {
    room_id: [gone.inRoom.room_id],
    agent_id: [gone.inRoom.agent_id],
    // Deleted itself, in a deleted room, with a deleted agent.
    session_id: [inRoom, alone, gone.inRoom.session_id, gone.alone.session_id],
    turn_id: [gone.inRoom.turn_id],
    file_id: [file.body.id, gone.inRoom.file_id],
    api_key_id: [apiKey.body.id],
  }
}

const spread: Record<Parameter, string> = {
  room_id: 'rooms',
  agent_id: 'agents',
  session_id: 'sessions',
  turn_id: '',
  file_id: '',
  api_key_id: '',
}

async function longAgo(parameter: Parameter, ids: string[]): Promise<void> {
  await program.database.pool.query(`update ${spread[parameter]} set deleted_at = now() - interval '7 days 1 minute' where id = any($1)`, [
    ids,
  ])
}

const withoutTraceId = ({ trace_id: _, ...body }: Record<string, unknown>) => body

let own: { inRoom: Ids; alone: Ids }
let foreign: { inRoom: Ids; alone: Ids }
let gone: Record<Parameter, string[]>
beforeAll(async () => {
  own = await furnish(owner, 'ada')
  foreign = await furnish(stranger, 'ada')
  gone = await deleted(owner, own.inRoom.agent_id, own.inRoom.room_id)
})

test('every route with an id is in the table, and nothing else is', () => {
  expect(withIds.map(route => route.name).toSorted()).toEqual(Object.keys(rows).toSorted())
  expect(withIds.flatMap(parametersOf).filter(name => !(name in nouns))).toEqual([])
})

describe.each(withIds)('$name', route => {
  test.each(parametersOf(route))('with a %s that is foreign, deleted, unknown or no id at all is the same 404', async parameter => {
    const ids = idsFor(route, own)
    const restored = rows[route.name]?.restores === parameter
    const lost = restored ? (await deleted(owner, ids.agent_id, ids.room_id))[parameter] : gone[parameter]
    if (restored) await longAgo(parameter, lost)
    const other = idsFor(route, foreign)[parameter]
    const expected = { type: 'about:blank', title: 'Not found', status: 404, detail: `${nouns[parameter]} not found.`, code: 'not_found' }
    const wrong = [uuidv7(), other, other.toUpperCase(), ...lost, '1', 'null', '%', "'; drop table rooms; --", '\0', 'x'.repeat(3000)]
    for (const id of wrong) {
      const answer = await ask(owner, route, ids, { [parameter]: id })
      expect(withoutTraceId(answer.body), id).toEqual(expected)
      expect(answer.status).toBe(404)
    }
  })

  test('to its owner is there, to a stranger is a 404, without a token a 401, and nothing is changed', async () => {
    const ids = idsFor(route, route.method === 'GET' ? own : await furnish(owner, `ada-${uuidv7().slice(-8)}`))
    const before = await everythingOf(owner)
    const asked = await ask(stranger, route, ids)
    expect(withoutTraceId(asked.body)).toMatchObject({ code: 'not_found', detail: `${nouns[parametersOf(route)[0]!]} not found.` })
    expect(asked.status).toBe(404)
    const anonymous = await ask(program.anonymous, route, ids)
    expect(anonymous.body).toMatchObject({ status: 401, code: 'unauthenticated', detail: 'Missing Bearer token.' })
    expect(await everythingOf(owner)).toEqual(before)
    expect((await ask(owner, route, ids)).status).toBeLessThan(300)
  })
})

/** All rows that a stranger could have touched. */
async function everythingOf({ userId }: Client): Promise<unknown> {
  const read = (text: string) => program.database.pool.query(text, [userId]).then(({ rows: found }) => found)
  const ofSessions = `(select sessions.id from sessions left join rooms on rooms.id = room_id left join agents on agents.id = agent_id
    where coalesce(rooms.owner_user_id, agents.owner_user_id) = $1)`
  return await Promise.all([
    read('select * from agents where owner_user_id = $1 order by id'),
    read('select * from rooms where owner_user_id = $1 order by id'),
    read('select room_agents.* from room_agents join rooms on rooms.id = room_id where owner_user_id = $1 order by room_agents.id'),
    read(`select * from sessions where id in ${ofSessions} order by id`),
    read(`select * from turns where session_id in ${ofSessions} order by id`),
    read(`select * from turn_runs where session_id in ${ofSessions} order by turn_id`),
    read('select id, filename, storage_key from uploaded_files where user_id = $1 order by id'),
    read('select * from credit_transactions where user_id = $1 order by id'),
    read('select * from api_keys where user_id = $1 order by id'),
  ])
}

test('a foreign, deleted or unknown agent in a body is a 404', async () => {
  const { agent_id: agentId, room_id: roomId } = own.inRoom
  const gone = (await deleted(owner, agentId, roomId)).agent_id[0]!
  for (const wrong of [foreign.inRoom.agent_id, gone, uuidv7()]) {
    const assigned = await owner.post(`/rooms/${roomId}/agents`, { agent_id: wrong })
    expect(assigned.body, wrong).toMatchObject({ status: 404, detail: 'Agent not found.' })
    const ordered = await owner.send('PUT', `/rooms/${roomId}/agents/order`, { agent_ids: [agentId, wrong] })
    expect(ordered.status, wrong).toBe(422)
  }
})

test('a session is not found under another room or agent of its own user', async () => {
  const [room, agentId] = await Promise.all([owner.post('/rooms', { name: 'Other' }), newAgent(owner, { key: 'other' })])
  for (const [path, session] of [
    [`/rooms/${room.body.id}`, own.inRoom.session_id],
    [`/agents/${agentId}`, own.alone.session_id],
    [`/agents/${own.inRoom.agent_id}`, own.inRoom.session_id],
    [`/rooms/${own.inRoom.room_id}`, own.alone.session_id],
  ]) {
    const answer = await owner.send('DELETE', `${path}/sessions/${session}`)
    expect(answer.body, path).toMatchObject({ status: 404, detail: 'Session not found.' })
  }
})

test('a turn is not found under another session of its own user', async () => {
  for (const [method, rest] of [
    ['GET', ''],
    ['GET', '/stream'],
    ['POST', '/cancel'],
  ] as const) {
    const answer = await owner.send(method, `/sessions/${own.alone.session_id}/turns/${own.inRoom.turn_id}${rest}`)
    expect(answer.body, rest).toMatchObject({ status: 404, detail: 'Turn not found.' })
  }
})

test('a running turn can be neither read, joined nor cancelled by a stranger', async () => {
  const session = await owner.post(`/rooms/${own.inRoom.room_id}/sessions`)
  const turns = `/sessions/${session.body.id}/turns`
  program.endpoint.reply({ chunks: ['Secret ', 'words'], hangAfter: 1 })
  const stream = await owner.stream(`${turns}/stream`, { message: 'Keep it to yourself.' })
  const turn = `${turns}/${stream.headers.get('x-turn-id')}`
  for (const answer of [await stranger.get(turn), await stranger.get(`${turn}/stream`), await stranger.post(`${turn}/cancel`)])
    expect(answer.body).toMatchObject({ status: 404, detail: 'Session not found.' })
  expect((await owner.get(turn)).body.status).toBe('running')
  expect((await owner.post(`${turn}/cancel`)).status).toBe(202)
  await stream.all()
  expect((await owner.get(turn)).body.status).toBe('cancelled')
  program.endpoint.reply({})
})

test('no list shows a row of somebody else', async () => {
  const nobody = await program.user('nobody')
  const lists = routes.filter(({ method, path }) => method === 'GET' && !path.includes('{') && !path.startsWith('/admin/'))
  expect(lists.length).toBeGreaterThan(5)
  const secrets = [owner.userId, stranger.userId, ...Object.values(own.inRoom), ...Object.values(foreign.inRoom)]
  for (const { path } of lists) {
    const list = await fetch(`${program.address}/api/v1${path}`, { headers: { authorization: `Bearer ${nobody.token}` } })
    const text = await list.text()
    expect(
      secrets.filter(secret => text.includes(secret)),
      path,
    ).toEqual([])
  }
  expect((await nobody.get('/agents')).body).toEqual({ agents: [], total: 0 })
  expect((await nobody.get('/rooms')).body).toEqual([])
  expect((await nobody.get('/users/me/usage')).body).toEqual({ events: [], total: 0 })
  expect((await nobody.get('/users/me/transactions')).body.total).toBe(1)
})

test('every route but the open ones wants a token that holds', async () => {
  const strangers = await tokenFor('somebody', 'somebody@example.com', { aud: 'elsewhere' })
  for (const route of routes.filter(each => !each.isOpen)) {
    const path = fill(route.path, own.inRoom)
    const missing = await program.anonymous.send(route.method, path)
    expect(missing.body, route.name).toMatchObject({ status: 401, code: 'unauthenticated', detail: 'Missing Bearer token.' })
    const wrong = await program.anonymous.send(route.method, path, undefined, { authorization: `Bearer ${strangers}x` })
    expect(wrong.body, route.name).toMatchObject({ status: 401, code: 'unauthenticated', detail: 'Invalid or expired token.' })
  }
  expect(routes.filter(each => each.isOpen).map(each => each.name)).toEqual(['GET /health', 'GET /ready', 'GET /auth/config'])
})

test('what is for admins is closed to everybody else', async () => {
  for (const route of routes.filter(isForAdmins)) {
    const answer = await stranger.send(route.method, fill(route.path, {}), route.method === 'GET' ? undefined : {})
    expect(answer.body, route.name).toMatchObject({ status: 403, code: 'admin_required', detail: 'Admin access required.' })
  }
})
