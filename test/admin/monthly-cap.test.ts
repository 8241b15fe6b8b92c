import { expect, test } from 'vitest'
import { newCouncil, newDirectChat } from '../council.ts'
import type { Client } from '../program.ts'
import { useAdministration } from './administration.ts'

// The least that a call may be given is all that it may have: what a call needs is then one figure, and nothing can be made to fit.
const OUTPUT = 2048
const program = await useAdministration({ MIN_OUTPUT_TOKENS: `${OUTPUT}`, CONTEXT_MAX_OUTPUT_TOKENS: `${OUTPUT}` })
const { owner, endpoint } = program
const { pool } = program.database

const setCap = async (client: Client, monthly_credit_cap: unknown) => {
  const changed = await owner.send('PATCH', `/admin/users/${client.userId}`, { monthly_credit_cap })
  expect(changed.status).toBe(200)
}
const enforce = (enabled: boolean) => owner.send('PATCH', '/admin/settings/enforcement', { enabled })
const walletRow = async (client: Client) =>
  (await pool.query('select balance, held, running_turns, spent_in_month from credit_wallets where user_id = $1', [client.userId])).rows[0]
const capReached = { status: 402, code: 'monthly_cap_reached' }

/** What the first call of a turn is held for, in credits, as an exact decimal; the same for every fresh session with this message. */
const MESSAGE = 'How much?'
async function worstCase(): Promise<string> {
  const probe = await program.user(`probe-${crypto.randomUUID()}`)
  await setCap(probe, 100)
  const { turns } = await newDirectChat(probe, { key: 'writer' })
  endpoint.reply({ delayBeforeHeadersMs: 200 })
  const running = probe.post(turns, { message: MESSAGE })
  const holdOf = async () => (await pool.query('select hold from turn_runs where user_id = $1', [probe.userId])).rows[0]?.hold
  await expect.poll(holdOf, { timeout: 10_000 }).toBeDefined()
  const hold = await holdOf()
  await running
  return hold
}
const times = async (factor: string, amount: string) =>
  (await pool.query(`select $1::numeric * $2::numeric as product`, [factor, amount])).rows[0].product
const sessionsOf = (client: Client, count: number) =>
  Promise.all(Array.from({ length: count }, (_, index) => newDirectChat(client, { key: `writer-${index}`, name: 'writer' })))

test('a cap of zero lets nothing through, without enforcement too, and leaves no trace', async () => {
  const ada = await program.user('ada')
  await setCap(ada, 0)
  const { turns } = await newDirectChat(ada, { key: 'writer' })
  const calls = endpoint.requests.length
  for (const path of [turns, `${turns}/stream`]) expect((await ada.post(path, { message: 'hello' })).body).toMatchObject(capReached)
  expect(endpoint.requests.length).toBe(calls)
  expect(await walletRow(ada)).toEqual({ balance: '100', held: '0', running_turns: 0, spent_in_month: '0' })
  expect((await pool.query('select turn_id from turn_runs where user_id = $1', [ada.userId])).rows).toEqual([])
})

test('what was spent this month counts, what was spent before does not', async () => {
  const need = await worstCase()
  const bob = await program.user('bob')
  await setCap(bob, await times('1.3', need))
  const { turns } = await newDirectChat(bob, { key: 'writer' })
  endpoint.reply({ usage: { fresh: 0, output: 1000 } })
  expect((await bob.post(turns, { message: MESSAGE })).body).toMatchObject({
    status: 'completed',
    credits_burned: '0.1',
    balance_after: '99.9',
  })
  expect((await bob.post(turns, { message: MESSAGE })).body).toMatchObject(capReached)
  expect(await walletRow(bob)).toMatchObject({ held: '0', running_turns: 0, spent_in_month: '0.1' })

  await pool.query(`update credit_wallets set spending_month = (spending_month - interval '1 month')::date where user_id = $1`, [
    bob.userId,
  ])
  expect((await bob.post(turns, { message: 'Again?' })).status).toBe(201)
  expect(await walletRow(bob)).toMatchObject({ spent_in_month: '0.1', balance: '99.8' })
})

test('a cap that is raised or taken away lets turns through again', async () => {
  const carl = await program.user('carl')
  await setCap(carl, '0.01')
  const { turns } = await newDirectChat(carl, { key: 'writer' })
  expect((await carl.post(turns, { message: MESSAGE })).body).toMatchObject(capReached)
  await setCap(carl, 10)
  expect((await carl.post(turns, { message: MESSAGE })).status).toBe(201)
  await setCap(carl, 0)
  expect((await carl.post(turns, { message: MESSAGE })).body).toMatchObject(capReached)
  await setCap(carl, null)
  expect((await carl.post(turns, { message: MESSAGE })).status).toBe(201)
})

test.each([false, true])('of twenty turns at once exactly those run that the cap covers (enforcement %s)', async enforced => {
  const need = await worstCase()
  await enforce(enforced)
  const crowd = await program.user(`crowd-${enforced}`)
  await setCap(crowd, await times('5.5', need))
  const sessions = await sessionsOf(crowd, 20)
  endpoint.reply({ delayBeforeHeadersMs: 500, usage: { fresh: 0, output: OUTPUT } })
  const calls = endpoint.requests.length
  const answers = await Promise.all(sessions.map(({ turns }) => crowd.post(turns, { message: MESSAGE })))
  expect(answers.filter(answer => answer.status === 201)).toHaveLength(5)
  for (const answer of answers.filter(answer => answer.status !== 201)) expect(answer.body).toMatchObject(capReached)
  expect(endpoint.requests.length - calls).toBe(5)
  expect(await walletRow(crowd)).toMatchObject({ held: '0', running_turns: 0, spent_in_month: await times('5', '0.2048') })
  await enforce(false)
})

test('a turn whose later call the cap does not cover ends there and says so', async () => {
  const need = await worstCase()
  const dora = await program.user('dora')
  const { turns } = await newCouncil(dora, 'roundtable', [{ key: 'one' }, { key: 'two' }, { key: 'three' }])
  await setCap(dora, await times('1.7', need))
  endpoint.reply({ usage: { fresh: 0, output: OUTPUT } })
  const stream = await dora.stream(`${turns}/stream`, { message: MESSAGE })
  const events = await stream.all()
  expect(events.at(-1)!.data).toMatchObject({ type: 'done', status: 'partial', limit: 'credits' })
  expect(await walletRow(dora)).toMatchObject({ held: '0', running_turns: 0, spent_in_month: '0.2048' })
})

test('under enforcement the refusal says which of the two is short', async () => {
  const need = await worstCase()
  await enforce(true)
  const eve = await program.user('eve')
  const { turns } = await newDirectChat(eve, { key: 'writer' })
  await setCap(eve, await times('0.5', need))
  expect((await eve.post(turns, { message: MESSAGE })).body).toMatchObject(capReached)
  await setCap(eve, 50)
  await pool.query('update credit_wallets set balance = $2 where user_id = $1', [eve.userId, await times('0.5', need)])
  expect((await eve.post(turns, { message: MESSAGE })).body).toMatchObject({ status: 402, code: 'insufficient_credits' })
  await enforce(false)
  expect((await eve.post(turns, { message: MESSAGE })).status).toBe(201)
})

test('a cap that is set while a turn runs holds from the next turn on', async () => {
  const fay = await program.user('fay')
  const { turns } = await newDirectChat(fay, { key: 'writer' })
  endpoint.reply({ delayBeforeHeadersMs: 500, usage: { fresh: 0, output: OUTPUT } })
  const running = fay.post(turns, { message: MESSAGE })
  await expect.poll(async () => (await walletRow(fay)).running_turns, { timeout: 10_000 }).toBe(1)
  await setCap(fay, '0.1')
  expect((await running).status).toBe(201)
  expect(await walletRow(fay)).toMatchObject({ held: '0', running_turns: 0, spent_in_month: '0.2048' })
  expect((await fay.post(turns, { message: MESSAGE })).body).toMatchObject(capReached)
})

test('the month of every wallet is what its debits say, and its roll-ups to their four places', async () => {
  // Bob was given another month by hand.
  const { rows } = await pool.query(`
    select user_id, spent_in_month, debited, burned, calls from credit_wallets
    join (select user_id, -sum(amount) as debited from credit_transactions where kind = 'debit' group by user_id) as debits using (user_id)
    join (select user_id, sum(credits_burned) as burned, sum(call_count) as calls from usage_rollups_daily group by user_id) as used using (user_id)
    where user_id <> 'bob-id'`)
  expect(rows.length).toBeGreaterThan(5)
  for (const { user_id, spent_in_month, debited, burned, calls } of rows) {
    expect(spent_in_month, user_id).toBe(debited)
    expect(Math.abs(Number(spent_in_month) - Number(burned)), user_id).toBeLessThanOrEqual(0.00005 * Number(calls))
  }
})
