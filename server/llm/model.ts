import type { CallPurpose, CallStatus } from '../../contract/calls.ts'
import type { ProviderName } from '../../contract/models.ts'
import type { ToolDefinition } from '../domain/tool-definition.ts'

// The port to model providers. One request in, text as it comes, one account of what happened out.

export interface ToolCall {
  id: string
  name: string
  /** JSON text exactly as the model wrote it; whoever runs the tool parses it. */
  arguments: string
}

export type ChatMessage =
  | { role: 'system' | 'user'; content: string }
  | { role: 'assistant'; content: string; toolCalls?: ToolCall[] }
  | { role: 'tool'; toolCallId: string; content: string }

export interface ModelRequest {
  /** Our own id of the call, made before it starts; what makes its usage event unique. */
  requestId: string
  provider: ProviderName
  providerModel: string
  messages: ChatMessage[]
  tools: ToolDefinition[]
  /** The call's output limit in tokens. */
  maxTokens: number
  stop: string[]
  /** Ask for a JSON object as the answer (manager and summary calls). */
  json: boolean
  purpose: CallPurpose
  turnId: string
  traceId: string
  /** The key of the agent whose step this is; null for the manager's routing and evaluation and for summaries. */
  agentKey: string | null
}

/** Tokens as the provider counted them; `estimated` only when it told nothing. An explicit zero is a zero. */
export interface Usage {
  inputFresh: number
  inputCached: number
  output: number
  estimated: boolean
}

export interface AttemptFailure {
  code: 'provider_error' | 'provider_timeout'
  /** For people and logs: names the provider's status, never a key, a prompt or an answer. */
  message: string
  /** Whether one more try may help: connect errors, 408, 429 and 5xx, and only before the first token. */
  retryable: boolean
  /** What the provider asked for by `Retry-After`, in milliseconds. */
  retryAfterMs: number | null
}

/** One try at a provider, whatever came of it: on failure and on abort it still says what was produced and used. */
export interface Attempt {
  status: Exclude<CallStatus, 'unknown'>
  /** False when no answer of the provider was seen at all, so that nothing can have been billed. */
  reached: boolean
  text: string
  toolCalls: ToolCall[]
  usage: Usage
  /** Exact decimal, when the provider told it. */
  costUsd: string | null
  providerModel: string
  providerRequestId: string | null
  latencyMs: number
  timeToFirstTokenMs: number | null
  finish: 'stop' | 'length' | 'tool_calls' | 'other' | null
  failure: AttemptFailure | null
}

/** A wire format. `attempt` never rejects; `onText` is called once per read of the socket with all text of that read. */
export interface ModelProvider {
  attempt(request: ModelRequest, onText: (text: string) => void, signal: AbortSignal): Promise<Attempt>
}
