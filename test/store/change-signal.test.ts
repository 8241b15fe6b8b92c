import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { listenForChanges } from '../../server/store/change-signal.ts'
import { useTestDatabase } from '../database.ts'
import { startSeverableProxy } from '../severable-proxy.ts'

const database = await useTestDatabase()

const connections = async () =>
  (
    await database.pool.query(
      "select pid from pg_stat_activity where application_name = 'pantheon changes' and datname = current_database()",
    )
  ).rows

test('while the database is away one connection is tried once a second, and then there is one again', async () => {
  const config = { ...database.config }
  const errors: Error[] = []
  const heard: string[] = []
  const changes = await listenForChanges(config, error => errors.push(error))
  onTestFinished(() => changes.close())
  changes.subscribe(change => heard.push(change))

  // Who connects from now on finds nobody.
  config.port = 1
  await database.pool.query('select pg_terminate_backend($1)', [(await connections())[0].pid])
  await sleep(4_500)
  // Two of the connection that ended, then one for each second.
  expect(errors.length).toBeGreaterThan(2)
  expect(errors.length).toBeLessThanOrEqual(2 + 5)

  config.port = database.config.port
  await expect.poll(() => heard, { timeout: 15_000 }).toEqual(['everything'])
  expect(await connections()).toHaveLength(1)
  await database.pool.query("select pg_notify('pantheon_changed', 'rooms')")
  await expect.poll(() => heard, { timeout: 15_000 }).toEqual(['everything', 'rooms'])
})

test('of a user it is told what is remembered of users, and no more', async () => {
  const heard: string[] = []
  const changes = await listenForChanges(database.config, error => heard.push(error.message))
  onTestFinished(() => changes.close())
  changes.subscribe(change => heard.push(change))
  await database.pool.query("insert into users (id, issuer, subject) values ('ada', 'test', 'ada')")
  const heardOf = async (change: string) => {
    heard.length = 0
    await database.pool.query(change)
    // Signals come in the order of their commits.
    await database.pool.query("select pg_notify('pantheon_changed', 'end')")
    await expect.poll(() => heard, { timeout: 15_000 }).toContain('end')
    return heard.slice(0, -1)
  }

  expect(await heardOf("update users set first_active_on = '2026-01-31'")).toEqual([])
  for (const change of ["email = 'ada@example.org'", 'email_verified = true', "role = 'owner'"])
    expect(await heardOf(`update users set ${change}`), change).toEqual(['users:ada'])
  for (const moment of ['suspended_at', 'signed_out_at', 'erased_at'])
    expect(await heardOf(`update users set ${moment} = now()`), moment).toEqual(['users:ada'])
  expect(await heardOf("delete from users where id = 'ada'")).toEqual(['users:ada'])
})

test('a connection that ends while it is asked whether it lives is replaced once', async () => {
  const way = await startSeverableProxy(database.url)
  onTestFinished(way.close)
  const heard: string[] = []
  const changes = await listenForChanges({ connectionString: way.url }, () => {})
  onTestFinished(() => changes.close())
  changes.subscribe(change => heard.push(change))
  way.loseAnswerTo('select 1')
  await expect.poll(() => heard, { timeout: 15_000 }).toContain('everything')
  // As long as a second one would take.
  await sleep(1_500)
  expect(heard).toEqual(['everything'])
  expect(await connections()).toHaveLength(1)
})
