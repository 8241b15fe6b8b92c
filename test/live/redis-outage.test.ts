import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createFallbackRateLimiter } from '../../server/live/fallback-rate-limiter.ts'
import { createMemoryRateLimiter } from '../../server/live/memory-rate-limiter.ts'
import type { RateLimiter } from '../../server/live/rate-limiter.ts'
import { openRedis, type Redis } from '../../server/live/redis.ts'
import { createRedisRateLimiter } from '../../server/live/redis-rate-limiter.ts'
import { eventually, type OwnRedis, redisServerIsInstalled, startOwnRedis } from '../redis.ts'

/** What a turn may wait for its limiter. */
const DECISION_MS = 250
const windows = [{ name: 'minute', quota: 3, seconds: 60 }]
const newUser = () => `user-${randomUUID()}`

/** What was logged, by level. */
function createLog() {
  const lines: { level: 'info' | 'warn'; message: string }[] = []
  const level = (level: 'info' | 'warn') => (_fields: object, message: string) => void lines.push({ level, message })
  return { lines, info: level('info'), warn: level('warn') }
}

function createLimiter(redis: Redis) {
  const log = createLog()
  let skipped = 0
  const shared = createRedisRateLimiter(redis, 'test', windows)
  const onSkipped = () => {
    skipped++
  }
  const limiter = createFallbackRateLimiter({ shared, local: createMemoryRateLimiter(windows), log, onSkipped })
  return { limiter, log, skipped: () => skipped }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

async function admittedOf(limiter: RateLimiter, user: string, tries: number): Promise<number> {
  const decisions = await Promise.all(Array.from({ length: tries }, () => limiter.take(user)))
  return decisions.filter(({ kind }) => kind === 'admitted').length
}

describe.runIf(redisServerIsInstalled())('without Redis', () => {
  let server: OwnRedis
  let redis: Redis
  const log = createLog()

  beforeAll(async () => {
    server = await startOwnRedis()
    redis = await openRedis(server.url, log)
  })
  afterAll(async () => {
    await redis.close()
    await server.remove()
  })

  test('a frozen Redis holds nobody up, the process decides, and both are told once', async () => {
    const { limiter, log: told, skipped } = createLimiter(redis)
    expect((await limiter.take(newUser())).kind).toBe('admitted')
    const decisions: number[] = []
    for (let freeze = 0; freeze < 5; freeze++) {
      server.freeze()
      decisions.push(await timed(() => limiter.take(newUser())))
      expect(redis.isUp()).toBe(false)
      // Nobody waits a second time for what does not answer.
      expect(await timed(() => admittedOf(limiter, newUser(), 100))).toBeLessThan(DECISION_MS)
      server.thaw()
      await eventually(redis.isUp)
      await limiter.take(newUser())
    }
    // A machine that is held up may spoil one; a time-out that is too long spoils all.
    expect(Math.min(...decisions)).toBeLessThan(DECISION_MS)
    expect(skipped()).toBe(5 * 101)
    expect(told.lines.filter(line => line.level === 'warn')).toHaveLength(5)
    expect(log.lines.filter(line => line.level === 'warn')).toHaveLength(5)
    expect(log.lines.filter(line => line.message === 'Redis is back')).toHaveLength(5)
  })

  test('a user is limited while Redis is gone, with what was admitted before', async () => {
    const { limiter } = createLimiter(redis)
    const user = newUser()
    expect(await admittedOf(limiter, user, 2)).toBe(2)
    await server.kill()
    await eventually(() => !redis.isUp())
    expect(await admittedOf(limiter, user, 50)).toBe(1)
    expect(await admittedOf(limiter, newUser(), 50)).toBe(3)
    await server.restart()
    await eventually(redis.isUp)
  })

  test('a killed Redis is noticed at once and used again when it is back, though it has forgotten the script', async () => {
    const { limiter, skipped } = createLimiter(redis)
    await limiter.take(newUser())
    const before = skipped()
    await server.kill()
    await eventually(() => !redis.isUp())
    expect(await timed(() => admittedOf(limiter, newUser(), 100))).toBeLessThan(DECISION_MS)
    expect(skipped()).toBe(before + 100)
    await server.restart()
    await eventually(redis.isUp)
    expect(await admittedOf(limiter, newUser(), 50)).toBe(3)
    expect(skipped()).toBe(before + 100)
  })

  test('a connection on which nothing is asked is also known to be dead', async () => {
    server.freeze()
    await eventually(() => !redis.isUp())
    server.thaw()
    await eventually(redis.isUp)
  })

  test('a connection that is merely idle is kept', async () => {
    const quiet = createLog()
    const idle = await openRedis(server.url, quiet)
    await sleep(4_000)
    expect(idle.isUp()).toBe(true)
    await idle.close()
    expect(quiet.lines).toEqual([])
  })

  test('commands under way are rejected when Redis dies', async () => {
    server.freeze()
    const waiting = expect(redis.run(client => client.ping())).rejects.toThrow()
    await server.kill()
    await waiting
    await server.restart()
    await eventually(redis.isUp)
  })

  test('a program starts without Redis and finds it later', async () => {
    await server.kill()
    const told = createLog()
    const late = await openRedis(server.url, told)
    expect(late.isUp()).toBe(false)
    await expect(late.run(client => client.ping())).rejects.toThrow('Redis is away')
    // Several vain tries to connect are one message.
    await sleep(1_000)
    expect(told.lines.map(line => line.level)).toEqual(['warn'])
    await server.restart()
    await eventually(late.isUp)
    expect(await late.run(client => client.ping())).toBe('PONG')
    await late.close()
  })

  test('closing says nothing and leaves nothing running', async () => {
    const quiet = createLog()
    const other = await openRedis(server.url, quiet)
    await other.close()
    await expect(other.run(client => client.ping())).rejects.toThrow('Redis is away')
    expect(quiet.lines).toEqual([])
  })
})
