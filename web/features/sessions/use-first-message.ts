import { useRef } from 'react'
import type { SessionRead } from '../../../contract/sessions.ts'
import { asProblem } from '../../api/problem.ts'
import type { TurnRequest } from '../../api/turn-stream.ts'
import { letGo } from '../chat/drafts.ts'
import { liveSession } from '../chat/live-session.ts'
import { beginSession, deleteSession, refreshSessions, type SessionScope } from './session-scope.ts'
import { useOpenSession } from './use-open-session.ts'

/** Sends the message that a session begins with, and leads there. Where it is refused no session is left behind. */
export function useFirstMessage(scope: SessionScope, place: string): (request: TurnRequest) => Promise<void> {
  const openSession = useOpenSession(scope)
  /** Left behind by a try whose network was lost: the next one may find there that its message was taken. */
  const left = useRef<SessionRead | null>(null)
  return async request => {
    const session = left.current ?? (await beginSession(scope))
    left.current = null
    try {
      await liveSession(session.id).send(request)
    } catch (error) {
      // Whether it can be deleted or not: what is told is why the message was not taken.
      await deleteSession(scope, session.id).catch(deletion => {
        if (asProblem(deletion).status !== 404) left.current = session
      })
      throw error
    }
    letGo(place, request.message, session.id)
    await refreshSessions(scope)
    await openSession(session.id)
  }
}
