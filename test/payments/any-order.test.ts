import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { openStripe } from '../../server/payments/stripe.ts'
import { openDatabase } from '../../server/store/database.ts'
import { insertTopUp } from '../../server/store/top-ups.ts'
import { findOrCreateUser } from '../../server/store/users.ts'
import { type PaymentEventDependencies, receivePaymentEvent } from '../../server/usecases/receive-payment-event.ts'
import { useTestDatabase } from '../database.ts'
import { anywhere } from '../outbound.ts'
import { type SignedEvent, type StandInIntent, type StripeEndpoint, startStripeEndpoint } from '../stripe-endpoint.ts'
import { brokenBalances, brokenTopUps } from './paying-program.ts'

const database = await useTestDatabase()
const opened = openDatabase({ config: database.config, namedStatements: true, onIdleError: () => undefined })
let stripe: StripeEndpoint
let deps: PaymentEventDependencies

beforeAll(async () => {
  stripe = await startStripeEndpoint()
  const log = pino({ level: 'silent' })
  const provider = await openStripe(
    { secretKey: stripe.secretKey, webhookSecrets: [stripe.webhookSecret], apiBase: stripe.url },
    anywhere,
    log,
  )
  deps = { database: opened, payments: { provider, terms: { creditsPerUsd: '33.33', minimumUsd: '1', maximumUsd: '500' } }, log }
})

afterAll(async () => {
  await stripe.close()
  await opened.close()
})

afterEach(async () => {
  expect(await brokenBalances({ database })).toEqual([])
  expect(await brokenTopUps({ database })).toEqual([])
})

let users = 0

/** A user with nothing but one ordered top-up of 10 USD, 333.3 credits. */
async function orderedTopUp(): Promise<{ userId: string; intent: StandInIntent }> {
  users += 1
  const number = users
  const identity = { issuer: 'test', subject: `user-${number}`, email: null, emailVerified: false, sessionId: null }
  const { id: userId } = await findOrCreateUser(opened, identity, { localIssuer: 'none', signupGrant: '0' })
  const intent: StandInIntent = {
    id: `pi_order_${number}`,
    object: 'payment_intent',
    amount: 1000,
    amount_received: 0,
    currency: 'usd',
    client_secret: 'unused',
    livemode: false,
    status: 'requires_payment_method',
    metadata: { user_id: userId, credits: '333.3' },
    latest_charge: null,
  }
  await insertTopUp(opened, { userId, paymentIntentId: intent.id, cents: 1000, currency: 'usd', credits: '333.3', livemode: false })
  return { userId, intent }
}

const deliver = ({ body, headers }: SignedEvent) => receivePaymentEvent(deps, Buffer.from(body), headers['stripe-signature'])

interface End {
  balance: string
  state: string
  takenBack: string
}

async function endOf(userId: string): Promise<End> {
  const { rows } = await database.pool.query<End>(
    `select balance, state, credits_taken_back as "takenBack" from credit_wallets join top_ups using (user_id) where user_id = $1`,
    [userId],
  )
  return rows[0]!
}

interface Story {
  refundedCents: number
  disputedCents: number
  verdict: string
  end: End
}

const eventsOf = (story: Story, intent: StandInIntent): SignedEvent[] => [
  stripe.succeeded(intent),
  stripe.refunded(intent, story.refundedCents),
  stripe.disputed('created', intent, { cents: story.disputedCents, status: 'needs_response' }),
  stripe.disputed('closed', intent, { cents: story.disputedCents, status: story.verdict }),
]

const stories: Story[] = [
  {
    refundedCents: 400,
    disputedCents: 500,
    verdict: 'won',
    end: { balance: '199.98', state: 'partially_refunded', takenBack: '133.32' },
  },
  { refundedCents: 400, disputedCents: 500, verdict: 'lost', end: { balance: '33.33', state: 'dispute_lost', takenBack: '299.97' } },
  { refundedCents: 1000, disputedCents: 1000, verdict: 'lost', end: { balance: '0', state: 'dispute_lost', takenBack: '333.3' } },
  { refundedCents: 1000, disputedCents: 1000, verdict: 'won', end: { balance: '0', state: 'refunded', takenBack: '333.3' } },
  {
    refundedCents: 1,
    disputedCents: 1000,
    verdict: 'warning_closed',
    end: { balance: '332.9667', state: 'partially_refunded', takenBack: '0.3333' },
  },
]

const permutations = <Item>(items: Item[]): Item[][] =>
  items.length < 2 ? [items] : items.flatMap((item, index) => permutations(items.toSpliced(index, 1)).map(rest => [item, ...rest]))

const doublings: [string, (order: number[]) => number[]][] = [
  ['each twice in a row', order => order.flatMap(index => [index, index])],
  ['all once, then all again', order => [...order, ...order]],
  ['all once, then all backwards', order => [...order, ...order.toReversed()]],
]

describe.each(stories)('refunded $refundedCents, disputed $disputedCents and $verdict, of 1000 cents', story => {
  test.each(doublings)('ends alike in each of the 24 orders, %s', async (_, doubled) => {
    const orders = permutations([0, 1, 2, 3])
    expect(orders).toHaveLength(24)
    const ends = await Promise.all(
      orders.map(async order => {
        const { userId, intent } = await orderedTopUp()
        const events = eventsOf(story, intent)
        for (const index of doubled(order)) await deliver(events[index]!)
        return [order, await endOf(userId)] as const
      }),
    )
    for (const [order, end] of ends) expect([order, end]).toEqual([order, story.end])
  })

  test('ends alike when everything comes at once, twice', async () => {
    const ends = await Promise.all(
      [1, 2, 3, 4].map(async () => {
        const { userId, intent } = await orderedTopUp()
        const events = eventsOf(story, intent)
        await Promise.all([...events, ...events].map(deliver))
        return endOf(userId)
      }),
    )
    for (const end of ends) expect(end).toEqual(story.end)
  })
})

test('1000 credits of which 400 are spent end at minus 400 after refunds of 300, 300 and 400, doubled and shuffled', async () => {
  const { userId, intent } = await orderedTopUp()
  await deliver(stripe.succeeded(intent))
  await database.pool.query(
    `with wallet as (update credit_wallets set balance = balance - 133.32 where user_id = $1 returning id)
     insert into credit_transactions (id, wallet_id, user_id, amount, kind) select gen_random_uuid(), id, $1, -133.32, 'debit' from wallet`,
    [userId],
  )
  const outcomes = []
  for (const cents of [600, 300, 1000, 600, 300, 1000]) outcomes.push(await deliver(stripe.refunded(intent, cents)))
  expect(outcomes).toEqual(['ok', 'already_processed', 'ok', 'already_processed', 'already_processed', 'already_processed'])
  expect(await endOf(userId)).toEqual({ balance: '-133.32', state: 'refunded', takenBack: '333.3' })
})

test('what is out of the ordinary is logged as a warning, without the body', async () => {
  const lines: string[] = []
  const log = pino({ level: 'info' }, { write: line => void lines.push(line) })
  const receive = ({ body, headers }: SignedEvent) => receivePaymentEvent({ ...deps, log }, Buffer.from(body), headers['stripe-signature'])
  const { userId, intent } = await orderedTopUp()
  const marked = { description: 'a word of the body' }
  await expect(receive(stripe.succeeded(intent, marked, { secrets: ['whsec_of_somebody_else'] }))).rejects.toMatchObject({
    code: 'invalid_signature',
  })
  expect(lines).toEqual([])
  await receive(stripe.succeeded({ ...intent, id: 'pi_unknown' }, marked))
  await receive(stripe.succeeded({ ...intent }, { ...marked, currency: 'eur' }))
  await receive(stripe.succeeded({ ...intent }, { ...marked, metadata: { user_id: userId, credits: '9999' } }))
  const logged = lines.map(line => JSON.parse(line))
  expect(logged.map(({ level, payment_intent_id, conflict }) => [pino.levels.labels[level], payment_intent_id, conflict])).toEqual([
    ['warn', 'pi_unknown', undefined],
    ['warn', intent.id, 'currency'],
    ['warn', intent.id, undefined],
    ['info', intent.id, undefined],
  ])
  expect(lines.join('')).not.toContain('a word of the body')
})
