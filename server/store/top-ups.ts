import { v7 as uuidv7 } from 'uuid'
import type { TopUpPage, TopUpRead } from '../../contract/payments.ts'
import type { Dispute } from '../domain/dispute.ts'
import { usdOfCents } from '../domain/top-up.ts'
import type { Settlement, TopUpAccount } from '../domain/top-up-account.ts'
import type { Database } from './database.ts'

export interface NewTopUp {
  userId: string
  paymentIntentId: string
  cents: number
  currency: string
  credits: string
  livemode: boolean | null
}

/** Nothing happens when the payment intent is known already: a repeated request gets the same one from the provider. */
export async function insertTopUp(database: Database, topUp: NewTopUp): Promise<void> {
  await database.kysely
    .insertInto('top_ups')
    .values({
      id: uuidv7(),
      user_id: topUp.userId,
      payment_intent_id: topUp.paymentIntentId,
      amount_cents: topUp.cents,
      currency: topUp.currency,
      credits: topUp.credits,
      livemode: topUp.livemode,
    })
    .onConflict(conflict => conflict.column('payment_intent_id').doNothing())
    .execute()
}

const readColumns = [
  'id',
  'payment_intent_id',
  'amount_cents',
  'refunded_cents',
  'credits',
  'credits_taken_back',
  'state',
  'receipt_url',
  'created_at',
] as const

/** Newest first. */
export async function pageOfTopUps(database: Database, userId: string, page: { limit: number; offset: number }): Promise<TopUpPage> {
  const own = database.kysely.selectFrom('top_ups').where('user_id', '=', userId)
  const [rows, counted] = await Promise.all([
    own.select(readColumns).orderBy('created_at', 'desc').orderBy('id', 'desc').limit(page.limit).offset(page.offset).execute(),
    own.select(count => count.fn.countAll<number>().as('total')).executeTakeFirstOrThrow(),
  ])
  const topUps = rows.map(({ amount_cents, refunded_cents, ...row }) => ({
    ...row,
    amount_usd: usdOfCents(amount_cents),
    refunded_usd: usdOfCents(refunded_cents),
  }))
  return { top_ups: topUps as TopUpRead[], total: counted.total }
}

export async function keepReceipt(database: Database, topUpId: string, receiptUrl: string): Promise<void> {
  await database.kysely.updateTable('top_ups').set({ receipt_url: receiptUrl }).where('id', '=', topUpId).execute()
}

export interface LockedTopUp {
  id: string
  userId: string
  account: TopUpAccount
}

/** The top-up of a payment, held until the transaction ends; null when no top-up of ours has made it. */
export async function lockTopUp(database: Database, paymentIntentId: string): Promise<LockedTopUp | null> {
  const row = await database.kysely
    .selectFrom('top_ups')
    .selectAll()
    .where('payment_intent_id', '=', paymentIntentId)
    .forUpdate()
    .executeTakeFirst()
  if (!row) return null
  return {
    id: row.id,
    userId: row.user_id,
    account: {
      cents: row.amount_cents,
      currency: row.currency,
      credits: row.credits,
      livemode: row.livemode,
      isPaid: row.paid_at !== null,
      refundedCents: row.refunded_cents,
      disputes: row.disputes as Record<string, Dispute>,
      creditsTakenBack: row.credits_taken_back,
      receiptUrl: row.receipt_url,
    },
  }
}

/** Top-up, ledger rows and balance by one statement. The caller holds the top-up's lock. */
export async function saveSettlement(database: Database, topUpId: string, { account, state, movements }: Settlement): Promise<void> {
  const rows = movements.map(movement => ({ id: uuidv7(), ...movement }))
  const [wallet] = await database.statement<{ id: string }>('save_settlement', SAVE_SETTLEMENT, [
    topUpId,
    account.isPaid,
    account.refundedCents,
    JSON.stringify(account.disputes),
    account.creditsTakenBack,
    state,
    account.receiptUrl,
    JSON.stringify(rows),
  ])
  if (!wallet) throw new Error('a top-up has no wallet to settle with')
}

const SAVE_SETTLEMENT = `
with top_up as (
  update top_ups set paid_at = case when $2::boolean then coalesce(paid_at, now()) end, refunded_cents = $3, disputes = $4::jsonb,
    credits_taken_back = $5::numeric, state = $6, receipt_url = $7
  where id = $1::uuid
  returning user_id, payment_intent_id
), movement as (
  select * from jsonb_to_recordset($8::jsonb) as movement (id uuid, kind text, amount numeric, note text)
), wallet as (
  update credit_wallets set balance = balance + (select coalesce(sum(amount), 0) from movement)
  from top_up where credit_wallets.user_id = top_up.user_id
  returning credit_wallets.id
), ledger as (
  insert into credit_transactions (id, wallet_id, user_id, amount, kind, reference_id, note)
  select movement.id, wallet.id, top_up.user_id, movement.amount, movement.kind, top_up.payment_intent_id, movement.note
  from top_up, wallet, movement
)
select id from wallet`
