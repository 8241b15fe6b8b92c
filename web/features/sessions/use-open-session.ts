import { useNavigate } from '@tanstack/react-router'
import { useCallback } from 'react'
import type { SessionScope } from './session-scope.ts'

/** Leads to a session of a room or of an agent; without one to the newest. */
export function useOpenSession({ kind, id }: SessionScope): (session?: string) => Promise<void> {
  const navigate = useNavigate()
  return useCallback(
    session =>
      kind === 'room'
        ? navigate({ to: '/rooms/$roomId', params: { roomId: id }, search: { session } })
        : navigate({ to: '/agents/$agentId/chat', params: { agentId: id }, search: { session } }),
    [navigate, kind, id],
  )
}
