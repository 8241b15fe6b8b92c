import { call } from '../../api/client.ts'
import { type ApiProblem, asProblem } from '../../api/problem.ts'
import { createRequestKey } from '../../api/request-key.ts'
import { joinTurn, type OpenTurnStream, startTurn, type TurnRequest } from '../../api/turn-stream.ts'
import { createLiveTurn, type LiveTurn } from './live-turn.ts'

/** The turns of one session that this page has seen running. It outlives the screen: who leaves the room and comes back finds them. */
export interface LiveSession {
  turns(): readonly LiveTurn[]
  subscribe(listener: () => void): () => void
  /** Resolves when the server has taken the message; throws an `ApiProblem` when it has refused it. */
  send(request: TurnRequest): Promise<void>
  /** Follows a turn that was started elsewhere, or before a reload. */
  follow(turnId: string): void
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
  const requestKey = createRequestKey()
  const set = (next: LiveTurn[]) => {
    turns = next
    for (const listener of listeners) listener()
  }
  const letGo = (turn: LiveTurn) => set(turns.filter(each => each !== turn))
  const withoutTurn = (turnId: string) => turns.filter(turn => turn.read().turnId !== turnId)
  const isFollowed = (turnId: string) => turns.some(turn => turn.read().turnId === turnId && turn.read().status !== 'lost')

  const followToItsEnd = async (turn: LiveTurn, begun: OpenTurnStream | null) => {
    const end = await followed(sessionId, turn, begun, () => turns.includes(turn) && sessions.get(sessionId) === live)
    // After the next sign-in the session says again what runs in it.
    if (end === 'signed_out') return letGo(turn)
    for (const listener of ended) listener(sessionId)
  }
  const live: LiveSession = {
    turns: () => turns,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async send(request) {
      const turn = createLiveTurn(requestKey.for(request), request.message)
      set([...turns, turn])
      try {
        const stream = await begun(sessionId, request, turn)
        requestKey.done()
        turn.setTurnId(stream.turnId)
        set([...withoutTurn(stream.turnId), turn])
        void followToItsEnd(turn, stream)
      } catch (error) {
        letGo(turn)
        throw error
      }
    },
    follow(turnId) {
      if (isFollowed(turnId)) return
      const turn = createLiveTurn(turnId, null)
      turn.setTurnId(turnId)
      set([...withoutTurn(turnId), turn])
      void followToItsEnd(turn, null)
    },
    async stop() {
      const running = turns.findLast(turn => !turn.isOver())?.read()
      if (!running?.turnId) return
      await call('POST /sessions/{session_id}/turns/{turn_id}/cancel', { path: { session_id: sessionId, turn_id: running.turnId } })
    },
  }
  return live
}

/** Tries until the server has answered: the key makes sure that a message is taken once. */
async function begun(sessionId: string, request: TurnRequest, turn: LiveTurn): Promise<OpenTurnStream> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await startTurn(sessionId, request, turn.key)
    } catch (error) {
      if (!isPassing(asProblem(error)) || attempt >= 4) throw error
      turn.setReconnecting(true)
      await pause(attempt)
    }
  }
}

/** The network is away, or the server shuts down or has lost its database: another one, or a moment later, may take it. */
const isPassing = ({ status, code }: ApiProblem) => status === 0 || code === 'unavailable'

type End = 'over' | 'signed_out'

/** Reads a turn to its end, however often its stream is lost, or until there is none to be read any more. */
async function followed(sessionId: string, turn: LiveTurn, begun: OpenTurnStream | null, isWanted: () => boolean): Promise<End> {
  const turnId = turn.read().turnId ?? ''
  let stream = begun
  let after = 0
  let attempt = 0
  let isMissed = false
  while (!turn.isOver() && isWanted()) {
    try {
      if (turn.read().question === null) turn.setQuestion((await readTurn(sessionId, turnId)).user_input)
      stream ??= await joinTurn(sessionId, turnId, after)
      for await (const { id, event } of stream.events) {
        turn.setReconnecting(false)
        turn.apply(event)
        after = id
        attempt = 0
        isMissed = false
      }
    } catch (error) {
      const problem = await meaningOf(asProblem(error), () => readTurn(sessionId, turnId), isMissed)
      if (problem === 'signed_out') return 'signed_out'
      if (problem === 'missed') isMissed = true
      else if (problem !== 'passing') turn.giveUp(problem.words)
    }
    stream = null
    if (turn.isOver()) break
    turn.setReconnecting(true)
    await pause(attempt++)
  }
  return 'over'
}

const readTurn = (session_id: string, turn_id: string) =>
  call('GET /sessions/{session_id}/turns/{turn_id}', { path: { session_id, turn_id } })

/** `missed`: the turn is there, and only its stream was not to be had; once that is worth another try. A 401 comes after a new token was tried. */
async function meaningOf(
  { status, message }: ApiProblem,
  read: () => Promise<unknown>,
  isMissed: boolean,
): Promise<'passing' | 'missed' | 'signed_out' | { words: string }> {
  if (status === 401) return 'signed_out'
  if (status === 403) return { words: `${message} What came until then is shown; the rest cannot be followed.` }
  if (status !== 404) return 'passing'
  const words = `${message} It was deleted, or the server has lost it. Send the message again if you still need the answer.`
  if (isMissed) return { words }
  return read().then(
    () => 'missed' as const,
    error => (asProblem(error).status === 404 ? { words } : 'passing'),
  )
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
