import { TURN_LEASE_SECONDS } from '../domain/turn.ts'
import type { RunningTurns } from '../live/running-turns.ts'
import type { Database } from '../store/database.ts'
import { renewLeases } from '../store/turn-run.ts'

/** Says that this process still runs its turns; one that another process has taken over meanwhile is stopped. */
export async function renewTurnLeases(deps: { database: Database; runningTurns: RunningTurns; ownerProcess: string }): Promise<void> {
  const ours = deps.runningTurns.ids()
  if (ours.length === 0) return
  const renewed = await renewLeases(deps.database, deps.ownerProcess, ours, TURN_LEASE_SECONDS)
  // The signal of a cancel may have been missed.
  for (const { turnId, isCancelled } of renewed) if (isCancelled) deps.runningTurns.stop(turnId, 'cancelled')
  const stillOurs = new Set(renewed.map(({ turnId }) => turnId))
  const stillRunning = new Set(deps.runningTurns.ids())
  // A turn that was closed between the two has no row any more and no lease to lose.
  for (const turnId of ours) if (!stillOurs.has(turnId) && stillRunning.has(turnId)) deps.runningTurns.stop(turnId, 'lost')
}
