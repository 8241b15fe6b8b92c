import type { WalletRead } from '../../contract/wallet.ts'
import type { Caller } from '../domain/caller.ts'
import type { Database } from '../store/database.ts'
import { readWallet } from '../store/wallet.ts'

export const getWallet = (deps: { database: Database }, caller: Caller): Promise<WalletRead> => readWallet(deps.database, caller.userId)
