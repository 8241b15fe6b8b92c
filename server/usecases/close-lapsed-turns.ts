import { outcomeOfLapsed } from '../domain/lapsed-turn.ts'
import { TURN_LEASE_SECONDS } from '../domain/turn.ts'
import type { RunningTurns } from '../live/running-turns.ts'
import { closeTurn } from '../store/close-turn.ts'
import type { Database } from '../store/database.ts'
import { type TakenTurn, takeOverTurns } from '../store/turn-run.ts'

export interface CloseLapsedDependencies {
  database: Database
  ownerProcess: string
  runningTurns: RunningTurns
  lowBalanceThreshold: string
  log: { warn(fields: object, message: string): void; error(fields: object, message: string): void }
}

/**
 * Closes the turns that a dead process left, with what its journal holds. `orphans`: the caller is the only process there is, so that
 * whatever is not its own is nobody's.
 */
export async function closeLapsedTurns(deps: CloseLapsedDependencies, { orphans }: { orphans: boolean }): Promise<number> {
  const { ownerProcess, runningTurns } = deps
  const taken = await takeOverTurns(deps.database, {
    ownerProcess,
    leaseSeconds: TURN_LEASE_SECONDS,
    ownTurns: runningTurns.ids(),
    orphans,
  })
  for (const turn of taken) {
    // One that cannot be closed must not keep the others open; it is tried again when its new lease lapses.
    await closeTaken(deps, turn).catch(err =>
      deps.log.error({ err, turn_id: turn.turnId, user_id: turn.userId }, 'a lapsed turn could not be closed'),
    )
  }
  return taken.length
}

async function closeTaken(deps: CloseLapsedDependencies, turn: TakenTurn): Promise<void> {
  const { mode, request } = turn
  // Request ids are UUIDs of version 7: sorted, they are in the order the calls began.
  const journal = Object.entries(turn.journal).toSorted(([a], [b]) => (a < b ? -1 : 1))
  const outcome = outcomeOfLapsed({
    mode,
    message: request.message,
    speakers: request.speakers,
    journal: journal.map(([, entry]) => entry),
  })
  const room = request.roomId === null ? null : { id: request.roomId }
  const snapshot = { ...turn, message: request.message, supersedesTurnId: request.supersedesTurnId, room }
  const closed = await closeTurn(deps.database, { snapshot, fence: turn.fence, outcome, lowBalanceThreshold: deps.lowBalanceThreshold })
  const fields = { turn_id: turn.turnId, user_id: turn.userId, status: outcome.status, calls: outcome.calls.length }
  deps.log.warn(fields, closed ? 'a turn that its process had left was closed' : 'a turn that its process had left was closed by another')
}
