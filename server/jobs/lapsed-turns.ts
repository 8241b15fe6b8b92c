import { type CloseLapsedDependencies, closeLapsedTurns } from '../usecases/close-lapsed-turns.ts'

/** With a lease of 20 s, a turn of a process that died is closed within 30 s. */
const SWEEP_EVERY_MS = 5_000
/** Whoever could not reach the database for so long knows nothing of the leases that others could not renew meanwhile. */
const AWAY_MS = 2 * SWEEP_EVERY_MS
/** What living processes need to renew theirs. */
const RENEWED_WITHIN_MS = 10_000
/** The same where this process has only begun, maybe just when the database is back: one renewal and a little, lest what a dead one left wait too long. */
const RENEWED_AFTER_START_MS = 6_000

/** Looks for turns that a dead process left, for as long as the program lives; `onlyProcess`: there is no other whose leases could hold. */
export function sweepLapsedTurns(deps: CloseLapsedDependencies, onlyProcess: boolean): { stop(): void } {
  let reachedAt = performance.now()
  let leasesHoldFrom = onlyProcess ? reachedAt : reachedAt + RENEWED_AFTER_START_MS
  const sweep = async (orphans: boolean) => {
    try {
      const wasAway = performance.now() - reachedAt > AWAY_MS
      await deps.database.statement('is_there', 'select 1', [])
      reachedAt = performance.now()
      if (wasAway) leasesHoldFrom = reachedAt + RENEWED_WITHIN_MS
      if (reachedAt < leasesHoldFrom) return
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
