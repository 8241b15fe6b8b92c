import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TurnEvent } from '../../contract/events.ts'
import { openRedis, type Redis } from '../../server/live/redis.ts'
import { createRedisTurnLogs } from '../../server/live/redis-turn-logs.ts'
import type { StoredAnswer } from '../../server/live/stored-answer.ts'
import type { ReadClosed, TurnLog, TurnLogs } from '../../server/live/turn-log.ts'
import { eventually, type OwnRedis, redisServerIsInstalled, startOwnRedis } from '../redis.ts'

const silent = { info: () => undefined, warn: () => undefined }
const chunk = (delta: string): TurnEvent => ({ type: 'chunk', delta })
const done = (turnId: string): TurnEvent => ({
  type: 'done',
  turn_id: turnId,
  provider_model: 'm',
  status: 'completed',
  summary_used_fallback: false,
  balance_after: null,
  low_balance: false,
})
const notClosed: ReadClosed = async () => null
const closedWith = (turnId: string, assistant_output: string): ReadClosed => {
  const closed = { id: turnId, assistant_output, provider_model: 'm', status: 'completed', limit_reached: null }
  return async () => ({ ...closed, summary_used_fallback: false, balance_after: null, low_balance: false }) as StoredAnswer
}

describe.runIf(redisServerIsInstalled())('turn logs while Redis fails', () => {
  let server: OwnRedis
  let connections: [Redis, Redis]
  let here: TurnLogs
  let elsewhere: TurnLogs

  beforeAll(async () => {
    server = await startOwnRedis()
    connections = [await openRedis(server.url, silent), await openRedis(server.url, silent)]
    here = createRedisTurnLogs(connections[0])
    elsewhere = createRedisTurnLogs(connections[1])
  })
  afterAll(async () => {
    for (const redis of connections) await redis.close()
    await server.remove()
  })

  /** So many steps of a promise later. */
  async function after(steps: number): Promise<void> {
    for (let step = 0; step < steps; step++) await null
  }
  const areUp = () => eventually(() => connections.every(redis => redis.isUp()))
  async function found(turnId: string, readClosed = notClosed): Promise<TurnLog> {
    let log: TurnLog | null = null
    await eventually(async () => {
      log = await elsewhere.find(turnId, readClosed)
      return log !== null
    })
    return log!
  }
  /** Everything that is read, as it comes. */
  function reading(log: TurnLog) {
    const events: TurnEvent[] = []
    const ended = (async () => {
      for await (const piece of log.read(new AbortController().signal)) events.push(...piece.events)
    })()
    return { events, ended }
  }

  test.each(['freeze', 'kill'] as const)(
    'after a %s readers elsewhere go on without a gap or a repeat, and nobody here ever waited',
    async fault => {
      const turnId = randomUUID()
      const log = here.open(turnId, 1, () => undefined)
      const local = reading(log)
      log.append(chunk('0'))
      const remote = reading(await found(turnId))
      if (fault === 'freeze') server.freeze()
      else await server.kill()
      for (let index = 1; index < 500; index++) log.append(chunk(String(index)))
      await eventually(() => local.events.length === 500)
      await sleep(400)
      if (fault === 'freeze') server.thaw()
      else await server.restart()
      await areUp()
      log.append(done(turnId))
      await Promise.all([local.ended, remote.ended])
      expect(remote.events).toEqual(local.events)
      expect(remote.events).toHaveLength(501)
    },
  )

  test('what is said in the moment in which a write ends is written as well', async () => {
    const saidAfter = async (steps: number) => {
      const turnId = randomUUID()
      let answers = 0
      const speakWhen: Redis['run'] = async work => {
        const answer = await connections[0].run(work)
        if (answers++ === 0) void after(steps).then(() => log.append(chunk('last')))
        return answer
      }
      const log = createRedisTurnLogs({ ...connections[0], run: speakWhen }).open(turnId, 1, () => undefined)
      log.append(chunk('first'))
      await eventually(async () => (await elsewhere.find(turnId, notClosed))?.soFar().length === 2)
    }
    // As many steps as may lie between the answer of Redis and what the writer makes of it.
    await Promise.all(Array.from({ length: 20 }, (_, steps) => saidAfter(steps)))
  })

  test('a log that Redis forgets is there again, whole, with the next event', async () => {
    const turnId = randomUUID()
    const log = here.open(turnId, 1, () => undefined)
    for (let index = 0; index < 100; index++) log.append(chunk(String(index)))
    await found(turnId)
    const client = createClient({ url: server.url })
    await client.connect()
    await client.flushAll()
    log.append(chunk('100'))
    log.append(done(turnId))
    const all = reading(await found(turnId))
    await all.ended
    expect(all.events).toHaveLength(102)
    client.destroy()
  })

  test('every key expires: an hour after the last event', async () => {
    const turnId = randomUUID()
    const log = here.open(turnId, 1, () => undefined)
    log.append(chunk('x'))
    log.append(done(turnId))
    await found(turnId)
    await elsewhere.takeOver(randomUUID(), 2)
    const client = createClient({ url: server.url })
    await client.connect()
    const keys = await client.keys('*')
    expect(keys.length).toBeGreaterThanOrEqual(2)
    for (const key of keys) {
      const left = await client.pTTL(key)
      expect(left).toBeGreaterThan(3_500_000)
      expect(left).toBeLessThanOrEqual(3_600_000)
    }
    client.destroy()
  })

  test('without Redis a log is kept here, cannot be found elsewhere, and can be taken over all the same', async () => {
    await server.kill()
    await eventually(() => connections.every(redis => !redis.isUp()))
    const turnId = randomUUID()
    const log = here.open(turnId, 1, () => undefined)
    log.append(chunk('said'))
    log.append(done(turnId))
    expect((await here.find(turnId, notClosed))?.soFar()).toHaveLength(2)
    expect(await elsewhere.find(turnId, notClosed)).toBeNull()
    expect((await elsewhere.takeOver(turnId, 2)).soFar()).toEqual([])
    await server.restart()
    await areUp()
  })

  test('who takes a log over waits for a Redis that hangs, so that nothing of what was heard is lost', async () => {
    const turnId = randomUUID()
    here.open(turnId, 1, () => undefined).append(chunk('said'))
    await found(turnId)
    // Of a process whose patience no other test has used up.
    const closing = createRedisTurnLogs(connections[1])
    server.freeze()
    const taken = closing.takeOver(turnId, 2)
    await sleep(400)
    server.thaw()
    expect((await taken).soFar()).toEqual([chunk('said')])
    await areUp()
  })

  test('what a log does not say is taken from the turn that is closed: its end, or all of it', async () => {
    const [whole, cut] = [randomUUID(), randomUUID()]
    for (const turnId of [whole, cut]) here.open(turnId, 1, () => undefined).append(chunk('said'))
    const ends = reading(await found(whole, closedWith(whole, 'said')))
    const replaced = reading(await found(cut, closedWith(cut, 'said and more')))
    await Promise.all([ends.ended, replaced.ended])
    expect(ends.events).toEqual([chunk('said'), done(whole)])
    expect(replaced.events).toEqual([chunk('said'), { type: 'reset' }, chunk('said and more'), done(cut)])
  })

  test('a log with a gap is not read across it', async () => {
    const turnId = randomUUID()
    const client = createClient({ url: server.url })
    await client.connect()
    const key = `pantheon:turn:{${turnId}}`
    await client.xAdd(key, '1-1', { events: JSON.stringify(chunk('one')) })
    const read = reading(await found(turnId, closedWith(turnId, 'one two three')))
    await client.xAdd(key, '1-3', { events: JSON.stringify(chunk('three')) })
    await read.ended
    expect(read.events).toEqual([chunk('one'), { type: 'reset' }, chunk('one two three'), done(turnId)])
    client.destroy()
  })

  test('a thousand turns at once cost one connection to each process', async () => {
    const turnIds = Array.from({ length: 1000 }, () => randomUUID())
    const logs = turnIds.map(turnId => here.open(turnId, 1, () => undefined))
    for (const log of logs) log.append(chunk('a'))
    const readers = await Promise.all(turnIds.map(async turnId => reading(await found(turnId))))
    const client = createClient({ url: server.url })
    await client.connect()
    expect((await client.sendCommand<string>(['CLIENT', 'LIST'])).trim().split('\n').length).toBeLessThanOrEqual(3)
    client.destroy()
    for (const [index, log] of logs.entries()) log.append(done(turnIds[index]!))
    await Promise.all(readers.map(reader => reader.ended))
    for (const reader of readers) expect(reader.events).toHaveLength(2)
  })
})
