import type { CallPurpose } from '../../contract/calls.ts'
import type { TurnEvent } from '../../contract/events.ts'
import type { ProviderName } from '../../contract/models.ts'
import type { ContextAuditRead, TurnLimit } from '../../contract/turns.ts'
import type { OutputShape } from '../domain/assistant-output.ts'
import type { ContextSettings } from '../domain/context-budget.ts'
import type { EndedCall, ToolCallEvent, TurnSnapshot } from '../domain/turn.ts'
import type { ModelProvider } from '../llm/model.ts'
import type { TokenCounter } from '../llm/tokens.ts'
import type { Toolbox } from '../tools/toolbox.ts'
import type { Journal } from './journal.ts'
import type { Spending } from './spending.ts'
import type { RunningSummary } from './summary.ts'

/** What the engine does to the world; everything it needs comes in here. */
export interface TurnPorts {
  emit(event: TurnEvent): void
  provider(name: ProviderName): ModelProvider
  tools: Toolbox
  tokens: TokenCounter
  journal: Journal
  /** Aborts with a `StopReason`: cancelled by its user, interrupted by the program's end, or lost to another process. */
  stopped: AbortSignal
  /** Milliseconds of a clock that never goes back. */
  now(): number
  wait(milliseconds: number, signal: AbortSignal): Promise<void>
  /** One line per model call; never a prompt or an answer. */
  logCall(call: EndedCall): void
}

export interface TurnSettings {
  billSystemCalls: boolean
  minOutputTokens: number
  context: ContextSettings
  agentMaxToolSteps: number
  toolTimeoutMs: number
  orchestratorMaxDepth: number
  orchestratorMaxSpecialists: number
  turnMaxSeconds: number
  turnMaxModelCalls: number
  turnMaxToolCalls: number
}

/** The call that admission journalled and held for; the call that it was made for takes it over. */
export interface AdmittedCall {
  requestId: string
  purpose: CallPurpose
  /** Null for the manager's routing. */
  agentId: string | null
  maxTokens: number
  worstCase: string
}

/** A turn while it runs: a thin shell of state around the functions of this folder. */
export interface Turn {
  readonly snapshot: TurnSnapshot
  readonly settings: TurnSettings
  readonly ports: TurnPorts
  readonly spending: Spending
  readonly shape: OutputShape
  /** Aborts the agents' calls: when the turn is stopped, and when its time is over. The synthesis may still run after the latter. */
  readonly work: AbortSignal
  /** Aborts the synthesis: when the turn is stopped, and some time after its own is over. */
  readonly owedWork: AbortSignal
  admitted: AdmittedCall | null
  readonly calls: EndedCall[]
  readonly toolCalls: ToolCallEvent[]
  readonly audits: ContextAuditRead[]
  modelCallsBegun: number
  toolCallsBegun: number
  stepsBegun: number
  /** Written beside the agents, once one of them asked for it. */
  summary: RunningSummary | null
  /** The first cap that the turn met; from then on no work is started. */
  limit: TurnLimit | null
}

/** No more work is to be started: the turn was stopped, or has met a cap. */
export const isStopped = (turn: Turn): boolean => turn.work.aborted || turn.limit !== null

export function reachLimit(turn: Turn, limit: TurnLimit): void {
  turn.limit ??= limit
}
