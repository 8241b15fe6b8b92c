import type { DoneEvent } from '../../contract/events.ts'
import { endOfLapsed } from '../domain/lapsed-turn.ts'
import type { Observer } from '../domain/observation.ts'
import type { TurnOutcome } from '../domain/turn.ts'
import type { RunningTurns } from '../live/running-turns.ts'
import type { OwnTurnLog, TurnLogs } from '../live/turn-log.ts'
import { type ClosedTurn, closeTurn } from '../store/close-turn.ts'
import type { Database } from '../store/database.ts'
import { type TakenTurn, takeOverTurns } from '../store/turn-run.ts'

export interface CloseLapsedDependencies {
  database: Database
  ownerProcess: string
  runningTurns: RunningTurns
  turnLogs: TurnLogs
  lowBalanceThreshold: string
  observer: Pick<Observer, 'lapsedTurnClosed'>
  log: { warn(fields: object, message: string): void; error(fields: object, message: string): void }
}

/** To wait for its log and for the database takes no longer; whoever dies in the middle of a close leaves the turn to a later sweep. */
const CLOSING_LEASE_SECONDS = 10

/**
 * Closes the turns that a dead process left, with what its journal and their logs hold, and tells those who wait for them. `orphans`: the
 * caller is the only process there is, so that whatever is not its own is nobody's.
 */
export async function closeLapsedTurns(deps: CloseLapsedDependencies, { orphans }: { orphans: boolean }): Promise<number> {
  const { ownerProcess, runningTurns } = deps
  const taken = await takeOverTurns(deps.database, {
    ownerProcess,
    leaseSeconds: CLOSING_LEASE_SECONDS,
    ownTurns: runningTurns.ids(),
    orphans,
  })
  // Together: a log that is out of reach takes its time, and the last of them is to be closed as soon as the first.
  await Promise.all(
    taken.map(turn =>
      // One that cannot be closed must not keep the others open; it is tried again when its new lease lapses.
      closeTaken(deps, turn).catch(err =>
        deps.log.error({ err, turn_id: turn.turnId, user_id: turn.userId }, 'a lapsed turn could not be closed'),
      ),
    ),
  )
  return taken.length
}

async function closeTaken(deps: CloseLapsedDependencies, turn: TakenTurn): Promise<void> {
  // Before anything is read of it: what its old process may still say must not be missing in what is stored.
  const log = await deps.turnLogs.takeOver(turn.turnId, turn.fence)
  try {
    await closeTold(deps, turn, log)
  } finally {
    // Without a close it has no end yet.
    log.drop()
  }
}

async function closeTold(deps: CloseLapsedDependencies, turn: TakenTurn, log: OwnTurnLog): Promise<void> {
  const { mode, request } = turn
  // Request ids are UUIDs of version 7: sorted, they are in the order the calls began.
  const journal = Object.entries(turn.journal).toSorted(([a], [b]) => (a < b ? -1 : 1))
  const { outcome, tail } = endOfLapsed({
    mode,
    message: request.message,
    speakers: request.speakers,
    roster: request.roster ?? request.speakers,
    journal: journal.map(([, entry]) => entry),
    said: log.soFar(),
    isCancelled: turn.isCancelled,
  })
  const room = request.roomId === null ? null : { id: request.roomId }
  const snapshot = { ...turn, message: request.message, supersedesTurnId: request.supersedesTurnId, room }
  const closed = await closeTurn(deps.database, { snapshot, fence: turn.fence, outcome, lowBalanceThreshold: deps.lowBalanceThreshold })
  if (closed) {
    for (const event of [...tail, doneEvent(turn, outcome, closed)]) log.append(event)
    deps.observer.lapsedTurnClosed(outcome.status)
  }
  const fields = { turn_id: turn.turnId, user_id: turn.userId, status: outcome.status, calls: outcome.calls.length }
  deps.log.warn(fields, closed ? 'a turn that its process had left was closed' : 'a turn that its process had left was closed by another')
}

const doneEvent = (turn: TakenTurn, outcome: TurnOutcome, closed: ClosedTurn): DoneEvent => ({
  type: 'done',
  turn_id: turn.turnId,
  provider_model: outcome.providerModel,
  status: outcome.status,
  summary_used_fallback: false,
  balance_after: closed.balanceAfter,
  low_balance: closed.lowBalance,
})
