import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { TransactionRead } from '../../../contract/wallet.ts'
import { call } from '../../api/client.ts'
import { asProblem } from '../../api/problem.ts'
import { queryClient } from '../../api/queries.ts'
import { createRequestKey } from '../../api/request-key.ts'
import { shown } from '../../ui/decimal.ts'
import { Field } from '../../ui/field.tsx'
import { Loading, Notice } from '../../ui/notice.tsx'
import { type Column, Table } from '../../ui/table.tsx'
import { dateAndTime } from '../../ui/time.ts'
import { useIsOwner } from './owner.ts'

const refresh = () => Promise.all(['admin', 'wallet', 'transactions'].map(key => queryClient.invalidateQueries({ queryKey: [key] })))

/** What somebody has; grants, and debits that are given back. */
export function UserWallet({ userId }: { userId: string }) {
  const isOwner = useIsOwner()
  const { data, error } = useQuery({
    queryKey: ['admin', 'wallet', userId],
    queryFn: () => call('GET /admin/wallets/{user_id}', { path: { user_id: userId } }),
  })
  const [refunded, setRefunded] = useState<TransactionRead | null>(null)
  const isMissing = error && asProblem(error).status === 404
  const columns: Column<TransactionRead>[] = [
    { title: 'When', cell: row => <span className="num">{dateAndTime(row.created_at)}</span> },
    { title: 'Kind', cell: row => row.kind },
    { title: 'Note', cell: row => <span className="muted">{row.note}</span> },
    { title: 'Credits', figure: true, cell: row => shown(row.amount, 6) },
    {
      title: 'Refund',
      cell: row =>
        isOwner &&
        row.kind === 'debit' && (
          <button type="button" className="link" onClick={() => setRefunded(row)} aria-label={`Refund ${shown(row.amount, 6)} credits`}>
            Give back
          </button>
        ),
    },
  ]
  return (
    <section className="section" aria-labelledby="user-wallet">
      <h2 id="user-wallet">Wallet</h2>
      {isMissing && <p className="muted small">No wallet yet: it is made at the first visit, or by a grant.</p>}
      {error && !isMissing && <Notice tone="bad">{error.message} Close this and try again.</Notice>}
      {!data && !error && <Loading what="the wallet" />}
      {data && <p className="balance-figure">{shown(data.balance)}</p>}
      {isOwner && <Grant userId={userId} />}
      {refunded && <Refund key={refunded.id} userId={userId} debit={refunded} onDone={() => setRefunded(null)} />}
      {data && (
        <Table
          caption="Last transactions"
          columns={columns}
          rows={data.recent_transactions}
          keyOf={row => row.id}
          empty="No transactions yet."
        />
      )}
    </section>
  )
}

function Grant({ userId }: { userId: string }) {
  const [amount, setAmount] = useState('')
  const [note, setNote] = useState('')
  const [key] = useState(createRequestKey)
  const grant = useMutation({
    mutationFn: () => {
      const body = { amount, note: note || null }
      return call('POST /admin/wallets/{user_id}/grant', { path: { user_id: userId }, body, idempotencyKey: key.for(body) })
    },
    onSuccess: async () => {
      key.done()
      setAmount('')
      setNote('')
      await refresh()
    },
  })
  return (
    <form
      className="stack"
      onSubmit={event => {
        event.preventDefault()
        grant.mutate()
      }}
    >
      {grant.error && <Notice tone="bad">{grant.error.message} Nothing was granted.</Notice>}
      {grant.data && <Notice tone="ok">Granted. The balance is now {shown(grant.data.new_balance)}.</Notice>}
      <div className="filters">
        <Field label="Credits to grant">
          {ids => (
            <input
              {...ids}
              className="input num"
              inputMode="decimal"
              required
              value={amount}
              onChange={event => setAmount(event.target.value)}
            />
          )}
        </Field>
        <Field label="Note">
          {ids => <input {...ids} className="input" maxLength={256} value={note} onChange={event => setNote(event.target.value)} />}
        </Field>
        <button type="submit" className="button" disabled={grant.isPending}>
          Grant
        </button>
      </div>
    </form>
  )
}

function Refund({ userId, debit, onDone }: { userId: string; debit: TransactionRead; onDone: () => void }) {
  const [amount, setAmount] = useState('')
  const [note, setNote] = useState('')
  const refund = useMutation({
    mutationFn: () =>
      call('POST /admin/wallets/{user_id}/refund', {
        path: { user_id: userId },
        body: { transaction_id: debit.id, note, ...(amount.trim() !== '' && { amount }) },
      }),
    onSuccess: async () => {
      await refresh()
      onDone()
    },
  })
  return (
    <form
      className="card stack"
      onSubmit={event => {
        event.preventDefault()
        refund.mutate()
      }}
    >
      <p className="small">Give back the debit of {shown(debit.amount.replace('-', ''), 8)} credits, wholly or in part.</p>
      {refund.error && <Notice tone="bad">{refund.error.message} Nothing was given back.</Notice>}
      <div className="filters">
        <Field label="Credits" hint="Empty: all that is left of it.">
          {ids => (
            <input {...ids} className="input num" inputMode="decimal" value={amount} onChange={event => setAmount(event.target.value)} />
          )}
        </Field>
        <Field label="Reason">
          {ids => (
            <input {...ids} className="input" required maxLength={256} value={note} onChange={event => setNote(event.target.value)} />
          )}
        </Field>
        <button type="submit" className="button" disabled={refund.isPending}>
          Give back
        </button>
        <button type="button" className="button quiet" onClick={onDone}>
          Leave it
        </button>
      </div>
    </form>
  )
}
