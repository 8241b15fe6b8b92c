import { once } from 'node:events'
import { openRedis } from '../../server/live/redis.ts'
import { createRedisRateLimiter } from '../../server/live/redis-rate-limiter.ts'

// A process that tries as often at once as it is told, and says how often it was admitted.

const [url = '', user = '', tries, quota, seconds] = process.argv.slice(2)
const redis = await openRedis(url, { info: () => undefined, warn: () => undefined }, 20_000)
const limiter = createRedisRateLimiter(redis, 'test', [{ name: 'window', quota: Number(quota), seconds: Number(seconds) }])
process.send?.('ready')
await once(process, 'message')
const decisions = await Promise.all(Array.from({ length: Number(tries) }, () => limiter.take(user)))
process.send?.(decisions.filter(({ kind }) => kind === 'admitted').length)
await redis.close()
process.disconnect()
