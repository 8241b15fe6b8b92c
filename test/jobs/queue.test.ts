import { Readable } from 'node:stream'
import { pino } from 'pino'
import { afterAll, expect, test } from 'vitest'
import { observeBy } from '../../server/domain/observation.ts'
import type { Parsed } from '../../server/files/parse-file.ts'
import { runJobs } from '../../server/jobs/run-jobs.ts'
import { openDatabase } from '../../server/store/database.ts'
import { createJobQueue } from '../../server/store/job-queue.ts'
import { newRoom, parsed, upload } from '../files/file-program.ts'
import { useProgram } from '../program.ts'

// A worker whose storage and parser fail when they are told to.

const program = await useProgram({ ADMIN_USER_IDS: 'boss-id' })
const database = openDatabase({ config: program.database.config, namedStatements: true, onIdleError: () => undefined })
const jobs = createJobQueue({ database, direct: program.database.config, working: true, onError: () => undefined })
await jobs.start()
const faults = { storage: 0, parser: 0, brokenKey: '' }
const runs = { parse: 0 }
const removed: string[] = []
await runJobs({
  database,
  jobs,
  log: pino({ level: 'silent' }),
  retentionDays: 90,
  observer: observeBy([]),
  storage: {
    put: async () => {},
    async get(key) {
      faults.storage -= 1
      if (faults.storage >= 0 || key === faults.brokenKey) throw new Error('the storage is away')
      return Readable.from(['text'])
    },
    async remove(key) {
      faults.storage -= 1
      if (faults.storage >= 0) throw new Error('the storage is away')
      removed.push(key)
    },
    check: async () => {},
  },
  async parse(bytes): Promise<Parsed> {
    runs.parse += 1
    faults.parser -= 1
    if (faults.parser >= 0) throw new Error('no parser can be started')
    return { kind: 'text', text: Buffer.from((await Array.fromAsync(bytes)).join('')) }
  },
})
afterAll(async () => {
  await jobs.stop()
  await database.close()
})

const ada = await program.user('ada')
const boss = await program.user('boss')
const room = `/rooms/${await newRoom(ada)}`
const rows = async (sql: string, values: unknown[] = []) => (await program.database.pool.query(sql, values)).rows
const PATIENCE = { timeout: 60_000, interval: 50 }

test('a job becomes one with the commit of what it belongs to, or not at all', async () => {
  const waiting = async () => (await rows(`select id from pgboss.job where name = 'check-rollups'`)).length
  await expect(
    database.transaction(async transaction => {
      await jobs.enqueue(transaction, 'check-rollups', {})
      throw new Error('rolled back')
    }),
  ).rejects.toThrow('rolled back')
  expect(await waiting()).toBe(0)
  await database.transaction(transaction => jobs.enqueue(transaction, 'check-rollups', {}))
  expect(await waiting()).toBe(1)
})

test('a job is picked up as soon as it is committed', async () => {
  const { body: file } = await upload(ada, program, room, 'quick.txt', 'x')
  const started = performance.now()
  expect((await parsed(ada, file.id)).text).toBe('text')
  // Polling alone would take up to half a minute.
  expect(performance.now() - started).toBeLessThan(10_000)
})

test('a job whose storage or parser is away for a while is tried again', async () => {
  faults.storage = 1
  faults.parser = 1
  const { body: file } = await upload(ada, program, room, 'later.txt', 'x')
  expect(await parsed(ada, file.id)).toMatchObject({ parse_status: 'completed', text: 'text' })
}, 90_000)

test('a job that runs twice changes nothing the second time', async () => {
  const { body: file } = await upload(ada, program, room, 'twice.txt', 'x')
  await parsed(ada, file.id)
  const before = await rows('select * from uploaded_files where id = $1', [file.id])
  const parsedBefore = runs.parse
  await jobs.enqueue(database, 'parse-file', { fileId: file.id })
  await jobs.enqueue(database, 'give-up-file', { fileId: file.id })
  await expect
    .poll(
      async () => (await rows(`select 1 from pgboss.job where data ->> 'fileId' = $1 and state <> 'completed'`, [file.id])).length,
      PATIENCE,
    )
    .toBe(0)
  expect(await rows('select * from uploaded_files where id = $1', [file.id])).toEqual(before)
  expect(runs.parse).toBe(parsedBefore)
})

test('a job that is given up leaves no file pending, and an administrator sees it', async () => {
  const { body: file } = await upload(ada, program, room, 'never.txt', 'x')
  await parsed(ada, file.id)
  const [{ storage_key }] = await rows(
    `update uploaded_files set parse_status = 'pending', parsed_text = null, parsed_characters = null where id = $1 returning storage_key`,
    [file.id],
  )
  faults.brokenKey = storage_key
  // The last of its tries.
  await program.database.pool.query(
    `insert into pgboss.job (name, data, retry_limit, dead_letter) values ('parse-file', $1, 0, 'give-up-file')`,
    [JSON.stringify({ fileId: file.id })],
  )
  await expect
    .poll(async () => (await ada.get(`/files/${file.id}/text`)).body, PATIENCE)
    .toMatchObject({
      parse_status: 'failed',
      error_message: expect.stringContaining('Upload it again.'),
    })
  const { body } = await boss.get('/admin/jobs/failed')
  expect(body.total).toBeGreaterThan(0)
  expect(body.jobs[0]).toMatchObject({ name: 'parse-file', data: { fileId: file.id }, attempts: 1, message: 'the storage is away' })
  expect(await ada.get('/admin/jobs/failed')).toMatchObject({ status: 403, body: { code: 'admin_required' } })
}, 90_000)

test('an object that cannot be removed now is removed when the storage is back', async () => {
  await program.database.pool.query(
    `insert into stray_objects (storage_key, due_at) values ('ab/gone', now()), ('ab/later', now() + interval '1 hour')`,
  )
  faults.storage = 2
  await jobs.enqueue(database, 'remove-objects', {})
  await expect.poll(() => removed, PATIENCE).toContain('ab/gone')
  expect(removed).not.toContain('ab/later')
  expect(await rows('select storage_key from stray_objects')).toEqual([{ storage_key: 'ab/later' }])
}, 90_000)
