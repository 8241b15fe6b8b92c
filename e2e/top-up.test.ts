import { afterAll, expect, test } from 'vitest'
import { startStripeEndpoint } from '../test/stripe-endpoint.ts'
import { useStage, WIDTHS } from './stage.ts'

const stripe = await startStripeEndpoint()
afterAll(stripe.close)
const stage = await useStage({
  withDemo: true,
  environment: {
    STRIPE_SECRET_KEY: stripe.secretKey,
    STRIPE_PUBLISHABLE_KEY: 'pk_test_standin',
    STRIPE_WEBHOOK_SECRET: stripe.webhookSecret,
    STRIPE_API_BASE: stripe.url,
  },
})

/** Stripe's script, as far as the page uses it. */
const STAND_IN = `window.Stripe = key => ({
  _registerWrapper() {},
  elements: ({ clientSecret }) => ({
    create: () => ({ mount: place => { place.textContent = 'Card fields of ' + key + ' for ' + clientSecret } , destroy() {} }),
    getElement: () => null,
  }),
  confirmPayment: async () => ({ paymentIntent: { status: 'succeeded' } }),
}); window.Stripe.version = 3`

test.for(WIDTHS)(
  'credits are bought by card, at %s: the form is opened, and they are there when Stripe says so',
  async ([width, viewport]) => {
    const { page } = await stage.visitor(`ann-${width.slice(0, 3)}`, { viewport })
    await page.route('https://js.stripe.com/**', route => route.fulfill({ contentType: 'text/javascript', body: STAND_IN }))
    await page.goto('/billing')
    await page.locator('.balance-figure').getByText('100').waitFor()
    await page.getByLabel('Amount in US dollars').last().fill('1000')
    await page.getByRole('button', { name: 'Continue to payment' }).click()
    await page.getByText('from 1.00 to 500.00').waitFor()
    await page.getByRole('button', { name: '$10', exact: true }).click()
    await page.getByRole('button', { name: 'Continue to payment' }).click()
    await page.getByText('333.3').waitFor()
    await page.getByText('Card fields of pk_test_standin').waitFor()
    await page.getByRole('button', { name: 'Pay' }).click()
    await page.getByText('The credits come as soon as the payment is confirmed').waitFor()
    const intent = [...stripe.intents.values()].at(-1)!
    expect(intent.amount).toBe(1000)
    await page.getByText('waiting for the payment').waitFor()
    const { body, headers } = stripe.succeeded(intent)
    expect((await fetch(`${stage.address}/webhooks/stripe`, { method: 'POST', body, headers })).status).toBe(200)
    await page.getByText('paid', { exact: true }).waitFor()
    await page.reload()
    await page.locator('.balance-figure').getByText('433.3').waitFor()
    expect(stage.complaints).toEqual([])
  },
)
