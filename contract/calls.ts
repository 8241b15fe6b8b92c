import { z } from 'zod'
import { Decimal } from './values.ts'

/** Why a model was called. */
export const callPurposes = ['agent', 'manager_routing', 'manager_evaluation', 'manager_synthesis', 'summary'] as const
export type CallPurpose = (typeof callPurposes)[number]

/** How a call ended. `unknown`: it had started and nobody saw its end (turns.md, Crash). */
export const callStatuses = ['success', 'error', 'timeout', 'rate_limited', 'cancelled', 'unknown'] as const
export type CallStatus = (typeof callStatuses)[number]

export const CallRead = z
  .object({
    purpose: z.enum(callPurposes),
    agent_key: z.string().nullable(),
    round: z.int().nullable(),
    model_alias: z.string(),
    provider_model: z.string(),
    input_tokens_fresh: z.int(),
    input_tokens_cached: z.int(),
    output_tokens: z.int(),
    credits_burned: Decimal,
    latency_ms: z.int().nullable(),
    time_to_first_token_ms: z.int().nullable(),
    status: z.enum([...callStatuses, 'running']),
    provider_cost_usd: Decimal.nullable().optional().meta({ description: 'Only for admins' }),
  })
  .meta({ id: 'Call' })
export type CallRead = z.infer<typeof CallRead>
