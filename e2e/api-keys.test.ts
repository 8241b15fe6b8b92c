import { afterEach, describe, expect, test } from 'vitest'
import { createClient } from '../test/program.ts'
import { useTestRows } from './rows.ts'
import { DESKTOP, PASSWORD, PHONE, useStage } from './stage.ts'

const stage = await useStage()
const rows = useTestRows(stage.databaseUrl)

afterEach(() => expect(stage.complaints.splice(0)).toEqual([]))

const owner = await stage.visitor('owner', { permissions: ['clipboard-read', 'clipboard-write'] })

describe.each([
  ['a desktop', 'ann', DESKTOP],
  ['a phone', 'ben', PHONE],
])('on %s', (_, name, viewport) => {
  test('a key is made, shown once, copied, used within its scopes, and revoked', async () => {
    const { page } = await stage.visitor(name, { viewport, permissions: ['clipboard-read', 'clipboard-write'] })
    await page.goto('/account')
    await page.getByText('No keys yet.').waitFor()
    await page.getByRole('button', { name: 'New key' }).click()
    const dialog = page.getByRole('dialog', { name: 'New API key' })
    expect(await dialog.getByText('Administration, too').count()).toBe(0)
    await dialog.getByLabel('Name').fill('Nightly digest')
    await dialog.getByLabel(/^Read\s*All that you may read/).check()
    await dialog.getByLabel('Ends').selectOption('in a year')
    await dialog.getByRole('button', { name: 'Make the key' }).click()
    await dialog.getByText('It is not shown again.').waitFor()
    const key = await dialog.getByLabel('The key “Nightly digest”').inputValue()
    await dialog.getByRole('button', { name: 'Copy', exact: true }).click()
    await dialog.getByText('The key is in the clipboard.').waitFor()
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(key)
    await dialog.getByRole('button', { name: 'I have it' }).click()
    expect(await page.content()).not.toContain(key)

    const program = createClient(stage.address, '', key)
    expect((await program.get('/rooms')).status).toBe(200)
    expect((await program.post('/rooms', { name: 'Not allowed' })).status).toBe(403)
    await rows.keysUsed()
    await page.reload()
    const row = page.getByRole('table', { name: 'API keys' }).getByRole('row', { name: /Nightly digest/ })
    await row.getByText('Read', { exact: true }).waitFor()
    expect(await row.innerText()).not.toContain('never')
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(viewport.width)

    await row.getByRole('button', { name: 'Revoke Nightly digest' }).click()
    await page.getByRole('dialog', { name: 'Revoke the key' }).getByRole('button', { name: 'Revoke' }).click()
    await page.getByText('No keys yet.').waitFor()
    await expect.poll(async () => (await program.get('/rooms')).status, { timeout: 8_000 }).toBe(401)
  })
})

test('an owner may let a key administrate', async () => {
  const { page } = owner
  await page.goto('/account')
  await page.getByRole('button', { name: 'New key' }).click()
  const dialog = page.getByRole('dialog', { name: 'New API key' })
  await dialog.getByLabel('Name').fill('Books')
  await dialog.getByLabel(/^Administration, too/).check()
  await dialog.getByRole('button', { name: 'Make the key' }).click()
  const key = await dialog.getByLabel('The key “Books”').inputValue()
  await page.keyboard.press('Escape')
  await page.getByRole('cell', { name: /Read and ask, administration/ }).waitFor()
  expect((await createClient(stage.address, '', key).get('/admin/settings')).status).toBe(200)
})

test('signing out everywhere ends the sign-in here and on the other device', async () => {
  const { page, context } = await stage.visitor('cia')
  const other = await stage.open()
  const account = { email: 'cia@example.org', password: PASSWORD }
  await other.context.request.post('/api/auth/sign-in/email', { data: account, headers: { origin: stage.address } })
  await other.page.goto('/')
  await other.page.getByRole('heading', { name: 'Your rooms' }).waitFor()
  await page.goto('/account')
  await page.getByRole('button', { name: 'Sign out everywhere' }).click()
  await page.getByText('You are signed out on every device.').waitFor()
  expect((await context.request.get('/api/auth/token')).status()).toBe(401)
  await expect
    .poll(
      async () => {
        await other.page.goto('/')
        await other.page.waitForLoadState('networkidle')
        return new URL(other.page.url()).pathname
      },
      { timeout: 10_000 },
    )
    .toBe('/sign-in')
})
