import type { Config } from '../config.ts'
import { createFallbackRateLimiter } from '../live/fallback-rate-limiter.ts'
import { createMemoryRateLimiter } from '../live/memory-rate-limiter.ts'
import type { LimitWindow, RateLimiter } from '../live/rate-limiter.ts'
import type { Redis, RedisLog } from '../live/redis.ts'
import { createRedisRateLimiter } from '../live/redis-rate-limiter.ts'

/** Turns per user: over all processes where there is a Redis, else in this one. `onSkipped`: Redis did not decide. */
export function createTurnRateLimiter(config: Config, redis: Redis | null, log: RedisLog, onSkipped?: () => void): RateLimiter {
  const windows: LimitWindow[] = [
    { name: 'turns-minute', quota: config.RATE_LIMIT_TURNS_PER_MINUTE, seconds: 60 },
    { name: 'turns-hour', quota: config.RATE_LIMIT_TURNS_PER_HOUR, seconds: 3600 },
  ]
  const local = createMemoryRateLimiter(windows)
  return redis ? createFallbackRateLimiter({ shared: createRedisRateLimiter(redis, 'turns', windows), local, log, onSkipped }) : local
}
