import { useNavigate } from '@tanstack/react-router'
import { useCallback } from 'react'
import { queryClient } from '../../api/queries.ts'
import { forgetBearer } from '../../api/token.ts'
import { forgetLiveSessions } from '../chat/live-session.ts'
import { withdrawUndo } from './undo.ts'

/** Forgets whoever was signed in, and leads to the sign-in. */
export function useForgetting(): (search: { left?: string }) => Promise<void> {
  const navigate = useNavigate()
  return useCallback(
    async search => {
      forgetBearer()
      forgetLiveSessions()
      withdrawUndo()
      queryClient.clear()
      await navigate({ to: '/sign-in', search })
    },
    [navigate],
  )
}
