import type { Page } from 'playwright-core'
import { afterEach, expect, test } from 'vitest'
import { newCouncil } from '../test/council.ts'
import { startSeverableProxy } from '../test/severable-proxy.ts'
import { manager, PHONE, useStage } from './stage.ts'

const stage = await useStage()
const words = (count: number) => Array.from({ length: count }, (_, at) => `w${at} `)
const TEAM = [
  { key: 'market', name: 'Market analyst' },
  { key: 'tech', name: 'Architect' },
  { key: 'risk', name: 'Risk assessor' },
]

afterEach(() => expect(stage.complaints.splice(0)).toEqual([]))

const send = async (page: Page, text: string) => {
  await page.getByLabel('Your message').fill(text)
  await page.getByRole('button', { name: 'Send' }).click()
}
const ended = (page: Page, turn = 1) => page.getByRole('button', { name: `Details of turn ${turn}` }).waitFor()

async function seated(name: string, mode: string, viewport = { width: 1280, height: 820 }) {
  const visitor = await stage.visitor(name, { viewport })
  const council = await newCouncil(visitor.client, mode, TEAM)
  await visitor.page.goto(`/rooms/${council.roomId}`)
  await visitor.page.getByLabel('Your message').waitFor()
  return { ...visitor, council }
}

test('parallel specialists stream side by side; after a reload in the middle the page shows what it missed', async () => {
  const { page } = await seated('ann', 'orchestrator')
  stage.endpoint.reply(
    manager(['market', 'tech'], key => ({ chunks: key === 'manager' ? ['All ', 'in all.'] : words(120), betweenMs: 25 })),
  )
  await send(page, 'What now?')
  const columns = page.locator('.round .step')
  await expect.poll(() => columns.count(), { timeout: 10_000 }).toBe(2)
  const [one, two] = [await columns.nth(0).boundingBox(), await columns.nth(1).boundingBox()]
  expect(one!.y).toBe(two!.y)
  expect(two!.x).toBeGreaterThan(one!.x)
  await columns.nth(1).getByText('w3 ').waitFor()

  await page.reload()
  await columns.nth(1).getByText('w3 ').waitFor()
  expect(await page.getByRole('button', { name: 'Stop' }).isVisible()).toBe(true)
  await page.getByLabel('Synthesis').getByText('All in all.').waitFor({ timeout: 20_000 })
  await ended(page)
  expect((await columns.nth(0).locator('.words').innerText()).trim()).toBe(words(120).join('').trim())
})

test('a lost connection is found again, and nothing is missing', async () => {
  const { page, council } = await seated('ben', 'roundtable')
  const way = await startSeverableProxy(stage.address)
  stage.endpoint.reply({ chunks: words(150), betweenMs: 20 })
  // Cookies belong to the host, whatever the port: the page is the same one by another way.
  await page.goto(new URL(`/rooms/${council.roomId}`, way.url).href)
  await send(page, 'Go')
  await page.locator('.step').first().getByText('w3 ').waitFor()
  way.sever()
  await page.getByText('The connection is lost; looking for the turn again').waitFor()
  await way.mend()
  await page.getByText('The connection is lost').waitFor({ state: 'detached' })
  await ended(page)
  expect(await page.locator('.step').count()).toBe(3)
  for (const step of await page.locator('.step .words').all()) expect((await step.innerText()).trim()).toBe(words(150).join('').trim())
  way.close()
}, 60_000)

test('stop ends a turn and keeps what was said', async () => {
  const { page } = await seated('cia', 'roundtable', PHONE)
  stage.endpoint.reply({ chunks: words(2_000), betweenMs: 20 })
  await send(page, 'Go on and on')
  await page.locator('.step').first().getByText('w5 ').waitFor()
  await page.getByRole('button', { name: 'Stop' }).click()
  await page.getByText('Stopped. What was said until then is kept').waitFor()
  expect(await page.locator('.step .words').first().innerText()).toContain('w5')
})

test('a mode switched during a turn says that it applies on the next send, and does', async () => {
  const { page } = await seated('fay', 'roundtable')
  stage.endpoint.reply({ chunks: words(60), betweenMs: 15 })
  await send(page, 'One')
  await page.locator('.step').first().getByText('w3 ').waitFor()
  await page.getByRole('button', { name: 'Manual' }).click()
  await page.getByText('applies on next send').waitFor()
  await ended(page)
  expect(await page.locator('.step').count()).toBe(3)
  stage.endpoint.reply({ chunks: ['Only me.'] })
  await send(page, '@tech alone')
  await ended(page, 2)
  expect(await page.locator('.turn').last().locator('.step h3').allInnerTexts()).toEqual(['Architect'])
}, 60_000)

test('a turn that another tab started is shown, and a second message is refused without losing it', async () => {
  const { page, client, council } = await seated('gus', 'roundtable')
  stage.endpoint.reply({ chunks: words(150), betweenMs: 20 })
  const other = await client.stream(`${council.turns}/stream`, { message: 'From elsewhere', events: 'detailed' })
  await send(page, 'Mine')
  await page.getByText('still answering').waitFor()
  expect(await page.getByLabel('Your message').inputValue()).toBe('Mine')
  await page.getByText('From elsewhere').waitFor()
  await page.locator('.step').first().getByText('w9 ').waitFor()
  await page.getByRole('button', { name: 'Stop' }).click()
  await other.all()
}, 60_000)
