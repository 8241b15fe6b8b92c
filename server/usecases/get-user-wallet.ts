import type { UserWalletRead } from '../../contract/admin.ts'
import type { Database } from '../store/database.ts'
import { newestTransactions, readWallet } from '../store/wallet.ts'

const RECENT = 10

/** Anybody's wallet with the last ledger rows; 404 without one. */
export async function getUserWallet(deps: { database: Database }, userId: string): Promise<UserWalletRead> {
  const wallet = await readWallet(deps.database, userId)
  return { ...wallet, recent_transactions: await newestTransactions(deps.database, userId, { limit: RECENT, offset: 0 }) }
}
