import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Ellipsis, Plus } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import type { SessionRead } from '../../../contract/sessions.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { Notice } from '../../ui/notice.tsx'
import { ago } from '../../ui/time.ts'
import { DeletedSessions } from './deleted-sessions.tsx'
import { SessionMenu } from './session-menu.tsx'
import { beginSession, refreshSessions, type SessionScope, titleOf } from './session-scope.ts'
import { useOpenSession } from './use-open-session.ts'

interface SessionsProps {
  scope: SessionScope
  sessions: SessionRead[]
  current: string | undefined
}

/** The conversations of a room or of an agent: begin, open, name, take along, delete, bring back. */
export function Sessions({ scope, sessions, current }: SessionsProps) {
  const [menuOf, setMenuOf] = useState<string | null>(null)
  const [isSeeingDeleted, setSeeingDeleted] = useState(false)
  const openSession = useOpenSession(scope)
  const begin = useMutation({
    mutationFn: () => beginSession(scope),
    onSuccess: async session => {
      await refreshSessions(scope)
      await openSession(session.id)
    },
  })
  const chosen = sessions.find(session => session.id === menuOf)
  return (
    <section aria-labelledby="sessions">
      <div className="section-head">
        <h2 id="sessions">Sessions</h2>
        <button type="button" className="icon-button small" onClick={() => begin.mutate()} aria-label="New session">
          <Plus size={15} aria-hidden />
        </button>
      </div>
      {begin.error && <Notice tone="bad">{begin.error.message} Try again.</Notice>}
      {sessions.length === 0 && <p className="small faint pad">The first message starts one.</p>}
      <ul className="plain">
        {sessions.map(session => (
          <li key={session.id} className="side-row">
            <ToSession scope={scope} session={session} isCurrent={session.id === current}>
              <span className="clip">{titleOf(session)}</span>
              <span className="tiny faint">{ago(session.created_at)}</span>
            </ToSession>
            <button
              type="button"
              className="icon-button small"
              onClick={() => setMenuOf(session.id)}
              aria-label={`Name, take along or delete: ${titleOf(session)}`}
            >
              <Ellipsis size={15} aria-hidden />
            </button>
          </li>
        ))}
      </ul>
      <button type="button" className="rail-link faint" onClick={() => setSeeingDeleted(true)}>
        Deleted sessions…
      </button>
      <Dialog title="This session" open={chosen !== undefined} onClose={() => setMenuOf(null)}>
        {chosen && (
          <SessionMenu key={chosen.id} scope={scope} session={chosen} isOpen={chosen.id === current} onDone={() => setMenuOf(null)} />
        )}
      </Dialog>
      <Dialog title="Deleted sessions" open={isSeeingDeleted} onClose={() => setSeeingDeleted(false)}>
        <DeletedSessions scope={scope} onRestored={session => openSession(session.id).then(() => setSeeingDeleted(false))} />
      </Dialog>
    </section>
  )
}

interface ToSessionProps {
  scope: SessionScope
  session: SessionRead
  isCurrent: boolean
  children: ReactNode
}

function ToSession({ scope, session, isCurrent, children }: ToSessionProps) {
  const look = {
    className: 'rail-link',
    activeOptions: { exact: true, includeSearch: true },
    'data-status': isCurrent ? 'active' : undefined,
    'aria-current': isCurrent ? ('page' as const) : undefined,
    search: { session: session.id },
    children,
  }
  return scope.kind === 'room' ? (
    <Link to="/rooms/$roomId" params={{ roomId: scope.id }} {...look} />
  ) : (
    <Link to="/agents/$agentId/chat" params={{ agentId: scope.id }} {...look} />
  )
}
