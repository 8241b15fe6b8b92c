import type { JobQueue } from '../store/job-queue.ts'
import { giveUpFile } from '../usecases/give-up-file.ts'
import { type ParseFileDependencies, parseFile } from '../usecases/parse-file.ts'
import { removeObjects } from '../usecases/remove-objects.ts'

export interface JobDependencies extends ParseFileDependencies {
  jobs: JobQueue
}

/** Parsers that run at once in one process; each may take half a gigabyte. */
const PARSERS = 2

/** Runs every kind of job from now on, and rounds at their times. */
export async function runJobs(deps: JobDependencies): Promise<void> {
  const { jobs } = deps
  await jobs.work('parse-file', PARSERS, ({ fileId }) => parseFile(deps, fileId))
  await jobs.work('give-up-file', 1, ({ fileId }) => giveUpFile(deps, fileId))
  await jobs.work('remove-objects', 1, () => removeObjects(deps))
  await jobs.schedule('remove-objects', '*/10 * * * *')
}
