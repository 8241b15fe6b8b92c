import {
  answersIn,
  askedOf,
  instructionOf,
  messageOf,
  quoted,
  type RosterEntry,
  rosterOf,
  roundOf,
  selfOf,
  systemText,
  toolResultsOf,
  withoutFences,
} from './demo-prompt.ts'
import type { ModelRequest, ToolCall } from './model.ts'

/** Opens every answer that a person reads, so that no limit on its length can cut it away. */
export const DEMO_LABEL = '(demo model: simulated answer)'

export interface DemoAnswer {
  text: string
  toolCalls: ToolCall[]
}

/** What the demo model says. A function of the request's prompt alone: the same prompt always gets the same answer. */
export function demoAnswer(request: ModelRequest): DemoAnswer {
  switch (request.purpose) {
    case 'agent': {
      const toolCall = wantedTool(request)
      return toolCall ? { text: '', toolCalls: [toolCall] } : said(agentText(request))
    }
    case 'manager_routing':
      return said(JSON.stringify({ assignments: assignments(request) }))
    case 'manager_evaluation':
      return said(JSON.stringify({ continue: roundOf(request) === 1 && DEEPER.test(messageOf(request)) }))
    case 'manager_synthesis':
      return said(synthesisText(request))
    case 'summary':
      return said(JSON.stringify(summary(request)))
  }
}

const said = (text: string): DemoAnswer => ({ text, toolCalls: [] })

const ADVICE = [
  'Start with the smallest step that can be undone, look at what it shows, and decide the rest then.',
  'Write down what would prove the idea wrong, and check that first: it is the cheapest way to learn.',
  'Settle who decides and by when; most open points close themselves once that is clear.',
  'Compare two real alternatives side by side, with their costs, before settling on either.',
  'Keep what already works, change one thing at a time, and measure before and after.',
]

function agentText(request: ModelRequest): string {
  const { name, role } = selfOf(request)
  const instruction = instructionOf(request)
  const message = messageOf(request)
  return [
    DEMO_LABEL,
    speaker(name, role),
    `You wrote: “${quoted(message, 160)}”`,
    ...(instruction ? [`My part is: ${quoted(instruction, 160)}`] : []),
    ...toolResultsOf(request).map(result => `What I looked up says: “${quoted(result, 200)}”`),
    pick(ADVICE, `${request.agentKey} ${role} ${message}`),
    'A real model, set up with a provider key, would go into the matter itself.',
  ].join(' ')
}

function speaker(name: string | null, role: string | null): string {
  if (!name) return 'I answer in place of a real model.'
  return role ? `I am ${quoted(name, 80)}, and my role is: ${quoted(role, 160)}.` : `I am ${quoted(name, 80)}.`
}

const MENTIONS_SEARCH = /\b(search|look(ed|ing)? up|latest|sources?|news|online|web)\b/i
const MENTIONS_FILE = /\b(files?|documents?|attach(ed|ments?)|upload(ed)?|pdf|spreadsheet)\b/i
const FILE_ID = /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/i

/** One tool call, before anything was looked up, when the message invites it and the tool is offered. */
function wantedTool(request: ModelRequest): ToolCall | null {
  if (toolResultsOf(request).length > 0) return null
  const message = messageOf(request)
  const offered = new Set(request.tools.map(tool => tool.name))
  const fileId = FILE_ID.exec(`${message}\n${fileLines(request)}`)?.[0]
  if (fileId && offered.has('file_read') && MENTIONS_FILE.test(message)) return toolCall('file_read', { file_id: fileId }, request)
  if (offered.has('search') && MENTIONS_SEARCH.test(message)) return toolCall('search', { query: quoted(message, 120) }, request)
  return null
}

const fileLines = (request: ModelRequest): string =>
  systemText(request)
    .split('\n')
    .filter(line => line.startsWith('- '))
    .join('\n')

const toolCall = (name: string, args: Record<string, string>, request: ModelRequest): ToolCall => ({
  id: `call_demo_${digest(JSON.stringify([request.requestId, name, args])).toString(16)}`,
  name,
  arguments: JSON.stringify(args),
})

const FIRST_ROUND_MAXIMUM = 3

/** Round one: the agents whose name or role the message mentions, filled up to two in the roster's order. Later: one that was not picked. */
function assignments(request: ModelRequest): { agent_key: string; instruction: string }[] {
  const roster = rosterOf(request)
  const first = firstPicks(roster, messageOf(request))
  const round = roundOf(request)
  if (round === 1) return first.map(agent => assignment(agent, `Give your own view as ${quoted(agent.name, 80)}.`))
  const rest = roster.filter(agent => !first.includes(agent))
  const next = (rest.length > 0 ? rest : roster).at((round - 2) % Math.max(1, rest.length || roster.length))
  return next ? [assignment(next, `Look closer at what the answers so far leave open, as ${quoted(next.name, 80)}.`)] : []
}

const assignment = (agent: RosterEntry, instruction: string) => ({ agent_key: agent.key, instruction })

function firstPicks(roster: RosterEntry[], message: string): RosterEntry[] {
  const words = new Set(wordsOf(message))
  const mentioned = roster.filter(agent => wordsOf(`${agent.key} ${agent.name} ${agent.role}`).some(word => words.has(word)))
  const picks = [...mentioned, ...roster.filter(agent => !mentioned.includes(agent)).slice(0, Math.max(0, 2 - mentioned.length))]
  return picks.slice(0, FIRST_ROUND_MAXIMUM)
}

/** Words of four letters and more: shorter ones are mostly grammar. */
const wordsOf = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}]{4,}/gu) ?? []

const DEEPER = /\b(dig(ging)? deeper|second round|two rounds)\b/i

function synthesisText(request: ModelRequest): string {
  const answers = answersIn(askedOf(request)).map(({ name, words }) => `${name} says “${quoted(withoutLabel(words), 120)}”`)
  const heard = answers.length > 0 ? `Heard: ${answers.join('; ')}.` : 'Nobody was heard.'
  return `${DEMO_LABEL} ${heard} Taken together: ${pick(ADVICE, heard)}`
}

const withoutLabel = (text: string): string => text.replace(DEMO_LABEL, '').trim()

/** The five members of turns.md, Context budget. */
function summary(request: ModelRequest) {
  // Headings and marks aside, a line is what somebody said.
  const lines = withoutFences(askedOf(request))
    .split('\n')
    .map(line => quoted(withoutLabel(line), 160))
    .filter(line => line !== '' && !line.endsWith(':'))
  return {
    summary_text: `${DEMO_LABEL} ${lines.slice(0, 6).join(' ')}`,
    key_facts: lines.filter(line => !line.endsWith('?')).slice(0, 3),
    decisions: [],
    open_questions: lines.filter(line => line.endsWith('?')).slice(0, 3),
    action_items: [],
  }
}

const pick = (choices: string[], seed: string): string => choices[digest(seed) % choices.length] ?? ''

/** FNV-1a over UTF-16 units: spreads, and is the same everywhere. */
function digest(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0
  return hash
}
