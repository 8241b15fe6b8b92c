import { useQuery } from '@tanstack/react-query'
import type { TopUpRead, TopUpState } from '../../../contract/payments.ts'
import { call } from '../../api/client.ts'
import { shown } from '../../ui/decimal.ts'
import { type Column, Table } from '../../ui/table.tsx'
import { dateAndTime } from '../../ui/time.ts'

const states: Record<TopUpState, { word: string; tone: string }> = {
  pending: { word: 'waiting for the payment', tone: '' },
  paid: { word: 'paid', tone: 'ok' },
  partially_refunded: { word: 'partly refunded', tone: 'warn' },
  refunded: { word: 'refunded', tone: 'warn' },
  disputed: { word: 'disputed', tone: 'bad' },
  dispute_lost: { word: 'dispute lost', tone: 'bad' },
}

const PENDING_POLL_MS = 3_000
/** A payment that was begun and left stays pending for ever. */
const PENDING_POLLED_FOR_MS = 15 * 60_000

const mayBePaidSoon = ({ state, created_at }: TopUpRead): boolean =>
  state === 'pending' && Date.now() - Date.parse(created_at) < PENDING_POLLED_FOR_MS

export function TopUps() {
  const { data } = useQuery({
    queryKey: ['top-ups'],
    queryFn: () => call('GET /users/me/top-ups', { query: { limit: 20 } }),
    refetchInterval: query => (query.state.data?.top_ups.some(mayBePaidSoon) ? PENDING_POLL_MS : false),
  })
  const columns: Column<TopUpRead>[] = [
    { title: 'When', cell: row => <span className="num">{dateAndTime(row.created_at)}</span> },
    { title: 'State', cell: row => <span className={`badge ${states[row.state].tone}`}>{states[row.state].word}</span> },
    { title: 'Paid', figure: true, cell: row => `$${shown(row.amount_usd, 2)}` },
    { title: 'Credits', figure: true, cell: row => shown(row.credits, 2) },
    { title: 'Receipt', cell: row => row.receipt_url && <Receipt address={row.receipt_url} /> },
  ]
  if (!data || data.total === 0) return null
  return (
    <section className="section" aria-labelledby="top-ups">
      <h2 id="top-ups">Top-ups</h2>
      <Table caption="Top-ups" columns={columns} rows={data.top_ups} keyOf={row => row.id} empty="" />
    </section>
  )
}

const Receipt = ({ address }: { address: string }) =>
  address.startsWith('https://') ? (
    <a href={address} target="_blank" rel="noopener noreferrer">
      Receipt
    </a>
  ) : null
