import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sharedLimit, shortenToFit } from '../../server/domain/shortened-text.ts'
import { estimateTokens, utf8Bytes } from '../../server/domain/token-estimate.ts'

const estimate = (text: string) => estimateTokens(utf8Bytes(text))

describe('a shortened text', () => {
  it('is untouched when it fits', () => {
    const text = 'x'.repeat(320)
    expect(shortenToFit(text, 100)).toBe(text)
    expect(shortenToFit(text, 99)).not.toBe(text)
  })

  it('keeps its beginning and its end around a visible mark', () => {
    const text = `<open>${'middle '.repeat(1000)}<close>`
    const short = shortenToFit(text, 64)
    expect(short.startsWith('<open>middle')).toBe(true)
    expect(short.endsWith('middle <close>')).toBe(true)
    expect(short).toContain('[… shortened to fit …]')
  })

  it('is within its limit and splits no character', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('a', 'é', '中', '😀', '\n'), { minLength: 300, maxLength: 900 }),
        fc.integer({ min: 64, max: 200 }),
        (characters, tokens) => {
          const text = characters.join('')
          const short = shortenToFit(text, tokens)
          expect(estimate(short)).toBeLessThanOrEqual(tokens)
          expect(short.isWellFormed()).toBe(true)
          expect(short).not.toContain('�')
          if (short === text) return
          const [head, tail] = short.split('\n[… shortened to fit …]\n')
          expect(text.startsWith(head!) && text.endsWith(tail!)).toBe(true)
          expect(estimate(short)).toBeGreaterThanOrEqual(tokens - 4)
        },
      ),
    )
  })
})

describe('the limit that several texts share', () => {
  it('lets the longest give way and leaves the short ones whole', () => {
    expect(sharedLimit([100, 1000, 2000], 1100)).toBe(500)
    expect(sharedLimit([100, 300, 2000], 1400)).toBe(1000)
  })

  it('cuts nothing when all fit', () => {
    expect(sharedLimit([100, 300], 400)).toBe(400)
    expect(sharedLimit([], 10)).toBe(10)
  })

  it('is null when hardly anything would be left', () => {
    expect(sharedLimit([1000, 1000], 127)).toBeNull()
    expect(sharedLimit([1000, 1000], 128)).toBe(64)
    expect(sharedLimit([1000], -5)).toBeNull()
  })
})
