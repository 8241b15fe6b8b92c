import { createHash } from 'node:crypto'
import {
  type LimitWindow,
  longestWindowUs,
  type RateLimiter,
  SECOND_US,
  type WindowMeasure,
  wholeSeconds,
  windowStates,
} from './rate-limiter.ts'
import type { Redis, RedisClient } from './redis.ts'

/** One limit over all processes, by the clock of Redis. Rejects when Redis does not decide in time. */
export function createRedisRateLimiter(redis: Redis, name: string, windows: readonly LimitWindow[]): RateLimiter {
  const parameters = [longestWindowUs(windows), ...windows.flatMap(({ quota, seconds }) => [quota, seconds * SECOND_US])].map(String)
  return {
    async take(user) {
      // The tag in braces keeps all that is one user's on one node of a cluster.
      const key = `pantheon:${name}:{${user}}`
      const [taken, waitUs, ...measured] = await redis.run(client => runScript(client, key, parameters))
      const limits = windowStates(windows, measures(measured))
      if (waitUs > 0) return { kind: 'refused', retryAfterSeconds: wholeSeconds(waitUs), limits }
      const giveBack = () => redis.run(client => client.zRem(key, String(taken))).then(nothing, nothing)
      return { kind: 'admitted', limits, giveBack }
    },
  }
}

const nothing = () => {}

function measures(answered: number[]): WindowMeasure[] {
  const window = ([used = 0, waitUs = 0, oldestLeavesUs = 0]: number[]) => ({ used, waitUs, oldestLeavesUs })
  return Array.from({ length: answered.length / 3 }, (_, index) => window(answered.slice(index * 3)))
}

type Answer = [taken: number, waitUs: number, ...measured: number[]]

async function runScript(client: RedisClient, key: string, parameters: string[]): Promise<Answer> {
  const call = { keys: [key], arguments: parameters }
  try {
    return (await client.evalSha(TAKE_SHA, call)) as Answer
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
    return (await client.eval(TAKE, call)) as Answer
  }
}

// Every try has a microsecond of its own, which is its member and its score: none runs over another, and a clock that steps back
// a little keeps their order. Times fit a double exactly until the year 2255. Numbers are answered as integers.
const TAKE = `
local log, longest = KEYS[1], ARGV[1]
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local newest = redis.call('ZRANGE', log, -1, -1)[1]
if newest and tonumber(newest) >= now then now = newest + 1 end

local function text(number) return string.format('%.0f', number) end
local function leaves(at, span) return at and math.max(0, at + span - now) or 0 end
local function wait(quota, span) return leaves(redis.call('ZRANGE', log, -quota, -quota)[1], span) end

local longest_wait = 0
for i = 2, #ARGV, 2 do longest_wait = math.max(longest_wait, wait(ARGV[i], ARGV[i + 1])) end
if longest_wait == 0 then
  redis.call('ZADD', log, text(now), text(now))
  redis.call('ZREMRANGEBYSCORE', log, '-inf', text(now - longest))
  redis.call('PEXPIRE', log, text(longest / 1000))
end

local answer = { now, longest_wait }
for i = 2, #ARGV, 2 do
  local span = ARGV[i + 1]
  local from = '(' .. text(now - span)
  answer[#answer + 1] = redis.call('ZCOUNT', log, from, '+inf')
  answer[#answer + 1] = wait(ARGV[i], span)
  answer[#answer + 1] = leaves(redis.call('ZRANGEBYSCORE', log, from, '+inf', 'LIMIT', 0, 1)[1], span)
end
return answer`

const TAKE_SHA = createHash('sha1').update(TAKE).digest('hex')
