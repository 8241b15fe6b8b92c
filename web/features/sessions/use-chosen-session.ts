import { useQuery } from '@tanstack/react-query'
import type { SessionRead } from '../../../contract/sessions.ts'
import { asProblem } from '../../api/problem.ts'
import { agentSessions, roomSessions, session as sessionQuery } from '../../api/queries.ts'
import type { SessionScope } from './session-scope.ts'

export interface ChosenSession {
  sessions: SessionRead[]
  /** The one that the address names, or the newest; none where there is none yet. */
  session: SessionRead | undefined
  /** The address names one that is not here. */
  isMissing: boolean
}

/** Which conversation of a room or of an agent is open; `undefined` until that is known. */
export function useChosenSession({ kind, id }: SessionScope, wanted: string | undefined) {
  const list = useQuery(kind === 'room' ? roomSessions(id) : agentSessions(id))
  const listed = list.data?.find(each => each.id === wanted)
  // The list is not endless, and may have been read before the session began.
  const isUnlisted = list.data !== undefined && wanted !== undefined && !listed
  const single = useQuery({ ...sessionQuery(wanted ?? ''), enabled: isUnlisted })
  const isForeign = single.data && (kind === 'room' ? single.data.room_id : single.data.agent_id) !== id
  const isMissing = isUnlisted && (isForeign || asProblem(single.error).status === 404)
  const session = wanted === undefined ? list.data?.[0] : (listed ?? (isMissing ? undefined : single.data))
  const isKnown = list.data && (!isUnlisted || single.data || isMissing)
  const chosen: ChosenSession | undefined = isKnown && list.data ? { sessions: list.data, session, isMissing } : undefined
  const failed = list.data ? single : list
  return { chosen, error: chosen ? null : failed.error, refetch: failed.refetch }
}
