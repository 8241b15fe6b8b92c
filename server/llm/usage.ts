import { decimal, decimalText } from '../domain/money.ts'
import { estimateTokens, utf8Bytes } from '../domain/token-estimate.ts'
import type { ModelRequest, ToolCall, Usage } from './model.ts'
import { isRecord } from './wire-value.ts'

// What a provider told about tokens and cost, read in this one place, and what stands in when it told nothing.

/** What one provider told so far; null where it told nothing usable. */
export interface ToldUsage {
  input: number | null
  cached: number
  output: number | null
  costUsd: string | null
}

/** No real call comes near; beyond it a figure is garbage, and it keeps every later sum exact and within its column. */
const MAXIMUM_TOKENS = 1_000_000_000
const MAXIMUM_COST_USD = 1_000_000

export const NOTHING_TOLD: ToldUsage = { input: null, cached: 0, output: null, costUsd: null }
const NO_TOKENS: Usage = { inputFresh: 0, inputCached: 0, output: 0, estimated: false }

/**
 * The `usage` member of a chat-completions answer. An explicit zero is told; what is negative,
 * fractional, text or absurd is not. Cached input goes by three names: OpenAI and OpenRouter `prompt_tokens_details.cached_tokens`,
 * Anthropic-like gateways `cache_read_input_tokens`, DeepSeek `prompt_cache_hit_tokens`.
 */
export function toldUsage(usage: unknown): ToldUsage {
  if (!isRecord(usage)) return NOTHING_TOLD
  const input = tokens(usage.prompt_tokens)
  const output = tokens(usage.completion_tokens)
  return {
    input,
    cached: Math.min(cachedTokens(usage), input ?? 0),
    output: output === null ? null : output + separateReasoning(usage, input, output),
    costUsd: cost(usage.cost),
  }
}

function cachedTokens(usage: Record<string, unknown>): number {
  const details = isRecord(usage.prompt_tokens_details) ? tokens(usage.prompt_tokens_details.cached_tokens) : null
  return details ?? tokens(usage.cache_read_input_tokens) ?? tokens(usage.prompt_cache_hit_tokens) ?? 0
}

/** Most providers count reasoning as output. xAI tells it beside the output, and its total is the proof: only then it is added. */
function separateReasoning(usage: Record<string, unknown>, input: number | null, output: number): number {
  const reasoning = isRecord(usage.completion_tokens_details) ? tokens(usage.completion_tokens_details.reasoning_tokens) : null
  if (!reasoning || input === null) return 0
  return tokens(usage.total_tokens) === input + output + reasoning ? reasoning : 0
}

const tokens = (value: unknown): number | null =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAXIMUM_TOKENS ? value : null

/** A JSON number's shortest decimal form has every digit the provider wrote, up to the 15 that a double keeps. */
const cost = (value: unknown): string | null =>
  typeof value === 'number' && value >= 0 && value <= MAXIMUM_COST_USD ? decimalText(decimal(value)) : null

/** What the model wrote; `reasoningBytes` is thought that is billed and never shown. */
export interface Produced {
  text: string
  toolCalls: ToolCall[]
  reasoningBytes: number
}

/** What a later chunk tells replaces what an earlier one told, its tokens as a whole. */
export const laterUsage = (earlier: ToldUsage, later: ToldUsage): ToldUsage => ({
  ...(later.input === null && later.output === null ? earlier : later),
  costUsd: later.costUsd ?? earlier.costUsd,
})

/**
 * The usage of one attempt: what was told, else an estimate of the side that was not, marked. An attempt that failed or was cancelled
 * before it wrote anything, and told nothing, has used zero: whether the provider bills for it is unknown, and a guess would be kept as a cost.
 */
export function settleUsage(told: ToldUsage, request: ModelRequest, produced: Produced, succeeded: boolean): Usage {
  const outputBytes = producedBytes(produced)
  if (told.input === null && told.output === null && outputBytes === 0 && !succeeded) return NO_TOKENS
  const input = told.input ?? estimateTokens(requestBytes(request))
  const output = told.output ?? estimateTokens(outputBytes)
  return { inputFresh: input - told.cached, inputCached: told.cached, output, estimated: told.input === null || told.output === null }
}

export const callBytes = (calls: ToolCall[]): number =>
  calls.reduce((sum, call) => sum + utf8Bytes(call.name) + utf8Bytes(call.arguments), 0)

const producedBytes = ({ text, toolCalls, reasoningBytes }: Produced): number => utf8Bytes(text) + callBytes(toolCalls) + reasoningBytes

export function requestBytes({ messages, tools }: ModelRequest): number {
  const said = messages.reduce(
    (sum, message) => sum + utf8Bytes(message.content) + (message.role === 'assistant' ? callBytes(message.toolCalls ?? []) : 0),
    0,
  )
  return said + (tools.length > 0 ? utf8Bytes(JSON.stringify(tools)) : 0)
}
