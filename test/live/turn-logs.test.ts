import { randomUUID } from 'node:crypto'
import { setImmediate as nextTurnOfTheLoop } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TurnEvent } from '../../contract/events.ts'
import { createMemoryTurnLogs } from '../../server/live/memory-turn-logs.ts'
import { openRedis, type Redis } from '../../server/live/redis.ts'
import { createRedisTurnLogs } from '../../server/live/redis-turn-logs.ts'
import type { TurnLog, TurnLogs } from '../../server/live/turn-log.ts'
import { eventually, findTestRedis } from '../redis.ts'

const redisUrl = await findTestRedis()
const silent = { info: () => undefined, warn: () => undefined }
/** A loaded machine may be late with an answer; here that is no outage. */
const PATIENT_MS = 20_000

const chunk = (delta: string): TurnEvent => ({ type: 'chunk', delta, step: 1 })
const done = (turnId: string): TurnEvent => ({
  type: 'done',
  turn_id: turnId,
  provider_model: 'm',
  status: 'completed',
  summary_used_fallback: false,
  balance_after: '1',
  low_balance: false,
})
const notClosed = async () => null
const never = () => expect.unreachable('the log was taken over')
const numbered = (count: number) => Array.from({ length: count }, (_, index) => chunk(`${index} `))

async function findIn(logs: TurnLogs, turnId: string): Promise<TurnLog> {
  let found: TurnLog | null = null
  await eventually(async () => {
    found = await logs.find(turnId, notClosed)
    return found !== null
  })
  return found!
}

const readAll = async (log: TurnLog, signal = new AbortController().signal) =>
  (await Array.fromAsync(log.read(signal))).flatMap(piece => piece.events)

/** Reads until so many events are there. */
async function readSome(log: TurnLog, count: number): Promise<TurnEvent[]> {
  const events: TurnEvent[] = []
  for await (const piece of log.read(new AbortController().signal)) {
    events.push(...piece.events)
    if (events.length >= count) break
  }
  return events
}

/** What both kinds of logs must hold to. `here` runs the turns, `elsewhere` is where others read them. */
function behavesAsTurnLogs(processes: () => { here: TurnLogs; elsewhere: TurnLogs }): void {
  test('what is appended is read elsewhere while the turn runs, in order, and the reading ends with done', async () => {
    const { here, elsewhere } = processes()
    const turnId = randomUUID()
    const log = here.open(turnId, 1, never)
    log.append(chunk('first'))
    const reader = await findIn(elsewhere, turnId)
    const pieces = reader.read(new AbortController().signal)[Symbol.asyncIterator]()
    expect((await pieces.next()).value).toEqual({ events: [chunk('first')], takenOver: false })
    log.append(chunk('second'))
    expect((await pieces.next()).value).toEqual({ events: [chunk('second')], takenOver: false })
    log.append(done(turnId))
    expect((await pieces.next()).value).toEqual({ events: [done(turnId)], takenOver: false })
    expect((await pieces.next()).done).toBe(true)
  })

  test('whoever comes late, or when all is over, reads everything from the beginning', async () => {
    const { here, elsewhere } = processes()
    const turnId = randomUUID()
    const log = here.open(turnId, 1, never)
    const all = [...numbered(5000), done(turnId)]
    const early = (async () => readAll(await findIn(elsewhere, turnId)))()
    for (const [index, event] of all.entries()) {
      log.append(event)
      if (index % 100 === 0) await nextTurnOfTheLoop()
    }
    expect(await early).toEqual(all)
    await eventually(async () => (await elsewhere.find(turnId, notClosed))?.soFar().length === all.length)
    expect(await readAll(await findIn(elsewhere, turnId))).toEqual(all)
    expect(await readAll(await findIn(here, turnId))).toEqual(all)
  })

  test('fifty readers of one turn, of whom some leave, read the same', async () => {
    const { here, elsewhere } = processes()
    const turnId = randomUUID()
    const log = here.open(turnId, 1, never)
    log.append(chunk('begun'))
    const readers = Array.from({ length: 50 }, async (_, index) => {
      const found = await findIn(index % 2 ? here : elsewhere, turnId)
      return index % 5 === 0 ? await readSome(found, 1 + (index % 7)) : await readAll(found)
    })
    const all = [chunk('begun'), ...numbered(100), done(turnId)]
    for (const event of all.slice(1)) {
      log.append(event)
      await nextTurnOfTheLoop()
    }
    for (const [index, events] of (await Promise.all(readers)).entries()) {
      expect(events).toEqual(index % 5 === 0 ? all.slice(0, events.length) : all)
    }
  })

  test('a reader that leaves while nothing comes is let go', async () => {
    const { here, elsewhere } = processes()
    const turnId = randomUUID()
    here.open(turnId, 1, never).append(chunk('only'))
    const leaving = new AbortController()
    const read = readAll(await findIn(elsewhere, turnId), leaving.signal)
    await nextTurnOfTheLoop()
    leaving.abort()
    expect(await read).toEqual([chunk('only')])
  })

  test('a log that nobody knows is not found', async () => {
    const { here, elsewhere } = processes()
    expect(await here.find(randomUUID(), notClosed)).toBeNull()
    expect(await elsewhere.find(randomUUID(), notClosed)).toBeNull()
  })

  test('a log that is taken over goes on from what was there, and its old writer reaches nobody any more', async () => {
    const { here, elsewhere } = processes()
    const turnId = randomUUID()
    let lost = 0
    const old = here.open(turnId, 1, () => {
      lost++
    })
    old.append(chunk('said'))
    const reader = await findIn(elsewhere, turnId)
    const pieces = reader.read(new AbortController().signal)[Symbol.asyncIterator]()
    await pieces.next()
    const next = await elsewhere.takeOver(turnId, 2)
    expect(next.soFar()).toEqual([chunk('said')])
    old.append(chunk('never said'))
    next.append(chunk('the rest'))
    next.append(done(turnId))
    await eventually(() => lost === 1)
    old.append(done(turnId))
    await eventually(async () => (await here.find(turnId, notClosed))?.soFar().length === 3)
    for (const logs of [here, elsewhere])
      expect(await Array.fromAsync((await findIn(logs, turnId)).read(new AbortController().signal))).toEqual([
        { events: [chunk('said')], takenOver: true },
        { events: [chunk('the rest'), done(turnId)], takenOver: false },
      ])
    expect(lost).toBe(1)
  })

  test('readers of the old writer are let go when it has lost the log', async () => {
    const { here, elsewhere } = processes()
    const turnId = randomUUID()
    const old = here.open(turnId, 1, () => undefined)
    old.append(chunk('said'))
    const read = readAll(old)
    await findIn(elsewhere, turnId)
    await elsewhere.takeOver(turnId, 2)
    old.append(chunk('more'))
    expect((await read)[0]).toEqual(chunk('said'))
  })

  test('a turn of which nothing is left can be taken over all the same', async () => {
    const { here, elsewhere } = processes()
    const turnId = randomUUID()
    const log = await here.takeOver(turnId, 2)
    expect(log.soFar()).toEqual([])
    log.append(done(turnId))
    await eventually(async () => (await elsewhere.find(turnId, notClosed)) !== null)
    expect(await Array.fromAsync((await findIn(elsewhere, turnId)).read(new AbortController().signal))).toEqual([
      { events: [], takenOver: true },
      { events: [done(turnId)], takenOver: false },
    ])
  })
}

describe('the turn logs of one process', () => {
  const logs = createMemoryTurnLogs()
  behavesAsTurnLogs(() => ({ here: logs, elsewhere: logs }))
})

describe.runIf(redisUrl)('the turn logs of all processes', () => {
  const redis: Redis[] = []
  let here: TurnLogs
  let elsewhere: TurnLogs
  beforeAll(async () => {
    redis.push(...(await Promise.all([1, 2].map(() => openRedis(redisUrl!, silent, PATIENT_MS)))))
    here = createRedisTurnLogs(redis[0]!)
    elsewhere = createRedisTurnLogs(redis[1]!)
  })
  afterAll(() => Promise.all(redis.map(each => each.close())))
  behavesAsTurnLogs(() => ({ here, elsewhere }))
})
