import { describe, expect, test } from 'vitest'
import { agentSystemPrompt, labelledAnswer, specialistMessage } from '../../server/domain/agent-prompt.ts'
import { fencedData } from '../../server/domain/fenced-data.ts'
import { readEvaluation, readRouting } from '../../server/domain/manager-answer.ts'
import { evaluationPrompt, type ManagerView, routingPrompt, synthesisPrompt } from '../../server/domain/manager-prompt.ts'
import { readSummary } from '../../server/domain/summary-answer.ts'
import { type Prompt, summaryPrompt } from '../../server/domain/summary-prompt.ts'
import type { ToolDefinition } from '../../server/domain/tool-definition.ts'
import { createDemoModel } from '../../server/llm/demo.ts'
import { DEMO_LABEL } from '../../server/llm/demo-answer.ts'
import type { ChatMessage, ModelRequest } from '../../server/llm/model.ts'

const ADA = { key: 'ada', name: 'Ada', rolePrompt: 'Check figures and budgets.', tools: ['search', 'file_read'] }
const BEN = { key: 'ben', name: 'Ben', rolePrompt: 'Know the law.', tools: [] }
const CYD = { key: 'cyd', name: 'Cyd', rolePrompt: 'Write for the public.', tools: [] }
const DOV = { key: 'dov', name: 'Dov', rolePrompt: 'Make plans.', tools: [] }
const ROSTER = [ADA, BEN, CYD, DOV]
const FILE_ID = '0b5c1f4e-6f0a-4c39-9d3e-2a5a4c1d9e77'
const SEARCH: ToolDefinition = { name: 'search', description: 'Searches the web.', parameters: { type: 'object' } }
const FILE_READ: ToolDefinition = { name: 'file_read', description: 'Reads a file.', parameters: { type: 'object' } }

const systemOf = (agent: typeof ADA): ChatMessage => ({
  role: 'system',
  content: agentSystemPrompt({
    mode: 'orchestrator',
    room: { name: 'Office', goal: 'Find a place' },
    roster: ROSTER,
    agent,
    files: [{ id: FILE_ID, filename: 'plan.pdf', status: 'completed' }],
  }),
})

const request = (messages: ChatMessage[], members: Partial<ModelRequest> = {}): ModelRequest => ({
  requestId: '018f0000-0000-7000-8000-000000000001',
  provider: 'demo',
  providerModel: 'pantheon-demo',
  messages,
  tools: [],
  maxTokens: 2048,
  stop: [],
  json: false,
  purpose: 'agent',
  turnId: 'turn-1',
  traceId: 'trace-1',
  agentKey: 'ada',
  ...members,
})

const toAda = (message: string, members?: Partial<ModelRequest>) => request([systemOf(ADA), { role: 'user', content: message }], members)

const toManager = ({ system, user }: Prompt, purpose: ModelRequest['purpose']) =>
  request(
    [
      { role: 'system', content: system },
      { role: 'user', content: user },
    ],
    { purpose, agentKey: null, json: purpose !== 'manager_synthesis' },
  )

async function ask(asked: ModelRequest, signal = new AbortController().signal) {
  const pieces: string[] = []
  const attempt = await createDemoModel({ tokenDelayMs: 1 }).attempt(asked, piece => pieces.push(piece), signal)
  expect(pieces.join('')).toBe(attempt.text)
  return { ...attempt, pieces }
}

describe('an agent of the demo model', () => {
  test('answers as simulated, in its role, to the message, piece by piece and for nothing', async () => {
    const attempt = await ask(toAda('Should we move the office?'))
    expect(attempt).toMatchObject({
      status: 'success',
      reached: true,
      finish: 'stop',
      costUsd: '0',
      providerModel: 'pantheon-demo',
      failure: null,
    })
    expect(attempt.text.startsWith(DEMO_LABEL)).toBe(true)
    expect(attempt.text).toContain('I am Ada, and my role is: Check figures and budgets.')
    expect(attempt.text).toContain('“Should we move the office?”')
    expect(attempt.pieces.length).toBeGreaterThan(4)
    expect(attempt.timeToFirstTokenMs).not.toBeNull()
  })

  test('answers the same request with the same words and the same tokens, another agent with others', async () => {
    const toBen = request([systemOf(BEN), { role: 'user', content: 'Hello' }], { agentKey: 'ben' })
    const [one, two, other] = await Promise.all([ask(toAda('Hello')), ask(toAda('Hello')), ask(toBen)])
    expect([two.text, two.usage, two.pieces]).toEqual([one.text, one.usage, one.pieces])
    expect(other.text).not.toBe(one.text)
  })

  test('of a session of its own knows its name and role', async () => {
    const system = agentSystemPrompt({ mode: 'standalone', room: null, roster: [], agent: BEN, files: [] })
    const { text } = await ask(
      request([
        { role: 'system', content: system },
        { role: 'user', content: 'Hi' },
      ]),
    )
    expect(text).toContain('I am Ben, and my role is: Know the law.')
  })

  test('counts four bytes as a token, told and not estimated', async () => {
    const attempt = await ask(request([{ role: 'user', content: 'ü'.repeat(10) }]))
    expect(attempt.usage).toEqual({
      inputFresh: 5,
      inputCached: 0,
      output: Math.ceil(Buffer.byteLength(attempt.text) / 4),
      estimated: false,
    })
  })

  test('stops at its output limit and says so, the label still in place', async () => {
    const attempt = await ask(toAda('Ünïcödé '.repeat(50), { maxTokens: 40 }))
    expect(attempt).toMatchObject({ status: 'success', finish: 'length' })
    expect(attempt.usage.output).toBeLessThanOrEqual(40)
    expect(attempt.text.startsWith(DEMO_LABEL)).toBe(true)
    expect(attempt.text).not.toContain('\ufffd')
  })

  test('stops before a stop sequence', async () => {
    expect((await ask(toAda('Hello', { stop: ['', ' I am'] }))).text).toBe(DEMO_LABEL)
  })

  test('never begins a line with words of the message', async () => {
    expect((await ask(toAda('Hi\nBen: I agree'))).text).not.toContain('\n')
  })

  test('tells the instruction of the manager from the message of the user', async () => {
    const { text } = await ask(toAda(specialistMessage('Move?', 'Count the desks.')))
    expect(text).toContain('“Move?”')
    expect(text).toContain('My part is: Count the desks.')
    expect((await ask(toAda('Move?'))).text).not.toContain('My part is')
  })

  test('ends at once when it is cancelled, with what it had said', async () => {
    const cancel = new AbortController()
    const attempt = await createDemoModel({ tokenDelayMs: 5 }).attempt(toAda('Hello'), () => cancel.abort(), cancel.signal)
    expect(attempt).toMatchObject({ status: 'cancelled', finish: null, failure: null })
    expect(attempt.text.startsWith(DEMO_LABEL)).toBe(true)
    expect(attempt.usage.output).toBe(Math.ceil(Buffer.byteLength(attempt.text) / 4))
    const before = await ask(toAda('Hello'), AbortSignal.abort())
    expect(before).toMatchObject({ status: 'cancelled', text: '', reached: false, usage: { inputFresh: 0, output: 0 } })
  })

  test('does not reject when its listener throws', async () => {
    const thrower = () => {
      throw new Error('no room')
    }
    const attempt = await createDemoModel({ tokenDelayMs: 0 }).attempt(toAda('Hello'), thrower, new AbortController().signal)
    expect(attempt).toMatchObject({ status: 'error', failure: { retryable: false } })
  })
})

describe('tools of the demo model', () => {
  test('a message that asks to look something up calls the search first and uses what it found', async () => {
    const asked = toAda('Look up the latest figures', { tools: [SEARCH] })
    const first = await ask(asked)
    expect(first).toMatchObject({ status: 'success', text: '', finish: 'tool_calls', toolCalls: [{ name: 'search' }] })
    expect(JSON.parse(first.toolCalls[0]!.arguments)).toEqual({ query: 'Look up the latest figures' })
    const messages: ChatMessage[] = [
      ...asked.messages,
      { role: 'assistant', content: '', toolCalls: first.toolCalls },
      { role: 'tool', toolCallId: first.toolCalls[0]!.id, content: fencedData('search', 'Tea rose by 4 %.') },
    ]
    const second = await ask({ ...asked, messages })
    expect(second).toMatchObject({ finish: 'stop', toolCalls: [] })
    expect(second.text).toContain('“Tea rose by 4 %.”')
  })

  test('a message about a file reads the file that the prompt names', async () => {
    const { toolCalls } = await ask(toAda('What does the file say?', { tools: [SEARCH, FILE_READ] }))
    expect(toolCalls.map(call => [call.name, JSON.parse(call.arguments)])).toEqual([['file_read', { file_id: FILE_ID }]])
  })

  test('no tool is called that was not offered or that nobody asked for', async () => {
    expect((await ask(toAda('Search the web'))).toolCalls).toEqual([])
    expect((await ask(toAda('Good morning', { tools: [SEARCH, FILE_READ] }))).toolCalls).toEqual([])
  })

  test('results of an earlier turn do not stand in for this one', async () => {
    const messages: ChatMessage[] = [
      systemOf(ADA),
      { role: 'tool', toolCallId: 'c', content: 'old' },
      { role: 'user', content: 'Search for more' },
    ]
    expect((await ask(request(messages, { tools: [SEARCH] }))).finish).toBe('tool_calls')
  })
})

describe('the manager of the demo model', () => {
  const view = (message: string, members: Partial<ManagerView> = {}): ManagerView => ({
    goal: null,
    roster: ROSTER,
    summary: null,
    messages: [{ name: null, text: 'Earlier: dig deeper, Dov! This is round 3.' }],
    message,
    answers: [],
    round: 1,
    ...members,
  })

  const picks = async (managerView: ManagerView) => {
    const { text } = await ask(toManager(routingPrompt(managerView, 3), 'manager_routing'))
    return readRouting(text, ROSTER, 3)
  }

  const keys = async (managerView: ManagerView) => (await picks(managerView)).assignments.map(({ agent }) => agent.key)

  const continues = async (managerView: ManagerView) =>
    readEvaluation((await ask(toManager(evaluationPrompt(managerView), 'manager_evaluation'))).text)

  test('picks the agents that the message speaks of, filled up to two, each with an instruction', async () => {
    expect(await keys(view('Is this fit for the public?'))).toEqual(['cyd', 'ada'])
    expect(await keys(view('Plans, budgets and the public, please'))).toEqual(['ada', 'cyd', 'dov'])
    expect((await picks(view('Hm?'))).assignments[0]).toMatchObject({ agent: { key: 'ada' }, instruction: 'Give your own view as Ada.' })
  })

  test('picks one other in the second round', async () => {
    expect(await keys(view('Is this fit for the public?', { round: 2 }))).toEqual(['ben'])
  })

  test('picks nobody from an empty roster', async () => {
    const { text } = await ask(toManager(routingPrompt(view('Hello', { roster: [] }), 3), 'manager_routing'))
    expect(JSON.parse(text)).toEqual({ assignments: [] })
  })

  test('goes on after the first round only, and only when the message asks to dig deeper', async () => {
    expect(await continues(view('Please dig deeper.'))).toBe('continue')
    expect(await continues(view('Please dig deeper.', { round: 2 }))).toBe('synthesize')
    expect(await continues(view('Thanks.'))).toBe('synthesize')
  })

  test('joins the answers in a synthesis that says once that it is simulated', async () => {
    const answers = [labelledAnswer('Ada', `${DEMO_LABEL} Too dear.`), labelledAnswer('Ben', 'Allowed.\nMostly.')]
    const { text } = await ask(toManager(synthesisPrompt(view('Move?', { answers })), 'manager_synthesis'))
    expect(text.startsWith(DEMO_LABEL)).toBe(true)
    expect(text.split(DEMO_LABEL)).toHaveLength(2)
    expect(text).toContain('Ada says “Too dear.”; Ben says “Allowed.”')
    expect(text).not.toContain('\n')
  })
})

test('a summary of the demo model has its five members, from what was said', async () => {
  const prompt = summaryPrompt(null, [
    { name: null, text: 'We move in May.' },
    { name: 'Ada', text: 'Who pays?' },
  ])
  const { text } = await ask(toManager(prompt, 'summary'))
  expect(Object.keys(JSON.parse(text))).toEqual(['summary_text', 'key_facts', 'decisions', 'open_questions', 'action_items'])
  expect(readSummary(text)).toEqual({
    summaryText: `${DEMO_LABEL} User: We move in May. Ada: Who pays?`,
    keyFacts: ['User: We move in May.'],
    decisions: [],
    openQuestions: ['Ada: Who pays?'],
    actionItems: [],
  })
})
