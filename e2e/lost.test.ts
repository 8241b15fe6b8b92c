import { afterEach, expect, test } from 'vitest'
import { DESKTOP, PHONE, sideOf, useStage } from './stage.ts'

const stage = await useStage({ withDemo: true })

afterEach(() => expect(stage.complaints.splice(0)).toEqual([]))

test.each([DESKTOP, PHONE])('an address that does not exist is said to be none, with a way home: $width px', async viewport => {
  const { page } = await stage.visitor(`ann-${viewport.width}`, { viewport })
  for (const path of ['/nowhere', '/rooms', '/admin/nowhere']) {
    const answer = await page.goto(path)
    expect(answer!.status(), path).toBe(404)
    await page.getByRole('heading', { name: 'There is nothing here' }).waitFor()
  }
  await page.goto(`/rooms/${crypto.randomUUID()}`)
  await page.getByRole('heading', { name: 'There is nothing here' }).waitFor()
  await page.getByRole('link', { name: 'To your rooms' }).click()
  await page.getByRole('heading', { name: 'Your rooms' }).waitFor()
})

test('programs are told by a problem, whatever they accept below /api', async () => {
  for (const [path, accept] of [
    ['/nowhere', 'application/json'],
    ['/nowhere', '*/*'],
    ['/api/v1/nowhere', 'text/html'],
    ['/api/nowhere', 'text/html'],
  ] as const) {
    const answer = await fetch(stage.address + path, { headers: { accept } })
    expect(answer.status, path).toBe(404)
    expect(answer.headers.get('content-type'), `${path} ${accept}`).toContain('application/problem+json')
  }
  expect((await fetch(`${stage.address}/nowhere`, { method: 'POST', headers: { accept: 'text/html' } })).status).toBe(404)
})

test.each([DESKTOP, PHONE])('who is offline is told so, keeps what was typed, and is back by themselves: $width px', async viewport => {
  const { page, context } = await stage.visitor(`ben-${viewport.width}`, { viewport })
  await page.goto('/')
  await page.getByRole('button', { name: /^Red team/ }).click()
  await page.getByLabel('Your message').fill('@sceptic half a thought')
  await context.setOffline(true)
  await page.getByText('You are offline.').waitFor()
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(viewport.width)
  await page.getByRole('button', { name: 'Send' }).click()
  await page.getByText('The connection is lost').waitFor()
  await context.setOffline(false)
  await page.getByText('You are offline.').waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'Details of turn 1' }).waitFor()
  expect(await page.getByRole('article').count()).toBe(1)
  expect(await page.getByLabel('Your message').inputValue()).toBe('')
})

test.each([DESKTOP, PHONE])(
  'a conversation that is not there is said to be none; another one is not opened for it: $width px',
  async viewport => {
    const { page, client } = await stage.seat('dan', viewport)
    const { body: room } = await client.post('/rooms', { name: 'Council', current_mode: 'manual' })
    const { body: session } = await client.post(`/rooms/${room.id}/sessions`)
    await page.goto(`/rooms/${room.id}?session=${crypto.randomUUID()}`)
    await page.getByText('This conversation is not here').waitFor()
    expect(await page.getByLabel('Your message').count()).toBe(0)
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(viewport.width)
    await (await sideOf(page)).getByRole('link', { name: 'New session' }).click()
    await page.waitForURL(`**?session=${session.id}`)
    await page.getByLabel('Your message').waitFor()
  },
)

test('a conversation that the list does not hold any more is opened by its address', async () => {
  const { page, client } = await stage.seat('dan', DESKTOP)
  const { body: room } = await client.post('/rooms', { name: 'Council', current_mode: 'manual' })
  const { body: session } = await client.post(`/rooms/${room.id}/sessions`)
  await page.route('**/rooms/*/sessions', route => route.fulfill({ json: [] }))
  await page.goto(`/rooms/${room.id}?session=${session.id}`)
  await page.getByLabel('Your message').waitFor()
})

test('sessions that could not be loaded are said so, with a way to try again', async () => {
  const { page, client } = await stage.seat('dan', DESKTOP)
  const { body: room } = await client.post('/rooms', { name: 'Council', current_mode: 'manual' })
  const problem = { status: 500, code: 'internal_error', detail: 'Something went wrong.', trace_id: 't' }
  await page.route('**/rooms/*/sessions', route => route.fulfill({ status: 500, json: problem }))
  await page.goto(`/rooms/${room.id}`)
  await page.getByRole('alert').getByText('Something went wrong.').waitFor()
  await page.unroute('**/rooms/*/sessions')
  await page.getByRole('button', { name: 'Try again' }).click()
  await page.getByLabel('Your message').waitFor()
})

test('a screen that is gone from the server after an update says to reload', async () => {
  const { page } = await stage.visitor('cia')
  await page.goto('/')
  await page.getByRole('heading', { name: 'Your rooms' }).waitFor()
  await page.route('**/assets/billing-screen-*.js', route => route.fulfill({ status: 404 }))
  await page.getByRole('link', { name: 'Usage and top-up' }).click()
  await page.getByRole('heading', { name: 'This screen could not be loaded' }).waitFor()
  expect(stage.complaints.splice(0).join()).toContain('dynamically imported module')
  await page.unroute('**/assets/billing-screen-*.js')
  await page.getByRole('button', { name: 'Reload the page' }).click()
  await page.getByRole('heading', { name: 'Balance' }).waitFor()
})
