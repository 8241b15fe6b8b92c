import Fastify from 'fastify'
import { onTestFinished } from 'vitest'
import { createBearerVerifier } from '../../server/accounts/bearer.ts'
import { createLocalAccounts, type LocalAccounts, type LocalAccountsOptions } from '../../server/accounts/local-accounts.ts'
import type { Caller } from '../../server/domain/caller.ts'
import { answerErrors } from '../../server/http/errors.ts'
import { localAccountRoutes } from '../../server/http/local-accounts.ts'
import { sendTraceIds } from '../../server/http/trace-id.ts'
import { createSignInLimiter } from '../../server/program/rate-limits.ts'
import { createApiKeyDirectory } from '../../server/store/api-key-directory.ts'
import { giveAttemptBack, takeAttempt } from '../../server/store/attempts.ts'
import { openDatabase } from '../../server/store/database.ts'
import { claimFirstOwner, firstOwnerExists } from '../../server/store/first-owner.ts'
import { spendInvitation } from '../../server/store/invitations.ts'
import { createUserDirectory, type UserDirectory } from '../../server/store/user-directory.ts'
import { authenticate } from '../../server/usecases/authenticate.ts'
import { createTestDatabase, type TestDatabase } from '../database.ts'
import { anywhere } from '../outbound.ts'

export const BASE_URL = 'https://pantheon.example'
export const SECRET = 'a secret of the tests, long enough for any taste'
export const PASSWORD = 'correct horse battery'

export interface AccountServer {
  database: TestDatabase
  accounts: LocalAccounts
  users: UserDirectory
  /** A request to the account library over a real socket, each from an address of its own unless one is given. */
  call(path: string, init?: CallOptions): Promise<Response>
  /** Exactly this request, from an address of its own. */
  send(path: string, init: { method: string; headers: Record<string, string>; body: string }): Promise<Response>
  signUp(email: string, more?: Record<string, unknown>, init?: CallOptions): Promise<Response>
  /** Signs in and gives the value of `Authorization` for our own API. */
  authorization(email: string): Promise<string>
  authenticate(authorization: string | undefined): Promise<Caller>
}

export interface CallOptions {
  body?: unknown
  headers?: Record<string, string>
  address?: string
}

let clients = 0

/** A server with a database of its own, both gone when the test is finished. */
export async function startAccountServer(options: Partial<LocalAccountsOptions> = {}): Promise<AccountServer> {
  const database = await createTestDatabase()
  onTestFinished(database.drop)
  return startOn(database, options)
}

/** One more server on the same database. */
export async function startOn(database: TestDatabase, options: Partial<LocalAccountsOptions> = {}): Promise<AccountServer> {
  const opened = openDatabase({ config: database.config, namedStatements: true, onIdleError: () => undefined })
  const accounts = createLocalAccounts({
    pool: opened.pool,
    baseUrl: () => BASE_URL,
    secrets: [SECRET],
    signup: 'open',
    firstAccountCode: null,
    trustedOrigins: [],
    records: { firstOwnerExists, claimFirstOwner, spendInvitation },
    attempts: {
      take: (subject, limit) => takeAttempt(opened, subject, limit),
      giveBack: subject => giveAttemptBack(opened, subject),
    },
    mailer: null,
    log: { warn: () => undefined, error: () => undefined },
    ...options,
  })
  const app = Fastify({ trustProxy: true })
  sendTraceIds(app)
  answerErrors(app)
  const signInLimiter = createSignInLimiter(null, { info: () => undefined, warn: () => undefined })
  await app.register(localAccountRoutes, { accounts, signInLimiter, baseUrl: options.baseUrl ?? (() => BASE_URL) })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  onTestFinished(async () => {
    await app.close()
    void opened.close()
  })
  const users = createUserDirectory(opened, { localIssuer: accounts.issuer, signupGrant: '0' })
  const bearer = createBearerVerifier({ local: accounts }, anywhere)
  const nextAddress = () => {
    clients += 1
    return `10.0.${clients >> 8}.${clients & 255}`
  }
  const call = (path: string, { body, headers, address = nextAddress() }: CallOptions = {}) => {
    const from = { 'x-forwarded-for': address }
    if (body === undefined) return fetch(`${url}/api/auth${path}`, { headers: { ...from, ...headers }, redirect: 'manual' })
    const json = { 'content-type': 'application/json', ...from, ...headers }
    return fetch(`${url}/api/auth${path}`, { method: 'POST', headers: json, body: JSON.stringify(body) })
  }
  return {
    database,
    accounts,
    users,
    call,
    send: (path, { headers, ...init }) =>
      fetch(`${url}/api/auth${path}`, { ...init, headers: { 'x-forwarded-for': nextAddress(), ...headers } }),
    signUp: (email, more = {}, init = {}) =>
      call('/sign-up/email', { ...init, body: { email, password: PASSWORD, name: 'Somebody', ...more } }),
    async authorization(email) {
      const session = await readJson(await call('/sign-in/email', { body: { email, password: PASSWORD } }))
      const { token } = await readJson(await call('/token', { headers: { authorization: `Bearer ${session.token}` } }))
      return `Bearer ${token}`
    },
    async authenticate(authorization) {
      const apiKeys = createApiKeyDirectory(opened, () => undefined)
      const admins = { userIds: new Set<string>(), emails: new Set<string>() }
      return (await authenticate({ bearer, users, apiKeys, admins }, authorization)).caller
    },
  }
}

export const readJson = async (response: Response) => (await response.json()) as Record<string, unknown>

/** `name=value` of every cookie that an answer sets, as a browser would send them back. */
export const cookiesOf = (response: Response) =>
  response.headers
    .getSetCookie()
    .map(cookie => cookie.split(';')[0])
    .join('; ')
