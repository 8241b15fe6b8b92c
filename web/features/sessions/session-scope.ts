import { queryOptions } from '@tanstack/react-query'
import type { SessionRead } from '../../../contract/sessions.ts'
import { call } from '../../api/client.ts'
import { queryClient } from '../../api/queries.ts'

/** The room or the agent that sessions belong to. */
export interface SessionScope {
  kind: 'room' | 'agent'
  id: string
}

export const beginSession = ({ kind, id }: SessionScope): Promise<SessionRead> =>
  kind === 'room'
    ? call('POST /rooms/{room_id}/sessions', { path: { room_id: id }, body: {} })
    : call('POST /agents/{agent_id}/sessions', { path: { agent_id: id }, body: {} })

export const deleteSession = ({ kind, id }: SessionScope, session_id: string): Promise<undefined> =>
  kind === 'room'
    ? call('DELETE /rooms/{room_id}/sessions/{session_id}', { path: { room_id: id, session_id } })
    : call('DELETE /agents/{agent_id}/sessions/{session_id}', { path: { agent_id: id, session_id } })

export const deletedSessions = ({ kind, id }: SessionScope) =>
  queryOptions({
    queryKey: ['deleted-sessions', kind, id],
    queryFn: () =>
      kind === 'room'
        ? call('GET /rooms/{room_id}/sessions', { path: { room_id: id }, query: { deleted: 'true' } })
        : call('GET /agents/{agent_id}/sessions', { path: { agent_id: id }, query: { deleted: 'true' } }),
  })

export const restoreSession = (session_id: string) => call('POST /sessions/{session_id}/restore', { path: { session_id } })

export const refreshSessions = ({ kind, id }: SessionScope) =>
  Promise.all(
    [
      [`${kind}-sessions`, id],
      ['deleted-sessions', kind, id],
    ].map(queryKey => queryClient.invalidateQueries({ queryKey })),
  )

export const titleOf = (session: SessionRead): string => session.title ?? 'New session'
