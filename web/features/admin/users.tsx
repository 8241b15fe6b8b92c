import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { UserRead } from '../../../contract/admin.ts'
import { call } from '../../api/client.ts'
import { shown } from '../../ui/decimal.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { Field } from '../../ui/field.tsx'
import { Loading, Notice } from '../../ui/notice.tsx'
import { type Column, Pages, Table } from '../../ui/table.tsx'
import { day } from '../../ui/time.ts'
import { UserAccount } from './user-account.tsx'

const PAGE = 50

/** Who uses this server: role, cap, balance. */
export function Users() {
  const [search, setSearch] = useState('')
  const [offset, setOffset] = useState(0)
  const [openId, setOpenId] = useState<string | null>(null)
  const { data, error } = useQuery({
    queryKey: ['admin', 'users', search, offset],
    queryFn: () => call('GET /admin/users', { query: { query: search || undefined, limit: PAGE, offset } }),
    placeholderData: before => before,
  })
  const open = data?.users.find(user => user.id === openId)
  const columns: Column<UserRead>[] = [
    {
      title: 'User',
      cell: user => (
        <button type="button" className="link" onClick={() => setOpenId(user.id)}>
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
            value={search}
            onChange={event => {
              setSearch(event.target.value)
              setOffset(0)
            }}
          />
        )}
      </Field>
      {error && <Notice tone="bad">{error.message} Reload the page to try again.</Notice>}
      {!data && !error && <Loading what="the users" />}
      {data && <Table caption="Users" columns={columns} rows={data.users} keyOf={user => user.id} empty="Nobody fits this search." />}
      {data && <Pages offset={offset} limit={PAGE} total={data.total} onOffset={setOffset} />}
      <Dialog title={open?.email ?? open?.id ?? ''} kind="dialog wide" open={open !== undefined} onClose={() => setOpenId(null)}>
        {open && <UserAccount key={open.id} user={open} />}
      </Dialog>
    </section>
  )
}
