/**
 * A tag begins the text or follows white space or opening punctuation, `»` too, which opens in German.
 * What follows the key needs no rule: nothing but the characters of a key can belong to one.
 */
const TAG = /(?<=^|[\s\p{Ps}\p{Pi}"'¿¡»])@([\w-]+)/gu

const LONGEST_KEY = 64
/** A message of a million tags is no message; reading them all would hold everybody up. */
const TAGS_READ = 10_000

/** The agents that `message` tags with `@key`, in the order of first mention, each once. Keys match without case; other tags are ignored. */
export function taggedAgents<Agent extends { key: string }>(message: string, agents: Agent[]): Agent[] {
  const byKey = new Map(agents.map(agent => [agent.key.toLowerCase(), agent]))
  const tagged = new Set<Agent>()
  for (const [, run] of message.matchAll(TAG).take(TAGS_READ)) {
    const agent = longestKey(run!, byKey)
    if (agent) tagged.add(agent)
    if (tagged.size === byKey.size) break
  }
  return [...tagged]
}

/** A tag takes no trailing hyphen along, unless there is an agent whose key ends in it. */
function longestKey<Agent>(run: string, byKey: Map<string, Agent>): Agent | null {
  const hyphens = trailingHyphens(run)
  for (let length = Math.min(run.length, LONGEST_KEY); length > 0 && length >= run.length - hyphens; length--) {
    const agent = byKey.get(run.slice(0, length).toLowerCase())
    if (agent) return agent
  }
  return null
}

function trailingHyphens(run: string): number {
  let count = 0
  while (run[run.length - 1 - count] === '-') count++
  return count
}
