import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { Download } from 'lucide-react'
import { useState } from 'react'
import type { ModelUsageRead, UsageBucket, UserModelUsageRead } from '../../../contract/admin.ts'
import { call } from '../../api/client.ts'
import { download, downloadAllRows } from '../../api/download.ts'
import { asProblem } from '../../api/problem.ts'
import { BarChart } from '../../ui/bar-chart.tsx'
import { count } from '../../ui/count.ts'
import { approximate, shown } from '../../ui/decimal.ts'
import { Field } from '../../ui/field.tsx'
import { Loading, Notice } from '../../ui/notice.tsx'
import { Share } from '../../ui/share.tsx'
import { type Column, Pages, Table } from '../../ui/table.tsx'
import { utcDay } from '../../ui/time.ts'
import { ActiveUsers } from './active-users.tsx'
import { ToUser } from './to-user.tsx'
import { usageBars } from './usage-bars.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const DAYS_SHOWN = 30
const buckets: { bucket: UsageBucket; name: string }[] = [
  { bucket: 'day', name: 'Day' },
  { bucket: 'week', name: 'Week' },
  { bucket: 'month', name: 'Month' },
]

/** What everybody used and what it cost. */
export function Overview() {
  const [from, setFrom] = useState(() => utcDay(new Date(Date.now() - (DAYS_SHOWN - 1) * DAY_MS)))
  const [to, setTo] = useState(() => utcDay(new Date()))
  const [bucket, setBucket] = useState<UsageBucket>('day')
  const of = useSearch({ from: '/signed-in/admin/' })
  return (
    <>
      <div className="filters">
        <Field label="From">
          {ids => <input {...ids} className="input" type="date" value={from} max={to} onChange={event => setFrom(event.target.value)} />}
        </Field>
        <Field label="To">
          {ids => <input {...ids} className="input" type="date" value={to} min={from} onChange={event => setTo(event.target.value)} />}
        </Field>
        <ModelFilter of={of} />
        {/* biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid out in this line */}
        <div className="segments" role="group" aria-label="Bars for each">
          {buckets.map(each => (
            <button key={each.bucket} type="button" aria-pressed={each.bucket === bucket} onClick={() => setBucket(each.bucket)}>
              {each.name}
            </button>
          ))}
        </div>
      </div>
      {of.user && <OneUser of={of} userId={of.user} />}
      <Summary from={from} to={to} bucket={bucket} of={of} />
      <ActiveUsers />
      <ByUser from={from} to={to} />
    </>
  )
}

interface UsageOf {
  user?: string
  model?: string
}

function ModelFilter({ of }: { of: UsageOf }) {
  const navigate = useNavigate()
  const { data = [] } = useQuery({ queryKey: ['admin', 'models'], queryFn: () => call('GET /admin/models', {}) })
  return (
    <Field label="Model">
      {ids => (
        <select
          {...ids}
          className="select"
          value={of.model ?? ''}
          onChange={event => navigate({ to: '/admin', search: { ...of, model: event.target.value || undefined } })}
        >
          <option value="">all models</option>
          {data.map(({ alias }) => (
            <option key={alias}>{alias}</option>
          ))}
        </select>
      )}
    </Field>
  )
}

const OneUser = ({ of, userId }: { of: UsageOf; userId: string }) => (
  <p className="small">
    Only <ToUser userId={userId} />.{' '}
    <Link to="/admin" search={{ ...of, user: undefined }}>
      Everybody
    </Link>
  </p>
)

interface RangeProps {
  from: string
  to: string
}

interface SummaryProps extends RangeProps {
  bucket: UsageBucket
  of: UsageOf
}

function Summary({ from, to, bucket, of }: SummaryProps) {
  const query = { from_date: from || undefined, to_date: to || undefined, user_id: of.user, model_alias: of.model, bucket }
  const { data, error } = useQuery({
    queryKey: ['admin', 'summary', query],
    queryFn: () => call('GET /admin/usage/summary', { query }),
    placeholderData: before => before,
  })
  if (error) return <Notice tone="bad">{error.message} Change the dates or reload the page.</Notice>
  if (!data) return <Loading what="the usage" />
  const total = approximate(data.total_credits_burned)
  const columns: Column<ModelUsageRead>[] = [
    { title: 'Model', cell: row => row.model_alias },
    { title: 'Calls', figure: true, cell: row => count(row.call_count) },
    { title: 'Credits', figure: true, cell: row => shown(row.credits_burned) },
    {
      title: 'Share',
      cell: row => <Share part={total === 0 ? 0 : approximate(row.credits_burned) / total} label={`Share of ${row.model_alias}`} />,
    },
  ]
  const bars = usageBars(data.daily, bucket, from, to)
  return (
    <section className="section" aria-labelledby="summary">
      <div className="section-head">
        <h2 id="summary">Usage</h2>
        <CsvButton path="/admin/usage/summary" query={query} filename={`usage-by-${bucket}.csv`} label="Usage as CSV" />
      </div>
      <dl className="figures">
        <Figure name="Credits" value={shown(data.total_credits_burned)} />
        <Figure name="Calls" value={count(data.total_llm_calls)} />
        <Figure name="Tokens of answers" value={count(data.total_output_tokens)} />
        <Figure name="Cost at the providers" value={`$${shown(data.total_provider_cost_usd)}`} />
      </dl>
      {data.daily.length > 0 && <BarChart caption={`Credits by ${bucket}`} unit="credits" bars={bars} />}
      <Table
        caption="Usage by model"
        columns={columns}
        rows={data.breakdown}
        keyOf={row => row.model_alias}
        empty="Nothing was used in these days."
      />
    </section>
  )
}

export const Figure = ({ name, value }: { name: string; value: string }) => (
  <div className="card figure-card">
    <dt>{name}</dt>
    <dd>{value}</dd>
  </div>
)

const PAGE = 20

function ByUser({ from, to }: RangeProps) {
  const [offset, setOffset] = useState(0)
  const query = { start_date: from || undefined, end_date: to || undefined }
  const { data, error } = useQuery({
    queryKey: ['admin', 'by-user', query, offset],
    queryFn: () => call('GET /admin/analytics/usage', { query: { ...query, limit: PAGE, offset } }),
    placeholderData: before => before,
  })
  const columns: Column<UserModelUsageRead>[] = [
    { title: 'User', cell: row => <ToUser userId={row.user_id} /> },
    { title: 'Model', cell: row => row.model_alias },
    { title: 'Calls', figure: true, cell: row => count(row.event_count) },
    { title: 'Tokens in', figure: true, cell: row => count(row.total_input_tokens) },
    { title: 'Tokens out', figure: true, cell: row => count(row.total_output_tokens) },
    { title: 'Credits', figure: true, cell: row => shown(row.total_credits_burned) },
  ]
  return (
    <section className="section" aria-labelledby="by-user">
      <div className="section-head">
        <h2 id="by-user">By user and model</h2>
        <CsvButton path="/admin/analytics/usage" query={query} filename="usage-by-user.csv" isPaged label="Usage by user as CSV" />
      </div>
      {error && <Notice tone="bad">{error.message} Change the dates or reload the page.</Notice>}
      {data && (
        <Table
          caption="By user and model"
          columns={columns}
          rows={data.rows}
          keyOf={row => `${row.user_id} ${row.model_alias}`}
          empty="Nothing was used in these days."
        />
      )}
      {data && <Pages offset={offset} limit={PAGE} total={data.total} onOffset={setOffset} />}
    </section>
  )
}

interface CsvButtonProps {
  path: string
  query: Record<string, string | undefined>
  filename: string
  label: string
  /** The route makes pages of it; all of them are saved. */
  isPaged?: boolean
}

export function CsvButton({ path, query, filename, label, isPaged = false }: CsvButtonProps) {
  const [problem, setProblem] = useState<string | null>(null)
  const save = () =>
    (isPaged ? downloadAllRows(path, query, filename) : download(path, query, 'text/csv', filename)).then(
      () => setProblem(null),
      error => setProblem(asProblem(error).message),
    )
  return (
    <>
      <button type="button" className="button push" onClick={save} aria-label={label}>
        <Download size={14} aria-hidden /> CSV
      </button>
      {problem && <Notice tone="bad">{problem} Try again.</Notice>}
    </>
  )
}
