import { getMigrations } from 'better-auth/db/migration'
import { describe, expect, test } from 'vitest'
import { accountLibraryOptions } from '../../server/accounts/account-library-options.ts'
import { createDeviceMarks } from '../../server/accounts/known-device.ts'
import { createUnitsOfWork } from '../../server/accounts/unit-of-work.ts'
import { openDatabase } from '../../server/store/database.ts'
import { BASE_URL, cookiesOf, PASSWORD, readJson, SECRET, startAccountServer, startOn } from './account-server.ts'

test('the migrated schema is what the account library asks for', async () => {
  const { database } = await startAccountServer()
  const options = accountLibraryOptions(createUnitsOfWork(database.pool), {
    baseUrl: BASE_URL,
    secrets: [SECRET],
    rules: { signup: 'open', firstAccountCode: null },
    records: { firstOwnerExists: async () => true, claimFirstOwner: async () => false, spendInvitation: async () => false },
    attempts: { take: async () => ({ kind: 'admitted' }), giveBack: async () => undefined },
    marks: createDeviceMarks([SECRET]),
    trustedOrigins: [],
    clientAddressHeader: 'x-address',
    mailer: { send: async () => undefined },
    log: { warn: () => undefined, error: () => undefined },
  })
  const { compileMigrations } = await getMigrations(options)
  expect((await compileMigrations()).replaceAll(/[;\s]/g, '')).toBe('')
})

describe('signing in', () => {
  test('a sign-up, a sign-in and a token make a caller of our API', async () => {
    const server = await startAccountServer()
    const { user } = (await readJson(await server.signUp('Ada@Example.org'))) as { user: { id: string } }
    const authorization = await server.authorization('ada@example.org')
    expect(await server.authenticate(authorization)).toEqual({ userId: user.id, email: 'ada@example.org', role: 'owner' })
    await server.signUp('bob@example.org')
    expect((await server.authenticate(await server.authorization('bob@example.org'))).role).toBe('user')
  })

  test('a wrong password is 401, a short one 400', async () => {
    const server = await startAccountServer()
    await server.signUp('ada@example.org')
    expect((await server.call('/sign-in/email', { body: { email: 'ada@example.org', password: 'wrong horse battery' } })).status).toBe(401)
    expect((await server.signUp('bob@example.org', { password: 'ninechars' })).status).toBe(400)
  })

  test('the cookie is closed to scripts and to plain HTTP, and brings a token', async () => {
    const server = await startAccountServer()
    await server.signUp('ada@example.org')
    const answer = await server.call('/sign-in/email', { body: { email: 'ada@example.org', password: PASSWORD, rememberMe: false } })
    expect(answer.headers.getSetCookie().length).toBeGreaterThan(1)
    for (const cookie of answer.headers.getSetCookie()) expect(cookie).toMatch(/^__Secure-pantheon\..*; HttpOnly; Secure; SameSite=Lax$/)
    const token = await server.call('/token', { headers: { cookie: cookiesOf(answer) } })
    expect(await server.authenticate(`Bearer ${(await readJson(token)).token}`)).toMatchObject({ email: 'ada@example.org' })
  })

  test('what answers with a token or a session is kept by nobody in between', async () => {
    const server = await startAccountServer()
    const signUp = await server.signUp('ada@example.org')
    const token = await server.call('/token', { headers: { cookie: cookiesOf(signUp) } })
    expect(token.status).toBe(200)
    for (const answer of [signUp, token]) expect(answer.headers.get('cache-control')).toBe('no-store')
  })

  test('what the page and other clients have no use for is not there', async () => {
    const server = await startAccountServer()
    const cookie = cookiesOf(await server.signUp('ada@example.org'))
    const headers = { cookie, origin: BASE_URL }
    for (const path of ['/get-session', '/list-sessions', '/list-accounts']) expect((await server.call(path, { headers })).status).toBe(404)
    for (const path of ['/revoke-session', '/revoke-sessions', '/revoke-other-sessions', '/update-user'])
      expect((await server.call(path, { body: {}, headers })).status).toBe(404)
  })

  test('a body is JSON, whatever its type says besides; nothing else is read', async () => {
    const server = await startAccountServer()
    await server.signUp('ada@example.org')
    const form = `email=ada%40example.org&password=${PASSWORD.replaceAll(' ', '+')}`
    const json = JSON.stringify({ email: 'ada@example.org', password: PASSWORD })
    const signIn = (type: string, body: string) =>
      server.send('/sign-in/email', { method: 'POST', headers: { 'content-type': type }, body })
    expect((await signIn('application/x-www-form-urlencoded', form)).status).toBe(415)
    expect((await signIn('multipart/form-data; boundary=b', form)).status).toBe(415)
    expect((await signIn('application/json; x=application/x-www-form-urlencoded', form)).status).toBe(400)
    expect((await signIn('application/json; x=application/x-www-form-urlencoded', json)).status).toBe(200)
    expect((await signIn('application/json', `{${Array.from({ length: 6_000 }, (_, at) => `"m${at}":1`).join(',')}}`)).status).toBe(422)
  })

  test('a session that has ended brings no token', async () => {
    const server = await startAccountServer()
    const { token } = await readJson(await server.signUp('ada@example.org'))
    const headers = { authorization: `Bearer ${token}` }
    expect((await server.call('/token', { headers })).status).toBe(200)
    await server.database.pool.query(`update auth.session set "expiresAt" = now() - interval '1 minute'`)
    expect((await server.call('/token', { headers })).status).toBe(401)
  })

  test('another site cannot use the cookie', async () => {
    const server = await startAccountServer({ trustedOrigins: ['https://other.example'] })
    const cookie = cookiesOf(await server.signUp('ada@example.org'))
    const signOut = (origin: string) => server.call('/sign-out', { body: {}, headers: { cookie, origin } })
    expect((await signOut('https://evil.example')).status).toBe(403)
    expect((await signOut('https://other.example')).status).toBe(200)
  })

  test('all names of this machine are one origin when the server is on loopback', async () => {
    const server = await startAccountServer({ baseUrl: () => 'http://127.0.0.1:8000' })
    const from = (origin: string) =>
      server.signUp(`${Math.random()}@example.org`, {}, { headers: { origin, 'sec-fetch-site': 'same-origin' } })
    expect((await from('http://localhost:8000')).status).toBe(200)
    expect((await from('http://localhost:9000')).status).toBe(403)
  })

  test('the eleventh attempt in a minute from one address waits, whatever address it claims to be', async () => {
    const server = await startAccountServer()
    let tried = 0
    const attempt = (address: string) =>
      server.call('/sign-in/email', {
        address,
        body: { email: `nobody${tried++}@example.org`, password: 'wrong horse battery' },
        headers: { 'x-pantheon-client-address': `10.9.9.${tried}` },
      })
    for (let count = 0; count < 10; count += 1) expect((await attempt('192.0.2.1')).status).toBe(401)
    const refused = await attempt('192.0.2.1')
    expect(refused.status).toBe(429)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await attempt('192.0.2.2')).status).toBe(401)
  })

  test('a body over 1 MiB is 413, a path that is none 404', async () => {
    const server = await startAccountServer()
    expect((await server.signUp('ada@example.org', { name: 'x'.repeat(1024 * 1024) })).status).toBe(413)
    expect((await server.call('/no-such-thing')).status).toBe(404)
  })

  test('a lost database is an error of ours, not a refusal of the caller', async () => {
    const { database, signUp } = await startAccountServer()
    await signUp('ada@example.org')
    const lost = openDatabase({ config: database.config, namedStatements: true, onIdleError: () => undefined })
    const server = await startOn(database, { pool: lost.pool })
    await server.accounts.warm()
    await lost.close()
    expect((await server.call('/sign-in/email', { body: { email: 'ada@example.org', password: PASSWORD } })).status).toBe(500)
    expect((await server.signUp('bob@example.org')).status).toBe(500)
  })

  test('a connection that breaks in the middle of a sign-up is no refusal either, and leaves nothing', async () => {
    const server = await startAccountServer()
    await server.database.pool.query(`
      create function break_off() returns trigger language plpgsql as $$ begin perform pg_terminate_backend(pg_backend_pid()); return new; end $$;
      create trigger break_off after insert on auth.user for each row execute function break_off()`)
    expect((await server.signUp('ada@example.org')).status).toBe(503)
    await server.database.pool.query('drop trigger break_off on auth.user')
    expect((await server.signUp('ada@example.org')).status).toBe(200)
    expect(await server.authenticate(await server.authorization('ada@example.org'))).toMatchObject({ role: 'owner' })
  })
})

describe('the operator', () => {
  test('makes accounts whatever sign-up says, the first of them owner, and signs nobody in', async () => {
    const server = await startAccountServer({ signup: 'closed', firstAccountCode: 'AAAAA-AAAAA' })
    const first = await server.accounts.createUser({ email: 'ada@example.org', password: PASSWORD, name: 'Ada' })
    const second = await server.accounts.createUser({ email: 'bob@example.org', password: PASSWORD, name: 'Bob' })
    expect([first.isFirstOwner, second.isFirstOwner]).toEqual([true, false])
    expect((await server.database.pool.query('select * from auth.session')).rows).toEqual([])
    expect(await server.authenticate(await server.authorization('ada@example.org'))).toMatchObject({ userId: first.userId, role: 'owner' })
    expect(await server.authenticate(await server.authorization('bob@example.org'))).toMatchObject({ userId: second.userId, role: 'user' })
  })

  test('is told why an account cannot be made, and nothing is left of it', async () => {
    const server = await startAccountServer()
    await expect(server.accounts.createUser({ email: 'ada@example.org', password: 'short', name: 'Ada' })).rejects.toMatchObject({
      code: 'validation_error',
    })
    expect((await server.database.pool.query('select * from first_owner')).rows).toEqual([])
    await server.accounts.createUser({ email: 'ada@example.org', password: PASSWORD, name: 'Ada' })
    await expect(server.accounts.createUser({ email: 'ada@example.org', password: PASSWORD, name: 'Ada' })).rejects.toMatchObject({
      code: 'conflict',
    })
  })
})

describe('the secret', () => {
  const NEXT = 'the next secret of the tests, long enough as well'

  test('may be two during a rotation: cookies and keys of the old one go on', async () => {
    const before = await startAccountServer()
    const signedUp = await before.signUp('ada@example.org')
    const cookie = cookiesOf(signedUp)
    const signedToken = signedUp.headers.get('set-auth-token')
    const oldJwt = await before.authorization('ada@example.org')

    const during = await startOn(before.database, { secrets: [NEXT, SECRET] })
    const byCookie = await readJson(await during.call('/token', { headers: { cookie } }))
    expect(await during.authenticate(`Bearer ${byCookie.token}`)).toMatchObject({ email: 'ada@example.org' })
    expect((await during.call('/token', { headers: { authorization: `Bearer ${signedToken}` } })).status).toBe(200)
    expect(await during.authenticate(oldJwt)).toMatchObject({ email: 'ada@example.org' })

    const after = await startOn(before.database, { secrets: [NEXT] })
    expect((await after.call('/token', { headers: { cookie } })).status).toBe(401)
    expect(await after.authenticate(await after.authorization('ada@example.org'))).toMatchObject({ email: 'ada@example.org' })
    expect((await before.database.pool.query('select * from auth.jwks')).rows).toHaveLength(1)
  })

  test('that was lost costs the sessions, not the accounts', async () => {
    const before = await startAccountServer()
    await before.signUp('ada@example.org')
    const oldJwt = await before.authorization('ada@example.org')
    const after = await startOn(before.database, { secrets: [NEXT] })
    expect(await after.authenticate(await after.authorization('ada@example.org'))).toMatchObject({ email: 'ada@example.org' })
    expect(await after.authenticate(oldJwt)).toMatchObject({ email: 'ada@example.org' })
  })

  test('signs with one key, however many replicas start at once', async () => {
    const first = await startAccountServer()
    const others = await Promise.all([startOn(first.database), startOn(first.database)])
    await Promise.all([first, ...others].map(({ accounts }) => accounts.warm()))
    expect((await first.database.pool.query('select * from auth.jwks')).rows).toHaveLength(1)
  })
})
