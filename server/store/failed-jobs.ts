import type { FailedJobPage, FailedJobRead } from '../../contract/jobs.ts'
import type { Database } from './database.ts'

/** Jobs that were given up, newest first; pg-boss keeps them for as long as their queue says. */
export async function pageOfFailedJobs(database: Database, { limit, offset }: { limit: number; offset: number }): Promise<FailedJobPage> {
  const [jobs, counted] = await Promise.all([
    database.statement<FailedJobRead>('failed_jobs', FAILED_JOBS, [limit, offset]),
    database.statement<{ total: number }>('count_failed_jobs', `select count(*) as total from pgboss.job where state = 'failed'`, []),
  ])
  return { jobs, total: counted[0]?.total ?? 0 }
}

const FAILED_JOBS = `
select id, name, data, retry_count + 1 as attempts, output ->> 'message' as message, created_on as created_at, completed_on as failed_at
from pgboss.job where state = 'failed' order by completed_on desc nulls last, id desc limit $1 offset $2`
