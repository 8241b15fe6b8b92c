import { randomBytes } from 'node:crypto'
import { text } from 'node:stream/consumers'
import type { Logger } from 'pino'
import type { Role } from '../../contract/accounts.ts'
import { type Config, localAccounts, signupGrant } from '../config.ts'
import { openDatabase } from '../store/database.ts'
import { migrate } from '../store/migrate.ts'
import { findOrCreateUser, setStoredRole } from '../store/users.ts'
import { joinDatabaseAccess } from './database-access.ts'
import { openAccounts } from './serve.ts'

/** Makes a local account past every rule of sign-up. `password` is null when it was given on standard input. */
export async function createUserByHand(
  config: Config,
  log: Logger,
  account: { email: string; name?: string; role: Role },
): Promise<{ password: string | null }> {
  if (!localAccounts(config)) throw new Error('Accounts are kept by the configured issuer, not here: make the account there.')
  const given = process.stdin.isTTY ? '' : (await text(process.stdin)).trim()
  const password = given === '' ? randomBytes(12).toString('base64url') : given
  const access = await joinDatabaseAccess(config, log)
  try {
    await migrate(access.direct)
    const database = openDatabase({ config: access.pooled, namedStatements: access.namedStatements, onIdleError: () => {} })
    try {
      const accounts = openAccounts(config, database, log)
      const { userId } = await accounts.createUser({ email: account.email, password, name: account.name ?? account.email })
      const identity = { issuer: accounts.issuer, subject: userId, email: account.email, emailVerified: false }
      const user = await findOrCreateUser(database, identity, { localIssuer: accounts.issuer, signupGrant: signupGrant(config) })
      if (account.role !== 'user') await setStoredRole(database, user.id, account.role)
    } finally {
      await database.close()
    }
  } finally {
    await access.leave()
  }
  return { password: given === '' ? password : null }
}
