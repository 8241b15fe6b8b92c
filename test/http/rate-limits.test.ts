import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { type Client, createClient, startProgram, useProgram } from '../program.ts'
import { eventually, findTestRedis, redisServerIsInstalled, startOwnRedis } from '../redis.ts'

const program = await useProgram({ RATE_LIMIT_TURNS_PER_MINUTE: '3', RATE_LIMIT_TURNS_PER_HOUR: '5' })
const redisUrl = await findTestRedis()
const message = { message: 'Hm?' }
program.endpoint.reply({ chunks: ['Hm.'] })

async function newSession(client: Client) {
  const made = await client.post('/agents', { agent_key: `agent-${randomUUID()}`, name: 'Ada', model_alias: 'deepseek' })
  const session = await client.post(`/agents/${made.body.id}/sessions`)
  expect(session.status).toBe(201)
  return `/sessions/${session.body.id}/turns`
}

/** A list of strings with integer parameters, as Structured Fields write it. */
function parseList(header: string | null) {
  const members = (header ?? '').split(', ').map(member => {
    const [, name, parameters] = /^"([a-z-]+)"((?:;[a-z]=\d+)+)$/.exec(member) ?? []
    if (!name || !parameters) throw new Error(`"${header}" is no such list.`)
    const values = parameters.slice(1).split(';')
    return [name, Object.fromEntries(values.map(value => [value[0], Number(value.slice(2))]))] as const
  })
  return Object.fromEntries(members)
}

test('an admitted turn says what is left, on both endpoints, which count together', async () => {
  const ada = await program.user('told')
  const turns = await newSession(ada)
  const json = await ada.post(turns, message)
  expect(json.status).toBe(201)
  expect(parseList(json.headers.get('ratelimit-policy'))).toEqual({ 'turns-minute': { q: 3, w: 60 }, 'turns-hour': { q: 5, w: 3600 } })
  expect(parseList(json.headers.get('ratelimit'))).toEqual({ 'turns-minute': { r: 2, t: 60 }, 'turns-hour': { r: 4, t: 3600 } })
  const stream = await ada.stream(`${turns}/stream`, message)
  await stream.all()
  expect(parseList(stream.headers.get('ratelimit'))).toMatchObject({ 'turns-minute': { r: 1 }, 'turns-hour': { r: 3 } })
  expect(parseList(stream.headers.get('ratelimit-policy'))).toHaveProperty('turns-hour')
})

test('a turn too many is refused before a stream starts, tells the wait, and leaves no row', async () => {
  const ada = await program.user('many')
  const turns = await newSession(ada)
  for (let admitted = 0; admitted < 3; admitted++) expect((await ada.post(turns, message)).status).toBe(201)
  const asked = program.endpoint.requests.length
  const json = await ada.post(turns, message)
  const stream = await ada.post(`${turns}/stream`, message)
  for (const refused of [json, stream]) {
    expect(refused.status).toBe(429)
    expect(refused.headers.get('content-type')).toMatch(/^application\/problem\+json/)
    expect(refused.body).toMatchObject({ status: 429, code: 'rate_limited', detail: 'rate limit exceeded' })
    const wait = refused.body.retry_after_seconds
    expect(Number.isInteger(wait) && wait >= 1 && wait <= 60).toBe(true)
    expect(refused.headers.get('retry-after')).toBe(String(wait))
    expect(parseList(refused.headers.get('ratelimit'))).toMatchObject({ 'turns-minute': { r: 0, t: wait }, 'turns-hour': { r: 2 } })
  }
  expect(program.endpoint.requests.length).toBe(asked)
  expect((await ada.get(turns)).body.total).toBe(3)
})

test('the limit is looked at before the session', async () => {
  const ada = await program.user('early')
  const nowhere = `/sessions/${randomUUID()}/turns`
  const statuses = []
  for (let tries = 0; tries < 5; tries++) statuses.push((await ada.post(nowhere, message)).status)
  expect(statuses).toEqual([404, 404, 404, 429, 429])
})

test('one user takes nothing from another, and a body that does not fit costs nothing', async () => {
  const [ada, bob] = [await program.user('one'), await program.user('two')]
  const turns = await newSession(ada)
  for (let tries = 0; tries < 5; tries++) expect((await ada.post(turns, { nothing: true })).status).toBe(422)
  for (let tries = 0; tries < 4; tries++) await ada.post(turns, message)
  expect((await ada.post(turns, message)).status).toBe(429)
  expect((await bob.post(await newSession(bob), message)).status).toBe(201)
})

/** Another process for the same users. */
async function startReplica(environment: Record<string, string>) {
  const replica = await startProgram({
    DATABASE_URL: program.database.url,
    OPENROUTER_BASE_URL: program.endpoint.url,
    RATE_LIMIT_TURNS_PER_MINUTE: '10',
    ...environment,
  })
  return { ...replica, clientOf: ({ userId, token }: Client) => createClient(replica.address, userId, token) }
}

describe.runIf(redisUrl)('over two processes with Redis', () => {
  test('tries at once are admitted exactly as often as the limit says', async () => {
    const replicas = await Promise.all([startReplica({ REDIS_URL: redisUrl! }), startReplica({ REDIS_URL: redisUrl! })])
    try {
      const ada = await program.user(`shared-${randomUUID()}`)
      const nowhere = `/sessions/${randomUUID()}/turns`
      const clients = replicas.map(replica => replica.clientOf(ada))
      const tries = Array.from({ length: 60 }, (_, index) => clients[index % 2]!.post(nowhere, message))
      const statuses = (await Promise.all(tries)).map(answer => answer.status)
      expect(statuses.filter(status => status === 404)).toHaveLength(10)
      expect(statuses.filter(status => status === 429)).toHaveLength(50)
    } finally {
      await Promise.all(replicas.map(replica => replica.stop()))
    }
  })
})

describe.runIf(redisServerIsInstalled())('when Redis goes', () => {
  test('turns go on, limited by the process', async () => {
    const redis = await startOwnRedis()
    const replica = await startReplica({ REDIS_URL: redis.url })
    try {
      const ada = replica.clientOf(await program.user('outage'))
      const turns = await newSession(ada)
      expect((await ada.post(turns, message)).status).toBe(201)
      redis.freeze()
      expect((await ada.post(turns, message)).status).toBe(201)
      redis.thaw()
      await redis.kill()
      const third = await ada.post(turns, message)
      expect(third.status).toBe(201)
      expect(parseList(third.headers.get('ratelimit'))).toMatchObject({ 'turns-minute': { r: 7 } })
      expect(await ada.get('//ready')).toMatchObject({ status: 200, body: { status: 'degraded', down: ['redis'] } })
      await redis.restart()
      // The new one knows of nothing: it counts again when it says so.
      await eventually(
        async () =>
          parseList((await ada.post(`/sessions/${randomUUID()}/turns`, message)).headers.get('ratelimit'))['turns-minute']?.r === 9,
      )
    } finally {
      await replica.stop()
      await redis.remove()
    }
  })
})
