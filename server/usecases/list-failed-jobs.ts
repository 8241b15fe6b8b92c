import type { FailedJobPage } from '../../contract/jobs.ts'
import type { Database } from '../store/database.ts'
import { pageOfFailedJobs } from '../store/failed-jobs.ts'

export async function listFailedJobs(deps: { database: Database }, page: { limit: number; offset: number }): Promise<FailedJobPage> {
  return await pageOfFailedJobs(deps.database, page)
}
