import { describe, expect, test } from 'vitest'
import { apiKeyDigest } from '../../server/accounts/api-key.ts'
import { createApiKeyDirectory } from '../../server/store/api-key-directory.ts'
import { openDatabase } from '../../server/store/database.ts'
import { useAdministration } from '../admin/administration.ts'
import { newDirectChat } from '../council.ts'
import { type Client, createClient, startProgram } from '../program.ts'

const program = await useAdministration()
const { pool } = program.database
const ada = await program.user('ada')

/** A client whose bearer token is a new key of `client`. */
async function keyOf(client: Client, wish: Record<string, unknown> = {}): Promise<Client & { keyId: string }> {
  const made = await client.post('/users/me/api-keys', { name: 'A script', ...wish })
  expect(made.status).toBe(201)
  return { ...createClient(program.address, client.userId, made.body.key), keyId: made.body.id }
}

describe('an API key', () => {
  test('is shown once, and kept as a digest', async () => {
    const made = await ada.post('/users/me/api-keys', { name: ' Nightly report ' })
    const { key, ...rest } = made.body
    expect(key).toMatch(/^pantheon_[0-9a-f]{48}$/)
    expect(rest).toMatchObject({
      name: 'Nightly report',
      prefix: key.slice(0, 17),
      scopes: ['write', 'admin'],
      expires_at: null,
      last_used_at: null,
    })
    expect((await ada.get('/users/me/api-keys')).body).toEqual([rest])
    const stored = JSON.stringify((await pool.query('select * from api_keys')).rows)
    expect(stored).not.toContain(key)
    expect(stored).not.toContain(key.slice(20))
  })

  test('acts as its user, in their role', async () => {
    const script = await keyOf(ada)
    expect((await script.get('/auth/me')).body).toMatchObject({ user_id: ada.userId, role: 'user' })
    const { turns } = await newDirectChat(script, { key: 'by-key' })
    expect((await script.post(turns, { message: 'Hello.' })).body.status).toBe('completed')
    expect((await ada.get('/agents')).body.agents[0].agent_key).toBe('by-key')
    expect((await (await keyOf(program.owner)).get('/admin/settings')).status).toBe(200)
    const ofAnalyst = await keyOf(program.analyst)
    expect((await ofAnalyst.get('/admin/settings')).status).toBe(200)
    expect((await ofAnalyst.send('PATCH', '/admin/settings/enforcement', { enabled: true })).body.code).toBe('owner_required')
  })

  test('that is unknown, cut or lengthened is no token', async () => {
    const { token } = await keyOf(ada)
    for (const wrong of [`pantheon_${'0'.repeat(48)}`, token.slice(0, -1), `${token}0`, token.toUpperCase(), 'pantheon_'])
      expect((await createClient(program.address, '', wrong).get('/auth/me')).body, wrong).toMatchObject({
        code: 'unauthenticated',
        detail: 'Invalid or expired token.',
      })
  })

  test('ends at its time', async () => {
    const script = await keyOf(ada, { expires_at: new Date(Date.now() + 1_500).toISOString() })
    expect((await script.get('/auth/me')).status).toBe(200)
    await new Promise(resolve => setTimeout(resolve, 1_600))
    expect((await script.get('/auth/me')).body.code).toBe('unauthenticated')
    const past = await ada.post('/users/me/api-keys', { name: 'Late', expires_at: '2020-01-01T00:00:00Z' })
    expect(past.body).toMatchObject({ status: 422, errors: [{ path: 'expires_at' }] })
  })

  test('that is revoked is refused at once, and the stream it reads is cut while the turn runs on', async () => {
    const script = await keyOf(ada)
    const { turns } = await newDirectChat(script, { key: 'revoked' })
    program.endpoint.reply({ chunks: Array(60).fill('on '), betweenMs: 100 })
    const stream = await script.stream(`${turns}/stream`, { message: 'Talk for six seconds.' })
    const reading = stream.all().then(
      () => 'ended',
      () => 'cut',
    )
    expect((await ada.send('DELETE', `/users/me/api-keys/${script.keyId}`)).status).toBe(204)
    expect((await script.get('/auth/me')).body.code).toBe('unauthenticated')
    expect(await reading).toBe('cut')
    await expect.poll(async () => (await ada.get(turns)).body.turns[0]?.status, { timeout: 20_000 }).toBe('completed')
    program.endpoint.reply({})
  })

  test('is refused when its user is suspended, and gone when they delete their account', async () => {
    const bob = await program.user('bob')
    const script = await keyOf(bob)
    await script.get('/auth/me')
    await program.owner.send('PATCH', `/admin/users/${bob.userId}`, { suspended: true })
    await expect.poll(async () => (await script.get('/auth/me')).body.code).toBe('suspended')
    await program.owner.send('PATCH', `/admin/users/${bob.userId}`, { suspended: false })
    await expect.poll(async () => (await script.get('/auth/me')).status).toBe(200)
    expect((await bob.send('DELETE', '/users/me')).status).toBe(204)
    await expect.poll(async () => (await script.get('/auth/me')).body.code).toBe('unauthenticated')
    expect((await pool.query('select 1 from api_keys where user_id = $1', [bob.userId])).rowCount).toBe(0)
  })

  test('is one of a hundred at most', async () => {
    const eve = await program.user('eve')
    await pool.query(
      `insert into api_keys (id, user_id, name, prefix, key_sha256, scopes)
       select gen_random_uuid(), $1, 'many', 'pantheon_', lpad(number::text, 64, '0'), '{read}' from generate_series(1, 99) as number`,
      [eve.userId],
    )
    const last = await keyOf(eve)
    expect((await eve.post('/users/me/api-keys', { name: 'One more' })).body).toMatchObject({ status: 409, code: 'conflict' })
    await eve.send('DELETE', `/users/me/api-keys/${last.keyId}`)
    await keyOf(eve)
  })
})

describe('its scopes', () => {
  test('say how far it reaches', async () => {
    const { turns } = await newDirectChat(ada, { key: 'scoped' })
    const agentId = (await ada.get('/agents')).body.agents[0].id
    const attempts: Record<string, (script: Client) => Promise<{ status: number; body: { code?: string } }>> = {
      read: script => script.get('/users/me/wallet'),
      turns: script => script.post(turns, { message: 'Hello.' }),
      session: script => script.post(`/agents/${agentId}/sessions`),
      estimate: script => script.post(turns.replace(/turns$/, 'estimate'), { message: 'Hello.' }),
      write: script => script.post('/rooms', { name: 'Made by a script' }),
      list: script => script.get('/rooms'),
    }
    const allowed: [string[], string[]][] = [
      [['read'], ['read', 'list']],
      [['turns'], ['read', 'turns', 'session', 'estimate', 'list']],
      [['write'], ['read', 'turns', 'session', 'estimate', 'write', 'list']],
      [
        ['read', 'turns'],
        ['read', 'turns', 'session', 'estimate', 'list'],
      ],
    ]
    for (const [scopes, may] of allowed) {
      const script = await keyOf(ada, { scopes })
      for (const [name, attempt] of Object.entries(attempts)) {
        const { status, body } = await attempt(script)
        if (may.includes(name)) expect(status, `${scopes} ${name}`).toBeLessThan(300)
        else expect([status, body.code], `${scopes} ${name}`).toEqual([403, 'insufficient_scope'])
      }
    }
  })

  test('leave administration out unless it is named, and then go no further than the others', async () => {
    const plain = await keyOf(program.owner, { scopes: ['write'] })
    expect((await plain.get('/auth/me')).body.role).toBe('user')
    expect((await plain.get('/admin/settings')).body.code).toBe('admin_required')
    const reader = await keyOf(program.owner, { scopes: ['read', 'admin'] })
    expect((await reader.get('/admin/settings')).status).toBe(200)
    expect((await reader.send('PATCH', '/admin/settings/enforcement', { enabled: true })).body.code).toBe('insufficient_scope')
  })

  test('never reach what only a person may', async () => {
    const script = await keyOf(ada)
    for (const [method, path] of [
      ['POST', '/users/me/api-keys'],
      ['GET', '/users/me/api-keys'],
      ['DELETE', `/users/me/api-keys/${script.keyId}`],
      ['POST', '/users/me/sign-out-everywhere'],
      ['DELETE', '/users/me'],
    ] as const)
      expect((await script.send(method, path, method === 'POST' ? { name: 'x' } : undefined)).body, path).toMatchObject({
        status: 403,
        code: 'insufficient_scope',
      })
    expect((await script.get('/auth/me')).status).toBe(200)
  })

  test('make nobody an owner and suspend nobody, not even with administration and for an owner', async () => {
    const script = await keyOf(program.owner, { scopes: ['write', 'admin'] })
    const eve = await program.user('eve')
    for (const change of [{ role: 'owner' }, { suspended: true }, { monthly_credit_cap: '5' }])
      expect((await script.send('PATCH', `/admin/users/${eve.userId}`, change)).body).toMatchObject({
        status: 403,
        code: 'insufficient_scope',
      })
    expect((await eve.get('/auth/me')).body.role).toBe('user')
    expect((await script.get('/admin/users')).status).toBe(200)
  })

  test.each([[[]], [['admin']], [['read', 'read']], [['everything']]])('cannot be %j', async scopes => {
    expect((await ada.post('/users/me/api-keys', { name: 'x', scopes })).body.code).toBe('validation_error')
  })
})

test('what a key is used for costs no write, and its last use is known when the program has stopped', async () => {
  const { keyId, token } = await keyOf(ada)
  const version = async () => (await pool.query('select xmin::text, last_used_at from api_keys where id = $1', [keyId])).rows[0]
  const before = await version()
  const other = await startProgram({ DATABASE_URL: program.database.url })
  const script = createClient(other.address, ada.userId, token)
  for (let count = 0; count < 5; count += 1) expect((await script.get('/auth/me')).status).toBe(200)
  expect(await version()).toEqual(before)
  const used = Date.now()
  await other.stop()
  expect(Math.abs(Date.parse((await version()).last_used_at) - used)).toBeLessThan(5_000)
})

test('a revoked key is refused within 5 seconds where no signal comes', async () => {
  const database = openDatabase({ config: program.database.config, namedStatements: true, onIdleError: () => undefined })
  const directory = createApiKeyDirectory(database, () => undefined)
  const { keyId, token } = await keyOf(ada)
  const find = () => directory.find(apiKeyDigest(token)!)
  expect((await find())?.key_id).toBe(keyId)
  await pool.query('delete from api_keys where id = $1', [keyId])
  await expect.poll(find, { timeout: 5_000 }).toBeNull()
  await database.close()
})
