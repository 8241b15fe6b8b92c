import { useMutation, useQuery } from '@tanstack/react-query'
import type { SessionRead } from '../../../contract/sessions.ts'
import { Loading, Notice } from '../../ui/notice.tsx'
import { DeletedRow } from '../deleted/deleted-row.tsx'
import { deletedSessions, refreshSessions, restoreSession, type SessionScope, titleOf } from './session-scope.ts'

interface DeletedSessionsProps {
  scope: SessionScope
  onRestored: (session: SessionRead) => void
}

export function DeletedSessions({ scope, onRestored }: DeletedSessionsProps) {
  const { data, error } = useQuery(deletedSessions(scope))
  const restore = useMutation({
    mutationFn: (session: SessionRead) => restoreSession(session.id),
    onSuccess: async session => {
      await refreshSessions(scope)
      onRestored(session)
    },
  })
  const problem = error ?? restore.error
  // A session in which nothing was ever said is not worth bringing back.
  const kept = data?.filter(session => session.title !== null)
  return (
    <div className="stack">
      {problem && <Notice tone="bad">{problem.message} Close this and try again.</Notice>}
      {!data && !error && <Loading what="what was deleted" />}
      {kept?.length === 0 && <p className="small muted">No session was deleted here in the last 7 days.</p>}
      <ul className="plain">
        {kept?.map(session => (
          <DeletedRow
            key={session.id}
            name={titleOf(session)}
            deletedAt={session.deleted_at}
            isBusy={restore.isPending}
            onRestore={() => restore.mutate(session)}
          />
        ))}
      </ul>
    </div>
  )
}
