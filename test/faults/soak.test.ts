import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { OpenDatabase } from '../../server/store/database.ts'
import { startChildProgram } from '../child-program.ts'
import type { ModelEndpoint, ModelScript } from '../model-endpoint.ts'
import { randomFrom } from '../random.ts'
import { eventually, type OwnRedis, redisServerIsInstalled, startOwnRedis } from '../redis.ts'
import { contradictionsIn } from './books.ts'
import { type Conversation, openCouncils, openDirectChats } from './council-load.ts'
import { REPORTING, type Resources, resourcesOf } from './resources.ts'
import { setUp, WITHOUT_LIMITS } from './surroundings.ts'

const LONG = process.env.PANTHEON_LONG === '1'
const FOR_MS = LONG ? 600_000 : 15_000
const TURNS_PER_SECOND = LONG ? 10 : 8
/** The log of a closed turn is kept for an hour: so much of it, at most, for each of these short ones. */
const LOG_BYTES = 8_000
const HEAP_SLACK_BYTES = 16_000_000

describe.runIf(redisServerIsInstalled())('a soak', () => {
  test(`of ${FOR_MS / 1000} s with cuts, leavers, cancels and faults leaves nothing behind`, { timeout: FOR_MS + 240_000 }, async () => {
    const { place, database, endpoint } = await setUp()
    const redis = await startOwnRedis()
    onTestFinished(redis.remove)
    const random = randomFrom(23)
    const environment = { DATABASE_URL: place.url, REDIS_URL: redis.url, OPENROUTER_BASE_URL: endpoint.url, ...IMPATIENT, ...REPORTING }
    const server = await startChildProgram({ ...WITHOUT_LIMITS, ...environment }, onTestFinished)
    const conversations = [
      ...(await openDirectChats(server.address, TURNS_PER_SECOND * 2)),
      ...(await openCouncils(server.address, TURNS_PER_SECOND)),
    ]
    misbehave(endpoint, random)
    const rest = async () => {
      await eventually(async () => (await database.pool.query('select from turn_runs')).rowCount === 0, 60_000)
      await fillPool(conversations)
      await sleep(IDLE_MS)
      return await resourcesOf(server, database, redis.url)
    }
    await converseBadly(conversations, random, 3_000)
    const before = await rest()
    const disturbance = disturb(database, redis, random)
    const turns = await converseBadly(conversations, random, FOR_MS)
    await disturbance.stop()
    const after = await settled(rest, before)

    if (LONG) console.log({ turns, before, after })
    expect(server.child.exitCode).toBeNull()
    expect(after.handles).toBeLessThanOrEqual(before.handles)
    expect(after.sockets).toBeLessThanOrEqual(before.sockets)
    expect(after.databaseConnections).toBeLessThanOrEqual(before.databaseConnections)
    expect(after.lastingKeys).toEqual([])
    expect(after.heap).toBeLessThan(before.heap + turns * LOG_BYTES + HEAP_SLACK_BYTES)
    expect(await contradictionsIn(database)).toEqual({})
  })
})

const IMPATIENT = { MODEL_FIRST_TOKEN_TIMEOUT_MS: '1500', MODEL_IDLE_TIMEOUT_MS: '1000' }
/** Longer than either side keeps an idle connection. */
const IDLE_MS = 7_000

/** Now and then a provider fails in one of the ways of the matrix. */
function misbehave(endpoint: ModelEndpoint, random: () => number): void {
  const chunks = ['one ', 'two ', 'three']
  const faults: ModelScript[] = [
    { status: 500 },
    { status: 429, headers: { 'retry-after': '0' } },
    { delayBeforeHeadersMs: Number.POSITIVE_INFINITY },
    { chunks, hangAfter: 1 },
    { chunks, cutAfter: 1 },
    { chunks, garbageAfter: 2 },
    { chunks, errorEventAfter: 1 },
  ]
  endpoint.reply(() => (random() < 0.15 ? faults[Math.floor(random() * faults.length)]! : { chunks, betweenMs: 40 }))
}

/** So many turns a second, by clients that read to the end, come and go, leave for good, or cancel. How many were begun. */
async function converseBadly(conversations: Conversation[], random: () => number, forMs: number): Promise<number> {
  const idle = [...conversations]
  const running = new Set<Promise<void>>()
  let turns = 0
  for (const until = performance.now() + forMs; performance.now() < until; await sleep(1000 / TURNS_PER_SECOND)) {
    const conversation = idle.shift()
    if (!conversation) continue
    turns += 1
    // A refusal, and a connection that the server has cut, are part of it.
    const turn = takeTurn(conversation, random)
      .catch(() => undefined)
      .then(() => {
        idle.push(conversation)
        running.delete(turn)
      })
    running.add(turn)
  }
  await Promise.all(running)
  return turns
}

async function takeTurn({ client, turns, message }: Conversation, random: () => number): Promise<void> {
  const kind = random()
  const leaving = new AbortController()
  const stream = await client.stream(`${turns}/stream`, { message }, { signal: leaving.signal })
  if (stream.status !== 200) return void (await stream.text())
  const turnId = stream.headers.get('x-turn-id')!
  if (kind < 0.5) return void (await stream.all())
  await readSome(stream.events(), 1 + Math.floor(random() * 3))
  leaving.abort()
  if (kind < 0.6) return
  if (kind < 0.75) await client.post(`${turns}/${turnId}/cancel`)
  for (let joins = 0; joins < 3; joins += 1) {
    const cut = new AbortController()
    const again = await client.follow(`${turns}/${turnId}/stream`, { signal: cut.signal, headers: { 'last-event-id': String(joins) } })
    if (again.status !== 200) return void (await again.text())
    if (joins === 2) return void (await again.all())
    await readSome(again.events(), 1)
    cut.abort()
  }
}

async function readSome(events: AsyncIterator<unknown>, count: number): Promise<void> {
  for (let read = 0; read < count && !(await events.next()).done; read += 1) {}
}

/** So that it has all the connections it may have, before and after. */
const fillPool = (conversations: Conversation[]) =>
  Promise.all(Array.from({ length: 60 }, (_, index) => conversations[index % conversations.length]!.client.get('/users/me/usage')))

/** Ends the database's connections, and Redis's, every few seconds, and lets Redis hang for a moment. */
function disturb({ pool }: OpenDatabase, redis: OwnRedis, random: () => number) {
  const disturbances = [
    () =>
      pool.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name like 'pantheon%'",
      ),
    () => redis.restart(),
    async () => {
      redis.freeze()
      await sleep(500)
      redis.thaw()
    },
  ]
  let stopped = false
  const disturbing = (async () => {
    while (!stopped) {
      await sleep(2_000 + random() * 2_000)
      if (!stopped) await disturbances[Math.floor(random() * disturbances.length)]!().catch(() => undefined)
    }
  })()
  return {
    async stop() {
      stopped = true
      await disturbing
    },
  }
}

/** What closes by itself may take a moment longer than we have waited. */
async function settled(rest: () => Promise<Resources>, before: Resources): Promise<Resources> {
  let now = await rest()
  for (let tries = 0; tries < 5 && (now.handles > before.handles || now.databaseConnections > before.databaseConnections); tries += 1)
    now = await rest()
  return now
}
