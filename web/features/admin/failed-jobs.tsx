import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { FailedJobRead } from '../../../contract/jobs.ts'
import { call } from '../../api/client.ts'
import { count } from '../../ui/count.ts'
import { Loading, Notice } from '../../ui/notice.tsx'
import { type Column, Pages, Table } from '../../ui/table.tsx'
import { dateAndTime } from '../../ui/time.ts'

const PAGE = 50

/** What the server does behind the scenes, and could not. */
export function FailedJobs() {
  const [offset, setOffset] = useState(0)
  const { data, error } = useQuery({
    queryKey: ['admin', 'failed-jobs', offset],
    queryFn: () => call('GET /admin/jobs/failed', { query: { limit: PAGE, offset } }),
    placeholderData: before => before,
  })
  const columns: Column<FailedJobRead>[] = [
    { title: 'Given up', cell: job => <span className="num">{dateAndTime(job.failed_at ?? job.created_at)}</span> },
    { title: 'Job', cell: job => job.name },
    { title: 'Tries', figure: true, cell: job => count(job.attempts) },
    { title: 'Why', cell: job => job.message ?? <span className="faint">not told</span> },
    { title: 'About', cell: job => <pre className="values">{JSON.stringify(job.data)}</pre> },
  ]
  return (
    <section className="section" aria-labelledby="failed-jobs">
      <h2 id="failed-jobs">Failed jobs</h2>
      <p className="small muted">
        Work that was tried again until it was given up: reading files, removing what was deleted, erasing accounts. The server's log has
        the whole story under the time.
      </p>
      {error && <Notice tone="bad">{error.message} Reload the page to try again.</Notice>}
      {!data && !error && <Loading what="the jobs" />}
      {data && (
        <Table
          caption="Failed jobs"
          columns={columns}
          rows={data.jobs}
          keyOf={job => job.id}
          empty="No job was given up. Nothing to do here."
        />
      )}
      {data && <Pages offset={offset} limit={PAGE} total={data.total} onOffset={setOffset} />}
    </section>
  )
}
