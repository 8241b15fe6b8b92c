import { expect, test } from 'vitest'
import { newCouncil } from '../test/council.ts'
import { DESKTOP, PHONE, useStage, WIDTHS } from './stage.ts'

const stage = await useStage({
  withDemo: true,
  environment: { RATE_LIMIT_TURNS_PER_MINUTE: '2', CREDIT_ENFORCEMENT_ENABLED: 'true', SIGNUP_GRANT_CREDITS: '0' },
})

test('too many messages are counted down, and the third goes through when the time is up', async () => {
  const { page, client } = await stage.visitor('ann')
  // The first account is the owner's.
  expect((await client.post(`/admin/wallets/${client.userId}/grant`, { amount: '50' })).status).toBe(200)
  const council = await newCouncil(client, 'roundtable', [{ key: 'one' }])
  await page.goto(`/rooms/${council.roomId}`)
  for (const turn of [1, 2]) {
    await page.getByLabel('Your message').fill(`Message ${turn}`)
    await page.getByRole('button', { name: 'Send' }).click()
    await page.getByRole('button', { name: `Details of turn ${turn}` }).waitFor()
  }
  await page.getByLabel('Your message').fill('Message 3')
  await page.getByRole('button', { name: 'Send' }).click()
  for (const viewport of [DESKTOP, PHONE]) {
    await page.setViewportSize(viewport)
    await page.getByText(/You can send again in \d+ s/).waitFor()
    const send = page.getByRole('button', { name: /^\d+ s$/ })
    expect(await send.isDisabled()).toBe(true)
    expect(await page.getByLabel('Your message').inputValue()).toBe('Message 3')
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(viewport.width)
  }
  await page.getByRole('button', { name: 'Send' }).waitFor({ timeout: 75_000 })
  await page.getByRole('button', { name: 'Send' }).click()
  await page.getByRole('button', { name: 'Details of turn 3' }).waitFor()
}, 120_000)

test.for(WIDTHS)(
  'who has no credits left is told whom to ask where no payments are taken, and the message is kept, at %s',
  async ([width, viewport]) => {
    const { page, client } = await stage.visitor(`ben-${width.slice(0, 3)}`, { viewport })
    const council = await newCouncil(client, 'roundtable', [{ key: 'one' }])
    await page.goto(`/rooms/${council.roomId}`)
    await page.getByLabel('Your message').fill('Costly')
    await page.getByRole('button', { name: 'Send' }).click()
    const refusal = page.getByRole('alert')
    await refusal.getByText('Ask the owner of this server for some').waitFor()
    await refusal.getByRole('link', { name: 'See usage' }).click()
    await page.getByText('This server takes no payments. Ask its owner for credits.').waitFor()
    await page.goBack()
    await page.getByLabel('Your message').waitFor()
    expect(await page.getByLabel('Your message').inputValue()).toBe('Costly')
  },
)
