import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from 'redis'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startChildProgram } from '../child-program.ts'
import { randomFrom } from '../random.ts'
import { eventually, type OwnRedis, redisServerIsInstalled, startOwnRedis } from '../redis.ts'
import { contradictionsIn } from './books.ts'
import { answerForCouncils, newUser, openCouncils, openDirectChats } from './council-load.ts'
import { converseSteadily, lookAround, misread } from './steady-load.ts'
import { setUp, WITHOUT_LIMITS } from './surroundings.ts'

const LONG = process.env.PANTHEON_LONG === '1'
const TURNS_PER_SECOND = LONG ? 10 : 5
const FAULTS: Fault[] = LONG ? atRandom(600_000) : (['kill', 'freeze', 'flush'] as const).map(kind => ({ kind, lastsMs: 1_000 }))
const ANSWERED_WITHIN_MS = 5_000
const WELL_WITHIN_MS = 10_000

interface Fault {
  kind: 'kill' | 'freeze' | 'flush'
  lastsMs: number
}

describe.runIf(redisServerIsInstalled())('without Redis turns go on', () => {
  test(`killed, frozen and flushed ${FAULTS.length} times under ${TURNS_PER_SECOND} turns a second`, {
    timeout: FAULTS.reduce((sum, { lastsMs }) => sum + lastsMs + 15_000, 120_000),
  }, async () => {
    const { place, database, endpoint } = await setUp()
    const redis = await startOwnRedis()
    onTestFinished(redis.remove)
    answerForCouncils(endpoint, randomFrom(13), { words: 12, betweenMs: 20 })
    const environment = { DATABASE_URL: place.url, REDIS_URL: redis.url, OPENROUTER_BASE_URL: endpoint.url, ...WITHOUT_LIMITS }
    const server = await startChildProgram(environment, onTestFinished)
    const bystander = await newUser(server.address, 'bystander')
    const chats = await openDirectChats(server.address, TURNS_PER_SECOND)
    const councils = await openCouncils(server.address, TURNS_PER_SECOND)
    const load = converseSteadily([...chats, ...councils], TURNS_PER_SECOND, 60_000)
    const around = lookAround(bystander, 5)
    onTestFinished(async () => void (await Promise.all([load.stop(), around.stop()])))

    const ready = async () => (await bystander.get('/ready')).body
    const returns: number[] = []
    for (const { kind, lastsMs } of FAULTS) {
      await sleep(1_000)
      const thaw = await inflict(redis, kind)
      // Turns can do without it, and whoever watches is told.
      if (kind !== 'flush') await eventually(async () => (await ready()).status === 'degraded')
      await sleep(lastsMs)
      await thaw()
      const returned = performance.now()
      await eventually(async () => (await ready()).status === 'ok')
      returns.push(performance.now() - returned)
    }
    await around.stop()
    await load.stop()

    if (LONG)
      console.log({
        faults: returns.length,
        turns: load.answers.length,
        skipped: load.skipped(),
        slowestAnswerMs: Math.max(around.slowestMs(), ...load.answers.map(answer => answer.slowestHeadMs)),
        slowestReturnMs: Math.max(...returns),
      })
    expect(server.child.exitCode).toBeNull()
    expect(around.failures).toEqual([])
    expect(load.failures).toEqual([])
    expect(around.refusals()).toBe(0)
    // Nobody's stream broke, and nobody's message had to be sent again.
    expect(load.answers.filter(({ status, rejoins, repeats }) => status !== 'completed' || rejoins + repeats > 0)).toEqual([])
    expect(await misread(database, load.answers)).toEqual([])
    expect(await contradictionsIn(database)).toEqual({})
    expect(Math.max(around.slowestMs(), ...load.answers.map(answer => answer.slowestHeadMs))).toBeLessThan(ANSWERED_WITHIN_MS)
    expect(Math.max(...returns)).toBeLessThan(WELL_WITHIN_MS)
  })
})

/** How it is ended again is the answer. */
async function inflict(redis: OwnRedis, kind: Fault['kind']): Promise<() => Promise<void>> {
  if (kind === 'freeze') {
    redis.freeze()
    return async () => redis.thaw()
  }
  if (kind === 'kill') {
    await redis.kill()
    return redis.restart
  }
  const client = createClient({ url: redis.url })
  await client.connect()
  await client.flushAll()
  client.destroy()
  return async () => {}
}

function atRandom(forMs: number): Fault[] {
  const random = randomFrom(17)
  const faults: Fault[] = []
  for (let at = 0; at < forMs; ) {
    const kind = (['kill', 'freeze', 'flush'] as const)[Math.floor(random() * 3)]!
    const lastsMs = kind === 'flush' ? 0 : 500 + random() * 19_500
    faults.push({ kind, lastsMs })
    at += lastsMs + 3_000
  }
  return faults
}
