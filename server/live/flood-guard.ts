import { LRUCache } from 'lru-cache'
import { addressBlock } from '../domain/network-address.ts'
import { Refusal } from '../domain/refusal.ts'

/** A bound of the size, and not of the number: for that the library would allocate all places at once. */
const ADDRESSES_MAXIMUM = 50_000
const WINDOW_MS = 60_000

/** Keeps one address from keeping this process busy; coarse and quick, since honest callers never meet it. */
export interface FloodGuard {
  /** Refuses with `rate_limited` when the address has made its requests of this minute. */
  admit(address: string): void
}

export function createFloodGuard(perMinute: number): FloodGuard {
  const windows = new LRUCache<string, { count: number }>({ maxSize: ADDRESSES_MAXIMUM, sizeCalculation: () => 1 })
  return {
    admit(address) {
      const key = addressBlock(address)
      const open = windows.get(key) ?? { count: 0 }
      if (open.count === 0) windows.set(key, open, { ttl: WINDOW_MS })
      open.count += 1
      if (open.count <= perMinute) return
      const seconds = Math.max(1, Math.ceil(windows.getRemainingTTL(key) / 1_000))
      throw new Refusal('rate_limited', 'rate limit exceeded', { retry_after_seconds: seconds })
    },
  }
}
