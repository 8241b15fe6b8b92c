import { v7 as uuidv7 } from 'uuid'
import type { Database } from './database.ts'

// Wallets as administrators move them. The caller holds a transaction; the wallet's row is the lock.

export interface LedgerMove {
  userId: string
  /** Exact decimal; may be negative. */
  amount: string
  kind: 'grant' | 'refund'
  initiatedBy: string
  referenceId: string | null
  note: string | null
}

export interface Moved {
  transactionId: string
  balance: string
}

/** Balance and ledger row together; null when the user has no wallet. */
export async function moveCredits(database: Database, move: LedgerMove): Promise<Moved | null> {
  const values = [move.userId, move.amount, uuidv7(), move.kind, move.initiatedBy, move.referenceId, move.note]
  const [moved] = await database.statement<Moved>('move_credits', MOVE_CREDITS, values)
  return moved ?? null
}

const MOVE_CREDITS = `
with wallet as (
  update credit_wallets set balance = balance + $2::numeric where user_id = $1 returning id, user_id, balance
), moved as (
  insert into credit_transactions (id, wallet_id, user_id, amount, kind, initiated_by, reference_id, note)
  select $3::uuid, id, user_id, $2::numeric, $4, $5, $6, $7 from wallet
  returning id
)
select moved.id as "transactionId", balance from wallet, moved`

/** Holds the wallet until the transaction ends; its balance, or null when there is none. */
export async function lockWallet(database: Database, userId: string): Promise<string | null> {
  const wallet = database.kysely.selectFrom('credit_wallets').select('balance').where('user_id', '=', userId)
  return (await wallet.forUpdate().executeTakeFirst())?.balance ?? null
}

export interface RefundableRow {
  kind: string
  /** As in the ledger: a debit's is negative. */
  amount: string
  /** What earlier refunds have given back of it. */
  refunded: string
}

/** A ledger row of this user and what was given back of it; only what is read under the wallet's lock stays true. */
export async function findRefundable(database: Database, userId: string, transactionId: string): Promise<RefundableRow | null> {
  const [row] = await database.statement<RefundableRow>('find_refundable', FIND_REFUNDABLE, [userId, transactionId])
  return row ?? null
}

const FIND_REFUNDABLE = `
select kind, amount, (
  select coalesce(sum(refund.amount), 0) from credit_transactions as refund
  where refund.reference_id = debit.id::text and refund.kind = 'refund' and refund.user_id = debit.user_id
) as refunded
from credit_transactions as debit where user_id = $1 and id = $2::uuid`
