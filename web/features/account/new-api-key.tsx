import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { ApiKeyCreated, ApiKeyScope } from '../../../contract/api-keys.ts'
import { call } from '../../api/client.ts'
import { asProblem } from '../../api/problem.ts'
import { me, queryClient } from '../../api/queries.ts'
import { useCopy } from '../../ui/copy.ts'
import { Field } from '../../ui/field.tsx'
import { Notice } from '../../ui/notice.tsx'
import { ownScopes } from './api-key-scopes.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const ends = [
  { days: 30, name: 'in 30 days' },
  { days: 90, name: 'in 90 days' },
  { days: 365, name: 'in a year' },
  { days: 0, name: 'never' },
]

const endIn = (days: number) => (days === 0 ? undefined : new Date(Date.now() + days * DAY_MS).toISOString())

export function NewApiKey({ onDone }: { onDone: () => void }) {
  const { data: user } = useQuery(me)
  const [name, setName] = useState('')
  const [scope, setScope] = useState<ApiKeyScope>('turns')
  const [isAdmin, setAdmin] = useState(false)
  const [days, setDays] = useState(90)
  const make = useMutation({
    mutationFn: () =>
      call('POST /users/me/api-keys', { body: { name, scopes: isAdmin ? [scope, 'admin'] : [scope], expires_at: endIn(days) } }),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ['api-keys'] }),
  })
  if (make.data) return <ShownOnce made={make.data} onDone={onDone} />
  return (
    <form
      className="stack"
      onSubmit={event => {
        event.preventDefault()
        make.mutate()
      }}
    >
      {make.error && (
        <Notice tone="bad">
          {make.error.message}{' '}
          {asProblem(make.error).code === 'conflict' ? 'Revoke one that is no longer used.' : 'No key was made; try again.'}
        </Notice>
      )}
      <Field label="Name" hint="What it is for, so that you know which one to revoke.">
        {ids => <input {...ids} className="input" required maxLength={120} value={name} onChange={event => setName(event.target.value)} />}
      </Field>
      <fieldset className="choices">
        <legend className="field-label">What it may do</legend>
        {ownScopes.map(each => (
          <label key={each.scope} className="tick">
            <input type="radio" name="scope" checked={each.scope === scope} onChange={() => setScope(each.scope)} />
            <span>
              {each.name}
              <br />
              <span className="muted">{each.about}</span>
            </span>
          </label>
        ))}
        {user && user.role !== 'user' && (
          <label className="tick">
            <input type="checkbox" checked={isAdmin} onChange={event => setAdmin(event.target.checked)} />
            <span>
              Administration, too
              <br />
              <span className="muted">As far as your role and the choice above go.</span>
            </span>
          </label>
        )}
      </fieldset>
      <Field label="Ends">
        {ids => (
          <select {...ids} className="select" value={days} onChange={event => setDays(Number(event.target.value))}>
            {ends.map(end => (
              <option key={end.days} value={end.days}>
                {end.name}
              </option>
            ))}
          </select>
        )}
      </Field>
      <button type="submit" className="button main" disabled={make.isPending}>
        Make the key
      </button>
    </form>
  )
}

/** The one time that the key itself is seen. */
function ShownOnce({ made, onDone }: { made: ApiKeyCreated; onDone: () => void }) {
  const { isCopied, copy } = useCopy()
  return (
    <div className="stack">
      <Notice tone="warn">Copy the key now and keep it where secrets are kept. It is not shown again.</Notice>
      <Field label={`The key “${made.name}”`}>
        {ids => <input {...ids} className="input mono" readOnly value={made.key} onFocus={event => event.target.select()} />}
      </Field>
      <div className="row">
        <button type="button" className="button main" onClick={() => copy(made.key)}>
          {isCopied ? 'Copied' : 'Copy'}
        </button>
        <button type="button" className="button" onClick={onDone}>
          I have it
        </button>
        <span className="small muted" role="status">
          {isCopied && 'The key is in the clipboard.'}
          {isCopied === false && 'The browser does not allow it: select the key and copy it by keyboard.'}
        </span>
      </div>
      <p className="small muted">
        Programs send it as <code className="mono">Authorization: Bearer …</code>
      </p>
    </div>
  )
}
