import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { AuditAction, AuditEntryRead } from '../../../contract/admin.ts'
import { call } from '../../api/client.ts'
import { Field } from '../../ui/field.tsx'
import { Loading, Notice } from '../../ui/notice.tsx'
import { type Column, Pages, Table } from '../../ui/table.tsx'
import { dateAndTime } from '../../ui/time.ts'

const actions: Record<AuditAction, string> = {
  price_set: 'Price set',
  model_set: 'Model set',
  enforcement_set: 'Enforcement set',
  enforcement_cleared: 'Enforcement back to the configuration',
  user_updated: 'User changed',
  credits_granted: 'Credits granted',
  debit_refunded: 'Debit given back',
}
const PAGE = 50

/** Who changed what, when, from what to what. */
export function AuditLog() {
  const [action, setAction] = useState('')
  const [offset, setOffset] = useState(0)
  const { data, error } = useQuery({
    queryKey: ['admin', 'audit-log', action, offset],
    queryFn: () => call('GET /admin/audit-log', { query: { action: action || undefined, limit: PAGE, offset } }),
    placeholderData: before => before,
  })
  const columns: Column<AuditEntryRead>[] = [
    { title: 'When', cell: entry => <span className="num">{dateAndTime(entry.created_at)}</span> },
    { title: 'What', cell: entry => actions[entry.action] },
    { title: 'Of', cell: entry => <span className="mono">{entry.target}</span> },
    { title: 'From', cell: entry => <Value value={entry.before} /> },
    { title: 'To', cell: entry => <Value value={entry.after} /> },
    { title: 'By', cell: entry => <span className="mono">{entry.actor_user_id}</span> },
  ]
  return (
    <section className="section" aria-labelledby="audit-log">
      <h2 id="audit-log">Audit log</h2>
      <div className="filters">
        <Field label="Show">
          {ids => (
            <select
              {...ids}
              className="select"
              value={action}
              onChange={event => {
                setAction(event.target.value)
                setOffset(0)
              }}
            >
              <option value="">everything</option>
              {Object.entries(actions).map(([value, name]) => (
                <option key={value} value={value}>
                  {name}
                </option>
              ))}
            </select>
          )}
        </Field>
      </div>
      {error && <Notice tone="bad">{error.message} Reload the page to try again.</Notice>}
      {!data && !error && <Loading what="the log" />}
      {data && (
        <Table caption="Audit log" columns={columns} rows={data.entries} keyOf={entry => entry.id} empty="Nothing was changed yet." />
      )}
      {data && <Pages offset={offset} limit={PAGE} total={data.total} onOffset={setOffset} />}
    </section>
  )
}

const Value = ({ value }: { value: unknown }) =>
  value === null ? <span className="faint">nothing</span> : <pre className="values">{words(value)}</pre>

const words = (value: unknown): string =>
  typeof value === 'object' && value !== null
    ? Object.entries(value)
        .map(([name, each]) => `${name}: ${JSON.stringify(each)}`)
        .join('\n')
    : String(value)
