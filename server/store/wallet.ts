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
    own.select(count => count.fn.countAll<number>().as('total')).executeTakeFirstOrThrow(),
  ])
  return { events: events as UsageEventRead[], total: counted.total }
}

/** Newest first. */
export async function pageOfTransactions(database: Database, userId: string, page: Page): Promise<TransactionPage> {
  const own = database.kysely.selectFrom('credit_transactions').where('user_id', '=', userId)
  const [transactions, counted] = await Promise.all([
    own
      .select(['id', 'kind', 'amount', 'initiated_by', 'note', 'reference_id', 'created_at'])
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .limit(page.limit)
      .offset(page.offset)
      .execute(),
    own.select(count => count.fn.countAll<number>().as('total')).executeTakeFirstOrThrow(),
  ])
  return { transactions: transactions as TransactionRead[], total: counted.total }
}
