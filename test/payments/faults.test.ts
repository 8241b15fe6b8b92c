import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import Fastify from 'fastify'
import { serializerCompiler } from 'fastify-type-provider-zod'
import { pino } from 'pino'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { answerErrors } from '../../server/http/errors.ts'
import { stripeWebhookRoutes } from '../../server/http/stripe-webhook.ts'
import type { ServingProgram } from '../../server/program/serve.ts'
import type { Database } from '../../server/store/database.ts'
import type { TestDatabase } from '../database.ts'
import { startProgram } from '../program.ts'
import { brokenBalances, brokenTopUps, deliverTo, usePayingProgram } from './paying-program.ts'

const program = await usePayingProgram()
const { stripe, deliver } = program

afterEach(async () => {
  expect(await brokenBalances(program)).toEqual([])
  expect(await brokenTopUps(program)).toEqual([])
})

/** Stands between a program and its database, so that the database can be away. */
async function startDatabaseProxy({ config, url }: TestDatabase) {
  const sockets = new Set<Socket>()
  const target = config.host!.startsWith('/')
    ? { path: `${config.host}/.s.PGSQL.${config.port}` }
    : { host: config.host!, port: config.port! }
  const server = createServer(client => {
    const upstream = connect(target as { host: string; port: number })
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => sockets.delete(socket))
    }
    client.pipe(upstream).on('close', () => client.destroy())
    upstream.pipe(client).on('close', () => upstream.destroy())
  })
  const listen = (port: number) => new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  await listen(0)
  const { port } = server.address() as { port: number }
  const through = new URL(url.replace(/@[^/]*\//, '@placeholder/'))
  through.host = `127.0.0.1:${port}`
  return {
    url: through.href,
    cut() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
    restore: () => listen(port),
  }
}

describe('while the database is away', () => {
  test('an event is answered 503 and not lost, and an unsigned one is refused all the same', async () => {
    const proxy = await startDatabaseProxy(program.database)
    const cut = await startProgram({
      DATABASE_URL: proxy.url,
      STRIPE_SECRET_KEY: stripe.secretKey,
      STRIPE_WEBHOOK_SECRET: stripe.webhookSecret,
      STRIPE_API_BASE: stripe.url,
    })
    afterAll(() => endOf(cut))
    const ada = await program.user('away')
    const intent = await program.order(ada, '10')
    const event = stripe.succeeded(intent)
    proxy.cut()
    const answer = await deliverTo(cut.address, event)
    expect(answer).toMatchObject({ status: 503, body: { code: 'unavailable' } })
    expect(answer.headers.get('retry-after')).toBe('5')
    const forged = stripe.succeeded(intent, {}, { secrets: ['whsec_of_somebody_else'] })
    expect(await deliverTo(cut.address, forged)).toMatchObject({ status: 400, body: { code: 'invalid_signature' } })
    expect(await program.balanceOf(ada)).toBe('0')
    await proxy.restore()
    expect(await deliverTo(cut.address, event)).toMatchObject({ status: 200, body: { status: 'ok' } })
    expect(await program.balanceOf(ada)).toBe('333.3')
    proxy.cut()
  })

  const endOf = (cut: ServingProgram) => cut.stop().catch(() => undefined)
})

test('a connection that dies in the middle of a grant leaves nothing of it, and the next delivery grants once', async () => {
  const ada = await program.user('torn')
  const intent = await program.order(ada, '10')
  const event = stripe.succeeded(intent)
  const holder = await program.database.pool.connect()
  try {
    await holder.query('begin')
    await holder.query('select 1 from credit_wallets where user_id = $1 for update', [ada.userId])
    const torn = deliver(event)
    await endWaiting()
    expect(await torn).toMatchObject({ status: 503, body: { code: 'unavailable' } })
  } finally {
    await holder.query('rollback')
    holder.release()
  }
  expect(await program.ledgerOf(ada)).toEqual([])
  expect((await ada.get('/users/me/top-ups')).body.top_ups[0].state).toBe('pending')
  expect(await deliver(event)).toMatchObject({ status: 200, body: { status: 'ok' } })
  expect(await program.ledgerOf(ada)).toEqual(['grant 333.3'])
})

/** Ends the one connection that waits for a lock, once there is one. */
async function endWaiting(): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt += 1) {
    const { rowCount } = await program.database.pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    )
    if (rowCount === 1) return
    await sleep(25)
  }
  throw new Error('nothing waits for a lock')
}

test('a flood from one address is refused before it is read, and tells when to come again', async () => {
  const app = Fastify()
  app.setSerializerCompiler(serializerCompiler)
  answerErrors(app)
  app.register(async scope => stripeWebhookRoutes(scope, { database: {} as Database, payments: null, log: pino({ level: 'silent' }) }))
  const statuses = new Map<number, number>()
  for (let count = 0; count < 6_010; count += 1) {
    const { statusCode } = await app.inject({ method: 'POST', url: '/webhooks/stripe', payload: '{}' })
    statuses.set(statusCode, (statuses.get(statusCode) ?? 0) + 1)
  }
  expect(Object.fromEntries(statuses)).toEqual({ 503: 6_000, 429: 10 })
  const refused = await app.inject({ method: 'POST', url: '/webhooks/stripe', payload: '{}' })
  expect(refused.json()).toMatchObject({ code: 'rate_limited', detail: 'rate limit exceeded' })
  expect(refused.headers['retry-after']).toBe(String(refused.json().retry_after_seconds))
  const other = await app.inject({ method: 'POST', url: '/webhooks/stripe', payload: '{}', remoteAddress: '192.0.2.7' })
  expect(other.statusCode).toBe(503)
})
