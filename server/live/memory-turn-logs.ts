import { LRUCache } from 'lru-cache'
import type { TurnEvent } from '../../contract/events.ts'
import type { TurnLog, TurnLogs, TurnLogWriter } from './turn-log.ts'

const KEPT_AFTER_DONE_MS = 60 * 60 * 1000
const KEPT_CHARACTERS = 64 * 1024 * 1024
/** Most events that a reader is handed at once. */
const BATCH_EVENTS = 1000
/** What an event weighs beyond its text, roughly. */
const EVENT_OVERHEAD = 100

/** Turn logs in this process: running ones always, closed ones for an hour and within a bound on memory. */
export function createMemoryTurnLogs(): TurnLogs {
  const running = new Map<string, MemoryTurnLog>()
  const closed = new LRUCache<string, MemoryTurnLog>({
    ttl: KEPT_AFTER_DONE_MS,
    maxSize: KEPT_CHARACTERS,
    sizeCalculation: log => log.size,
  })
  return {
    open(turnId) {
      const log = createMemoryTurnLog(turnId, () => {
        running.delete(turnId)
        closed.set(turnId, log)
      })
      running.set(turnId, log)
      return log
    },
    drop(turnId) {
      running.get(turnId)?.end()
      running.delete(turnId)
    },
    find: async turnId => running.get(turnId) ?? closed.get(turnId) ?? null,
  }
}

interface MemoryTurnLog extends TurnLog, TurnLogWriter {
  readonly size: number
  /** Nothing more will come. */
  end(): void
}

function createMemoryTurnLog(turnId: string, onDone: () => void): MemoryTurnLog {
  const events: TurnEvent[] = []
  const waiting = new Set<() => void>()
  let size = 1
  let ended = false

  const wake = () => {
    for (const resume of waiting) resume()
    waiting.clear()
  }
  const untilMore = (signal: AbortSignal) =>
    new Promise<void>(resolve => {
      const resume = () => {
        signal.removeEventListener('abort', resume)
        waiting.delete(resume)
        resolve()
      }
      waiting.add(resume)
      signal.addEventListener('abort', resume)
    })

  return {
    turnId,
    get size() {
      return size
    },
    soFar: () => events,
    end() {
      ended = true
      wake()
    },
    append(event) {
      events.push(event)
      size += EVENT_OVERHEAD + (event.type === 'chunk' ? event.delta.length : 0)
      if (event.type === 'done') {
        ended = true
        onDone()
      }
      if (waiting.size > 0) wake()
    },
    async *read(signal) {
      let position = 0
      while (!signal.aborted) {
        if (position < events.length) {
          const batch = events.slice(position, position + BATCH_EVENTS)
          position += batch.length
          yield batch
        } else if (ended) return
        else await untilMore(signal)
      }
    },
  }
}
