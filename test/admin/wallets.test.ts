import { describe, expect, test } from 'vitest'
import { newDirectChat } from '../council.ts'
import type { Client } from '../program.ts'
import { useAdministration } from './administration.ts'

const program = await useAdministration()
const { owner, analyst } = program
const { pool } = program.database

const grant = (userId: string, body: unknown, headers?: Record<string, string>) =>
  owner.post(`/admin/wallets/${userId}/grant`, body, headers)
const refund = (userId: string, body: unknown, headers?: Record<string, string>) =>
  owner.post(`/admin/wallets/${userId}/refund`, body, headers)
const walletOf = async (userId: string) => (await analyst.get(`/admin/wallets/${userId}`)).body
const ledgerSum = async (userId: string) =>
  (await pool.query('select sum(amount) as sum from credit_transactions where user_id = $1', [userId])).rows[0].sum

/** A turn that cost 0.1 credits, and its debit. */
async function spend(client: Client): Promise<{ turnId: string; transactionId: string }> {
  const { turns } = await newDirectChat(client, { key: `a${crypto.randomUUID()}` })
  program.endpoint.reply({ usage: { fresh: 0, output: 1000 } })
  const turn = await client.post(turns, { message: 'spend' })
  expect(turn.body.credits_burned).toBe('0.1')
  const { transactions } = (await client.get('/users/me/transactions?limit=1')).body
  expect(transactions[0]).toMatchObject({ kind: 'debit', reference_id: turn.body.id })
  return { turnId: turn.body.id, transactionId: transactions[0].id }
}

describe('wallets', () => {
  test('are read with the last ten ledger rows, newest first', async () => {
    const ada = await program.user('ada')
    for (let amount = 1; amount <= 11; amount += 1) await grant(ada.userId, { amount })
    const wallet = await walletOf(ada.userId)
    expect(wallet).toMatchObject({ user_id: ada.userId, balance: '166' })
    expect(wallet.recent_transactions.map((row: { amount: string }) => row.amount)).toEqual([
      '11',
      '10',
      '9',
      '8',
      '7',
      '6',
      '5',
      '4',
      '3',
      '2',
    ])
    expect(wallet.recent_transactions).toEqual((await ada.get('/users/me/transactions?limit=10')).body.transactions)
  })

  test('of nobody are 404', async () => {
    expect((await analyst.get('/admin/wallets/nobody')).body).toMatchObject({ status: 404, code: 'not_found', detail: 'Wallet not found.' })
  })
})

describe('grants', () => {
  test('each route answers in its own words; the balance, the ledger and the log say the same', async () => {
    const bob = await program.user('bob')
    const first = await grant(bob.userId, { amount: '0.00000001', note: '  for the trouble  ' })
    expect(first.status).toBe(200)
    expect(first.body).toEqual({ user_id: bob.userId, new_balance: '100.00000001', transaction_id: expect.any(String) })
    expect((await walletOf(bob.userId)).recent_transactions[0]).toEqual({
      id: first.body.transaction_id,
      kind: 'grant',
      amount: '0.00000001',
      initiated_by: owner.userId,
      note: 'for the trouble',
      reference_id: null,
      created_at: expect.any(String),
    })
    expect(await program.lastChange()).toMatchObject({
      actor_user_id: owner.userId,
      action: 'credits_granted',
      target: bob.userId,
      before: { balance: '100' },
      after: { balance: '100.00000001', amount: '0.00000001', note: 'for the trouble', transaction_id: first.body.transaction_id },
    })

    const second = await owner.post(`/admin/users/${bob.userId}/wallet/grant`, { amount: 10_000 })
    expect([second.status, second.body]).toEqual([200, { user_id: bob.userId, credits_granted: '10000', new_balance: '10100.00000001' }])
    expect((await bob.get('/users/me/wallet')).body.balance).toBe('10100.00000001')
    expect(await ledgerSum(bob.userId)).toBe('10100.00000001')
  })

  test('a JSON number is read exactly, digit by digit', async () => {
    const carl = await program.user('carl')
    expect((await grant(carl.userId, '{"amount": 0.10000000}')).body.new_balance).toBe('100.1')
    expect((await grant(carl.userId, '{"amount": 0.00000003}')).body.new_balance).toBe('100.10000003')
    expect((await grant(carl.userId, '{"amount": 9999.123456789012345678}')).status).toBe(422)
  })

  test.each([0, '0', -1, '10000.00000001', 10_001, '0.000000001', 'ten', null, undefined])('of %s are refused', async amount => {
    const refused = await grant(owner.userId, { amount })
    expect(refused.body).toMatchObject({ status: 422, code: 'validation_error', errors: [{ path: 'amount' }] })
  })

  test('a note is at most 256 characters long, and a blank one is none', async () => {
    expect((await grant(owner.userId, { amount: 1, note: 'x'.repeat(257) })).status).toBe(422)
    expect((await grant(owner.userId, { amount: 1, note: 'x'.repeat(256) })).status).toBe(200)
    expect((await grant(owner.userId, { amount: 1, note: 'half of a pair: \ud83d' })).status).toBe(200)
    await grant(owner.userId, { amount: 1, note: '   ' })
    expect((await walletOf(owner.userId)).recent_transactions[0].note).toBe(null)
  })

  test('to nobody are 404 and leave nothing', async () => {
    const changes = await program.countChanges()
    for (const path of ['/admin/wallets/nobody/grant', '/admin/users/nobody/wallet/grant'])
      expect((await owner.post(path, { amount: 1 })).body).toMatchObject({ status: 404, code: 'not_found', detail: 'Wallet not found.' })
    expect(await program.countChanges()).toBe(changes)
  })

  test('fifty at once all count', async () => {
    const dora = await program.user('dora')
    const answers = await Promise.all(Array.from({ length: 50 }, () => grant(dora.userId, { amount: '0.1' })))
    expect(answers.map(answer => answer.status)).toEqual(Array(50).fill(200))
    expect(new Set(answers.map(answer => answer.body.new_balance)).size).toBe(50)
    expect((await walletOf(dora.userId)).balance).toBe('105')
    expect(await ledgerSum(dora.userId)).toBe('105')
  })

  test('twenty with one Idempotency-Key grant once, and the key stands for that grant only', async () => {
    const eve = await program.user('eve')
    const headers = { 'idempotency-key': 'grant-1' }
    const answers = await Promise.all(Array.from({ length: 20 }, () => grant(eve.userId, { amount: 5 }, headers)))
    expect(answers.map(answer => answer.status)).toEqual(Array(20).fill(200))
    expect(new Set(answers.map(answer => answer.body.transaction_id)).size).toBe(1)
    expect(answers.filter(answer => answer.headers.get('idempotent-replayed') === 'true')).toHaveLength(19)
    expect((await walletOf(eve.userId)).balance).toBe('105')
    expect((await grant(eve.userId, { amount: 6 }, headers)).body).toMatchObject({ status: 409, code: 'idempotency_conflict' })
    const { rows } = await pool.query(`select id from admin_audit_log where target = $1`, [eve.userId])
    expect(rows).toHaveLength(1)
  })
})

describe('refunds', () => {
  test('give a whole debit back, linked to it, by the owner', async () => {
    const fay = await program.user('fay')
    const { transactionId } = await spend(fay)
    const refunded = await refund(fay.userId, { transaction_id: transactionId, note: 'our fault' })
    expect(refunded.status).toBe(200)
    expect(refunded.body).toEqual({ user_id: fay.userId, credits_refunded: '0.1', new_balance: '100', transaction_id: expect.any(String) })
    expect((await walletOf(fay.userId)).recent_transactions[0]).toMatchObject({
      id: refunded.body.transaction_id,
      kind: 'refund',
      amount: '0.1',
      initiated_by: owner.userId,
      note: 'our fault',
      reference_id: transactionId,
    })
    expect(await program.lastChange()).toMatchObject({
      actor_user_id: owner.userId,
      action: 'debit_refunded',
      target: fay.userId,
      before: { balance: '99.9' },
      after: { balance: '100', amount: '0.1', note: 'our fault', refunded_transaction_id: transactionId },
    })
    expect(await ledgerSum(fay.userId)).toBe('100')
  })

  test('in parts never come to more than the debit was', async () => {
    const gus = await program.user('gus')
    const { transactionId } = await spend(gus)
    const part = (amount?: string) => refund(gus.userId, { transaction_id: transactionId, amount, note: 'part' })
    expect((await part('0.04')).body.new_balance).toBe('99.94')
    expect((await part('0.06000001')).body).toMatchObject({ status: 422, code: 'validation_error', errors: [{ path: 'amount' }] })
    expect((await part()).body.credits_refunded).toBe('0.06')
    expect((await part('0.00000001')).body).toMatchObject({ status: 422, errors: [{ path: 'transaction_id' }] })
    expect((await part()).body).toMatchObject({ status: 422, errors: [{ path: 'transaction_id' }] })
    expect((await walletOf(gus.userId)).balance).toBe('100')
  })

  test('fifty at once of the same debit never exceed it', async () => {
    const hal = await program.user('hal')
    const { transactionId } = await spend(hal)
    const amounts = ['0.03', '0.007', '0.01', '0.02', '0.1']
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        refund(hal.userId, { transaction_id: transactionId, amount: amounts[index % 5], note: 'race' }),
      ),
    )
    expect(new Set(answers.map(answer => answer.status)).isSubsetOf(new Set([200, 422]))).toBe(true)
    const { rows } = await pool.query(
      `select sum(amount) as back, count(*) from credit_transactions where kind = 'refund' and reference_id = $1`,
      [transactionId],
    )
    expect(Number(rows[0].back)).toBeLessThanOrEqual(0.1)
    expect(rows[0].count).toBe(answers.filter(answer => answer.status === 200).length)
    expect(rows[0].count).toBeGreaterThan(0)
    expect((await walletOf(hal.userId)).balance).toBe(await ledgerSum(hal.userId))
    const left = await refund(hal.userId, { transaction_id: transactionId, note: 'the rest' })
    if (left.status === 200) expect((await walletOf(hal.userId)).balance).toBe('100')
    else expect(rows[0].back).toBe('0.1')
  })

  test('are made of debits only, and of the user’s own', async () => {
    const [ida, jon] = await Promise.all([program.user('ida'), program.user('jon')])
    const { transactionId, turnId } = await spend(ida)
    const granted = (await grant(ida.userId, { amount: 3 })).body.transaction_id
    expect((await refund(ida.userId, { transaction_id: granted, note: 'no' })).body).toMatchObject({
      status: 422,
      errors: [{ path: 'transaction_id' }],
    })
    const back = (await refund(ida.userId, { transaction_id: transactionId, amount: '0.01', note: 'yes' })).body.transaction_id
    expect((await refund(ida.userId, { transaction_id: back, note: 'no' })).body).toMatchObject({
      status: 422,
      errors: [{ path: 'transaction_id' }],
    })
    const notFound = { status: 404, code: 'not_found', detail: 'Transaction not found.' }
    expect((await refund(jon.userId, { transaction_id: transactionId, note: 'no' })).body).toMatchObject(notFound)
    expect((await refund(ida.userId, { transaction_id: turnId, note: 'no' })).body).toMatchObject(notFound)
    const nobody = await refund('nobody', { transaction_id: transactionId, note: 'no' })
    expect(nobody.body).toMatchObject({ status: 404, code: 'not_found', detail: 'Wallet not found.' })
  })

  test('need a note, a real id and an amount above zero', async () => {
    const id = crypto.randomUUID()
    for (const [body, path] of [
      [{ transaction_id: id }, 'note'],
      [{ transaction_id: id, note: ' ' }, 'note'],
      [{ transaction_id: 'x', note: 'n' }, 'transaction_id'],
      [{ transaction_id: id, note: 'n', amount: 0 }, 'amount'],
      [{ transaction_id: id, note: 'n', amount: '-1' }, 'amount'],
    ] as const)
      expect((await refund(owner.userId, body)).body).toMatchObject({ status: 422, code: 'validation_error', errors: [{ path }] })
  })

  test('sent twice under one Idempotency-Key are made once', async () => {
    const kim = await program.user('kim')
    const { transactionId } = await spend(kim)
    const headers = { 'idempotency-key': 'refund-1' }
    const body = { transaction_id: transactionId, amount: '0.02', note: 'once' }
    const [first, second] = [await refund(kim.userId, body, headers), await refund(kim.userId, body, headers)]
    expect(second.body).toEqual(first.body)
    expect(second.headers.get('idempotent-replayed')).toBe('true')
    expect((await walletOf(kim.userId)).balance).toBe('99.92')
  })
})
