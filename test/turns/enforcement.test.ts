import { expect, test } from 'vitest'
import { startChildProgram } from '../child-program.ts'
import { newAgent, newCouncil } from '../council.ts'
import { createClient, useProgram } from '../program.ts'

const environment = {
  CREDIT_ENFORCEMENT_ENABLED: 'true',
  TURNS_RUNNING_PER_USER: '1000',
  RATE_LIMIT_TURNS_PER_MINUTE: '1000000',
  RATE_LIMIT_TURNS_PER_HOUR: '1000000',
}
const { user, endpoint, database } = await useProgram(environment)
const other = await startChildProgram({ DATABASE_URL: database.url, OPENROUTER_BASE_URL: endpoint.url, ...environment })

const ROUNDS = process.env.PANTHEON_LONG ? 20 : 3

/** Puts the balance where the test wants it, in ledger and wallet alike. */
const setBalance = (userId: string, balance: string) =>
  database.pool
    .query(
      `with moved as (update credit_wallets set balance = $2 where user_id = $1 returning id, user_id, balance - $3::numeric as difference)
     insert into credit_transactions (id, wallet_id, user_id, amount, kind) select gen_random_uuid(), id, user_id, difference, 'refund' from moved`,
      [userId, balance, balanceNow.get(userId) ?? '100'],
    )
    .then(() => balanceNow.set(userId, balance))
const balanceNow = new Map<string, string>()

test('a balance that covers five turns lets exactly five of a hundred run, over two processes at once', { timeout: 180_000 }, async () => {
  const ada = await user('five')
  const elsewhere = createClient(other.address, ada.userId, ada.token)
  const agentId = await newAgent(ada, { key: 'one' })
  const sessions = await Promise.all(
    Array.from({ length: 100 }, async () => (await ada.post(`/agents/${agentId}/sessions`)).body.id as string),
  )

  endpoint.reply({ chunks: ['probe'], firstTokenMs: 300, usage: { fresh: 0, output: 0 } })
  const probing = ada.post(`/sessions/${sessions[0]}/turns`, { message: 'Go.' })
  let hold = '0'
  await expect
    .poll(async () => {
      hold = (await database.pool.query('select hold from turn_runs where user_id = $1', [ada.userId])).rows[0]?.hold ?? '0'
      return hold
    })
    .not.toBe('0')
  await probing
  await database.pool.query('delete from messages')

  // Each turn costs all that was held for it, and takes its time, so that the hundred meet.
  const worst = Number(hold)
  endpoint.reply(({ body }) => ({
    chunks: ['five'],
    firstTokenMs: 200,
    usage: { fresh: Math.floor((worst * 10_000 - body.max_tokens!) / 0.35), output: body.max_tokens! },
  }))
  for (let round = 0; round < ROUNDS; round++) {
    await setBalance(ada.userId, (worst * 5).toFixed(8))
    const served = endpoint.requests.length
    const answers = await Promise.all(
      sessions.map((id, index) => (index % 2 ? ada : elsewhere).post(`/sessions/${id}/turns`, { message: 'Go.' })),
    )
    const byStatus = Map.groupBy(answers, answer => answer.status)
    expect(byStatus.get(201)).toHaveLength(5)
    expect(byStatus.get(402)).toHaveLength(95)
    expect(byStatus.get(402)![0]!.body).toMatchObject({
      code: 'insufficient_credits',
      detail: 'Insufficient credits. Please top up your account.',
    })
    expect(endpoint.requests).toHaveLength(served + 5)
    const { rows } = await database.pool.query('select balance, held, running_turns from credit_wallets where user_id = $1', [ada.userId])
    expect(rows[0]).toMatchObject({ held: '0', running_turns: 0 })
    expect(Number(rows[0].balance)).toBeGreaterThanOrEqual(0)
    balanceNow.set(ada.userId, rows[0].balance)
    // The conversations are to stay alike, round for round.
    await database.pool.query('delete from messages')
  }
  const { rows } = await database.pool.query(
    `select balance - (select sum(amount) from credit_transactions where user_id = $1) as off from credit_wallets where user_id = $1`,
    [ada.userId],
  )
  expect(rows[0].off).toBe('0')
})

test('when less is left than the worst case, the output limit is lowered to what can be paid for', async () => {
  const ada = await user('lowered')
  const agentId = await newAgent(ada, { key: 'one' })
  const sessionId = (await ada.post(`/agents/${agentId}/sessions`)).body.id
  await setBalance(ada.userId, '0.1')
  endpoint.reply(({ body }) => ({ chunks: ['short'], usage: { fresh: 10, output: body.max_tokens! } }))
  const answer = await ada.post(`/sessions/${sessionId}/turns`, { message: 'Go.' })
  expect(answer.status).toBe(201)
  expect(endpoint.requests.at(-1)!.body.max_tokens).toBeLessThan(1000)
  expect(endpoint.requests.at(-1)!.body.max_tokens).toBeGreaterThan(256)
  expect(Number(answer.body.balance_after)).toBeGreaterThanOrEqual(0)
  // What is left pays for no further call.
  expect((await ada.post(`/sessions/${sessionId}/turns`, { message: 'Again.' })).status).toBe(402)
})

test('of specialists that begin together and cannot all be paid for at their most, one is lowered', async () => {
  const ada = await user('lowered-one')
  const { turns } = await newCouncil(ada, 'orchestrator', [{ key: 's1' }, { key: 's2' }, { key: 's3' }])
  // The worst case of one is a little more than 0.2.
  await setBalance(ada.userId, '0.5')
  const allowed: Record<string, number> = {}
  endpoint.reply(({ purpose, agentKey, body }) => {
    const usage = { fresh: 0, output: 0 }
    if (purpose === 'manager_routing') return { chunks: [JSON.stringify({ selected_agent_keys: ['s1', 's2', 's3'] })], usage }
    if (purpose === 'manager_evaluation') return { chunks: [JSON.stringify({ continue: false })], usage }
    if (purpose === 'agent') allowed[agentKey!] = body.max_tokens!
    // None ends, and frees what is held for it, before all have begun.
    return { chunks: ['heard'], usage, firstTokenMs: purpose === 'agent' ? 500 : 0 }
  })
  expect(await ada.post(turns, { message: 'Go.' })).toMatchObject({ status: 201, body: { status: 'completed' } })
  const [least, ...others] = Object.values(allowed).toSorted((one, other) => one - other)
  expect(others).toEqual([2048, 2048])
  expect(least).toBeLessThan(1000)
  expect(least).toBeGreaterThan(256)
})

test('a balance of zero or less is always refused, and with enforcement off it is not', async () => {
  const ada = await user('zero')
  const agentId = await newAgent(ada, { key: 'one', model: 'free' })
  const sessionId = (await ada.post(`/agents/${agentId}/sessions`)).body.id
  await setBalance(ada.userId, '0')
  const before = endpoint.requests.length
  expect((await ada.post(`/sessions/${sessionId}/turns`, { message: 'Go.' })).status).toBe(402)
  expect(endpoint.requests).toHaveLength(before)
})

test('a summary that is due does not take what was held for the agent', async () => {
  const ada = await user('due')
  const agentId = await newAgent(ada, { key: 'one' })
  const sessionId = (await ada.post(`/agents/${agentId}/sessions`)).body.id
  endpoint.reply({ chunks: ['ok'], usage: { fresh: 0, output: 0 } })
  for (let index = 1; index <= 8; index++) await ada.post(`/sessions/${sessionId}/turns`, { message: `Turn ${index}` })
  await setBalance(ada.userId, '0.24')
  const answer = await ada.post(`/sessions/${sessionId}/turns`, { message: 'The ninth.' })
  expect(answer).toMatchObject({ status: 201, body: { summary_triggered: true, status: 'completed' } })
  const agent = endpoint.requests.findLast(request => request.purpose === 'agent')!
  expect(agent.body.max_tokens).toBe(2048)
})
