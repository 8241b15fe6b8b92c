import { afterEach, describe, expect, test } from 'vitest'
import { newCouncil } from '../test/council.ts'
import { DESKTOP, PHONE, useStage } from './stage.ts'

const stage = await useStage({ environment: { RATE_LIMIT_TURNS_PER_MINUTE: '5' } })

afterEach(() => expect(stage.complaints.splice(0)).toEqual([]))

describe.each([
  ['a desktop', 'ann', DESKTOP],
  ['a phone', 'ben', PHONE],
])('on %s', (_, name, viewport) => {
  test('the last turn is run again with another model; the old one is folded away, also after a reload', async () => {
    const { page, client } = await stage.visitor(name, { viewport })
    const council = await newCouncil(client, 'roundtable', [{ key: 'market', name: 'Market analyst' }])
    stage.endpoint.reply({ chunks: ['An earlier answer.'] })
    await client.post(council.turns, { message: 'First' })
    await page.goto(`/rooms/${council.roomId}`)
    stage.endpoint.reply({ chunks: ['A poor answer.'] })
    await page.getByLabel('Your message').fill('What now?')
    await page.getByRole('button', { name: 'Send' }).click()
    await page.getByRole('button', { name: 'Run again: turn 2' }).waitFor()
    expect(await page.getByRole('button', { name: /^Run again: turn/ }).count()).toBe(1)

    stage.endpoint.reply({ chunks: ['A better answer.'] })
    await page.getByRole('button', { name: 'Run again: turn 2' }).focus()
    await page.keyboard.press('Enter')
    const dialog = page.getByRole('dialog', { name: 'Run this message again' })
    await dialog.getByLabel('Answered by').selectOption('premium')
    await dialog.getByRole('button', { name: 'Run again' }).click()
    const [second, third] = [2, 3].map(index => page.getByRole('article', { name: `Turn ${index}` }))
    await third!.getByText('A better answer.').waitFor()
    await third!.getByText('What now?').waitFor()
    expect(stage.endpoint.requests.at(-1)!.body.model).toContain('gemini')
    expect(JSON.stringify(stage.endpoint.requests.at(-1)!.body.messages)).not.toContain('A poor answer.')
    await page.getByRole('button', { name: 'Run again: turn 3' }).waitFor()

    for (const again of [false, true]) {
      if (again) await page.reload()
      await second!.getByText('replaced by a newer run').waitFor()
      expect(await second!.getByText('A poor answer.').count()).toBe(0)
      await second!.getByRole('button', { name: 'Show' }).click()
      await second!.getByText('A poor answer.').waitFor()
      await second!.getByRole('button', { name: 'Fold' }).click()
      await second!.getByText('A poor answer.').waitFor({ state: 'detached' })
    }
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(viewport.width)
  })
})

test('turns stand in the order of the conversation, whoever began them, and the last one is run again', async () => {
  const { page, client } = await stage.visitor('dan')
  const council = await newCouncil(client, 'roundtable', [{ key: 'market' }])
  stage.endpoint.reply({ chunks: ['Yes.'] })
  await page.goto(`/rooms/${council.roomId}`)
  const say = async (message: string, turn: number) => {
    await page.getByLabel('Your message').fill(message)
    await page.getByRole('button', { name: 'Send' }).click()
    await page.getByRole('button', { name: `Run again: turn ${turn}` }).waitFor()
  }
  await say('First', 1)
  expect((await client.post(council.turns, { message: 'Second, from elsewhere' })).status).toBe(201)
  await say('Third', 3)
  const shown = () => page.getByRole('article').evaluateAll(turns => turns.map(turn => turn.getAttribute('aria-label')))
  await expect.poll(async () => (await shown()).toSorted()).toEqual(['Turn 1', 'Turn 2', 'Turn 3'])
  const tops = await Promise.all([1, 2, 3].map(async turn => (await page.getByRole('article', { name: `Turn ${turn}` }).boundingBox())!.y))
  expect(tops).toEqual(tops.toSorted((one, other) => one - other))
  expect(await page.getByRole('button', { name: /^Run again: turn/ }).count()).toBe(1)

  // Ended elsewhere and read from the history: the last turn is that one, not the last that this page has begun.
  expect((await client.post(council.turns, { message: 'Fourth, from elsewhere' })).status).toBe(201)
  await page.getByRole('link', { name: 'All rooms, new room…' }).click()
  await page.getByRole('heading', { name: 'Your rooms' }).waitFor()
  await page.clock.install()
  await page.clock.fastForward(20_000)
  await page.getByRole('list', { name: 'Rooms' }).getByRole('link').click()
  await page.getByRole('button', { name: 'Run again: turn 4' }).waitFor()
})

test('a refusal to run again is said in its place, and nothing is lost', async () => {
  const { page, client } = await stage.visitor('cia')
  const council = await newCouncil(client, 'roundtable', [{ key: 'market' }])
  stage.endpoint.reply({ chunks: ['Yes.'] })
  for (let turn = 1; turn <= 5; turn += 1) await client.post(council.turns, { message: `Question ${turn}` })
  await page.goto(`/rooms/${council.roomId}`)
  await page.getByRole('button', { name: 'Run again: turn 5' }).click()
  const dialog = page.getByRole('dialog', { name: 'Run this message again' })
  await dialog.getByRole('button', { name: 'Run again' }).click()
  await dialog.getByText(/You can send again in \d+ s/).waitFor()
  expect(await dialog.getByRole('button', { name: /^\d+ s$/ }).isDisabled()).toBe(true)
  await page.keyboard.press('Escape')
  await page.getByRole('article', { name: 'Turn 5' }).getByText('Yes.').waitFor()
})
