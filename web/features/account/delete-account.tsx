import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { MeRead } from '../../../contract/accounts.ts'
import { call } from '../../api/client.ts'
import { asProblem } from '../../api/problem.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { Field } from '../../ui/field.tsx'
import { Notice } from '../../ui/notice.tsx'
import { forgetDrafts } from '../chat/drafts.ts'
import { useForgetting } from '../shell/forgetting.ts'

export function DeleteAccount({ user }: { user: MeRead }) {
  const [isOpen, setOpen] = useState(false)
  return (
    <section className="section" aria-labelledby="delete-account">
      <h2 id="delete-account">Delete the account</h2>
      <p className="small muted">
        Rooms, agents, conversations and files go, and cannot be brought back. What was spent stays in the books, without your name. Credits
        that are left are lost.
      </p>
      <div>
        <button type="button" className="button danger" onClick={() => setOpen(true)}>
          Delete my account…
        </button>
      </div>
      <Dialog title="Delete the account" open={isOpen} onClose={() => setOpen(false)}>
        <Confirmation user={user} />
      </Dialog>
    </section>
  )
}

/** Nobody types this by mistake. */
function Confirmation({ user }: { user: MeRead }) {
  const wanted = user.email ?? user.user_id
  const [typed, setTyped] = useState('')
  const forget = useForgetting()
  const remove = useMutation({
    mutationFn: () => call('DELETE /users/me', {}),
    onSuccess: async () => {
      forgetDrafts()
      await forget({ left: 'deleted' })
    },
  })
  const isSame = typed.trim().toLowerCase() === wanted.toLowerCase()
  return (
    <form
      className="stack"
      onSubmit={event => {
        event.preventDefault()
        if (isSame) remove.mutate()
      }}
    >
      {remove.error && (
        <Notice tone="bad">
          {remove.error.message}{' '}
          {asProblem(remove.error).code === 'conflict' ? (
            <Link to="/admin/users" search={{}}>
              To the users
            </Link>
          ) : (
            'Try again.'
          )}
        </Notice>
      )}
      <p className="small">This holds at once, on every device, and for good. Take everything along first, if you want to keep it.</p>
      <Field label={user.email ? 'Type your e-mail to confirm' : 'Type your id to confirm'} hint={<span className="mono">{wanted}</span>}>
        {ids => (
          <input
            {...ids}
            className="input"
            autoComplete="off"
            spellCheck={false}
            value={typed}
            onChange={event => setTyped(event.target.value)}
          />
        )}
      </Field>
      <button type="submit" className="button danger" disabled={!isSame || remove.isPending}>
        Delete my account for good
      </button>
    </form>
  )
}
