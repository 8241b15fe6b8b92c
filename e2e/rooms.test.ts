import type { Page } from 'playwright-core'
import { afterEach, expect, test } from 'vitest'
import { newCouncil } from '../test/council.ts'
import { useStage } from './stage.ts'

const stage = await useStage()
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

test('in manual mode @ completes an agent by keyboard, and a message to nobody is kept with a hint', async () => {
  const { page } = await seated('dan', 'manual')
  stage.endpoint.reply({ chunks: ['Yes.'] })
  await send(page, 'To nobody')
  await page.getByText('type @ and choose an agent').waitFor()
  expect(await page.getByLabel('Your message').inputValue()).toBe('To nobody')
  await page.getByLabel('Your message').fill('')
  await page.getByLabel('Your message').pressSequentially('@ri')
  await page.getByRole('option', { name: /Risk assessor/ }).waitFor()
  await page.keyboard.press('Enter')
  await page.keyboard.type('what could go wrong?')
  expect(await page.getByLabel('Your message').inputValue()).toBe('@risk what could go wrong?')
  await page.keyboard.press('Enter')
  await ended(page)
  expect(await page.locator('.step h3').allInnerTexts()).toEqual(['Risk assessor'])
})

test('the speaking order is changed by keyboard and holds for the roundtable', async () => {
  const { page } = await seated('eve', 'roundtable')
  stage.endpoint.reply({ chunks: ['Yes.'] })
  const grip = page.getByRole('button', { name: /Move Risk assessor/ })
  await grip.focus()
  await page.keyboard.press('ArrowUp')
  await page.getByRole('button', { name: 'Move Risk assessor, number 2' }).waitFor()
  await page.keyboard.press('ArrowUp')
  await page.getByRole('button', { name: 'Move Risk assessor, number 1' }).waitFor()
  await page.waitForLoadState('networkidle')
  await send(page, 'Speak')
  await ended(page)
  expect(await page.locator('.step h3').allInnerTexts()).toEqual(['Risk assessor', 'Market analyst', 'Architect'])
})

test('what is typed survives a reload', async () => {
  const { page } = await seated('hal', 'manual')
  await page.getByLabel('Your message').fill('half a thou')
  await page.reload()
  await page.getByLabel('Your message').waitFor()
  expect(await page.getByLabel('Your message').inputValue()).toBe('half a thou')
})

test('an agent that fails says what to do, and the others are heard', async () => {
  const { page } = await seated('ida', 'roundtable')
  stage.endpoint.reply(({ agentKey }) => (agentKey === 'tech' ? { status: 400 } : { chunks: ['Fine.'] }))
  await send(page, 'Speak')
  await ended(page)
  await page.getByText('The model could not be reached or failed').waitFor()
  expect(await page.locator('.words').getByText('Fine.').count()).toBe(2)
  expect(await page.getByText('[[agent_error]]').count()).toBe(0)
})

test('one agent alone answers in a direct chat, and the turn tells its calls', async () => {
  const { page, council } = await seated('jan', 'manual')
  stage.endpoint.reply({ chunks: ['Directly.'] })
  await page.goto(`/agents/${council.agents.market}/chat`)
  await send(page, 'Hello')
  await ended(page)
  await page.getByRole('button', { name: 'Details of turn 1' }).click()
  await page.getByRole('dialog', { name: 'Turn details' }).getByRole('cell', { name: 'deepseek' }).waitFor()
})

test('a token that has ended is renewed in silence', async () => {
  const { page } = await stage.visitor('kim')
  const tokens: string[] = []
  page.on('request', request => request.url().endsWith('/api/auth/token') && tokens.push(request.url()))
  await page.route('**/api/v1/rooms', route =>
    tokens.length > 1
      ? route.continue()
      : route.fulfill({
          status: 401,
          contentType: 'application/problem+json',
          body: JSON.stringify({ status: 401, code: 'unauthenticated', detail: 'Invalid or expired token.', trace_id: 't' }),
        }),
  )
  await page.goto('/')
  await page.getByRole('heading', { name: 'Who should sit on your council?' }).waitFor()
  expect(tokens).toHaveLength(2)
  expect(new URL(page.url()).pathname).toBe('/')
})
