import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient as connectRedis } from 'redis'
import { afterAll, expect, test } from 'vitest'
import type { TurnEvent } from '../../contract/events.ts'
import { shownText } from '../../server/domain/basic-view.ts'
import { createMemoryTurnLogs } from '../../server/live/memory-turn-logs.ts'
import { openRedis } from '../../server/live/redis.ts'
import { createRedisTurnLogs } from '../../server/live/redis-turn-logs.ts'
import { createRunningTurns } from '../../server/live/running-turns.ts'
import { openDatabase } from '../../server/store/database.ts'
import { closeLapsedTurns } from '../../server/usecases/close-lapsed-turns.ts'
import { startChildProgram } from '../child-program.ts'
import { newCouncil } from '../council.ts'
import { useTestDatabase } from '../database.ts'
import type { ReadEvent } from '../event-reader.ts'
import { startModelEndpoint } from '../model-endpoint.ts'
import { createClient, tokenFor } from '../program.ts'
import { findTestRedis } from '../redis.ts'

// A process that sleeps through its lease: SIGSTOP at any moment of a turn, another process closes the turn, SIGCONT.

const ROUNDS = process.env.PANTHEON_LONG ? 50 : 4
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }

const redisUrl = await findTestRedis()
const database = await useTestDatabase()
const endpoint = await startModelEndpoint()
const sleeper = await startChildProgram({
  DATABASE_URL: database.url,
  OPENROUTER_BASE_URL: endpoint.url,
  ...(redisUrl && { REDIS_URL: redisUrl }),
  RATE_LIMIT_TURNS_PER_MINUTE: '100000',
  RATE_LIMIT_TURNS_PER_HOUR: '100000',
  LOG_LEVEL: 'silent',
})
// The other process is this one: it sweeps when the test says so.
const redis = redisUrl ? await openRedis(redisUrl, silent, 20_000) : null
const other = openDatabase({ config: database.config, namedStatements: true, onIdleError: () => undefined })
const sweep = () =>
  closeLapsedTurns(
    {
      database: other,
      ownerProcess: `sweeper:${randomUUID()}`,
      runningTurns: createRunningTurns(),
      turnLogs: redis ? createRedisTurnLogs(redis) : createMemoryTurnLogs(),
      lowBalanceThreshold: '5',
      observer: { lapsedTurnClosed: () => undefined },
      log: silent,
    },
    { orphans: false },
  )
const reader = redisUrl ? connectRedis({ url: redisUrl }) : null
await reader?.connect()
afterAll(async () => {
  sleeper.child.kill('SIGCONT')
  await redis?.close()
  reader?.destroy()
  await other.close()
  await endpoint.close()
})

const TABLES = ['turns', 'messages', 'llm_call_events', 'tool_call_events', 'turn_context_audit', 'turn_runs']

/** All that anybody could have written, but for what belongs to no turn. */
async function everythingWritten(turnId: string) {
  const rows = await Promise.all(
    TABLES.map(
      async table =>
        (await database.pool.query(`select * from ${table} where turn_id = $1`.replace('turns where turn_id', 'turns where id'), [turnId]))
          .rows,
    ),
  )
  const ledger = (await database.pool.query('select * from credit_transactions order by id')).rows
  const wallets = (await database.pool.query('select * from credit_wallets order by id')).rows
  const rollups = (await database.pool.query('select * from usage_rollups_daily order by user_id, day, model_alias')).rows
  return { rows, ledger, wallets, rollups, log: (await reader?.xRange(`pantheon:turn:{${turnId}}`, '-', '+')) ?? [] }
}

test(`a process that slept past its lease writes nothing any more, ${ROUNDS} times out of ${ROUNDS}`, {
  timeout: 60_000 + ROUNDS * 15_000,
}, async () => {
  const ada = createClient(sleeper.address, 'ada-id', await tokenFor('ada-id', 'ada@example.com'))
  const speakers = ['one', 'two'].map(key => ({ key, name: key.toUpperCase() }))
  const { turns } = await newCouncil(ada, 'roundtable', speakers)
  endpoint.reply({ chunks: Array.from({ length: 8 }, (_, index) => `word${index} `), betweenMs: 20, usage: { fresh: 1000, output: 100 } })
  let slept = 0
  for (let tries = 0; slept < ROUNDS; tries++) {
    expect(tries, 'turns that were over before their process slept').toBeLessThan(ROUNDS * 5)
    const stream = await ada.stream(`${turns}/stream`, { message: `Try ${tries}.`, events: 'detailed' })
    const turnId = stream.headers.get('x-turn-id')!
    const heard: ReadEvent[] = []
    const listening = (async () => {
      for await (const event of stream.events()) heard.push(event)
    })()
    await expect.poll(() => heard.length, { interval: 2 }).toBeGreaterThan(0)
    // From the first token of the first agent to somewhere about the close.
    await sleep((tries * 67) % 420)
    sleeper.child.kill('SIGSTOP')
    // What it had sent is done by now; what its model says meanwhile waits in its sockets.
    await sleep(300)
    await database.pool.query('update turn_runs set lease_until = now() where turn_id = $1', [turnId])
    const closed = await sweep()
    // Its own close came first: nothing was taken from it.
    if (closed === 0) {
      sleeper.child.kill('SIGCONT')
      await listening
      expect(heard.at(-1)!.data.type).toBe('done')
      continue
    }
    slept++
    await sleep(100)
    const before = await everythingWritten(turnId)
    sleeper.child.kill('SIGCONT')
    await listening
    await sleep(200)
    expect(await everythingWritten(turnId)).toEqual(before)
    expect(heard.map(({ data }) => data.type)).not.toContain('done')
    const [turn] = before.rows[0]!
    expect(['partial', 'failed']).toContain(turn.status)
    if (reader) expect(toldBy(before.log)).toBe(turn.assistant_output)
    expect((await ada.get(`${turns}/${turnId}`)).body).toMatchObject({ status: turn.status, assistant_output: turn.assistant_output })
  }
  const { rows } = await database.pool.query(
    'select balance, held, running_turns, (select sum(amount) from credit_transactions) as sum from credit_wallets',
  )
  expect(rows).toEqual([{ balance: rows[0].sum, held: '0', running_turns: 0, sum: rows[0].sum }])
})

/** What a client of the basic stream is told by the log that all processes read. */
function toldBy(log: { message: Record<string, string> }[]): string {
  const lines = log.flatMap(({ message }) => (message.events === '' ? [] : message.events!.split('\n')))
  return shownText(lines.map(line => JSON.parse(line) as TurnEvent))
}
