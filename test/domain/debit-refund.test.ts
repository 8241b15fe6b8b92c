import fc from 'fast-check'
import { expect, test } from 'vitest'
import { refundAmount } from '../../server/domain/debit-refund.ts'
import { decimal } from '../../server/domain/money.ts'

const UNITS = 1e8
const credits = fc.integer({ min: 1, max: 1_000_000_000 }).map(units => decimal(units).div(UNITS).toFixed())

test('whatever is asked for, in whatever order, all refunds of a debit together never exceed it', () => {
  fc.assert(
    fc.property(credits, fc.array(fc.option(credits), { maxLength: 20 }), (debited, wishes) => {
      let refunded = decimal(0)
      for (const wish of wishes) {
        try {
          refunded = refunded.plus(refundAmount({ kind: 'debit', amount: `-${debited}`, refunded: refunded.toFixed() }, wish))
        } catch {
          // Refused: more than what is left.
        }
        expect(refunded.lte(debited)).toBe(true)
      }
    }),
  )
})

test('without an amount all that is left is given back, to the last digit', () => {
  expect(refundAmount({ kind: 'debit', amount: '-1.00000001', refunded: '0.3' }, null)).toBe('0.70000001')
})

test('the last digit that is left can be asked for, and not one more', () => {
  const row = { kind: 'debit', amount: '-0.1', refunded: '0.09999999' }
  expect(refundAmount(row, '0.00000001')).toBe('0.00000001')
  expect(() => refundAmount(row, '0.00000002')).toThrow('more than what is left')
})

test.each([
  ['a grant', { kind: 'grant', amount: '5', refunded: '0' }],
  ['a refund', { kind: 'refund', amount: '5', refunded: '0' }],
  ['a debit of nothing', { kind: 'debit', amount: '0', refunded: '0' }],
  ['a debit that was given back', { kind: 'debit', amount: '-5', refunded: '5' }],
])('%s cannot be given back', (_, row) => {
  for (const wish of [null, '0.1']) expect(() => refundAmount(row, wish)).toThrow(/^transaction_id: /)
})
