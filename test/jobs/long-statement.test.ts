import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { openDatabase } from '../../server/store/database.ts'
import { createJobQueue } from '../../server/store/job-queue.ts'
import { useFileProcesses } from '../files/file-processes.ts'

const processes = await useFileProcesses()
const { pool, config } = processes.database

test("a job's statement may take longer than an answer to a request", async () => {
  const worker = await processes.startWorker()
  const database = openDatabase({ config, namedStatements: true, onIdleError: () => undefined })
  const jobs = createJobQueue({ database, direct: config, working: false, onError: () => undefined })
  await jobs.start()
  const lock = await pool.connect()
  await lock.query('begin; lock table llm_call_events in access exclusive mode')
  await jobs.enqueue(database, 'check-rollups', {})
  const waits = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
  await expect.poll(async () => (await pool.query(waits)).rowCount, { timeout: 30_000 }).toBe(1)
  await sleep(6_000)
  await lock.query('commit')
  lock.release()
  const job = async () => (await pool.query("select state, retry_count from pgboss.job where name = 'check-rollups'")).rows
  await expect.poll(job, { timeout: 30_000 }).toEqual([{ state: 'completed', retry_count: 0 }])
  await jobs.stop()
  await database.close()
  await worker.end('SIGTERM')
})
