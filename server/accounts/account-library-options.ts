import { randomUUID } from 'node:crypto'
import type { BetterAuthOptions } from 'better-auth'
import { APIError, createAuthMiddleware } from 'better-auth/api'
import { bearer } from 'better-auth/plugins/bearer'
import { jwt } from 'better-auth/plugins/jwt'
import { Kysely, PostgresDialect } from 'kysely'
import { createAttemptCounter } from './attempt-counter.ts'
import { LOCAL_AUDIENCE, LOCAL_ISSUER } from './local-issuer.ts'
import { numberedSecrets } from './secret-rotation.ts'
import { admitSignUp, type SignUpRecords, type SignUpRules } from './sign-up-gate.ts'
import type { UnitOfWork, UnitsOfWork } from './unit-of-work.ts'

export interface AccountsLog {
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

export interface AccountLibraryOptions {
  /** The address that browsers know the server by, without a path. */
  baseUrl: string
  /** The first signs, all are accepted. */
  secrets: string[]
  rules: SignUpRules
  records: SignUpRecords
  /** Browsers on these origins may sign in, besides the base URL's own. */
  trustedOrigins: string[]
  /** The header, written by our own front door, that holds the client's address. */
  clientAddressHeader: string
  log: AccountsLog
}

const MINUTE = 60

export function accountLibraryOptions(units: UnitsOfWork, options: AccountLibraryOptions) {
  return {
    appName: 'Pantheon',
    baseURL: options.baseUrl,
    basePath: '/api/auth',
    secrets: numberedSecrets(options.secrets),
    trustedOrigins: options.trustedOrigins,
    telemetry: { enabled: false },
    logger: { level: 'warn', disableColors: true, log: logTo(options.log) },
    onAPIError: { throw: true },
    database: { db: new Kysely<unknown>({ dialect: new PostgresDialect({ pool: units.pool }) }), type: 'postgres', schemaName: 'auth' },
    advanced: {
      // The schema is a migration of ours, held against these options by a test; no look at it while serving.
      database: { generateId: 'uuid', validateSchema: false },
      cookiePrefix: 'pantheon',
      useSecureCookies: options.baseUrl.startsWith('https:'),
      defaultCookieAttributes: { httpOnly: true, sameSite: 'lax' },
      // Said aloud because the library would switch both off by itself where NODE_ENV is `test`.
      disableOriginCheck: false,
      disableCSRFCheck: false,
      ipAddress: { ipAddressHeaders: [options.clientAddressHeader] },
    },
    rateLimit: {
      enabled: true,
      customStorage: createAttemptCounter(),
      window: MINUTE,
      max: 300,
      customRules: {
        '/sign-in/*': { window: MINUTE, max: 10 },
        '/sign-up/*': { window: MINUTE, max: 10 },
        '/change-password': { window: MINUTE, max: 10 },
      },
    },
    emailAndPassword: { enabled: true, minPasswordLength: 10 },
    hooks: {
      before: createAuthMiddleware(async context => {
        if (context.path !== '/sign-up/email') return
        const { email, code = context.headers?.get('x-signup-code') } = context.body ?? {}
        await enter(units.current(), { email, code }, options)
      }),
    },
    databaseHooks: { user: { create: { before: async user => ({ data: { ...user, id: admittedId(units.current()) } }) } } },
    plugins: [
      bearer(),
      jwt({
        disableSettingJwtHeader: true,
        jwt: {
          issuer: LOCAL_ISSUER,
          audience: LOCAL_AUDIENCE,
          expirationTime: '10m',
          definePayload: ({ user }) => ({ email: user.email, email_verified: user.emailVerified }),
        },
      }),
    ],
  } satisfies BetterAuthOptions
}

/** From here to the answer all is one transaction. A unit that already has an id was let in by the operator. */
async function enter(unit: UnitOfWork | undefined, body: SignUpBody, { rules, records }: AccountLibraryOptions): Promise<void> {
  if (!unit || unit.newUserId) return
  await unit.begin()
  const userId = newAccountId()
  const admission = await admitSignUp({ userId, email: textOf(body.email) ?? '', code: textOf(body.code) }, rules, records, unit)
  if (admission.kind === 'refused') throw new APIError('FORBIDDEN', { code: admission.code, message: admission.message })
  unit.newUserId = userId
}

/** As the client sent it; the library has not looked at it yet. */
interface SignUpBody {
  email: unknown
  code: unknown
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : null)

/** The library takes ids of the UUID versions 1 to 5 only, and quietly makes its own in place of a version 7. */
export const newAccountId = (): string => randomUUID()

/** Whatever way the library makes a user, it passes here: one account for each admission, none without. */
function admittedId(unit: UnitOfWork | undefined): string {
  const id = unit?.newUserId
  if (!unit || !id) throw new APIError('FORBIDDEN', { code: 'SIGN_UP_CLOSED', message: 'No account can be made this way.' })
  unit.newUserId = null
  return id
}

/** Its messages only: what it passes along may hold addresses and tokens. */
const logTo =
  (log: AccountsLog) =>
  (level: string, message: string, ...details: unknown[]) => {
    const error = details.find(detail => detail instanceof Error)
    const fields = { source: 'accounts', ...(error && { error: error.message }) }
    if (level === 'error') log.error(fields, message)
    else log.warn(fields, message)
  }
