import { describe, expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '../../server/store/database.ts'
import { createJobQueue } from '../../server/store/job-queue.ts'
import { createTestDatabase, type TestDatabase } from '../database.ts'
import { type RoundOptions, runJob } from '../files/job-runner.ts'

/** Four messages a turn: a million of them in the long form. */
const TURNS = process.env.PANTHEON_LONG ? 250_000 : 2_400
const SESSIONS = TURNS / 100
/** What the issue asks for on a machine that does nothing else. */
const LOCK_MS = process.env.PANTHEON_LONG ? 100 : 2_000

/** Half of the sessions in one room, half with one agent; one call for each turn. */
async function fill(database: TestDatabase): Promise<void> {
  const queue = openDatabase({ config: database.config, namedStatements: true, onIdleError: () => undefined })
  const jobs = createJobQueue({ database: queue, direct: database.config, working: false, onError: () => undefined })
  await jobs.start()
  await jobs.stop()
  await queue.close()
  const client = await database.pool.connect()
  const run = (sql: string, values: unknown[] = []) => client.query({ text: sql, values, query_timeout: 600_000 } as { text: string })
  await run(`insert into users (id, issuer, subject) values ('u', 'i', 's')`)
  await run(`insert into credit_wallets (id, user_id) values (gen_random_uuid(), 'u')`)
  await run(`insert into rooms (id, owner_user_id, name, current_mode) values (gen_random_uuid(), 'u', 'r', 'roundtable')`)
  await run(`insert into agents (id, owner_user_id, agent_key, name, model_alias) values (gen_random_uuid(), 'u', 'a', 'a', 'demo')`)
  await run(
    `insert into sessions (id, room_id, agent_id, started_by_user_id, turn_count)
     select gen_random_uuid(), case when n % 2 = 0 then (select id from rooms) end, case when n % 2 = 1 then (select id from agents) end, 'u', 100
     from generate_series(1, $1::int) as n`,
    [SESSIONS],
  )
  await run(
    `insert into turns (id, session_id, user_id, turn_index, mode, user_input, assistant_output, status, model_alias_used, provider_model)
     select gen_random_uuid(), id, 'u', n, 'roundtable', 'hello', 'world', 'completed', 'demo', 'demo' from sessions, generate_series(1, 100) as n`,
  )
  await run(
    `insert into messages (id, session_id, turn_id, turn_index, position, role, visibility, mode, content)
     select gen_random_uuid(), session_id, id, turn_index, n, 'assistant', 'shared', mode, 'some words of turn ' || turn_index || ' and more of them ' || n
     from turns, generate_series(1, 4) as n`,
  )
  await run(
    `insert into llm_call_events (id, request_id, user_id, session_id, turn_id, purpose, provider, model_alias, provider_model, input_tokens_fresh,
       input_tokens_cached, output_tokens, usage_estimated, oe_tokens_computed, provider_cost_usd, credits_burned, charged, status, pricing_version, multiplier)
     select gen_random_uuid(), gen_random_uuid(), 'u', session_id, id, 'agent', 'demo', 'demo', 'demo', 1, 0, 1, false, 1, 0, 0, false, 'success', 'x', 1
     from turns`,
  )
  client.release()
  await database.pool.query('analyze')
}

interface Watched {
  said: Record<string, unknown>[]
  seconds: number
}

/** Runs the round on a database full of messages of which `age` has made some old; holds what it locked against the limit. */
async function watch(round: 'purge-deleted' | 'apply-retention', age: string[], check: (count: Count) => Promise<void>): Promise<Watched> {
  const database = await createTestDatabase()
  onTestFinished(database.drop)
  await fill(database)
  const count: Count = async from => (await database.pool.query(`select count(*)::int as n from ${from}`)).rows[0].n
  expect(await count('messages')).toBe(TURNS * 4)
  for (const statement of age) await database.pool.query({ text: statement, query_timeout: 600_000 } as { text: string })
  const said: Record<string, unknown>[] = []
  const slowest = new Map<string, number>()
  const options: RoundOptions = {
    log: { info: fields => void said.push(fields as Record<string, unknown>) },
    onStatement: (name, ms) => void slowest.set(name, Math.max(slowest.get(name) ?? 0, ms)),
  }
  const started = performance.now()
  await runJob({ database }, round, options)
  const seconds = (performance.now() - started) / 1000
  await check(count)
  // Reading takes no lock that anybody waits for.
  const locking = [...slowest].filter(([name]) => !/^(count|due|empty)_/.test(name))
  if (process.env.PANTHEON_LONG) console.log(`${seconds.toFixed(1)} s, slowest ms:`, Object.fromEntries(slowest), said.slice(-2))
  expect(Math.max(...locking.map(([, ms]) => ms))).toBeLessThan(LOCK_MS)
  if (seconds > 20) expect(said.length).toBeGreaterThan(2)
  return { said, seconds }
}

type Count = (from: string) => Promise<number>

const PATIENCE = process.env.PANTHEON_LONG ? 900_000 : 120_000

describe(`on ${TURNS * 4} messages a round goes by batches, holds no lock for long and says how far it is`, () => {
  test(
    'purging',
    async () => {
      const age = ['rooms', 'agents'].map(table => `update ${table} set deleted_at = now() - interval '8 days'`)
      const { said } = await watch('purge-deleted', age, async count => {
        for (const table of ['messages', 'turns', 'sessions', 'rooms', 'agents']) expect(await count(table)).toBe(0)
        expect(await count('llm_call_events where session_id is null and turn_id is null')).toBe(TURNS)
      })
      expect(said.at(-1)).toMatchObject({ turns_done: TURNS, turns_due: TURNS, sessions: SESSIONS, rooms: 1, agents: 1 })
    },
    PATIENCE,
  )

  test(
    'retention',
    async () => {
      // The last turn of every other session is young.
      const age = [
        `update turns set created_at = now() - interval '91 days' where turn_index < 100 or session_id in (select id from sessions where room_id is null)`,
        `update sessions set created_at = now() - interval '91 days'`,
        'vacuum analyze turns',
      ]
      const { said } = await watch('apply-retention', age, async count => {
        expect(await count('turns')).toBe(SESSIONS / 2)
        expect(await count('messages')).toBe(SESSIONS * 2)
        expect(await count('sessions')).toBe(SESSIONS / 2)
        expect(await count('llm_call_events')).toBe(TURNS)
      })
      const due = TURNS - SESSIONS / 2
      expect(said.at(-1)).toMatchObject({ turns_done: due, turns_due: due, sessions: SESSIONS / 2 })
    },
    PATIENCE,
  )
})
