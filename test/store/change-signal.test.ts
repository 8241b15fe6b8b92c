import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { listenForChanges } from '../../server/store/change-signal.ts'
import { useTestDatabase } from '../database.ts'

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
