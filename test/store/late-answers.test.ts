import { afterAll, expect, test } from 'vitest'
import { openDatabase } from '../../server/store/database.ts'
import { useTestDatabase } from '../database.ts'
import { startSeverableProxy } from '../severable-proxy.ts'

// A database that answers, but too late: nobody may inherit the connection on which the answer is still to come.

const { url, pool } = await useTestDatabase()
const proxy = await startSeverableProxy(url)
const database = openDatabase({
  config: { connectionString: proxy.url, max: 1, query_timeout: 1_000 } as object,
  namedStatements: true,
  onIdleError: () => undefined,
})
afterAll(async () => {
  await database.close()
  proxy.close()
})

const addUser = (id: string) => database.statement('add_user', 'insert into users (id, issuer, subject) values ($1, $1, $1)', [id])
const usersSeen = async () => (await pool.query('select id from users order by id')).rows.map(row => row.id)

test('what is written after a transaction that began too late is committed by itself', async () => {
  await addUser('before')
  proxy.stall()
  const late = database.transaction(async transaction => transaction.statement('late', 'select 1', []))
  await expect(late).rejects.toThrow('Query read timeout')
  await proxy.mend()
  await addUser('after')
  expect(await usersSeen()).toEqual(['after', 'before'])
})

test('a transaction whose statement is late is undone, and holds up nobody', async () => {
  const late = database.transaction(async transaction => {
    await transaction.statement('half', "insert into users (id, issuer, subject) values ('half', 'half', 'half')", [])
    proxy.stall()
    await transaction.statement('late', 'select 1', [])
  })
  await expect(late).rejects.toThrow()
  await proxy.mend()
  await addUser('later')
  expect(await usersSeen()).toEqual(['after', 'before', 'later'])
  const idle = await pool.query("select from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'")
  expect(idle.rowCount).toBe(0)
})

test('who has waited for a connection waits so much less for an answer on it', async () => {
  const both = openDatabase({
    config: { connectionString: proxy.url, max: 1 } as object,
    namedStatements: true,
    onIdleError: () => undefined,
  })
  const slow = both.statement('slow', 'select pg_sleep(3)', [])
  const behind = both.statement('behind', 'select pg_sleep(3)', [])
  await slow
  await expect(behind).rejects.toThrow('Query read timeout')
  await both.close()
})
