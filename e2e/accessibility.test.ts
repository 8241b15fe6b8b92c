import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { newCouncil } from '../test/council.ts'
import { PHONE, useStage } from './stage.ts'

const stage = await useStage({ withDemo: true })
const axePath = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

interface Finding {
  id: string
  impact: string | null
  nodes: { html: string; failureSummary?: string }[]
}

/** What axe finds serious, with the places. The policy forbids inline scripts, so that axe is told to the page by the debugger. */
async function findings(page: Page): Promise<string[]> {
  const { readFileSync } = await import('node:fs')
  await page.evaluate(readFileSync(axePath, 'utf8'))
  const violations = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(context: Document, options: object): Promise<{ violations: Finding[] }> } }
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
    return (await axe.run(document, { runOnly: tags })).violations
  })
  return violations.map(
    each => `${each.id} (${each.impact}): ${each.nodes.map(node => `${node.html} ${node.failureSummary ?? ''}`).join(' | ')}`,
  )
}

const setTheme = (page: Page, theme: string) =>
  page.evaluate(async chosen => {
    localStorage.setItem('theme', chosen)
    document.documentElement.dataset.theme = chosen
    // Colours on their way from one theme to the other are of neither.
    const changing = document.getAnimations().filter(animation => animation instanceof CSSTransition)
    await Promise.allSettled(changing.map(animation => animation.finished))
  }, theme)

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
    ['/billing', 'Usage and top-up'],
    ['/admin', 'Administration'],
    ['/admin/users', 'Administration'],
    ['/admin/models', 'Administration'],
    ['/admin/settings', 'Administration'],
    ['/admin/audit-log', 'Administration'],
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
}, 180_000)

test('the keyboard alone reaches the composer, the modes and the speaking order', async () => {
  const { page, client } = await stage.visitor('ben')
  const council = await newCouncil(client, 'orchestrator', [{ key: 'market', name: 'Market analyst' }])
  await page.goto(`/rooms/${council.roomId}`)
  await page.getByLabel('Your message').waitFor()
  const reached = new Set<string>()
  for (let press = 0; press < 45; press += 1) {
    await page.keyboard.press('Tab')
    reached.add(
      await page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent?.trim() ?? ''),
    )
  }
  const wanted = [
    'To the content',
    'Your message',
    'Roundtable',
    'Model for this message',
    'Add an agent to this room',
    'Upload files',
    'New session',
  ]
  for (const name of wanted) expect([...reached], name).toContain(name)
  expect([...reached].some(name => name.startsWith('Move Market analyst'))).toBe(true)
})
