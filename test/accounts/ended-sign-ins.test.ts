import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import { type ChildProgram, startChildProgram } from '../child-program.ts'
import { newDirectChat } from '../council.ts'
import { useTestDatabase } from '../database.ts'
import { startModelEndpoint } from '../model-endpoint.ts'
import { type Client, createClient, tokenFor } from '../program.ts'

// Two programs on one database: what one of them is told holds on the other. The promise is 5 seconds, which the long form holds it to; a loaded
// machine may take longer over everything.

const WITHIN = { timeout: process.env.PANTHEON_LONG === '1' ? 5_000 : 20_000, interval: 50 }
const PASSWORD = 'correct horse battery'

const database = await useTestDatabase()
const endpoint = await startModelEndpoint()
afterAll(() => endpoint.close())

const start = (more: Record<string, string>) =>
  startChildProgram({ DATABASE_URL: database.url, OPENROUTER_BASE_URL: endpoint.url, ADMIN_USER_IDS: 'root-id', ...more })

const external = [await start({}), await start({})] as const
const LOCAL = { SUPABASE_JWT_SECRET: '', SIGNUP: 'open', AUTH_SECRET: 'a secret of the tests that is long enough' }
const local = [await start(LOCAL), await start(LOCAL)] as const

const codeOf = async (client: Client, path = '/auth/me') => (await client.get(path)).body.code ?? 'allowed'

/** A stream of a turn that talks for longer than anybody waits here, and how its reading ends. */
async function openStream(client: Client, key: string) {
  const { turns } = await newDirectChat(client, { key })
  endpoint.reply({ chunks: Array(2_000).fill('on '), betweenMs: 100 })
  const stream = await client.stream(`${turns}/stream`, { message: 'Talk.' })
  const reading = stream.all().then(
    () => 'ended',
    () => 'cut',
  )
  return { ended: () => Promise.race([reading, sleep(WITHIN.timeout, 'still open')]) }
}

describe('with accounts of another issuer', () => {
  const [here, there] = external

  const at = async (program: ChildProgram, name: string, claims?: Record<string, unknown>) => {
    const client = createClient(program.address, `${name}-id`, await tokenFor(`${name}-id`, `${name}@example.com`, claims))
    await client.get('/auth/me')
    return client
  }
  const change = async (userId: string, body: unknown) => {
    expect((await (await at(here, 'root')).send('PATCH', `/admin/users/${userId}`, body)).status).toBe(200)
  }

  test('a suspension reaches the token, the API key and the open stream at the other replica', async () => {
    const ada = await at(there, 'ada')
    const key = createClient(there.address, ada.userId, (await ada.post('/users/me/api-keys', { name: 'x' })).body.key)
    expect([await codeOf(ada), await codeOf(key)]).toEqual(['allowed', 'allowed'])
    const { ended } = await openStream(ada, 'suspended')
    await change(ada.userId, { suspended: true })
    await expect.poll(() => codeOf(ada), WITHIN).toBe('suspended')
    await expect.poll(() => codeOf(key), WITHIN).toBe('suspended')
    expect(await ended()).toBe('cut')
  })

  test('a demotion reaches an administrator at the other replica, step by step', async () => {
    const bob = await at(there, 'bob')
    const grant = async () => (await bob.post(`/admin/wallets/${bob.userId}/grant`, { amount: 1 })).body.code ?? 'allowed'
    await change(bob.userId, { role: 'owner' })
    await expect.poll(() => codeOf(bob, '/admin/settings'), WITHIN).toBe('allowed')
    expect(await grant()).toBe('allowed')
    await change(bob.userId, { role: 'analyst' })
    await expect.poll(grant, WITHIN).toBe('owner_required')
    expect(await codeOf(bob, '/admin/settings')).toBe('allowed')
    await change(bob.userId, { role: 'user' })
    await expect.poll(() => codeOf(bob, '/admin/settings'), WITHIN).toBe('admin_required')
    expect(await codeOf(bob)).toBe('allowed')
  })

  test('a revoked key is refused at the other replica', async () => {
    const carl = await at(here, 'carl')
    const made = await carl.post('/users/me/api-keys', { name: 'x' })
    const key = createClient(there.address, carl.userId, made.body.key)
    expect(await codeOf(key)).toBe('allowed')
    const { ended } = await openStream(key, 'revoked')
    expect((await carl.send('DELETE', `/users/me/api-keys/${made.body.id}`)).status).toBe(204)
    await expect.poll(() => codeOf(key), WITHIN).toBe('unauthenticated')
    expect(await ended()).toBe('cut')
  })

  test('a sign-out everywhere ends tokens given out so far, and none that comes later; keys stay', async () => {
    const now = () => Math.floor(Date.now() / 1_000)
    const old = await at(there, 'dora', { iat: now() - 60 })
    const nameless = await at(there, 'dora')
    const key = createClient(there.address, old.userId, (await old.post('/users/me/api-keys', { name: 'x' })).body.key)
    const { ended } = await openStream(old, 'signed-out')
    expect((await (await at(here, 'dora', { iat: now() - 30 })).post('/users/me/sign-out-everywhere')).status).toBe(204)
    await expect.poll(() => codeOf(old), WITHIN).toBe('unauthenticated')
    expect(await codeOf(nameless)).toBe('unauthenticated')
    expect(await ended()).toBe('cut')
    expect(await codeOf(await at(there, 'dora', { iat: now() + 1 }))).toBe('allowed')
    expect(await codeOf(key)).toBe('allowed')
  })
})

describe('with local accounts', () => {
  const [here, there] = local

  const account = async (path: string, body: unknown, bearer?: string) => {
    const headers = { 'content-type': 'application/json', ...(bearer && { authorization: `Bearer ${bearer}` }) }
    const answer = await fetch(`${here.address}/api/auth${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
    return { status: answer.status, body: (await answer.json()) as { token: string; user: { id: string } } }
  }
  const tokenOf = async (session: string) => {
    const answer = await fetch(`${here.address}/api/auth/token`, { headers: { authorization: `Bearer ${session}` } })
    return answer.status === 200 ? ((await answer.json()) as { token: string }).token : null
  }
  /** A new sign-in, as a client at the other replica. */
  async function signIn(email: string) {
    const { body } = await account('/sign-in/email', { email, password: PASSWORD })
    const client = createClient(there.address, body.user.id, (await tokenOf(body.token))!)
    expect(await codeOf(client)).toBe('allowed')
    return { session: body.token, client }
  }
  const signUp = (email: string) => account('/sign-up/email', { email, password: PASSWORD, name: 'Somebody' })

  test('a sign-out everywhere ends all sessions and their tokens; whoever signs in again at once is in', async () => {
    await signUp('ada@example.org')
    const [laptop, phone] = [await signIn('ada@example.org'), await signIn('ada@example.org')]
    const { ended } = await openStream(phone.client, 'phone')
    const mine = createClient(here.address, laptop.client.userId, laptop.client.token)
    expect((await mine.post('/users/me/sign-out-everywhere')).status).toBe(204)
    expect(await codeOf(mine)).toBe('unauthenticated')
    const again = await signIn('ada@example.org')
    for (const { client, session } of [laptop, phone]) {
      await expect.poll(() => codeOf(client), WITHIN).toBe('unauthenticated')
      expect(await tokenOf(session)).toBeNull()
    }
    expect(await ended()).toBe('cut')
    expect(await codeOf(again.client)).toBe('allowed')
  })

  test('a sign-out ends the token and the open stream of its session, and no other', async () => {
    await signUp('bob@example.org')
    const [laptop, phone] = [await signIn('bob@example.org'), await signIn('bob@example.org')]
    const { ended } = await openStream(phone.client, 'phone')
    expect((await account('/sign-out', {}, phone.session)).status).toBe(200)
    await expect.poll(() => codeOf(phone.client), WITHIN).toBe('unauthenticated')
    expect(await ended()).toBe('cut')
    expect(await codeOf(laptop.client)).toBe('allowed')
  })

  test('a password change that ends the other sessions ends their tokens', async () => {
    await signUp('carl@example.org')
    const [laptop, phone] = [await signIn('carl@example.org'), await signIn('carl@example.org')]
    const change = { currentPassword: PASSWORD, newPassword: 'another horse battery', revokeOtherSessions: true }
    expect((await account('/change-password', change, laptop.session)).status).toBe(200)
    await expect.poll(() => codeOf(phone.client), WITHIN).toBe('unauthenticated')
  })
})
