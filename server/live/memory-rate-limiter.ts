import { LRUCache } from 'lru-cache'
import {
  type LimitWindow,
  longestWindowUs,
  type RateLimiter,
  SECOND_US,
  type WindowMeasure,
  wholeSeconds,
  windowStates,
} from './rate-limiter.ts'

/** Whoever was not seen for longest is forgotten first; a bound on memory, not a limit that is ever met in one process. */
const KEYS_MAXIMUM = 100_000

/** Limits of this process alone. */
export function createMemoryRateLimiter(windows: readonly LimitWindow[]): RateLimiter {
  const longestUs = longestWindowUs(windows)
  // Oldest first, by the monotonic clock. Kept a little longer than needed: the cache's own clock is a coarse one.
  const logs = new LRUCache<string, number[]>({ maxSize: KEYS_MAXIMUM, sizeCalculation: () => 1, ttl: longestUs / 1000 + 1000 })
  return {
    async take(key) {
      const now = Math.round(performance.now() * 1000)
      const log = (logs.get(key) ?? []).filter(at => at + longestUs > now)
      const waitUs = Math.max(...measure(log, windows, now).map(window => window.waitUs))
      if (waitUs === 0) {
        log.push(now)
        logs.set(key, log)
      }
      const limits = windowStates(windows, measure(log, windows, now))
      if (waitUs > 0) return { kind: 'refused', retryAfterSeconds: wholeSeconds(waitUs), limits }
      return { kind: 'admitted', limits, giveBack: async () => remove(logs.get(key), now) }
    },
  }
}

function measure(log: readonly number[], windows: readonly LimitWindow[], now: number): WindowMeasure[] {
  return windows.map(({ quota, seconds }) => {
    const leavesUs = (at: number | undefined) => (at === undefined ? 0 : Math.max(0, at + seconds * SECOND_US - now))
    const oldest = log.findIndex(at => leavesUs(at) > 0)
    // One more fits as soon as the quota-th newest is out.
    return { used: oldest < 0 ? 0 : log.length - oldest, waitUs: leavesUs(log.at(-quota)), oldestLeavesUs: leavesUs(log[oldest]) }
  })
}

function remove(log: number[] | undefined, at: number): void {
  const index = log?.lastIndexOf(at) ?? -1
  if (index >= 0) log?.splice(index, 1)
}
