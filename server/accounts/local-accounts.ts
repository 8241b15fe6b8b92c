import type { JWTVerifyGetKey } from 'jose'
import type pg from 'pg'
import type { SignupPolicy } from '../../contract/accounts.ts'
import type { AccountLibrary, NewAccount } from './account-library.ts'
import type { AccountsLog } from './account-library-options.ts'
import type { Attempts } from './guess-limit.ts'
import { createKeySet } from './key-set.ts'
import { createDeviceMarks } from './known-device.ts'
import { LOCAL_AUDIENCE, LOCAL_ISSUER } from './local-issuer.ts'
import type { Mailer } from './mailer.ts'
import type { SignUpRecords } from './sign-up-gate.ts'
import { createUnitsOfWork } from './unit-of-work.ts'

export interface LocalAccountsOptions {
  pool: pg.Pool
  /** The address that browsers know the server by, without a path. Asked for at the first call, when the server listens. */
  baseUrl: () => string
  /** The first signs, all are accepted: put the new one first, and drop the old one once its sessions may end. */
  secrets: string[]
  signup: SignupPolicy
  /** What the first sign-up must bring; null where only this machine can reach the server. */
  firstAccountCode: string | null
  /** Browsers on these origins may sign in, too. A loopback base URL brings the other names of this machine along. */
  trustedOrigins: string[]
  records: SignUpRecords
  attempts: Attempts
  /** Null where nobody signs in by mail. */
  mailer: Mailer | null
  log: AccountsLog
}

export interface LocalAccounts {
  /** Every request below /api/auth. It carries the client's address in the header `CLIENT_ADDRESS_HEADER`. */
  handle(request: Request): Promise<Response>
  /** The account that a browser with these cookies was once signed in to, as a digest; null where it was in none. */
  knownAccount(cookies: string | undefined): string | null
  /** The public keys that local tokens are signed with; read from the database, never over HTTP. */
  jwks: JWTVerifyGetKey
  issuer: string
  audience: string
  /** For the operator: past every rule of sign-up. The first account becomes owner this way, too. */
  createUser(account: NewAccount): Promise<{ userId: string; isFirstOwner: boolean }>
  /** Loads the account library before anybody asks for it: 0.2 s and 40 MB that the first call would otherwise wait for. */
  warm(): Promise<void>
}

const DEVICE_COOKIE = /(?:^|;\s*)(?:__Secure-)?pantheon\.device=([\w.-]+)/

export const CLIENT_ADDRESS_HEADER = 'x-pantheon-client-address'

// A key is new only when there was none or the secret was lost, and asking our own database is cheap.
const COOLDOWN_MS = 1_000

/** Accounts of our own: e-mail and password, kept by better-auth in the schema `auth`. */
export function createLocalAccounts(options: LocalAccountsOptions): LocalAccounts {
  const { pool, signup, firstAccountCode } = options
  const units = createUnitsOfWork(pool)
  const marks = createDeviceMarks(options.secrets)
  const library = loadOnce(async () => {
    const { openAccountLibrary } = await import('./account-library.ts')
    const baseUrl = options.baseUrl()
    return openAccountLibrary(units, {
      ...options,
      baseUrl,
      marks,
      rules: { signup, firstAccountCode },
      trustedOrigins: [...options.trustedOrigins, ...loopbackNames(baseUrl)],
      clientAddressHeader: CLIENT_ADDRESS_HEADER,
    })
  })
  return {
    knownAccount: cookies => marks.read(DEVICE_COOKIE.exec(cookies ?? '')?.[1])?.account ?? null,
    handle: async request => (await library()).handle(request),
    jwks: createKeySet({ read: () => readSigningKeys(pool), cooldownMs: COOLDOWN_MS }),
    issuer: LOCAL_ISSUER,
    audience: LOCAL_AUDIENCE,
    createUser: async account => (await library()).createUser(account),
    warm: async () => void (await library()),
  }
}

/** A failure is forgotten, so that the next caller tries again. */
function loadOnce(load: () => Promise<AccountLibrary>): () => Promise<AccountLibrary> {
  let loading: Promise<AccountLibrary> | null = null
  return () => {
    loading ??= load().catch(error => {
      loading = null
      throw error
    })
    return loading
  }
}

interface SigningKeyRow {
  id: string
  alg: string | null
  publicKey: string
}

/** The account library's own table, read without it: a process that only verifies tokens never loads the library. */
async function readSigningKeys(pool: pg.Pool) {
  const { rows } = await pool.query<SigningKeyRow>('select id, alg, "publicKey" from auth.jwks')
  return { keys: rows.map(({ id, alg, publicKey }) => ({ ...JSON.parse(publicKey), kid: id, alg: alg ?? 'EdDSA' })) }
}

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']

function loopbackNames(baseUrl: string): string[] {
  const { protocol, hostname, port } = new URL(baseUrl)
  if (!LOOPBACK.includes(hostname)) return []
  return LOOPBACK.map(name => new URL(`${protocol}//${name}:${port}`).origin)
}
