import { afterEach, describe, expect, test } from 'vitest'
import type { Client } from '../program.ts'
import { brokenBalances, brokenTopUps, usePayingProgram } from './paying-program.ts'

const program = await usePayingProgram()
const { stripe } = program
const TOP_UP = '/users/me/wallet/top-up'

const storedOf = async (client: Client) =>
  (await program.database.pool.query('select * from top_ups where user_id = $1 order by created_at', [client.userId])).rows

afterEach(async () => {
  stripe.fail({ times: 0 })
  expect(await brokenBalances(program)).toEqual([])
  expect(await brokenTopUps(program)).toEqual([])
})

describe('ordering a top-up', () => {
  test('makes one payment in exact cents, stores it and grants nothing', async () => {
    const ada = await program.user('orders')
    const before = stripe.calls.length
    const answer = await ada.post(TOP_UP, { amount_usd: 19.99 })
    expect(answer.status).toBe(200)
    expect(answer.body).toEqual({
      client_secret: expect.stringMatching(/^pi_\w+_secret_/),
      credits_to_grant: '666.27',
      amount_usd: '19.99',
    })
    const [call, ...others] = stripe.calls.slice(before)
    expect(others).toEqual([])
    expect(Object.fromEntries(call!.form)).toMatchObject({
      amount: '1999',
      currency: 'usd',
      'metadata[user_id]': ada.userId,
      'metadata[credits]': '666.27',
    })
    expect(call!.headers['idempotency-key']).toMatch(/^[\w-]{32,255}$/)
    expect(await storedOf(ada)).toMatchObject([
      {
        payment_intent_id: stripe.intentOf(answer.body.client_secret).id,
        amount_cents: 1999,
        currency: 'usd',
        credits: '666.27',
        state: 'pending',
        livemode: false,
      },
    ])
    expect(await program.balanceOf(ada)).toBe('0')
    expect(await program.ledgerOf(ada)).toEqual([])
  })

  test.each([
    ['1', '100', '33.33', '1'],
    ['1.00', '100', '33.33', '1'],
    [500, '50000', '16665', '500'],
    ['0.29e1', null, null, null],
    [1.1, '110', '36.66', '1.1'],
    ['4.35', '435', '144.99', '4.35'],
    [' 10.50 ', '1050', '349.96', '10.5'],
    [10.5, '1050', '349.96', '10.5'],
  ])('of %j is read exactly', async (amount, cents, credits, shown) => {
    const ada = await program.user('exact')
    const answer = await ada.post(TOP_UP, { amount_usd: amount })
    if (cents === null) return expect(answer.status).toBe(422)
    expect(answer.body).toMatchObject({ credits_to_grant: credits, amount_usd: shown })
    expect(stripe.calls.at(-1)!.form.get('amount')).toBe(cents)
  })

  test.each([
    ['{"amount_usd": 0.99}'],
    ['{"amount_usd": 500.01}'],
    ['{"amount_usd": "500.001"}'],
    ['{"amount_usd": 10.001}'],
    ['{"amount_usd": 10.00000000000000001}'],
    ['{"amount_usd": 0}'],
    ['{"amount_usd": -5}'],
    ['{"amount_usd": "-5.00"}'],
    ['{"amount_usd": "ten"}'],
    ['{"amount_usd": ""}'],
    ['{"amount_usd": null}'],
    ['{"amount_usd": true}'],
    ['{"amount_usd": [10]}'],
    ['{"amount_usd": "NaN"}'],
    ['{"amount_usd": 1e400}'],
    ['{}'],
    [''],
  ])('with %s is refused with one sentence and reaches nobody', async body => {
    const ada = await program.user('refused')
    const before = stripe.calls.length
    const answer = await ada.send('POST', TOP_UP, body)
    const message = 'amount_usd must be between 1.00 and 500.00'
    expect(answer.body).toMatchObject({ status: 422, code: 'validation_error', detail: message, errors: [{ path: 'amount_usd', message }] })
    expect(stripe.calls.length).toBe(before)
    expect(await storedOf(ada)).toEqual([])
  })

  test('refuses other fields, foreign bodies and bodies over 1 MiB', async () => {
    const ada = await program.user('bodies')
    expect((await ada.post(TOP_UP, { amount_usd: 10, credits: 1000 })).body).toMatchObject({
      status: 422,
      errors: [{ path: 'credits', message: 'is not a known field' }],
    })
    expect((await ada.send('POST', TOP_UP, '{"amount_usd"')).body).toMatchObject({ status: 400, code: 'malformed_request' })
    expect((await ada.send('POST', TOP_UP, 'amount_usd=10', { 'content-type': 'text/plain' })).body.code).toBe('unsupported_media_type')
    const large = `{"amount_usd": "10${' '.repeat(1024 * 1024)}"}`
    expect((await ada.send('POST', TOP_UP, large)).body).toMatchObject({ status: 413, code: 'payload_too_large' })
    expect((await program.anonymous.post(TOP_UP, { amount_usd: 10 })).body).toMatchObject({ status: 401, code: 'unauthenticated' })
    expect(await storedOf(ada)).toEqual([])
  })

  test('under the same Idempotency-Key is the same payment, and another for another user or without the key', async () => {
    const [ada, bob] = [await program.user('again'), await program.user('again-too')]
    const key = { 'idempotency-key': 'my first purchase' }
    const first = await ada.post(TOP_UP, { amount_usd: 10 }, key)
    const again = await ada.post(TOP_UP, { amount_usd: 20 }, key)
    expect([again.status, again.body.code]).toEqual([409, 'idempotency_conflict'])
    const replayed = await ada.post(TOP_UP, { amount_usd: 10 }, key)
    expect([replayed.status, replayed.body, replayed.headers.get('idempotent-replayed')]).toEqual([200, first.body, 'true'])
    expect(await storedOf(ada)).toHaveLength(1)
    const other = await bob.post(TOP_UP, { amount_usd: 10 }, key)
    expect(other.status).toBe(200)
    expect(other.body.client_secret).not.toBe(first.body.client_secret)
    expect((await ada.post(TOP_UP, { amount_usd: 10 })).body.client_secret).not.toBe(first.body.client_secret)
    expect(await storedOf(ada)).toHaveLength(2)
  })

  test('under one Idempotency-Key 20 times at once makes one payment', async () => {
    const ada = await program.user('at-once')
    const before = stripe.calls.length
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => ada.post(TOP_UP, { amount_usd: 10 }, { 'idempotency-key': 'impatient' })),
    )
    expect(answers.every(({ status }) => status === 200)).toBe(true)
    expect(new Set(answers.map(({ body }) => body.client_secret)).size).toBe(1)
    expect(stripe.calls.length - before).toBe(1)
    expect(await storedOf(ada)).toHaveLength(1)
  })

  test('gets the payment of a first try that could not be stored', async () => {
    const ada = await program.user('unstored')
    const key = { 'idempotency-key': 'second try' }
    const made = new Set(stripe.intents.keys())
    await program.database.pool.query('alter table top_ups rename to top_ups_away')
    const failed = await ada.post(TOP_UP, { amount_usd: 10 }, key)
    await program.database.pool.query('alter table top_ups_away rename to top_ups')
    expect(failed.status).toBe(500)
    const answer = await ada.post(TOP_UP, { amount_usd: 10 }, key)
    expect(answer.status).toBe(200)
    const intents = [...stripe.intents.keys()].filter(id => !made.has(id))
    expect(await storedOf(ada)).toMatchObject([{ payment_intent_id: intents[0] }])
    expect(intents).toHaveLength(1)
  })

  test('that the provider knows already leaves the stored one as it is', async () => {
    const ada = await program.user('known')
    const key = { 'idempotency-key': 'from yesterday' }
    const first = await ada.post(TOP_UP, { amount_usd: 10 }, key)
    await program.deliver(stripe.succeeded(stripe.intentOf(first.body.client_secret)))
    const [stored] = await storedOf(ada)
    await program.database.pool.query('delete from idempotency_keys where user_id = $1', [ada.userId])
    expect((await ada.post(TOP_UP, { amount_usd: 10 }, key)).body).toEqual(first.body)
    expect(await storedOf(ada)).toEqual([stored])
  })

  test('asks once more when the connection breaks, under the same key', async () => {
    const ada = await program.user('retried')
    stripe.fail({ times: 1 })
    const before = stripe.calls.length
    expect((await ada.post(TOP_UP, { amount_usd: 10 })).status).toBe(200)
    const keys = stripe.calls.slice(before).map(call => call.headers['idempotency-key'])
    expect(keys).toHaveLength(2)
    expect(new Set(keys).size).toBe(1)
    expect(await storedOf(ada)).toHaveLength(1)
  })

  test.each([
    [500, 503, 'unavailable', 'The payment provider cannot be reached just now. Nothing was charged.'],
    [429, 503, 'unavailable', 'The payment provider cannot be reached just now. Nothing was charged.'],
    [401, 500, 'internal_error', 'Something went wrong on our side. Tell support the trace id.'],
    [400, 500, 'internal_error', 'Something went wrong on our side. Tell support the trace id.'],
  ])('while Stripe answers %i is answered %i and stores nothing', async (fault, status, code, detail) => {
    const ada = await program.user(`fault-${fault}`)
    stripe.fail({ status: fault, times: 5 })
    const answer = await ada.post(TOP_UP, { amount_usd: 10 })
    expect(answer.body).toMatchObject({ status, code, detail })
    expect(answer.headers.get('retry-after')).toBe(status === 503 ? '5' : null)
    expect(await storedOf(ada)).toEqual([])
  })
})

describe('the list of top-ups', () => {
  test('shows own ones, newest first, with state, amounts and receipt', async () => {
    const [ada, bob] = [await program.user('lists'), await program.user('lists-too')]
    const first = await program.order(ada, '10')
    const second = await program.order(ada, '20')
    await program.deliver(stripe.succeeded(first))
    await program.deliver(stripe.refunded(first, 250))
    const { body } = await ada.get('/users/me/top-ups')
    expect(body).toEqual({
      top_ups: [
        expect.objectContaining({ payment_intent_id: second.id, amount_usd: '20', credits: '666.6', state: 'pending', receipt_url: null }),
        expect.objectContaining({
          payment_intent_id: first.id,
          amount_usd: '10',
          refunded_usd: '2.5',
          credits: '333.3',
          credits_taken_back: '83.325',
          state: 'partially_refunded',
          receipt_url: `https://pay.stripe.com/receipts/${first.id}`,
        }),
      ],
      total: 2,
    })
    expect((await ada.get('/users/me/top-ups?limit=1&offset=1')).body).toMatchObject({
      top_ups: [{ payment_intent_id: first.id }],
      total: 2,
    })
    expect((await ada.get('/users/me/top-ups?limit=201')).body).toMatchObject({ status: 422 })
    expect((await bob.get('/users/me/top-ups')).body).toEqual({ top_ups: [], total: 0 })
  })

  test('asks Stripe for a receipt once, and is answered without it while Stripe does not', async () => {
    const ada = await program.user('receipts')
    const intent = await program.order(ada, '10')
    await program.deliver(stripe.succeeded(intent))
    const receipt = async () => (await ada.get('/users/me/top-ups')).body.top_ups[0].receipt_url
    stripe.fail({ status: 500, times: 1 })
    expect(await receipt()).toBe(null)
    expect(await receipt()).toBe(`https://pay.stripe.com/receipts/${intent.id}`)
    const asked = stripe.calls.length
    expect(await receipt()).toBe(`https://pay.stripe.com/receipts/${intent.id}`)
    expect(stripe.calls.length).toBe(asked)
  })
})

test('the OpenAPI document names every refusal of the three routes', async () => {
  const { paths } = (await program.anonymous.get('/openapi.json')).body
  const refusals = (path: string, method: string) =>
    Object.fromEntries(
      Object.entries<{ description: string }>(paths[path][method].responses)
        .filter(([status]) => status >= '400')
        .map(([status, { description }]) => [status, description]),
    )
  expect(refusals('/api/v1/users/me/wallet/top-up', 'post')).toMatchObject({
    400: '`malformed_request`',
    401: '`unauthenticated`',
    409: '`idempotency_conflict`',
    403: '`suspended`, `insufficient_scope`',
    413: '`payload_too_large`',
    415: '`unsupported_media_type`',
    422: '`validation_error`',
    503: '`payment_not_configured`, `unavailable`',
  })
  expect(refusals('/api/v1/users/me/top-ups', 'get')).toMatchObject({ 401: '`unauthenticated`', 422: '`validation_error`' })
  expect(refusals('/webhooks/stripe', 'post')).toMatchObject({
    400: '`invalid_signature`, `malformed_request`',
    413: '`payload_too_large`',
    422: '`validation_error`',
    429: '`rate_limited`',
    503: '`unavailable`, `payment_not_configured`',
  })
  expect(paths['/webhooks/stripe'].post.security).toEqual([])
})
