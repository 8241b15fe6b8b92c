import type { Page } from 'playwright-core'
import { afterEach, expect, test } from 'vitest'
import { newCouncil } from '../test/council.ts'
import { focused, reach, unreached } from './keyboard.ts'
import { useTestRows } from './rows.ts'
import { useStage, WIDTHS } from './stage.ts'

const stage = await useStage({ withDemo: true })
const rows = useTestRows(stage.databaseUrl)
await stage.seat('owner', WIDTHS[0][1])
const user = await stage.visitor('user')
const council = await newCouncil(user.client, 'roundtable', [{ key: 'one' }])
expect((await user.client.post(council.turns, { message: 'Hello' })).status).toBe(201)
await rows.failedJob('parse-file', { fileId: crypto.randomUUID() }, 'no such file')

afterEach(() => expect(stage.complaints.splice(0)).toEqual([]))

const PATHS = ['/admin', '/admin/users', '/admin/models', '/admin/settings', '/admin/audit-log', '/admin/jobs']

const settled = async (page: Page) => {
  await page.getByRole('heading', { level: 1 }).waitFor()
  await page.waitForLoadState('networkidle')
}

test.for(WIDTHS)('whatever can be used in the administration is reached by Tab, at %s', { timeout: 120_000 }, async ([, viewport]) => {
  const { page } = await stage.seat('owner', viewport)
  for (const path of PATHS) {
    await page.goto(path)
    await settled(page)
    expect(await unreached(page), path).toEqual([])
  }
})

test.for(WIDTHS)(
  'its dialogs open, are walked through, close and give the focus back by the keyboard alone, at %s',
  { timeout: 120_000 },
  async ([, viewport]) => {
    const { page } = await stage.seat('owner', viewport)
    for (const [path, opener, dialog] of [
      ['/admin/users', 'user@example.org', 'user@example.org'],
      ['/admin/models', 'llama', 'llama'],
      ['/admin/models', 'New alias', 'New alias'],
    ] as const) {
      await page.goto(path)
      await settled(page)
      await reach(page, new RegExp(`^${opener}$`))
      await page.keyboard.press('Enter')
      await page.getByRole('dialog', { name: dialog }).waitFor()
      await page.waitForLoadState('networkidle')
      expect(await unreached(page), dialog).toEqual([])
      await page.keyboard.press('Escape')
      await page.getByRole('dialog').waitFor({ state: 'hidden' })
      expect(await focused(page)).toBe(opener)
    }
  },
)

test('credits are granted, a price set and enforcement switched by the keyboard alone', async () => {
  const { page } = await stage.seat('owner', WIDTHS[0][1])
  await page.goto('/admin/users')
  await settled(page)
  await reach(page, /^user@example.org$/)
  await page.keyboard.press('Enter')
  await page.getByRole('dialog').getByLabel('Credits to grant').waitFor()
  await reach(page, /^Credits to grant/)
  await page.keyboard.type('2.5')
  await page.keyboard.press('Enter')
  await page.getByText('Granted. The balance is now').waitFor()

  await page.goto('/admin/models')
  await settled(page)
  await reach(page, /^llama$/)
  await page.keyboard.press('Enter')
  await page.getByRole('dialog').getByLabel('Multiplier').waitFor()
  await reach(page, /^Multiplier/)
  await page.keyboard.press('Control+a')
  await page.keyboard.type('0.75')
  await page.keyboard.press('Enter')
  await page.getByText('The new price holds from the next call on.').waitFor()

  await page.goto('/admin/settings')
  await settled(page)
  await reach(page, /^Enforce credits$/)
  await page.keyboard.press('Enter')
  await page.getByText('an override made here').waitFor()
})
