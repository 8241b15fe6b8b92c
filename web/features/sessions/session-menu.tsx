import { useMutation } from '@tanstack/react-query'
import { Download } from 'lucide-react'
import { useState } from 'react'
import type { SessionRead } from '../../../contract/sessions.ts'
import { call } from '../../api/client.ts'
import { download, fileNameOf } from '../../api/download.ts'
import { queryClient } from '../../api/queries.ts'
import { Field } from '../../ui/field.tsx'
import { Notice } from '../../ui/notice.tsx'
import { offerUndo } from '../shell/undo.ts'
import { deleteSession, refreshSessions, restoreSession, type SessionScope, titleOf } from './session-scope.ts'
import { useOpenSession } from './use-open-session.ts'

const formats = [
  { format: 'markdown', name: 'Markdown', ending: 'md' },
  { format: 'json', name: 'JSON', ending: 'json' },
] as const

interface SessionMenuProps {
  scope: SessionScope
  session: SessionRead
  /** It is the one on the screen. */
  isOpen: boolean
  onDone: () => void
}

/** The name of a conversation, the way to take it along, and its end. */
export function SessionMenu({ scope, session, isOpen, onDone }: SessionMenuProps) {
  const [title, setTitle] = useState(session.title ?? '')
  const openSession = useOpenSession(scope)
  const rename = useMutation({
    mutationFn: () => call('PATCH /sessions/{session_id}', { path: { session_id: session.id }, body: { title } }),
    onSuccess: async () => {
      await refreshSessions(scope)
      onDone()
    },
  })
  const take = useMutation({
    mutationFn: ({ format, ending }: (typeof formats)[number]) =>
      download(`/sessions/${session.id}/export`, { format }, '*/*', fileNameOf(titleOf(session), ending)),
  })
  const remove = useMutation({
    mutationFn: () => deleteSession(scope, session.id),
    onSuccess: async () => {
      onDone()
      if (isOpen) await openSession()
      queryClient.removeQueries({ queryKey: ['session', session.id] })
      await refreshSessions(scope)
      offerUndo(`Session “${titleOf(session)}” is deleted.`, async () => {
        await restoreSession(session.id)
        await refreshSessions(scope)
        await openSession(session.id)
      })
    },
  })
  const problem = rename.error ?? take.error ?? remove.error
  return (
    <form
      className="stack"
      onSubmit={event => {
        event.preventDefault()
        rename.mutate()
      }}
    >
      {problem && <Notice tone="bad">{problem.message} Try again.</Notice>}
      <Field label="Name">
        {ids => (
          <input
            {...ids}
            className="input"
            required
            maxLength={200}
            placeholder="Named after its first message"
            value={title}
            onChange={event => setTitle(event.target.value)}
          />
        )}
      </Field>
      <div className="row">
        <button type="submit" className="button main" disabled={rename.isPending}>
          Save
        </button>
        <button type="button" className="button danger push" disabled={remove.isPending} onClick={() => remove.mutate()}>
          Delete the session
        </button>
      </div>
      <div className="row tight">
        <span className="small muted">Take it along as</span>
        {formats.map(each => (
          <button key={each.format} type="button" className="button" disabled={take.isPending} onClick={() => take.mutate(each)}>
            <Download size={14} aria-hidden /> {each.name}
          </button>
        ))}
      </div>
    </form>
  )
}
