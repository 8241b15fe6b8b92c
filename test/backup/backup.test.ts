import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '../../server/store/database.ts'
import { startChildProgram } from '../child-program.ts'
import { createTestDatabase, useTestDatabase } from '../database.ts'
import { contradictionsIn } from '../faults/books.ts'
import { answerForCouncils, openCouncils } from '../faults/council-load.ts'
import { converseSteadily } from '../faults/steady-load.ts'
import { startModelEndpoint } from '../model-endpoint.ts'
import { firstOwner, newConversation, runPantheon, signIn, startPantheon } from '../program/pantheon-process.ts'
import { createClient } from '../program.ts'
import { randomFrom } from '../random.ts'
import { trialFolder } from '../store/embedded-trial.ts'
import { backupToolsFit, runLine } from './pg-tools.ts'

const GUIDE = readFileSync(path.join(import.meta.dirname, '../../docs/backup.md'), 'utf8')
/** A line of the guide, so that what it says is what was tried. */
const lineOf = (beginning: string) => {
  const found = GUIDE.split('\n').filter(line => line.startsWith(beginning))
  expect(found, beginning).toHaveLength(1)
  return found[0]!
}

const { config, pool, url } = await useTestDatabase()
const { server_version_num } = (await pool.query('show server_version_num')).rows[0]
const endpoint = await startModelEndpoint()
afterAll(() => endpoint.close())

const openAt = (connectionString: string) => {
  const database = openDatabase({ config: { connectionString }, namedStatements: true, onIdleError: () => undefined })
  onTestFinished(() => database.close())
  return database
}

const start = (databaseUrl: string) =>
  startChildProgram(
    {
      DATABASE_URL: databaseUrl,
      OPENROUTER_BASE_URL: endpoint.url,
      RATE_LIMIT_TURNS_PER_MINUTE: '10000',
      RATE_LIMIT_TURNS_PER_HOUR: '100000',
    },
    onTestFinished,
  )

if (backupToolsFit(Number(server_version_num)))
  test('a backup that is taken under load and restored into an empty server verifies, and its conversations go on', async () => {
    const { address } = await start(url)
    answerForCouncils(endpoint, randomFrom(9), { words: 6, betweenMs: 15 })
    const conversations = await openCouncils(address, 24)
    const load = converseSteadily(conversations, 15, 60_000)
    await expect.poll(() => load.answers.length, { timeout: 60_000 }).toBeGreaterThan(20)

    const folder = trialFolder()
    runLine(lineOf('pg_dump '), { DATABASE_URL: url, BACKUPS: folder, PGUSER: config.user ?? '' })
    const answered = load.answers.length
    await expect.poll(() => load.answers.length, { timeout: 60_000 }).toBeGreaterThan(answered + 10)
    await load.stop()
    expect(load.failures).toEqual([])

    const empty = await createTestDatabase({ migrated: false })
    onTestFinished(empty.drop)
    runLine(lineOf('pg_restore '), { DATABASE_URL: empty.url, BACKUPS: folder })
    const restored = openAt(empty.url)
    const count = async (table: string) => (await restored.pool.query(`select count(*) as n from ${table}`)).rows[0].n as number
    // Turns were running, and they are what a crash leaves.
    expect(await count('turn_runs')).toBeGreaterThan(0)
    expect(await count('turns')).toBeGreaterThan(20)
    const verified = await runPantheon({ folder, environment: { DATABASE_URL: empty.url } }, ['ledger', 'verify'])
    expect([verified.code, verified.stdout], verified.stderr).toEqual([0, expect.stringContaining('The ledger holds')])

    const successor = await start(empty.url)
    await expect.poll(() => count('turn_runs'), { timeout: 60_000, interval: 200 }).toBe(0)
    expect(await contradictionsIn(restored)).toEqual({})
    for (const { client, turns, message } of conversations.slice(0, 3)) {
      const again = createClient(successor.address, client.userId, client.token)
      const before = (await again.get(turns)).body.total
      const { status, body } = await again.post(turns, { message })
      expect([status, body.turn_index]).toEqual([201, before + 1])
    }
    expect(await contradictionsIn(restored)).toEqual({})
  }, 240_000)

test('a data folder that is copied while nothing runs on it is a backup of the embedded mode', async () => {
  const folder = trialFolder()
  const first = startPantheon({ folder })
  const owner = await firstOwner(await first.address())
  const turns = await newConversation(owner)
  await owner.post(turns, { message: 'Before.' })
  expect(await first.end('SIGTERM')).toBe(0)

  const elsewhere = trialFolder()
  runLine(lineOf('cp -a '), { PANTHEON_DATA_DIR: path.join(folder, 'data'), BACKUPS: elsewhere })
  expect(existsSync(path.join(elsewhere, 'data'))).toBe(true)
  const verified = await runPantheon({ folder: elsewhere }, ['ledger', 'verify'])
  expect([verified.code, verified.stdout], verified.stderr).toEqual([0, expect.stringContaining('The ledger holds')])
  const second = startPantheon({ folder: elsewhere })
  const again = await signIn(await second.address(), 'ada@example.org')
  expect((await again.post(turns, { message: 'After.' })).body.turn_index).toBe(2)
})
