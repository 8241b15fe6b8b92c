import { describe, expect, test } from 'vitest'
import { newAgent } from '../council.ts'
import { useProgram } from '../program.ts'

const { user } = await useProgram()
const ada = await user('ada')

const stale = {
  status: 412,
  code: 'version_conflict',
  title: 'Version conflict',
  detail: 'It was changed since you read it. Read it again, then repeat the change.',
}
const newRoomPath = async () => `/rooms/${(await ada.post('/rooms', { name: 'Room' })).body.id}`
let keys = 0
const newAgentPath = async () => `/agents/${await newAgent(ada, { key: `versioned-${keys++}` })}`
const etagOf = async (path: string) => (await ada.get(path)).headers.get('etag')!

describe.each([
  ['a room', newRoomPath],
  ['an agent', newAgentPath],
])('%s', (_, newPath) => {
  const rename = (path: string, name: string, etag?: string) =>
    ada.send('PATCH', path, { name }, etag === undefined ? {} : { 'if-match': etag })

  test('answers with a strong ETag that changes with it and with nothing else', async () => {
    const path = await newPath()
    const first = await etagOf(path)
    expect(first).toMatch(/^"[\w-]{22}"$/)
    expect(await etagOf(path)).toBe(first)
    const renamed = await rename(path, 'Other')
    expect(renamed.headers.get('etag')).not.toBe(first)
    expect(await etagOf(path)).toBe(renamed.headers.get('etag'))
    await ada.send('DELETE', path)
    const restored = await ada.post(`${path}/restore`)
    expect(await etagOf(path)).toBe(restored.headers.get('etag'))
  })

  test('is changed when If-Match still holds, and refused when it does not', async () => {
    const path = await newPath()
    const first = await etagOf(path)
    const renamed = await rename(path, 'One', first)
    expect(renamed.status).toBe(200)
    const second = renamed.headers.get('etag')!
    for (const wrong of [first, '"x"', `W/${second}`, '', second.slice(1, -1), `${first}, "x"`]) {
      expect((await rename(path, 'Two', wrong)).body, wrong).toMatchObject(stale)
      expect((await ada.send('DELETE', path, undefined, { 'if-match': wrong })).body, wrong).toMatchObject(stale)
    }
    expect((await ada.get(path)).body.name).toBe('One')
    expect((await rename(path, 'Three', `"x", ${second}`)).status).toBe(200)
    expect((await rename(path, 'Four', '*')).status).toBe(200)
    expect((await rename(path, 'Five')).status).toBe(200)
    expect((await ada.send('DELETE', path, undefined, { 'if-match': await etagOf(path) })).status).toBe(204)
  })

  test('that is deleted or unknown is a 404, not a stale version', async () => {
    const path = await newPath()
    const etag = await etagOf(path)
    await ada.send('DELETE', path)
    for (const header of [etag, '"x"', '*']) expect((await rename(path, 'Gone', header)).status).toBe(404)
  })

  test('that two change at once from the same version is changed by exactly one of them', async () => {
    for (let round = 0; round < 10; round++) {
      const path = await newPath()
      const etag = await etagOf(path)
      const answers = await Promise.all(['A', 'B', 'C', 'D'].map(name => rename(path, name, etag)))
      expect(answers.map(answer => answer.status).toSorted()).toEqual([200, 412, 412, 412])
      const winner = answers.find(answer => answer.status === 200)!
      expect((await ada.get(path)).body).toEqual(winner.body)
    }
  })

  test('that is changed and deleted at once from the same version goes one way or the other', async () => {
    const path = await newPath()
    const etag = await etagOf(path)
    const [changed, deleted] = await Promise.all([rename(path, 'Kept', etag), ada.send('DELETE', path, undefined, { 'if-match': etag })])
    const outcome = [changed.status, deleted.status]
    expect([
      [200, 412],
      [404, 204],
    ]).toContainEqual(outcome)
  })
})

test("a room's mode is a change of the room", async () => {
  const path = await newRoomPath()
  const first = await etagOf(path)
  const changed = await ada.send('PATCH', `${path}/mode`, { mode: 'manual' }, { 'if-match': first })
  expect(changed.status).toBe(200)
  expect(changed.headers.get('etag')).toBe(await etagOf(path))
  expect((await ada.send('PATCH', `${path}/mode`, { mode: 'roundtable' }, { 'if-match': first })).body).toMatchObject(stale)
  const answers = await Promise.all(
    ['roundtable', 'orchestrator'].map(async mode =>
      ada.send('PATCH', `${path}/mode`, { mode }, { 'if-match': changed.headers.get('etag')! }),
    ),
  )
  expect(answers.map(answer => answer.status).toSorted()).toEqual([200, 412])
})

test('what is made says its version at once', async () => {
  const room = await ada.post('/rooms', { name: 'Room' })
  expect(room.headers.get('etag')).toBe(await etagOf(`/rooms/${room.body.id}`))
  const agent = await ada.post('/agents', { agent_key: 'made', name: 'A', model_alias: 'llama' })
  expect(agent.headers.get('etag')).toBe(await etagOf(`/agents/${agent.body.id}`))
})
