import type { ChatMessage, ModelRequest } from './model.ts'

// What the demo model understands of a request. It reads the prompt as a model does, by its words; a prompt it does not know costs it
// detail, never its answer.

export interface RosterEntry {
  key: string
  name: string
  role: string
}

/** `- key: Name — role`, one agent a line. */
const ROSTER_LINE = /^- ([A-Za-z0-9_-]{1,64}): (.+?) — (.+)$/gm

export const systemText = ({ messages }: ModelRequest): string => textOf(messages.filter(message => message.role === 'system'))

const textOf = (messages: ChatMessage[]): string => messages.map(message => message.content).join('\n')

/** The agents that the prompt lists, each once, in its order. */
export function rosterOf({ messages }: ModelRequest): RosterEntry[] {
  const roster = new Map<string, RosterEntry>()
  for (const [, key = '', name = '', role = ''] of textOf(messages).matchAll(ROSTER_LINE)) {
    if (!roster.has(key)) roster.set(key, { key, name: name.trim(), role: role.trim() })
  }
  return [...roster.values()]
}

/** Another speaker's answer comes as a message of the user's role and opens with its label. */
const LABELLED = /^\s*\[[^\]\n]{1,200}\]:/

/** What was asked: the last message of the user's role that is nobody else's answer. */
export function askedOf({ messages }: ModelRequest): string {
  const said = messages.filter(message => message.role === 'user')
  return (said.findLast(message => !LABELLED.test(message.content)) ?? said.at(-1))?.content ?? ''
}

/** Who answers and as what: from the roster, else from a sentence "You are …". */
export function selfOf(request: ModelRequest): { name: string | null; role: string | null } {
  const entry = rosterOf(request).find(({ key }) => key === request.agentKey)
  if (entry) return entry
  const [, name, role] = /\bYou are ([^\n,.;:—]{1,80})(?:[,—]\s*([^\n.]{1,200}))?/.exec(systemText(request)) ?? []
  return { name: name?.trim() ?? null, role: role?.trim() ?? null }
}

/** The manager's instruction for this step, when a line of the prompt is one. */
export const instructionOf = (request: ModelRequest): string | null =>
  /^[^:\n]{0,40}\binstruction\b[^:\n]{0,40}:\s*(\S[^\n]*)/im.exec(`${systemText(request)}\n${askedOf(request)}`)?.[1]?.trim() ?? null

/** The highest `round N` that the message names; 1 when it names none. */
export const roundOf = (request: ModelRequest): number =>
  Math.max(1, ...[...askedOf(request).matchAll(/\bround (\d{1,3})\b/gi)].map(([, round]) => Number(round)))

/** What the tools have told in answer to the last message of the user. */
export function toolResultsOf({ messages }: ModelRequest): string[] {
  const asked = messages.findLastIndex(message => message.role === 'user')
  return messages.slice(asked + 1).flatMap(message => (message.role === 'tool' ? [message.content] : []))
}

/** Answers of others, labelled `[Name]: …` at the start of a line: who, and the first line of what they said. */
export const answersIn = (text: string): { name: string; words: string }[] =>
  [...text.matchAll(/^\[([^\]\n]{1,200})\]:[ \t]*(\S[^\n]*)/gm)].map(([, name = '', words = '']) => ({ name, words }))

/** One line of at most `maximum` characters, so that a quotation never begins a line of its own. */
export function quoted(text: string, maximum: number): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length <= maximum ? line : `${line.slice(0, maximum).toWellFormed().trimEnd()}…`
}
