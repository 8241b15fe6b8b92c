import { createHash } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'
import { sharedLimit, shortenToFit } from '../domain/shortened-text.ts'
import { readToolCallArguments, type ToolCallArguments } from '../domain/tool-arguments.ts'
import type { ToolDefinition } from '../domain/tool-definition.ts'
import type { ToolCallEvent, ToolWork, TurnMessage } from '../domain/turn.ts'
import type { Attempt, ChatMessage, ToolCall } from '../llm/model.ts'
import type { Tool, ToolResult } from '../tools/tool.ts'
import { sizeOf } from './context.ts'
import type { AnnouncedStep, Speaker } from './step.ts'
import { reachLimit, type Turn } from './turn.ts'

// The model decides which tools to call; what it may call is decided here, by the agent's permissions.

const permittedTools = (turn: Turn, agent: Speaker): Map<string, Tool> =>
  new Map(
    turn.ports.tools
      .forTurn(turn.snapshot)
      .filter(tool => agent.tools.includes(tool.definition.name))
      .map(tool => [tool.definition.name, tool]),
  )

export const offeredTools = (turn: Turn, agent: Speaker): ToolDefinition[] =>
  [...permittedTools(turn, agent).values()].map(tool => tool.definition)

export interface RanToolCalls {
  /** The calls as the model made them, and their results, for its next call. */
  messages: ChatMessage[]
  /** Their estimate, in tokens. */
  tokens: number
  traces: TurnMessage[]
  /** There was no room for the results, not even shortened. */
  overflow: boolean
}

/** Further calls of one answer are passed over, and the model is not told that it made them. */
const CALLS_PER_ANSWER_MAXIMUM = 16

/**
 * Runs all tool calls of one answer, one after another; every one gets a result, because a model must hear of each.
 * What was not offered is refused, and recorded. Results that would take more than `room` tokens are shortened, the longest first, with a visible mark.
 */
export async function runToolCalls(
  turn: Turn,
  step: AnnouncedStep,
  attempt: Attempt,
  offered: ToolDefinition[],
  room: number,
): Promise<RanToolCalls> {
  const permitted = offered.length > 0 ? permittedTools(turn, step.agent) : new Map<string, Tool>()
  const calls = attempt.toolCalls.slice(0, CALLS_PER_ANSWER_MAXIMUM)
  const before = ofStep(turn, step).length
  const results: { call: ToolCall; text: string }[] = []
  for (const call of calls) results.push({ call, text: resultText(await runToolCall(turn, step, call, permitted.get(call.name))) })

  const asked = sizeOf(attempt.text) + calls.reduce((sum, call) => sum + sizeOf(call.name + call.arguments), 0)
  const limit = sharedLimit(
    results.map(({ text }) => sizeOf(text)),
    room - asked,
  )
  const fitted = results.map(({ call, text }) => ({ call, text: shortenToFit(text, limit ?? 0) }))
  const traces = fitted.flatMap(({ call, text }) => traceOf(step, call, text))
  journalTools(turn, step, attempt, { toolCalls: ofStep(turn, step).slice(before), traces })
  return {
    messages: [
      { role: 'assistant', content: attempt.text, toolCalls: calls },
      ...fitted.map(({ call, text }) => ({ role: 'tool' as const, toolCallId: call.id, content: text })),
    ],
    tokens: asked + fitted.reduce((sum, { text }) => sum + sizeOf(text), 0),
    traces,
    overflow: limit === null,
  }
}

const ofStep = (turn: Turn, step: AnnouncedStep): ToolCallEvent[] => turn.toolCalls.filter(call => call.step === step.number)

/** Beside the answer that asked for them, for whoever closes the turn should this process die. Written with the call that follows. */
function journalTools(turn: Turn, step: AnnouncedStep, attempt: Attempt, ran: ToolWork): void {
  const call = turn.calls.findLast(each => each.step === step.number)!
  turn.ports.journal.end({ state: 'ended', call, answer: attempt.text, toolCalls: attempt.toolCalls.length, ran }, turn.spending.hold)
}

type Ran = ToolResult & { status: ToolCallEvent['status'] }

async function runToolCall(turn: Turn, step: AnnouncedStep, call: ToolCall, tool: Tool | undefined): Promise<Ran> {
  const args = readToolCallArguments(call.arguments)
  const startedAt = turn.ports.now()
  turn.ports.emit({ type: 'tool_start', step: step.number, call_id: call.id, tool: call.name, args: args.value })
  const result = await permittedResult(turn, call, args, tool)
  const latencyMs = Math.round(turn.ports.now() - startedAt)
  const text = resultText(result)
  const summary = result.kind === 'ok' ? result.summary : result.message
  turn.ports.emit({
    type: 'tool_end',
    step: step.number,
    call_id: call.id,
    tool: call.name,
    status: result.status,
    latency_ms: latencyMs,
    summary,
  })
  turn.toolCalls.push({
    agentKey: step.agent.key,
    step: step.number,
    callId: call.id,
    tool: call.name,
    input: args.value,
    outputSha256: createHash('sha256').update(text).digest('hex'),
    status: result.status,
    latencyMs,
    creditsCharged: result.status === 'success' ? priceOf(turn, call) : '0',
  })
  return result
}

const failed = (status: Ran['status'], message: string): Ran => ({ kind: 'error', message, status })

async function permittedResult(turn: Turn, call: ToolCall, args: ToolCallArguments, tool: Tool | undefined): Promise<Ran> {
  if (!tool) return failed('refused', `The tool "${call.name}" is not available to you.`)
  if (!args.readable) return failed('error', 'The arguments are not valid JSON, or too much of it.')
  if (turn.toolCallsBegun >= turn.settings.turnMaxToolCalls) {
    reachLimit(turn, 'tool_calls')
    return failed('refused', 'This turn may make no more tool calls.')
  }
  const price = priceOf(turn, call)
  // The model's own id of the call need not be unique.
  const holdId = uuidv7()
  if (!(await holdForTool(turn, holdId, price))) {
    reachLimit(turn, 'credits')
    return failed('refused', 'The credits do not cover this tool.')
  }
  turn.toolCallsBegun++
  const result = await timedResult(turn, tool, args.value)
  turn.spending.settle(holdId, result.status === 'success' ? price : '0')
  return result
}

const priceOf = (turn: Turn, call: ToolCall): string => turn.snapshot.toolPrices.get(call.name) ?? '0'

/** Holds what the tool costs, as for a model call; false when that is not to be had. */
async function holdForTool(turn: Turn, holdId: string, price: string): Promise<boolean> {
  if (price === '0') return true
  const outcome = await turn.ports.journal.begin(() => {
    if (!turn.spending.covers(price)) return null
    turn.spending.open(holdId, price)
    return { entry: null, hold: turn.spending.hold(), undo: () => turn.spending.withdraw(holdId) }
  })
  return outcome.kind === 'written'
}

async function timedResult(turn: Turn, tool: Tool, args: unknown): Promise<Ran> {
  const timeout = AbortSignal.timeout(turn.settings.toolTimeoutMs)
  const signal = AbortSignal.any([turn.work, timeout])
  // A tool that ignores its signal must not hold the turn up.
  const overdue = new Promise<Ran>(resolve => {
    signal.addEventListener('abort', () =>
      resolve(turn.work.aborted ? failed('cancelled', 'The turn was stopped.') : failed('timeout', 'The tool took too long.')),
    )
  })
  return await Promise.race([ranTool(tool, args, signal), overdue])
}

async function ranTool(tool: Tool, args: unknown, signal: AbortSignal): Promise<Ran> {
  try {
    const result = await tool.run(args, { signal })
    return { ...result, status: result.kind === 'ok' ? 'success' : 'error' }
  } catch {
    // A tool's failure is told to the model, not to the user as a crash.
    return failed('error', 'The tool failed.')
  }
}

const resultText = (result: ToolResult): string => (result.kind === 'ok' ? result.text : result.message)

/** Two private rows: the call and its result, so that the agent remembers both for some turns. */
function traceOf(step: AnnouncedStep, call: ToolCall, result: string): TurnMessage[] {
  const trace = {
    visibility: 'private' as const,
    agentKey: step.agent.key,
    sourceAgentKey: step.agent.key,
    agentName: step.agent.name,
    toolCallId: call.id,
    toolName: call.name,
  }
  return [
    { ...trace, role: 'assistant', content: call.arguments },
    { ...trace, role: 'tool', content: result },
  ]
}
