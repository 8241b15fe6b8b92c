import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newCouncil, newDirectChat } from '../council.ts'
import { useProgram } from '../program.ts'

const { user, endpoint, database, anonymous } = await useProgram({ SIGNUP_GRANT_CREDITS: '10' })

/** Every statement that this process sends, the tests' own included. */
const statements: string[] = []
const send = pg.Client.prototype.query
beforeAll(() => {
  pg.Client.prototype.query = function (this: pg.Client, ...parameters: unknown[]) {
    const [first] = parameters as [string | { name?: string; text: string }]
    statements.push(typeof first === 'string' ? first : (first.name ?? first.text))
    return Reflect.apply(send, this, parameters)
  } as typeof send
})
afterAll(() => {
  pg.Client.prototype.query = send
})

/** How many rows each table holds. */
async function rowCounts(): Promise<Record<string, number>> {
  const { rows } = await database.pool.query(
    `select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`,
  )
  const counts = await Promise.all(rows.map(({ name }) => database.pool.query(`select count(*) as n from ${name}`)))
  return Object.fromEntries(rows.map(({ name }, index) => [name, counts[index]!.rows[0].n]))
}

const whatDiffers = (before: Record<string, number>, after: Record<string, number>) =>
  Object.fromEntries(
    Object.entries(after)
      .filter(([name, count]) => count !== before[name])
      .map(([name, count]) => [name, count - (before[name] ?? 0)]),
  )

test('a turn of one call takes two round trips before its first token and one for its close', async () => {
  const ada = await user('round-trips')
  const { turns } = await newDirectChat(ada, { key: 'one' })
  await ada.post(turns, { message: 'Warm up.' })
  let beforeFirstToken: string[] = []
  endpoint.reply(() => {
    beforeFirstToken = statements.splice(0)
    return { chunks: ['one ', 'two'] }
  })
  statements.length = 0
  await ada.post(turns, { message: 'Count me.' })
  expect(beforeFirstToken).toEqual(['load_turn', 'admit_turn'])
  expect(statements.splice(0)).toEqual(['close_turn'])
})

test('the specialists of a round begin by one write, which also says how the routing ended', async () => {
  const ada = await user('one-write')
  const { turns } = await newCouncil(ada, 'orchestrator', [{ key: 's1' }, { key: 's2' }, { key: 's3' }])
  const beforeEach: string[][] = []
  endpoint.reply(({ purpose }) => {
    if (purpose === 'manager_routing') return { chunks: [JSON.stringify({ selected_agent_keys: ['s1', 's2', 's3'] })] }
    if (purpose === 'manager_evaluation') return { chunks: [JSON.stringify({ continue: false })] }
    if (purpose === 'agent') beforeEach.push([...statements])
    return { chunks: ['heard'] }
  })
  await ada.post(turns, { message: 'Warm up.' })
  beforeEach.length = 0
  statements.length = 0
  expect(await ada.post(turns, { message: 'Count me.' })).toMatchObject({ status: 201, body: { status: 'completed' } })
  expect(beforeEach).toEqual(Array(3).fill(['load_turn', 'admit_turn', 'write_journal']))
})

test('nothing of a turn is visible before its close, and all of it after: one commit', async () => {
  const ada = await user('one-commit')
  const { turns, sessionId } = await newDirectChat(ada, { key: 'one' })
  const before = await rowCounts()
  endpoint.reply({ chunks: ['a ', 'b ', 'c '], betweenMs: 80 })
  const running = ada.post(turns, { message: 'Slowly.' })
  await expect.poll(async () => (await ada.get(`/sessions/${sessionId}`)).body.running_turn_id).not.toBeNull()
  expect(whatDiffers(before, await rowCounts())).toEqual({ turn_runs: 1 })
  expect((await ada.get('/users/me/wallet')).body.balance).toBe('10')
  await running
  expect(whatDiffers(before, await rowCounts())).toEqual({
    turns: 1,
    messages: 2,
    llm_call_events: 1,
    credit_transactions: 1,
    usage_rollups_daily: 1,
    turn_context_audit: 1,
  })
})

test('a close that fails leaves nothing visible, the client gets an error, and the journal still holds the calls', async () => {
  const ada = await user('failed-close')
  const { turns, sessionId } = await newDirectChat(ada, { key: 'one' })
  const before = await rowCounts()
  // The last table that the close writes to.
  await database.pool.query(`create function refuse_audits() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$;
    create trigger refuse_audits before insert on turn_context_audit for each row execute function refuse_audits()`)
  endpoint.reply({ chunks: ['said'] })
  const events = await (await ada.stream(`${turns}/stream`, { message: 'Go.' })).all()
  expect(events.at(-1)!.data).toMatchObject({ type: 'error', code: 'internal_error' })
  expect(whatDiffers(before, await rowCounts())).toEqual({ turn_runs: 1 })
  expect((await ada.get('/users/me/wallet')).body.balance).toBe('10')
  await database.pool.query('drop trigger refuse_audits on turn_context_audit')
  // Whoever finds the lease lapsed closes it, from the journal.
  await database.pool.query(`update turn_runs set lease_until = now() where session_id = $1`, [sessionId])
  await expect.poll(async () => (await ada.get(turns)).body.total, { timeout: 15_000 }).toBe(1)
  // The call had ended and been journalled: its answer is there, and it is paid.
  const [turn] = (await ada.get(turns)).body.turns
  expect(turn).toMatchObject({ status: 'partial', assistant_output: 'said' })
  expect((await ada.get(`${turns}/${turn.id}`)).body.calls).toMatchObject([{ status: 'success' }])
  expect((await ada.get('/users/me/wallet')).body.balance).not.toBe('10')
  const rejoined = await (await ada.follow(`${turns}/${turn.id}/stream`)).all()
  expect(rejoined.map(({ data }) => data.type)).toEqual(['chunk', 'done'])
})

test('a turn that is refused has made no call and left no row', async () => {
  const ada = await user('refused')
  const manual = await newCouncil(ada, 'manual', [{ key: 'one' }])
  const empty = await newCouncil(ada, 'roundtable', [])
  const direct = await newDirectChat(ada, { key: 'direct' })
  const stranger = await user('refused-stranger')
  const before = await rowCounts()
  const calls = endpoint.requests.length
  const refusals = [
    [401, await anonymous.post(direct.turns, { message: 'Hello?' })],
    [404, await stranger.post(direct.turns, { message: 'Mine?' })],
    [422, await ada.post(manual.turns, { message: 'nobody' })],
    [422, await ada.post(empty.turns, { message: 'nobody' })],
    [422, await ada.post(direct.turns, { message: ' ' })],
    [422, await ada.post(direct.turns, { message: 'x', model_alias_override: 'unknown' })],
    [422, await ada.post(direct.turns, { message: 'x'.repeat(900_000) })],
  ] as const
  for (const [status, answer] of refusals) expect(answer.status).toBe(status)
  expect(whatDiffers(before, await rowCounts())).toEqual({})
  expect(endpoint.requests).toHaveLength(calls)
})

test('every balance is the sum of its ledger', async () => {
  const { rows } = await database.pool.query(`
    select credit_wallets.user_id from credit_wallets
    left join (select wallet_id, sum(amount) as total from credit_transactions group by wallet_id) as ledger on ledger.wallet_id = credit_wallets.id
    where balance <> coalesce(total, 0) or held <> 0 or running_turns <> 0`)
  expect(rows).toEqual([])
})
