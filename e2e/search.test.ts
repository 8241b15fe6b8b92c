import { afterEach, describe, expect, test } from 'vitest'
import { newCouncil, newDirectChat } from '../test/council.ts'
import { DESKTOP, menuOf, PHONE, useStage } from './stage.ts'

const stage = await useStage()

afterEach(() => expect(stage.complaints.splice(0)).toEqual([]))

/** A conversation in which something was said once, long ago. */
async function longTalk(name: string, viewport = DESKTOP) {
  const visitor = await stage.visitor(name, { viewport })
  const council = await newCouncil(visitor.client, 'roundtable', [{ key: 'market', name: 'Market analyst' }])
  const paragraph = 'Clinics decide in weeks, insurers in quarters.\n\n'.repeat(12)
  const turns = []
  for (let turn = 1; turn <= 8; turn += 1) {
    stage.endpoint.reply({ chunks: [turn === 2 ? `${paragraph}The pomegranate costs 41 dollars.` : paragraph] })
    turns.push((await visitor.client.post(council.turns, { message: `Question ${turn}` })).body.id)
  }
  return { ...visitor, council, turns }
}

describe.each([
  ['a desktop', 'ann', DESKTOP],
  ['a phone', 'ben', PHONE],
])('on %s', (_, name, viewport) => {
  test('what was said is found by its words and leads to its turn, also after a reload', async () => {
    const { page } = await longTalk(name, viewport)
    await page.goto('/')
    await page.getByRole('heading', { name: 'Your rooms' }).waitFor()
    await page.keyboard.press('Control+k')
    await page.getByLabel('Find in your conversations').fill('pomegranate dollars')
    await page.getByText('1 message', { exact: true }).waitFor()
    const finding = page.getByRole('list', { name: 'Found messages' }).getByRole('link')
    expect(await finding.innerText()).toContain('Market analyst')
    expect(await finding.locator('mark').allInnerTexts()).toEqual(['pomegranate', 'dollars'])
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(viewport.width)
    await finding.click()
    for (const again of [false, true]) {
      if (again) await page.reload()
      const turn = page.getByRole('article', { name: 'Turn 2' })
      await turn.getByText('Question 2').waitFor()
      const top = async () => (await turn.boundingBox())!.y - (await page.locator('.timeline').boundingBox())!.y
      await expect.poll(top).toBeGreaterThan(-5)
      expect(await top()).toBeLessThan(80)
      expect(await page.locator('.timeline-row.found').count()).toBe(1)
    }
    // A new message brings the reader to the end, as ever.
    stage.endpoint.reply({ chunks: ['Gladly.'] })
    await page.getByLabel('Your message').fill('Go on')
    await page.getByRole('button', { name: 'Send' }).click()
    const answer = page.getByRole('article', { name: 'Turn 9' }).getByText('Gladly.')
    await expect.poll(async () => ((await answer.boundingBox())?.y ?? viewport.height) < viewport.height - 40).toBe(true)
  })
})

test('a direct chat is found too; what nobody said is answered with what to try', async () => {
  const { page, client } = await stage.visitor('cia')
  const chat = await newDirectChat(client, { key: 'solo', name: 'Solo' })
  stage.endpoint.reply({ chunks: ['A quince is no pear.'] })
  await client.post(chat.turns, { message: 'Which fruit?' })
  await page.goto('/search?q=kumquat')
  await page.getByText('Nothing was found. Try fewer words').waitFor()
  await page.getByLabel('Find in your conversations').fill('"no pear" -kumquat')
  await page.getByText('Chat with Solo').click()
  await page.waitForURL(/\/agents\/.*\/chat\?session=.*&turn=/)
  await page.getByText('A quince is no pear.').waitFor()
})

test('the field and the address say the same, whichever of them changes', async () => {
  const { page, client } = await stage.visitor('eve')
  const chat = await newDirectChat(client, { key: 'solo', name: 'Solo' })
  stage.endpoint.reply({ chunks: ['Room 007 costs 1e3 dollars, a quince no pear.'] })
  await client.post(chat.turns, { message: 'Which room?' })
  const field = page.getByLabel('Find in your conversations')
  for (const query of ['"no pear"', '007', '1e3', 'true']) {
    await page.goto(`/search?q=${encodeURIComponent(query)}`)
    await field.waitFor()
    expect(await field.inputValue()).toBe(query)
    await page.getByText(query === 'true' ? 'Nothing was found' : '1 message').waitFor()
  }
  await page.goto('/search?q=quince')
  await page.getByText('1 message').click()
  await page.keyboard.press('Control+k')
  expect(await field.evaluate((input: HTMLInputElement) => [input === document.activeElement, input.selectionEnd])).toEqual([true, 6])
  await page.keyboard.type('kumquat')
  await page.waitForURL('**/search?q=kumquat')
  await page.getByText('Nothing was found').waitFor()
  const menu = await menuOf(page)
  await menu.getByRole('link', { name: 'Search' }).click()
  await expect.poll(() => field.inputValue()).toBe('')
  await page.goBack()
  await expect.poll(() => field.inputValue()).toBe('kumquat')
})

test('a found turn that another one has replaced is unfolded', async () => {
  const { page, client } = await stage.visitor('fay')
  const chat = await newDirectChat(client, { key: 'solo', name: 'Solo' })
  stage.endpoint.reply({ chunks: ['The medlar is ripe.'] })
  const first = await client.post(chat.turns, { message: 'Which fruit?' })
  stage.endpoint.reply({ chunks: ['None is.'] })
  expect((await client.post(`${chat.turns}/${first.body.id}/regenerate`)).status).toBe(201)
  await page.goto('/search?q=medlar')
  await page.getByRole('list', { name: 'Found messages' }).getByRole('link').click()
  const turn = page.getByRole('article', { name: 'Turn 1' })
  await turn.getByText('The medlar is ripe.').waitFor()
  await turn.getByRole('button', { name: 'Fold' }).click()
  await turn.getByText('The medlar is ripe.').waitFor({ state: 'detached' })
})

test('nobody finds what somebody else said', async () => {
  const { page } = await stage.visitor('dan')
  await page.goto('/search?q=quince')
  await page.getByText('Nothing was found').waitFor()
})
