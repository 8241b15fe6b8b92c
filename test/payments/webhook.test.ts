import { afterEach, describe, expect, test } from 'vitest'
import { startProgram } from '../program.ts'
import type { SignedEvent, StandInIntent } from '../stripe-endpoint.ts'
import { brokenBalances, brokenTopUps, deliverTo, usePayingProgram } from './paying-program.ts'

const program = await usePayingProgram({ STRIPE_WEBHOOK_SECRET: 'whsec_standin0123456789,whsec_before0123456789' })
const { stripe, deliver } = program

const ok = { status: 200, body: { status: 'ok' } }
const repeated = { status: 200, body: { status: 'already_processed' } }
const ignored = { status: 200, body: { status: 'ignored' } }
const unsigned = { status: 400, body: { code: 'invalid_signature', detail: 'invalid stripe signature' } }

async function ordered(name: string, amountUsd = '10') {
  const user = await program.user(name)
  return { user, intent: await program.order(user, amountUsd) }
}

afterEach(async () => {
  expect(await brokenBalances(program)).toEqual([])
  expect(await brokenTopUps(program)).toEqual([])
})

describe('a payment that came through', () => {
  test('is granted once, whoever delivers it how often', async () => {
    const { user, intent } = await ordered('granted')
    const event = stripe.succeeded(intent)
    expect(await deliver(event)).toMatchObject(ok)
    expect(await deliver(event)).toMatchObject(repeated)
    expect(await deliver(stripe.succeeded(intent))).toMatchObject(repeated)
    expect(await program.balanceOf(user)).toBe('333.3')
    const { transactions } = (await user.get('/users/me/transactions')).body
    expect(transactions).toMatchObject([{ kind: 'grant', amount: '333.3', reference_id: intent.id, initiated_by: null }])
    expect((await user.get('/users/me/top-ups')).body.top_ups).toMatchObject([{ state: 'paid' }])
  })

  test('is granted once when one event comes 50 times at once', async () => {
    const { user, intent } = await ordered('fifty')
    const event = stripe.succeeded(intent)
    const answers = await Promise.all(Array.from({ length: 50 }, () => deliver(event)))
    expect(answers.map(({ body }) => body.status).sort()).toEqual([...Array(49).fill('already_processed'), 'ok'])
    expect(await program.ledgerOf(user)).toEqual(['grant 333.3'])
  })

  test('is granted once when 20 different events say so at once', async () => {
    const { user, intent } = await ordered('twenty')
    const answers = await Promise.all(Array.from({ length: 20 }, () => deliver(stripe.succeeded(intent))))
    expect(answers.every(({ status }) => status === 200)).toBe(true)
    expect(await program.ledgerOf(user)).toEqual(['grant 333.3'])
    expect(await program.balanceOf(user)).toBe('333.3')
  })

  test('of several top-ups of one user at once adds up', async () => {
    const { user, intent } = await ordered('several', '1')
    const intents = [intent, ...(await Promise.all(Array.from({ length: 9 }, () => program.order(user, '1'))))]
    await Promise.all(intents.flatMap(each => [deliver(stripe.succeeded(each)), deliver(stripe.succeeded(each))]))
    expect(await program.balanceOf(user)).toBe('333.3')
  })
})

describe('what the provider has not signed', () => {
  const unchanged = async (event: { body: string | Uint8Array<ArrayBuffer>; headers: Record<string, string> }, intent: StandInIntent) => {
    expect(await deliverTo(program.address, event)).toMatchObject(unsigned)
    const { rows } = await program.database.pool.query('select 1 from credit_transactions where reference_id = $1', [intent.id])
    expect(rows).toEqual([])
  }
  const withSignature = (event: SignedEvent, signature: string) => ({
    ...event,
    headers: { ...event.headers, 'stripe-signature': signature },
  })

  test('is refused and grants nothing: another byte, other white space, another secret, an old time, a broken header', async () => {
    const { intent } = await ordered('unsigned')
    const event = stripe.succeeded(intent)
    const now = Math.floor(Date.now() / 1000)
    await unchanged({ ...event, body: event.body.replace('"succeeded"', '"succeedee"') }, intent)
    await unchanged({ ...event, body: JSON.stringify(JSON.parse(event.body), null, 1) }, intent)
    await unchanged({ ...event, body: `\uFEFF${event.body}` }, intent)
    await unchanged({ ...event, body: new Uint8Array([...new TextEncoder().encode(event.body), 0xff]) }, intent)
    await unchanged({ ...event, body: '' }, intent)
    // Bytes that are no UTF-8 read leniently as the sign that was signed.
    const doubtful = stripe.succeeded(intent, { description: '\uFFFD' })
    await unchanged(
      {
        ...doubtful,
        body: Uint8Array.from(Buffer.from(doubtful.body).toString('latin1').replace('\xEF\xBF\xBD', '\xFF'), sign => sign.charCodeAt(0)),
      },
      intent,
    )
    await unchanged(stripe.succeeded(intent, {}, { secrets: ['whsec_of_somebody_else'] }), intent)
    await unchanged(stripe.succeeded(intent, {}, { secrets: [] }), intent)
    await unchanged(stripe.succeeded(intent, {}, { timestamp: now - 302 }), intent)
    await unchanged({ body: event.body, headers: { 'content-type': 'application/json' } }, intent)
    for (const header of ['', 't=', 'v1=', `t=${now},v1=`, `t=${now},v1`, `t=x,v1=${'0'.repeat(64)}`, `t=${now},v1=${'é'.repeat(32)}`, ','])
      await unchanged(withSignature(event, header), intent)
    const v0 = event.headers['stripe-signature']!.replace('v1=', 'v0=')
    await unchanged(withSignature(event, v0), intent)
    expect(await deliver(event)).toMatchObject(ok)
  })

  test('is accepted with either secret of a rotation, with both, and when it is under 300 s old', async () => {
    const { intent } = await ordered('rotation')
    const signed = (options: object) => deliver(stripe.succeeded(intent, {}, options))
    expect(await signed({ secrets: ['whsec_before0123456789'] })).toMatchObject(ok)
    expect(await signed({ secrets: ['whsec_of_somebody_else', stripe.webhookSecret] })).toMatchObject(repeated)
    expect(await signed({ timestamp: Math.floor(Date.now() / 1000) - 280 })).toMatchObject(repeated)
  })

  test('may come with any content type, and not larger than 1 MiB', async () => {
    const { intent } = await ordered('typed')
    const { body, headers } = stripe.succeeded(intent)
    expect(await deliver({ body, headers: { ...headers, 'content-type': 'text/plain' } })).toMatchObject(ok)
    const large = stripe.sign(' '.repeat(1024 * 1024 + 1))
    expect(await deliver(large)).toMatchObject({ status: 413, body: { code: 'payload_too_large' } })
  })
})

describe('what contradicts the order', () => {
  test.each<[string, (intent: StandInIntent) => SignedEvent]>([
    ['more than was ordered', intent => stripe.succeeded(intent, { amount: 10_000, amount_received: 10_000 })],
    ['less than was ordered', intent => stripe.succeeded(intent, { amount_received: 1 })],
    ['another currency', intent => stripe.succeeded(intent, { currency: 'jpy' })],
    ['real money for a test order', intent => stripe.succeeded(intent, {}, { livemode: true })],
    ['an unknown payment', intent => stripe.succeeded({ ...intent, id: 'pi_unknown' })],
    ['a payment of another program', intent => stripe.succeeded({ ...intent, id: 'pi_foreign', metadata: {} })],
    ['a refund in another currency', intent => stripe.refunded(intent, 1000, { currency: 'jpy' })],
    [
      'a dispute of an unknown payment',
      intent => stripe.disputed('created', { ...intent, id: 'pi_unknown' }, { status: 'needs_response' }),
    ],
    ['a refund without a payment intent', intent => stripe.refunded(intent, 1000, { payment_intent: null })],
    ['another type', intent => stripe.event('payment_intent.created', intent)],
    ['a failed payment', intent => stripe.event('payment_intent.payment_failed', intent)],
    ['an object that we do not know', () => stripe.event('customer.created', { id: 'cus_1' })],
  ])('%s is ignored and grants nothing', async (_, eventOf) => {
    const { user, intent } = await ordered('contradicted')
    expect(await deliver(eventOf({ ...intent }))).toMatchObject(ignored)
    expect(await program.ledgerOf(user)).toEqual([])
    expect((await user.get('/users/me/top-ups')).body.top_ups[0].state).toBe('pending')
  })

  test.each<[string, (intent: StandInIntent) => SignedEvent]>([
    ['no metadata', intent => stripe.succeeded(intent, { metadata: {} })],
    ['metadata null', intent => stripe.succeeded(intent, { metadata: null })],
    ['no credits', intent => stripe.succeeded(intent, { metadata: { user_id: 'x' } })],
    ['no user', intent => stripe.succeeded(intent, { metadata: { credits: '333.3' } })],
    ['a blank user', intent => stripe.succeeded(intent, { metadata: { user_id: ' ', credits: '333.3' } })],
    ['credits that are no number', intent => stripe.succeeded(intent, { metadata: { user_id: 'x', credits: 'many' } })],
    ['negative credits', intent => stripe.succeeded(intent, { metadata: { user_id: 'x', credits: '-1' } })],
    ['malformed metadata of an unknown payment', intent => stripe.succeeded({ ...intent, id: 'pi_new' }, { metadata: { credits: 'NaN' } })],
    ['no amount', intent => stripe.succeeded(intent, { amount: undefined })],
    ['an amount with a fraction', intent => stripe.succeeded(intent, { amount: 999.5 })],
    ['a negative refund', intent => stripe.refunded(intent, -1)],
    ['no object', intent => stripe.event('payment_intent.succeeded', [intent])],
  ])('%s is refused as malformed and grants nothing', async (_, eventOf) => {
    const { user, intent } = await ordered('malformed')
    expect(await deliver(eventOf({ ...intent }))).toMatchObject({ status: 422, body: { code: 'validation_error' } })
    expect(await program.ledgerOf(user)).toEqual([])
  })

  test('a signed body that is no event is refused', async () => {
    expect(await deliver(stripe.sign('not JSON'))).toMatchObject({ status: 400, body: { code: 'malformed_request' } })
    expect(await deliver(stripe.sign('[]'))).toMatchObject({ status: 422, body: { code: 'validation_error' } })
    expect(await deliver(stripe.sign('null'))).toMatchObject({ status: 422, body: { code: 'validation_error' } })
  })

  test('metadata of somebody else, or of ten times the credits, grants the buyer exactly what was paid for', async () => {
    const { user, intent } = await ordered('tampered')
    const thief = await program.user('thief')
    const metadata = { user_id: thief.userId, credits: '3333' }
    expect(await deliver(stripe.succeeded(intent, { metadata }))).toMatchObject(ok)
    expect(await program.balanceOf(user)).toBe('333.3')
    expect(await program.balanceOf(thief)).toBe('0')
  })
})

describe('refunds and disputes', () => {
  test('cumulative refunds take back in proportion, and all in the end', async () => {
    const { user, intent } = await ordered('partial', '3')
    await deliver(stripe.succeeded(intent))
    for (const [cents, balance] of [
      [100, '66.66'],
      [100, '66.66'],
      [250, '16.665'],
      [100, '16.665'],
      [299, '0.3333'],
      [300, '0'],
      [300, '0'],
    ] as const) {
      expect((await deliver(stripe.refunded(intent, cents))).status).toBe(200)
      expect(await program.balanceOf(user)).toBe(balance)
    }
    expect(await program.ledgerOf(user)).toEqual(['grant 99.99', 'refund -33.33', 'refund -49.995', 'refund -16.3317', 'refund -0.3333'])
  })

  test('what was spent already makes the balance negative', async () => {
    const { user, intent } = await ordered('spent')
    await deliver(stripe.succeeded(intent))
    await spend(user.userId, '300')
    await deliver(stripe.refunded(intent, 1000))
    expect(await program.balanceOf(user)).toBe('-300')
    const { transactions } = (await user.get('/users/me/transactions')).body
    expect(transactions[0]).toMatchObject({ kind: 'refund', amount: '-333.3', reference_id: intent.id, initiated_by: null })
  })

  test('a refund that is reported before its payment is taken back in the commit of the grant', async () => {
    const { user, intent } = await ordered('early')
    expect(await deliver(stripe.refunded(intent, 400))).toMatchObject(ok)
    expect(await program.balanceOf(user)).toBe('0')
    expect((await user.get('/users/me/top-ups')).body.top_ups[0].state).toBe('pending')
    expect(await deliver(stripe.succeeded(intent))).toMatchObject(ok)
    const { rows } = await program.database.pool.query(
      'select kind, amount, xmin::text from credit_transactions where reference_id = $1 order by id',
      [intent.id],
    )
    expect(rows).toMatchObject([
      { kind: 'grant', amount: '333.3' },
      { kind: 'refund', amount: '-133.32' },
    ])
    expect(new Set(rows.map(row => row.xmin)).size).toBe(1)
    expect(await program.balanceOf(user)).toBe('199.98')
  })

  test('a dispute takes the disputed part back; won gives it back once, lost leaves it', async () => {
    const { user, intent } = await ordered('disputed')
    const dispute = (kind: 'created' | 'updated' | 'closed' | 'funds_withdrawn' | 'funds_reinstated', status: string, id: string) =>
      deliver(stripe.disputed(kind, intent, { id, cents: 500, status }))
    const state = async () => (await user.get('/users/me/top-ups')).body.top_ups[0].state
    await deliver(stripe.succeeded(intent))
    expect(await dispute('created', 'needs_response', 'dp_one')).toMatchObject(ok)
    expect([await program.balanceOf(user), await state()]).toEqual(['166.65', 'disputed'])
    expect(await dispute('funds_withdrawn', 'needs_response', 'dp_one')).toMatchObject(repeated)
    expect(await dispute('updated', 'under_review', 'dp_one')).toMatchObject(repeated)
    expect(await dispute('closed', 'won', 'dp_one')).toMatchObject(ok)
    expect(await dispute('funds_reinstated', 'won', 'dp_one')).toMatchObject(repeated)
    expect([await program.balanceOf(user), await state()]).toEqual(['333.3', 'paid'])
    await dispute('created', 'needs_response', 'dp_two')
    expect(await dispute('closed', 'lost', 'dp_two')).toMatchObject(ok)
    expect([await program.balanceOf(user), await state()]).toEqual(['166.65', 'dispute_lost'])
    expect(await program.ledgerOf(user)).toEqual(['grant 333.3', 'refund -166.65', 'refund 166.65', 'refund -166.65'])
    await dispute('closed', 'won', 'dp_two')
    expect(await program.balanceOf(user)).toBe('333.3')
  })

  test('a refund and a dispute of the same money never take more than was granted', async () => {
    const { user, intent } = await ordered('both')
    await deliver(stripe.succeeded(intent))
    await deliver(stripe.refunded(intent, 700))
    await deliver(stripe.disputed('created', intent, { status: 'needs_response' }))
    expect(await program.balanceOf(user)).toBe('0')
    await deliver(stripe.disputed('closed', intent, { status: 'warning_closed' }))
    expect(await program.balanceOf(user)).toBe('99.99')
  })

  test('refunds that come all at once end as the largest', async () => {
    const { user, intent } = await ordered('crowd')
    const cents = [100, 200, 300, 400, 500, 600, 700, 800]
    const events = [stripe.succeeded(intent), ...cents.map(each => stripe.refunded(intent, each))]
    const answers = await Promise.all([...events, ...events].map(deliver))
    expect(answers.every(({ status }) => status === 200)).toBe(true)
    expect(await program.balanceOf(user)).toBe('66.66')
  })
})

async function spend(userId: string, amount: string): Promise<void> {
  await program.database.pool.query(
    `with wallet as (update credit_wallets set balance = balance - $2::numeric where user_id = $1 returning id)
     insert into credit_transactions (id, wallet_id, user_id, amount, kind) select gen_random_uuid(), id, $1, -$2::numeric, 'debit' from wallet`,
    [userId, amount],
  )
}

describe('a server without payments', () => {
  test('refuses top-ups and events', async () => {
    const off = await startProgram({ DATABASE_URL: program.database.url, STRIPE_SECRET_KEY: stripe.secretKey })
    try {
      const { body, headers } = stripe.event('payment_intent.succeeded', {})
      const refused = { status: 503, body: { code: 'payment_not_configured', detail: 'payment not configured' } }
      expect(await deliverTo(off.address, { body, headers })).toMatchObject(refused)
      const ada = await program.user('off')
      const answer = await fetch(`${off.address}/api/v1/users/me/wallet/top-up`, {
        method: 'POST',
        headers: { authorization: `Bearer ${ada.token}`, 'content-type': 'application/json' },
        body: '{"amount_usd": 10}',
      })
      expect({ status: answer.status, body: await answer.json() }).toMatchObject(refused)
    } finally {
      await off.stop()
    }
  })
})
