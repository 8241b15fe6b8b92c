import { createHash, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { Refusal } from '../../server/domain/refusal.ts'
import { type Database, openDatabase } from '../../server/store/database.ts'
import { claimKey, type OwnedKey } from '../../server/store/idempotency-keys.ts'
import { type Keep, withIdempotency } from '../../server/store/idempotent-request.ts'
import { useTestDatabase } from '../database.ts'

const { config, pool } = await useTestDatabase()
const database = openDatabase({ config, namedStatements: true, onIdleError: () => undefined })
afterAll(() => database.close())

interface Granted {
  transaction_id: string
  amount: string
}

async function newWallet() {
  const [userId, walletId] = [randomUUID(), randomUUID()]
  await pool.query(`insert into users (id, issuer, subject) values ($1, 'test', $1)`, [userId])
  await pool.query('insert into credit_wallets (id, user_id) values ($1, $2)', [walletId, userId])
  return { userId, walletId }
}

type Wallet = Awaited<ReturnType<typeof newWallet>>

const keyOf = ({ userId }: Wallet, key: string, body: unknown = {}): OwnedKey => ({
  userId,
  route: 'POST /grants',
  key,
  requestSha256: createHash('sha256').update(JSON.stringify(body)).digest('hex'),
})

/** Something with an effect that can be counted. */
const grant =
  (wallet: Wallet, before: () => unknown = () => undefined) =>
  (keep: Keep<Granted>) =>
    database.transaction(async bound => {
      const transactionId = randomUUID()
      await insertGrant(bound, wallet, transactionId)
      await before()
      return await keep(bound, { transaction_id: transactionId, amount: '1.5' })
    })

const insertGrant = (bound: Database, { userId, walletId }: Wallet, id: string) =>
  bound.kysely
    .insertInto('credit_transactions')
    .values({ id, wallet_id: walletId, user_id: userId, amount: '1.5', kind: 'grant' })
    .execute()

const grantsOf = async ({ userId }: Wallet) =>
  (await pool.query<{ id: string }>('select id from credit_transactions where user_id = $1', [userId])).rows.map(row => row.id)

test('a repeat gets the first answer and does nothing', async () => {
  const wallet = await newWallet()
  const first = await withIdempotency(database, keyOf(wallet, 'k'), grant(wallet))
  const again = await withIdempotency(database, keyOf(wallet, 'k'), grant(wallet))
  expect(first.replayed).toBe(false)
  expect(again).toEqual({ answer: first.answer, replayed: true })
  expect(await grantsOf(wallet)).toEqual([first.answer.transaction_id])
})

test('fifty at once do it once', async () => {
  const wallet = await newWallet()
  const slow = grant(wallet, () => sleep(50))
  const answers = await Promise.all(Array.from({ length: 50 }, () => withIdempotency(database, keyOf(wallet, 'k'), slow)))
  expect(new Set(answers.map(({ answer }) => answer.transaction_id))).toEqual(new Set(await grantsOf(wallet)))
  expect(answers.filter(({ replayed }) => replayed)).toHaveLength(49)
})

test('without a key each does it', async () => {
  const wallet = await newWallet()
  const answers = [await withIdempotency(database, null, grant(wallet)), await withIdempotency(database, null, grant(wallet))]
  expect(answers.map(({ replayed }) => replayed)).toEqual([false, false])
  expect(await grantsOf(wallet)).toHaveLength(2)
})

test('keys belong to a user and a route', async () => {
  const [wallet, other] = [await newWallet(), await newWallet()]
  await withIdempotency(database, keyOf(wallet, 'k'), grant(wallet))
  await withIdempotency(database, keyOf(other, 'k'), grant(other))
  await withIdempotency(database, { ...keyOf(wallet, 'k'), route: 'POST /refunds' }, grant(wallet))
  expect([await grantsOf(wallet), await grantsOf(other)].map(grants => grants.length)).toEqual([2, 1])
})

test('the same key for another body is a conflict, also while the first runs', async () => {
  const wallet = await newWallet()
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
  const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>()
  const conflict = () => withIdempotency(database, keyOf(wallet, 'k', { amount: 2 }), grant(wallet))
  const running = withIdempotency(
    database,
    keyOf(wallet, 'k', { amount: 1 }),
    grant(wallet, () => {
      begin()
      return mayEnd
    }),
  )
  await begun
  await expect(conflict()).rejects.toMatchObject({ code: 'idempotency_conflict' })
  end()
  await running
  await expect(conflict()).rejects.toMatchObject({ code: 'idempotency_conflict' })
  expect(await grantsOf(wallet)).toHaveLength(1)
})

test('what was refused or failed is not kept', async () => {
  const wallet = await newWallet()
  const fail = (error: Error) =>
    grant(wallet, () => {
      throw error
    })
  await expect(withIdempotency(database, keyOf(wallet, 'k'), fail(new Refusal('conflict', 'No.')))).rejects.toThrow('No.')
  await expect(withIdempotency(database, keyOf(wallet, 'k'), fail(new Error('A fault.')))).rejects.toThrow('A fault.')
  expect((await withIdempotency(database, keyOf(wallet, 'k'), grant(wallet))).replayed).toBe(false)
  expect(await grantsOf(wallet)).toHaveLength(1)
})

test('the key of a process that died is free when its claim has lapsed', async () => {
  const wallet = await newWallet()
  expect(await claimKey(database, keyOf(wallet, 'k'), randomUUID(), 1)).toEqual({ kind: 'claimed' })
  expect(await claimKey(database, keyOf(wallet, 'k'), randomUUID(), 1)).toEqual({ kind: 'running' })
  expect((await withIdempotency(database, keyOf(wallet, 'k'), grant(wallet))).replayed).toBe(false)
  expect(await grantsOf(wallet)).toHaveLength(1)
})

test('who takes longer than the claim holds does nothing and gets the answer of the one that took over', async () => {
  const wallet = await newWallet()
  const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>()
  const slow = withIdempotency(
    database,
    keyOf(wallet, 'k'),
    grant(wallet, () => mayEnd),
    0.05,
  )
  await sleep(200)
  const quick = await withIdempotency(database, keyOf(wallet, 'k'), grant(wallet))
  expect(quick.replayed).toBe(false)
  end()
  expect(await slow).toEqual({ answer: quick.answer, replayed: true })
  expect(await grantsOf(wallet)).toEqual([quick.answer.transaction_id])
})

test('an answer is kept whose commit is the last that was heard of', async () => {
  const wallet = await newWallet()
  const committedThenLost = async (keep: Keep<Granted>) => {
    await grant(wallet)(keep)
    throw new Error('Connection terminated unexpectedly')
  }
  await expect(withIdempotency(database, keyOf(wallet, 'k'), committedThenLost)).rejects.toThrow()
  expect((await withIdempotency(database, keyOf(wallet, 'k'), grant(wallet))).replayed).toBe(true)
  expect(await grantsOf(wallet)).toHaveLength(1)
})

test('an answer is kept for 24 hours', async () => {
  const wallet = await newWallet()
  await withIdempotency(database, keyOf(wallet, 'k'), grant(wallet))
  const { rows } = await pool.query(
    `select expires_at between now() + interval '23 hours 59 minutes' and now() + interval '24 hours' as kept from idempotency_keys where user_id = $1`,
    [wallet.userId],
  )
  expect(rows).toEqual([{ kept: true }])
  await pool.query('update idempotency_keys set expires_at = now() where user_id = $1', [wallet.userId])
  expect((await withIdempotency(database, keyOf(wallet, 'k', 'another body'), grant(wallet))).replayed).toBe(false)
})
