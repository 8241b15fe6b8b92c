import { once } from 'node:events'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createTestDatabase } from '../database.ts'
import { joinedText } from '../event-reader.ts'
import { discardAbandonedTrials, isServed, trialFolder } from '../store/embedded-trial.ts'
import { firstOwner, newConversation, type PantheonProcess, signIn, signUp, startPantheon } from './pantheon-process.ts'

await discardAbandonedTrials()

const dataOf = (folder: string) => path.join(folder, 'data')

describe('the first start', () => {
  test('says what is in force and what is switched off, and the second one finds it all', async () => {
    const folder = trialFolder()
    const first = startPantheon({ folder })
    const address = await first.address()
    expect((await fetch(`${address}/health`)).status).toBe(200)
    expect(first.said('api')).toBe(`${address}/api/docs`)
    expect((await fetch(first.said('api')!)).status).toBe(200)
    expect(first.said('database')).toBe('embedded PostgreSQL, new')
    expect(first.said('data')).toBe(dataOf(folder))
    expect(first.said('models')).toContain('demo model')
    expect(first.said('accounts')).toBe('local, sign-up open; the first account becomes owner')
    expect(first.said('credits')).toContain('enforcement off')
    expect(first.said('limits')).toContain('20 turns at once, 10 per minute and 60 per hour for each user')
    expect(first.said('switched off')).toContain('TAVILY_API_KEY')
    await firstOwner(address)
    expect(await first.end('SIGTERM')).toBe(0)

    const second = startPantheon({ folder })
    await signIn(await second.address(), 'ada@example.org')
    expect(second.said('database')).toBe('embedded PostgreSQL, started')
    expect(second.said('accounts')).toBe('local, sign-up open')
  })

  test('makes a data folder that other accounts of the machine cannot read, and nothing beside it', async () => {
    const folder = trialFolder()
    await startPantheon({ folder }).address()
    expect(readdirSync(folder)).toEqual(['data'])
    expect(statSync(dataOf(folder)).mode & 0o027).toBe(0)
    expect(readdirSync(dataOf(folder)).sort()).toEqual(['auth.secret', 'pg', 'postgres.log', 'run'])
    for (const name of ['auth.secret', 'pg', 'postgres.log']) expect(statSync(path.join(dataOf(folder), name)).mode & 0o077, name).toBe(0)
  })

  test.each([
    ['PORT', (port: number) => `Port ${port} on 127.0.0.1 is taken by another program: set PORT to a free one.\n`],
    [
      'METRICS_PORT',
      (port: number) =>
        `METRICS_PORT: port ${port} on 127.0.0.1 cannot be used: listen EADDRINUSE: address already in use 127.0.0.1:${port}\n`,
    ],
  ])('is refused where %s is taken, says so, and leaves nothing running', async (variable, words) => {
    const { port, free } = await takePort()
    const folder = trialFolder()
    const program = startPantheon({ folder, environment: { [variable]: String(port) } })
    expect(await program.exitCode).toBe(1)
    free()
    expect(program.stderr()).toBe(words(port))
    expect(program.stdout()).toBe('')
    expect(isServed(dataOf(folder))).toBe(false)
  })

  test('of a worker, too, ends where METRICS_PORT is taken', async () => {
    const { port, free } = await takePort()
    const database = await createTestDatabase()
    onTestFinished(database.drop)
    const environment = { DATABASE_URL: database.url, METRICS_PORT: String(port), HOST: '127.0.0.1' }
    const worker = startPantheon({ folder: trialFolder(), environment }, 'worker')
    expect(await worker.exitCode).toBe(1)
    free()
    expect(worker.stderr()).toMatch(/^METRICS_PORT: port \d+ on 127\.0\.0\.1 cannot be used: /)
  })
})

/** A port of this machine that another program listens on. */
async function takePort() {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  return { port: (other.address() as AddressInfo).port, free: () => void other.close() }
}

describe('a second server on a data folder in use', () => {
  test('says so and exits with 2, and the first goes on', async () => {
    const folder = trialFolder()
    const first = startPantheon({ folder })
    const address = await first.address()
    const second = startPantheon({ folder })
    expect(await second.exitCode).toBe(2)
    expect(second.stderr()).toBe(
      `Another Pantheon is running on ${dataOf(folder)}. Stop it first, or set PANTHEON_DATA_DIR to another folder.\n`,
    )
    await firstOwner(address)
  })
})

describe('told to stop', () => {
  test('a server lets its running turn finish, exits with 0 and leaves nothing running', async () => {
    const folder = trialFolder()
    const program = startPantheon({ folder })
    const ada = await firstOwner(await program.address())
    const turns = await newConversation(ada)
    const stream = await ada.stream(`${turns}/stream`, { message: 'What comes first?' })
    const events = stream.events()
    const first = await events.next()
    const stopped = program.end('SIGTERM')
    const rest = await Array.fromAsync(events)
    expect(await stopped).toBe(0)
    expect(isServed(dataOf(folder))).toBe(false)
    expect(rest.at(-1)?.data).toMatchObject({ type: 'done', status: 'completed' })

    const next = startPantheon({ folder })
    const stored = await (await signIn(await next.address(), 'ada@example.org')).get(turns)
    expect(stored.body.turns).toMatchObject([{ status: 'completed', assistant_output: joinedText([first.value!, ...rest]) }])
  })

  test('a server ends in order by Ctrl-C and with its terminal, too', async () => {
    const folder = trialFolder()
    for (const signal of ['SIGINT', 'SIGHUP'] as const) {
      const program = startPantheon({ folder })
      await program.address()
      expect(await program.end(signal), signal).toBe(0)
      expect(isServed(dataOf(folder)), signal).toBe(false)
    }
  })

  test('a server that is still starting finishes its start, exits with 0 and leaves nothing running', async () => {
    const folder = trialFolder()
    const program = startPantheon({ folder })
    await expect.poll(() => existsSync(dataOf(folder)), { timeout: 25_000, interval: 5 }).toBe(true)
    expect(await program.end('SIGTERM')).toBe(0)
    expect(isServed(dataOf(folder))).toBe(false)
  })
})

describe('after kill -9', () => {
  /** Everything that the API has acknowledged, by path. */
  const acknowledged = async (client: Awaited<ReturnType<typeof signIn>>, turns: string) => {
    const paths = [
      '/auth/me',
      '/agents',
      turns,
      turns.replace(/turns$/, 'messages'),
      '/users/me/usage',
      '/users/me/transactions',
      '/users/me/wallet',
    ]
    return await Promise.all(paths.map(async each => (await client.get(each)).body))
  }

  test('the next start finds everything that was acknowledged', async () => {
    const folder = trialFolder()
    const killed = startPantheon({ folder })
    const ada = await firstOwner(await killed.address())
    const turns = await newConversation(ada)
    expect(await ada.post(turns, { message: 'What comes first?' })).toMatchObject({ status: 201, body: { status: 'completed' } })
    expect((await signUp(await killed.address(), 'bob@example.org')).status).toBe(200)
    const before = await acknowledged(ada, turns)
    expect(await killed.end('SIGKILL')).toBe(null)

    const next: PantheonProcess = startPantheon({ folder })
    const address = await next.address()
    expect(next.said('database')).toBe('embedded PostgreSQL, adopted')
    expect(await acknowledged(await signIn(address, 'ada@example.org'), turns)).toEqual(before)
    expect((await (await signIn(address, 'bob@example.org')).get('/auth/me')).body.role).toBe('user')
  })
})
