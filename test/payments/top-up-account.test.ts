import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { disputeStandings } from '../../server/domain/dispute.ts'
import { decimal, sumDecimals } from '../../server/domain/money.ts'
import type { ActedOnEvent } from '../../server/domain/payment-event.ts'
import { creditsForUsd, creditsToTakeBack, topUpOrder, usdOfCents } from '../../server/domain/top-up.ts'
import { type Settlement, settle, type TopUpAccount } from '../../server/domain/top-up-account.ts'

const report = { eventId: 'evt_1', paymentIntentId: 'pi_1', livemode: null, currency: null }

const paid = fc.constant<ActedOnEvent>({ ...report, kind: 'paid', cents: 0, receivedCents: 0, claim: null })
const refunded = fc
  .integer({ min: 0, max: 60_000 })
  .map((refundedCents): ActedOnEvent => ({ ...report, kind: 'refunded', refundedCents, receiptUrl: null }))
const disputed = fc
  .record({
    id: fc.constantFrom('dp_1', 'dp_2'),
    cents: fc.integer({ min: 0, max: 60_000 }),
    standing: fc.constantFrom(...disputeStandings),
  })
  .map(({ id, ...dispute }): ActedOnEvent => ({ ...report, kind: 'disputed', disputeId: id, dispute }))
const events = fc.array(fc.oneof(paid, refunded, disputed), { maxLength: 12 })
const orders = fc.integer({ min: 100, max: 50_000 }).map(
  (cents): TopUpAccount => ({
    cents,
    currency: 'usd',
    credits: creditsForUsd(usdOfCents(cents), '33.33'),
    livemode: null,
    isPaid: false,
    refundedCents: 0,
    disputes: {},
    creditsTakenBack: '0',
    receiptUrl: null,
  }),
)

/** The account after all events, and the sum that the ledger has come to. */
function play(order: TopUpAccount, reported: ActedOnEvent[], afterEach = (_: TopUpAccount, _ledger: string) => {}) {
  let [account, ledger, state] = [order, '0', 'pending']
  for (const event of reported) {
    const settlement: Settlement | null = settle(account, event)
    if (settlement) {
      ;({ account, state } = settlement)
      ledger = sumDecimals([ledger, ...settlement.movements.map(({ amount }) => amount)])
    }
    afterEach(account, ledger)
  }
  return { account, ledger, state }
}

describe('a top-up', () => {
  test('has, after every report, a ledger of what was granted less what was taken back, never below nothing', () => {
    fc.assert(
      fc.property(orders, events, (order, reported) => {
        play(order, reported, (account, ledger) => {
          const left = decimal(account.credits).minus(account.creditsTakenBack)
          expect(ledger).toBe(account.isPaid ? left.toFixed() : '0')
          expect(left.gte(0) && left.lte(account.credits)).toBe(true)
        })
      }),
    )
  })

  test('ends alike whatever the order of the reports, and however often each comes', () => {
    const shuffled = events.chain(reported =>
      fc.tuple(
        fc.constant(reported),
        fc.shuffledSubarray(
          reported.flatMap(event => [event, event]),
          { minLength: reported.length * 2, maxLength: reported.length * 2 },
        ),
      ),
    )
    fc.assert(
      fc.property(orders, shuffled, (order, [reported, again]) => {
        expect(play(order, again)).toEqual(play(order, reported))
      }),
    )
  })

  test('says nothing new twice', () => {
    fc.assert(
      fc.property(orders, events, (order, reported) => {
        const { account } = play(order, reported)
        for (const event of reported) expect(settle(account, event)).toBeNull()
      }),
    )
  })
})

describe('credits', () => {
  test.each([
    ['1', '33.33', '33.33'],
    ['1.05', '33.33', '35'],
    ['0.5', '0.01', '0'],
    ['1.5', '0.01', '0.02'],
    ['2.5', '0.01', '0.02'],
    ['500', '33.33', '16665'],
    ['499.99', '33.333333', '16666.33'],
  ])('for %s USD at %s are %s', (usd, rate, credits) => {
    expect(creditsForUsd(usd, rate)).toBe(credits)
  })

  test.each([
    ['33.33', 1, 100, '0.3333'],
    ['100', 1, 300, '0.33333333'],
    ['100', 2, 300, '0.66666667'],
    ['0.01', 1, 8_000_000, '0'],
    ['0.01', 3, 2_000_000, '0.00000002'],
    ['0.01', 1, 2_000_000, '0'],
    ['333.3', 1000, 1000, '333.3'],
    ['333.3', 1001, 1000, '333.3'],
    ['333.3', 0, 1000, '0'],
  ])('of %s that go with %i of %i cents are %s', (credits, taken, cents, back) => {
    expect(creditsToTakeBack(credits, taken, cents)).toBe(back)
  })

  test('are ordered for exact cents, for every cent from 1 to 500 USD', () => {
    const terms = { creditsPerUsd: '33.33', minimumUsd: '1', maximumUsd: '500' }
    const wrong: string[] = []
    for (let cents = 100; cents <= 50_000; cents += 1) {
      const text = `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`
      if (topUpOrder(text, terms).cents !== cents || topUpOrder(Number(text), terms).cents !== cents) wrong.push(text)
    }
    expect(wrong).toEqual([])
  })
})
