import type { Attributes } from '@opentelemetry/api'
import type { SeenEvent } from '../domain/observation.ts'
import type { EndedCall, TurnSnapshot } from '../domain/turn.ts'

// By OpenTelemetry's conventions for generative AI (semantic-conventions-genai 0.1). What people and models say is in none of them, nor is
// any name that they may choose but the keys of agents.

/** Names that the conventions know; others go by our own. */
const PROVIDERS: Record<string, string> = { google: 'gcp.gemini' }

export type StepStart = Extract<SeenEvent, { type: 'agent_start' }>
export type StepEnd = Extract<SeenEvent, { type: 'agent_end' }>

export const turnAttributes = (snapshot: TurnSnapshot): Attributes => ({
  'gen_ai.operation.name': 'invoke_workflow',
  'gen_ai.agent.name': snapshot.mode,
  'user.id': snapshot.userId,
  'pantheon.trace_id': snapshot.traceId,
  'pantheon.turn.id': snapshot.turnId,
  'pantheon.turn.index': snapshot.turnIndex,
})

export const stepAttributes = ({ agent_key, step, round, model_alias }: StepStart): Attributes => ({
  'gen_ai.operation.name': 'invoke_agent',
  'gen_ai.agent.name': agent_key,
  'pantheon.step': step,
  ...(round !== null && { 'pantheon.round': round }),
  'pantheon.model.alias': model_alias,
})

export const callAttributes = (call: EndedCall): Attributes => ({
  'gen_ai.operation.name': 'chat',
  'gen_ai.provider.name': PROVIDERS[call.model.provider] ?? call.model.provider,
  'gen_ai.request.model': call.model.providerModel,
  'gen_ai.request.stream': true,
  'gen_ai.response.model': call.providerModel,
  ...(call.providerRequestId !== null && { 'gen_ai.response.id': call.providerRequestId }),
  ...(call.timeToFirstTokenMs !== null && { 'gen_ai.response.time_to_first_chunk': call.timeToFirstTokenMs / 1_000 }),
  'gen_ai.usage.input_tokens': call.inputFresh + call.inputCached,
  'gen_ai.usage.cache_read.input_tokens': call.inputCached,
  'gen_ai.usage.output_tokens': call.output,
  'pantheon.model.alias': call.model.alias,
  'pantheon.call.id': call.requestId,
  'pantheon.call.purpose': call.purpose,
  'pantheon.call.status': call.status,
  'pantheon.credits': call.credits,
})
