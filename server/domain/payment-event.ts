import type { Dispute } from './dispute.ts'

/** What every report of a payment names. */
interface PaymentReport {
  eventId: string
  paymentIntentId: string
  /** Null where it is not said. */
  livemode: boolean | null
  /** Lower case; null where it is not said. */
  currency: string | null
}

/** Whom and what the payment says it is for. Told by whoever can write to the provider's records, so nothing is granted by it. */
export interface PaymentClaim {
  userId: string
  credits: string
}

/** What a payment provider reports, in our words. `other` is nothing that we act on. */
export type PaymentEvent =
  | { kind: 'other' }
  | (PaymentReport & { kind: 'paid'; cents: number; receivedCents: number; claim: PaymentClaim | null })
  /** `refundedCents` is all that was refunded so far. */
  | (PaymentReport & { kind: 'refunded'; refundedCents: number; receiptUrl: string | null })
  | (PaymentReport & { kind: 'disputed'; disputeId: string; dispute: Dispute })

export type ActedOnEvent = Exclude<PaymentEvent, { kind: 'other' }>
