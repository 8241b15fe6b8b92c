import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { useProgram } from '../program.ts'

const program = await useProgram()
const { pool } = program.database
const folder = mkdtempSync(path.join(tmpdir(), 'pantheon-verify-'))
afterAll(() => rmSync(folder, { recursive: true }))
const MAIN = new URL('../../server/main.mjs', import.meta.url).pathname

/** The command as people run it, beside the server that runs on the same database. */
async function verify(url = program.database.url): Promise<{ code: number; output: string }> {
  const environment = { PATH: process.env.PATH, DATABASE_URL: url, PANTHEON_DATA_DIR: folder, LOG_LEVEL: 'silent' }
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [MAIN, 'ledger', 'verify'], { env: environment })
    return { code: 0, output: stdout }
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
    return { code, output: stdout + stderr }
  }
}

test('a ledger that holds is said to, with exit code 0', async () => {
  await program.user('ada')
  await program.user('bob')
  expect(await verify()).toEqual({
    code: 0,
    output: 'The ledger holds: 2 wallets, 2 ledger rows, every balance is the sum of its rows.\n',
  })
})

test('users who differ are named with both figures, and the exit code is 1', async () => {
  await pool.query(`update credit_wallets set balance = balance + 0.00000001 where user_id = 'ada-id'`)
  await pool.query(`insert into users (id, issuer, subject) values ('no-rows', 'x', 'no-rows')`)
  await pool.query(`insert into credit_wallets (id, user_id, balance) values (gen_random_uuid(), 'no-rows', 5)`)
  const { code, output } = await verify()
  expect(code).toBe(1)
  expect(output).toBe(
    'The ledger does not hold: 3 wallets, 2 ledger rows, 2 users differ.\n' +
      '  ada-id: balance 100.00000001, ledger 100\n  no-rows: balance 5, ledger 0\n',
  )
})

test('rows that lie in the wallet of somebody else are found', async () => {
  await pool.query(`delete from credit_wallets where user_id = 'no-rows'`)
  await pool.query(`update credit_wallets set balance = balance - 0.00000001 where user_id = 'ada-id'`)
  expect((await verify()).code).toBe(0)
  await pool.query(`insert into credit_transactions (id, wallet_id, user_id, amount, kind)
    select gen_random_uuid(), id, 'no-rows', 1, 'grant' from credit_wallets where user_id = 'bob-id'`)
  const { code, output } = await verify()
  expect([code, output.split('\n')[1]]).toEqual([1, '  no-rows: balance missing, ledger 1'])
})

test('a database that cannot be reached is a failure, too', async () => {
  expect((await verify('postgres://nobody@127.0.0.1:1/nothing')).code).toBe(1)
})
