import { LRUCache } from 'lru-cache'
import type { TurnEvent } from '../../contract/events.ts'
import { createMemoryTurnLog, type MemoryTurnLog } from './memory-turn-log.ts'
import type { TurnLogs } from './turn-log.ts'

const KEPT_AFTER_DONE_MS = 60 * 60 * 1000
const KEPT_CHARACTERS = 64 * 1024 * 1024

export interface MemoryTurnLogs extends TurnLogs {
  open(turnId: string, fence: number, onLost: () => void): MemoryTurnLog
  /** A log that goes on where another one was taken over. */
  resume(turnId: string, said: readonly TurnEvent[]): MemoryTurnLog
  /** The log of a turn that this process runs, or has run. */
  own(turnId: string): MemoryTurnLog | null
}

/** Turn logs in this process: running ones always, closed ones for an hour and within a bound on memory. */
export function createMemoryTurnLogs(): MemoryTurnLogs {
  const running = new Map<string, { log: MemoryTurnLog; onLost: () => void }>()
  const closed = new LRUCache<string, MemoryTurnLog>({
    ttl: KEPT_AFTER_DONE_MS,
    maxSize: KEPT_CHARACTERS,
    sizeCalculation: log => log.size,
  })
  const open = (turnId: string, _fence: number, onLost: () => void): MemoryTurnLog => {
    const log = createMemoryTurnLog(turnId, how => {
      if (running.get(turnId)?.log === log) running.delete(turnId)
      if (how === 'done') closed.set(turnId, log)
    })
    running.set(turnId, { log, onLost })
    return log
  }
  const resume = (turnId: string, said: readonly TurnEvent[]): MemoryTurnLog => {
    const log = open(turnId, 0, () => {})
    for (const event of said) log.append(event)
    log.markTakenOver()
    return log
  }
  const own = (turnId: string) => running.get(turnId)?.log ?? closed.get(turnId) ?? null
  return {
    open,
    resume,
    own,
    async takeOver(turnId) {
      const before = running.get(turnId)
      before?.log.drop()
      before?.onLost()
      return resume(turnId, before?.log.soFar() ?? [])
    },
    find: async turnId => own(turnId),
    close: async () => {},
  }
}
