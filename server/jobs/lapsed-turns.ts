import { TURN_LEASE_SECONDS } from '../domain/turn.ts'
import { type CloseLapsedDependencies, closeLapsedTurns } from '../usecases/close-lapsed-turns.ts'

/** With a lease of 20 s, a turn of a process that died is closed within 30 s. */
const SWEEP_EVERY_MS = 5_000

/** Looks for turns that a dead process left: once now, then for as long as the program lives. */
export function sweepLapsedTurns(deps: CloseLapsedDependencies, onlyProcess: boolean): { stop(): void } {
  let reachedAt = performance.now()
  const sweep = async (orphans: boolean) => {
    try {
      // Leases that lapsed while nobody could reach the database may belong to processes that live: they get the time to renew them.
      const wasAway = performance.now() - reachedAt > TURN_LEASE_SECONDS * 1000
      if (wasAway) await deps.database.statement('is_there', 'select 1', [])
      reachedAt = performance.now()
      if (wasAway) return
      while ((await closeLapsedTurns(deps, { orphans })) > 0) {}
    } catch (err) {
      deps.log.warn({ err }, 'lapsed turns could not be closed; tried again shortly')
    }
  }
  void sweep(onlyProcess)
  const timer = setInterval(() => void sweep(false), SWEEP_EVERY_MS)
  timer.unref()
  return { stop: () => clearInterval(timer) }
}
