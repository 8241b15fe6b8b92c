import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Need } from '../../server/domain/credential.ts'
import { useAdministration } from '../admin/administration.ts'
import { newCouncil } from '../council.ts'
import { type Answer, type Client, createClient } from '../program.ts'

// Every route of the OpenAPI document × {another user, nobody, a suspended user, an analyst, API keys of every reach}. test/http/ownership.test.ts and
// test/admin/access.test.ts look deeper at what is somebody's own and at what administrators do.

/**
 * Who a route is for. `open`: everybody, signed in or not. `everybody`: whoever is signed in, with what is their own or the same for all.
 * `owned`: whoever the thing in its path belongs to. `analyst` and `owner`: by role. `signed`: whoever holds the webhook's secret.
 */
type Access = 'open' | 'everybody' | 'owned' | 'analyst' | 'owner' | 'signed'

/** What an API key must reach for it at least; `person`: no key is enough. Null where nobody is asked for one. */
type KeyNeeds = Need | null

const matrix: Record<string, [Access, KeyNeeds]> = {
  'POST /webhooks/stripe': ['signed', null],
  'GET /health': ['open', null],
  'GET /ready': ['open', null],
  'GET /api/v1/health': ['open', null],
  'GET /api/v1/ready': ['open', null],
  'GET /api/v1/auth/config': ['open', null],
  'GET /api/v1/auth/me': ['everybody', 'read'],
  'GET /api/v1/models': ['everybody', 'read'],
  'POST /api/v1/users/me/sign-out-everywhere': ['everybody', 'person'],
  'POST /api/v1/users/me/api-keys': ['everybody', 'person'],
  'GET /api/v1/users/me/api-keys': ['everybody', 'person'],
  'DELETE /api/v1/users/me/api-keys/{api_key_id}': ['owned', 'person'],
  'POST /api/v1/agents': ['everybody', 'write'],
  'GET /api/v1/agents': ['everybody', 'read'],
  'GET /api/v1/agents/{agent_id}': ['owned', 'read'],
  'PATCH /api/v1/agents/{agent_id}': ['owned', 'write'],
  'DELETE /api/v1/agents/{agent_id}': ['owned', 'write'],
  'POST /api/v1/agents/{agent_id}/restore': ['owned', 'write'],
  'POST /api/v1/agents/{agent_id}/sessions': ['owned', 'turns'],
  'GET /api/v1/agents/{agent_id}/sessions': ['owned', 'read'],
  'DELETE /api/v1/agents/{agent_id}/sessions/{session_id}': ['owned', 'write'],
  'POST /api/v1/rooms': ['everybody', 'write'],
  'GET /api/v1/rooms': ['everybody', 'read'],
  'GET /api/v1/rooms/{room_id}': ['owned', 'read'],
  'PATCH /api/v1/rooms/{room_id}': ['owned', 'write'],
  'DELETE /api/v1/rooms/{room_id}': ['owned', 'write'],
  'PATCH /api/v1/rooms/{room_id}/mode': ['owned', 'write'],
  'POST /api/v1/rooms/{room_id}/restore': ['owned', 'write'],
  'POST /api/v1/rooms/{room_id}/agents': ['owned', 'write'],
  'GET /api/v1/rooms/{room_id}/agents': ['owned', 'read'],
  'PUT /api/v1/rooms/{room_id}/agents/order': ['owned', 'write'],
  'DELETE /api/v1/rooms/{room_id}/agents/{agent_id}': ['owned', 'write'],
  'POST /api/v1/rooms/{room_id}/sessions': ['owned', 'turns'],
  'GET /api/v1/rooms/{room_id}/sessions': ['owned', 'read'],
  'DELETE /api/v1/rooms/{room_id}/sessions/{session_id}': ['owned', 'write'],
  'POST /api/v1/rooms/{room_id}/files': ['owned', 'write'],
  'GET /api/v1/rooms/{room_id}/files': ['owned', 'read'],
  'GET /api/v1/sessions/{session_id}': ['owned', 'read'],
  'PATCH /api/v1/sessions/{session_id}': ['owned', 'write'],
  'POST /api/v1/sessions/{session_id}/restore': ['owned', 'write'],
  'GET /api/v1/sessions/{session_id}/messages': ['owned', 'read'],
  'GET /api/v1/sessions/{session_id}/export': ['owned', 'read'],
  'POST /api/v1/sessions/{session_id}/estimate': ['owned', 'turns'],
  'POST /api/v1/sessions/{session_id}/files': ['owned', 'write'],
  'GET /api/v1/sessions/{session_id}/files': ['owned', 'read'],
  'GET /api/v1/sessions/{session_id}/turns': ['owned', 'read'],
  'POST /api/v1/sessions/{session_id}/turns': ['owned', 'turns'],
  'POST /api/v1/sessions/{session_id}/turns/stream': ['owned', 'turns'],
  'GET /api/v1/sessions/{session_id}/turns/{turn_id}': ['owned', 'read'],
  'GET /api/v1/sessions/{session_id}/turns/{turn_id}/stream': ['owned', 'read'],
  'POST /api/v1/sessions/{session_id}/turns/{turn_id}/cancel': ['owned', 'turns'],
  'POST /api/v1/sessions/{session_id}/turns/{turn_id}/regenerate': ['owned', 'turns'],
  'GET /api/v1/files/{file_id}/text': ['owned', 'read'],
  'GET /api/v1/files/{file_id}/content': ['owned', 'read'],
  'DELETE /api/v1/files/{file_id}': ['owned', 'write'],
  'GET /api/v1/users/me/wallet': ['everybody', 'read'],
  'GET /api/v1/users/me/usage': ['everybody', 'read'],
  'GET /api/v1/users/me/transactions': ['everybody', 'read'],
  'POST /api/v1/users/me/wallet/top-up': ['everybody', 'write'],
  'GET /api/v1/users/me/top-ups': ['everybody', 'read'],
  'GET /api/v1/users/me/export': ['everybody', 'read'],
  'DELETE /api/v1/users/me': ['everybody', 'person'],
  'GET /api/v1/search': ['everybody', 'read'],
  'GET /api/v1/admin/pricing': ['analyst', 'read'],
  'PATCH /api/v1/admin/pricing/{alias}': ['owner', 'write'],
  'GET /api/v1/admin/models': ['analyst', 'read'],
  'PUT /api/v1/admin/models/{alias}': ['owner', 'write'],
  'GET /api/v1/admin/usage/summary': ['analyst', 'read'],
  'GET /api/v1/admin/analytics/usage': ['analyst', 'read'],
  'GET /api/v1/admin/analytics/active-users': ['analyst', 'read'],
  'GET /api/v1/admin/settings': ['analyst', 'read'],
  'PATCH /api/v1/admin/settings/enforcement': ['owner', 'write'],
  'DELETE /api/v1/admin/settings/enforcement': ['owner', 'write'],
  'GET /api/v1/admin/wallets/{user_id}': ['analyst', 'read'],
  'POST /api/v1/admin/wallets/{user_id}/grant': ['owner', 'write'],
  'POST /api/v1/admin/wallets/{user_id}/refund': ['owner', 'write'],
  'POST /api/v1/admin/users/{user_id}/wallet/grant': ['owner', 'write'],
  'GET /api/v1/admin/users': ['analyst', 'read'],
  'PATCH /api/v1/admin/users/{user_id}': ['owner', 'person'],
  'GET /api/v1/admin/audit-log': ['analyst', 'read'],
  'GET /api/v1/admin/jobs/failed': ['analyst', 'read'],
}

const folder = mkdtempSync(path.join(tmpdir(), 'pantheon-matrix-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const program = await useAdministration({ PANTHEON_DATA_DIR: folder })
const { owner, analyst, anonymous } = program
const [ada, mallory, suspended] = [await program.user('ada'), await program.user('mallory'), await program.user('suspended')]
await owner.send('PATCH', `/admin/users/${suspended.userId}`, { suspended: true })

interface Route {
  name: string
  method: string
  address: string
  takesUpload: boolean
}

const { paths } = (await anonymous.get('/openapi.json')).body as { paths: Record<string, Record<string, object>> }
const routes: Route[] = Object.entries(paths).flatMap(([address, operations]) =>
  Object.keys(operations).map(method => ({
    name: `${method.toUpperCase()} ${address}`,
    method: method.toUpperCase(),
    address,
    takesUpload: method === 'post' && address.endsWith('/files'),
  })),
)
const of = (...accesses: Access[]) => routes.filter(({ name }) => accesses.includes(matrix[name]![0]))
const signedIn = () => of('everybody', 'owned', 'analyst', 'owner')

const UPLOAD = '--b\r\ncontent-disposition: form-data; name="file"; filename="a.txt"\r\n\r\nHello.\r\n--b--\r\n'
const FILE_HEADERS = { 'content-type': 'multipart/form-data; boundary=b' }
/** With these a body gets past its schema wherever it is looked at before its owner is. */
const bodies: Record<string, unknown> = {
  'PATCH /api/v1/agents/{agent_id}': { name: 'Mine' },
  'PATCH /api/v1/rooms/{room_id}': { name: 'Mine' },
  'PATCH /api/v1/rooms/{room_id}/mode': { mode: 'manual' },
  'PATCH /api/v1/sessions/{session_id}': { title: 'Mine' },
  'POST /api/v1/sessions/{session_id}/estimate': { message: 'Hello.' },
  'POST /api/v1/sessions/{session_id}/turns': { message: 'Hello.' },
  'POST /api/v1/sessions/{session_id}/turns/stream': { message: 'Hello.' },
}
const ids: Record<string, string> = { alias: 'deepseek', user_id: ada.userId }
beforeAll(async () => {
  const council = await newCouncil(ada, 'roundtable', [{ key: 'ada' }])
  const turn = await ada.post(council.turns, { message: 'Hello.' })
  const file = await ada.post(`/rooms/${council.roomId}/files`, UPLOAD, FILE_HEADERS)
  const key = await ada.post('/users/me/api-keys', { name: 'key' })
  Object.assign(ids, {
    room_id: council.roomId,
    session_id: council.sessionId,
    agent_id: council.agents.ada,
    turn_id: turn.body.id,
    file_id: file.body.id,
    api_key_id: key.body.id,
  })
  bodies['POST /api/v1/rooms/{room_id}/agents'] = { agent_id: ids.agent_id }
  bodies['PUT /api/v1/rooms/{room_id}/agents/order'] = { agent_ids: [ids.agent_id] }
})

function ask(client: Client, { name, method, address, takesUpload }: Route): Promise<Answer> {
  const filled = address.replace(/\{(\w+)\}/g, (_, parameter: string) => encodeURIComponent(ids[parameter] ?? expect.fail(parameter)))
  const place = filled.startsWith('/api/v1') ? filled.slice('/api/v1'.length) : `/${filled}`
  return client.send(method, place, takesUpload ? UPLOAD : bodies[name], takesUpload ? FILE_HEADERS : {})
}

test('every route of the document has its row, and every row its route', () => {
  expect(Object.keys(matrix).toSorted()).toEqual(routes.map(({ name }) => name).toSorted())
})

test('what says that it needs no token is what is open or signed, and nothing else', () => {
  const unsecured = routes.filter(({ address, method }) => {
    const { security } = paths[address]![method.toLowerCase()] as { security?: unknown[] }
    return security?.length === 0
  })
  expect(unsecured.map(({ name }) => name).toSorted()).toEqual(
    of('open', 'signed')
      .map(({ name }) => name)
      .toSorted(),
  )
})

describe('nobody', () => {
  test('is refused everywhere a token is wanted, without a word on what is there', async () => {
    for (const route of signedIn())
      expect(await ask(anonymous, route), route.name).toMatchObject({
        status: 401,
        body: { code: 'unauthenticated', detail: 'Missing Bearer token.' },
      })
  })

  test('is answered where everybody is, and brings no event that is not signed', async () => {
    for (const route of of('open')) expect((await ask(anonymous, route)).status, route.name).toBe(200)
    for (const route of of('signed')) expect((await ask(anonymous, route)).status, route.name).toBeGreaterThanOrEqual(400)
  })
})

test('a suspended user is refused on every route, with 403', async () => {
  for (const route of signedIn())
    expect(await ask(suspended, route), route.name).toMatchObject({ status: 403, body: { code: 'suspended' } })
})

test('another user finds nothing of what belongs to somebody, be it an owner of the service', async () => {
  for (const route of of('owned'))
    for (const stranger of [mallory, analyst, owner])
      expect(await ask(stranger, route), `${route.name} by ${stranger.userId}`).toMatchObject({ status: 404, body: { code: 'not_found' } })
})

test('a user is refused all of administration, with 403', async () => {
  for (const route of of('analyst', 'owner'))
    expect(await ask(mallory, route), route.name).toMatchObject({
      status: 403,
      body: { code: 'admin_required', detail: 'Admin access required.' },
    })
})

test('an analyst reads and is refused whatever takes an owner, with 403', async () => {
  for (const route of of('owner'))
    expect(await ask(analyst, route), route.name).toMatchObject({ status: 403, body: { code: 'owner_required' } })
  for (const route of of('analyst')) expect((await ask(analyst, route)).status, route.name).toBe(200)
})

describe('an API key', () => {
  const REACH = ['read', 'turns', 'write', 'person'] as const
  const keyOf = async (client: Client, ...scopes: string[]) =>
    createClient(program.address, client.userId, (await client.post('/users/me/api-keys', { name: 'key', scopes })).body.key)
  const isEnough = (scope: Need, { name }: Route) => REACH.indexOf(scope) >= REACH.indexOf(matrix[name]![1]!)

  test.each(['read', 'turns', 'write'] as const)(
    'with the scope %s is enough for what its column says, and for nothing else',
    async scope => {
      // Of somebody else, for whom what is let through comes to nothing.
      const [plain, admin] = [await keyOf(mallory, scope), await keyOf(owner, scope, 'admin')]
      for (const route of signedIn()) {
        const { status, body } = await ask(
          matrix[route.name]![0] === 'everybody' || matrix[route.name]![0] === 'owned' ? plain : admin,
          route,
        )
        const isRefused = status === 403 && body.code === 'insufficient_scope'
        expect(isRefused, `${route.name} answered ${status} ${body?.code}`).toBe(!isEnough(scope, route))
      }
    },
  )

  test('of an owner reaches no administration without the scope admin', async () => {
    const plain = await keyOf(owner, 'write')
    for (const route of of('analyst', 'owner').filter(route => isEnough('write', route)))
      expect(await ask(plain, route), route.name).toMatchObject({ status: 403, body: { code: 'admin_required' } })
  })
})

test('whom it belongs to is let in all this while', async () => {
  const reading = of('owned').filter(({ method }) => method === 'GET')
  for (const route of reading) expect((await ask(ada, route)).status, route.name).toBe(200)
  expect(reading.length).toBeGreaterThan(10)
})
