import { describe, expect, test } from 'vitest'
import { readConfig, takesPayments } from '../../server/config.ts'
import { startUpBlock } from '../../server/program/start-up-block.ts'

const key = { STRIPE_SECRET_KEY: 'sk_test_of_the_tests' }
const both = { ...key, STRIPE_WEBHOOK_SECRET: 'whsec_of_the_tests_1' }

function configOf(environment: Record<string, string>) {
  const reading = readConfig(environment)
  if (reading.kind === 'wrong') throw new Error(reading.problems.join('; '))
  return reading.config
}

const problemsOf = (environment: Record<string, string>) => {
  const reading = readConfig(environment)
  return reading.kind === 'wrong' ? reading.problems : []
}

const auth = {
  local: true,
  magic_link: false,
  signup: 'open' as const,
  first_account_missing: false,
  first_account_code_required: false,
  external_issuers: [],
  demo_model: true,
  low_balance_threshold: '5',
}
const blockOf = (environment: Record<string, string>) =>
  startUpBlock({
    config: configOf(environment),
    version: '0',
    address: 'http://127.0.0.1:1',
    database: 'somewhere',
    providers: new Set(),
    auth,
    watched: '',
    firstAccountCode: null,
  })

describe('payments', () => {
  test('are on with a key and the webhook secret only', () => {
    expect(takesPayments(configOf({}))).toBe(false)
    expect(takesPayments(configOf(key))).toBe(false)
    expect(takesPayments(configOf({ STRIPE_WEBHOOK_SECRET: both.STRIPE_WEBHOOK_SECRET }))).toBe(false)
    expect(takesPayments(configOf(both))).toBe(true)
  })

  test('do not start in production with a key alone, and the refusal names the variable without a value', () => {
    const production = { NODE_ENV: 'production' }
    expect(problemsOf({ ...production, ...key })).toEqual([
      'STRIPE_WEBHOOK_SECRET: is required with STRIPE_SECRET_KEY in production; unsigned events are never trusted',
    ])
    expect(problemsOf({ ...production, ...both })).toEqual([])
    expect(problemsOf(production)).toEqual([])
  })

  test('are said at the start, or what they lack', () => {
    expect(blockOf({})).toContain('payments (STRIPE_SECRET_KEY)')
    expect(blockOf(key)).toContain('payments (STRIPE_WEBHOOK_SECRET is missing, and unsigned events are never trusted)')
    expect(blockOf(both)).toContain('Stripe, 1 to 500 USD, 33.33 credits for each')
    expect(blockOf(both)).not.toContain('payments (')
    for (const block of [blockOf(key), blockOf(both)]) expect(block).not.toMatch(/sk_test|whsec/)
  })

  test('have one or two webhook secrets', () => {
    const secret = 'whsec_of_the_tests_1'
    expect(configOf({ STRIPE_WEBHOOK_SECRET: `${secret}, ${secret}2` }).STRIPE_WEBHOOK_SECRET).toEqual([secret, `${secret}2`])
    expect(problemsOf({ STRIPE_WEBHOOK_SECRET: `${secret},${secret},${secret}` })).toHaveLength(1)
    expect(problemsOf({ STRIPE_WEBHOOK_SECRET: 'short' })).toHaveLength(1)
  })

  test.each([
    [{ TOP_UP_MIN_USD: '10', TOP_UP_MAX_USD: '5' }, 'TOP_UP_MAX_USD: must not be below TOP_UP_MIN_USD'],
    [{ TOP_UP_MIN_USD: '0.49' }, 'TOP_UP_MIN_USD: must be an amount from 0.50 to 999999.99 with at most two decimals'],
    [{ TOP_UP_MAX_USD: '10.001' }, 'TOP_UP_MAX_USD: must be an amount from 0.50 to 999999.99 with at most two decimals'],
    [{ CREDITS_PER_USD: '0' }, 'CREDITS_PER_USD: gives no credits for TOP_UP_MIN_USD'],
    [{ CREDITS_PER_USD: '0.005' }, 'CREDITS_PER_USD: gives no credits for TOP_UP_MIN_USD'],
    [{ CREDITS_PER_USD: '10001' }, 'CREDITS_PER_USD: must be at most 10000'],
    [{ STRIPE_API_BASE: 'http://localhost:1/v1' }, 'STRIPE_API_BASE: must be an http or https address without a path'],
  ])('refuse %j', (environment, problem) => {
    expect(problemsOf(environment as unknown as Record<string, string>)).toEqual([problem])
  })

  test('have their own amounts', () => {
    expect(configOf({})).toMatchObject({ CREDITS_PER_USD: '33.33', TOP_UP_MIN_USD: '1', TOP_UP_MAX_USD: '500' })
    expect(configOf({ CREDITS_PER_USD: '12.5', TOP_UP_MAX_USD: '99.99' })).toMatchObject({
      CREDITS_PER_USD: '12.5',
      TOP_UP_MAX_USD: '99.99',
    })
  })
})
