import type { ChatMessage, ModelRequest } from './model.ts'

// What the demo model understands of a prompt. It goes by the prompts' words (domain/agent-prompt.ts, manager-prompt.ts, summary-prompt.ts),
// as a model does: wording that it does not know costs its answer some detail, never the answer.

export interface RosterEntry {
  key: string
  name: string
  role: string
}

const textOf = (messages: ChatMessage[]): string => messages.map(message => message.content).join('\n')

export const systemText = ({ messages }: ModelRequest): string => textOf(messages.filter(message => message.role === 'system'))

/** `- key: Name — role`, one agent a line. */
const ROSTER_LINE = /^- ([A-Za-z0-9_-]{1,64}): (.+?) — (.+)$/gm

/** The agents that the system layers list, each once, in their order. */
export function rosterOf(request: ModelRequest): RosterEntry[] {
  const roster = new Map<string, RosterEntry>()
  for (const [, key = '', name = '', role = ''] of systemText(request).matchAll(ROSTER_LINE)) {
    if (!roster.has(key)) roster.set(key, { key, name, role })
  }
  return [...roster.values()]
}

/** Who answers and as what. */
export function selfOf(request: ModelRequest): { name: string | null; role: string | null } {
  const system = systemText(request)
  const entry = rosterOf(request).find(({ key }) => key === request.agentKey)
  const [, role] = /^Your role:\s*(\S[^\n]*)/m.exec(system) ?? []
  const [, name] = /^You are ([^\n,.]+)/m.exec(system) ?? []
  return { name: entry?.name ?? name ?? null, role: role ?? entry?.role ?? null }
}

/** The last message of the user's role: what an agent is to answer, or all that the manager and the summariser are shown. */
export const askedOf = ({ messages }: ModelRequest): string => messages.findLast(message => message.role === 'user')?.content ?? ''

const INSTRUCTION = /^Instruction\b[^:\n]*:\s*(\S[^\n]*)/m

/** What the manager wants of a specialist. */
export const instructionOf = (request: ModelRequest): string | null => INSTRUCTION.exec(askedOf(request))?.[1] ?? null

const MESSAGE_HEADING = "The user's message:\n"

/** The user's own words. */
export function messageOf(request: ModelRequest): string {
  const asked = askedOf(request)
  const heading = asked.lastIndexOf(MESSAGE_HEADING)
  return (heading < 0 ? asked : asked.slice(heading + MESSAGE_HEADING.length)).replace(INSTRUCTION, '').trim()
}

/** The manager's round; 1 when the prompt names none. */
export const roundOf = (request: ModelRequest): number => Number(/^This is round (\d{1,3})\b/m.exec(askedOf(request))?.[1] ?? 1)

/** What the tools have told since the last message of the user. */
export function toolResultsOf({ messages }: ModelRequest): string[] {
  const asked = messages.findLastIndex(message => message.role === 'user')
  return messages.slice(asked + 1).flatMap(message => (message.role === 'tool' ? [withoutFences(message.content)] : []))
}

/** Answers of others, labelled `[Name]: …` at the start of a line: who, and the first line of what they said. */
export const answersIn = (text: string): { name: string; words: string }[] =>
  [...text.matchAll(/^\[([^\]\n]{1,200})\]:[ \t]*(\S[^\n]*)/gm)].map(([, name = '', words = '']) => ({ name, words }))

/** The marks around what others wrote are for the reader of the prompt, not for the reader of the answer. */
export const withoutFences = (text: string): string => text.replace(/<\/?untrusted-data[^>\n]*>/g, '')

/** One line of at most `maximum` characters, so that a quotation never begins a line of its own. */
export function quoted(text: string, maximum: number): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length <= maximum ? line : `${line.slice(0, maximum).toWellFormed().trimEnd()}…`
}
