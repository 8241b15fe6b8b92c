import { afterEach, expect, test } from 'vitest'
import { PASSWORD, PHONE, useStage } from './stage.ts'

const stage = await useStage({ withDemo: true })

afterEach(() => expect(stage.complaints.splice(0)).toEqual([]))

test('a newcomer gets from the first page to the answer of a council in three clicks', async () => {
  const { page } = await stage.open()
  await page.goto('/')
  await page.getByRole('heading', { name: 'Make the owner account' }).waitFor()
  await page.getByLabel('Name').fill('Ada')
  await page.getByLabel('E-mail').fill('ada@example.org')
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Make the account' }).click()
  await page.getByRole('button', { name: /^Strategy council/ }).click()
  await page.getByLabel('Your message').fill('Search the sources: clinics or insurers first? Dig deeper.')
  await page.getByRole('button', { name: 'Send' }).click()

  await page.getByLabel('Synthesis').getByText('Taken together').waitFor()
  await page.getByRole('button', { name: 'Details of turn 1' }).waitFor()
  expect(await page.getByText('Round 2.').count()).toBe(1)
  expect(await page.locator('.tool[data-status=success]').count()).toBeGreaterThan(0)
  expect(await page.getByText('Demo model.').isVisible()).toBe(true)
  const live = await page.locator('.turn').innerText()

  await page.reload()
  await page.getByRole('button', { name: 'Details of turn 1' }).waitFor()
  await expect.poll(() => page.locator('.turn').innerText(), { timeout: 10_000 }).toContain('Round 2.')
  await expect.poll(async () => wordsOf(await page.locator('.turn').innerText()), { timeout: 10_000 }).toEqual(wordsOf(live))
})

/** Tool summaries are told live only. */
const wordsOf = (text: string) => text.replace(/\d+ results?, |\d+(\.\d)? m?s\b/g, '').split(/\s+/)

test('who signs out is asked to sign in, and gets back to where they were', async () => {
  const { page } = await stage.visitor('bea')
  await page.goto('/agents')
  await page.getByText('No agents yet').waitFor()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await page.goto('/billing')
  await page.waitForURL(/sign-in/)
  await page.getByLabel('E-mail').fill('bea@example.org')
  await page.getByLabel('Password').fill('not this one at all')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByText('do not belong together').waitFor()
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'Balance' }).waitFor()
})

test('on a phone the menu opens, and nothing is wider than the screen', async () => {
  const { page } = await stage.visitor('cleo', { viewport: PHONE })
  for (const path of ['/', '/agents', '/agents/new', '/billing']) {
    await page.goto(path)
    await page.getByRole('button', { name: 'Menu' }).waitFor()
    await page.waitForLoadState('networkidle')
    expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBeLessThanOrEqual(PHONE.width)
  }
  await page.getByRole('button', { name: 'Menu' }).click()
  await page.getByRole('dialog', { name: 'Menu' }).getByRole('link', { name: 'Manage agents' }).click()
  await page.getByRole('heading', { name: 'Agents', level: 1 }).waitFor()
})

test('an address that is no page of ours is not answered with the page', async () => {
  for (const path of ['/nowhere', '/rooms', '/assets/none.js', '/api/v1/nowhere', '/index.php']) {
    const answer = await fetch(`${stage.address}${path}`)
    expect(answer.status, path).toBe(404)
    expect(answer.headers.get('content-type'), path).toContain('application/problem+json')
  }
})
