import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { contextBudget, fills, isNearBorder } from '../../server/domain/context-budget.ts'
import { estimateTokens, tokenBound, utf8Bytes } from '../../server/domain/token-estimate.ts'
import { settings } from './context-settings.ts'

describe('the budget of a window', () => {
  it.each([
    [2048, { window: 2048, outputReserve: 409, overheadReserve: 1024, inputBudget: 615 }],
    [8192, { window: 8192, outputReserve: 1638, overheadReserve: 1024, inputBudget: 5530 }],
    [30_019, { window: 30_019, outputReserve: 2048, overheadReserve: 1500, inputBudget: 26_471 }],
    [128_000, { window: 128_000, outputReserve: 2048, overheadReserve: 6400, inputBudget: 119_552 }],
    [null, { window: 8192, outputReserve: 1638, overheadReserve: 1024, inputBudget: 5530 }],
  ])('of %s is divided as the specification says', (window, budget) => {
    expect(contextBudget(window, settings)).toEqual(budget)
  })

  it('is never below zero', () => {
    expect(contextBudget(1000, settings).inputBudget).toBe(0)
  })

  it('is exact at every whole share', () => {
    for (let window = 20; window < 200_000; window += 20) {
      expect(contextBudget(window, { maxOutputTokens: 1e9 }).outputReserve).toBe(window / 5)
      expect(contextBudget(window, settings).overheadReserve).toBe(Math.max(1024, window / 20))
    }
  })
})

describe('a threshold', () => {
  it('is reached exactly at its share of the budget', () => {
    const budget = contextBudget(8192, settings)
    expect(fills(3871, budget, 0.7)).toBe(true)
    expect(fills(3870, budget, 0.7)).toBe(false)
    expect(fills(4977, budget, 0.9)).toBe(true)
    expect(fills(4976, budget, 0.9)).toBe(false)
    expect(fills(7, { ...budget, inputBudget: 100 }, 0.07)).toBe(true)
  })
})

describe('the estimate without a tokenizer', () => {
  it('is ceil(chars / 4 × 1.25) for plain text', () => {
    for (const length of [0, 1, 4, 16, 17, 1000, 123_457]) {
      expect(estimateTokens(utf8Bytes('x'.repeat(length)))).toBe(Math.ceil((length / 4) * 1.25))
    }
  })

  it('does not count Chinese or emoji short', () => {
    expect(estimateTokens(utf8Bytes('请帮我写一封信'))).toBeGreaterThanOrEqual(7 * 0.9)
    expect(estimateTokens(utf8Bytes('😀'.repeat(100)))).toBeGreaterThanOrEqual(100)
  })

  it('stays within the bounds of any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), text => {
        const { atLeast, atMost } = tokenBound(utf8Bytes(text))
        expect(estimateTokens(utf8Bytes(text))).toBeGreaterThanOrEqual(atLeast)
        expect(estimateTokens(utf8Bytes(text))).toBeLessThanOrEqual(atMost)
      }),
    )
  })
})

describe('counting tokens', () => {
  const budget = contextBudget(8192, settings)

  it('is not worth it when the bytes surely fit', () => {
    expect(isNearBorder({ allBytes: 3870, fixedBytes: 100 }, budget, settings)).toBe(false)
    expect(isNearBorder({ allBytes: 3871, fixedBytes: 100 }, budget, settings)).toBe(true)
  })

  it('is not worth it when what must be sent surely does not fit', () => {
    expect(isNearBorder({ allBytes: 2_000_000, fixedBytes: 5530 * 128 + 1 }, budget, settings)).toBe(false)
    expect(isNearBorder({ allBytes: 2_000_000, fixedBytes: 5530 * 128 }, budget, settings)).toBe(true)
  })
})
