import { onTestFinished } from 'vitest'
import type { JobName } from '../../server/domain/job.ts'
import { observeBy } from '../../server/domain/observation.ts'
import { type Database, openDatabase } from '../../server/store/database.ts'
import { createJobQueue } from '../../server/store/job-queue.ts'
import { applyRetention } from '../../server/usecases/apply-retention.ts'
import { checkRollups } from '../../server/usecases/check-rollups.ts'
import { purgeDeleted } from '../../server/usecases/purge-deleted.ts'
import type { TestDatabase } from '../database.ts'

type Round = Extract<JobName, 'purge-deleted' | 'apply-retention' | 'check-rollups'>

export interface RoundOptions {
  retentionDays?: number
  log?: { info(fields: object, message: string): void }
  /** Told of every statement, each of which is a transaction of its own. */
  onStatement?: (name: string, milliseconds: number) => void
}

/** A round as the worker would run it, now and to its end; jobs that it enqueues go to the worker of the test. */
export async function runJob({ database: { config } }: { database: TestDatabase }, name: Round, options: RoundOptions = {}): Promise<void> {
  const database = openDatabase({ config, namedStatements: true, onIdleError: () => undefined })
  const jobs = createJobQueue({ database, direct: config, working: false, onError: () => undefined })
  await jobs.start()
  onTestFinished(async () => {
    await jobs.stop()
    await database.close()
  })
  const log = { info: () => undefined, error: () => undefined, ...options.log }
  const timed: Database = {
    ...database,
    async statement<Row>(statement: string, text: string, values: unknown[]) {
      const started = performance.now()
      const rows = await database.statement<Row>(statement, text, values)
      options.onStatement?.(statement, performance.now() - started)
      return rows
    },
  }
  const deps = { database: timed, jobs, log, retentionDays: options.retentionDays ?? 90, observer: observeBy([]) }
  const rounds = { 'purge-deleted': purgeDeleted, 'apply-retention': applyRetention, 'check-rollups': checkRollups }
  await rounds[name](deps)
}
