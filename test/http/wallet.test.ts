import { describe, expect, onTestFinished, test } from 'vitest'
import { newCouncil } from '../council.ts'
import { createClient, startProgram, tokenFor, useProgram } from '../program.ts'

const { user, database, endpoint } = await useProgram({ SIGNUP_GRANT_CREDITS: '33.50' })
const { pool } = database

/** Exactly one row of each kind for a user. */
const moneyOf = async (userId: string) => {
  const [wallets, ledger] = await Promise.all([
    pool.query('select balance, held, running_turns from credit_wallets where user_id = $1', [userId]),
    pool.query('select amount, kind, reference_id, initiated_by from credit_transactions where user_id = $1 order by id', [userId]),
  ])
  return { wallets: wallets.rows, ledger: ledger.rows }
}

describe('a wallet', () => {
  test('is made at first sight with the sign-up grant, which the ledger knows', async () => {
    const ada = await user('ada')
    expect((await ada.get('/users/me/wallet')).body).toEqual({ user_id: ada.userId, balance: '33.5' })
    expect((await ada.get('/users/me/transactions')).body).toEqual({
      transactions: [
        {
          id: expect.stringMatching(/^[0-9a-f-]{36}$/),
          kind: 'grant',
          amount: '33.5',
          initiated_by: null,
          note: 'Sign-up credits',
          reference_id: `signup:${ada.userId}`,
          created_at: expect.stringMatching(/Z$/),
        },
      ],
      total: 1,
    })
  })

  test('is made with nothing where nothing is granted', async () => {
    const alone = await startProgram({ DATABASE_URL: database.url, SIGNUP_GRANT_CREDITS: '0' })
    onTestFinished(alone.stop)
    const poor = createClient(alone.address, 'poor', await tokenFor('poor', 'poor@example.com'))
    expect((await poor.get('/users/me/wallet')).body).toEqual({ user_id: 'poor', balance: '0' })
    expect((await poor.get('/users/me/transactions')).body).toEqual({ transactions: [], total: 0 })
  })

  test('is made once, and granted once, by twenty first requests at the same moment', async () => {
    const alone = await startProgram({ DATABASE_URL: database.url, SIGNUP_GRANT_CREDITS: '7' })
    onTestFinished(alone.stop)
    const swarmOf = async (name: string) =>
      Promise.all(
        Array.from({ length: 20 }, async (_, index) =>
          createClient(alone.address, name, await tokenFor(name, `${name}@example.com`, { jti: String(index) })),
        ),
      )
    // From the second swarm on every connection to the database stands.
    for (const name of ['swarm-1', 'swarm-2', 'swarm-3', 'swarm-4']) {
      const clients = await swarmOf(name)
      const answers = await Promise.all(clients.map(client => client.get('/users/me/wallet')))
      for (const answer of answers) expect(answer.body).toEqual({ user_id: name, balance: '7' })
      expect(await moneyOf(name)).toEqual({
        wallets: [{ balance: '7', held: '0', running_turns: 0 }],
        ledger: [{ amount: '7', kind: 'grant', reference_id: `signup:${name}`, initiated_by: null }],
      })
    }
  })

  test.each([
    ['0', '0'],
    ['100', '100'],
    ['0.10000000', '0.1'],
    ['-3.50', '-3.5'],
    ['0.00000001', '0.00000001'],
    ['1234567890.12345678', '1234567890.12345678'],
    ['9999999999.99999999', '9999999999.99999999'],
  ])('of %s is answered as %j', async (stored, answered) => {
    const rich = await user('rich')
    await pool.query('update credit_wallets set balance = $2::numeric where user_id = $1', [rich.userId, stored])
    expect((await rich.get('/users/me/wallet')).body.balance).toBe(answered)
  })
})

describe('usage and ledger', () => {
  test('show every call and every debit, newest first, in pages that fit together', async () => {
    const bea = await user('bea')
    const { turns } = await newCouncil(bea, 'roundtable', [{ key: 'one' }, { key: 'two' }])
    const turnIds: string[] = []
    for (let index = 1; index <= 3; index++) {
      endpoint.reply({ usage: { fresh: 100, cached: 20, output: index } })
      turnIds.push((await bea.post(turns, { message: 'Hello.' })).body.id)
    }
    endpoint.reply({})
    // The order is the queries' own, not that of an index that happens to be read.
    await pool.query('drop index llm_call_events_user, credit_transactions_user')
    const usage = (await bea.get('/users/me/usage')).body
    expect(usage.total).toBe(6)
    expect(usage.events.map((event: { output_tokens: number }) => event.output_tokens)).toEqual([3, 3, 2, 2, 1, 1])
    expect(usage.events.map((event: { agent_key: string }) => event.agent_key)).toEqual(['two', 'one', 'two', 'one', 'two', 'one'])
    expect(usage.events[0]).toEqual({
      id: expect.any(String),
      model_alias: 'deepseek',
      agent_key: 'two',
      credits_burned: '0.004',
      input_tokens: 120,
      output_tokens: 3,
      turn_id: turnIds[2],
      created_at: expect.stringMatching(/Z$/),
    })
    const ledger = (await bea.get('/users/me/transactions')).body
    expect(ledger.total).toBe(7)
    expect(ledger.transactions.map((row: { amount: string }) => row.amount)).toEqual([
      '-0.004',
      '-0.004',
      '-0.0039',
      '-0.0039',
      '-0.0038',
      '-0.0038',
      '33.5',
    ])
    expect(ledger.transactions[0]).toMatchObject({ kind: 'debit', reference_id: turnIds[2], initiated_by: null, note: null })
    expect((await bea.get('/users/me/wallet')).body.balance).toBe('33.4766')

    for (const [path, list, total] of [
      ['usage', 'events', 6],
      ['transactions', 'transactions', 7],
    ] as const) {
      const whole = path === 'usage' ? usage.events : ledger.transactions
      const pages = await Promise.all([0, 3, 6, 9].map(offset => bea.get(`/users/me/${path}?limit=3&offset=${offset}`)))
      expect(pages.flatMap(page => page.body[list])).toEqual(whole)
      expect(pages.map(page => page.body.total)).toEqual(Array(4).fill(total))
      for (const query of ['limit=0', 'limit=201', 'limit=x', 'offset=-1', 'user_id=ada'])
        expect((await bea.get(`/users/me/${path}?${query}`)).body, query).toMatchObject({
          status: 422,
          errors: [{ path: query.split('=')[0] }],
        })
    }
  })

  test('come 50 to a page, at most 200', async () => {
    const cleo = await user('cleo')
    await pool.query(
      `insert into credit_transactions (id, wallet_id, user_id, amount, kind)
       select gen_random_uuid(), id, user_id, -1, 'debit' from credit_wallets, generate_series(1, 205) where user_id = $1`,
      [cleo.userId],
    )
    const sizes = await Promise.all(
      ['', '?limit=200'].map(async query => (await cleo.get(`/users/me/transactions${query}`)).body.transactions.length),
    )
    expect(sizes).toEqual([50, 200])
  })
})

describe('the database', () => {
  const refused = { code: '42501' }

  test('lets nobody rewrite the ledger', async () => {
    const dora = await user('dora')
    const before = await moneyOf(dora.userId)
    for (const statement of [
      'update credit_transactions set amount = 1000000',
      'update credit_transactions set amount = amount',
      `update credit_transactions set note = 'x' where kind = 'grant'`,
      'delete from credit_transactions',
      'truncate credit_transactions',
      'truncate credit_transactions cascade',
      'truncate credit_wallets cascade',
      'truncate users cascade',
    ])
      await expect(pool.query(statement), statement).rejects.toMatchObject(refused)
    expect(await moneyOf(dora.userId)).toEqual(before)
  })

  test('lets nobody grant twice for the same reason, nor take with a grant or give with a debit', async () => {
    const fay = await user('fay')
    const book = (amount: string, kind: string, reference: string | null) =>
      pool.query(
        `insert into credit_transactions (id, wallet_id, user_id, amount, kind, reference_id)
         select gen_random_uuid(), id, user_id, $2::numeric, $3, $4 from credit_wallets where user_id = $1`,
        [fay.userId, amount, kind, reference],
      )
    await expect(book('33.5', 'grant', `signup:${fay.userId}`)).rejects.toMatchObject({ constraint: 'credit_transactions_one_grant' })
    for (const [amount, kind] of [
      ['0', 'grant'],
      ['-1', 'grant'],
      ['1', 'debit'],
      ['1', 'gift'],
    ] as const)
      await expect(book(amount, kind, null)).rejects.toMatchObject({ code: '23514' })
  })

  test('lets nobody rewrite what was used', async () => {
    const gus = await user('gus')
    const { turns } = await newCouncil(gus, 'roundtable', [{ key: 'used' }])
    await gus.post(turns, { message: 'Hello.' })
    const read = () => pool.query('select * from llm_call_events where user_id = $1', [gus.userId]).then(({ rows }) => rows)
    const before = await read()
    expect(before).toHaveLength(1)
    for (const statement of [
      'update llm_call_events set credits_burned = 0',
      'update llm_call_events set output_tokens = 0',
      `update llm_call_events set user_id = 'ada-id'`,
      'update llm_call_events set turn_id = gen_random_uuid()',
      'update llm_call_events set turn_id = null, credits_burned = 0',
      'update llm_call_events set agent_key = null',
      'delete from llm_call_events',
      'truncate llm_call_events',
    ])
      await expect(pool.query(statement), statement).rejects.toMatchObject(refused)
    expect(await read()).toEqual(before)
  })

  test('keeps usage and ledger when what they name is purged, and the balance with them', async () => {
    const hal = await user('hal')
    const { turns, roomId, agents } = await newCouncil(hal, 'roundtable', [{ key: 'gone', tools: [] }])
    await hal.post(turns, { message: 'Hello.' })
    await hal.post(turns, { message: 'Again.' })
    const read = () => pool.query('select * from llm_call_events where user_id = $1 order by id', [hal.userId]).then(({ rows }) => rows)
    const [before, money] = [await read(), await moneyOf(hal.userId)]
    expect(before).toMatchObject([{ room_id: roomId }, { room_id: roomId, agent_id: agents.gone }])
    await pool.query('delete from rooms where id = $1', [roomId])
    expect(await read()).toEqual(before.map(row => ({ ...row, room_id: null, session_id: null, turn_id: null })))
    await pool.query('delete from agents where id = $1', [agents.gone])
    expect(await read()).toEqual(before.map(row => ({ ...row, room_id: null, session_id: null, turn_id: null, agent_id: null })))
    expect(await moneyOf(hal.userId)).toEqual(money)
    const left = await pool.query(
      `select (select count(*) from turns where user_id = $1) + (select count(*) from messages join turns on turns.id = turn_id
      where turns.user_id = $1) as left`,
      [hal.userId],
    )
    expect(left.rows).toEqual([{ left: 0 }])
    expect((await hal.get('/users/me/usage')).body).toMatchObject({
      total: 2,
      events: [{ turn_id: null, agent_key: 'gone' }, { turn_id: null }],
    })
    await expect(pool.query('delete from users where id = $1', [hal.userId])).rejects.toMatchObject({ code: '23503' })
  })
})
