import { call } from '../../api/client.ts'
import { ApiProblem, asProblem } from '../../api/problem.ts'
import { joinTurn, type OpenTurnStream, startTurn, type TurnRequest } from '../../api/turn-stream.ts'
import { createLiveTurn, type LiveTurn } from './live-turn.ts'

/** The turns of one session that this page has seen running. It outlives the screen: who leaves the room and comes back finds them. */
export interface LiveSession {
  turns(): readonly LiveTurn[]
  subscribe(listener: () => void): () => void
  /** Resolves when the server has taken the message; throws an `ApiProblem` when it has refused it. */
  send(request: TurnRequest): Promise<void>
  /** Follows a turn that was started elsewhere, or before a reload. */
  follow(turnId: string): Promise<void>
  stop(): Promise<void>
}

const RETRY_FIRST_MS = 400
const RETRY_MAXIMUM_MS = 5_000
const sessions = new Map<string, LiveSession>()
const ended = new Set<(sessionId: string) => void>()

export function liveSession(sessionId: string): LiveSession {
  const known = sessions.get(sessionId)
  if (known) return known
  const made = createLiveSession(sessionId)
  sessions.set(sessionId, made)
  return made
}

/** Hears of every turn that has come to its end, whichever room is on the screen. */
export function onTurnEnded(listener: (sessionId: string) => void): () => void {
  ended.add(listener)
  return () => ended.delete(listener)
}

export function forgetLiveSessions(): void {
  sessions.clear()
}

function createLiveSession(sessionId: string): LiveSession {
  let turns: LiveTurn[] = []
  const listeners = new Set<() => void>()
  const set = (next: LiveTurn[]) => {
    turns = next
    for (const listener of listeners) listener()
  }
  const isKnown = (turnId: string) => turns.some(turn => turn.read().turnId === turnId)

  return {
    turns: () => turns,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async send(request) {
      const turn = createLiveTurn(crypto.randomUUID(), request.message)
      set([...turns, turn])
      try {
        const stream = await begun(sessionId, request, turn)
        void followTo(sessionId, turn, stream)
      } catch (error) {
        set(turns.filter(each => each !== turn))
        throw error
      }
    },
    async follow(turnId) {
      if (isKnown(turnId)) return
      const turn = createLiveTurn(turnId, '')
      turn.setTurnId(turnId)
      set([...turns, turn])
      const { user_input } = await call('GET /sessions/{session_id}/turns/{turn_id}', { path: { session_id: sessionId, turn_id: turnId } })
      const asked = createLiveTurn(turnId, user_input)
      asked.setTurnId(turnId)
      set(turns.map(each => (each === turn ? asked : each)))
      await followTo(sessionId, asked, null)
    },
    async stop() {
      const running = turns.findLast(turn => !turn.isOver())?.read()
      if (!running?.turnId) return
      await call('POST /sessions/{session_id}/turns/{turn_id}/cancel', { path: { session_id: sessionId, turn_id: running.turnId } })
    },
  }
}

/** Tries until the server has answered: the key makes sure that a message is taken once. */
async function begun(sessionId: string, request: TurnRequest, turn: LiveTurn): Promise<OpenTurnStream> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      const stream = await startTurn(sessionId, request, turn.key)
      turn.setTurnId(stream.turnId)
      return stream
    } catch (error) {
      if (asProblem(error).status !== 0 || attempt >= 4) throw error
      turn.setReconnecting(true)
      await pause(attempt)
    }
  }
}

async function followTo(sessionId: string, turn: LiveTurn, begun: OpenTurnStream | null): Promise<void> {
  let stream = begun
  let after = 0
  let attempt = 0
  while (!turn.isOver()) {
    try {
      stream ??= await joinTurn(sessionId, turn.read().turnId ?? '', after)
      for await (const { id, event } of stream.events) {
        turn.setReconnecting(false)
        turn.apply(event)
        after = id
        attempt = 0
      }
    } catch (error) {
      const problem = error instanceof ApiProblem ? error : null
      if (problem?.status === 404 || problem?.status === 401) break
    }
    stream = null
    if (turn.isOver()) break
    turn.setReconnecting(true)
    await pause(attempt++)
  }
  for (const listener of ended) listener(sessionId)
}

/** Longer each time, up to a maximum; a page that comes back online tries at once. */
function pause(attempt: number): Promise<void> {
  return new Promise(resolve => {
    const go = () => {
      clearTimeout(timer)
      removeEventListener('online', go)
      resolve()
    }
    const timer = setTimeout(go, Math.min(RETRY_FIRST_MS * 2 ** attempt, RETRY_MAXIMUM_MS))
    addEventListener('online', go)
  })
}
