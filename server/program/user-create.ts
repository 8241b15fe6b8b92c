import { randomBytes } from 'node:crypto'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { Logger } from 'pino'
import type { Role } from '../../contract/accounts.ts'
import type { LocalAccounts } from '../accounts/local-accounts.ts'
import { type Config, localAccounts, publicUrl, signupGrant } from '../config.ts'
import { openDatabase } from '../store/database.ts'
import { migrate } from '../store/migrate.ts'
import { findOrCreateUser, setStoredRole } from '../store/users.ts'
import { openAccounts } from './accounts.ts'
import { joinDatabaseAccess } from './database-access.ts'

export interface WantedAccount {
  email: string
  name: string
  role: Role
}

export interface MadeAccount {
  /** The password that was made; null when one was given. */
  password: string | null
  /** The first account is owner whatever role was wanted. */
  role: Role
}

/** Makes a local account past every rule of sign-up, with the first line of `input` as its password, or a new one when there is none. */
export async function createUserByHand(config: Config, log: Logger, wanted: WantedAccount, input: Readable | null): Promise<MadeAccount> {
  if (!localAccounts(config)) throw new Error('Accounts are kept by the configured issuer, not here: make the account there.')
  const given = input && (await firstLine(input))
  const password = given || randomBytes(12).toString('base64url')
  const access = await joinDatabaseAccess(config, log)
  const database = openDatabase({ config: access.pooled, namedStatements: access.namedStatements, onIdleError: () => {} })
  try {
    await migrate(access.direct)
    const accounts = openAccounts(config, database, log, () => publicUrl(config))
    const { userId, isFirstOwner } = await accounts.createUser({ email: wanted.email, password, name: wanted.name })
    const role = isFirstOwner ? 'owner' : wanted.role
    await storeUser(database, accounts, config, { userId, email: wanted.email, role })
    return { password: given ? null : password, role }
  } finally {
    await database.close()
    await access.leave()
  }
}

/** The user row that a first sign-in would make, so that the role has where to stand. */
async function storeUser(
  database: ReturnType<typeof openDatabase>,
  { issuer }: LocalAccounts,
  config: Config,
  { userId, email, role }: { userId: string; email: string; role: Role },
): Promise<void> {
  const firstSight = { localIssuer: issuer, signupGrant: signupGrant(config) }
  const user = await findOrCreateUser(database, { issuer, subject: userId, email, emailVerified: false, sessionId: null }, firstSight)
  if (user.role !== role) await setStoredRole(database, user.id, role)
}

async function firstLine(input: Readable): Promise<string> {
  for await (const line of createInterface({ input })) return line
  return ''
}
