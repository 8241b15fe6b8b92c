import type { TurnEvent } from '../../contract/events.ts'
import type { OwnTurnLog } from './turn-log.ts'

/** Most events that a reader is handed at once. */
const BATCH_EVENTS = 1000
/** What an event weighs beyond its text, roughly. */
const EVENT_OVERHEAD = 100

/** The events of one turn, held in this process, and whoever reads them here. */
export interface MemoryTurnLog extends OwnTurnLog {
  readonly size: number
  /** From here on another process goes on. */
  markTakenOver(): void
}

/** `onEnd` hears how it ended: nothing is appended any more, and a log that was dropped has no `done`. */
export function createMemoryTurnLog(turnId: string, onEnd: (how: 'done' | 'dropped') => void = () => {}): MemoryTurnLog {
  const events: TurnEvent[] = []
  const takeOvers: number[] = []
  const waiting = new Set<() => void>()
  let size = 1
  let ended = false

  const wake = () => {
    for (const resume of waiting) resume()
    waiting.clear()
  }
  return {
    turnId,
    get size() {
      return size
    },
    soFar: () => events,
    markTakenOver() {
      takeOvers.push(events.length)
      wake()
    },
    drop() {
      if (ended) return
      ended = true
      onEnd('dropped')
      wake()
    },
    append(event) {
      if (ended) return
      events.push(event)
      size += EVENT_OVERHEAD + (event.type === 'chunk' ? event.delta.length : 0)
      if (event.type === 'done') {
        ended = true
        onEnd('done')
      }
      if (waiting.size > 0) wake()
    },
    async *read(signal) {
      let position = 0
      let takeOversPassed = 0
      let resume = () => {}
      // One listener for the whole reading: there is a wait for nearly every token.
      const resumeReading = () => resume()
      signal.addEventListener('abort', resumeReading)
      try {
        while (!signal.aborted) {
          const takeOver = takeOvers[takeOversPassed]
          const end = Math.min(takeOver ?? events.length, events.length, position + BATCH_EVENTS)
          const takenOver = takeOver === end
          if (position < end || takenOver) {
            const piece = { events: events.slice(position, end), takenOver }
            position = end
            if (takenOver) takeOversPassed++
            yield piece
          } else if (ended) return
          else
            await new Promise<void>(resolve => {
              resume = resolve
              waiting.add(resumeReading)
            })
        }
      } finally {
        signal.removeEventListener('abort', resumeReading)
        waiting.delete(resumeReading)
      }
    },
  }
}
