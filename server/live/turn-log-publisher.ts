import { setTimeout as sleep } from 'node:timers/promises'
import type { TurnEvent } from '../../contract/events.ts'
import { FIRST_FENCE } from '../domain/turn.ts'
import type { Redis } from './redis.ts'
import { appendToStream, encodeEvent, type StreamEnd } from './redis-turn-stream.ts'

// Carries the events of this process's turns to Redis, behind everybody's back: whoever appends waits for nothing, not even for a promise. The
// queue is the log itself, which is kept for readers here anyway; all that is kept besides is how much of it Redis has, by its own word.

/** How long events gather before they are sent together. So much of an answer may die with its process. */
const GATHER_MS = 20
/** Most logs that are written to in one go, so that thousands of turns cost no more than so many writes; the others are next. */
const WRITES_AT_ONCE = 100
/** What one write carries at most, or a little more. */
const WRITE_CHARACTERS = 64 * 1024
/** While Redis takes nothing. */
const RETRY_MS = 250
/** A log that has ended does not wait for a Redis that stays away: what is missing there is in the database. */
const PATIENCE_AFTER_END_MS = 10_000
const CLOSING_MS = 2_000

export interface PublishedLog {
  turnId: string
  /** Grows. */
  events: readonly TurnEvent[]
  /** Under which fencing number we write, and what Redis has already. */
  end: StreamEnd
  /** Another process has fenced us off. */
  onLost: () => void
}

export interface Publication {
  /** The log has grown. */
  changed(): void
  /** The log will not grow any more, though it has no `done`. */
  ended(): void
}

export interface TurnLogPublisher {
  publish(log: PublishedLog): Publication
  /** Waits until everything is sent, but not for long. */
  close(): Promise<void>
}

interface Publishing extends PublishedLog {
  ended: boolean
  failingSince: number | null
}

export function createTurnLogPublisher(redis: Redis): TurnLogPublisher {
  const waiting = new Set<Publishing>()
  const writing = new Set<Publishing>()
  let timer: NodeJS.Timeout | null = null
  let pauseMs = GATHER_MS

  const queue = (log: Publishing) => {
    if (writing.has(log)) return
    waiting.add(log)
    timer ??= setTimeout(writeSome, pauseMs)
  }
  const writeSome = () => {
    timer = null
    for (const log of first(WRITES_AT_ONCE, waiting)) {
      waiting.delete(log)
      writing.add(log)
      void write(log).then(mayGoOn => {
        writing.delete(log)
        // Asked only now: what was appended while it was being written has queued nothing.
        if (mayGoOn && log.end.count < log.events.length) queue(log)
      })
    }
    if (waiting.size > 0) timer ??= setTimeout(writeSome, pauseMs)
  }
  /** Whether what is not written yet may still be. */
  const write = async (log: Publishing): Promise<boolean> => {
    try {
      if (!redis.isUp()) throw new Error('Redis is away')
      const { lines, count } = nextLines(log)
      const end = await appendToStream(redis, log.turnId, log.end, lines, count)
      pauseMs = GATHER_MS
      log.failingSince = null
      return goOnFrom(log, end)
    } catch {
      pauseMs = RETRY_MS
      log.failingSince ??= performance.now()
      return !(hasEnded(log) && performance.now() - log.failingSince > PATIENCE_AFTER_END_MS)
    }
  }

  return {
    publish(log) {
      const publishing = { ...log, ended: false, failingSince: null }
      return {
        changed: () => queue(publishing),
        ended() {
          publishing.ended = true
        },
      }
    },
    async close() {
      const until = performance.now() + CLOSING_MS
      while (waiting.size + writing.size > 0 && performance.now() < until) await sleep(GATHER_MS)
      if (timer) clearTimeout(timer)
      waiting.clear()
    },
  }
}

/**
 * Takes note of where Redis says that the log is: it may be behind, when it was emptied, or ahead, when its last answer was lost.
 * False where nothing of ours can be written any more.
 */
function goOnFrom(log: Publishing, end: StreamEnd): boolean {
  if (end.fence > log.end.fence) {
    log.onLost()
    return false
  }
  // What the process before us had written, and where it ended, cannot be written again.
  if (end.fence < log.end.fence && log.end.fence > FIRST_FENCE) return false
  log.end = { fence: log.end.fence, count: end.count }
  return true
}

function nextLines({ events, end }: Publishing): { lines: string; count: number } {
  let lines = ''
  let count = end.count
  while (count < events.length && lines.length < WRITE_CHARACTERS)
    lines += `${count === end.count ? '' : '\n'}${encodeEvent(events[count++]!)}`
  return { lines, count }
}

const hasEnded = (log: Publishing): boolean => log.ended || log.events.at(-1)?.type === 'done'

function* first<Item>(maximum: number, items: Iterable<Item>): Generator<Item> {
  let count = 0
  for (const item of items) {
    if (count++ >= maximum) return
    yield item
  }
}
