import { useMutation } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { Plus, X } from 'lucide-react'
import type { SessionRead } from '../../../contract/sessions.ts'
import { call } from '../../api/client.ts'
import { queryClient } from '../../api/queries.ts'
import { Notice } from '../../ui/notice.tsx'
import { ago } from '../../ui/time.ts'

interface SessionsProps {
  roomId: string
  sessions: SessionRead[]
  current: string | undefined
}

export function Sessions({ roomId, sessions, current }: SessionsProps) {
  const navigate = useNavigate()
  const path = { room_id: roomId }
  const refresh = () => queryClient.invalidateQueries({ queryKey: ['room-sessions', roomId] })
  const start = useMutation({
    mutationFn: () => call('POST /rooms/{room_id}/sessions', { path, body: {} }),
    onSuccess: async session => {
      await refresh()
      await navigate({ to: '/rooms/$roomId', params: { roomId }, search: { session: session.id } })
    },
  })
  const remove = useMutation({
    mutationFn: (session_id: string) => call('DELETE /rooms/{room_id}/sessions/{session_id}', { path: { ...path, session_id } }),
    onSettled: refresh,
  })
  const problem = start.error ?? remove.error
  return (
    <section aria-labelledby="sessions">
      <div className="section-head">
        <h2 id="sessions">Sessions</h2>
        <button type="button" className="icon-button small" onClick={() => start.mutate()} aria-label="New session">
          <Plus size={15} aria-hidden />
        </button>
      </div>
      {problem && <Notice tone="bad">{problem.message} Try again.</Notice>}
      {sessions.length === 0 && <p className="small faint pad">The first message starts one.</p>}
      <ul className="plain">
        {sessions.map(session => (
          <li key={session.id} className="side-row">
            <Link
              to="/rooms/$roomId"
              params={{ roomId }}
              search={{ session: session.id }}
              className="rail-link"
              activeOptions={{ exact: true, includeSearch: true }}
              data-status={session.id === current ? 'active' : undefined}
              aria-current={session.id === current ? 'page' : undefined}
            >
              <span className="clip">{session.title ?? 'New session'}</span>
              <span className="tiny faint">{ago(session.created_at)}</span>
            </Link>
            <button
              type="button"
              className="icon-button small"
              onClick={() => remove.mutate(session.id)}
              aria-label={`Delete session ${session.title ?? 'without a title'}`}
            >
              <X size={13} aria-hidden />
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}
