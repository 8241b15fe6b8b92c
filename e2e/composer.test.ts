import { afterEach, expect, test } from 'vitest'
import { newAgent } from '../test/council.ts'
import { ended, seated, send } from './council-room.ts'
import { DESKTOP, useStage, WIDTHS } from './stage.ts'

const stage = await useStage()

afterEach(() => expect(stage.complaints.splice(0)).toEqual([]))

const SENDING = /\/turns\/stream$/

test.for(WIDTHS)('what is typed while a message is being sent stays, at %s', async ([, viewport]) => {
  const { page } = await seated(stage, 'ann', 'roundtable', viewport)
  stage.endpoint.reply({ chunks: ['Yes.'] })
  const message = page.getByLabel('Your message')
  for (const [turn, typed, left] of [
    [1, 'First and then', 'and then'],
    [2, 'Something else', 'Something else'],
    [3, 'First', ''],
  ] as const) {
    const held = Promise.withResolvers<void>()
    await page.route(SENDING, async route => {
      await held.promise
      await route.continue()
    })
    await send(page, 'First')
    const stop = page.getByRole('button', { name: 'Stop' })
    await stop.waitFor()
    expect(await stop.isDisabled()).toBe(true)
    await message.fill(typed)
    held.resolve()
    await ended(page, turn)
    expect(await message.inputValue()).toBe(left)
    await page.unroute(SENDING)
  }
})

test('what is typed while the first message of a room is being sent is carried into its session', async () => {
  const { page, client } = await stage.visitor('ben')
  const room = await client.post('/rooms', { name: 'New', current_mode: 'roundtable' })
  await client.post(`/rooms/${room.body.id}/agents`, { agent_id: await newAgent(client, { key: 'one' }) })
  stage.endpoint.reply({ chunks: ['Yes.'] })
  await page.goto(`/rooms/${room.body.id}`)
  const held = Promise.withResolvers<void>()
  await page.route(SENDING, async route => {
    await held.promise
    await route.continue()
  })
  await send(page, 'First')
  await page.getByLabel('Your message').fill('First and a second thought')
  held.resolve()
  await ended(page)
  expect(page.url()).toContain('?session=')
  expect(await page.getByLabel('Your message').inputValue()).toBe('and a second thought')
})

test('a message whose answer was lost, sent again with the same words, is taken once', { timeout: 60_000 }, async () => {
  const { page, client, council } = await seated(stage, 'cia', 'manual', DESKTOP)
  stage.endpoint.reply({ chunks: ['Once.'] })
  const before = stage.endpoint.requests.length
  const keys = new Set<string | undefined>()
  await page.route(SENDING, async route => {
    keys.add(route.request().headers()['idempotency-key'])
    if (keys.size === 1 && stage.endpoint.requests.length === before) await route.fetch()
    await route.abort()
  })
  await send(page, '@tech once')
  await page.getByText('The server cannot be reached.').waitFor({ timeout: 20_000 })
  expect(await page.getByLabel('Your message').inputValue()).toBe('@tech once')
  await page.unroute(SENDING)
  await page.getByRole('button', { name: 'Send' }).click()
  await ended(page)
  await page.locator('.step').getByText('Once.').waitFor()
  expect(await page.getByRole('article').count()).toBe(1)
  expect((await client.get(council.turns)).body.total).toBe(1)
  expect(stage.endpoint.requests.length).toBe(before + 1)

  // The same words once more are another message.
  await send(page, '@tech once')
  await ended(page, 2)
  expect((await client.get(council.turns)).body.total).toBe(2)
})

test.for(WIDTHS)(
  'why a first message was refused is said though its session could not be deleted, and the next try uses it, at %s',
  async ([, viewport]) => {
    const { page, client } = await stage.seat('dan', viewport)
    const known = (await client.get('/agents')).body.agents
    const agent = known[0]?.id ?? (await newAgent(client, { key: 'tech' }))
    const room = await client.post('/rooms', { name: 'New', current_mode: 'manual' })
    await client.post(`/rooms/${room.body.id}/agents`, { agent_id: agent })
    stage.endpoint.reply({ chunks: ['Yes.'] })
    await page.goto(`/rooms/${room.body.id}`)
    await page.route(/\/sessions\/[^/]+$/, route => (route.request().method() === 'DELETE' ? route.abort() : route.continue()))
    await send(page, 'Nobody in particular')
    await page.getByText('In manual mode, say who should answer').waitFor()
    await send(page, '@tech you')
    await ended(page)
    expect((await client.get(`/rooms/${room.body.id}/sessions`)).body).toHaveLength(1)
  },
)
