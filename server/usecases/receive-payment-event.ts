import type { PaymentEventOutcome } from '../../contract/payments.ts'
import type { ActedOnEvent, PaymentClaim } from '../domain/payment-event.ts'
import { invalid } from '../domain/refusal.ts'
import { contradiction, settle } from '../domain/top-up-account.ts'
import { type Payments, requirePayments } from '../payments/payment-provider.ts'
import type { Database } from '../store/database.ts'
import { type LockedTopUp, lockTopUp, saveSettlement } from '../store/top-ups.ts'

export interface PaymentEventDependencies {
  database: Database
  payments: Payments | null
  log: { info(fields: object, message: string): void; warn(fields: object, message: string): void }
}

/**
 * Brings a top-up and the ledger to what the payment provider reports, in one commit. The signature is checked before anything else.
 * User, amount and credits are those of the stored top-up. Resolves after the commit; the provider sends again whatever rejects.
 */
export async function receivePaymentEvent(
  deps: PaymentEventDependencies,
  body: Uint8Array,
  signature: string | undefined,
): Promise<PaymentEventOutcome> {
  const event = requirePayments(deps.payments).provider.readEvent(body, signature)
  if (event.kind === 'other') return 'ignored'
  return await deps.database.transaction(database => apply({ ...deps, database }, event))
}

async function apply({ database, log }: PaymentEventDependencies, event: ActedOnEvent): Promise<PaymentEventOutcome> {
  const about = { event_id: event.eventId, kind: event.kind, payment_intent_id: event.paymentIntentId }
  const topUp = await lockTopUp(database, event.paymentIntentId)
  if (!topUp) {
    log.warn(about, 'a payment event is about no top-up of ours; ignored')
    return 'ignored'
  }
  const conflict = contradiction(topUp.account, event)
  if (conflict !== null) {
    log.warn({ ...about, user_id: topUp.userId, conflict }, 'a payment event contradicts its top-up; ignored')
    return 'ignored'
  }
  if (event.kind === 'paid' && !isClaimOf(topUp, requireClaim(event.claim)))
    log.warn({ ...about, user_id: topUp.userId }, 'the metadata of a payment is not what it was made with; the stored top-up holds')
  const settlement = settle(topUp.account, event)
  if (settlement === null) return 'already_processed'
  await saveSettlement(database, topUp.id, settlement)
  log.info({ ...about, user_id: topUp.userId, state: settlement.state }, 'a payment event is settled')
  return 'ok'
}

function requireClaim(claim: PaymentClaim | null): PaymentClaim {
  if (claim === null) throw invalid('data.object.metadata', 'user_id and credits are missing')
  return claim
}

const isClaimOf = ({ userId, account }: LockedTopUp, claim: PaymentClaim): boolean =>
  claim.userId === userId && claim.credits === account.credits
