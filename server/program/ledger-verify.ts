import type { Config } from '../config.ts'
import { openDatabase } from '../store/database.ts'
import { checkLedger, type LedgerCheck } from '../store/ledger-check.ts'
import { type AccessLog, joinDatabaseAccess } from './database-access.ts'

/** Proves over the whole database that every balance is the sum of its ledger rows; beside a running server or without one. */
export async function verifyLedger(config: Config, log: AccessLog): Promise<LedgerCheck> {
  const access = await joinDatabaseAccess(config, log)
  // A large ledger takes longer than any request may.
  const database = openDatabase({ config: { ...access.direct, query_timeout: 0 }, namedStatements: false, onIdleError: () => {} })
  try {
    return await checkLedger(database)
  } finally {
    await database.close()
    await access.leave()
  }
}

/** The result for people, a line for each user that differs. */
export function ledgerReport({ wallets, transactions, differences }: LedgerCheck): string {
  const checked = `${wallets} wallets, ${transactions} ledger rows`
  if (differences.length === 0) return `The ledger holds: ${checked}, every balance is the sum of its rows.`
  const lines = differences.map(({ user_id, balance, ledger }) => `  ${user_id}: balance ${balance ?? 'missing'}, ledger ${ledger ?? '0'}`)
  return [`The ledger does not hold: ${checked}, ${differences.length} users differ.`, ...lines].join('\n')
}
