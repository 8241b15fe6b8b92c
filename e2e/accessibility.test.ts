import { expect, test } from 'vitest'
import { newCouncil } from '../test/council.ts'
import { findings, setTheme } from './axe.ts'
import { PHONE, useStage } from './stage.ts'

const stage = await useStage({ withDemo: true })
test('axe finds nothing on the sign-in', async () => {
  const { page } = await stage.open()
  await page.goto('/sign-in')
  await page.getByRole('button', { name: 'Make the account' }).waitFor()
  for (const theme of ['dark', 'light']) {
    await setTheme(page, theme)
    expect(await findings(page), theme).toEqual([])
  }
})

test('axe finds nothing on any screen, in both themes and on a phone', async () => {
  const { page, client } = await stage.visitor('ann')
  const council = await newCouncil(
    client,
    'orchestrator',
    [
      { key: 'market', name: 'Market analyst', tools: ['search'] },
      { key: 'tech', name: 'Architect' },
    ],
    'Decide',
  )
  await page.goto(`/rooms/${council.roomId}`)
  await page.getByLabel('Your message').fill('Search the sources. Dig deeper.')
  await page.getByRole('button', { name: 'Send' }).click()
  await page.getByRole('button', { name: 'Details of turn 1' }).waitFor()
  const screens: [string, string][] = [
    ['/', 'Your rooms'],
    [`/rooms/${council.roomId}`, 'Council'],
    ['/agents', 'Agents'],
    ['/agents/new', 'New agent'],
    [`/agents/${council.agents.tech}`, 'Architect'],
    [`/agents/${council.agents.tech}/chat`, 'Architect'],
    ['/search?q=sources', 'Search'],
    ['/deleted', 'Recently deleted'],
    ['/account', 'Your account'],
    ['/billing', 'Usage and top-up'],
    ['/admin', 'Administration'],
    ['/admin/users', 'Administration'],
    ['/admin/models', 'Administration'],
    ['/admin/settings', 'Administration'],
    ['/admin/audit-log', 'Administration'],
    ['/admin/jobs', 'Administration'],
    ['/nowhere', 'There is nothing here'],
  ]
  for (const viewport of [{ width: 1280, height: 820 }, PHONE]) {
    await page.setViewportSize(viewport)
    for (const [path, title] of screens) {
      await page.goto(path)
      await page.getByRole('heading', { name: title, level: 1 }).waitFor()
      await page.waitForLoadState('networkidle')
      expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBeLessThanOrEqual(viewport.width)
      for (const theme of ['dark', 'light']) {
        await setTheme(page, theme)
        expect(await findings(page), `${path} ${theme} ${viewport.width}`).toEqual([])
      }
    }
  }
  await page.setViewportSize({ width: 1280, height: 820 })
  await page.goto(`/rooms/${council.roomId}`)
  await page.getByRole('button', { name: 'Details of turn 1' }).click()
  await page.getByRole('table', { name: 'Model calls' }).waitFor()
  expect(await findings(page), 'turn details').toEqual([])
}, 300_000)
