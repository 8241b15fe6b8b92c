import { afterEach, expect, test } from 'vitest'
import { newCouncil } from '../test/council.ts'
import { ended, seated, send } from './council-room.ts'
import { focused, reach, unreached } from './keyboard.ts'
import { menuOf, PASSWORD, useStage, WIDTHS } from './stage.ts'

const stage = await useStage({ withDemo: true })

afterEach(() => expect(stage.complaints.splice(0)).toEqual([]))

test('from the sign-in to a council, its details and the sign-out by the keyboard alone', async () => {
  const { page } = await stage.visitor('kay')
  await page.context().clearCookies()
  await page.goto('/')
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await reach(page, /^E-mail/)
  await page.keyboard.type('kay@example.org')
  await reach(page, /^Password/)
  await page.keyboard.type(PASSWORD)
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Who should sit on your council?' }).waitFor()
  await page.getByRole('button', { name: /^Strategy council/, disabled: false }).waitFor()
  await reach(page, /^Strategy council/)
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'The council is seated' }).waitFor()
  await reach(page, /^Your message/)
  await page.keyboard.type('Clinics or insurers first?')
  await page.keyboard.press('Enter')
  await ended(page)
  await reach(page, /^Roundtable/)
  await page.keyboard.press('Space')
  await page.getByRole('button', { name: 'Roundtable', pressed: true }).waitFor()
  await reach(page, /^Details of turn 1/)
  await page.keyboard.press('Enter')
  await page.getByRole('table', { name: 'Model calls' }).waitFor()
  await page.keyboard.press('Escape')
  expect(await focused(page)).toMatch(/^Details of turn 1/)
  await reach(page, /^Sign out$/)
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
}, 90_000)

test.for(WIDTHS)('whatever can be used on any screen is reached by Tab, at %s', { timeout: 120_000 }, async ([, viewport]) => {
  const { page, client } = await stage.seat('lee', viewport)
  const known = (await client.get('/agents')).body.agents
  const council = known.length > 0 ? null : await newCouncil(client, 'orchestrator', [{ key: 'market', name: 'Market analyst' }])
  const roomId = council?.roomId ?? (await client.get('/rooms')).body[0].id
  const agentId = (await client.get('/agents')).body.agents[0].id
  const ofAgent = [`/agents/${agentId}`, `/agents/${agentId}/chat`]
  const paths = ['/', `/rooms/${roomId}`, '/agents', '/agents/new', ...ofAgent, '/billing', '/search?q=market', '/deleted', '/account']
  for (const path of paths) {
    await page.goto(path)
    await page.getByRole('heading', { level: 1 }).waitFor()
    await page.waitForLoadState('networkidle')
    expect(await unreached(page), path).toEqual([])
  }
})

test('the menu and the dialogs of a phone hold the focus, close on Escape, and give it back', async () => {
  const { page } = await seated(stage, 'max', 'roundtable', WIDTHS[1][1])
  for (const opener of ['Menu', 'Agents, files and sessions', 'Name and goal of this room']) {
    const button = page.getByRole('button', { name: opener })
    await button.focus()
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    for (let press = 0; press < 12; press += 1) {
      await page.keyboard.press('Tab')
      expect(
        await page.evaluate(() => document.activeElement === document.body || document.activeElement?.closest('dialog') !== null),
      ).toBe(true)
    }
    await page.keyboard.press('Escape')
    await page
      .getByRole('dialog')
      .waitFor({ state: 'detached' })
      .catch(() => undefined)
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe(opener)
  }
})

test('who has begun and what they said is announced politely, not every token', async () => {
  const { page } = await seated(stage, 'nia', 'roundtable', WIDTHS[0][1])
  await send(page, 'First')
  await ended(page)
  await page.evaluate(() => {
    const heard: string[] = []
    Object.assign(window, { heard })
    const region = document.querySelector('[aria-live="polite"][aria-atomic="true"]')!
    new MutationObserver(() => heard.push(region.textContent ?? '')).observe(region, {
      childList: true,
      characterData: true,
      subtree: true,
    })
  })
  await send(page, 'Say something')
  await ended(page, 2)
  const heard = await page.evaluate(() => (window as unknown as { heard: string[] }).heard)
  const all = heard.join('\n')
  for (const name of ['Market analyst', 'Architect', 'Risk assessor']) {
    expect(all).toContain(`${name} is answering.`)
    expect(all).toMatch(new RegExp(`${name} says: .+`))
  }
  // Three that begin, three that end; a token at a time would be dozens.
  expect(heard.length).toBeLessThanOrEqual(8)
  expect(await page.locator('[aria-live="assertive"]').count()).toBe(0)
})

test('on a phone the menu leads everywhere', async () => {
  const { page } = await stage.seat('lee', WIDTHS[1][1])
  await page.goto('/')
  await (await menuOf(page)).getByRole('link', { name: 'Usage and top-up' }).click()
  await page.getByRole('heading', { name: 'Balance' }).waitFor()
})
