import { useQuery } from '@tanstack/react-query'
import { useEffect, useSyncExternalStore } from 'react'
import { asProblem } from '../../api/problem.ts'
import { queryClient, session as sessionQuery } from '../../api/queries.ts'
import type { TurnRequest } from '../../api/turn-stream.ts'
import { liveSession, onTurnEnded } from './live-session.ts'
import type { LiveTurn } from './live-turn.ts'

/** Follows a session: rejoins what runs in it, tells whether something does, sends and stops. */
export function useSession(sessionId: string) {
  const live = liveSession(sessionId)
  const turns = useSyncExternalStore(live.subscribe, live.turns)
  const newest = turns.at(-1)
  const isRunning = useIsRunning(newest)
  const isKnown = useIsKnown(newest)
  const { data } = useQuery(sessionQuery(sessionId))
  const runningTurnId = data?.running_turn_id
  useEffect(() => {
    if (runningTurnId) live.follow(runningTurnId)
  }, [live, runningTurnId])
  return {
    isRunning,
    stop: isKnown ? live.stop : null,
    async send(request: TurnRequest) {
      try {
        await live.send(request)
      } catch (error) {
        // Another tab may have started it: show what runs.
        if (asProblem(error).code === 'turn_in_progress') await queryClient.invalidateQueries({ queryKey: ['session', sessionId] })
        throw error
      }
    },
  }
}

const never = () => () => undefined

const useIsRunning = (turn: LiveTurn | undefined): boolean =>
  useSyncExternalStore(turn?.subscribe ?? never, () => turn !== undefined && !turn.isOver())

/** Only what has an id can be stopped. */
const useIsKnown = (turn: LiveTurn | undefined): boolean =>
  useSyncExternalStore(turn?.subscribe ?? never, () => turn !== undefined && turn.read().turnId !== null)

/** After a turn: its place in the history, its cost, its title. */
export function refreshAfterTurns(): () => void {
  return onTurnEnded(sessionId => {
    void queryClient.invalidateQueries({ queryKey: ['history', sessionId] })
    for (const key of ['wallet', 'usage', 'transactions', 'room-sessions', 'agent-sessions', 'room', 'rooms'])
      void queryClient.invalidateQueries({ queryKey: [key] })
    void queryClient.invalidateQueries({ queryKey: ['session', sessionId] })
  })
}
