import { randomUUID } from 'node:crypto'
import type { BetterAuthOptions } from 'better-auth'
import { APIError } from 'better-auth/api'
import { bearer } from 'better-auth/plugins/bearer'
import { jwt } from 'better-auth/plugins/jwt'
import { Kysely, PostgresDialect } from 'kysely'
import type { Attempts } from './guess-limit.ts'
import type { DeviceMarks } from './known-device.ts'
import { LOCAL_AUDIENCE, LOCAL_ISSUER } from './local-issuer.ts'
import { magicLinkPlugins, VERIFY_PATH } from './magic-link.ts'
import type { Mailer } from './mailer.ts'
import { passwordHooks } from './password-hooks.ts'
import { numberedSecrets } from './secret-rotation.ts'
import { admitSignUp, type SignUpBody, type SignUpRecords, type SignUpRules } from './sign-up-gate.ts'
import { standInFor } from './taken-address.ts'
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
  attempts: Attempts
  marks: DeviceMarks
  /** Null where nobody signs in by mail. */
  mailer: Mailer | null
  /** Browsers on these origins may sign in, besides the base URL's own. */
  trustedOrigins: string[]
  /** The header, written by our own front door, that holds the client's address. */
  clientAddressHeader: string
  log: AccountsLog
}

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
    // Counted by us: per address at the front door, per account in the hooks below.
    rateLimit: { enabled: false },
    emailAndPassword: { enabled: true, minPasswordLength: 10 },
    hooks: passwordHooks(options, {
      receive: body => receive(units.current(), body, options),
      pretendedEmail: () => units.current()?.pretendedEmail ?? null,
    }),
    databaseHooks: {
      user: {
        create: {
          async before(user, context) {
            // A link was only sent to whom sign-up is open; that may have changed since.
            if (context?.path === VERIFY_PATH) await enter(units.current(), { email: user.email, code: null }, options)
            return { data: { ...user, id: admittedId(units.current()) } }
          },
        },
      },
    },
    plugins: [
      ...(options.mailer ? magicLinkPlugins(units, { ...options, mailer: options.mailer }) : []),
      bearer(),
      jwt({
        disableSettingJwtHeader: true,
        jwt: {
          issuer: LOCAL_ISSUER,
          audience: LOCAL_AUDIENCE,
          expirationTime: '10m',
          definePayload: ({ user, session }) => ({ email: user.email, email_verified: user.emailVerified, sid: session.id }),
        },
      }),
    ],
  } satisfies BetterAuthOptions
}

/** Lets a sign-up in. Gives the address that it is to be worked off under where its own is taken and nobody may hear of that. */
async function receive(unit: UnitOfWork | undefined, body: SignUpBody, options: AccountLibraryOptions): Promise<string | null> {
  if (!unit || unit.newUserId) return null
  await enter(unit, body, options)
  return options.rules.signup === 'open' ? await standInFor(unit, textOf(body.email)?.toLowerCase() ?? '') : null
}

/** From here to the answer all is one transaction. A unit that already has an id was let in by the operator. */
async function enter(unit: UnitOfWork | undefined, { email, code }: SignUpBody, { rules, records }: AccountLibraryOptions): Promise<void> {
  if (!unit || unit.newUserId) return
  await unit.begin()
  const userId = newAccountId()
  const admission = await admitSignUp({ userId, email: textOf(email) ?? '', code: textOf(code) }, rules, records, unit)
  if (admission.kind === 'refused') throw new APIError('FORBIDDEN', { code: admission.code, message: admission.message })
  unit.newUserId = userId
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
