import { LRUCache } from 'lru-cache'

const ADDRESSES_MAXIMUM = 50_000

/**
 * Requests per address and path, in fixed windows of this process. The account library's own counter forgets only after a whole
 * window without a request, so that an office behind one address would be locked out by steady, ordinary use.
 */
export function createAttemptCounter() {
  const windows = new LRUCache<string, { count: number }>({ max: ADDRESSES_MAXIMUM })
  return {
    /** `window` in seconds; so is `retryAfter`. */
    async consume(key: string, { window, max }: { window: number; max: number }) {
      const open = windows.get(key) ?? { count: 0 }
      if (open.count === 0) windows.set(key, open, { ttl: window * 1_000 })
      open.count += 1
      const allowed = open.count <= max
      return { allowed, retryAfter: allowed ? null : Math.max(1, Math.ceil(windows.getRemainingTTL(key) / 1_000)) }
    },
  }
}
