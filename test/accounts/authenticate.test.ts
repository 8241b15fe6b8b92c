import { afterAll, expect, test } from 'vitest'
import { createBearerVerifier } from '../../server/accounts/bearer.ts'
import { createApiKeyDirectory } from '../../server/store/api-key-directory.ts'
import { listenForChanges } from '../../server/store/change-signal.ts'
import { openDatabase } from '../../server/store/database.ts'
import { createUserDirectory } from '../../server/store/user-directory.ts'
import { authenticate } from '../../server/usecases/authenticate.ts'
import { useTestDatabase } from '../database.ts'
import { anywhere } from '../outbound.ts'
import { inSeconds, signShared } from './key-server.ts'

const SECRET = 'the shared secret of a project, 32 bytes or more'
const { config, pool } = await useTestDatabase()
const database = openDatabase({ config, namedStatements: true, onIdleError: () => undefined })
afterAll(() => void database.close())

const bearer = createBearerVerifier({ supabase: { url: null, jwtSecrets: [SECRET] } }, anywhere)
const admins = { userIds: new Set(['admin-by-id']), emails: new Set(['admin@example.org']) }
const apiKeys = createApiKeyDirectory(database, () => undefined)
const newDirectory = () => createUserDirectory(database, { localIssuer: 'local', signupGrant: '0' })

async function authorization(sub: string, more: Record<string, unknown> = {}) {
  return `Bearer ${await signShared(SECRET, { aud: 'authenticated', sub, exp: inSeconds(600), ...more })}`
}

test('a call without a bearer token, or with a bad one, is told so', async () => {
  const dependencies = { bearer, users: newDirectory(), admins, apiKeys }
  const good = await authorization('somebody')
  for (const missing of [undefined, '', 'Bearer', 'Bearer ', 'Basic YTpi', good.replace('Bearer ', ''), 'Bearer two words']) {
    await expect(authenticate(dependencies, missing), missing).rejects.toMatchObject({
      code: 'unauthenticated',
      message: 'Missing Bearer token.',
    })
  }
  for (const bad of ['Bearer garbage', `${good}x`, await authorization('somebody', { exp: inSeconds(-60) })]) {
    await expect(authenticate(dependencies, bad), bad).rejects.toMatchObject({
      code: 'unauthenticated',
      message: 'Invalid or expired token.',
    })
  }
  expect(await authenticate(dependencies, good.replace('Bearer', 'bearer'))).toEqual({
    caller: { userId: 'somebody', email: null, role: 'user' },
    credential: { kind: 'token', sessionId: null, issuedAt: 0 },
  })
})

test('admins of the configuration are owners, by e-mail only where it is verified', async () => {
  const dependencies = { bearer, users: newDirectory(), admins, apiKeys }
  const roleOf = async (sub: string, more: Record<string, unknown> = {}) =>
    (await authenticate(dependencies, await authorization(sub, more))).caller.role
  expect(await roleOf('admin-by-id')).toBe('owner')
  expect(await roleOf('admin-by-mail', { email: 'Admin@Example.org', email_verified: true })).toBe('owner')
  expect(await roleOf('claims-a-mail', { email: 'admin@example.org', email_verified: false })).toBe('user')
  expect(await roleOf('metadata', { email: 'admin@example.org', user_metadata: { email_verified: true } })).toBe('user')
  expect((await pool.query(`select distinct role from users where id like 'admin%'`)).rows).toEqual([{ role: 'user' }])
})

test('a suspended user is refused as soon as the directory is told', async () => {
  const users = newDirectory()
  const dependencies = { bearer, users, admins, apiKeys }
  const header = await authorization('to-suspend')
  await authenticate(dependencies, header)
  const signal = await listenForChanges(config, () => undefined)
  const told = new Promise<string>(resolve => signal.subscribe(resolve))
  await pool.query(`update users set suspended_at = now() where id = 'to-suspend'`)
  expect(await told).toBe('users:to-suspend')
  expect(await authenticate(dependencies, header)).toMatchObject({ caller: { userId: 'to-suspend' } })
  users.forgetUser('to-suspend')
  await expect(authenticate(dependencies, header)).rejects.toMatchObject({ code: 'suspended' })
  await signal.close()
})

test('a suspended user is refused within 5 seconds where no signal comes', async () => {
  const dependencies = { bearer, users: newDirectory(), admins, apiKeys }
  const header = await authorization('unnoticed')
  await authenticate(dependencies, header)
  await pool.query(`update users set suspended_at = now(), role = 'owner' where id = 'unnoticed'`)
  await new Promise(resolve => setTimeout(resolve, 5_000))
  await expect(authenticate(dependencies, header)).rejects.toMatchObject({ code: 'suspended' })
})

test('a row that changed while it was read is read again', async () => {
  let release = () => {}
  const held = new Promise<void>(resolve => {
    release = resolve
  })
  const slow = {
    ...database,
    statement: (async (...call: Parameters<typeof database.statement>) => {
      const rows = await database.statement(...call)
      await held
      return rows
    }) as typeof database.statement,
  }
  const users = createUserDirectory(slow, { localIssuer: 'local', signupGrant: '0' })
  const identity = { issuer: 'https://issuer.example', subject: 'raced', email: null, emailVerified: false, sessionId: null }
  const reading = users.see(identity)
  while ((await pool.query(`select from users where id = 'raced'`)).rowCount === 0) await new Promise(resolve => setTimeout(resolve, 5))
  await pool.query(`update users set suspended_at = now() where id = 'raced'`)
  users.forgetUser('raced')
  release()
  await reading
  expect((await users.see(identity)).suspended_at).not.toBeNull()
})
