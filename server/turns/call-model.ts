import { v7 as uuidv7 } from 'uuid'
import type { CallPurpose } from '../../contract/calls.ts'
import type { PricedModel } from '../domain/catalogue.ts'
import { affordableOutputTokens, decimal, decimalText } from '../domain/money.ts'
import type { ToolDefinition } from '../domain/tool-definition.ts'
import type { BegunCall } from '../domain/turn.ts'
import type { Attempt, ChatMessage } from '../llm/model.ts'
import { isChargeable, meterCall } from './metering.ts'
import { worstCaseOf } from './spending.ts'
import { isStopped, reachLimit, type Turn } from './turn.ts'

/** A call as a step, the manager or the summariser wants it. */
export interface CallPlan {
  purpose: CallPurpose
  model: PricedModel
  agentId: string | null
  agentKey: string | null
  step: number | null
  round: number | null
  messages: ChatMessage[]
  tools: ToolDefinition[]
  stop: string[]
  json: boolean
  /** The context's estimate, in tokens; what the worst case is reckoned with. */
  inputTokens: number
  maxTokens: number
  /** Ends this call early; it always follows the turn's own stop. */
  signal: AbortSignal
  /** Made even when a cap has been met: the synthesis of what there is. */
  owed: boolean
}

/** `limit`: a cap of the turn, or the credits there are, forbade the call; nothing was sent. */
export type CallOutcome = { kind: 'ended'; attempt: Attempt } | { kind: 'limit' }

const RETRY_JITTER_MS = 250
const RETRY_AFTER_MAXIMUM_MS = 10_000

/**
 * One answer of a model, metered: one retry, then the alias's fallback, both only before the first token.
 * Every try that the provider answered is a call of its own. `onText` is given storable text, once per read of the socket.
 * Throws only `TurnLost` and faults of ours; whatever the provider does is in the outcome.
 */
export async function callModel(turn: Turn, plan: CallPlan, onText: (text: string) => void): Promise<CallOutcome> {
  const outcome = await tryModel(turn, plan, onText)
  if (outcome.kind === 'limit' || plan.model.fallbackAlias === null || !mayTryAgain(turn, plan, outcome.attempt)) return outcome
  const fallback = turn.snapshot.fallbacks.get(plan.model.fallbackAlias)
  if (!fallback) return outcome
  const second = await tryModel(turn, { ...plan, model: fallback }, onText)
  return second.kind === 'ended' ? second : outcome
}

async function tryModel(turn: Turn, plan: CallPlan, onText: (text: string) => void): Promise<CallOutcome> {
  const begun = await beginCall(turn, plan)
  if (!begun) return { kind: 'limit' }
  const first = await sendCall(turn, plan, begun, onText)
  if (!mayTryAgain(turn, plan, first)) return endCall(turn, begun, first)
  if (first.reached) endCall(turn, begun, first)
  await turn.ports.wait(retryDelay(first), plan.signal)
  // A try that never reached the provider is no call of its own: the next one takes its place.
  const again = isForbidden(turn, plan) ? null : first.reached ? await beginCall(turn, plan) : begun
  if (!again) return first.reached ? { kind: 'ended', attempt: first } : endCall(turn, begun, first)
  const second = await sendCall(turn, plan, again, onText)
  if (second.reached || !first.reached) return endCall(turn, again, second)
  // The second try was no call; what was held for it is free again.
  turn.spending.withdraw(again.call.requestId)
  return { kind: 'ended', attempt: first }
}

const mayTryAgain = (turn: Turn, plan: CallPlan, attempt: Attempt) => attempt.failure?.retryable === true && !isForbidden(turn, plan)

const isForbidden = (turn: Turn, plan: CallPlan) => plan.signal.aborted || (isStopped(turn) && !plan.owed)

const retryDelay = (attempt: Attempt) =>
  Math.min(attempt.failure?.retryAfterMs ?? 0, RETRY_AFTER_MAXIMUM_MS) + Math.random() * RETRY_JITTER_MS

interface Begun {
  call: BegunCall
  maxTokens: number
}

/** Finds the output limit that can be paid for, holds its worst case and journals the call. Null at a cap. */
async function beginCall(turn: Turn, plan: CallPlan): Promise<Begun | null> {
  if (isForbidden(turn, plan)) return null
  if (turn.modelCallsBegun >= turn.settings.turnMaxModelCalls && !plan.owed) {
    reachLimit(turn, 'model_calls')
    return null
  }
  turn.modelCallsBegun++
  const admitted = takeAdmitted(turn, plan)
  const requestId = admitted?.requestId ?? uuidv7()
  if (!isChargeable(plan.purpose, turn.settings.billSystemCalls)) return await beginFree(turn, plan, requestId, admitted !== null)
  // What was admitted was held for exactly this call.
  if (admitted && plan.purpose === 'agent')
    return { call: begunCall(plan, requestId, admitted.worstCase), maxTokens: Math.min(plan.maxTokens, admitted.maxTokens) }
  return await beginCharged(turn, plan, requestId)
}

/** The call that admission journalled, for the plan that it was made for; of the orchestrator that is its first routing. */
function takeAdmitted(turn: Turn, plan: CallPlan) {
  const { admitted } = turn
  if (admitted?.purpose !== plan.purpose || admitted.agentId !== plan.agentId) return null
  turn.admitted = null
  return admitted
}

async function beginFree(turn: Turn, plan: CallPlan, requestId: string, journalled: boolean): Promise<Begun> {
  const call = begunCall(plan, requestId, '0')
  if (!journalled)
    await turn.ports.journal.beginFree(() => ({ entry: { state: 'begun', call }, hold: turn.spending.hold(), undo: () => {} }))
  return { call, maxTokens: plan.maxTokens }
}

async function beginCharged(turn: Turn, plan: CallPlan, requestId: string): Promise<Begun | null> {
  const { multiplier } = plan.model
  const minimum = Math.min(turn.settings.minOutputTokens, plan.maxTokens)
  let wanted = plan.maxTokens
  while (wanted >= minimum) {
    const begun: { now: Begun | null } = { now: null }
    const outcome = await turn.ports.journal.begin(() => {
      const maxTokens = turn.spending.affordableOutput(wanted, plan.inputTokens, multiplier)
      if (maxTokens < minimum) return null
      const call = begunCall(plan, requestId, worstCaseOf(plan.inputTokens, maxTokens, multiplier))
      begun.now = { call, maxTokens }
      turn.spending.open(requestId, call.worstCase)
      return { entry: { state: 'begun', call }, hold: turn.spending.hold(), undo: () => turn.spending.withdraw(requestId) }
    })
    if (outcome.kind === 'written') return begun.now
    if (outcome.kind === 'withdrawn' || !begun.now) break
    const left = decimalText(decimal(outcome.available).minus(turn.spending.hold()))
    // What is available may have grown meanwhile; asking for less each time ends the loop all the same.
    wanted = Math.min(begun.now.maxTokens - 1, affordableOutputTokens(left, plan.inputTokens, multiplier))
  }
  reachLimit(turn, 'credits')
  return null
}

const begunCall = (plan: CallPlan, requestId: string, worstCase: string): BegunCall => ({
  requestId,
  purpose: plan.purpose,
  agentId: plan.agentId,
  agentKey: plan.agentKey,
  step: plan.step,
  round: plan.round,
  model: plan.model,
  worstCase,
})

function sendCall(turn: Turn, plan: CallPlan, begun: Begun, onText: (text: string) => void): Promise<Attempt> {
  const { snapshot, ports } = turn
  const request = {
    requestId: begun.call.requestId,
    provider: plan.model.provider,
    providerModel: plan.model.providerModel,
    messages: plan.messages,
    tools: plan.tools,
    maxTokens: begun.maxTokens,
    stop: plan.stop,
    json: plan.json,
    purpose: plan.purpose,
    turnId: snapshot.turnId,
    traceId: snapshot.traceId,
    agentKey: plan.agentKey,
  }
  return ports.provider(plan.model.provider).attempt(request, onText, plan.signal)
}

function endCall(turn: Turn, begun: Begun, attempt: Attempt): CallOutcome {
  const call = meterCall(begun.call, attempt, turn.settings.billSystemCalls)
  turn.calls.push(call)
  turn.spending.settle(call.requestId, call.amount)
  turn.ports.journal.end({ state: 'ended', call, answer: attempt.text, toolCalls: attempt.toolCalls.length }, turn.spending.hold)
  turn.ports.logCall(call)
  return { kind: 'ended', attempt }
}
