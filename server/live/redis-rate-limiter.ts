import { randomUUID } from 'node:crypto'
import {
  type LimitWindow,
  longestWindowUs,
  type RateLimiter,
  SECOND_US,
  type WindowMeasure,
  wholeSeconds,
  windowStates,
} from './rate-limiter.ts'
import type { Redis } from './redis.ts'
import { callScript, script } from './redis-script.ts'

/** One limit over all processes, by the clock of Redis. Rejects when Redis does not decide in time. */
export function createRedisRateLimiter(redis: Redis, name: string, windows: readonly LimitWindow[]): RateLimiter {
  const parameters = [longestWindowUs(windows), ...windows.flatMap(({ quota, seconds }) => [quota, seconds * SECOND_US])].map(String)
  return {
    async take(user) {
      // The tag in braces keeps all that is one user's on one node of a cluster.
      const key = `pantheon:${name}:{${user}}`
      const tried = randomUUID()
      const [waitUs = 0, ...measured] = await callScript(redis, TAKE, key, [tried, ...parameters])
      const limits = windowStates(windows, measures(measured))
      if (waitUs > 0) return { kind: 'refused', retryAfterSeconds: wholeSeconds(waitUs), limits }
      const giveBack = () => redis.run(client => client.zRem(key, tried)).then(nothing, nothing)
      return { kind: 'admitted', limits, giveBack }
    },
  }
}

const nothing = () => {}

function measures(answered: number[]): WindowMeasure[] {
  const window = ([used = 0, waitUs = 0, oldestLeavesUs = 0]: number[]) => ({ used, waitUs, oldestLeavesUs })
  return Array.from({ length: answered.length / 3 }, (_, index) => window(answered.slice(index * 3)))
}

// A try is a member of the user's log, its time in microseconds the score, which fits a double exactly. Numbers are answered as integers.
const TAKE = script(`
local log, try, longest = KEYS[1], ARGV[1], ARGV[2]
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

local function text(number) return string.format('%.0f', number) end
local function leaves(try_and_time, span) return try_and_time[2] and math.max(0, try_and_time[2] + span - now) or 0 end
local function wait(quota, span) return leaves(redis.call('ZRANGE', log, -quota, -quota, 'WITHSCORES'), span) end

local longest_wait = 0
for i = 3, #ARGV, 2 do longest_wait = math.max(longest_wait, wait(ARGV[i], ARGV[i + 1])) end
if longest_wait == 0 then
  redis.call('ZADD', log, text(now), try)
  redis.call('ZREMRANGEBYSCORE', log, '-inf', text(now - longest))
  redis.call('PEXPIRE', log, text(longest / 1000))
end

local answer = { longest_wait }
for i = 3, #ARGV, 2 do
  local span = ARGV[i + 1]
  local from = '(' .. text(now - span)
  answer[#answer + 1] = redis.call('ZCOUNT', log, from, '+inf')
  answer[#answer + 1] = wait(ARGV[i], span)
  answer[#answer + 1] = leaves(redis.call('ZRANGEBYSCORE', log, from, '+inf', 'WITHSCORES', 'LIMIT', 0, 1), span)
end
return answer`)
