import { v7 as uuidv7 } from 'uuid'
import { describe, expect, test } from 'vitest'
import { newAgent } from '../council.ts'
import { useProgram } from '../program.ts'

const { user, database } = await useProgram()
const ada = await user('ada')

let keys = 0
/** A room and, not in it yet, agents by key. */
async function newRoom(size: number): Promise<{ room: string; agents: string[] }> {
  const room = (await ada.post('/rooms', { name: 'Room' })).body.id
  const agents: string[] = []
  for (let index = 0; index < size; index++) agents.push(await newAgent(ada, { key: `agent-${keys++}` }))
  return { room, agents }
}

const assign = (room: string, agent_id: string, position?: number) =>
  ada.post(`/rooms/${room}/agents`, { agent_id, ...(position && { position }) })

/** The agents in order; their positions are 1..n or the test fails. */
async function rosterOf(room: string): Promise<string[]> {
  const { body } = await ada.get(`/rooms/${room}/agents`)
  expect(body.map((entry: { position: number }) => entry.position)).toEqual(body.map((_: unknown, index: number) => index + 1))
  const { rows } = await database.pool.query('select position from room_agents where room_id = $1 order by position', [room])
  expect(rows.map(row => row.position)).toEqual(rows.map((_, index) => index + 1))
  return body.map((entry: { agent_id: string }) => entry.agent_id)
}

describe('an agent that joins a room', () => {
  test('comes last, or at the place it is given, and those behind move back', async () => {
    const { room, agents } = await newRoom(6)
    const [a = '', b = '', c = '', d = '', e = '', f = ''] = agents
    const first = await assign(room, a)
    expect(first.status).toBe(201)
    expect(first.body).toEqual({
      id: expect.any(String),
      room_id: room,
      agent_id: a,
      agent: (await ada.get(`/agents/${a}`)).body,
      position: 1,
      created_at: expect.stringMatching(/Z$/),
    })
    expect((await ada.get(`/rooms/${room}/agents`)).body).toEqual([first.body])
    expect((await assign(room, b)).body.position).toBe(2)
    expect((await assign(room, c, 2)).body.position).toBe(2)
    expect((await assign(room, d, 1)).body.position).toBe(1)
    expect((await assign(room, e, 5)).body.position).toBe(5)
    expect((await assign(room, f, 9_999)).body.position).toBe(6)
    expect(await rosterOf(room)).toEqual([d, a, c, b, e, f])
  })

  test('twice is a conflict that moves nobody', async () => {
    const { room, agents } = await newRoom(2)
    for (const agent of agents) await assign(room, agent)
    const again = await assign(room, agents[1]!, 1)
    expect(again.body).toMatchObject({ status: 409, code: 'conflict', detail: 'The agent is in this room already.' })
    expect(await rosterOf(room)).toEqual(agents)
  })

  test.each([0, -1, 1.5, '1', null, 10_001])('cannot sit at %j', async position => {
    const { room, agents } = await newRoom(1)
    const answer = await ada.post(`/rooms/${room}/agents`, { agent_id: agents[0], position })
    expect(answer.body).toMatchObject({ status: 422, code: 'validation_error', errors: [{ path: 'position' }] })
  })

  test('may be named in capitals, and must be named', async () => {
    const { room, agents } = await newRoom(1)
    expect((await assign(room, ` ${agents[0]!.toUpperCase()} `)).body).toMatchObject({ agent_id: agents[0], position: 1 })
    for (const agent_id of [undefined, null, '', 'agent-1', 7])
      expect((await ada.post(`/rooms/${room}/agents`, { agent_id })).body).toMatchObject({ status: 422, errors: [{ path: 'agent_id' }] })
  })

  test('finds its place beside nineteen others that come at the same moment', async () => {
    const { room, agents } = await newRoom(20)
    const joined = await Promise.all(agents.map((agent, index) => assign(room, agent, index % 3 === 0 ? 1 : undefined)))
    expect(joined.map(answer => answer.status)).toEqual(agents.map(() => 201))
    expect((await rosterOf(room)).toSorted()).toEqual(agents.toSorted())
  })

  test('is turned away from a room of 500', async () => {
    const { room, agents } = await newRoom(1)
    await database.pool.query(
      `with crowd as (
         insert into agents (id, owner_user_id, agent_key, name, model_alias)
         select gen_random_uuid(), $2, 'crowd-' || n, 'n', 'deepseek' from generate_series(1, 500) as n returning id
       ) insert into room_agents (id, room_id, agent_id, position) select gen_random_uuid(), $1, id, row_number() over () from crowd`,
      [room, ada.userId],
    )
    expect((await assign(room, agents[0]!)).body).toMatchObject({ status: 409, code: 'conflict' })
    const roster = await rosterOf(room)
    expect(roster).toHaveLength(500)
    const turned = await ada.send('PUT', `/rooms/${room}/agents/order`, { agent_ids: roster.toReversed() })
    expect(turned.status).toBe(200)
    expect(await rosterOf(room)).toEqual(roster.toReversed())
  })
})

describe('a roster', () => {
  test('takes any new order of everybody in it', async () => {
    const { room, agents } = await newRoom(4)
    for (const agent of agents) await assign(room, agent)
    const [a = '', b = '', c = '', d = ''] = agents
    for (const order of [agents.toReversed(), [b, a, d, c], [b, a, d, c], [c.toUpperCase(), a, b, d]]) {
      const answer = await ada.send('PUT', `/rooms/${room}/agents/order`, { agent_ids: order })
      expect(answer.status).toBe(200)
      expect(answer.body).toEqual((await ada.get(`/rooms/${room}/agents`)).body)
      expect(await rosterOf(room)).toEqual(order.map(id => id.toLowerCase()))
    }
  })

  test('refuses an order that leaves somebody out, names somebody twice or somebody else', async () => {
    const { room, agents } = await newRoom(4)
    const [a = '', b = '', c = '', outside = ''] = agents
    for (const agent of [a, b, c]) await assign(room, agent)
    for (const order of [[], [a, b], [a, b, b], [a, b, c, c], [a, b, outside], [a, b, c, outside], [a, b, uuidv7()]]) {
      const answer = await ada.send('PUT', `/rooms/${room}/agents/order`, { agent_ids: order })
      expect(answer.body).toMatchObject({
        status: 422,
        code: 'validation_error',
        errors: [{ path: 'agent_ids', message: 'must name every agent of the room exactly once' }],
      })
    }
    for (const agent_ids of [undefined, null, a, [a, b, 7]])
      expect((await ada.send('PUT', `/rooms/${room}/agents/order`, { agent_ids })).status).toBe(422)
    expect(await rosterOf(room)).toEqual([a, b, c])
  })

  test('of nobody has one order', async () => {
    const { room } = await newRoom(0)
    const answer = await ada.send('PUT', `/rooms/${room}/agents/order`, { agent_ids: [] })
    expect([answer.status, answer.body]).toEqual([200, []])
  })

  test('closes ranks when somebody leaves it, named by id or by key', async () => {
    const { room, agents } = await newRoom(5)
    for (const agent of agents) await assign(room, agent)
    const [a = '', b = '', c = '', d = '', e = ''] = agents
    const leave = (name: string) => ada.send('DELETE', `/rooms/${room}/agents/${name}`)
    const keyOf = async (agent: string) => (await ada.get(`/agents/${agent}`)).body.agent_key as string
    expect((await leave(b)).status).toBe(204)
    expect(await rosterOf(room)).toEqual([a, c, d, e])
    expect((await leave((await keyOf(a)).toUpperCase())).status).toBe(204)
    expect(await rosterOf(room)).toEqual([c, d, e])
    expect((await leave(e.toUpperCase())).status).toBe(204)
    expect(await rosterOf(room)).toEqual([c, d])
    expect((await leave(b)).body).toMatchObject({ status: 404, detail: 'Agent not found.' })
    expect((await leave(await keyOf(b))).body).toMatchObject({ status: 404, detail: 'Agent not found.' })
    expect((await ada.get(`/agents/${b}`)).status).toBe(200)
    expect((await assign(room, b)).body.position).toBe(3)
  })

  test('prefers the id where a key looks like one', async () => {
    const { room, agents } = await newRoom(1)
    const impostor = await newAgent(ada, { key: agents[0]! })
    for (const agent of [impostor, agents[0]!]) await assign(room, agent)
    await ada.send('DELETE', `/rooms/${room}/agents/${agents[0]}`)
    expect(await rosterOf(room)).toEqual([impostor])
    await ada.send('DELETE', `/rooms/${room}/agents/${agents[0]}`)
    expect(await rosterOf(room)).toEqual([])
  })

  test('loses an agent that is deleted, and does not get it back with its restore', async () => {
    const { room, agents } = await newRoom(3)
    for (const agent of agents) await assign(room, agent)
    await ada.send('DELETE', `/agents/${agents[0]}`)
    expect(await rosterOf(room)).toEqual(agents.slice(1))
    await ada.post(`/agents/${agents[0]}/restore`)
    expect(await rosterOf(room)).toEqual(agents.slice(1))
  })

  test('stays dense while agents join, leave, are deleted and change places at once', async () => {
    const { room, agents } = await newRoom(24)
    const [present, joining] = [agents.slice(0, 12), agents.slice(12)]
    for (const agent of present) await assign(room, agent)
    const answers = await Promise.all([
      ...joining.map((agent, index) => assign(room, agent, index + 1)),
      ...present.slice(0, 4).map(agent => ada.send('DELETE', `/rooms/${room}/agents/${agent}`)),
      ...present.slice(4, 8).map(agent => ada.send('DELETE', `/agents/${agent}`)),
      ...joining.slice(0, 4).map(agent => ada.send('DELETE', `/agents/${agent}`)),
      ada.send('PUT', `/rooms/${room}/agents/order`, { agent_ids: present.toReversed() }),
    ])
    expect(answers.map(answer => answer.status).filter(status => ![200, 201, 204, 404, 422].includes(status))).toEqual([])
    expect((await rosterOf(room)).toSorted()).toEqual([...present.slice(8), ...joining.slice(4)].toSorted())
  })
})
