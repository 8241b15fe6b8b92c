import { newCouncil, newDirectChat } from '../council.ts'
import type { ModelEndpoint, ModelScript, RecordedRequest } from '../model-endpoint.ts'
import { type Client, createClient, tokenFor } from '../program.ts'

// Councils of three in every mode, and a provider that remembers which answers it has sent whole.

const COUNCIL_MODES = ['manual', 'roundtable', 'orchestrator'] as const

export interface Conversation {
  client: Client
  turns: string
  /** A message that lets everybody in the room speak. */
  message: string
}

const MEMBERS = ['ada', 'bob', 'cyd'].map(key => ({ key }))
const SLOW_MS = 250
const CALL_ON_ALL = 'What do you say, @ada, @bob and @cyd?'

/** As many users as there are conversations of each mode, so that no limit of one user is met. */
export async function openCouncils(address: string, count: number): Promise<Conversation[]> {
  const conversations: Conversation[] = []
  for (let index = 0; index < count; index += 1) {
    const client = await newUser(address, `councillor-${Math.floor(index / COUNCIL_MODES.length)}`)
    const mode = COUNCIL_MODES[index % COUNCIL_MODES.length]!
    const members = MEMBERS.map(({ key }) => ({ key: `${key}-${mode}`, name: key }))
    const { turns } = await newCouncil(client, mode, members)
    const message = mode === 'manual' ? CALL_ON_ALL.replaceAll(/@(\w+)/g, `@$1-${mode}`) : 'What do you say?'
    conversations.push({ client, turns, message })
  }
  return conversations
}

export async function openDirectChats(address: string, count: number, name = 'chatter'): Promise<Conversation[]> {
  const conversations: Conversation[] = []
  for (let index = 0; index < count; index += 1) {
    const client = await newUser(address, `${name}-${index}`)
    const { turns } = await newDirectChat(client, { key: 'sage' })
    conversations.push({ client, turns, message: 'And now?' })
  }
  return conversations
}

export async function newUser(address: string, name: string): Promise<Client> {
  const client = createClient(address, name, await tokenFor(name, `${name}@example.com`))
  await client.get('/auth/me')
  return client
}

/** An answer that the provider gave, with the id that it told for it and the words that nobody else says. */
export interface GivenAnswer {
  request: RecordedRequest
  id: string
  turnId: string
  words: string
}

/** A message whose answer takes so long. */
export const takingSeconds = (seconds: number): string => `Take ${Math.ceil(seconds)} seconds.`

const secondsAsked = ({ body }: RecordedRequest): number => Number(/Take (\d+) seconds/.exec(body.messages.at(-1)?.content ?? '')?.[1] ?? 0)

/** Lets the endpoint answer for councils, `words` deltas an answer, and notes what it answers. */
export function answerForCouncils(
  endpoint: ModelEndpoint,
  random: () => number,
  pace: { words: number; betweenMs: number },
): GivenAnswer[] {
  const given: GivenAnswer[] = []
  endpoint.reply(request => {
    const id = `answer-${given.length + 1}`
    const speaks = request.purpose === 'agent' || request.purpose === 'manager_synthesis'
    const seconds = secondsAsked(request)
    const words = seconds > 0 ? (seconds * 1000) / SLOW_MS : Math.ceil(pace.words * (0.5 + random()))
    const chunks = speaks ? [`${id}:`, ...Array.from({ length: words }, (_, index) => ` word${index}`), ' end.'] : [structured(request)]
    given.push({ request, id, turnId: String(request.headers['x-pantheon-turn']), words: speaks ? chunks.join('') : '' })
    return script(id, chunks, random, seconds > 0 ? SLOW_MS : pace.betweenMs)
  })
  return given
}

const script = (id: string, chunks: string[], random: () => number, betweenMs: number): ModelScript => ({
  id,
  chunks,
  betweenMs,
  usage: { fresh: 1 + Math.floor(random() * 2000), cached: Math.floor(random() * 500), output: 1 + Math.floor(random() * 900) },
})

function structured({ purpose, body }: RecordedRequest): string {
  if (purpose === 'manager_evaluation') return JSON.stringify({ continue: false })
  if (purpose === 'summary')
    return JSON.stringify({ summary_text: 'So far so good.', key_facts: [], decisions: [], open_questions: [], action_items: [] })
  const keys = [...new Set(JSON.stringify(body.messages).match(/\b(ada|bob|cyd)-orchestrator\b/g))]
  return JSON.stringify({ assignments: keys.map(agent_key => ({ agent_key, instruction: 'Speak.' })) })
}
