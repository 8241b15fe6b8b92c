import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type ChildProgram, startChildProgram } from '../child-program.ts'
import { freePort } from '../free-port.ts'
import { createClient } from '../program.ts'
import { randomFrom } from '../random.ts'
import { redisServerIsInstalled, startOwnRedis } from '../redis.ts'
import { contradictionsIn } from './books.ts'
import { answerForCouncils, openCouncils, openDirectChats } from './council-load.ts'
import { startRoundRobin } from './round-robin.ts'
import { converseSteadily, misread } from './steady-load.ts'
import { setUp, WITHOUT_LIMITS } from './surroundings.ts'

const LONG = process.env.PANTHEON_LONG === '1'
const TURNS_PER_SECOND = LONG ? 20 : 5
const FOR_MS = LONG ? 300_000 : 8_000
const RESUMED_WITHIN_MS = 5_000

describe.runIf(redisServerIsInstalled())('a rolling restart', () => {
  test(`of two replicas for ${FOR_MS / 1000} s under ${TURNS_PER_SECOND} turns a second fails no turn, bills none twice, and keeps nobody waiting`, {
    timeout: FOR_MS + 180_000,
  }, async () => {
    const { place, database, endpoint } = await setUp()
    const redis = await startOwnRedis()
    onTestFinished(redis.remove)
    answerForCouncils(endpoint, randomFrom(19), { words: 20, betweenMs: 30 })
    const environment = { DATABASE_URL: place.url, REDIS_URL: redis.url, OPENROUTER_BASE_URL: endpoint.url, ...WITHOUT_LIMITS }
    const ports = [await freePort(), await freePort()]
    const start = (port: number) => startChildProgram({ ...environment, PORT: String(port), SHUTDOWN_GRACE_SECONDS: '30' }, onTestFinished)
    const replicas = await Promise.all(ports.map(start))
    const balancer = await startRoundRobin(ports)
    onTestFinished(balancer.close)
    const chats = await openDirectChats(balancer.address, TURNS_PER_SECOND * 2)
    const councils = await openCouncils(balancer.address, TURNS_PER_SECOND)
    const load = converseSteadily([...chats, ...councils], TURNS_PER_SECOND, 60_000)
    onTestFinished(load.stop)

    const restarts = await restartInTurn(replicas, ports, start)
    await load.stop()

    if (LONG)
      console.log({
        restarts,
        turns: load.answers.length,
        skipped: load.skipped(),
        repeats: load.answers.reduce((sum, { repeats }) => sum + repeats, 0),
        rejoins: load.answers.reduce((sum, { rejoins }) => sum + rejoins, 0),
        resets: load.answers.reduce((sum, { resets }) => sum + resets, 0),
        longestGapsMs: load.answers
          .map(({ longestGapMs }) => Math.round(longestGapMs))
          .toSorted((a, b) => b - a)
          .slice(0, 10),
      })
    expect(load.failures).toEqual([])
    expect(load.answers.filter(({ status }) => status !== 'completed')).toEqual([])
    expect(await misread(database, load.answers)).toEqual([])
    expect(await contradictionsIn(database)).toEqual({})
    const { rowCount } = await database.pool.query('select from turns')
    expect(rowCount).toBe(load.answers.length)
    expect(load.answers.length).toBeGreaterThan((FOR_MS / 1000) * TURNS_PER_SECOND * 0.5)
    expect(Math.max(...load.answers.map(({ longestGapMs }) => longestGapMs))).toBeLessThan(RESUMED_WITHIN_MS)
  })

  /** One is always there. */
  async function restartInTurn(replicas: ChildProgram[], ports: number[], start: (port: number) => Promise<ChildProgram>): Promise<number> {
    const until = performance.now() + FOR_MS
    let restarts = 0
    for (; performance.now() < until || restarts < 2; restarts += 1) {
      const index = restarts % ports.length
      await replicas[index]!.end('SIGTERM')
      expect(replicas[index]!.child.exitCode).toBe(0)
      replicas[index] = await start(ports[index]!)
      const anonymous = createClient(replicas[index].address, '', '')
      await expect.poll(async () => (await anonymous.get('/ready')).status).toBe(200)
      await sleep(1_000)
    }
    return restarts
  }
})
