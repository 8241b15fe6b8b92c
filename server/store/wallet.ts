import { sql } from 'kysely'
import type { TransactionPage, TransactionRead, UsageEventRead, UsagePage, WalletRead } from '../../contract/wallet.ts'
import { notFound } from '../domain/refusal.ts'
import type { Database } from './database.ts'

// A user's own account: balance, what was used, what moved.

interface Page {
  limit: number
  offset: number
}

export async function readWallet(database: Database, userId: string): Promise<WalletRead> {
  const row = await database.kysely
    .selectFrom('credit_wallets')
    .select(['user_id', 'balance'])
    .where('user_id', '=', userId)
    .executeTakeFirst()
  if (!row) throw notFound('Wallet')
  return row
}

/** Newest first. */
export async function pageOfUsage(database: Database, userId: string, page: Page): Promise<UsagePage> {
  const own = database.kysely.selectFrom('llm_call_events').where('user_id', '=', userId)
  const [events, counted] = await Promise.all([
    own
      .select(['id', 'model_alias', 'agent_key', 'credits_burned', 'output_tokens', 'turn_id', 'created_at'])
      .select(usage => usage('input_tokens_fresh', '+', usage.ref('input_tokens_cached')).as('input_tokens'))
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .limit(page.limit)
      .offset(page.offset)
      .execute(),
    // Counted by each close in the same commit: a few rows for each day instead of one for each call.
    database.kysely
      .selectFrom('usage_rollups_daily')
      .select(rollup => rollup.fn.coalesce(rollup.fn.sum<number>('call_count'), sql<number>`0`).as('total'))
      .where('user_id', '=', userId)
      .executeTakeFirstOrThrow(),
  ])
  return { events: events as UsageEventRead[], total: Number(counted.total) }
}

/** Newest first. */
export async function pageOfTransactions(database: Database, userId: string, page: Page): Promise<TransactionPage> {
  const [transactions, counted] = await Promise.all([
    newestTransactions(database, userId, page),
    database.kysely
      .selectFrom('credit_transactions')
      .select(count => count.fn.countAll<number>().as('total'))
      .where('user_id', '=', userId)
      .executeTakeFirstOrThrow(),
  ])
  return { transactions, total: counted.total }
}

/** Without their number, which costs a look at each. */
export async function newestTransactions(database: Database, userId: string, page: Page): Promise<TransactionRead[]> {
  const rows = await database.kysely
    .selectFrom('credit_transactions')
    .select(['id', 'kind', 'amount', 'initiated_by', 'note', 'reference_id', 'created_at'])
    .where('user_id', '=', userId)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(page.limit)
    .offset(page.offset)
    .execute()
  return rows as TransactionRead[]
}
