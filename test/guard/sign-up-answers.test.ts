import { v7 as uuidv7 } from 'uuid'
import { describe, expect, test } from 'vitest'
import { invitationDigest } from '../../server/accounts/sign-up-gate.ts'
import { type AccountServer, BASE_URL, cookiesOf, PASSWORD, readJson, startAccountServer } from '../accounts/account-server.ts'
import { pairedTimes } from './paired-times.ts'

const LONG = process.env.PANTHEON_LONG === '1'
const ANOTHER = 'another horse battery'

/** Whatever can be seen of an answer, what differs from one sign-up to the next put aside. */
async function shapeOf(response: Response, email: string) {
  const body = (await response.text())
    .replaceAll(/"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"/g, '"uuid"')
    .replaceAll(/"\d{4}-\d\d-\d\dT[\d:.]+Z"/g, '"time"')
    .replaceAll(/"token":"\w{32}"/g, '"token"')
    .replaceAll(email, 'email')
  const cookies = response.headers.getSetCookie().map(cookie => cookie.replace(/=[^;]*/, value => `=${decodeURIComponent(value).length}`))
  const names = [...response.headers.keys()]
  return { status: response.status, body, cookies, names, length: response.headers.get('content-length') }
}

const startWithAda = async () => {
  const server = await startAccountServer()
  expect((await server.signUp('ada@example.org')).status).toBe(200)
  return server
}
const users = async (server: AccountServer) =>
  (await server.database.pool.query('select email from auth."user" order by email')).rows.map(({ email }) => email)

describe('a sign-up with a taken address, where sign-up is open', () => {
  test('is answered as one with a free address is', async () => {
    const server = await startWithAda()
    // As long as each other, so that lengths can be compared.
    const taken = await server.signUp('Ada@Example.org', { password: ANOTHER })
    const free = await server.signUp('Bob@Example.org', { password: ANOTHER })
    const shape = await shapeOf(taken, 'ada@example.org')
    expect(shape).toEqual(await shapeOf(free, 'bob@example.org'))
    expect(shape.status).toBe(200)
    expect(shape.body).toContain('"email":"email"')
    expect(shape.cookies).toHaveLength(2)
    for (const wrong of [{ password: 'short' }, { name: 7 }])
      expect(await shapeOf(await server.signUp('ada@example.org', wrong), '')).toEqual(
        await shapeOf(await server.signUp('cy@example.org', wrong), ''),
      )
  })

  test('changes nothing and lets nobody in', async () => {
    const server = await startWithAda()
    const answer = await server.signUp('ada@example.org', { password: ANOTHER })
    const { token, user } = (await readJson(answer)) as { token: string; user: { id: string; email: string } }
    expect(user.email).toBe('ada@example.org')
    const shown: Record<string, string>[] = [{ authorization: `Bearer ${token}` }, { cookie: cookiesOf(answer) }]
    for (const headers of shown) expect((await server.call('/token', { headers })).status).toBe(401)
    expect(await users(server)).toEqual(['ada@example.org'])
    expect((await server.database.pool.query('select 1 from auth.session')).rowCount).toBe(1)
    const signIn = (password: string) => server.call('/sign-in/email', { body: { email: 'ada@example.org', password } })
    expect((await signIn(ANOTHER)).status).toBe(401)
    expect((await signIn(PASSWORD)).status).toBe(200)
  })

  test('makes no browser a known one of that account', async () => {
    const server = await startWithAda()
    const cookie = cookiesOf(await server.signUp('ada@example.org', { password: ANOTHER }))
    expect(cookie).toContain('pantheon.device=')
    expect(server.accounts.knownAccount(cookie)).toBeNull()
    expect(server.accounts.knownAccount(cookiesOf(await server.signUp('bob@example.org')))).not.toBeNull()
  })

  test('is answered so, too, when it became taken a moment before', async () => {
    const server = await startWithAda()
    const answers = await Promise.all([1, 2, 3, 4].map(() => server.signUp('bob@example.org', {}, { headers: { origin: BASE_URL } })))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    expect(await users(server)).toEqual(['ada@example.org', 'bob@example.org'])
    const tokens = await Promise.all(answers.map(answer => server.call('/token', { headers: { cookie: cookiesOf(answer) } })))
    expect(tokens.map(({ status }) => status).toSorted()).toEqual([200, 401, 401, 401])
  })

  test.runIf(LONG)('takes as long, within a tenth of the median', { timeout: 600_000 }, async () => {
    const server = await startWithAda()
    for (let number = 0; number < 20; number += 1) await server.signUp(`known${number}@example.org`)
    const times = await pairedTimes(200, async (kind, pair) => {
      const email = kind === 'known' ? `known${pair % 20}@example.org` : `nobody${pair}@example.org`
      expect((await server.signUp(email)).status).toBe(200)
    })
    console.info('sign-up, ms:', times)
    expect(Math.abs(times.difference)).toBeLessThan(0.1)
  })
})

test('whoever was invited is told that the address is taken, and the invitation is not spent by that', async () => {
  const server = await startAccountServer({ signup: 'invite' })
  await server.signUp('ada@example.org')
  const { userId } = await server.authenticate(await server.authorization('ada@example.org'))
  await server.database.pool.query(
    `insert into invitations (id, email, code_sha256, role, created_by_user_id, expires_at)
     values ($1, 'ada@example.org', $2, 'user', $3, now() + interval '1 hour')`,
    [uuidv7(), invitationDigest('the-code'), userId],
  )
  for (let times = 0; times < 2; times += 1)
    expect((await server.signUp('ada@example.org', { code: 'the-code', password: ANOTHER })).status).toBe(422)
})
