import Big from 'big.js'

// Exact decimal arithmetic. Money, credits, prices and multipliers are decimal strings outside this folder and never JavaScript numbers.

const Exact = Big()
Exact.strict = false

export type Decimal = Big

/** Tokens to output equivalents (billing.md, From tokens to credits). */
const FRESH_INPUT_WEIGHT = new Exact('0.35')
const CACHED_INPUT_WEIGHT = new Exact('0.10')
const CREDITS_PER_OE_TOKEN = new Exact('0.0001')
const MULTIPLIER_FLOOR = new Exact('0.5')
const USD_PER_MILLION_TO_USD = new Exact('0.000001')

export const LEDGER_PLACES = 8
const SHOWN_PLACES = 4

export const decimal = (text: string | number): Decimal => new Exact(text)

/** A decimal as the contract writes it: no exponent, no trailing zeros. */
export const decimalText = (value: Decimal): string => value.toFixed().replace(/^-(0)$/, '$1')

/** Half-even at `places`, the one rounding rule there is. */
export const roundHalfEven = (value: Decimal, places: number): Decimal => value.round(places, Big.roundHalfEven)

export const sumDecimals = (values: string[]): string => decimalText(values.reduce((sum, value) => sum.plus(value), new Exact(0)))

export interface TokenUsage {
  inputFresh: number
  inputCached: number
  output: number
}

export interface CallCost {
  /** Output-equivalent tokens, numeric(20,4). */
  oeTokens: string
  /** What the ledger moves, numeric(18,8): the exact product, rounded once. */
  amount: string
  /** What people read, numeric(20,4). */
  credits: string
}

export const oeTokens = (usage: TokenUsage): Decimal =>
  FRESH_INPUT_WEIGHT.times(usage.inputFresh).plus(CACHED_INPUT_WEIGHT.times(usage.inputCached)).plus(usage.output)

/** What a call costs in credits at its alias's multiplier. Source: billing.md, From tokens to credits. */
export function callCost(usage: TokenUsage, multiplier: string): CallCost {
  const oe = oeTokens(usage)
  const factor = decimal(multiplier)
  const credits = oe.times(factor.lt(MULTIPLIER_FLOOR) ? MULTIPLIER_FLOOR : factor).times(CREDITS_PER_OE_TOKEN)
  return {
    oeTokens: decimalText(roundHalfEven(oe, SHOWN_PLACES)),
    amount: decimalText(roundHalfEven(credits, LEDGER_PLACES)),
    credits: decimalText(roundHalfEven(credits, SHOWN_PLACES)),
  }
}

export interface UsdPrices {
  inputUsdPerMillion: string
  cachedInputUsdPerMillion: string | null
  outputUsdPerMillion: string
}

/** What the provider charges for a call by the catalogue's prices, in USD, numeric(20,8). Cached input without a price of its own costs as fresh. */
export function catalogueCostUsd(usage: TokenUsage, prices: UsdPrices): string {
  const cost = decimal(prices.inputUsdPerMillion)
    .times(usage.inputFresh)
    .plus(decimal(prices.cachedInputUsdPerMillion ?? prices.inputUsdPerMillion).times(usage.inputCached))
    .plus(decimal(prices.outputUsdPerMillion).times(usage.output))
    .times(USD_PER_MILLION_TO_USD)
  return decimalText(roundHalfEven(cost, LEDGER_PLACES))
}

/**
 * How many output tokens `credits` pay for, all of the estimated input fresh. May be negative when not even the input is covered.
 * Inverse of `callCost`, rounded down, so that the worst case of the answer never exceeds what was given.
 */
export function affordableOutputTokens(credits: string, inputTokens: number, multiplier: string): number {
  const factor = decimal(multiplier)
  const perToken = (factor.lt(MULTIPLIER_FLOOR) ? MULTIPLIER_FLOOR : factor).times(CREDITS_PER_OE_TOKEN)
  const oe = decimal(credits).div(perToken).round(0, Big.roundDown)
  const output = oe.minus(FRESH_INPUT_WEIGHT.times(inputTokens).round(0, Big.roundUp))
  return output.gt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : output.toNumber()
}
