import type { TurnEvent } from '../../contract/events.ts'
import type { TurnStatus } from '../../contract/turns.ts'
import type { EndedCall, TurnOutcome, TurnSnapshot } from './turn.ts'

// What happens, told to whoever watches. Nothing of it is said per token, and what holds words of people is for times and counts only.

export interface SeenRequest {
  method: string
  /** The route's pattern, not the address. */
  route: string
  status: number
  seconds: number
  /** It took as long as its reader stayed. */
  streamed: boolean
  traceId: string
}

export interface SeenClose {
  outcome: TurnOutcome
  /** How long its one commit took, waiting for a database that was away included. */
  closeSeconds: number
}

export type SeenEvent = Exclude<TurnEvent, { type: 'chunk' }>

/** One turn, from its admission on. */
export interface TurnObserver {
  event?(event: SeenEvent): void
  /** A model call that has ended. */
  call(call: EndedCall): void
  closed(close: SeenClose): void
  /** Another process closes it. */
  givenUp(): void
}

export interface SeenJob {
  name: string
  failed: boolean
  seconds: number
}

export interface Observer {
  request(request: SeenRequest): void
  turn(snapshot: TurnSnapshot): TurnObserver
  /** Somebody reads a turn's stream; call what is returned when they leave. */
  reader(): () => void
  job(job: SeenJob): void
  rateLimitSkipped(): void
  turnsPurged(count: number): void
  /** A turn that its process had left was closed here. */
  lapsedTurnClosed(status: TurnStatus): void
}

/** All of them as one. An observer says only what it looks at, and its own faults are nobody else's. */
export function observeBy(observers: Partial<Observer>[]): Observer {
  const all =
    <Name extends 'request' | 'job' | 'rateLimitSkipped' | 'turnsPurged' | 'lapsedTurnClosed'>(name: Name) =>
    (...seen: Parameters<Observer[Name]>) => {
      const tell = (observer: Partial<Observer>) =>
        (observer[name] as ((...seen: Parameters<Observer[Name]>) => void) | undefined)?.(...seen)
      for (const observer of observers) unharmed(() => tell(observer))
    }
  return {
    request: all('request'),
    job: all('job'),
    rateLimitSkipped: all('rateLimitSkipped'),
    turnsPurged: all('turnsPurged'),
    lapsedTurnClosed: all('lapsedTurnClosed'),
    turn: snapshot =>
      observeTurnBy(observers.map(observer => unharmed(() => observer.turn?.(snapshot))).filter(turn => turn !== undefined)),
    reader() {
      const leaving = observers.map(observer => unharmed(() => observer.reader?.()))
      return () => {
        for (const leave of leaving) unharmed(() => leave?.())
      }
    },
  }
}

function observeTurnBy(turns: TurnObserver[]): TurnObserver {
  const tell = (say: (turn: TurnObserver) => void) => {
    for (const turn of turns) unharmed(() => say(turn))
  }
  return {
    // Without a listener there is nothing to call for each event.
    ...(turns.some(turn => turn.event) && { event: (event: SeenEvent) => tell(turn => turn.event?.(event)) }),
    call: call => tell(turn => turn.call(call)),
    closed: close => tell(turn => turn.closed(close)),
    givenUp: () => tell(turn => turn.givenUp()),
  }
}

/** Watching changes nothing of what is watched: a turn is closed and paid whether or not it could be counted. */
function unharmed<Result>(work: () => Result): Result | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}
