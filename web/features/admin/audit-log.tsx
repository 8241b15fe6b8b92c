import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { AuditAction, AuditEntryRead } from '../../../contract/admin.ts'
import { call } from '../../api/client.ts'
import { Field } from '../../ui/field.tsx'
import { Loading, Notice } from '../../ui/notice.tsx'
import { useRested } from '../../ui/rested.ts'
import { type Column, Pages, Table } from '../../ui/table.tsx'
import { dateAndTime } from '../../ui/time.ts'
import { ToUser } from './to-user.tsx'

const actions: Record<AuditAction, string> = {
  price_set: 'Price set',
  model_set: 'Model set',
  enforcement_set: 'Enforcement set',
  enforcement_cleared: 'Enforcement back to the configuration',
  user_updated: 'User changed',
  credits_granted: 'Credits granted',
  debit_refunded: 'Debit given back',
}
const isOfUser: Partial<Record<AuditAction, true>> = { user_updated: true, credits_granted: true, debit_refunded: true }
const PAGE = 50
const TYPING_PAUSE_MS = 250

/** Who changed what, when, from what to what. */
export function AuditLog() {
  const [wanted, setWanted] = useState({ action: '', target: '', from: '', to: '' })
  const [offset, setOffset] = useState(0)
  const target = useRested(wanted.target.trim(), TYPING_PAUSE_MS)
  const filters = {
    action: wanted.action || undefined,
    target: target || undefined,
    from_date: wanted.from || undefined,
    to_date: wanted.to || undefined,
  }
  const set = (changes: Partial<typeof wanted>) => {
    setWanted(before => ({ ...before, ...changes }))
    setOffset(0)
  }
  const { data, error } = useQuery({
    queryKey: ['admin', 'audit-log', filters, offset],
    queryFn: () => call('GET /admin/audit-log', { query: { ...filters, limit: PAGE, offset } }),
    placeholderData: before => before,
  })
  const columns: Column<AuditEntryRead>[] = [
    { title: 'When', cell: entry => <span className="num">{dateAndTime(entry.created_at)}</span> },
    { title: 'What', cell: entry => actions[entry.action] },
    {
      title: 'Of',
      cell: entry => (isOfUser[entry.action] ? <ToUser userId={entry.target} /> : <span className="mono">{entry.target}</span>),
    },
    { title: 'From', cell: entry => <Value value={entry.before} /> },
    { title: 'To', cell: entry => <Value value={entry.after} /> },
    { title: 'By', cell: entry => <ToUser userId={entry.actor_user_id} /> },
  ]
  return (
    <section className="section" aria-labelledby="audit-log">
      <h2 id="audit-log">Audit log</h2>
      <div className="filters">
        <Field label="Show">
          {ids => (
            <select {...ids} className="select" value={wanted.action} onChange={event => set({ action: event.target.value })}>
              <option value="">everything</option>
              {Object.entries(actions).map(([value, name]) => (
                <option key={value} value={value}>
                  {name}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label="User id, alias or setting">
          {ids => (
            <input {...ids} className="input" type="search" value={wanted.target} onChange={event => set({ target: event.target.value })} />
          )}
        </Field>
        <Field label="From">
          {ids => (
            <input {...ids} className="input" type="date" value={wanted.from} onChange={event => set({ from: event.target.value })} />
          )}
        </Field>
        <Field label="To">
          {ids => <input {...ids} className="input" type="date" value={wanted.to} onChange={event => set({ to: event.target.value })} />}
        </Field>
      </div>
      {error && <Notice tone="bad">{error.message} Reload the page to try again.</Notice>}
      {!data && !error && <Loading what="the log" />}
      {data && (
        <Table caption="Audit log" columns={columns} rows={data.entries} keyOf={entry => entry.id} empty="Nothing was changed that fits." />
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
