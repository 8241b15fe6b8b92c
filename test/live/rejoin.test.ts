import { setTimeout as sleep } from 'node:timers/promises'
import { createClient as connectRedis } from 'redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ChildProgram, startChildProgram } from '../child-program.ts'
import { newCouncil, newDirectChat } from '../council.ts'
import { useTestDatabase } from '../database.ts'
import { joinedText, type ReadEvent } from '../event-reader.ts'
import { startModelEndpoint } from '../model-endpoint.ts'
import { type Client, createClient, tokenFor } from '../program.ts'
import { type OwnRedis, redisServerIsInstalled, startOwnRedis } from '../redis.ts'

const words = (count: number) => Array.from({ length: count }, (_, index) => `word${index} `)

describe.runIf(redisServerIsInstalled())('two replicas beside one PostgreSQL and one Redis', async () => {
  const database = await useTestDatabase()
  const endpoint = await startModelEndpoint()
  let redis: OwnRedis
  const programs: ChildProgram[] = []

  const start = async (environment: Record<string, string> = {}) => {
    const program = await startChildProgram({
      DATABASE_URL: database.url,
      OPENROUTER_BASE_URL: endpoint.url,
      REDIS_URL: redis.url,
      RATE_LIMIT_TURNS_PER_MINUTE: '100000',
      RATE_LIMIT_TURNS_PER_HOUR: '100000',
      ...environment,
    })
    programs.push(program)
    return program
  }
  const clientAt = async (program: ChildProgram, name: string): Promise<Client> =>
    createClient(program.address, `${name}-id`, await tokenFor(`${name}-id`, `${name}@example.com`))
  const lapse = (turnId: string) => database.pool.query('update turn_runs set lease_until = now() where turn_id = $1', [turnId])
  const outputOf = async (client: Client, path: string) => (await client.get(path)).body.assistant_output

  let one: ChildProgram
  let two: ChildProgram
  beforeAll(async () => {
    redis = await startOwnRedis()
    ;[one, two] = await Promise.all([start(), start()])
  })
  afterAll(async () => {
    for (const program of programs) await program.end('SIGKILL')
    await endpoint.close()
    await redis?.remove()
  })

  /** One user, at a replica of their own that is to die and at one that stays. */
  async function atDyingReplica(name: string) {
    const dying = await start()
    return { dying, ada: await clientAt(dying, name), elsewhere: await clientAt(two, name) }
  }

  /** Begins a turn on the first replica and reads until so many events have come, then cuts. */
  async function beginAndCut(client: Client, turns: string, count: number, events = 'basic') {
    const cut = new AbortController()
    const stream = await client.stream(`${turns}/stream`, { message: 'Go.', events }, { signal: cut.signal })
    const seen: ReadEvent[] = []
    for await (const event of stream.events()) {
      seen.push(event)
      if (seen.length === count) break
    }
    cut.abort()
    return { turnId: stream.headers.get('x-turn-id')!, seen }
  }
  const rejoin = async (client: Client, turns: string, turnId: string, after: number, events = 'basic') =>
    await client.follow(`${turns}/${turnId}/stream?events=${events}`, { headers: { 'last-event-id': String(after) } })
  const numbers = (events: ReadEvent[]) => events.map(event => event.id)
  const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

  test('a stream that was cut is rejoined on the other replica, live, without a gap or a repeat, in both views', async () => {
    const ada = await clientAt(one, 'cut')
    const elsewhere = await clientAt(two, 'cut')
    const { turns } = await newCouncil(ada, 'roundtable', [
      { key: 'cut-1', name: 'One' },
      { key: 'cut-2', name: 'Two' },
    ])
    const { promise: isRead, resolve: goOn } = Promise.withResolvers<void>()
    endpoint.reply({ chunks: words(40), hangAfter: 20, hangUntil: isRead })
    const { turnId, seen } = await beginAndCut(ada, turns, 5)
    const rejoined = await rejoin(elsewhere, turns, turnId, seen.at(-1)!.id)
    const detailed = rejoin(elsewhere, turns, turnId, 0, 'detailed').then(stream => stream.all())
    const all = [...seen]
    for await (const event of rejoined.events()) {
      all.push(event)
      // It flows: no more is said before this much has come.
      if (joinedText(all).endsWith('word19 ')) goOn()
    }
    expect(numbers(all)).toEqual(upTo(all.length))
    expect(all.at(-1)!.data).toMatchObject({ type: 'done', status: 'completed' })
    expect(joinedText(all)).toBe(await outputOf(elsewhere, `${turns}/${turnId}`))
    const detailedHere = await (await rejoin(ada, turns, turnId, 0, 'detailed')).all()
    expect((await detailed).map(({ id, data }) => ({ id, data }))).toEqual(detailedHere.map(({ id, data }) => ({ id, data })))
  })

  test('when its replica dies, the other one closes the turn with what was heard of the unfinished answer, and its readers get the rest', {
    timeout: 60_000,
  }, async () => {
    const { dying, ada, elsewhere } = await atDyingReplica('dead')
    const { turns } = await newCouncil(ada, 'roundtable', [
      { key: 'dead-1', name: 'One' },
      { key: 'dead-2', name: 'Two' },
    ])
    endpoint.reply(({ agentKey }) =>
      agentKey === 'dead-1' ? { chunks: ['finished'] } : { chunks: ['cut ', 'in ', 'the ', 'middle'], hangAfter: 3 },
    )
    const { turnId, seen } = await beginAndCut(ada, turns, 4)
    const waiting = await rejoin(elsewhere, turns, turnId, seen.at(-1)!.id)
    await heard(elsewhere, turns, turnId, 'cut in the ')
    await dying.end('SIGKILL')
    await lapse(turnId)
    const rest = await waiting.all()
    const all = [...seen, ...rest]
    expect(numbers(all)).toEqual(upTo(all.length))
    expect(all.at(-1)!.data).toMatchObject({ type: 'done', status: 'partial' })
    const output = await outputOf(elsewhere, `${turns}/${turnId}`)
    expect(output).toBe('One: finished\n\nTwo: cut in the \n[[agent_error]] agent=Two code=interrupted')
    expect(joinedText(all)).toBe(output)
    // Whoever comes only now reads the same.
    const late = await (await rejoin(await clientAt(one, 'dead'), turns, turnId, 0, 'detailed')).all()
    expect(late.map(({ data }) => data.type).slice(-3)).toEqual(['chunk', 'agent_end', 'done'])
    expect(numbers(late)).toEqual(upTo(late.length))
  })

  test('a reader who had heard more than anybody else could is told to start over', { timeout: 60_000 }, async () => {
    const { dying, ada, elsewhere } = await atDyingReplica('more')
    const { turns } = await newDirectChat(ada, { key: 'more' })
    endpoint.reply({ chunks: words(10), hangAfter: 10 })
    const { turnId, seen } = await beginAndCut(ada, turns, 10)
    await heard(elsewhere, turns, turnId, 'word9 ')
    await dying.end('SIGKILL')
    // As if its last events had died with it.
    const last = seen.at(-1)!.id + 3
    await lapse(turnId)
    const rest = await (await rejoin(elsewhere, turns, turnId, last)).all()
    expect(rest[0]).toMatchObject({ id: 0, data: { type: 'reset' } })
    expect(numbers(rest.slice(1))).toEqual(upTo(rest.length - 1))
    expect(joinedText(rest)).toBe(await outputOf(elsewhere, `${turns}/${turnId}`))
    expect(joinedText(rest)).toMatch(/^word0 .*word9 \n\[\[agent_error\]\]/)
  })

  test('a turn that was cancelled though its replica is dead is stored as cancelled, with what was heard and no mark', {
    timeout: 60_000,
  }, async () => {
    const { dying, ada, elsewhere } = await atDyingReplica('cancelled')
    const { turns } = await newDirectChat(ada, { key: 'cancelled' })
    endpoint.reply({ chunks: ['half', 'way'], hangAfter: 1 })
    const { turnId } = await beginAndCut(ada, turns, 1)
    await heard(elsewhere, turns, turnId, 'half')
    await dying.end('SIGKILL')
    expect(await elsewhere.post(`${turns}/${turnId}/cancel`)).toMatchObject({ status: 202 })
    await lapse(turnId)
    const rest = await (await rejoin(elsewhere, turns, turnId, 0)).all()
    expect(rest.at(-1)!.data).toMatchObject({ type: 'done', status: 'cancelled' })
    expect(joinedText(rest)).toBe('half')
    expect((await elsewhere.get(`${turns}/${turnId}`)).body).toMatchObject({ status: 'cancelled', assistant_output: 'half' })
  })

  test('a request that its dead replica never answered gets its turn from the other, by its key', { timeout: 60_000 }, async () => {
    const { dying, ada, elsewhere } = await atDyingReplica('key')
    const { turns } = await newDirectChat(ada, { key: 'key' })
    endpoint.reply({ chunks: ['half', 'way'], hangAfter: 1 })
    const asked = endpoint.requests.length
    const headers = { 'idempotency-key': 'the same' }
    const unanswered = ada.post(turns, { message: 'Go.' }, headers).catch(() => 'cut')
    await expect.poll(() => endpoint.requests.length).toBe(asked + 1)
    const { running_turn_id: turnId } = (await elsewhere.get(turns.replace('/turns', ''))).body
    await heard(elsewhere, turns, turnId, 'half')
    await dying.end('SIGKILL')
    expect(await unanswered).toBe('cut')
    const again = elsewhere.post(turns, { message: 'Go.' }, headers)
    await sleep(100)
    await database.pool.query('update turn_runs set lease_until = now()')
    expect(await again).toMatchObject({ status: 201, body: { status: 'partial' } })
    expect((await again).body.assistant_output).toBe('half\n[[agent_error]] agent=key code=interrupted')
    expect(endpoint.requests).toHaveLength(asked + 1)
  })

  test('a turn that was closed by a process that died before it could say so has an end all the same', { timeout: 60_000 }, async () => {
    const ada = await clientAt(one, 'silent')
    const elsewhere = await clientAt(two, 'silent')
    const { turns } = await newDirectChat(ada, { key: 'silent' })
    endpoint.reply({ chunks: ['all ', 'of ', 'it'] })
    const { id } = (await ada.post(turns, { message: 'Go.' })).body
    // Its log as it would be, had the process died between the close and what it told of it.
    const client = connectRedis({ url: redis.url })
    await client.connect()
    const key = `pantheon:turn:{${id}}`
    const published = async () => (await client.xRange(key, '-', '+'))!.flatMap(entry => entry.message.events!.split('\n'))
    await expect.poll(async () => (await published()).at(-1)).toContain('"done"')
    const lines = await published()
    await client.del(key)
    await client.xAdd(key, `1-${lines.length - 1}`, { events: lines.slice(0, -1).join('\n') })
    client.destroy()
    const rest = await (await rejoin(elsewhere, turns, id, 1)).all()
    expect(rest.map(({ id, data }) => [id, data.delta ?? data.type])).toEqual([
      [2, 'of '],
      [3, 'it'],
      [4, 'done'],
    ])
  })

  test('when the log is lost while its replica lives, others read on; who comes meanwhile starts over, and reads on once it is back', {
    timeout: 60_000,
  }, async () => {
    const { dying, ada, elsewhere } = await atDyingReplica('lost')
    const { turns } = await newDirectChat(ada, { key: 'lost' })
    // It goes on after each restart, for longer than this test may take.
    endpoint.reply({ chunks: words(2_000), betweenMs: 40 })
    const { turnId, seen } = await beginAndCut(ada, turns, 5)
    const reading = (await rejoin(elsewhere, turns, turnId, seen.at(-1)!.id)).events()
    const read = [...seen]
    for await (const event of reading) {
      read.push(event)
      if (read.length === 15) break
    }
    await redis.restart()
    const more = await rejoinUntil(elsewhere, turns, turnId, 15, events => events.length === 15)
    expect(numbers([...read, ...more])).toEqual(upTo(30))
    expect(joinedText([...read, ...more])).toBe(words(30).join(''))
    await redis.kill()
    const rest: ReadEvent[] = []
    for await (const event of (await rejoin(elsewhere, turns, turnId, 30)).events()) {
      rest.push(event)
      if (rest.length === 1) await redis.restart()
      if (rest.length !== 50) continue
      await dying.end('SIGKILL')
      await lapse(turnId)
    }
    expect(rest[0]).toMatchObject({ id: 0, data: { type: 'reset' } })
    expect(numbers(rest.slice(1))).toEqual(upTo(rest.length - 1))
    expect(rest.at(-1)!.data).toMatchObject({ type: 'done', status: 'partial' })
    expect(joinedText(rest)).toBe(await outputOf(elsewhere, `${turns}/${turnId}`))
  })

  test('when the log and its replica are lost, readers are told the stored output', { timeout: 60_000 }, async () => {
    const { dying, ada, elsewhere } = await atDyingReplica('both')
    const { turns } = await newDirectChat(ada, { key: 'both' })
    endpoint.reply({ chunks: words(10), hangAfter: 10 })
    const { turnId, seen } = await beginAndCut(ada, turns, 10)
    await dying.end('SIGKILL')
    await redis.restart()
    await lapse(turnId)
    const rest = await (await rejoin(elsewhere, turns, turnId, seen.at(-1)!.id)).all()
    expect(rest[0]).toMatchObject({ id: 0, data: { type: 'reset' } })
    expect(numbers(rest.slice(1))).toEqual(upTo(rest.length - 1))
    expect(rest.at(-1)!.data).toMatchObject({ type: 'done', status: 'failed' })
    expect(joinedText(rest)).toBe(await outputOf(elsewhere, `${turns}/${turnId}`))
  })

  /** Comes back until there is enough of the log. */
  async function rejoinUntil(
    client: Client,
    turns: string,
    turnId: string,
    after: number,
    isEnough: (events: ReadEvent[]) => boolean,
  ): Promise<ReadEvent[]> {
    for (;;) {
      const cut = new AbortController()
      const stream = await client.follow(`${turns}/${turnId}/stream`, {
        headers: { 'last-event-id': String(after) },
        signal: cut.signal,
      })
      const events: ReadEvent[] = []
      for await (const event of stream.events()) {
        if (event.data.type === 'reset') break
        events.push(event)
        if (isEnough(events)) {
          cut.abort()
          return events
        }
      }
      cut.abort()
      await sleep(100)
    }
  }
  /** Until another replica knows of so much text; only that survives the death of its own. */
  const heard = (elsewhere: Client, turns: string, turnId: string, text: string) =>
    rejoinUntil(elsewhere, turns, turnId, 0, events => joinedText(events).endsWith(text))
})
