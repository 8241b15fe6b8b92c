import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { Role } from '../../../contract/accounts.ts'
import type { UserRead } from '../../../contract/admin.ts'
import { call } from '../../api/client.ts'
import { queryClient } from '../../api/queries.ts'
import { Field } from '../../ui/field.tsx'
import { Notice } from '../../ui/notice.tsx'
import { useIsOwner } from './owner.ts'
import { UserWallet } from './user-wallet.tsx'

const roles: Role[] = ['user', 'analyst', 'owner']

export function UserAccount({ user }: { user: UserRead }) {
  const isOwner = useIsOwner()
  return (
    <div className="stack apart">
      <div className="row spread">
        <span className="tiny faint mono">{user.id}</span>
        <Link to="/admin" search={{ user: user.id }} className="small">
          Usage of this account
        </Link>
      </div>
      {isOwner && <Permissions user={user} />}
      <UserWallet userId={user.id} />
    </div>
  )
}

function Permissions({ user }: { user: UserRead }) {
  const [role, setRole] = useState(user.role)
  const [isSuspended, setSuspended] = useState(user.suspended)
  const [cap, setCap] = useState(user.monthly_credit_cap ?? '')
  const save = useMutation({
    mutationFn: () =>
      call('PATCH /admin/users/{user_id}', {
        path: { user_id: user.id },
        body: { role, suspended: isSuspended, monthly_credit_cap: cap.trim() === '' ? null : cap },
      }),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ['admin'] }),
  })
  return (
    <form
      className="stack"
      onSubmit={event => {
        event.preventDefault()
        save.mutate()
      }}
    >
      {save.error && <Notice tone="bad">{save.error.message} Nothing was changed.</Notice>}
      {save.isSuccess && <Notice tone="ok">Saved.</Notice>}
      <div className="form-grid">
        <Field label="Role">
          {ids => (
            <select {...ids} className="select" value={role} onChange={event => setRole(event.target.value as Role)}>
              {roles.map(each => (
                <option key={each}>{each}</option>
              ))}
            </select>
          )}
        </Field>
        <Field label="Monthly cap in credits" hint="Empty: no cap.">
          {ids => <input {...ids} className="input num" inputMode="decimal" value={cap} onChange={event => setCap(event.target.value)} />}
        </Field>
      </div>
      <label className="tick">
        <input type="checkbox" checked={isSuspended} onChange={event => setSuspended(event.target.checked)} />
        <span>Suspended: every request of this account is refused.</span>
      </label>
      <div>
        <button type="submit" className="button main" disabled={save.isPending}>
          Save
        </button>
      </div>
    </form>
  )
}
