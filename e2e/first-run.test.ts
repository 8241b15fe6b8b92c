import { afterEach, describe, expect, test } from 'vitest'
import { menuOf, PASSWORD, useStage, WIDTHS } from './stage.ts'

/** Tool summaries are told live only. */
const wordsOf = (text: string) => text.replace(/\d+ results?, |\d+(\.\d)? m?s\b/g, '').split(/\s+/)

describe.for(WIDTHS)('at %s', async ([, viewport]) => {
  const stage = await useStage({ withDemo: true })

  afterEach(() => expect(stage.complaints.splice(0)).toEqual([]))

  test('a newcomer gets from the first page to the answer of a council in three clicks', async () => {
    const { page } = await stage.open({ viewport })
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
    // What the manager's own calls used is told when the turn is stored.
    await page.waitForLoadState('networkidle')
    const live = await page.locator('.turn').innerText()

    await page.reload()
    await page.getByRole('button', { name: 'Details of turn 1' }).waitFor()
    await expect.poll(() => page.locator('.turn').innerText(), { timeout: 10_000 }).toContain('Round 2.')
    await expect.poll(async () => wordsOf(await page.locator('.turn').innerText()), { timeout: 10_000 }).toEqual(wordsOf(live))
  })

  test('who signs out is asked to sign in, and gets back to where they were', async () => {
    const { page } = await stage.visitor('bea', { viewport })
    await page.goto('/agents')
    await page.getByText('No agents yet').waitFor()
    await (await menuOf(page)).getByRole('button', { name: 'Sign out' }).click()
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

  test('who has an account and makes one again is led to the sign-in', async () => {
    await stage.visitor('dora')
    const { page } = await stage.open({ viewport })
    await page.goto('/sign-in')
    await page.getByRole('button', { name: 'Make one' }).click()
    await page.getByLabel('E-mail').fill('dora@example.org')
    await page.getByLabel('Password').fill('not this one at all')
    await page.getByRole('button', { name: 'Make the account' }).click()
    await page.getByText('sign in with its password instead').waitFor()
    await page.getByRole('button', { name: 'I have an account' }).click()
    await page.getByLabel('E-mail').fill('dora@example.org')
    await page.getByLabel('Password').fill(PASSWORD)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('button', { name: /^Strategy council/ }).waitFor()
  })

  test('nothing is wider than the screen', async () => {
    const { page } = await stage.visitor('cleo', { viewport })
    for (const path of ['/', '/agents', '/agents/new', '/billing']) {
      await page.goto(path)
      await page.getByRole('heading', { level: 1 }).waitFor()
      await page.waitForLoadState('networkidle')
      expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBeLessThanOrEqual(viewport.width)
    }
    await (await menuOf(page)).getByRole('link', { name: 'Manage agents' }).click()
    await page.getByRole('heading', { name: 'Agents', level: 1 }).waitFor()
  })

  test('an address that is no page of ours is not answered with the page', async () => {
    for (const path of ['/nowhere', '/rooms', '/assets/none.js', '/api/v1/nowhere', '/index.php']) {
      const answer = await fetch(`${stage.address}${path}`)
      expect(answer.status, path).toBe(404)
      expect(answer.headers.get('content-type'), path).toContain('application/problem+json')
    }
  })
})
