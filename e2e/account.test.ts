import { readFile } from 'node:fs/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { newCouncil } from '../test/council.ts'
import { JWT_SECRET, tokenFor } from '../test/program.ts'
import { DESKTOP, PASSWORD, PHONE, useStage } from './stage.ts'

const stage = await useStage()
stage.endpoint.reply({ chunks: ['Yes.'] })
const owner = await stage.visitor('owner')
/** Where another issuer keeps the accounts. */
const elsewhere = await useStage({ environment: { SUPABASE_JWT_SECRET: JWT_SECRET } })

afterEach(() => expect(stage.complaints.splice(0)).toEqual([]))

describe.each([
  ['a desktop', 'ann', DESKTOP],
  ['a phone', 'ben', PHONE],
])('on %s', (_, name, viewport) => {
  test('the account says who one is, takes everything along, and ends when its e-mail was typed', async () => {
    const { page, client } = await stage.visitor(name, { viewport })
    const email = `${name}@example.org`
    const council = await newCouncil(client, 'roundtable', [{ key: 'market' }])
    await client.post(council.turns, { message: 'Remember me' })
    await page.goto('/')
    if (viewport === PHONE) await page.getByRole('button', { name: 'Menu' }).click()
    await page.getByRole('link', { name: `Your account, ${email}` }).click()
    await page.getByRole('heading', { name: 'Your account', level: 1 }).waitFor()
    expect(await page.title()).toBe('Your account · Pantheon')
    await page.getByRole('definition').getByText(email).waitFor()
    await page.getByRole('definition').getByText('user', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Light', exact: true }).click()
    expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe('light')
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(viewport.width)

    const saving = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Take everything along' }).click()
    const lines = (await readFile(await (await saving).path(), 'utf8')).trim().split('\n')
    expect(lines.map(line => JSON.parse(line).type)).toEqual(expect.arrayContaining(['room', 'turn', 'message', 'end']))
    expect(lines.join('')).toContain('Remember me')

    await page.getByRole('button', { name: 'Delete my account…' }).click()
    const dialog = page.getByRole('dialog', { name: 'Delete the account' })
    const confirm = dialog.getByRole('button', { name: 'Delete my account for good' })
    await dialog.getByLabel('Type your e-mail to confirm').fill('somebody@example.org')
    expect(await confirm.isDisabled()).toBe(true)
    await dialog.getByLabel('Type your e-mail to confirm').fill(email)
    await page.keyboard.press('Enter')
    await page.getByText('Your account is deleted.').waitFor()
    expect((await client.get(`/rooms/${council.roomId}`)).status).toBe(401)
    await page.getByLabel('E-mail').fill(email)
    await page.getByLabel('Password').fill(PASSWORD)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('do not belong together').waitFor()
  })
})

test('the last owner is told to make somebody else one first', async () => {
  const { page } = owner
  await page.goto('/account')
  await page.getByRole('definition').getByText('owner: runs this server').waitFor()
  await page.getByRole('button', { name: 'Delete my account…' }).click()
  await page.getByLabel('Type your e-mail to confirm').fill('owner@example.org')
  await page.getByRole('button', { name: 'Delete my account for good' }).click()
  await page.getByText('You are the last owner. Make somebody else an owner first.').waitFor()
  await page.getByRole('alert').getByRole('link', { name: 'To the users' }).waitFor()
})

test('who has an account of another issuer and no e-mail types the id, and everything goes the same way', async () => {
  const { page } = await elsewhere.open()
  // Whatever stands in front of the page keeps the sign-in there; the page is handed the issuer's token.
  const token = await tokenFor('external-subject', '', { email: undefined })
  await page.route('**/api/auth/token', route => route.fulfill({ json: { token } }))
  await page.goto('/account')
  await page.getByRole('definition').getByText('not told by your sign-in').waitFor()
  await page.getByRole('button', { name: 'Delete my account…' }).click()
  await page.getByLabel('Type your id to confirm').fill('external-subject')
  await page.getByRole('button', { name: 'Delete my account for good' }).click()
  await page.getByText('Your account is deleted.').waitFor()
})
