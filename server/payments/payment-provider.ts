import type { PaymentEvent } from '../domain/payment-event.ts'
import { Refusal } from '../domain/refusal.ts'
import type { TopUpTerms } from '../domain/top-up.ts'

/** What is to be paid. `idempotencyKey` (at most 255 characters) makes the same request twice the same intent. */
export interface PaymentOrder {
  userId: string
  cents: number
  /** Lower case, three letters. */
  currency: string
  credits: string
  idempotencyKey: string
}

export interface PaymentIntent {
  id: string
  /** Lets a page confirm this one payment; for the payer's eyes only. */
  clientSecret: string
  /** Whether real money moves; null where the provider does not say. */
  livemode: boolean | null
}

/** Taking payments: by whom, on what terms. */
export interface Payments {
  provider: PaymentProvider
  terms: TopUpTerms
}

/** Null where no payment provider is configured. */
export function requirePayments(payments: Payments | null): Payments {
  if (!payments) throw new Refusal('payment_not_configured', 'payment not configured')
  return payments
}

/** Who takes the money. Failures that pass are refused as `unavailable`, any other is an error of ours. */
export interface PaymentProvider {
  createIntent(order: PaymentOrder): Promise<PaymentIntent>
  /** Where the payer reads the receipt; null when there is none, or when the provider does not say so quickly. */
  receiptUrl(paymentIntentId: string): Promise<string | null>
  /** The event in a request to our webhook, by its very bytes. Refuses what the provider has not signed, or not lately, and what cannot be read. */
  readEvent(body: Uint8Array, signature: string | undefined): PaymentEvent
}
