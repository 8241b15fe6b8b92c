import { afterEach, expect, test } from 'vitest'
import { startSeverableProxy } from '../test/severable-proxy.ts'
import { ended, seated, send } from './council-room.ts'
import { manager, useStage, WIDTHS } from './stage.ts'

const stage = await useStage()
const words = (count: number) => Array.from({ length: count }, (_, at) => `w${at} `)

afterEach(() => expect(stage.complaints.splice(0)).toEqual([]))

test.for(WIDTHS)(
  'parallel specialists stream side by side; after a reload in the middle the page shows what it missed, at %s',
  async ([, viewport]) => {
    const { page } = await seated(stage, 'ann', 'orchestrator', viewport)
    stage.endpoint.reply(
      manager(['market', 'tech'], key => ({ chunks: key === 'manager' ? ['All ', 'in all.'] : words(120), betweenMs: 25 })),
    )
    await send(page, 'What now?')
    const columns = page.locator('.round .step')
    await expect.poll(() => columns.count(), { timeout: 10_000 }).toBe(2)
    const [one, two] = [await columns.nth(0).boundingBox(), await columns.nth(1).boundingBox()]
    // Side by side where there is room, one below the other where there is none.
    if (viewport.width > 560) expect([two!.y, two!.x > one!.x]).toEqual([one!.y, true])
    else expect([two!.x, two!.y > one!.y]).toEqual([one!.x, true])
    await columns.nth(1).getByText('w3 ').waitFor()

    await page.reload()
    await columns.nth(1).getByText('w3 ').waitFor()
    expect(await page.getByRole('button', { name: 'Stop' }).isVisible()).toBe(true)
    await page.getByLabel('Synthesis').getByText('All in all.').waitFor({ timeout: 20_000 })
    await ended(page)
    expect((await columns.nth(0).locator('.words').innerText()).trim()).toBe(words(120).join('').trim())
  },
)

test.for(WIDTHS)('a lost connection is found again, and nothing is missing, at %s', { timeout: 60_000 }, async ([, viewport]) => {
  const { page, council } = await seated(stage, 'ben', 'roundtable', viewport)
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
})

test.for(WIDTHS)('stop ends a turn and keeps what was said, at %s', async ([, viewport]) => {
  const { page } = await seated(stage, 'cia', 'roundtable', viewport)
  stage.endpoint.reply({ chunks: words(2_000), betweenMs: 20 })
  await send(page, 'Go on and on')
  await page.locator('.step').first().getByText('w5 ').waitFor()
  await page.getByRole('button', { name: 'Stop' }).click()
  await page.getByText('Stopped. What was said until then is kept').waitFor()
  expect(await page.locator('.step .words').first().innerText()).toContain('w5')
})

test.for(WIDTHS)(
  'a mode switched during a turn says that it applies on the next send, and does, at %s',
  { timeout: 60_000 },
  async ([, viewport]) => {
    const { page } = await seated(stage, 'fay', 'roundtable', viewport)
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
  },
)

test.for(WIDTHS)(
  'a turn that another tab started is shown, and a second message is refused without losing it, at %s',
  { timeout: 60_000 },
  async ([, viewport]) => {
    const { page, client, council } = await seated(stage, 'gus', 'roundtable', viewport)
    stage.endpoint.reply({ chunks: words(150), betweenMs: 20 })
    const other = await client.stream(`${council.turns}/stream`, { message: 'From elsewhere', events: 'detailed' })
    await send(page, 'Mine')
    await page.getByText('still answering').waitFor()
    expect(await page.getByLabel('Your message').inputValue()).toBe('Mine')
    await page.getByText('From elsewhere').waitFor()
    await page.locator('.step').first().getByText('w9 ').waitFor()
    await page.getByRole('button', { name: 'Stop' }).click()
    await other.all()
  },
)

test('a limit that ended a turn is said when it is read again, too', async () => {
  const { page, client, council } = await seated(stage, 'ida', 'roundtable', WIDTHS[0][1])
  stage.endpoint.reply(({ body }) => ({ chunks: ['said'], usage: { fresh: 200, output: body.max_tokens! } }))
  expect((await client.post(council.turns, { message: 'Go', max_credits: '0.3' })).status).toBe(201)
  await page.reload()
  await page.getByText('This turn reached its limit of credits.').waitFor()
})
