import { v7 as uuidv7 } from 'uuid'
import { describe, expect, test } from 'vitest'
import { firstAccountCode, isSameCode } from '../../server/accounts/first-account-code.ts'
import { invitationDigest } from '../../server/accounts/sign-up-gate.ts'
import { type AccountServer, BASE_URL, cookiesOf, PASSWORD, readJson, SECRET, startAccountServer } from './account-server.ts'

const rows = async (server: AccountServer, statement: string) => (await server.database.pool.query(statement)).rows
const statusesOf = (answers: Response[]) => answers.map(({ status }) => status).sort()

test('one address makes ten accounts a minute, although each makes its browser a known one', async () => {
  const server = await startAccountServer()
  const statuses: number[] = []
  let cookie = ''
  for (let number = 0; number < 12; number += 1) {
    const answer = await server.signUp(`person${number}@example.org`, {}, { address: '203.0.113.9', headers: { cookie, origin: BASE_URL } })
    statuses.push(answer.status)
    cookie = cookiesOf(answer) || cookie
  }
  expect(cookie).toContain('pantheon.device=')
  expect(statuses).toEqual([...Array(10).fill(200), 429, 429])
})

test('an address longer than any is no address, to sign up with or to sign in by', async () => {
  const server = await startAccountServer()
  const address = `${'a'.repeat(400)}@example.org`
  const signIn = (email: string) => server.call('/sign-in/email', { body: { email, password: PASSWORD } })
  // The last one is what the library itself says.
  for (const answer of [await server.signUp(address), await signIn(address), await signIn('no address')]) {
    expect(answer.status).toBe(400)
    expect(await readJson(answer)).toEqual({ code: 'INVALID_EMAIL', message: 'Invalid email' })
  }
})

describe('the first account', () => {
  test('is one of three that sign up at once, and only that one is owner', async () => {
    const server = await startAccountServer()
    const emails = ['ada@example.org', 'bob@example.org', 'cleo@example.org']
    expect(statusesOf(await Promise.all(emails.map(email => server.signUp(email))))).toEqual([200, 200, 200])
    const callers = await Promise.all(emails.map(async email => server.authenticate(await server.authorization(email))))
    expect(callers.map(({ role }) => role).sort()).toEqual(['owner', 'user', 'user'])
    expect(await rows(server, 'select user_id from first_owner')).toEqual([
      { user_id: callers.find(({ role }) => role === 'owner')?.userId },
    ])
  })

  test('needs the code where one is set, whatever sign-up says, and spends it', async () => {
    const code = firstAccountCode(SECRET)
    const server = await startAccountServer({ signup: 'closed', firstAccountCode: code })
    for (const wrong of [{}, { code: 'AAAAA-AAAAA' }, { code: 7 }, { code: '' }]) {
      const refused = await server.signUp('ada@example.org', wrong)
      expect(refused.status).toBe(403)
      expect(await readJson(refused)).toMatchObject({
        code: 'FIRST_ACCOUNT_CODE_REQUIRED',
        message: expect.stringContaining('one-time code'),
      })
    }
    expect(await rows(server, 'select id from auth.user')).toEqual([])
    expect((await server.signUp('ada@example.org', { code })).status).toBe(200)
    expect(await readJson(await server.signUp('bob@example.org', { code }))).toMatchObject({ code: 'SIGN_UP_CLOSED' })
  })

  test('is one of three that bring the code at once while sign-up is closed', async () => {
    const code = firstAccountCode(SECRET)
    const server = await startAccountServer({ signup: 'closed', firstAccountCode: code })
    const answers = await Promise.all(
      [1, 2, 3].map(number => server.signUp(`person${number}@example.org`, {}, { headers: { 'x-signup-code': code } })),
    )
    expect(statusesOf(answers)).toEqual([200, 403, 403])
    expect(await rows(server, 'select id from auth.user')).toHaveLength(1)
  })

  test('is still to be made after a sign-up that failed', async () => {
    const server = await startAccountServer({ signup: 'closed' })
    expect((await server.signUp('ada@example.org', { password: 'short' })).status).toBe(400)
    expect(await rows(server, 'select user_id from first_owner')).toEqual([])
    expect((await server.signUp('ada@example.org')).status).toBe(200)
  })
})

describe('the code of the first account', () => {
  test('is the same on every replica, and another for another secret', () => {
    expect(firstAccountCode(SECRET)).toBe(firstAccountCode(SECRET))
    expect(firstAccountCode(SECRET)).toMatch(/^[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}$/)
    expect(firstAccountCode('another')).not.toBe(firstAccountCode(SECRET))
  })

  test('is read as people type it', () => {
    expect(isSameCode(' 01abc defgh', '01ABC-DEFGH')).toBe(true)
    expect(isSameCode('oiabcdefgh', '01ABC-DEFGH')).toBe(true)
    for (const wrong of ['', '01ABC', '01ABC-DEFGJ', '01ABC-DEFGHJ']) expect(isSameCode(wrong, '01ABC-DEFGH')).toBe(false)
  })
})

describe('an invitation', () => {
  /** A server by invitation, its owner made, and an invitation for bob with this code. */
  async function startInviting({ role = 'user', expires = '1 hour' } = {}) {
    const server = await startAccountServer({ signup: 'invite' })
    await server.signUp('ada@example.org')
    const { userId } = await server.authenticate(await server.authorization('ada@example.org'))
    await server.database.pool.query(
      'insert into invitations (id, email, code_sha256, role, created_by_user_id, expires_at) values ($1, $2, $3, $4, $5, now() + $6::interval)',
      [uuidv7(), 'bob@example.org', invitationDigest('the-code'), role, userId, expires],
    )
    return server
  }

  test('lets its e-mail in with its code, once, in its role', async () => {
    const server = await startInviting({ role: 'analyst' })
    expect(await readJson(await server.signUp('bob@example.org'))).toMatchObject({ code: 'INVITATION_REQUIRED' })
    expect((await server.signUp('bob@example.org', { code: 'another-code' })).status).toBe(403)
    expect((await server.signUp('mallory@example.org', { code: 'the-code' })).status).toBe(403)
    expect((await server.signUp('Bob@Example.org', { code: 'the-code' })).status).toBe(200)
    expect(await server.authenticate(await server.authorization('bob@example.org'))).toMatchObject({ role: 'analyst' })
    await server.database.pool.query(`delete from auth.user where email = 'bob@example.org'`)
    expect((await server.signUp('bob@example.org', { code: 'the-code' })).status).toBe(403)
  })

  test('makes one account when it is used twice at once', async () => {
    const server = await startInviting()
    const answers = await Promise.all([1, 2].map(() => server.signUp('bob@example.org', { code: 'the-code' })))
    expect(statusesOf(answers)[0]).toBe(200)
    expect(statusesOf(answers)[1]).toBeGreaterThanOrEqual(400)
    expect(await rows(server, `select id from auth.user where email = 'bob@example.org'`)).toHaveLength(1)
  })

  test('is not spent by a sign-up that failed', async () => {
    const server = await startInviting()
    expect((await server.signUp('bob@example.org', { code: 'the-code', password: 'short' })).status).toBe(400)
    expect((await server.signUp('bob@example.org', { code: 'the-code' })).status).toBe(200)
  })

  test('ends', async () => {
    const server = await startInviting({ expires: '-1 second' })
    expect((await server.signUp('bob@example.org', { code: 'the-code' })).status).toBe(403)
  })
})
