import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { joinedText } from '../event-reader.ts'
import { type Client, createClient, startProgram, useProgram } from '../program.ts'
import { eventually } from '../redis.ts'

const program = await useProgram()
const { pool } = program.database

async function newSession(client: Client, agent: Record<string, unknown> = {}) {
  const made = await client.post('/agents', { agent_key: `agent-${randomUUID()}`, name: 'Ada', model_alias: 'deepseek', ...agent })
  const session = await client.post(`/agents/${made.body.id}/sessions`)
  expect(session.status).toBe(201)
  return `/sessions/${session.body.id}/turns`
}

/** The same user on another process. */
const at = (address: string, { userId, token }: Client) => createClient(address, userId, token)
const keyed = (key: string) => ({ 'idempotency-key': key })
const isReplayed = (answer: { headers: Headers }) => answer.headers.get('idempotent-replayed') === 'true'
const turnsOf = async (client: Client, turns: string) => (await client.get(turns)).body.total
const callsOf = async ({ userId }: Client) => (await pool.query('select 1 from llm_call_events where user_id = $1', [userId])).rowCount

describe('a turn that is posted again under its key', () => {
  test('is answered as the first time, makes no call and costs nothing', async () => {
    const ada = await program.user('again')
    const turns = await newSession(ada)
    program.endpoint.reply({ chunks: ['Once.'], usage: { fresh: 1000, output: 500 } })
    const first = await ada.post(turns, { message: 'Say it once.' }, keyed('k'))
    expect(first.status).toBe(201)
    expect(isReplayed(first)).toBe(false)
    const again = await ada.post(turns, { message: ' Say it once. ' }, keyed('k'))
    expect(again.status).toBe(201)
    expect(isReplayed(again)).toBe(true)
    expect(again.body).toEqual(first.body)
    expect(again.headers.get('x-turn-id')).toBe(first.body.id)
    expect(await turnsOf(ada, turns)).toBe(1)
    expect(await callsOf(ada)).toBe(1)
    expect((await ada.get('/users/me/wallet')).body.balance).toBe(first.body.balance_after)
  })

  test('fifty times at once is one turn; everybody gets its answer', async () => {
    const ada = await program.user('fifty')
    const turns = await newSession(ada)
    program.endpoint.reply({ chunks: ['One ', 'answer.'], firstTokenMs: 100, betweenMs: 50 })
    const answers = await Promise.all(Array.from({ length: 50 }, () => ada.post(turns, { message: 'Once.' }, keyed('same'))))
    expect(new Set(answers.map(answer => answer.status))).toEqual(new Set([201]))
    expect(new Set(answers.map(answer => JSON.stringify(answer.body))).size).toBe(1)
    expect(answers.filter(isReplayed)).toHaveLength(49)
    expect(await turnsOf(ada, turns)).toBe(1)
    expect(await callsOf(ada)).toBe(1)
  })

  test('fifty times at once is one turn even when it ends before the others have begun', async () => {
    const ada = await program.user('instant')
    const turns = await newSession(ada)
    program.endpoint.reply({ chunks: ['Done.'] })
    for (const key of ['a', 'b', 'c', 'd']) {
      const answers = await Promise.all(Array.from({ length: 50 }, () => ada.post(turns, { message: 'Quick.' }, keyed(key))))
      expect(answers.filter(answer => answer.status === 201 && isReplayed(answer))).toHaveLength(49)
    }
    expect(await turnsOf(ada, turns)).toBe(4)
    expect(await callsOf(ada)).toBe(4)
  })

  test('is a conflict when it asks for something else, whether the first runs or is closed', async () => {
    const ada = await program.user('conflict')
    const turns = await newSession(ada)
    program.endpoint.reply({ chunks: ['Slow'], firstTokenMs: 300 })
    const running = ada.post(turns, { message: 'One.' }, keyed('k'))
    await eventually(async () => (await pool.query('select 1 from turn_runs where user_id = $1', [ada.userId])).rowCount === 1)
    const expectConflict = async () => {
      const other = await ada.post(turns, { message: 'Two.' }, keyed('k'))
      expect(other.status).toBe(409)
      expect(other.body.code).toBe('idempotency_conflict')
    }
    await expectConflict()
    expect((await running).status).toBe(201)
    await expectConflict()
    expect(await turnsOf(ada, turns)).toBe(1)
  })

  test('is a turn of its own in another session, on the other route, and for another user', async () => {
    const ada = await program.user('scope')
    const bob = await program.user('scope-other')
    program.endpoint.reply({ chunks: ['Mine.'] })
    const [one, two] = [await newSession(ada), await newSession(ada)]
    const message = { message: 'Mine.' }
    const answers = [
      await ada.post(one, message, keyed('k')),
      await ada.post(two, message, keyed('k')),
      await bob.post(await newSession(bob), message, keyed('k')),
    ]
    const stream = await ada.stream(`${one}/stream`, message, { headers: keyed('k') })
    await stream.all()
    expect([...answers, stream].map(isReplayed)).toEqual([false, false, false, false])
    expect(await turnsOf(ada, one)).toBe(2)
  })

  test("is not found in another user's session, whatever its key", async () => {
    const ada = await program.user('owner')
    const bob = await program.user('stranger')
    program.endpoint.reply({ chunks: ['Private.'] })
    const turns = await newSession(ada)
    await ada.post(turns, { message: 'Private.' }, keyed('k'))
    const foreign = await bob.post(turns, { message: 'Private.' }, keyed('k'))
    expect(foreign.status).toBe(404)
    expect(isReplayed(foreign)).toBe(false)
  })

  test('runs anew when the first was refused or failed', async () => {
    const ada = await program.user('failed')
    const turns = await newSession(ada)
    const message = { message: 'Try.' }
    expect((await ada.post(turns, { ...message, model_alias_override: 'nobody' }, keyed('k'))).status).toBe(422)
    program.endpoint.reply({ status: 400 })
    expect((await ada.post(turns, message, keyed('k'))).status).toBe(502)
    program.endpoint.reply({ chunks: ['Now.'] })
    const answer = await ada.post(turns, message, keyed('k'))
    expect(answer.body).toMatchObject({ status: 'completed', assistant_output: 'Now.' })
    expect(isReplayed(answer)).toBe(false)
  })

  test('is told of the failure of the first when it has waited for it', async () => {
    const ada = await program.user('failing')
    const turns = await newSession(ada)
    program.endpoint.reply({ status: 400, delayBeforeHeadersMs: 200 })
    const answers = await Promise.all(Array.from({ length: 5 }, () => ada.post(turns, { message: 'Try.' }, keyed('k'))))
    expect(answers.map(answer => answer.status)).toEqual([502, 502, 502, 502, 502])
    expect(new Set(answers.map(answer => answer.body.turn_id)).size).toBe(1)
    expect(new Set(answers.map(answer => answer.body.detail)).size).toBe(1)
  })

  test('runs anew after 24 hours', async () => {
    const ada = await program.user('late')
    const turns = await newSession(ada)
    program.endpoint.reply({ chunks: ['Again.'] })
    const first = await ada.post(turns, { message: 'Daily.' }, keyed('k'))
    const age = (hours: number) =>
      pool.query(`update turns set created_at = now() - $2 * interval '1 hour' where id = $1`, [first.body.id, hours])
    await age(23.9)
    expect((await ada.post(turns, { message: 'Daily.' }, keyed('k'))).body.id).toBe(first.body.id)
    await age(24.1)
    const next = await ada.post(turns, { message: 'Daily.' }, keyed('k'))
    expect(next.body.id).not.toBe(first.body.id)
    expect((await ada.post(turns, { message: 'Daily.' }, keyed('k'))).body.id).toBe(next.body.id)
  })

  test('counts against no limit and is answered where the limit is used up', async () => {
    const limited = await startProgram({
      DATABASE_URL: program.database.url,
      OPENROUTER_BASE_URL: program.endpoint.url,
      RATE_LIMIT_TURNS_PER_MINUTE: '2',
    })
    try {
      const ada = at(limited.address, await program.user('limited'))
      const turns = await newSession(ada)
      program.endpoint.reply({ chunks: ['Hm.'], firstTokenMs: 50 })
      const many = await Promise.all(Array.from({ length: 20 }, () => ada.post(turns, { message: 'Hm?' }, keyed('k'))))
      expect(new Set(many.map(answer => answer.status))).toEqual(new Set([201]))
      const second = await ada.post(turns, { message: 'Hm?' })
      expect(second.headers.get('ratelimit')).toMatch(/^"turns-minute";r=0;t=\d+, /)
      expect((await ada.post(turns, { message: 'Hm?' })).status).toBe(429)
      expect((await ada.post(turns, { message: 'Hm?' }, keyed('k'))).status).toBe(201)
    } finally {
      await limited.stop()
    }
  })

  test('joins on another process the turn that runs on the first', async () => {
    const other = await startProgram({ DATABASE_URL: program.database.url, OPENROUTER_BASE_URL: program.endpoint.url })
    try {
      const here = await program.user('replicas')
      const there = at(other.address, here)
      const turns = await newSession(here)
      program.endpoint.reply({ chunks: ['Together.'], firstTokenMs: 300 })
      const clients = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? here : there))
      const answers = await Promise.all(clients.map(client => client.post(turns, { message: 'All.' }, keyed('k'))))
      expect(new Set(answers.map(answer => answer.status))).toEqual(new Set([201]))
      expect(new Set(answers.map(answer => JSON.stringify(answer.body))).size).toBe(1)
      expect(answers.filter(isReplayed)).toHaveLength(19)
      expect(await callsOf(here)).toBe(1)
    } finally {
      await other.stop()
    }
  })
})

describe('two processes that are asked the same at the same moment', () => {
  test('make one turn of it, and one of them counts it', async () => {
    const other = await startProgram({ DATABASE_URL: program.database.url, OPENROUTER_BASE_URL: program.endpoint.url })
    const held = await pool.connect()
    try {
      const here = await program.user('moment')
      const there = at(other.address, here)
      const turns = await newSession(here)
      program.endpoint.reply({ chunks: ['Once.'] })
      // Both have looked for the key and found nothing before either is admitted.
      await held.query('begin')
      await held.query('select 1 from credit_wallets where user_id = $1 for update', [here.userId])
      const posted = [here, there].map(client => client.post(turns, { message: 'Now.' }, keyed('k')))
      await eventually(async () => (await pool.query(WAITING)).rowCount === 2)
      await held.query('commit')
      const answers = await Promise.all(posted)
      expect(answers.map(answer => answer.status)).toEqual([201, 201])
      expect(answers[0]?.body).toEqual(answers[1]?.body)
      expect(answers.filter(isReplayed)).toHaveLength(1)
      const used = await Promise.all([here, there].map(client => usedBefore(client)))
      expect(used.toSorted()).toEqual([0, 1])
    } finally {
      held.release()
      await other.stop()
    }
  })
})

const WAITING = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`

/** How many tries that process has counted, by what it says of one more. */
async function usedBefore(client: Client): Promise<number> {
  const answer = await client.post(`/sessions/${randomUUID()}/turns`, { message: 'Hm?' })
  return 100_000 - 1 - Number(/^"turns-minute";r=(\d+)/.exec(answer.headers.get('ratelimit') ?? '')?.[1])
}

describe('a stream that is posted again under its key', () => {
  test('joins the turn while it runs and reads all of it', async () => {
    const ada = await program.user('joins')
    const turns = await newSession(ada)
    program.endpoint.reply({ chunks: ['One ', 'two ', 'three.'], firstTokenMs: 100, betweenMs: 100 })
    const post = () => ada.stream(`${turns}/stream`, { message: 'Count.' }, { headers: keyed('k') })
    const first = await post()
    const second = await post()
    expect([first, second].map(isReplayed)).toEqual([false, true])
    expect(second.headers.get('x-turn-id')).toBe(first.headers.get('x-turn-id'))
    const plain = async (stream: typeof first) => (await stream.all()).map(({ id, data }) => ({ id, data }))
    const [told, toldAgain] = await Promise.all([plain(first), plain(second)])
    expect(toldAgain).toEqual(told)
    expect(told.at(-1)?.data).toMatchObject({ type: 'done', status: 'completed' })
  })

  test('gets the same events after its end, and the stored answer when they are gone', async () => {
    const ada = await program.user('replays')
    const turns = await newSession(ada)
    program.endpoint.reply({ chunks: ['Kept ', 'text.'] })
    const post = (address = program.address) => at(address, ada).stream(`${turns}/stream`, { message: 'Keep.' }, { headers: keyed('k') })
    const told = await (await post()).all()
    const again = await post()
    expect(isReplayed(again)).toBe(true)
    expect((await again.all()).map(({ data }) => data)).toEqual(told.map(({ data }) => data))
    const other = await startProgram({ DATABASE_URL: program.database.url, OPENROUTER_BASE_URL: program.endpoint.url })
    try {
      const elsewhere = await (await post(other.address)).all()
      expect(joinedText(elsewhere)).toBe('Kept text.')
      expect(elsewhere.at(-1)?.data).toEqual(told.at(-1)?.data)
    } finally {
      await other.stop()
    }
    expect(await callsOf(ada)).toBe(1)
  })

  test('gets the failure that the first was told, for its answer had begun with success', async () => {
    const ada = await program.user('failed-stream')
    const turns = await newSession(ada)
    program.endpoint.reply({ status: 400 })
    const post = async () => (await ada.stream(`${turns}/stream`, { message: 'Try.' }, { headers: keyed('k') })).all()
    const told = (await post()).map(({ data }) => data)
    expect(told.at(-2)).toMatchObject({ type: 'error', code: 'provider_error' })
    expect(told.at(-1)).toMatchObject({ type: 'done', status: 'failed' })
    expect((await post()).map(({ data }) => data)).toEqual(told)
    expect(await turnsOf(ada, turns)).toBe(1)
  })

  test('holds for running the last message again as well', async () => {
    const ada = await program.user('regenerates')
    const turns = await newSession(ada)
    program.endpoint.reply({ chunks: ['First.'] })
    const { body } = await ada.post(turns, { message: 'Try.' })
    program.endpoint.reply({ status: 400 })
    const headers = { ...keyed('k'), accept: 'text/event-stream' }
    const regenerate = async () => (await ada.stream(`${turns}/${body.id}/regenerate`, {}, { headers })).all()
    const told = (await regenerate()).map(({ data }) => data)
    expect(told.at(-1)).toMatchObject({ type: 'done', status: 'failed' })
    expect((await regenerate()).map(({ data }) => data)).toEqual(told)
    expect(await turnsOf(ada, turns)).toBe(2)
  })

  test('is a conflict when it asks for another view', async () => {
    const ada = await program.user('views')
    const turns = await newSession(ada)
    program.endpoint.reply({ chunks: ['Seen.'] })
    await (await ada.stream(`${turns}/stream`, { message: 'See.' }, { headers: keyed('k') })).all()
    const other = await ada.stream(`${turns}/stream`, { message: 'See.', events: 'detailed' }, { headers: keyed('k') })
    expect(other.status).toBe(409)
  })
})

test('a key has 1 to 255 characters', async () => {
  const ada = await program.user('lengths')
  const turns = await newSession(ada)
  program.endpoint.reply({ chunks: ['Fine.'] })
  for (const [key, status] of [
    ['', 422],
    ['x'.repeat(256), 422],
    ['x'.repeat(255), 201],
    ['a key with spaces, "quotes" and ümlauts', 201],
  ] as const) {
    const answer = await ada.post(turns, { message: 'Hm.' }, keyed(key))
    expect(answer.status).toBe(status)
    if (status === 422) expect(answer.body).toMatchObject({ code: 'validation_error', errors: [{ path: 'idempotency-key' }] })
  }
})
