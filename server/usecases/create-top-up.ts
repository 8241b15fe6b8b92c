import { createHash, randomUUID } from 'node:crypto'
import type { TopUpCreate, TopUpStarted } from '../../contract/payments.ts'
import type { Caller } from '../domain/caller.ts'
import type { RequestKey } from '../domain/request-key.ts'
import { topUpOrder } from '../domain/top-up.ts'
import { type Payments, requirePayments } from '../payments/payment-provider.ts'
import type { Database } from '../store/database.ts'
import { type Answered, withIdempotency } from '../store/idempotent-request.ts'
import { insertTopUp } from '../store/top-ups.ts'

const CURRENCY = 'usd'

/** Makes a payment that the caller can then confirm; nothing is granted. */
export async function createTopUp(
  { database, payments }: { database: Database; payments: Payments | null },
  caller: Caller,
  wish: TopUpCreate,
  requestKey: RequestKey | null,
): Promise<Answered<TopUpStarted>> {
  const { provider, terms } = requirePayments(payments)
  const { amountUsd, cents, credits } = topUpOrder(wish.amount_usd, terms)
  const order = { userId: caller.userId, cents, currency: CURRENCY, credits }
  // A request whose first try made the payment and then failed gets that same payment from the provider.
  const idempotencyKey = requestKey === null ? randomUUID() : digest([caller.userId, requestKey.key, CURRENCY, cents, credits])
  return await withIdempotency<TopUpStarted>(database, requestKey && { userId: caller.userId, ...requestKey }, async keep => {
    const intent = await provider.createIntent({ ...order, idempotencyKey })
    // Stored before anybody can pay: without the client secret, which leaves only with the answer, there is no payment.
    return await database.transaction(async bound => {
      await insertTopUp(bound, { ...order, paymentIntentId: intent.id, livemode: intent.livemode })
      return await keep(bound, { client_secret: intent.clientSecret, credits_to_grant: credits, amount_usd: amountUsd })
    })
  })
}

const digest = (parts: (string | number)[]): string => createHash('sha256').update(JSON.stringify(parts)).digest('hex')
