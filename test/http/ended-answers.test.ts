import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import Fastify from 'fastify'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import type { Credential } from '../../server/domain/credential.ts'
import { cutEndedAnswers } from '../../server/http/ended-answers.ts'
import type { Database } from '../../server/store/database.ts'

afterEach(() => vi.useRealTimers())

/** A server that knows its caller only once it is told to, and asks a database that counts how often it was asked. */
async function startServer() {
  vi.useFakeTimers({ toFake: ['setInterval'] })
  let looks = 0
  const database = new Proxy({} as Database, {
    get() {
      looks += 1
      throw new Error('there is no database')
    },
  })
  const authenticated = Promise.withResolvers<void>()
  const app = Fastify()
  const credential: Credential = { kind: 'token', sessionId: null, issuedAt: 0 }
  app.addHook('onRequest', async request => {
    await authenticated.promise
    Object.assign(request, { caller: { userId: 'ada' }, credential })
  })
  cutEndedAnswers(app, { database })
  const arrived = Promise.withResolvers<void>()
  const answered = Promise.withResolvers<void>()
  app.get('/', async () => {
    arrived.resolve()
    await answered.promise
    return 'late'
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  onTestFinished(async () => {
    answered.resolve()
    await app.close()
  })
  const client = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
  const [socket] = (await once(app.server, 'connection')) as [NodeJS.Socket]
  client.on('error', () => {})
  const asked = once(app.server, 'request')
  client.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
  await asked
  return {
    authenticate: () => {
      authenticated.resolve()
      return arrived.promise
    },
    async leave() {
      const gone = once(socket, 'close')
      client.destroy()
      await gone
    },
    /** How often the database is asked in the minute to come. */
    async looksInAMinute() {
      const before = looks
      await vi.advanceTimersByTimeAsync(60_000)
      return looks - before
    },
  }
}

test('an answer under way is looked after until its reader leaves', async () => {
  const server = await startServer()
  await server.authenticate()
  expect(await server.looksInAMinute()).toBeGreaterThan(0)
  await server.leave()
  expect(await server.looksInAMinute()).toBe(0)
})

test('whoever left before they were known is not looked after for ever', async () => {
  const server = await startServer()
  await server.leave()
  await server.authenticate()
  expect(await server.looksInAMinute()).toBe(0)
})
