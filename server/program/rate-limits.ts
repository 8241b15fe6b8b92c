import type { Config } from '../config.ts'
import { createFallbackRateLimiter } from '../live/fallback-rate-limiter.ts'
import { createMemoryRateLimiter } from '../live/memory-rate-limiter.ts'
import type { LimitWindow, RateLimiter } from '../live/rate-limiter.ts'
import type { Redis, RedisLog } from '../live/redis.ts'
import { createRedisRateLimiter } from '../live/redis-rate-limiter.ts'

/** Turns per user. `onSkipped`, here and below: Redis did not decide. */
export const createTurnRateLimiter = (config: Config, redis: Redis | null, log: RedisLog, onSkipped?: () => void): RateLimiter =>
  createRateLimiter('turns', turnWindows(config), { redis, log, onSkipped })

const turnWindows = (config: Config): LimitWindow[] => [
  { name: 'turns-minute', quota: config.RATE_LIMIT_TURNS_PER_MINUTE, seconds: 60 },
  { name: 'turns-hour', quota: config.RATE_LIMIT_TURNS_PER_HOUR, seconds: 3600 },
]

/** Tries to get in, per address: a hundred colleagues behind one get in, and a guesser does not get far. */
export const createSignInLimiter = (redis: Redis | null, log: RedisLog, onSkipped?: () => void): RateLimiter =>
  createRateLimiter('sign-in', SIGN_IN_WINDOWS, { redis, log, onSkipped })

const SIGN_IN_WINDOWS: LimitWindow[] = [
  { name: 'sign-in-minute', quota: 10, seconds: 60 },
  { name: 'sign-in-hour', quota: 120, seconds: 3600 },
]

interface Counting {
  redis: Redis | null
  log: RedisLog
  onSkipped?: (() => void) | undefined
}

/** Over all processes where there is a Redis, else in this one. */
function createRateLimiter(name: string, windows: LimitWindow[], { redis, log, onSkipped }: Counting): RateLimiter {
  const local = createMemoryRateLimiter(windows)
  return redis ? createFallbackRateLimiter({ shared: createRedisRateLimiter(redis, name, windows), local, log, onSkipped }) : local
}
