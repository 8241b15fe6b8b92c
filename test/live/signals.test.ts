import { afterAll, expect, test } from 'vitest'
import { startChildProgram } from '../child-program.ts'
import { newDirectChat } from '../council.ts'
import { useTestDatabase } from '../database.ts'
import { startModelEndpoint } from '../model-endpoint.ts'
import { type Client, createClient, tokenFor } from '../program.ts'

// What is said to one server process holds on the other, by the database's own notifications. The promise is a second, which the long form
// holds it to; a loaded machine may take longer over everything.
const PROMISED_MS = process.env.PANTHEON_LONG ? 1_000 : 10_000

const database = await useTestDatabase()
const endpoint = await startModelEndpoint()
const environment = {
  DATABASE_URL: database.url,
  OPENROUTER_BASE_URL: endpoint.url,
  ADMIN_USER_IDS: 'owner-id',
  RATE_LIMIT_TURNS_PER_MINUTE: '100000',
  RATE_LIMIT_TURNS_PER_HOUR: '100000',
}
const [here, there] = await Promise.all([startChildProgram(environment), startChildProgram(environment)])
afterAll(() => endpoint.close())

/** The same user at both. */
async function atBoth(name: string): Promise<[Client, Client]> {
  const token = await tokenFor(`${name}-id`, `${name}@example.com`)
  const clients: [Client, Client] = [createClient(here.address, `${name}-id`, token), createClient(there.address, `${name}-id`, token)]
  for (const client of clients) await client.get('/auth/me')
  return clients
}

const [owner] = await atBoth('owner')

/** Asks until it is so; answers how long that took. */
async function until(isSo: () => Promise<boolean>): Promise<number> {
  const start = performance.now()
  await expect.poll(isSo, { timeout: 20_000, interval: 10 }).toBe(true)
  return performance.now() - start
}

test('a cancel at one process reaches the socket to the provider in the other', async () => {
  const [ada, elsewhere] = await atBoth('ada')
  const { turns } = await newDirectChat(ada, { key: 'endless' })
  endpoint.reply({ chunks: Array(2000).fill('on '), betweenMs: 20 })
  const stream = await ada.stream(`${turns}/stream`, { message: 'Endless.' })
  const events = stream.events()
  await events.next()
  const turnId = stream.headers.get('x-turn-id')!
  const cancelledAt = Date.now()
  expect((await elsewhere.post(`${turns}/${turnId}/cancel`)).status).toBe(202)
  await expect.poll(() => endpoint.requests.at(-1)!.closedEarlyAt, { timeout: 20_000 }).not.toBeNull()
  expect(endpoint.requests.at(-1)!.closedEarlyAt! - cancelledAt).toBeLessThan(PROMISED_MS)
  const rest = await Array.fromAsync(events)
  expect(rest.at(-1)!.data).toMatchObject({ type: 'done', status: 'cancelled' })
  expect((await elsewhere.post(`${turns}/${turnId}/cancel`)).status).toBe(202)
})

test('the switch of enforcement at one process refuses at the other', async () => {
  const [poor, elsewhere] = await atBoth('poor')
  await database.pool.query('update credit_wallets set balance = 0 where user_id = $1', [poor.userId])
  const { turns } = await newDirectChat(poor, { key: 'poor' })
  endpoint.reply({ chunks: ['ok'] })
  const statusThere = async () => (await elsewhere.post(turns, { message: 'Go.' })).status
  expect(await statusThere()).toBe(201)
  await owner.send('PATCH', '/admin/settings/enforcement', { enabled: true })
  expect(await until(async () => (await statusThere()) === 402)).toBeLessThan(PROMISED_MS)
  await owner.send('DELETE', '/admin/settings/enforcement')
  expect(await until(async () => (await statusThere()) === 201)).toBeLessThan(PROMISED_MS)
})

test('a price that is set at one process bills at the other', async () => {
  const [ada, elsewhere] = await atBoth('price')
  const { turns } = await newDirectChat(ada, { key: 'price' })
  endpoint.reply({ chunks: ['ok'], usage: { fresh: 0, output: 1000 } })
  const creditsThere = async () => (await elsewhere.post(turns, { message: 'Go.' })).body.credits_burned
  expect(await creditsThere()).toBe('0.1')
  const set = await owner.send('PATCH', '/admin/pricing/deepseek', { multiplier: 2, pricing_version: '2026-02-20' })
  expect(set.status).toBe(200)
  expect(await until(async () => (await creditsThere()) === '0.2')).toBeLessThan(PROMISED_MS)
})

test('whoever is suspended at one process is refused at the other, and cut off from an open stream there', async () => {
  const [mia, elsewhere] = await atBoth('mia')
  const { turns } = await newDirectChat(mia, { key: 'mia' })
  endpoint.reply({ chunks: Array(300).fill('on '), betweenMs: 50 })
  const reading = elsewhere.stream(`${turns}/stream`, { message: 'Go.' }).then(stream => stream.all())
  const ended = reading.then(
    () => 'ended',
    () => 'cut',
  )
  await expect.poll(() => endpoint.requests.at(-1)!.closedEarlyAt).toBeNull()
  await owner.send('PATCH', `/admin/users/${mia.userId}`, { suspended: true })
  expect(await until(async () => (await elsewhere.get('/users/me/wallet')).status === 403)).toBeLessThan(PROMISED_MS)
  expect(await ended).toBe('cut')
})
