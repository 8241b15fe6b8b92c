import { type CloseLapsedDependencies, closeLapsedTurns } from '../usecases/close-lapsed-turns.ts'

/** With a lease of 20 s, a turn of a process that died is closed within 30 s. */
const SWEEP_EVERY_MS = 5_000

/** Looks for turns that a dead process left: once now, then for as long as the program lives. */
export function sweepLapsedTurns(deps: CloseLapsedDependencies, onlyProcess: boolean): { stop(): void } {
  const sweep = async (orphans: boolean) => {
    try {
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
