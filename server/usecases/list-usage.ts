import type { UsagePage } from '../../contract/wallet.ts'
import type { Caller } from '../domain/caller.ts'
import type { Database } from '../store/database.ts'
import { pageOfUsage } from '../store/wallet.ts'

export const listUsage = (deps: { database: Database }, caller: Caller, page: { limit: number; offset: number }): Promise<UsagePage> =>
  pageOfUsage(deps.database, caller.userId, page)
