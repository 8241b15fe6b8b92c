import type { TransactionPage } from '../../contract/wallet.ts'
import type { Caller } from '../domain/caller.ts'
import type { Database } from '../store/database.ts'
import { pageOfTransactions } from '../store/wallet.ts'

export const listTransactions = (
  deps: { database: Database },
  caller: Caller,
  page: { limit: number; offset: number },
): Promise<TransactionPage> => pageOfTransactions(deps.database, caller.userId, page)
