import { createHash, randomUUID } from 'node:crypto'
import type { TopUpCreate, TopUpStarted } from '../../contract/payments.ts'
import type { Caller } from '../domain/caller.ts'
import { topUpOrder } from '../domain/top-up.ts'
import { type Payments, requirePayments } from '../payments/payment-provider.ts'
import type { Database } from '../store/database.ts'
import { insertTopUp } from '../store/top-ups.ts'

const CURRENCY = 'usd'

/**
 * Makes a payment that the caller can then confirm; nothing is granted. `requestKey` is the client's own name of the request: when the
 * first try got no answer, the second gets the same payment.
 */
export async function createTopUp(
  deps: { database: Database; payments: Payments | null },
  caller: Caller,
  wish: TopUpCreate,
  requestKey: string | null,
): Promise<TopUpStarted> {
  const { provider, terms } = requirePayments(deps.payments)
  const { amountUsd, cents, credits } = topUpOrder(wish.amount_usd, terms)
  const order = { userId: caller.userId, cents, currency: CURRENCY, credits }
  const idempotencyKey = requestKey === null ? randomUUID() : digest([caller.userId, requestKey, CURRENCY, cents, credits])
  const intent = await provider.createIntent({ ...order, idempotencyKey })
  // Stored before anybody can pay: without the client secret, which leaves only with the answer, there is no payment.
  await insertTopUp(deps.database, { ...order, paymentIntentId: intent.id, livemode: intent.livemode })
  return { client_secret: intent.clientSecret, credits_to_grant: credits, amount_usd: amountUsd }
}

const digest = (parts: (string | number)[]): string => createHash('sha256').update(JSON.stringify(parts)).digest('hex')
