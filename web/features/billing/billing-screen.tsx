import '../../ui/charts.css'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { TransactionRead } from '../../../contract/wallet.ts'
import { call } from '../../api/client.ts'
import { wallet } from '../../api/queries.ts'
import { BarChart } from '../../ui/bar-chart.tsx'
import { count } from '../../ui/count.ts'
import { isNegative, shown } from '../../ui/decimal.ts'
import { Loading, Notice } from '../../ui/notice.tsx'
import { Share } from '../../ui/share.tsx'
import { type Column, Pages, Table } from '../../ui/table.tsx'
import { dateAndTime } from '../../ui/time.ts'
import { ScreenHead } from '../shell/screen-head.tsx'
import { useBalance } from './balance.ts'
import { MoreCreditsWords } from './more-credits.tsx'
import { TopUp } from './top-up.tsx'
import { TopUps } from './top-ups.tsx'
import { barsByDay, byModel, DAYS_SHOWN, type ModelShare, recentUsage } from './usage.ts'

/** What is left, what was spent on what, and how to get more. */
export function BillingScreen() {
  return (
    <main className="screen" id="content">
      <ScreenHead title="Usage and top-up" />
      <div className="scroll">
        <div className="wide-column">
          <div className="two-columns">
            <Balance />
            <TopUp />
          </div>
          <Usage />
          <Transactions />
          <TopUps />
        </div>
      </div>
    </main>
  )
}

function Balance() {
  const { error } = useQuery(wallet)
  const state = useBalance()
  if (error) return <Notice tone="bad">{error.message} Reload the page to try again.</Notice>
  return (
    <section className="section" aria-labelledby="balance">
      <h2 id="balance">Balance</h2>
      <p className={state?.isLow ? 'balance-figure low' : 'balance-figure'}>{state ? shown(state.balance) : '…'}</p>
      <p className="small muted">credits. One credit is 10,000 tokens of answer at price × 1; what is read costs about a third of that.</p>
      {state?.isSpent && (
        <Notice tone="bad">
          Nothing is left. Where this server enforces credits, messages are refused until there are more. <MoreCreditsWords />
        </Notice>
      )}
      {state?.isLow && !state.isSpent && (
        <Notice tone="warn">
          Few credits are left, and a long turn stops where they end. <MoreCreditsWords />
        </Notice>
      )}
    </section>
  )
}

function Usage() {
  const { data, error } = useQuery(recentUsage)
  if (error) return <Notice tone="bad">{error.message} Reload the page to try again.</Notice>
  if (!data) return <Loading what="your usage" />
  const columns: Column<ModelShare>[] = [
    { title: 'Model', cell: row => row.alias },
    { title: 'Calls', figure: true, cell: row => count(row.calls) },
    { title: 'Tokens', figure: true, cell: row => count(row.tokens) },
    { title: 'Credits', figure: true, cell: row => shown(row.credits) },
    { title: 'Share', cell: row => <Share part={row.part} label={`${row.alias}: ${Math.round(row.part * 100)} %`} /> },
  ]
  return (
    <section className="section" aria-labelledby="usage">
      <h2 id="usage">Credits by day</h2>
      <p className="small muted">
        The last {DAYS_SHOWN} days, in UTC.{data.isCut && ' Only your newest 2,000 calls are counted here; the balance counts them all.'}
      </p>
      <BarChart caption={`Credits spent on each of the last ${DAYS_SHOWN} days`} unit="credits" bars={barsByDay(data.events)} />
      <Table
        caption="Usage by model"
        columns={columns}
        rows={byModel(data.events)}
        keyOf={row => row.alias}
        empty="Nothing was spent in these days."
      />
    </section>
  )
}

const PAGE = 20
const kinds: Record<TransactionRead['kind'], string> = { grant: 'Credits added', debit: 'Turn', refund: 'Refund' }

function Transactions() {
  const [offset, setOffset] = useState(0)
  const { data, error } = useQuery({
    queryKey: ['transactions', offset],
    queryFn: () => call('GET /users/me/transactions', { query: { limit: PAGE, offset } }),
    placeholderData: before => before,
  })
  const columns: Column<TransactionRead>[] = [
    { title: 'When', cell: row => <span className="num">{dateAndTime(row.created_at)}</span> },
    { title: 'What', cell: row => kinds[row.kind] },
    { title: 'Note', cell: row => <span className="muted">{row.note}</span> },
    {
      title: 'Credits',
      figure: true,
      cell: row => (
        <span className={isNegative(row.amount) ? '' : 'plus'}>{`${isNegative(row.amount) ? '' : '+'}${shown(row.amount, 6)}`}</span>
      ),
    },
  ]
  return (
    <section className="section" aria-labelledby="transactions">
      <h2 id="transactions">Transactions</h2>
      {error && <Notice tone="bad">{error.message} Reload the page to try again.</Notice>}
      {data && (
        <Table caption="Transactions" columns={columns} rows={data.transactions} keyOf={row => row.id} empty="No transactions yet." />
      )}
      {data && <Pages offset={offset} limit={PAGE} total={data.total} onOffset={setOffset} />}
    </section>
  )
}
