import type { JobName, Jobs } from '../domain/job.ts'
import type { Observer } from '../domain/observation.ts'
import type { JobQueue } from '../store/job-queue.ts'
import { applyRetention, type RetentionDependencies } from '../usecases/apply-retention.ts'
import { checkRollups } from '../usecases/check-rollups.ts'
import { eraseUser } from '../usecases/erase-user.ts'
import { foldUsage } from '../usecases/fold-usage.ts'
import { giveUpFile } from '../usecases/give-up-file.ts'
import { type ParseFileDependencies, parseFile } from '../usecases/parse-file.ts'
import { purgeDeleted } from '../usecases/purge-deleted.ts'
import { removeObjects } from '../usecases/remove-objects.ts'

export interface JobDependencies extends Omit<ParseFileDependencies, 'log'>, Omit<RetentionDependencies, 'log' | 'observer'> {
  jobs: JobQueue
  observer: Observer
  log: { info(fields: object, message: string): void; error(fields: object, message: string): void }
}

/** Parsers that run at once in one process; each may take half a gigabyte. */
const PARSERS = 2

/** Runs every kind of job from now on, and rounds at their times. */
export async function runJobs(deps: JobDependencies): Promise<void> {
  const { jobs } = deps
  const work = <Name extends JobName>(name: Name, atOnce: number, handler: (data: Jobs[Name]) => Promise<void>) =>
    jobs.work(name, atOnce, observed(deps.observer, name, handler))
  await work('parse-file', PARSERS, ({ fileId }) => parseFile(deps, fileId))
  await work('give-up-file', 1, ({ fileId }) => giveUpFile(deps, fileId))
  await work('remove-objects', 1, () => removeObjects(deps))
  await work('purge-deleted', 1, () => purgeDeleted(deps))
  await work('apply-retention', 1, () => applyRetention(deps))
  await work('erase-user', 1, ({ userId }) => eraseUser(deps, userId))
  await work('check-rollups', 1, () => checkRollups(deps))
  await work('fold-usage', 1, () => foldUsage(deps))
  await jobs.schedule('remove-objects', '*/10 * * * *')
  await jobs.schedule('purge-deleted', '5 * * * *')
  await jobs.schedule('apply-retention', '35 * * * *')
  await jobs.schedule('check-rollups', '20 3 * * *')
  await jobs.schedule('fold-usage', '10 * * * *')
}

/** As it was, and told of when it ended. */
const observed =
  <Data>(observer: Observer, name: JobName, handler: (data: Data) => Promise<void>) =>
  async (data: Data) => {
    const startedAt = performance.now()
    let failed = true
    try {
      await handler(data)
      failed = false
    } finally {
      observer.job({ name, failed, seconds: (performance.now() - startedAt) / 1_000 })
    }
  }
