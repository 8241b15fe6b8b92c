import { setTimeout as sleep } from 'node:timers/promises'
import { doneOf } from './stored-answer.ts'
import type { ReadClosed, TurnLog } from './turn-log.ts'

const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 1_000

export interface LostTurn {
  stillRuns: () => Promise<boolean>
  readClosed: ReadClosed
  /** Its log, where it can be found by now. */
  findLog: () => Promise<TurnLog | null>
}

/**
 * Stands in for a log that is lost, or out of reach. Once it is found it is read from its beginning; otherwise, when the turn is closed, its stored
 * output is said in one piece. Says nothing more of a turn that neither runs nor was closed: its admission was withdrawn.
 * `reset`: begins by telling the reader that what it has shown is replaced.
 */
export const createStoredTurnLog = (turnId: string, { stillRuns, readClosed, findLog }: LostTurn, reset: boolean): TurnLog => ({
  turnId,
  soFar: () => [],
  async *read(signal) {
    if (reset) yield { events: [{ type: 'reset' }], takenOver: false }
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      // In this order, because between the two a turn can only go from running to closed.
      const runs = await stillRuns()
      const closed = await readClosed()
      if (closed) return yield { events: [{ type: 'chunk', delta: closed.assistant_output }, doneOf(closed)], takenOver: false }
      if (!runs) return
      await sleep(pauseMs, undefined, { signal }).catch(() => {})
      if (signal.aborted) return
      const log = await findLog()
      if (log) return yield* log.read(signal)
    }
  },
})
