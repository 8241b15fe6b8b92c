import type { Progress } from './in-batches.ts'

export interface RoundLog {
  info(fields: object, message: string): void
}

const SAY_EVERY_MS = 5_000

/** Says every few seconds how far a long round is, in turns, and once what it came to; `removed` is told as they go. */
export function progressLog(
  log: RoundLog,
  what: string,
  turns: number,
  removed: (turns: number) => void,
): { add: Progress; end(fields: object): void } {
  const started = performance.now()
  let done = 0
  let saidAt = started
  return {
    add(rows) {
      done += rows
      removed(rows)
      if (performance.now() - saidAt < SAY_EVERY_MS) return
      saidAt = performance.now()
      log.info({ turns_done: done, turns_due: turns, seconds: Math.round((saidAt - started) / 1000) }, what)
    },
    end(fields) {
      const ms = Math.round(performance.now() - started)
      log.info({ turns_done: done, turns_due: turns, ms, ...fields }, `${what}: done`)
    },
  }
}
