import { afterEach, expect, test } from 'vitest'
import { ended, seated, send } from './council-room.ts'
import { sideOf, useStage, WIDTHS } from './stage.ts'

const stage = await useStage()

afterEach(() => expect(stage.complaints.splice(0)).toEqual([]))

test.for(WIDTHS)(
  'in manual mode @ completes an agent by keyboard, and a message to nobody is kept with a hint, at %s',
  async ([, viewport]) => {
    const { page } = await seated(stage, 'dan', 'manual', viewport)
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
  },
)

test.for(WIDTHS)('the speaking order is changed by keyboard and holds for the roundtable, at %s', async ([, viewport]) => {
  const { page } = await seated(stage, 'eve', 'roundtable', viewport)
  stage.endpoint.reply({ chunks: ['Yes.'] })
  const side = await sideOf(page)
  await side.getByRole('button', { name: /Move Risk assessor/ }).focus()
  await page.keyboard.press('ArrowUp')
  await side.getByRole('button', { name: 'Move Risk assessor, number 2' }).waitFor()
  await page.keyboard.press('ArrowUp')
  await side.getByRole('button', { name: 'Move Risk assessor, number 1' }).waitFor()
  await page.waitForLoadState('networkidle')
  await page.keyboard.press('Escape')
  await send(page, 'Speak')
  await ended(page)
  expect(await page.locator('.step h3').allInnerTexts()).toEqual(['Risk assessor', 'Market analyst', 'Architect'])
})

test.for(WIDTHS)('what is typed survives a reload, at %s', async ([, viewport]) => {
  const { page } = await seated(stage, 'hal', 'manual', viewport)
  await page.getByLabel('Your message').fill('half a thou')
  await page.reload()
  await page.getByLabel('Your message').waitFor()
  expect(await page.getByLabel('Your message').inputValue()).toBe('half a thou')
})

test.for(WIDTHS)('an agent that fails says what to do, and the others are heard, at %s', async ([, viewport]) => {
  const { page } = await seated(stage, 'ida', 'roundtable', viewport)
  stage.endpoint.reply(({ agentKey }) => (agentKey === 'tech' ? { status: 400 } : { chunks: ['Fine.'] }))
  await send(page, 'Speak')
  await ended(page)
  await page.getByText('The model could not be reached or failed').waitFor()
  expect(await page.locator('.words').getByText('Fine.').count()).toBe(2)
  expect(await page.getByText('[[agent_error]]').count()).toBe(0)
})

test.for(WIDTHS)('one agent alone answers in a direct chat, and the turn tells its calls, at %s', async ([, viewport]) => {
  const { page, council } = await seated(stage, 'jan', 'manual', viewport)
  stage.endpoint.reply({ chunks: ['Directly.'] })
  await page.goto(`/agents/${council.agents.market}/chat`)
  await send(page, 'Hello')
  await ended(page)
  await page.getByRole('button', { name: 'Details of turn 1' }).click()
  await page.getByRole('dialog', { name: 'Turn details' }).getByRole('cell', { name: 'deepseek' }).waitFor()
})

test.for(WIDTHS)('a token that has ended is renewed in silence, at %s', async ([, viewport]) => {
  const { page } = await stage.seat('kim', viewport)
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
