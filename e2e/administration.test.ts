import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { afterEach, describe, expect, test } from 'vitest'
import { newCouncil } from '../test/council.ts'
import { useStage, type Visitor, WIDTHS } from './stage.ts'

async function spend({ client }: Visitor): Promise<void> {
  const council = await newCouncil(client, 'roundtable', [{ key: 'one' }])
  expect((await client.post(council.turns, { message: 'Hello' })).status).toBe(201)
}

const open = async (page: Page, tab: string) => {
  await page.goto('/admin')
  await page.getByRole('navigation', { name: 'Administration' }).getByRole('link', { name: tab }).click()
}

const DAY_MS = 24 * 60 * 60 * 1000
const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS)
const dated = (days: number) =>
  daysAgo(days).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' })

async function showFrom(page: Page, bucket: string, days: number): Promise<void> {
  await page.getByLabel('From').fill(daysAgo(days).toISOString().slice(0, 10))
  await page.getByRole('button', { name: bucket }).click()
}

/** What the bars of the chart are named. */
const bars = (page: Page) => page.locator('figure.chart tbody th').allTextContents()

describe.for(WIDTHS)('at %s', async ([, viewport]) => {
  const stage = await useStage({ withDemo: true })
  const owner = await stage.visitor('owner', { viewport })
  const user = await stage.visitor('user', { viewport })
  await spend(user)

  afterEach(() => expect(stage.complaints.splice(0)).toEqual([]))

  test('the owner sees what was used, by model and user, and saves it as CSV', async () => {
    const { page } = owner
    await open(page, 'Usage')
    await page.getByRole('table', { name: 'Usage by model' }).getByRole('cell', { name: 'deepseek' }).waitFor()
    await page.getByRole('table', { name: 'By user and model' }).getByRole('link', { name: 'user@example.org' }).waitFor()
    // The last of the days is today.
    await page.locator('.recharts-bar-rectangle path').last().waitFor()
    for (const bucket of ['Week', 'Month']) {
      await page.getByRole('button', { name: bucket }).click()
      await page.getByText(`Credits by ${bucket.toLowerCase()}`).waitFor({ state: 'attached' })
    }
    await showFrom(page, 'Day', 12)
    await expect.poll(() => bars(page)).toEqual(Array.from({ length: 13 }, (_, at) => dated(12 - at)))
    await showFrom(page, 'Week', 40)
    const mondays = async () => (await bars(page)).filter(name => new Date(`${name} UTC`).getUTCDay() === 1)
    await expect.poll(async () => [6, 7].includes((await mondays()).length)).toBe(true)
    expect(await mondays()).toEqual(await bars(page))
    await showFrom(page, 'Month', 70)
    const monthOf = (date: string) => date.slice(date.indexOf(' ') + 1)
    await expect.poll(async () => [(await bars(page))[0], (await bars(page)).at(-1)]).toEqual([monthOf(dated(70)), monthOf(dated(0))])
    await page.getByText('Active today, new among them').waitFor()
    for (const [button, head] of [
      ['Usage as CSV', 'credits_burned'],
      ['Usage by user as CSV', 'user_id'],
      ['Active users as CSV', 'active_users'],
    ] as const) {
      const saving = page.waitForEvent('download')
      await page.getByRole('button', { name: button }).click()
      expect(await readFile(await (await saving).path(), 'utf8'), button).toContain(head)
    }
  })

  test('the owner grants credits, gives a debit back, caps and suspends a user', async () => {
    const { page } = owner
    await open(page, 'Users')
    await page.getByLabel('Find by e-mail or id').fill('user@')
    await page.getByRole('button', { name: 'user@example.org' }).click()
    const account = page.getByRole('dialog', { name: 'user@example.org' })
    await account.getByLabel('Credits to grant').fill('12.5')
    await account.getByLabel('Note').fill('for the trial')
    await account.getByRole('button', { name: 'Grant' }).click()
    await account.getByText('Granted. The balance is now 112.').waitFor()
    await account.getByRole('button', { name: /^Refund/ }).click()
    await account.getByLabel('Reason').fill('it said nothing')
    await account.getByRole('button', { name: 'Give back', exact: true }).last().click()
    await account.getByRole('cell', { name: 'it said nothing' }).waitFor()
    expect((await user.client.get('/users/me/wallet')).body.balance).toBe('112.5')

    await account.getByLabel('Monthly cap in credits').fill('3')
    await account.getByLabel(/Suspended/).check()
    await account.getByRole('button', { name: 'Save' }).click()
    await account.getByText('Saved.').waitFor()
    await expect.poll(async () => (await user.client.get('/agents')).status).toBe(403)
    await account.getByLabel(/Suspended/).uncheck()
    await account.getByLabel('Monthly cap in credits').fill('')
    await account.getByRole('button', { name: 'Save' }).click()
    await expect.poll(async () => (await user.client.get('/agents')).status).toBe(200)
  })

  test('the owner sets a price, changes a model, and adds an alias', async () => {
    const { page } = owner
    await open(page, 'Models and prices')
    await page.getByRole('button', { name: 'llama' }).click()
    const model = page.getByRole('dialog', { name: 'llama' })
    await model.getByLabel('Multiplier').fill('0.75')
    await model.getByRole('button', { name: 'Set the price' }).click()
    await model.getByText('The new price holds from the next call on.').waitFor()
    await model.getByLabel('Name that people see').fill('Llama, renamed')
    await model.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('cell', { name: 'Llama, renamed' }).waitFor()
    await page.getByRole('cell', { name: '× 0.75' }).waitFor()

    await page.getByRole('button', { name: 'New alias' }).click()
    const made = page.getByRole('dialog', { name: 'New alias' })
    await made.getByLabel('Alias', { exact: true }).fill('mine')
    await made.getByLabel('Provider', { exact: true }).selectOption('demo')
    await made.getByLabel('Name that people see').fill('My own')
    await made.getByLabel("The provider's name of the model").fill('pantheon-demo')
    await made.getByLabel('Input, US dollars per million tokens').fill('0')
    await made.getByLabel('Output, US dollars per million tokens').fill('0')
    await made.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('cell', { name: 'My own' }).waitFor()
  })

  test('the owner switches enforcement on and back to the configuration, and the log tells it all', async () => {
    const { page } = owner
    await open(page, 'Credits')
    await page.getByText('not enforced').waitFor()
    await page.getByRole('button', { name: 'Enforce credits' }).click()
    await page.getByText('an override made here').waitFor()
    await page.getByRole('button', { name: 'Back to the configuration' }).click()
    await page.getByText("the server's configuration").waitFor()
    await open(page, 'Audit log')
    const log = page.getByRole('table', { name: 'Audit log' })
    for (const action of ['Enforcement set', 'Price set', 'Model set', 'Credits granted', 'Debit given back', 'User changed'])
      await log.getByRole('cell', { name: action, exact: true }).first().waitFor()
    await page.getByLabel('Show').selectOption('price_set')
    await expect.poll(() => log.getByRole('cell', { name: 'Credits granted' }).count()).toBe(0)
    await log.getByRole('cell', { name: 'Price set' }).waitFor()
  })

  test('a user is told that the administration is not theirs; an analyst reads it and is offered no change', async () => {
    const { page } = user
    await page.goto('/admin')
    await page.getByText('Only owners and analysts may look here').waitFor()
    expect((await owner.client.send('PATCH', `/admin/users/${user.client.userId}`, { role: 'analyst' })).status).toBe(200)
    await page.goto('/admin/models')
    await page.getByRole('table', { name: 'Models and prices' }).waitFor()
    expect(await page.getByRole('button', { name: 'New alias' }).count()).toBe(0)
    await page.goto('/admin/settings')
    await page.getByText('Said by').waitFor()
    expect(await page.getByRole('button', { name: 'Enforce credits' }).count()).toBe(0)
  })
})
