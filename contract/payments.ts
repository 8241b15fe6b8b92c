import { z } from 'zod'
import { Decimal, Time } from './values.ts'

/** `pending` until the payment has come through; `disputed` while a dispute is open, `dispute_lost` once one was lost. */
export const topUpStates = ['pending', 'paid', 'partially_refunded', 'refunded', 'disputed', 'dispute_lost'] as const
export type TopUpState = (typeof topUpStates)[number]

/** Whatever is not an amount within the limits, nothing included, gets one and the same sentence. The use case gives it: it knows the limits. */
const UsdAmountInput = z
  .unknown()
  .optional()
  .meta({
    description: 'US dollars, at most two decimals, as a JSON number or a decimal string; from 1.00 to 500.00 unless configured otherwise',
    anyOf: [{ type: 'number' }, { type: 'string' }],
    examples: ['10.00'],
  })

export const TopUpCreate = z.strictObject({ amount_usd: UsdAmountInput }).meta({ id: 'TopUpCreate', required: ['amount_usd'] })
export type TopUpCreate = z.infer<typeof TopUpCreate>

/** What a page needs to let somebody pay. Nothing is granted yet. */
export const TopUpStarted = z
  .object({ client_secret: z.string(), credits_to_grant: Decimal, amount_usd: Decimal })
  .meta({ id: 'TopUpStarted' })
export type TopUpStarted = z.infer<typeof TopUpStarted>

export const TopUpRead = z
  .object({
    id: z.uuid(),
    /** The `reference_id` of its ledger rows. */
    payment_intent_id: z.string(),
    amount_usd: Decimal,
    refunded_usd: Decimal,
    credits: Decimal,
    credits_taken_back: Decimal,
    state: z.enum(topUpStates),
    receipt_url: z.string().nullable(),
    created_at: Time,
  })
  .meta({ id: 'TopUp' })
export type TopUpRead = z.infer<typeof TopUpRead>

export const TopUpPage = z.object({ top_ups: z.array(TopUpRead), total: z.int() }).meta({ id: 'TopUpPage' })
export type TopUpPage = z.infer<typeof TopUpPage>

/** `ignored`: not ours, or nothing that we act on. `already_processed`: it said nothing new. */
export const paymentEventOutcomes = ['ok', 'already_processed', 'ignored'] as const
export type PaymentEventOutcome = (typeof paymentEventOutcomes)[number]

export const PaymentEventReceipt = z.object({ status: z.enum(paymentEventOutcomes) }).meta({ id: 'PaymentEventReceipt' })
