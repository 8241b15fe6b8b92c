import { useQuery } from '@tanstack/react-query'
import type { ActivityWindow } from '../../../contract/admin.ts'
import { call } from '../../api/client.ts'
import { count } from '../../ui/count.ts'
import { Notice } from '../../ui/notice.tsx'
import { CsvButton, Figure } from './overview.tsx'

const windows: { window: ActivityWindow; name: string }[] = [
  { window: 'day', name: 'today' },
  { window: 'week', name: 'in 7 days' },
  { window: 'month', name: 'in 30 days' },
]

export function ActiveUsers() {
  const { data, error } = useQuery({
    queryKey: ['admin', 'active-users'],
    queryFn: () => Promise.all(windows.map(({ window }) => call('GET /admin/analytics/active-users', { query: { window } }))),
  })
  return (
    <section className="section" aria-labelledby="active">
      <div className="section-head">
        <h2 id="active">Active users</h2>
        <CsvButton
          path="/admin/analytics/active-users"
          query={{ window: 'month' }}
          filename="active-users.csv"
          label="Active users as CSV"
        />
      </div>
      {error && <Notice tone="bad">{error.message} Reload the page to try again.</Notice>}
      <dl className="figures">
        {windows.map(({ name }, at) => (
          <Figure
            key={name}
            name={`Active ${name}, new among them`}
            value={data ? `${count(data[at]!.active_users)}, ${count(data[at]!.new_users)}` : '…'}
          />
        ))}
      </dl>
    </section>
  )
}
