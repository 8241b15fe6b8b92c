import pg from 'pg'
import { type Db, PgBoss, type Queue } from 'pg-boss'
import type { JobName, Jobs } from '../domain/job.ts'
import type { Database, OpenDatabase } from './database.ts'

export interface JobQueue {
  /** Makes schema `pgboss`, or brings it up to date. Comes before whatever else is asked of the queue. */
  start(): Promise<void>
  /** Becomes a job with the commit of `database`, or not at all. */
  enqueue<Name extends JobName>(database: Database, name: Name, data: Jobs[Name]): Promise<void>
  /** Runs the queue's jobs one after another, `atOnce` at a time. One whose handler rejects is tried again later. */
  work<Name extends JobName>(name: Name, atOnce: number, handler: (data: Jobs[Name]) => Promise<void>): Promise<void>
  /** Enqueues a job at every time that the cron expression (UTC) says, once for all processes. */
  schedule(name: JobName, cron: string): Promise<void>
  /** Lets running jobs finish for a while; the rest runs again elsewhere. */
  stop(): Promise<void>
}

export interface JobQueueOptions {
  database: OpenDatabase
  /** For a session of its own, in which new jobs are heard of at once. */
  direct: pg.ClientConfig
  /** False in a process that only enqueues. */
  working: boolean
  onError: (error: Error) => void
}

/** A worker that died is noticed when it has been silent for this long (pg-boss allows no less than 10 s). */
const SILENCE_SECONDS = 15
const LOOK_EVERY_SECONDS = 5
/** New jobs are heard of; those whose time to be tried again has come are only found by looking. */
const RETRY_LOOK_SECONDS = 5
const STOP_MS = 20_000

/** A job is tried again after about 2, 4, 8, 16, 32 s and so on, half an hour in all; a failed one is kept for 14 days, for an administrator to see. */
const RETRYING = { retryLimit: 10, retryDelay: 2, retryBackoff: true, retryDelayMax: 600, deleteAfterSeconds: 14 * 86_400 }
const LIVING = { notify: true, heartbeatSeconds: SILENCE_SECONDS }
/** Rounds over the whole database: one at a time, and none waits that would only do the same. */
const ROUND = { ...RETRYING, ...LIVING, policy: 'stately', expireInSeconds: 6 * 3600, deleteAfterSeconds: 2 * 86_400 }

const NO_JOB = '00000000-0000-0000-0000-000000000000'

/** In order: a queue that others name comes first. */
const QUEUES: [JobName, Omit<Queue, 'name'>][] = [
  ['give-up-file', { ...RETRYING, ...LIVING }],
  // A parser that cannot be started, or a storage that is away; what is wrong with a file is no reason to try again.
  ['parse-file', { ...RETRYING, ...LIVING, retryLimit: 6, expireInSeconds: 120, deadLetter: 'give-up-file' }],
  ['remove-objects', ROUND],
  ['purge-deleted', ROUND],
  ['apply-retention', ROUND],
  ['erase-user', { ...RETRYING, ...LIVING, expireInSeconds: 6 * 3600 }],
  ['check-rollups', ROUND],
  ['fold-usage', ROUND],
]

/** The queue in schema `pgboss`. Nothing connects before it is started. */
export function createJobQueue({ database, direct, working, onError }: JobQueueOptions): JobQueue {
  const boss = new PgBoss({
    db: { executeSql: executeOn(database), listen: listenOn(direct, onError) },
    supervise: working,
    schedule: working,
    useListenNotify: working,
    superviseIntervalSeconds: LOOK_EVERY_SECONDS,
    monitorIntervalSeconds: LOOK_EVERY_SECONDS,
    queueCacheIntervalSeconds: 3600,
  })
  boss.on('error', onError)
  return {
    async start() {
      await boss.start()
      await prepareQueues(boss)
    },
    async enqueue(bound, name, data) {
      await boss.send(name, data, { db: { executeSql: executeIn(bound) } })
    },
    async work(name, atOnce, handler) {
      for (let number = 0; number < atOnce; number += 1) {
        let worker = ''
        worker = await boss.work(name, { batchSize: 1, notifyPollingIntervalSeconds: RETRY_LOOK_SECONDS }, async ([job]) => {
          try {
            await handler(job!.data as Jobs[typeof name])
          } finally {
            // It would look again only after its polling interval: a signal that came while it was busy said one thing for many jobs.
            boss.notifyWorker(worker)
          }
        })
      }
    },
    schedule: (name, cron) => boss.schedule(name, cron, {}, { tz: 'UTC' }),
    stop: () => boss.stop({ graceful: working, timeout: STOP_MS }),
  }
}

async function prepareQueues(boss: PgBoss): Promise<void> {
  const known = new Set((await boss.getQueues()).map(queue => queue.name))
  for (const [name, options] of QUEUES) {
    const { policy: _, ...changeable } = options
    if (known.has(name)) await boss.updateQueue(name, changeable)
    else await boss.createQueue(name, options)
    // That empties what is cached of the queue, and a send inside a transaction must not need a second connection to read it again.
    await boss.cancel(name, NO_JOB)
  }
}

/** Its own readers of values: our pool reads times as text. */
const executeOn =
  ({ pool }: OpenDatabase): Db['executeSql'] =>
  async (text, values) =>
    await pool.query({ text, ...(values && { values }), types: pg.types as pg.CustomTypesConfig })

const executeIn =
  (bound: Database): Db['executeSql'] =>
  async (text, values = []) => ({ rows: await bound.statement('', text, values) })

const RETRY_MS = 1_000

/** pg-boss listens by itself only on a pool of its own. */
const listenOn =
  (config: pg.ClientConfig, onError: (error: Error) => void): NonNullable<Db['listen']> =>
  async (channel, onNotification, onReconnect) => {
    let client: pg.Client | null = null
    let retry: NodeJS.Timeout | null = null
    let closed = false
    const connect = async () => {
      const fresh = new pg.Client({ ...config, application_name: 'pantheon jobs', keepAlive: true })
      fresh.on('error', onError)
      fresh.on('notification', ({ payload }) => onNotification(payload ?? ''))
      fresh.once('end', again)
      await fresh.connect()
      await fresh.query(`listen ${pg.escapeIdentifier(channel)}`)
      client = fresh
      onReconnect()
      if (closed) await fresh.end()
    }
    const again = () => {
      if (!closed) retry = setTimeout(() => void connect().catch(onError), RETRY_MS)
    }
    await connect()
    return {
      async close() {
        closed = true
        if (retry) clearTimeout(retry)
        await client?.end()
      },
    }
  }
