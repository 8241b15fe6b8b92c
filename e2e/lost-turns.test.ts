import type { Page, Route } from 'playwright-core'
import { afterEach, expect, test } from 'vitest'
import { startSeverableProxy } from '../test/severable-proxy.ts'
import { ended, seated, send } from './council-room.ts'
import { DESKTOP, PASSWORD, PHONE, useStage, WIDTHS } from './stage.ts'

const stage = await useStage()
const owner = await stage.visitor('owner')
const words = (count: number) => Array.from({ length: count }, (_, at) => `w${at} `)

afterEach(() => expect(stage.complaints.splice(0)).toEqual([]))

const JOIN = /\/turns\/[^/]+\/stream/
const TURN = /\/turns\/[0-9a-f-]{36}$/

const refusal = (status: number, code: string, detail: string) => (route: Route) =>
  route.fulfill({ status, contentType: 'application/problem+json', json: { status, code, detail, trace_id: 't' } })
const NOT_FOUND = refusal(404, 'not_found', 'Turn not found.')
const UNSIGNED = refusal(401, 'unauthenticated', 'Invalid or expired token.')

/** A conversation in the middle of a turn, whose connection can be cut. */
async function inTheMiddle(name: string, { viewport = DESKTOP, length = 60 } = {}) {
  const visitor = await seated(stage, name, 'roundtable', viewport)
  const way = await startSeverableProxy(stage.address)
  stage.endpoint.reply({ chunks: words(length), betweenMs: 20 })
  await visitor.page.goto(new URL(`/rooms/${visitor.council.roomId}`, way.url).href)
  await send(visitor.page, 'Go')
  await visitor.page.locator('.step').first().getByText('w3 ').waitFor()
  const cut = async () => {
    way.sever()
    await visitor.page.getByText('The connection is lost; looking for the turn again').waitFor()
    await way.mend()
  }
  return { ...visitor, way, cut }
}

/** Gives how often the page has tried to join since. */
async function refuseFirstJoin(page: Page, refuse: (route: Route) => Promise<void>): Promise<() => number> {
  let joins = 0
  await page.route(JOIN, route => (joins++ === 0 ? refuse(route) : route.continue()))
  return () => joins
}

async function complete(page: Page): Promise<void> {
  await ended(page)
  for (const step of await page.locator('.step .words').all()) expect((await step.innerText()).trim()).toBe(words(60).join('').trim())
}

test('a stream that one replica does not find is looked for again when the turn is there', async () => {
  const { page, way, cut } = await inTheMiddle('ann')
  const joins = await refuseFirstJoin(page, NOT_FOUND)
  await cut()
  await complete(page)
  expect(joins()).toBeGreaterThan(1)
  way.close()
})

test.for(WIDTHS)('a turn that is gone is given up with words, and its session is free again, at %s', async ([, viewport]) => {
  const { page, client, council, way, cut } = await inTheMiddle('ben', { viewport, length: 2_000 })
  await page.route(JOIN, NOT_FOUND)
  await page.route(TURN, NOT_FOUND)
  await cut()
  const turn = page.getByRole('article').first()
  await turn.getByRole('alert').getByText('Turn not found. It was deleted, or the server has lost it.').waitFor()
  expect(await page.getByRole('button', { name: 'Stop' }).count()).toBe(0)
  expect(await page.getByRole('button', { name: /^Details/ }).count()).toBe(0)
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(viewport.width)
  const running = (await client.get(`/sessions/${council.sessionId}`)).body.running_turn_id
  expect((await client.post(`${council.turns}/${running}/cancel`)).status).toBe(202)
  await expect.poll(async () => (await client.get(council.turns)).body.total).toBe(1)

  await page.unroute(JOIN)
  await page.unroute(TURN)
  stage.endpoint.reply({ chunks: ['Here again.'] })
  await send(page, 'Once more')
  await ended(page, 2)
  // What the server has of the first one after all is shown in its place.
  await ended(page, 1)
  await page.getByText('Turn not found.').waitFor({ state: 'detached' })
  way.close()
})

test('who is suspended in the middle of a turn is told so; when that is over the session is free', async () => {
  const { page, client, council, way } = await inTheMiddle('cia', { length: 2_000 })
  const suspend = (suspended: boolean) => owner.client.send('PATCH', `/admin/users/${client.userId}`, { suspended })
  stage.endpoint.reply({ chunks: ['Here again.'] })
  expect((await suspend(true)).status).toBe(200)
  await page.getByRole('article').first().getByText('What came until then is shown; the rest cannot be followed.').waitFor()
  expect((await suspend(false)).status).toBe(200)
  await expect.poll(async () => (await client.get('/agents')).status).toBe(200)
  await page.getByRole('button', { name: 'Stop' }).waitFor({ state: 'detached' })
  const running = (await client.get(`/sessions/${council.sessionId}`)).body.running_turn_id
  expect((await client.post(`${council.turns}/${running}/cancel`)).status).toBe(202)
  await expect.poll(async () => (await client.get(council.turns)).body.total).toBe(1)
  await send(page, 'Back')
  await ended(page, 2)
  way.close()
})

test('a token that ends in the middle of a turn is renewed, and the turn goes on', async () => {
  const { page, way, cut } = await inTheMiddle('dan')
  const joins = await refuseFirstJoin(page, UNSIGNED)
  await cut()
  await complete(page)
  expect(joins()).toBeGreaterThan(1)
  expect(page.url()).toContain('/rooms/')
  way.close()
})

test('who is signed out in the middle of a turn finds it again after the next sign-in', async () => {
  const { page, context, way, cut } = await inTheMiddle('eve', { viewport: PHONE })
  await context.clearCookies()
  await page.route(JOIN, UNSIGNED)
  await cut()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await page.unroute(JOIN)
  // The way that can be cut has a port of its own, from which the server takes no sign-in.
  await page.route('**/api/auth/sign-in/email', async route => {
    const headers = { ...route.request().headers(), origin: stage.address }
    await route.fulfill({ response: await route.fetch({ headers }) })
  })
  await page.getByLabel('E-mail').fill('eve@example.org')
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await complete(page)
  expect(await page.getByRole('button', { name: 'Stop' }).count()).toBe(0)
  way.close()
})
