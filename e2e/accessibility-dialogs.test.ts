import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { newCouncil } from '../test/council.ts'
import { findings, setTheme } from './axe.ts'
import { DESKTOP, PHONE, useStage } from './stage.ts'

const stage = await useStage({ withDemo: true, environment: { LOW_BALANCE_THRESHOLD: '1000' } })

async function expectClean(page: Page, what: string): Promise<void> {
  await page.waitForTimeout(300) // What rises into its place has no colours yet.
  for (const theme of ['dark', 'light']) {
    await setTheme(page, theme)
    expect(await findings(page), `${what}, ${theme}`).toEqual([])
  }
}

test.each([DESKTOP, PHONE])(
  'axe finds nothing on what opens over the screens: $width px',
  async viewport => {
    const { page, client } = await stage.visitor(`ann-${viewport.width}`, { viewport })
    const council = await newCouncil(client, 'roundtable', [{ key: 'market', name: 'Market analyst' }])
    await client.post(council.turns, { message: 'What now?' })
    await client.post(council.turns, { message: 'And then?' })
    const close = () => page.keyboard.press('Escape')

    await page.goto(`/rooms/${council.roomId}`)
    await page.getByText('credits are left.').waitFor()
    await page.getByRole('button', { name: 'Run again: turn 2' }).click()
    await page.getByRole('dialog', { name: 'Run this message again' }).waitFor()
    await expectClean(page, 'run again')
    await page.getByRole('button', { name: 'Run again', exact: true }).click()
    await page.getByText('replaced by a newer run').waitFor()
    await expectClean(page, 'a replaced turn')

    const openSide = async () => {
      if (viewport === PHONE) await page.getByRole('button', { name: 'Agents, files and sessions' }).click()
    }
    await openSide()
    await page
      .getByRole('button', { name: /^Name, take along or delete/ })
      .last()
      .click()
    await page.getByRole('dialog', { name: 'This session' }).waitFor()
    await expectClean(page, 'a session')
    await page.getByRole('button', { name: 'Delete the session' }).click()
    await page.getByRole('button', { name: 'Undo' }).waitFor()
    await expectClean(page, 'undo')
    await page.getByRole('button', { name: 'Dismiss' }).click()
    await openSide()
    await page.getByRole('button', { name: 'Deleted sessions…' }).last().click()
    await page.getByRole('button', { name: 'Bring back What now?' }).waitFor()
    await expectClean(page, 'deleted sessions')

    await page.goto('/account')
    await page.getByRole('button', { name: 'New key' }).click()
    await page.getByLabel('Name').fill('Digest')
    await expectClean(page, 'a new key')
    await page.getByRole('button', { name: 'Make the key' }).click()
    await page.getByText('It is not shown again.').waitFor()
    await expectClean(page, 'the key')
    await close()
    await page.getByRole('button', { name: 'Revoke Digest' }).click()
    await expectClean(page, 'revoking')
    await close()
    await page.getByRole('button', { name: 'Delete my account…' }).click()
    await expectClean(page, 'deleting the account')
  },
  300_000,
)

test('the keyboard alone reaches search, the session menu, running again and the account', async () => {
  const { page, client } = await stage.visitor('ben')
  const council = await newCouncil(client, 'roundtable', [{ key: 'market', name: 'Market analyst' }])
  await client.post(council.turns, { message: 'What now?' })
  await page.goto(`/rooms/${council.roomId}`)
  await page.getByRole('button', { name: 'Run again: turn 1' }).waitFor()
  const reached = new Set<string>()
  for (let press = 0; press < 60; press += 1) {
    await page.keyboard.press('Tab')
    reached.add(
      await page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent?.trim() ?? ''),
    )
  }
  const wanted = [
    'SearchCtrl K',
    'Run again: turn 1',
    'Details of turn 1',
    'Name, take along or delete: What now?',
    'Deleted sessions…',
    'Your account, ben@example.org',
    'Put this notice away',
  ]
  for (const name of wanted) expect([...reached], name).toContain(name)
})
