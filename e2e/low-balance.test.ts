import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { newCouncil } from '../test/council.ts'
import { startStripeEndpoint } from '../test/stripe-endpoint.ts'
import { DESKTOP, PHONE, useStage } from './stage.ts'

const stripe = await startStripeEndpoint()
afterAll(stripe.close)
const stage = await useStage({
  environment: {
    CREDIT_ENFORCEMENT_ENABLED: 'true',
    SIGNUP_GRANT_CREDITS: '6',
    LOW_BALANCE_THRESHOLD: '7.5',
    STRIPE_SECRET_KEY: stripe.secretKey,
    STRIPE_PUBLISHABLE_KEY: 'pk_test_standin',
    STRIPE_WEBHOOK_SECRET: stripe.webhookSecret,
    STRIPE_API_BASE: stripe.url,
  },
})
stage.endpoint.reply({ chunks: ['Yes.'] })

afterEach(() => expect(stage.complaints.splice(0)).toEqual([]))

const owner = await stage.visitor('owner')

describe.each([
  ['a desktop', 'ann', DESKTOP],
  ['a phone', 'ben', PHONE],
])('on %s', (_, name, viewport) => {
  test('few credits are said across home and room by the server’s own measure; a refusal leads to the card form', async () => {
    const { page, client } = await stage.visitor(name, { viewport })
    const council = await newCouncil(client, 'roundtable', [{ key: 'market' }])
    for (const path of ['/', `/rooms/${council.roomId}`, `/agents/${council.agents.market}/chat`]) {
      await page.goto(path)
      await page.getByText('6 credits are left.').waitFor()
      await page.locator('.low-balance').getByRole('link', { name: 'Top up' }).waitFor()
      expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBeLessThanOrEqual(viewport.width)
    }
    await page.getByRole('button', { name: 'Put this notice away' }).click()
    await expect.poll(() => page.locator('.low-balance').count()).toBe(0)

    // One answer that costs more than there is.
    stage.endpoint.reply({ chunks: ['Yes.'], usage: { fresh: 0, output: 60_000 } })
    expect((await client.post(council.turns, { message: 'Spend it all' })).body.balance_after).toBe('0')
    await page.goto(`/rooms/${council.roomId}`)
    await page.getByText('No credits are left.').waitFor()
    await page.getByLabel('Your message').fill('Costly')
    await page.getByRole('button', { name: 'Send' }).click()
    const refusal = page.getByRole('alert')
    await refusal.getByText('Your credits do not cover this message. Top up to go on. Your text stays here.').waitFor()
    await refusal.getByRole('link', { name: 'Top up' }).click()
    await page.getByRole('heading', { name: 'Balance' }).waitFor()
    await page.getByRole('button', { name: 'Continue to payment' }).waitFor()
    await page.goBack()
    expect(await page.getByLabel('Your message').inputValue()).toBe('Costly')
  })
})

test('who has enough sees no such notice', async () => {
  await owner.client.post(`/admin/wallets/${owner.client.userId}/grant`, { amount: '1.5' })
  await owner.page.goto('/')
  await owner.page.getByRole('heading', { name: 'Who should sit on your council?' }).waitFor()
  await owner.page.waitForLoadState('networkidle')
  expect(await owner.page.locator('.low-balance').count()).toBe(0)
})
