import { describe, expect, it } from 'vitest'
import {
  affordableOutputTokens,
  callCost,
  catalogueCostUsd,
  decimal,
  decimalText,
  roundHalfEven,
  sumDecimals,
} from '../../server/domain/money.ts'

/** The same arithmetic in whole numbers, written without the decimal library: tokens in hundredths, multipliers in ten-thousandths. */
function oracle(fresh: number, cached: number, output: number, multiplier: string) {
  const hundredths = 35n * BigInt(fresh) + 10n * BigInt(cached) + 100n * BigInt(output)
  const scaled = inTenThousandths(multiplier)
  // credits × 10^10: hundredths × ten-thousandths of a multiplier × 1/10,000 credit.
  const credits = hundredths * (scaled < 5000n ? 5000n : scaled)
  return {
    oeTokens: written(hundredths, 2),
    amount: written(halfEven(credits, 100n), 8),
    credits: written(halfEven(credits, 1_000_000n), 4),
  }
}

const inTenThousandths = (text: string) => {
  const [whole, fraction = ''] = text.split('.')
  return BigInt(whole + fraction.padEnd(4, '0'))
}

function halfEven(value: bigint, by: bigint): bigint {
  const [quotient, rest] = [value / by, value % by]
  const up = rest * 2n > by || (rest * 2n === by && quotient % 2n === 1n)
  return up ? quotient + 1n : quotient
}

function written(value: bigint, places: number): string {
  const digits = value.toString().padStart(places + 1, '0')
  return `${digits.slice(0, -places)}.${digits.slice(-places)}`.replace(/\.?0+$/, '')
}

/** Numbers that look random and are the same every time. */
function numbers(seed: number) {
  let state = seed
  return (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

describe('the price of a call', () => {
  it('is that of the reference: fresh 1,200, cached 800, output 500 at multiplier 14 are 1,000 OE tokens and 1.4 credits', () => {
    expect(callCost({ inputFresh: 1200, inputCached: 800, output: 500 }, '14')).toEqual({ oeTokens: '1000', amount: '1.4', credits: '1.4' })
    expect(callCost({ inputFresh: 1200, inputCached: 800, output: 500 }, '1').amount).toBe('0.1')
  })

  it('never goes below the floor of 0.5', () => {
    expect(callCost({ inputFresh: 0, inputCached: 0, output: 10_000 }, '0.1').amount).toBe('0.5')
  })

  it('agrees with an independent oracle over 100,000 usages, to the last place', () => {
    const random = numbers(20261120)
    for (let index = 0; index < 100_000; index++) {
      const [fresh, cached, output] = [random(2_000_000), random(2_000_000), random(200_000)]
      const multiplier = decimalText(decimal(random(1_000_000)).div(10_000))
      const cost = callCost({ inputFresh: fresh, inputCached: cached, output }, multiplier)
      const expected = oracle(fresh, cached, output, multiplier)
      if (cost.amount !== expected.amount || cost.credits !== expected.credits || cost.oeTokens !== expected.oeTokens)
        expect({ fresh, cached, output, multiplier, ...cost }).toEqual({ fresh, cached, output, multiplier, ...expected })
    }
  })

  it('holds for counts beyond what a double can hold exactly', () => {
    expect(callCost({ inputFresh: 0, inputCached: 0, output: Number.MAX_SAFE_INTEGER }, '1').oeTokens).toBe('9007199254740991')
  })
})

describe('what the provider charges', () => {
  it('is reckoned from the catalogue, cached input as fresh where it has no price of its own', () => {
    const prices = { inputUsdPerMillion: '1.25', cachedInputUsdPerMillion: null, outputUsdPerMillion: '10' }
    const usage = { inputFresh: 1000, inputCached: 1000, output: 1 }
    expect(catalogueCostUsd(usage, prices)).toBe('0.00251')
    expect(catalogueCostUsd(usage, { ...prices, cachedInputUsdPerMillion: '0.31' })).toBe('0.00157')
  })
})

describe('an output limit that credits pay for', () => {
  it('is the largest one: its worst case is within the credits, one token more is not', () => {
    const random = numbers(7)
    for (let index = 0; index < 2000; index++) {
      const input = random(100_000)
      const multiplier = decimalText(decimal(1 + random(300_000)).div(10_000))
      const credits = decimalText(decimal(random(1_000_000)).div(1000))
      const output = affordableOutputTokens(credits, input, multiplier)
      const worst = (tokens: number) => decimal(callCost({ inputFresh: input, inputCached: 0, output: tokens }, multiplier).amount)
      if (output >= 0) expect(worst(output).lte(credits)).toBe(true)
      if (output >= 0) expect(worst(output + 2).gt(credits)).toBe(true)
    }
  })
})

it('rounds half to even and sums without drift', () => {
  expect(['0.000000005', '0.000000015', '-0.000000025'].map(text => decimalText(roundHalfEven(decimal(text), 8)))).toEqual([
    '0',
    '0.00000002',
    '-0.00000002',
  ])
  expect(sumDecimals(Array.from({ length: 10 }, () => '0.1'))).toBe('1')
})
