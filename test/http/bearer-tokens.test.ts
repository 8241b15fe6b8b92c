import { SignJWT, UnsecuredJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import { newDirectChat } from '../council.ts'
import { createClient, JWT_SECRET, tokenFor, useProgram } from '../program.ts'

const { user, anonymous, address, database, endpoint } = await useProgram()
const ada = await user('ada')

const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds
const claims = { sub: 'forger-id', aud: 'authenticated', email: 'forger@example.com', exp: inSeconds(600) }
const signed = (payload: object, secret = JWT_SECRET, alg = 'HS256') =>
  new SignJWT({ ...payload }).setProtectedHeader({ alg }).sign(new TextEncoder().encode(secret))
const ask = (authorization: string) => anonymous.get('/auth/me', { authorization })
const good = await signed(claims)
const [head = '', body = '', signature = ''] = good.split('.')
const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

describe('a request without a bearer token', () => {
  test.each(['', 'Bearer', 'Bearer ', 'Basic YTpi', `Basic ${good}`, good, `Token ${good}`, `Bearer: ${good}`])(
    'is told that it is missing: %j',
    async header => {
      const answer = await ask(header)
      expect(answer.body).toMatchObject({ status: 401, code: 'unauthenticated', detail: 'Missing Bearer token.' })
    },
  )

  test('is told so whether or not what it asks for is there', async () => {
    for (const path of ['/rooms', '/rooms/1', '/agents', '/models', '/auth/me', '/users/me/wallet', '/sessions/1/turns'])
      expect((await anonymous.get(path)).body, path).toMatchObject({ status: 401, detail: 'Missing Bearer token.' })
  })
})

describe('a bearer token', () => {
  test('is taken in whichever case the scheme is written', async () => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER '])
      expect((await ask(`${scheme} ${good}`)).body).toMatchObject({ user_id: 'forger-id' })
  })

  test.each<[string, string | Promise<string>]>([
    ['is garbage', 'garbage'],
    ['is three dots', '...'],
    ['is empty parts', '..'],
    ['is very long', 'x'.repeat(8_000)],
    ['has expired', signed({ ...claims, exp: inSeconds(-60) })],
    ['never expires', signed({ ...claims, exp: undefined })],
    ['does not hold yet', signed({ ...claims, nbf: inSeconds(60) })],
    ['is for another audience', signed({ ...claims, aud: 'anon' })],
    ['is for no audience', signed({ ...claims, aud: undefined })],
    ['names nobody', signed({ ...claims, sub: undefined })],
    ['names a blank', signed({ ...claims, sub: '' })],
    ['names a NUL', signed({ ...claims, sub: 'a\0b' })],
    ['is unsigned', new UnsecuredJWT(claims).encode()],
    ['says its algorithm is None', `${encoded({ alg: 'None' })}.${body}.`],
    ['says its algorithm is none and keeps a signature', `${encoded({ alg: 'none' })}.${body}.${signature}`],
    ['has lost its signature', `${head}.${body}.`],
    ['is signed by another secret', signed(claims, 'another secret that is long enough too')],
    ['is signed by another algorithm', signed(claims, JWT_SECRET, 'HS384')],
    ['carries other claims than those that were signed', `${head}.${encoded({ ...claims, sub: 'ada-id' })}.${signature}`],
  ])('is refused when it %s', async (_, token) => {
    const answer = await ask(`Bearer ${await token}`)
    expect(answer.body).toMatchObject({ status: 401, code: 'unauthenticated', detail: 'Invalid or expired token.' })
    const { rows } = await database.pool.query(`select id from users where id not in ('ada-id', 'forger-id')`)
    expect(rows).toEqual([])
  })

  test('speaks for its user alone, whatever it claims to be', async () => {
    const boastful = await signed({
      ...claims,
      sub: 'boaster',
      role: 'owner',
      user_metadata: { role: 'owner' },
      app_metadata: { role: 'owner' },
    })
    expect((await ask(`Bearer ${boastful}`)).body).toEqual({ user_id: 'boaster', email: 'forger@example.com', role: 'user' })
  })
})

describe('a user', () => {
  test('is known by the token at first sight', async () => {
    expect((await ada.get('/auth/me')).body).toEqual({ user_id: 'ada-id', email: 'ada@example.com', role: 'user' })
    const quiet = createClient(address, 'quiet', await signed({ ...claims, sub: 'quiet', email: undefined }))
    expect((await quiet.get('/auth/me')).body).toEqual({ user_id: 'quiet', email: null, role: 'user' })
  })

  test('of a role has that role from the next request on', async () => {
    const eve = await user('eve')
    for (const role of ['analyst', 'owner', 'user']) {
      await database.pool.query('update users set role = $2 where id = $1', [eve.userId, role])
      await expect.poll(() => eve.get('/auth/me').then(answer => answer.body.role)).toBe(role)
    }
  })

  test('who is suspended is refused everywhere, at once, and let in again', async () => {
    const finn = await user('finn')
    const { sessionId, turns, agentId } = await newDirectChat(finn, { key: 'finn' })
    await database.pool.query('update users set suspended_at = now() where id = $1', [finn.userId])
    await expect.poll(() => finn.get('/auth/me').then(answer => answer.status), { timeout: 3_000 }).toBe(403)
    const requests: [string, string, unknown?][] = [
      ['GET', '/auth/me'],
      ['GET', '/models'],
      ['GET', '/rooms'],
      ['POST', '/rooms', { name: 'Room' }],
      ['POST', '/rooms', '{'],
      ['GET', `/agents/${agentId}`],
      ['DELETE', `/agents/${agentId}`],
      ['GET', `/sessions/${sessionId}/messages`],
      ['POST', turns, { message: 'Hello.' }],
      ['POST', `${turns}/stream`, { message: 'Hello.' }],
      ['GET', '/users/me/wallet'],
      ['GET', '/users/me/usage'],
      ['GET', '/users/me/transactions'],
    ]
    const asked = endpoint.requests.length
    for (const [method, path, sent] of requests) {
      const answer = await finn.send(method, path, sent)
      expect(answer.body, path).toMatchObject({ status: 403, code: 'suspended', title: 'Suspended', detail: 'This account is suspended.' })
    }
    expect(endpoint.requests.length).toBe(asked)
    const fresh = createClient(address, finn.userId, await tokenFor(finn.userId, 'finn@example.com', { jti: 'fresh' }))
    expect((await fresh.get('/rooms')).status).toBe(403)
    expect((await ada.get('/rooms')).status).toBe(200)
    expect((await finn.get('/nothing')).status).toBe(404)
    expect((await finn.get('/health')).status).toBe(200)
    await database.pool.query('update users set suspended_at = null where id = $1', [finn.userId])
    await expect.poll(() => finn.get(`/agents/${agentId}`).then(answer => answer.status), { timeout: 3_000 }).toBe(200)
  })
})

test('what a token opens is kept by nobody in between', async () => {
  expect((await ada.get('/rooms')).headers.get('cache-control')).toBe('no-store')
  expect((await ada.get('/rooms/1')).headers.get('cache-control')).toBe('no-store')
})

test('which ways to sign in there are is open to everybody', async () => {
  const { status, body } = await anonymous.get('/auth/config')
  expect(status).toBe(200)
  expect(body).toEqual({
    local: false,
    magic_link: false,
    signup: expect.stringMatching(/^(open|invite|closed)$/),
    first_account_missing: false,
    first_account_code_required: false,
    external_issuers: [],
    demo_model: false,
    low_balance_threshold: '5',
  })
})
