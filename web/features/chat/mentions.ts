import type { AgentRead } from '../../../contract/agents.ts'

export interface Mention {
  /** Where its `@` stands. */
  start: number
  typed: string
}

/** The tag that is being written before the caret, as the server reads tags: at the start, after white space or opening punctuation. */
export function mentionAt(text: string, caret: number): Mention | null {
  const match = /(^|[\s([{"'«“‘])@([A-Za-z0-9_-]*)$/.exec(text.slice(0, caret))
  return match ? { start: caret - (match[2]?.length ?? 0) - 1, typed: match[2] ?? '' } : null
}

/** Those whose key or name begins with what was typed, in the roster's order. */
export function matching(agents: readonly AgentRead[], typed: string): AgentRead[] {
  const wanted = typed.toLowerCase()
  const begins = (text: string) => text.toLowerCase().startsWith(wanted)
  return agents.filter(agent => begins(agent.agent_key) || agent.name.split(' ').some(begins)).slice(0, 8)
}

export function completed(text: string, mention: Mention, agentKey: string): { text: string; caret: number } {
  const head = `${text.slice(0, mention.start)}@${agentKey} `
  const tail = text.slice(mention.start + 1 + mention.typed.length).replace(/^ /, '')
  return { text: head + tail, caret: head.length }
}
