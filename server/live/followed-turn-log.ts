import { createMemoryTurnLog } from './memory-turn-log.ts'
import type { Redis } from './redis.ts'
import { readStream, type StreamEntry, streamOf } from './redis-turn-stream.ts'
import { restOf, type StoredAnswer } from './stored-answer.ts'
import type { ReadClosed, TurnLog } from './turn-log.ts'

/** The log of a turn that another process writes. All its readers in this process share one copy, which grows while somebody reads. */
export interface FollowedTurnLog extends TurnLog {
  /** Takes in what Redis has by now. Rejects when it does not answer. */
  load(): Promise<void>
  isRead(): boolean
}

export function createFollowedTurnLog(redis: Redis, turnId: string, readClosed: ReadClosed, onUnread: () => void): FollowedTurnLog {
  const copy = createMemoryTurnLog(turnId)
  let lastEntry: string | null = null
  /** Something is missing, or what was taken in is no longer true: all that can still be told is the turn's close. */
  let broken = false
  let readers = 0
  let stop = nothing

  const take = ({ id, count, events }: StreamEntry) => {
    lastEntry = id
    const known = copy.soFar().length
    const before = count - events.length
    broken = before > known || (events.length === 0 && before < known)
    if (broken) return
    if (events.length === 0) copy.markTakenOver()
    // A writer that has to write again what Redis had lost may divide it otherwise.
    else for (const event of events.slice(known - before)) copy.append(event)
  }
  const load = oneAtATime(async () => {
    if (broken) return
    for await (const entry of readStream(redis, turnId, lastEntry)) {
      take(entry)
      if (broken) return
    }
  })
  const end = (closed: StoredAnswer) => {
    for (const event of restOf(broken ? [] : copy.soFar(), closed)) copy.append(event)
  }
  const start = () => {
    const leave = redis.listen(streamOf(turnId), () => void load().catch(nothing))
    const stopLooking = lookAfter({ load, known: () => copy.soFar().length, readClosed, end })
    return () => {
      leave()
      stopLooking()
    }
  }
  return {
    turnId,
    soFar: copy.soFar,
    load,
    isRead: () => readers > 0,
    async *read(signal) {
      if (readers++ === 0) stop = start()
      try {
        yield* copy.read(signal)
      } finally {
        if (--readers === 0) {
          stop()
          onUnread()
        }
      }
    },
  }
}

const LOOK_EVERY_MS = 2_000

interface LookedAfter {
  load: () => Promise<void>
  known: () => number
  readClosed: ReadClosed
  end: (closed: StoredAnswer) => void
}

/**
 * Looks after a log that says nothing: a ring may have been lost, and its process may have died behind the turn's close, or have lost Redis.
 * Found closed by two looks, with nothing heard between them, it ends as its turn's row says.
 */
function lookAfter({ load, known, readClosed, end }: LookedAfter): () => void {
  let stopped = false
  let heard = known()
  let wasClosed = false
  let timer: NodeJS.Timeout | undefined
  const look = async () => {
    await load().catch(nothing)
    const isSilent = known() === heard
    heard = known()
    const closed = isSilent ? await readClosed().catch(() => null) : null
    if (stopped) return
    if (closed && wasClosed) return end(closed)
    wasClosed = closed !== null
    timer = setTimeout(look, LOOK_EVERY_MS)
  }
  void look()
  return () => {
    stopped = true
    clearTimeout(timer)
  }
}

/** Whoever asks while the work is being done shares in one more run behind it. */
function oneAtATime(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null
  let next: Promise<void> | null = null
  const begin = () => {
    running = work().finally(() => {
      running = null
    })
    return running
  }
  return () => {
    if (!running) return begin()
    next ??= running.catch(nothing).then(() => {
      next = null
      return begin()
    })
    return next
  }
}

function nothing(): void {}
