import type { TurnEvent } from '../../contract/events.ts'
import type { Redis } from './redis.ts'
import { callScript, script } from './redis-script.ts'

// The log of one turn as a stream in Redis. An entry is numbered `<fence>-<count>`: the fencing number of its writer, and how many events the
// log has with it. The numbers of a stream only grow, so that a process which was fenced off adds nothing, and readers see by themselves
// whether anything is missing. An entry without events is a take-over.

/** Who wrote last, and how many events there are. */
export interface StreamEnd {
  fence: number
  count: number
}

export interface StreamEntry extends StreamEnd {
  id: string
  events: TurnEvent[]
}

/** Replay for an hour after the close; while a turn runs, each write begins the hour anew. */
const KEPT_MS = 60 * 60 * 1000
/** Entries may be large, and reading one is work. */
const PAGE_ENTRIES = 50

/** The stream's key, and the channel on which its writers ring. The tag in braces keeps both on one node of a cluster. */
export const streamOf = (turnId: string): string => `pantheon:turn:{${turnId}}`

/**
 * Adds `events` (as `encodeEvents` made them) behind the first `end.count` if the log is at exactly that place and nobody has fenced us off.
 * Answers where it is then, which tells a writer whose answer was lost, or whose log was, where to go on.
 */
export async function appendToStream(redis: Redis, turnId: string, end: StreamEnd, events: string, countAfter: number): Promise<StreamEnd> {
  const parameters = [end.fence, end.count, countAfter, events, KEPT_MS].map(String)
  return streamEnd(await callScript(redis, APPEND, streamOf(turnId), parameters))
}

/** Fences off whoever wrote with a lower number; answers with a higher one where we are fenced off ourselves. */
export async function takeStreamOver(redis: Redis, turnId: string, fence: number): Promise<StreamEnd> {
  return streamEnd(await callScript(redis, TAKE_OVER, streamOf(turnId), [String(fence), String(KEPT_MS)]))
}

/** All entries behind the one with that id; from the first one on where it is null. */
export async function* readStream(redis: Redis, turnId: string, after: string | null): AsyncGenerator<StreamEntry> {
  for (let last = after; ; ) {
    const from = last === null ? '-' : `(${last}`
    const page = (await redis.run(client => client.xRange(streamOf(turnId), from, '+', { COUNT: PAGE_ENTRIES }))) ?? []
    for (const { id, message } of page) yield { id, ...numbersOf(id), events: decodeEvents(message.events ?? '') }
    if (page.length < PAGE_ENTRIES) return
    last = page.at(-1)!.id
  }
}

/** One line of JSON each. */
export const encodeEvent = (event: TurnEvent): string => JSON.stringify(event)
const decodeEvents = (lines: string): TurnEvent[] => (lines === '' ? [] : lines.split('\n').map(line => JSON.parse(line) as TurnEvent))

function numbersOf(id: string): StreamEnd {
  const [fence, count] = id.split('-').map(Number)
  return { fence: fence!, count: count! }
}

const streamEnd = ([fence = 0, count = 0]: number[]): StreamEnd => ({ fence, count })

const END = `
local top = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local fence, count = 0, 0
if top then
  fence, count = string.match(top[1], '^(%d+)-(%d+)$')
  fence, count = tonumber(fence), tonumber(count)
end
local function add(id, events, kept)
  redis.call('XADD', KEYS[1], id, 'events', events)
  redis.call('PEXPIRE', KEYS[1], kept)
  redis.call('PUBLISH', KEYS[1], '')
end`

const APPEND = script(`${END}
if fence > tonumber(ARGV[1]) or count ~= tonumber(ARGV[2]) then return { fence, count } end
add(ARGV[1] .. '-' .. ARGV[3], ARGV[4], ARGV[5])
return { tonumber(ARGV[1]), tonumber(ARGV[3]) }`)

const TAKE_OVER = script(`${END}
if fence >= tonumber(ARGV[1]) then return { fence, count } end
add(ARGV[1] .. '-' .. count, '', ARGV[2])
return { tonumber(ARGV[1]), count }`)
