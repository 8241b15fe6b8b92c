import { setTimeout as sleep } from 'node:timers/promises'
import type { TurnEvent } from '../../contract/events.ts'
import { createFollowedTurnLog, type FollowedTurnLog } from './followed-turn-log.ts'
import type { MemoryTurnLog } from './memory-turn-log.ts'
import { createMemoryTurnLogs } from './memory-turn-logs.ts'
import type { Redis } from './redis.ts'
import { readStream, type StreamEnd, takeStreamOver } from './redis-turn-stream.ts'
import type { OwnTurnLog, ReadClosed, TurnLogs } from './turn-log.ts'
import { createTurnLogPublisher } from './turn-log-publisher.ts'

/** A copy that nobody reads is kept a little for whoever comes back. */
const UNREAD_MS = 5_000
/**
 * How long take-overs wait for a Redis that gives no answer: without the log, what was heard of an unfinished answer is lost. They wait together,
 * so that a sweep of many turns is no later than that of one; a while after the last of them has failed it begins anew.
 */
const TAKE_OVER_PATIENCE_MS = 2_000
const PATIENCE_RETURNS_MS = 3_000
const TAKE_OVER_RETRY_MS = 100

/**
 * Turn logs that all processes share. What this process writes, it keeps and reads in its own memory and publishes behind its readers' backs;
 * what others write, it follows in Redis. Without Redis it is alone.
 */
export function createRedisTurnLogs(redis: Redis): TurnLogs {
  const memory = createMemoryTurnLogs()
  const publisher = createTurnLogPublisher(redis)
  const takenPatiently = createPatientTaking(redis)
  const followed = new Map<string, FollowedTurnLog>()

  const published = (log: MemoryTurnLog, end: StreamEnd, onLost: () => void): OwnTurnLog => {
    const lost = () => {
      log.drop()
      onLost()
    }
    const publication = publisher.publish({ turnId: log.turnId, events: log.soFar(), end, onLost: lost })
    return {
      turnId: log.turnId,
      soFar: log.soFar,
      read: log.read,
      append(event) {
        log.append(event)
        publication.changed()
      },
      drop() {
        log.drop()
        publication.ended()
      },
    }
  }
  const follow = (turnId: string, readClosed: ReadClosed): FollowedTurnLog => {
    // By now there may be a newer copy: whoever held this one may have begun to read it only when it was forgotten.
    const forget = () => followed.get(turnId) !== log || log.isRead() || followed.delete(turnId)
    const forgetSoon = () => setTimeout(forget, UNREAD_MS).unref()
    const log = createFollowedTurnLog(redis, turnId, readClosed, forgetSoon)
    followed.set(turnId, log)
    forgetSoon()
    return log
  }
  return {
    open: (turnId, fence, onLost) => published(memory.open(turnId, fence, onLost), { fence, count: 0 }, onLost),
    async takeOver(turnId, fence) {
      const taken = await takenPatiently(turnId, fence)
      const log = memory.resume(turnId, taken?.said ?? [])
      return taken ? published(log, { fence, count: taken.said.length }, () => {}) : log
    },
    async find(turnId, readClosed) {
      const own = memory.own(turnId)
      if (own) return own
      const log = followed.get(turnId) ?? follow(turnId, readClosed)
      const isThere = await log.load().then(
        () => log.soFar().length > 0,
        () => false,
      )
      return isThere ? log : null
    },
    close: publisher.close,
  }
}

/** What was said of a turn until it was taken over. Null when that cannot be told, or the log is ours no longer. */
type TakenStream = { said: TurnEvent[] } | null

function createPatientTaking(redis: Redis): (turnId: string, fence: number) => Promise<TakenStream> {
  let unanswered = { since: Number.NEGATIVE_INFINITY, lately: Number.NEGATIVE_INFINITY }
  const isPatient = () => {
    const now = performance.now()
    unanswered = { since: now - unanswered.lately > PATIENCE_RETURNS_MS ? now : unanswered.since, lately: now }
    return now - unanswered.since < TAKE_OVER_PATIENCE_MS
  }
  return async (turnId, fence) => {
    for (;;) {
      try {
        return await takenStream(redis, turnId, fence)
      } catch {
        if (!isPatient()) return null
        await sleep(TAKE_OVER_RETRY_MS)
      }
    }
  }
}

/** What Redis has of the turn's log, behind which nobody but us writes any more. Rejects when it does not answer; to ask again changes nothing. */
async function takenStream(redis: Redis, turnId: string, fence: number): Promise<TakenStream> {
  const end = await takeStreamOver(redis, turnId, fence)
  const said = (await Array.fromAsync(readStream(redis, turnId, null))).flatMap(entry => entry.events)
  return end.fence === fence && end.count === said.length ? { said } : null
}
