import { DecimalInput } from '../../contract/values.ts'
import { type Decimal, decimal, decimalText, LEDGER_PLACES, roundHalfEven } from './money.ts'
import { Refusal } from './refusal.ts'

/** What one may top up by, and what one gets for it: exact decimals. */
export interface TopUpTerms {
  creditsPerUsd: string
  minimumUsd: string
  maximumUsd: string
}

/** What is bought, for how much. */
export interface TopUpOrder {
  amountUsd: string
  cents: number
  credits: string
}

const CENTS_PER_USD = 100
const CREDIT_PLACES = 2

/** Reads the amount of a request; whatever is no amount within the terms, or has a fraction of a cent, is refused with one sentence. */
export function topUpOrder(amount: unknown, terms: TopUpTerms): TopUpOrder {
  const read = DecimalInput.safeParse(typeof amount === 'string' ? amount.trim() : amount)
  if (!read.success) throw amountRefused(terms)
  const usd = decimal(read.data)
  const isWithin = usd.gte(terms.minimumUsd) && usd.lte(terms.maximumUsd)
  if (!isWithin || !isWholeCents(usd)) throw amountRefused(terms)
  const amountUsd = decimalText(usd)
  return { amountUsd, cents: usd.times(CENTS_PER_USD).toNumber(), credits: creditsForUsd(amountUsd, terms.creditsPerUsd) }
}

export const isWholeCents = (usd: Decimal): boolean => usd.eq(roundHalfEven(usd, CREDIT_PLACES))

/** Credits for an amount at a rate, at 2 places. Source: billing.md, Stripe. */
export const creditsForUsd = (usd: string, creditsPerUsd: string): string =>
  decimalText(roundHalfEven(decimal(usd).times(creditsPerUsd), CREDIT_PLACES))

export const usdOfCents = (cents: number): string => decimalText(decimal(cents).div(CENTS_PER_USD))

/**
 * The credits that go when `takenCents` of the `cents` paid went back: in proportion, at the ledger's places; all of them, and never more,
 * when all went.
 * The quotient has 20 places, more than the smallest distance of such a fraction from a tie, so that rounding it again is exact.
 */
export function creditsToTakeBack(credits: string, takenCents: number, cents: number): string {
  if (takenCents >= cents) return credits
  return decimalText(roundHalfEven(decimal(credits).times(takenCents).div(cents), LEDGER_PLACES))
}

function amountRefused({ minimumUsd, maximumUsd }: TopUpTerms): Refusal {
  const message = `amount_usd must be between ${decimal(minimumUsd).toFixed(2)} and ${decimal(maximumUsd).toFixed(2)}`
  return new Refusal('validation_error', message, { errors: [{ path: 'amount_usd', message }] })
}
