import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { startMailServer } from '../test/mail-server.ts'
import { DESKTOP, PHONE, useStage } from './stage.ts'

const post = await startMailServer()
afterAll(post.close)
const stage = await useStage({ environment: { SMTP_URL: post.url, SMTP_FROM: 'Pantheon <door@pantheon.example>' } })
await stage.visitor('owner')

afterEach(() => expect(stage.complaints.splice(0)).toEqual([]))

const linkIn = (text: string) => /https?:\/\/\S+\/magic-link\/verify\?\S+/.exec(text)?.[0] ?? 'no link'

describe.each([
  ['a desktop', 'ann', DESKTOP],
  ['a phone', 'ben', PHONE],
])('on %s', (_, name, viewport) => {
  test('a mailed link signs in and leads to where one wanted to go; used again it says what to do', async () => {
    const { context } = await stage.visitor(name)
    await context.close()
    const { page } = await stage.open({ viewport })
    await page.goto('/billing')
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    await page.getByRole('button', { name: 'Mail me a link instead' }).click()
    expect(await page.getByLabel('E-mail').evaluate(field => (field as HTMLInputElement).validity.valueMissing)).toBe(true)
    await page.getByLabel('E-mail').fill(`${name}@example.org`)
    const coming = post.next()
    await page.getByRole('button', { name: 'Mail me a link instead' }).click()
    await page.getByText(`If ${name}@example.org may sign in here, a link is on its way.`).waitFor()
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(viewport.width)
    const link = linkIn((await coming).text)
    await page.goto(link)
    await page.getByRole('heading', { name: 'Balance' }).waitFor()
    expect(new URL(page.url()).pathname).toBe('/billing')

    const other = await stage.open({ viewport })
    await other.page.goto(link)
    await other.page.getByText('This link was used before').waitFor()
    await other.page.getByRole('button', { name: 'Mail me a link instead' }).waitFor()
    await other.page.goto('/')
    await other.page.waitForURL(/sign-in/)
  })
})

test('who asks too often is counted down', async () => {
  const { page } = await stage.open()
  await page.route('**/api/auth/sign-in/magic-link', route =>
    route.fulfill({ status: 429, headers: { 'retry-after': '7' }, json: { detail: 'Too many tries.', retry_after_seconds: 7 } }),
  )
  await page.goto('/sign-in')
  await page.getByLabel('E-mail').fill('ann@example.org')
  await page.getByRole('button', { name: 'Mail me a link instead' }).click()
  await page.getByText(/Too many tries\. Try again in [1-7] s\./).waitFor()
  expect(await page.getByRole('button', { name: 'Mail me a link instead' }).isDisabled()).toBe(true)
})
