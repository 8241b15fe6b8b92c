import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DecimalInput, decimalUpTo } from '../../contract/values.ts'
import { decimal } from '../../server/domain/money.ts'

test('a JSON number is read as the digits that were written, without an exponent', () => {
  expect([0.0000001, 1.5e-7, -2.5e-10, 1e19, 100, 0.1].map(value => DecimalInput.parse(value))).toEqual([
    '0.0000001',
    '0.00000015',
    '-0.00000000025',
    '10000000000000000000',
    '100',
    '0.1',
  ])
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), value => {
      const read = DecimalInput.safeParse(value)
      if (read.success) expect(Number(read.data)).toBe(value + 0)
      // More digits than anything here can hold.
      else expect(Math.abs(value) >= 1e20 || /e-|\.\d{16}/.test(String(value)), String(value)).toBe(true)
    }),
  )
})

test('what cannot be stored is refused rather than rounded, and the bounds are exact', () => {
  const amount = decimalUpTo('10000', 8)
  for (const value of ['10000', 10_000, '0.00000001', '10000.00000000', '0.10'])
    expect(amount.safeParse(value).success, `${value}`).toBe(true)
  for (const value of ['10000.00000001', 10_001, '0', '0.000', '-0', '-1', '0.000000001', '1e3', '', '1.', '.5', null, {}])
    expect(amount.safeParse(value).success, `${value}`).toBe(false)
  expect(decimalUpTo('10', 2, { orZero: true }).parse('0.00')).toBe('0')
  expect(decimalUpTo('10', 2, { orZero: true }).safeParse('-0.01').success).toBe(false)
})

test('what is read is worth what was written', () => {
  const units = fc.integer({ min: 1, max: 2_000_000_000 })
  fc.assert(
    fc.property(units, fc.integer({ min: 0, max: 8 }), (written, places) => {
      const text = decimal(written)
        .div(10 ** places)
        .toFixed(8)
      const read = decimalUpTo('10000', 8).safeParse(text)
      expect(read.success).toBe(decimal(text).lte(10_000))
      if (read.success) expect(decimal(read.data).eq(text)).toBe(true)
    }),
  )
})
