import { expect, test } from 'vitest'
import { newAgent, newCouncil } from '../council.ts'
import { useProgram } from '../program.ts'

const { user, database } = await useProgram()
const ada = await user('ada')
const bob = await user('bob')

const idsOf = (list: { id: string }[]) => list.map(({ id }) => id)
const age = (table: string, id: string, interval: string) =>
  database.pool.query(`update ${table} set deleted_at = now() - $2::interval where id = $1`, [id, interval])

test('deleted rooms are listed, the newest deletion first, until they cannot be brought back; a restored one is no longer among them', async () => {
  const ids: string[] = []
  for (const name of ['kept', 'first', 'second', 'too old']) ids.push((await ada.post('/rooms', { name })).body.id)
  const [kept, first, second, old] = ids as [string, string, string, string]
  for (const id of [second, first, old]) expect((await ada.send('DELETE', `/rooms/${id}`)).status).toBe(204)
  await age('rooms', old, '7 days 1 minute')
  const deleted = await ada.get('/rooms?deleted=true')
  expect(idsOf(deleted.body)).toEqual([first, second])
  expect(deleted.body[0]).toMatchObject({ name: 'first', deleted_at: expect.stringMatching(/Z$/) })
  const there = (await ada.get('/rooms?deleted=false')).body
  expect(idsOf(there)).toEqual([kept])
  expect(there[0]).not.toHaveProperty('deleted_at')
  await ada.post(`/rooms/${first}/restore`)
  expect(idsOf((await ada.get('/rooms?deleted=true')).body)).toEqual([second])
  expect(idsOf((await ada.get('/rooms')).body)).toEqual([first, kept])
  expect((await bob.get('/rooms?deleted=true')).body).toEqual([])
  expect((await ada.get('/rooms?deleted=perhaps')).status).toBe(422)
})

test('deleted agents are listed page by page, to their owner alone', async () => {
  const ids: string[] = []
  for (const key of ['one', 'two', 'three', 'old']) ids.push(await newAgent(ada, { key }))
  for (const id of ids) await ada.send('DELETE', `/agents/${id}`)
  await age('agents', ids[3]!, '8 days')
  const page = await ada.get('/agents?deleted=true&limit=2')
  expect(page.body).toMatchObject({ total: 3, agents: [{ agent_key: 'three', deleted_at: expect.any(String) }, { agent_key: 'two' }] })
  expect(idsOf((await ada.get('/agents?deleted=true&limit=2&offset=2')).body.agents)).toEqual([ids[0]])
  expect((await ada.get('/agents')).body).toEqual({ agents: [], total: 0 })
  expect((await bob.get('/agents?deleted=true')).body).toEqual({ agents: [], total: 0 })
})

test('deleted sessions are listed below their room or agent, which must be there and one’s own', async () => {
  const council = await newCouncil(ada, 'roundtable', [{ key: 'solo' }])
  const scopes = [`/rooms/${council.roomId}`, `/agents/${council.agents.solo}`]
  for (const scope of scopes) {
    const [gone, old] = [(await ada.post(`${scope}/sessions`)).body.id, (await ada.post(`${scope}/sessions`)).body.id]
    for (const id of [gone, old]) await ada.send('DELETE', `${scope}/sessions/${id}`)
    await age('sessions', old, '8 days')
    const deleted = await ada.get(`${scope}/sessions?deleted=true`)
    expect(deleted.body).toMatchObject([{ id: gone, deleted_at: expect.stringMatching(/Z$/) }])
    expect(idsOf((await ada.get(`${scope}/sessions`)).body)).not.toContain(gone)
    expect(await bob.get(`${scope}/sessions?deleted=true`)).toMatchObject({ status: 404, body: { code: 'not_found' } })
    await ada.post(`/sessions/${gone}/restore`)
    expect((await ada.get(`${scope}/sessions?deleted=true`)).body).toEqual([])
  }
  await ada.send('DELETE', `/rooms/${council.roomId}`)
  expect((await ada.get(`${scopes[0]}/sessions?deleted=true`)).status).toBe(404)
})
