import { z } from 'zod'
import type { DisputeStanding } from '../domain/dispute.ts'
import type { PaymentClaim, PaymentEvent } from '../domain/payment-event.ts'
import { invalid, Refusal } from '../domain/refusal.ts'

// Events come in whichever API version the endpoint was made with, so the few members that are read are checked here, not taken from the library's types.

const cents = z.int().min(0).max(99_999_999)
const id = z.string().min(1).max(255)
/** An object, where it was expanded, or its id. */
const reference = z.union([id, z.object({ id }).transform(object => object.id)])
const currency = z.string().toLowerCase()

const Envelope = z.object({
  id,
  type: z.string(),
  livemode: z.boolean().nullish(),
  data: z.object({ object: z.unknown() }),
})

const PaidIntent = z.object({
  id,
  amount: cents,
  amount_received: cents.optional(),
  currency,
  metadata: z.record(z.string(), z.unknown()).nullish(),
})

const RefundedCharge = z.object({
  payment_intent: reference.nullish(),
  amount_refunded: cents,
  currency: currency.nullish(),
  receipt_url: z
    .url({ protocol: /^https$/ })
    .nullish()
    .catch(null),
})

const DisputeObject = z.object({
  id,
  payment_intent: reference.nullish(),
  amount: cents,
  currency: currency.nullish(),
  status: z.string(),
})

/** Source: docs.stripe.com/api/disputes/object. A status that is not listed is one before the verdict. */
const standings = new Map<string, DisputeStanding>([
  ['warning_closed', 'dropped'],
  ['prevented', 'dropped'],
  ['lost', 'lost'],
  ['appeal_needs_response', 'lost'],
  ['appeal_under_review', 'lost'],
  ['won', 'won'],
])

/** Reads the text of a signed event. What Stripe would never send is refused: text that is no JSON, objects without what makes them one. */
export function parseStripeEvent(text: string): PaymentEvent {
  const envelope = readAs(Envelope, json(text), 'the event')
  const { type, data } = envelope
  const report = { eventId: envelope.id, livemode: envelope.livemode ?? null }
  if (type === 'payment_intent.succeeded') {
    const intent = readAs(PaidIntent, data.object, 'data.object')
    const amounts = { cents: intent.amount, receivedCents: intent.amount_received ?? intent.amount }
    const claim = readClaim(intent.metadata ?? {})
    return { kind: 'paid', ...report, paymentIntentId: intent.id, currency: intent.currency, ...amounts, claim }
  }
  if (type === 'charge.refunded') {
    const charge = readAs(RefundedCharge, data.object, 'data.object')
    if (!charge.payment_intent) return { kind: 'other' }
    const refund = { refundedCents: charge.amount_refunded, receiptUrl: charge.receipt_url ?? null }
    return { kind: 'refunded', ...report, paymentIntentId: charge.payment_intent, currency: charge.currency ?? null, ...refund }
  }
  if (type.startsWith('charge.dispute.')) {
    const { payment_intent: paymentIntentId, ...object } = readAs(DisputeObject, data.object, 'data.object')
    if (!paymentIntentId) return { kind: 'other' }
    const dispute = { cents: object.amount, standing: standings.get(object.status) ?? 'open' }
    return { kind: 'disputed', ...report, paymentIntentId, currency: object.currency ?? null, disputeId: object.id, dispute }
  }
  return { kind: 'other' }
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Refusal('malformed_request', 'The body is not valid JSON.')
  }
}

/** Null when the metadata is not of our making: other programs may use the same Stripe account. */
function readClaim(metadata: Record<string, unknown>): PaymentClaim | null {
  if (metadata.user_id === undefined && metadata.credits === undefined) return null
  const { user_id, credits } = readAs(Claim, metadata, 'data.object.metadata')
  return { userId: user_id, credits }
}

const Claim = z.object({
  user_id: z.string().trim().min(1),
  credits: z.string().regex(/^\d{1,10}(\.\d{1,8})?$/, 'must be a decimal number'),
})

function readAs<Schema extends z.ZodType>(schema: Schema, value: unknown, path: string): z.infer<Schema> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw invalid([path, ...(issue?.path ?? [])].join('.'), issue?.message ?? 'is malformed')
}
