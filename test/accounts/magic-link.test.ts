import { afterAll, describe, expect, test } from 'vitest'
import { smtpMailer } from '../../server/accounts/mailer.ts'
import { readConfig, sendsMagicLinks } from '../../server/config.ts'
import { useTestDatabase } from '../database.ts'
import { startMailServer } from '../mail-server.ts'
import { createClient, startProgram } from '../program.ts'
import { type AccountServer, cookiesOf, PASSWORD, readJson, startAccountServer, startOn } from './account-server.ts'

const post = await startMailServer()
afterAll(post.close)
const mailer = smtpMailer(post.url, 'Pantheon <door@pantheon.example>')
const newServer = (options: Parameters<typeof startAccountServer>[0] = {}) => startAccountServer({ mailer, ...options })

const ask = (server: AccountServer, email: string, more: Record<string, unknown> = {}) =>
  server.call('/sign-in/magic-link', { body: { email, callbackURL: '/', ...more } })

/** The path and query of the link that is mailed to `email`, below /api/auth. */
async function mailedLink(server: AccountServer, email: string): Promise<string> {
  const coming = post.next()
  expect((await ask(server, email)).status).toBe(200)
  return linkIn((await coming).text)
}
const linkIn = (text: string) => /https?:\/\/[^/\s]+\/api\/auth(\/magic-link\/verify\?\S+)/.exec(text)?.[1] ?? 'no link'
const open = (server: AccountServer, link: string) => server.call(link)

/** Whom the cookies of an answer make a caller of our API. */
async function callerBy(server: AccountServer, answer: Response) {
  const token = await server.call('/token', { headers: { cookie: cookiesOf(answer) } })
  return await server.authenticate(`Bearer ${(await readJson(token)).token}`)
}
const counted = async (server: AccountServer, table: string) =>
  (await server.database.pool.query(`select count(*) as count from ${table}`)).rows[0].count as number
/** Long enough for a mail that is not to come; each that is sent takes a few milliseconds here. */
const noMailComes = async (asking: () => Promise<unknown>) => {
  const before = post.mails.length
  await asking()
  await new Promise(resolve => setTimeout(resolve, 300))
  expect(post.mails.length).toBe(before)
}

describe('a magic link', () => {
  test('is mailed, signs in once, and says so of its sender and its end', async () => {
    const server = await newServer()
    await server.signUp('ada@example.org')
    const link = await mailedLink(server, 'Ada@Example.org')
    expect(post.mails.at(-1)).toMatchObject({ from: 'door@pantheon.example', to: ['ada@example.org'] })
    expect(post.mails.at(-1)!.text).toMatch(/Subject: Sign in to Pantheon/)
    const answer = await open(server, link)
    expect(answer.headers.get('location')).toBe('https://pantheon.example/')
    expect(await callerBy(server, answer)).toMatchObject({ email: 'ada@example.org', role: 'owner' })
    const again = await open(server, link)
    expect(again.headers.get('location')).toMatch(/error=INVALID_TOKEN/)
    expect(cookiesOf(again)).not.toMatch(/session_token=[^;]/)
  })

  test('that two open at once lets one in', async () => {
    const server = await newServer()
    await server.signUp('ada@example.org')
    const link = await mailedLink(server, 'ada@example.org')
    const answers = await Promise.all(Array.from({ length: 5 }, () => open(server, link)))
    expect(answers.filter(answer => /session_token=[^;]/.test(cookiesOf(answer)))).toHaveLength(1)
  })

  test('ends after a quarter of an hour', async () => {
    const server = await newServer()
    await server.signUp('ada@example.org')
    const link = await mailedLink(server, 'ada@example.org')
    const { rows } = await server.database.pool.query(
      `update auth.verification set "expiresAt" = "expiresAt" - interval '15 minutes' returning "expiresAt" <= now() as ended`,
    )
    expect(rows).toEqual([{ ended: true }])
    expect((await open(server, link)).headers.get('location')).toMatch(/error=/)
  })

  test('is kept as a digest', async () => {
    const server = await newServer()
    await server.signUp('ada@example.org')
    const token = new URLSearchParams((await mailedLink(server, 'ada@example.org')).split('?')[1]).get('token')!
    expect(token.length).toBeGreaterThanOrEqual(32)
    expect(JSON.stringify((await server.database.pool.query('select * from auth.verification')).rows)).not.toContain(token)
  })

  test('leads back to this server and to no other', async () => {
    const server = await newServer()
    await server.signUp('ada@example.org')
    expect((await ask(server, 'ada@example.org', { callbackURL: 'https://evil.example/' })).status).toBe(403)
    const link = await mailedLink(server, 'ada@example.org')
    expect((await open(server, link.replace(/callbackURL=[^&]*/, 'callbackURL=https%3A%2F%2Fevil.example'))).status).toBe(403)
  })

  test('proves the address, and drops a password that somebody had set before that', async () => {
    const server = await newServer()
    const squatter = cookiesOf(await server.signUp('ada@example.org'))
    const answer = await open(server, await mailedLink(server, 'ada@example.org'))
    expect(await callerBy(server, answer)).toMatchObject({ email: 'ada@example.org' })
    expect((await server.call('/token', { headers: { cookie: squatter } })).status).toBe(401)
    const byPassword = await server.call('/sign-in/email', { body: { email: 'ada@example.org', password: PASSWORD } })
    expect(byPassword.status).toBe(401)
  })

  test('is mailed five times to one address while the first is still good, and the answer stays the same', async () => {
    const server = await newServer()
    await server.signUp('ada@example.org')
    for (let count = 0; count < 5; count += 1) await mailedLink(server, 'ada@example.org')
    await noMailComes(async () => expect((await ask(server, 'ADA@example.org')).status).toBe(200))
  })

  test('that cannot be mailed is told in the log, and not to whoever asked', async () => {
    const errors: object[] = []
    const server = await newServer({
      mailer: smtpMailer('smtp://pantheon:wrong@127.0.0.1:1', 'door@pantheon.example'),
      log: { warn: () => undefined, error: fields => errors.push(fields) },
    })
    await server.signUp('ada@example.org')
    expect(await readJson(await ask(server, 'ada@example.org'))).toEqual({ status: true })
    await expect.poll(() => errors.length).toBe(1)
    expect(JSON.stringify(errors)).not.toMatch(/token|wrong/)
  })
})

describe('an address without an account', () => {
  test('is answered like any other and gets nothing where sign-up is not open', async () => {
    for (const signup of ['invite', 'closed'] as const) {
      const server = await newServer({ signup })
      await server.accounts.createUser({ email: 'ada@example.org', password: PASSWORD, name: 'Ada' })
      const coming = post.next()
      const known = await ask(server, 'ada@example.org')
      const [head, body] = [known.status, await known.text()]
      await coming
      await noMailComes(async () => {
        const unknown = await ask(server, 'eve@example.org')
        expect([unknown.status, await unknown.text()]).toEqual([head, body])
      })
      expect(await counted(server, 'auth."user"')).toBe(1)
    }
  })

  test('gets an account where sign-up is open, made when the link is opened', async () => {
    const server = await newServer()
    await server.signUp('ada@example.org')
    const link = await mailedLink(server, 'Bob@Example.org')
    expect(await counted(server, 'auth."user"')).toBe(1)
    expect(await callerBy(server, await open(server, link))).toMatchObject({ email: 'bob@example.org', role: 'user' })
    expect(await counted(server, 'auth."user"')).toBe(2)
  })

  test('gets none when sign-up was closed meanwhile', async () => {
    const server = await newServer()
    await server.signUp('ada@example.org')
    const link = await mailedLink(server, 'bob@example.org')
    const closed = await startOn(server.database, { mailer, signup: 'closed' })
    expect((await open(closed, link)).headers.get('location')).toMatch(/error=SIGN_UP_CLOSED/)
    expect(await counted(server, 'auth."user"')).toBe(1)
  })

  test('makes no first account where that needs the code', async () => {
    const server = await newServer({ firstAccountCode: 'AAAAA-AAAAA' })
    await noMailComes(async () => expect((await ask(server, 'ada@example.org')).status).toBe(200))
    expect(await counted(server, 'first_owner')).toBe(0)
  })

  test('may be that of the first owner where only this machine can reach the server', async () => {
    const server = await newServer()
    const answer = await open(server, await mailedLink(server, 'ada@example.org'))
    expect(await callerBy(server, answer)).toMatchObject({ email: 'ada@example.org', role: 'owner' })
  })
})

test('links are mailed where SMTP is set, printed in the log outside production, and else there are none', async () => {
  const configOf = (environment: Record<string, string>) => {
    const reading = readConfig({ AUTH_SECRET: 'vQ8xT2mLp0ZsR7yKc4Jh9WnBf6Ud3GaE', ...environment })
    if (reading.kind === 'wrong') throw new Error(reading.problems.join('; '))
    return reading.config
  }
  const smtp = { SMTP_URL: 'smtp://mail.example', SMTP_FROM: 'a@b.example' }
  expect(sendsMagicLinks(configOf({}))).toBe(true)
  expect(sendsMagicLinks(configOf({ NODE_ENV: 'production' }))).toBe(false)
  expect(sendsMagicLinks(configOf({ NODE_ENV: 'production', ...smtp }))).toBe(true)
  expect(sendsMagicLinks(configOf({ OIDC_ISSUER: 'https://issuer.example', OIDC_AUDIENCE: 'api', ...smtp }))).toBe(false)
  expect(readConfig({ SMTP_URL: 'smtp://mail.example' })).toEqual({ kind: 'wrong', problems: ['SMTP_FROM: is required with SMTP_URL'] })
  const none = await newServer({ mailer: null })
  expect((await ask(none, 'ada@example.org')).status).toBe(404)
})

test('the whole program mails them, says so, and takes them', async () => {
  const database = await useTestDatabase()
  const program = await startProgram({
    DATABASE_URL: database.url,
    SUPABASE_JWT_SECRET: '',
    AUTH_SECRET: 'a secret of the tests that is long enough',
    SIGNUP: 'open',
    SMTP_URL: post.url,
    SMTP_FROM: 'door@pantheon.example',
  })
  const anonymous = createClient(program.address, '', '')
  expect((await anonymous.get('/auth/config')).body.magic_link).toBe(true)
  const coming = post.next()
  const body = JSON.stringify({ email: 'ada@example.org', callbackURL: '/' })
  await fetch(`${program.address}/api/auth/sign-in/magic-link`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  const link = linkIn((await coming).text)
  const answer = await fetch(`${program.address}/api/auth${link}`, { redirect: 'manual' })
  expect(answer.status).toBe(302)
  const token = await fetch(`${program.address}/api/auth/token`, { headers: { cookie: cookiesOf(answer) } })
  const ada = createClient(program.address, '', ((await token.json()) as { token: string }).token)
  expect((await ada.get('/auth/me')).body).toMatchObject({ email: 'ada@example.org', role: 'owner' })
  await program.stop()
})
