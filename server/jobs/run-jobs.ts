import type { JobQueue } from '../store/job-queue.ts'
import { applyRetention, type RetentionDependencies } from '../usecases/apply-retention.ts'
import { checkRollups } from '../usecases/check-rollups.ts'
import { eraseUser } from '../usecases/erase-user.ts'
import { giveUpFile } from '../usecases/give-up-file.ts'
import { type ParseFileDependencies, parseFile } from '../usecases/parse-file.ts'
import { purgeDeleted } from '../usecases/purge-deleted.ts'
import { removeObjects } from '../usecases/remove-objects.ts'

export interface JobDependencies extends Omit<ParseFileDependencies, 'log'>, Omit<RetentionDependencies, 'log'> {
  jobs: JobQueue
  log: { info(fields: object, message: string): void; error(fields: object, message: string): void }
}

/** Parsers that run at once in one process; each may take half a gigabyte. */
const PARSERS = 2

/** Runs every kind of job from now on, and rounds at their times. */
export async function runJobs(deps: JobDependencies): Promise<void> {
  const { jobs } = deps
  await jobs.work('parse-file', PARSERS, ({ fileId }) => parseFile(deps, fileId))
  await jobs.work('give-up-file', 1, ({ fileId }) => giveUpFile(deps, fileId))
  await jobs.work('remove-objects', 1, () => removeObjects(deps))
  await jobs.work('purge-deleted', 1, () => purgeDeleted(deps))
  await jobs.work('apply-retention', 1, () => applyRetention(deps))
  await jobs.work('erase-user', 1, ({ userId }) => eraseUser(deps, userId))
  await jobs.work('check-rollups', 1, () => checkRollups(deps))
  await jobs.schedule('remove-objects', '*/10 * * * *')
  await jobs.schedule('purge-deleted', '5 * * * *')
  await jobs.schedule('apply-retention', '35 * * * *')
  await jobs.schedule('check-rollups', '20 3 * * *')
}
