import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { openDatabase } from '../../server/store/database.ts'
import { checkLedger } from '../../server/store/ledger-check.ts'
import { useTestDatabase } from '../database.ts'
import { createWallets, moveAtRandom, unitsOf } from './ledger-load.ts'

// The long form is for `npm run test:long`.
const long = process.env.PANTHEON_LONG === '1'
const load = long ? { wallets: 200, operations: 100_000, concurrency: 64 } : { wallets: 12, operations: 600, concurrency: 16 }
const checkEveryMs = long ? 1_000 : 100

const { config, pool } = await useTestDatabase()
const database = openDatabase({ config, namedStatements: true, onIdleError: () => undefined })
afterAll(() => void database.close())

/** Wallets whose hold or count of running turns is not that of the turns that run, in one snapshot. */
const OFF_HOLDS = `
  select credit_wallets.user_id from credit_wallets left join turn_runs on turn_runs.user_id = credit_wallets.user_id
  group by credit_wallets.id having held <> coalesce(sum(hold), 0) or running_turns <> count(turn_id)`

test(`${load.operations} random movements of credits leave no wallet that differs from its ledger at any time`, async () => {
  const seed = Date.now() % 1_000_000
  const wallets = await createWallets(database, load.wallets)
  let finished = false
  let checks = 0
  const check = async () => {
    const { differences } = await checkLedger(database)
    expect(differences, `seed ${seed}`).toEqual([])
    expect((await pool.query(OFF_HOLDS)).rows, `seed ${seed}`).toEqual([])
    checks += 1
  }
  const moving = moveAtRandom(database, wallets, { ...load, seed }).finally(() => {
    finished = true
  })
  const checking = (async () => {
    while (!finished) {
      await check()
      await sleep(checkEveryMs)
    }
  })()
  const [counts] = await Promise.all([moving, checking])
  await check()
  if (long) console.log(`seed ${seed}: ${JSON.stringify(counts)}, ${checks} checks`)

  for (const kind of ['grants', 'turns', 'refunds', 'clawbacks', 'refused'] as const)
    expect(counts[kind], `${kind}, seed ${seed}`).toBeGreaterThan(0)
  const { rows } = await pool.query(`select user_id, balance, held, running_turns, spent_in_month,
    (select coalesce(-sum(amount), 0) from credit_transactions where wallet_id = credit_wallets.id and kind = 'debit') as debited
    from credit_wallets`)
  const byUser = new Map(rows.map(row => [row.user_id, row]))
  for (const { userId, expected, debits } of wallets) {
    const { balance, held, running_turns, spent_in_month, debited } = byUser.get(userId)
    expect([unitsOf(balance), held, running_turns], `${userId}, seed ${seed}`).toEqual([expected, '0', 0])
    expect(spent_in_month).toBe(debited)
    expect(
      debits.every(({ left }) => left >= 0n),
      `${userId}, seed ${seed}`,
    ).toBe(true)
  }
}, 1_800_000)
