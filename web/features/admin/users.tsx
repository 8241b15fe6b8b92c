import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import type { UserRead } from '../../../contract/admin.ts'
import { call } from '../../api/client.ts'
import { shown } from '../../ui/decimal.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { Field } from '../../ui/field.tsx'
import { Loading, Notice } from '../../ui/notice.tsx'
import { useRested } from '../../ui/rested.ts'
import { type Column, Pages, Table } from '../../ui/table.tsx'
import { day } from '../../ui/time.ts'
import { UserAccount } from './user-account.tsx'

const PAGE = 50
const TYPING_PAUSE_MS = 250

/** Who uses this server: role, cap, balance. */
export function Users() {
  const { user: wanted } = useSearch({ from: '/signed-in/admin/users' })
  const navigate = useNavigate()
  const [typed, setTyped] = useState('')
  const [offset, setOffset] = useState(0)
  const search = useRested(typed.trim(), TYPING_PAUSE_MS)
  const setOpenId = (user: string | undefined) => navigate({ to: '/admin/users', search: { user } })
  const { data, error } = useQuery({
    queryKey: ['admin', 'users', search, offset],
    queryFn: () => call('GET /admin/users', { query: { query: search || undefined, limit: PAGE, offset } }),
    placeholderData: before => before,
  })
  const listed = data?.users.find(user => user.id === wanted)
  const { data: found } = useQuery({
    queryKey: ['admin', 'user', wanted],
    queryFn: () => call('GET /admin/users', { query: { query: wanted, limit: 1 } }),
    enabled: wanted !== undefined && data !== undefined && !listed,
  })
  const open = wanted === undefined ? undefined : (listed ?? found?.users.find(user => user.id === wanted))
  const columns: Column<UserRead>[] = [
    {
      title: 'User',
      cell: user => (
        <button type="button" className="link" onClick={() => void setOpenId(user.id)}>
          {user.email ?? user.id}
        </button>
      ),
    },
    { title: 'Role', cell: user => <span className="badge">{user.role}</span> },
    {
      title: 'State',
      cell: user => (user.suspended ? <span className="badge bad">suspended</span> : <span className="badge ok">active</span>),
    },
    { title: 'Monthly cap', figure: true, cell: user => (user.monthly_credit_cap === null ? 'none' : shown(user.monthly_credit_cap)) },
    { title: 'Balance', figure: true, cell: user => (user.balance === null ? 'no wallet' : shown(user.balance)) },
    { title: 'Since', figure: true, cell: user => day(user.created_at) },
  ]
  return (
    <section className="section" aria-labelledby="users">
      <h2 id="users">Users</h2>
      <Field label="Find by e-mail or id">
        {ids => (
          <input
            {...ids}
            className="input"
            type="search"
            value={typed}
            onChange={event => {
              setTyped(event.target.value)
              setOffset(0)
            }}
          />
        )}
      </Field>
      {error && <Notice tone="bad">{error.message} Reload the page to try again.</Notice>}
      {!data && !error && <Loading what="the users" />}
      {data && <Table caption="Users" columns={columns} rows={data.users} keyOf={user => user.id} empty="Nobody fits this search." />}
      {data && <Pages offset={offset} limit={PAGE} total={data.total} onOffset={setOffset} />}
      <Dialog title={open?.email ?? open?.id ?? ''} kind="dialog wide" open={open !== undefined} onClose={() => void setOpenId(undefined)}>
        {open && <UserAccount key={open.id} user={open} />}
      </Dialog>
    </section>
  )
}
