import { agentErrorDelta, type OutputStep } from '../domain/assistant-output.ts'
import type { PricedModel } from '../domain/catalogue.ts'
import { sumDecimals } from '../domain/money.ts'
import { createOwnVoice, type OwnVoice, stopSequences } from '../domain/own-voice.ts'
import type { ToolDefinition } from '../domain/tool-definition.ts'
import type { TurnMessage } from '../domain/turn.ts'
import type { Attempt, ChatMessage } from '../llm/model.ts'
import { type CallPlan, callModel } from './call-model.ts'
import type { AgentContext, EarlierAnswer } from './context.ts'
import { beginSummary } from './summary.ts'
import { offeredTools, runToolCalls } from './tool-calls.ts'
import { isStopped, type Turn } from './turn.ts'

/** Who speaks in a step: an agent of the room, or, without an id, the manager. */
export interface Speaker {
  id: string | null
  key: string
  name: string
  tools: string[]
  model: PricedModel
}

/** A step that the stream has been told of; several may be announced before the first one runs. */
export interface AnnouncedStep {
  number: number
  agent: Speaker
  round: number | null
}

/** What a speaker is sent. */
export interface StepContext {
  messages: ChatMessage[]
  /** The estimate of the whole, in tokens. */
  inputTokens: number
  /** What the whole may be at most, in tokens. */
  inputBudget: number
  maxTokens: number
  /** Whose lines end this speaker's answer. */
  otherNames: string[]
}

/** One speaker's answer inside a turn, tool calls included. */
export interface FinishedStep extends OutputStep {
  agent: Speaker
  providerModel: string | null
  /** Its private tool traces. */
  traces: TurnMessage[]
  failure: Attempt['failure']
}

type StepEnd = Pick<FinishedStep, 'end' | 'providerModel' | 'traces' | 'failure'>

export function announceStep(turn: Turn, agent: Speaker, round: number | null): AnnouncedStep {
  const number = ++turn.stepsBegun
  turn.ports.emit({
    type: 'agent_start',
    step: number,
    agent_key: agent.key,
    agent_name: agent.name,
    model_alias: agent.model.alias,
    round,
  })
  return { number, agent, round }
}

/** Begins the summary that an agent's context asks for, and keeps how the context was fitted; of several rounds of one agent the last. */
export function recordContext(turn: Turn, { audit, summarise }: AgentContext): void {
  if (summarise) turn.summary ??= beginSummary(turn, summarise)
  const earlier = turn.audits.findIndex(({ agent_key }) => agent_key === audit.agent_key)
  if (earlier >= 0) turn.audits.splice(earlier, 1)
  turn.audits.push(audit)
}

/** A finished step as those hear it who speak after it. */
export const heardAnswer = (step: FinishedStep): EarlierAnswer => ({
  agentName: step.agent.name,
  text: step.text,
  failed: step.end.kind === 'error',
})

/** Runs one speaker to the end of its answer. Its failure is in the result, never thrown. */
export async function runStep(turn: Turn, step: AnnouncedStep, context: StepContext): Promise<FinishedStep> {
  const speech = createSpeech(turn, step, context.otherNames)
  const ended = await answer(turn, step, context, speech)
  return finishStep(turn, step, speech.end(), ended)
}

/** Ends an announced step that must not run, with the code of the reason. */
export const refuseStep = (turn: Turn, step: AnnouncedStep, code: string): FinishedStep =>
  finishStep(turn, step, '', { end: { kind: 'error', code }, providerModel: null, traces: [], failure: null })

/** Calls the model until it answers without asking for a tool. The last call it may make is offered no tools. */
async function answer(turn: Turn, step: AnnouncedStep, context: StepContext, speech: Speech): Promise<StepEnd> {
  const offered = offeredTools(turn, step.agent)
  const sent = { messages: [...context.messages], tokens: context.inputTokens }
  const traces: TurnMessage[] = []
  for (let call = 1; ; call++) {
    const tools = call < turn.settings.agentMaxToolSteps ? offered : []
    const outcome = await callModel(turn, stepCall(turn, step, context, sent, tools, speech), speech.say)
    if (outcome.kind === 'limit') return { end: { kind: 'cancelled' }, providerModel: null, traces, failure: null }
    const { attempt } = outcome
    const ended = { providerModel: attempt.providerModel, traces, failure: attempt.failure }
    if (attempt.failure) return { ...ended, end: { kind: 'error', code: attempt.failure.code } }
    if (speech.interrupted.aborted) return { ...ended, end: { kind: 'success' } }
    if (attempt.status === 'cancelled') return { ...ended, end: { kind: 'cancelled' } }
    if (attempt.toolCalls.length === 0) return { ...ended, end: { kind: 'success' } }
    const ran = await runToolCalls(turn, step, attempt, tools, context.inputBudget - sent.tokens)
    traces.push(...ran.traces)
    if (call === turn.settings.agentMaxToolSteps) return { ...ended, end: { kind: 'success' } }
    if (isStopped(turn)) return { ...ended, end: { kind: 'cancelled' } }
    if (ran.overflow) return { ...ended, end: { kind: 'error', code: 'context_budget_exceeded' } }
    sent.messages.push(...ran.messages)
    sent.tokens += ran.tokens
    speech.pause()
  }
}

const stepCall = (
  turn: Turn,
  step: AnnouncedStep,
  context: StepContext,
  sent: { messages: ChatMessage[]; tokens: number },
  tools: ToolDefinition[],
  speech: Speech,
): CallPlan => ({
  purpose: step.agent.id === null ? 'manager_synthesis' : 'agent',
  model: step.agent.model,
  agentId: step.agent.id,
  agentKey: step.agent.key,
  step: step.number,
  round: step.round,
  messages: sent.messages,
  tools,
  stop: stopSequences(context.otherNames),
  json: false,
  inputTokens: sent.tokens,
  maxTokens: context.maxTokens,
  // The synthesis is owed even when the turn's time or credits for agents are over; only a stop of the turn ends it.
  signal: AbortSignal.any([step.agent.id === null ? turn.owedWork : turn.work, speech.interrupted]),
  owed: step.agent.id === null,
})

/** What of a model's text is its own and may be shown, on its way to the stream. */
interface Speech {
  say(text: string): void
  /** More of the same answer follows, after tools: it begins in a paragraph of its own. */
  pause(): void
  /** Aborts when the text went on as somebody else; nothing more of it is wanted. */
  readonly interrupted: AbortSignal
  /** Shows what was still held and returns all that was said. */
  end(): string
}

function createSpeech(turn: Turn, step: AnnouncedStep, otherNames: string[]): Speech {
  const voice: OwnVoice = createOwnVoice(otherNames)
  const interrupted = new AbortController()
  const said: string[] = []
  let paragraphDue = false
  const show = (delta: string) => {
    if (delta === '') return
    said.push(delta)
    turn.ports.emit({ type: 'chunk', delta, step: step.number })
  }
  return {
    say(text) {
      if (voice.ended) return
      show(voice.push(paragraphDue ? `\n\n${text}` : text))
      paragraphDue = false
      if (voice.ended) interrupted.abort()
    },
    pause() {
      paragraphDue = said.length > 0
    },
    interrupted: interrupted.signal,
    end() {
      show(voice.end())
      return said.join('')
    },
  }
}

function finishStep(turn: Turn, step: AnnouncedStep, text: string, ended: StepEnd): FinishedStep {
  const { agent, number, round } = step
  const speaker = { agentName: agent.name, round }
  if (ended.end.kind === 'error')
    turn.ports.emit({ type: 'chunk', delta: agentErrorDelta(turn.shape, speaker, text, ended.end.code), step: number })
  const calls = turn.calls.filter(call => call.step === number)
  const tools = turn.toolCalls.filter(call => call.step === number)
  turn.ports.emit({
    type: 'agent_end',
    step: number,
    agent_key: agent.key,
    status: ended.end.kind,
    provider_model: ended.providerModel ?? agent.model.providerModel,
    usage: {
      input_tokens_fresh: calls.reduce((sum, call) => sum + call.inputFresh, 0),
      input_tokens_cached: calls.reduce((sum, call) => sum + call.inputCached, 0),
      output_tokens: calls.reduce((sum, call) => sum + call.output, 0),
    },
    credits: sumDecimals([...calls.map(call => call.credits), ...tools.map(call => call.creditsCharged)]),
  })
  return { ...speaker, ...ended, agent, text }
}
