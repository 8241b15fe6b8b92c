import type { CallPurpose, CallStatus } from '../../contract/calls.ts'
import type { ContextAuditRead, RoutingRead, TurnLimit, TurnMode, TurnStatus } from '../../contract/turns.ts'
import type { ReadableFile } from './agent-prompt.ts'
import type { PricedModel } from './catalogue.ts'

// What a turn is made of: the snapshot it runs on, the calls it makes, the outcome that its close writes.

export interface SnapshotAgent {
  id: string
  key: string
  name: string
  rolePrompt: string
  tools: string[]
  model: PricedModel
}

/** A stored message as a later turn reads it. */
export interface HistoryMessage {
  turnIndex: number
  role: 'user' | 'assistant' | 'tool'
  visibility: 'shared' | 'private'
  agentKey: string | null
  agentName: string | null
  content: string
  toolCallId: string | null
  toolName: string | null
}

export interface SessionSummary {
  fromTurnIndex: number
  toTurnIndex: number
  summaryText: string
  keyFacts: string[]
  decisions: string[]
  openQuestions: string[]
  actionItems: string[]
  usedFallback: boolean
}

export interface StoredSummary extends SessionSummary {
  /** The index of the turn beside whose agents it was written. */
  writtenInTurn: number
}

/** Everything a turn runs on, taken once at admission; whatever is edited meanwhile does not reach it. */
export interface TurnSnapshot {
  turnId: string
  turnIndex: number
  traceId: string
  userId: string
  sessionId: string
  mode: TurnMode
  room: { id: string; name: string; goal: string | null } | null
  /** Everybody in the room, in position order; what agents and the manager are told of who is there. */
  roster: { key: string; name: string; rolePrompt: string }[]
  /** Who answers, in order; in orchestrator mode everybody whom the manager may pick. Never empty. */
  speakers: SnapshotAgent[]
  manager: PricedModel | null
  summarizer: PricedModel | null
  /** Fallbacks by alias, as they were priced at admission. */
  fallbacks: ReadonlyMap<string, PricedModel>
  /** The turn that this one runs again and stands in the place of. */
  supersedesTurnId: string | null
  /** Oldest first, from behind the latest summary on. */
  history: HistoryMessage[]
  summary: StoredSummary | null
  /** Credits per call of a tool, as they were at admission. */
  toolPrices: ReadonlyMap<string, string>
  /** What `file_read` can read in this turn. */
  files: ReadableFile[]
  message: string
  maxCredits: string | null
  /** Enforcement was on at admission: every charged call is held for before it is made, out of what the balance covers. */
  enforced: boolean
  /** The user had a monthly cap at admission, which holds whether or not enforcement is on: charged calls are held for all the same. */
  capped: boolean
}

/** What is known of a call when it starts. */
export interface BegunCall {
  requestId: string
  purpose: CallPurpose
  agentId: string | null
  agentKey: string | null
  step: number | null
  round: number | null
  model: PricedModel
  /** The most this call can cost its user, in credits; what is held for it under enforcement. */
  worstCase: string
}

/** What a running turn's journal says of one call; an entry that ended replaces the one that began. */
export type JournalEntry = { state: 'begun'; call: BegunCall } | EndedEntry

export interface EndedEntry {
  state: 'ended'
  call: EndedCall
  answer: string
  /** How many tools the answer asked for. */
  toolCalls: number
  /** What came of them, once they have run. */
  ran?: ToolWork
}

/** The tool calls of one answer, and its agent's private rows of them. */
export interface ToolWork {
  toolCalls: ToolCallEvent[]
  traces: TurnMessage[]
}

/** A call with its bill. */
export interface EndedCall extends BegunCall {
  status: CallStatus
  providerModel: string
  providerRequestId: string | null
  inputFresh: number
  inputCached: number
  output: number
  usageEstimated: boolean
  oeTokens: string
  costUsd: string
  charged: boolean
  /** What the ledger moves, at most 8 places; `"0"` when the user is not charged. */
  amount: string
  /** What people read, at most 4 places; `"0"` when the user is not charged. */
  credits: string
  latencyMs: number | null
  timeToFirstTokenMs: number | null
}

export interface TurnMessage {
  role: 'user' | 'assistant' | 'tool'
  visibility: 'shared' | 'private'
  agentKey: string | null
  sourceAgentKey: string | null
  agentName: string | null
  content: string
  toolCallId: string | null
  toolName: string | null
}

export interface ToolCallEvent {
  agentKey: string
  step: number
  callId: string
  tool: string
  input: unknown
  outputSha256: string | null
  status: 'success' | 'error' | 'timeout' | 'refused' | 'cancelled'
  latencyMs: number
  creditsCharged: string
}

/** All that the close of a turn writes. */
export interface TurnOutcome {
  status: TurnStatus
  output: string
  modelAliasUsed: string
  providerModel: string
  limit: TurnLimit | null
  /** In position order; the user's message first. */
  messages: TurnMessage[]
  calls: EndedCall[]
  toolCalls: ToolCallEvent[]
  audits: ContextAuditRead[]
  routing: RoutingRead[]
  summary: SessionSummary | null
  summaryTriggered: boolean
  pruneTriggered: boolean
  overflowRejected: boolean
  /** What went wrong at the provider when all agents failed there, for the problem document; null otherwise. */
  failure: { code: 'provider_error' | 'provider_timeout'; message: string } | null
}

/** How long a turn stays its process's own without a sign of life from it. */
export const TURN_LEASE_SECONDS = 20

/** The fencing number that admission gives; every take-over raises it. */
export const FIRST_FENCE = 1
