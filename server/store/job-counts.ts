import type { Database } from './database.ts'

export interface JobCount {
  queue: string
  /** Due, or to be tried again later. */
  waiting: number
  running: number
  /** Given up; kept for an administrator to see. */
  failed: number
}

export const countJobs = (database: Pick<Database, 'statement'>): Promise<JobCount[]> => database.statement('count_jobs', COUNT_JOBS, [])

const COUNT_JOBS = `
select queue.name as queue, count(*) filter (where state in ('created', 'retry')) as waiting,
  count(*) filter (where state = 'active') as running, count(*) filter (where state = 'failed') as failed
from pgboss.queue as queue left join pgboss.job as job on job.name = queue.name and state in ('created', 'retry', 'active', 'failed')
where queue.name not like '\\_\\_pgboss%' group by queue.name order by queue.name`
