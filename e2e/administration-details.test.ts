import { readFile } from 'node:fs/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { newCouncil } from '../test/council.ts'
import { useTestRows } from './rows.ts'
import { DESKTOP, PHONE, useStage } from './stage.ts'

const stage = await useStage()
stage.endpoint.reply({ chunks: ['Yes.'] })
const rows = useTestRows(stage.databaseUrl)
const owner = await stage.visitor('owner')
const user = await stage.visitor('user')
const council = await newCouncil(user.client, 'roundtable', [{ key: 'one' }])
await user.client.post(council.turns, { message: 'Hello' })

afterEach(() => expect(stage.complaints.splice(0)).toEqual([]))

describe.each([
  ['a desktop', DESKTOP],
  ['a phone', PHONE],
])('on %s', (_, viewport) => {
  test('the usage of one model and of one user is seen alone, and leads to the account and back', async () => {
    const { page } = owner
    await page.setViewportSize(viewport)
    await page.goto('/admin')
    const calls = page.locator('.figure-card').filter({ hasText: 'Calls' }).locator('dd')
    await expect.poll(() => calls.innerText(), { timeout: 10_000 }).toBe('1')
    await page.getByLabel('Model', { exact: true }).selectOption('premium')
    await expect.poll(() => calls.innerText(), { timeout: 10_000 }).toBe('0')
    await page.getByLabel('Model', { exact: true }).selectOption('')
    await page.getByRole('table', { name: 'By user and model' }).getByRole('link', { name: 'user@example.org' }).click()
    const account = page.getByRole('dialog', { name: 'user@example.org' })
    await account.getByRole('link', { name: 'Usage of this account' }).click()
    await page.getByText('Only user@example.org').waitFor()
    await expect.poll(() => calls.innerText(), { timeout: 10_000 }).toBe('1')
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(viewport.width)
    await page.getByRole('link', { name: 'Everybody' }).click()
    await page.getByText('Only user@example.org').waitFor({ state: 'detached' })
  })

  test('jobs that were given up are told with their reason', async () => {
    const { page } = owner
    await page.setViewportSize(viewport)
    await page.goto('/admin')
    await page.getByRole('link', { name: 'Failed jobs' }).click()
    await page.getByText('No job was given up.').waitFor()
    const id = await rows.failedJob('parse-file', { fileId: 'f-1' }, 'the parser ran out of memory')
    await page.reload()
    await page.getByRole('table', { name: 'Failed jobs' }).getByText('the parser ran out of memory').waitFor()
    await rows.forgetJob(id)
  })

  test('the audit log is searched by what was changed and when, and names people', async () => {
    const { page } = owner
    await page.setViewportSize(viewport)
    await owner.client.post(`/admin/wallets/${user.client.userId}/grant`, { amount: '1' })
    await owner.client.send('PATCH', '/admin/settings/enforcement', { enabled: false })
    await page.goto('/admin/audit-log')
    const log = page.getByRole('table', { name: 'Audit log' })
    await log.getByRole('cell', { name: 'Enforcement set' }).first().waitFor()
    await page.getByLabel('User id, alias or setting').fill(user.client.userId)
    await expect.poll(() => log.getByRole('cell', { name: 'Enforcement set' }).count()).toBe(0)
    await log.getByRole('link', { name: 'user@example.org' }).first().waitFor()
    await log.getByRole('link', { name: 'owner@example.org' }).first().waitFor()
    await page.getByLabel('To', { exact: true }).fill('2020-01-01')
    await page.getByText('Nothing was changed that fits.').waitFor()
  })
})

test('all rows are saved as CSV, not only those of a page', async () => {
  const many = 230
  await rows.usage(many)
  const { page } = owner
  await page.setViewportSize(DESKTOP)
  await page.goto('/admin')
  await page.getByText(`1 to 20 of ${many + 1}`).waitFor()
  const saving = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Usage by user as CSV' }).click()
  const lines = (await readFile(await (await saving).path(), 'utf8')).trim().split('\r\n')
  expect(lines[0]).toMatch(/^user_id,/)
  expect(lines).toHaveLength(many + 2)
  expect(new Set(lines).size).toBe(lines.length)
})
