import type { TopUpPage, TopUpRead } from '../../contract/payments.ts'
import type { Caller } from '../domain/caller.ts'
import type { Payments } from '../payments/payment-provider.ts'
import type { Database } from '../store/database.ts'
import { keepReceipt, pageOfTopUps } from '../store/top-ups.ts'

/** More are found by the next call. */
const RECEIPTS_AT_ONCE = 5

/** Newest first. Events carry no receipt, so the link is asked for when it is first looked for, and kept. */
export async function listTopUps(
  deps: { database: Database; payments: Payments | null },
  caller: Caller,
  page: { limit: number; offset: number },
): Promise<TopUpPage> {
  const { top_ups: topUps, total } = await pageOfTopUps(deps.database, caller.userId, page)
  const missing = topUps.filter(({ state, receipt_url }) => state !== 'pending' && receipt_url === null).slice(0, RECEIPTS_AT_ONCE)
  const found = new Map(await Promise.all(missing.map(async topUp => [topUp.id, await findReceipt(deps, topUp)] as const)))
  return { top_ups: topUps.map(topUp => ({ ...topUp, receipt_url: topUp.receipt_url ?? found.get(topUp.id) ?? null })), total }
}

async function findReceipt(deps: { database: Database; payments: Payments | null }, topUp: TopUpRead): Promise<string | null> {
  const receiptUrl = (await deps.payments?.provider.receiptUrl(topUp.payment_intent_id)) ?? null
  if (receiptUrl !== null) await keepReceipt(deps.database, topUp.id, receiptUrl)
  return receiptUrl
}
