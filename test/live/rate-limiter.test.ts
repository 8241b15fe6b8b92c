import { fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createMemoryRateLimiter } from '../../server/live/memory-rate-limiter.ts'
import type { LimitDecision, LimitWindow, RateLimiter } from '../../server/live/rate-limiter.ts'
import { openRedis, type Redis } from '../../server/live/redis.ts'
import { createRedisRateLimiter } from '../../server/live/redis-rate-limiter.ts'
import { findTestRedis } from '../redis.ts'

const redisUrl = await findTestRedis()
const silent = { info: () => undefined, warn: () => undefined }
/** A loaded machine may be late with an answer; here that is no outage. */
const PATIENT_MS = 20_000

const SHORT = { name: 'short', quota: 3, seconds: 1 }
const LONG = { name: 'long', quota: 5, seconds: 4 }

/** Never a moment less, which a timer by itself does not promise. */
async function waitExactly(seconds: number): Promise<void> {
  const until = performance.now() + seconds * 1000
  for (let left = seconds * 1000; left > 0; left = until - performance.now()) await sleep(left)
}

const newUser = () => `user-${randomUUID()}`
const takeMany = (limiter: RateLimiter, user: string, tries: number) => Promise.all(Array.from({ length: tries }, () => limiter.take(user)))
const admitted = (decisions: LimitDecision[]) => decisions.filter(({ kind }) => kind === 'admitted').length

async function refusal(limiter: RateLimiter, user: string) {
  const decision = await limiter.take(user)
  if (decision.kind !== 'refused') throw new Error('The try was admitted.')
  return decision
}

/** What both limiters must hold to. */
function behavesAsALimiter(create: (windows: LimitWindow[]) => RateLimiter): void {
  test.concurrent('admits as many as the window holds and says what is left', async () => {
    const limiter = create([{ name: 'minute', quota: 2, seconds: 60 }])
    const user = newUser()
    expect((await limiter.take(user)).limits).toEqual([{ name: 'minute', quota: 2, windowSeconds: 60, remaining: 1, resetSeconds: 60 }])
    expect(await limiter.take(user)).toMatchObject({ kind: 'admitted', limits: [{ remaining: 0 }] })
    const { retryAfterSeconds, limits } = await refusal(limiter, user)
    expect(Number.isInteger(retryAfterSeconds)).toBe(true)
    expect(retryAfterSeconds).toBeGreaterThanOrEqual(30)
    expect(retryAfterSeconds).toBeLessThanOrEqual(60)
    expect(limits).toEqual([{ name: 'minute', quota: 2, windowSeconds: 60, remaining: 0, resetSeconds: retryAfterSeconds }])
  })

  test.concurrent('of a thousand tries at once exactly as many are admitted as the narrowest window holds', async () => {
    const limiter = create([
      { name: 'minute', quota: 10, seconds: 60 },
      { name: 'hour', quota: 60, seconds: 3600 },
    ])
    expect(admitted(await takeMany(limiter, newUser(), 1000))).toBe(10)
  })

  test.concurrent('a client that waits exactly as long as it was told gets through', async () => {
    const limiter = create([{ name: 'short', quota: 1, seconds: 2 }])
    const clients = Array.from({ length: 40 }, async (_, index) => {
      await sleep(index * 17)
      const user = newUser()
      await limiter.take(user)
      await sleep((index % 7) * 23)
      const { retryAfterSeconds } = await refusal(limiter, user)
      await waitExactly(retryAfterSeconds)
      return (await limiter.take(user)).kind
    })
    expect(new Set(await Promise.all(clients))).toEqual(new Set(['admitted']))
  })

  test.concurrent('the wait that is told is that of the window that lasts longest', async () => {
    const limiter = create([SHORT, LONG])
    const user = newUser()
    await takeMany(limiter, user, 3)
    await waitExactly(1)
    expect(admitted(await takeMany(limiter, user, 3))).toBe(2)
    const refused = await refusal(limiter, user)
    expect(refused.retryAfterSeconds).toBeGreaterThan(1)
    await waitExactly(refused.retryAfterSeconds)
    expect((await limiter.take(user)).kind).toBe('admitted')
  })

  test.concurrent('a client that hammers is never locked out, and no span of the window holds more than the quota', async () => {
    const limiter = create([SHORT])
    const user = newUser()
    const times: { before: number; after: number }[] = []
    const until = performance.now() + 3_500
    while (performance.now() < until) {
      const before = performance.now()
      if ((await limiter.take(user)).kind === 'admitted') times.push({ before, after: performance.now() })
      await sleep(5)
    }
    // Three in each of the three whole seconds, and three at the beginning; a held-up machine may miss some.
    expect(times.length).toBeGreaterThan(6)
    const tooEarly = times.filter((time, index) => time.after - (times[index - 3]?.before ?? -Infinity) < 1000)
    expect(tooEarly).toEqual([])
  })

  test.concurrent('one user takes nothing from another', async () => {
    const limiter = create([SHORT])
    await takeMany(limiter, newUser(), 10)
    expect(admitted(await takeMany(limiter, newUser(), 3))).toBe(3)
  })

  test.concurrent('a try that is given back counts no more', async () => {
    const limiter = create([{ name: 'minute', quota: 2, seconds: 60 }])
    const user = newUser()
    const [, second] = await takeMany(limiter, user, 2)
    if (second?.kind !== 'admitted') throw new Error('The try was refused.')
    await second.giveBack()
    expect(admitted(await takeMany(limiter, user, 2))).toBe(1)
  })
}

describe('the limiter of one process', () => {
  behavesAsALimiter(createMemoryRateLimiter)
})

describe.runIf(redisUrl)('the limiter of all processes', () => {
  let redis: Redis
  const client = createClient({ url: redisUrl ?? '' })
  beforeAll(async () => {
    redis = await openRedis(redisUrl!, silent, PATIENT_MS)
    await client.connect()
  })
  afterAll(async () => {
    await redis.close()
    client.destroy()
  })
  behavesAsALimiter(windows => createRedisRateLimiter(redis, 'test', windows))

  test.concurrent('over two processes a thousand tries at once are admitted as often as the window holds', async () => {
    const user = newUser()
    const processes = await Promise.all([startProcess(user, 500), startProcess(user, 500)])
    const counts = await Promise.all(processes.map(begin => begin()))
    expect(counts.reduce((sum, count) => sum + count)).toBe(20)
  })

  test.concurrent('a lower quota of another process waits for enough tries to leave', async () => {
    const user = newUser()
    await takeMany(createRedisRateLimiter(redis, 'test', [{ name: 'short', quota: 4, seconds: 2 }]), user, 4)
    const strict = createRedisRateLimiter(redis, 'test', [{ name: 'short', quota: 2, seconds: 2 }])
    const refused = await refusal(strict, user)
    expect(refused.limits).toMatchObject([{ remaining: 0, resetSeconds: refused.retryAfterSeconds }])
    await waitExactly(refused.retryAfterSeconds)
    expect((await strict.take(user)).kind).toBe('admitted')
  })

  test.concurrent('what it keeps of a user is one short log that goes away by itself', async () => {
    const user = newUser()
    const limiter = createRedisRateLimiter(redis, 'test', [SHORT, LONG])
    await takeMany(limiter, user, 50)
    const key = `pantheon:test:{${user}}`
    expect(await client.zCard(key)).toBe(SHORT.quota)
    const expiry = await client.pTTL(key)
    expect(expiry).toBeGreaterThan(0)
    expect(expiry).toBeLessThanOrEqual(LONG.seconds * 1000)
    // What left the longest window is not kept, though the log lives on.
    await waitExactly(LONG.seconds / 2)
    await limiter.take(user)
    await waitExactly(LONG.seconds / 2)
    await limiter.take(user)
    expect(await client.zCard(key)).toBe(2)
  })

  test.concurrent('after its clock was set back the wait that is told is still the real one', async () => {
    const user = newUser()
    const limiter = createRedisRateLimiter(redis, 'test', [{ name: 'short', quota: 1, seconds: 1 }])
    await limiter.take(user)
    const key = `pantheon:test:{${user}}`
    const [only] = await client.zRange(key, 0, -1)
    await client.zIncrBy(key, 1_500_000, only!)
    await client.pExpire(key, 60_000)
    const refused = await refusal(limiter, user)
    expect(refused.retryAfterSeconds).toBeGreaterThan(1)
    await waitExactly(refused.retryAfterSeconds)
    expect((await limiter.take(user)).kind).toBe('admitted')
  })

  test.concurrent('a Redis that has forgotten the script is told it again', async () => {
    await client.scriptFlush()
    expect((await createRedisRateLimiter(redis, 'test', [SHORT]).take(newUser())).kind).toBe('admitted')
  })
})

/** A process that stands ready to try so often at once; what is returned lets it begin and says how often it was admitted. */
async function startProcess(user: string, tries: number): Promise<() => Promise<number>> {
  const child = fork(path.join(import.meta.dirname, 'limiter-process.ts'), [redisUrl!, user, String(tries), '20', '60'], { execArgv: [] })
  await once(child, 'message')
  return async () => {
    child.send('begin')
    const [count] = await once(child, 'message')
    return count as number
  }
}
