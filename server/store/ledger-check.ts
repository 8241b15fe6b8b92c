import { sql } from 'kysely'
import type { Database } from './database.ts'

/** A user whose balance is not the sum of the ledger; either may be missing. */
export interface LedgerDifference {
  user_id: string
  balance: string | null
  ledger: string | null
}

export interface LedgerCheck {
  wallets: number
  transactions: number
  differences: LedgerDifference[]
}

/** Holds every balance against its ledger rows, by one statement and so in one snapshot; what commits meanwhile is seen in whole or not at all. */
export async function checkLedger(database: Database): Promise<LedgerCheck> {
  const { rows } = await sql<LedgerCheck>`
    with ledger as (
      select user_id, sum(amount) as amount, count(*) as transactions from credit_transactions group by user_id
    ), compared as (
      select coalesce(credit_wallets.user_id, ledger.user_id) as user_id, balance, amount, transactions,
        balance is distinct from coalesce(amount, 0) as differs, credit_wallets.id as wallet_id
      from credit_wallets full join ledger on ledger.user_id = credit_wallets.user_id
    )
    select count(wallet_id) as wallets, coalesce(sum(transactions), 0)::bigint as transactions,
      coalesce(json_agg(json_build_object('user_id', user_id, 'balance', trim_scale(balance)::text, 'ledger', trim_scale(amount)::text) order by user_id)
        filter (where differs), '[]') as differences
    from compared`.execute(database.kysely)
  return rows[0]!
}
