import { z } from 'zod'
import { errorCodes } from './errors.ts'
import { turnLimits, turnModes, turnStatuses } from './turns.ts'
import { Decimal } from './values.ts'

// The one protocol of a turn. The engine speaks it, the log keeps it, both streams are views of it.

/** Step numbers count from 1 over the whole turn; tools and chunks name the step they belong to. */
const step = z.int().min(1)

export const Chunk = z.object({ type: z.literal('chunk'), delta: z.string(), step: step.optional() })
export const RoundStart = z.object({ type: z.literal('round_start'), round: z.int() })
export const RoundEnd = z.object({ type: z.literal('round_end'), round: z.int() })
export const StreamError = z.object({ type: z.literal('error'), code: z.enum(errorCodes), message: z.string() })
/** What the client shows of this turn is replaced by what follows. */
export const Reset = z.object({ type: z.literal('reset') })
export const Done = z.object({
  type: z.literal('done'),
  turn_id: z.uuid(),
  provider_model: z.string(),
  status: z.enum(turnStatuses),
  summary_used_fallback: z.boolean(),
  balance_after: Decimal.nullable(),
  low_balance: z.boolean(),
  limit: z.enum(turnLimits).optional(),
})
/** `agents`: who is to answer, in order; in orchestrator mode everybody whom the manager may pick. Decides how the basic stream is laid out. */
export const TurnStarted = z.object({
  type: z.literal('turn_started'),
  turn_id: z.uuid(),
  turn_index: z.int(),
  mode: z.enum(turnModes),
  agents: z.array(z.object({ agent_key: z.string(), agent_name: z.string(), model_alias: z.string() })),
})
export const ManagerRouting = z.object({
  type: z.literal('manager_think'),
  phase: z.literal('routing'),
  round: z.int(),
  target_agents: z.array(z.string()),
  instructions: z.record(z.string(), z.string()),
})
export const ManagerEvaluation = z.object({
  type: z.literal('manager_think'),
  phase: z.literal('evaluation'),
  round: z.int(),
  decision: z.enum(['continue', 'synthesize']),
})
export const AgentStart = z.object({
  type: z.literal('agent_start'),
  step,
  agent_key: z.string(),
  agent_name: z.string(),
  model_alias: z.string(),
  round: z.int().nullable(),
})
export const ToolStart = z.object({ type: z.literal('tool_start'), step, call_id: z.string(), tool: z.string(), args: z.unknown() })
export const ToolEnd = z.object({
  type: z.literal('tool_end'),
  step,
  call_id: z.string(),
  tool: z.string(),
  status: z.string(),
  latency_ms: z.int(),
  summary: z.string(),
})
export const AgentEnd = z.object({
  type: z.literal('agent_end'),
  step,
  agent_key: z.string(),
  status: z.enum(['success', 'error', 'cancelled']),
  provider_model: z.string(),
  usage: z.object({ input_tokens_fresh: z.int(), input_tokens_cached: z.int(), output_tokens: z.int() }),
  credits: Decimal,
})

export const BasicEvent = z.discriminatedUnion('type', [Chunk, RoundStart, RoundEnd, StreamError, Reset, Done]).meta({ id: 'BasicEvent' })
export type BasicEvent = z.infer<typeof BasicEvent>

/** Everything a turn says, in order. The basic stream is computed from this one. */
export const TurnEvent = z
  .union([
    Chunk,
    RoundStart,
    RoundEnd,
    StreamError,
    Reset,
    Done,
    TurnStarted,
    ManagerRouting,
    ManagerEvaluation,
    AgentStart,
    ToolStart,
    ToolEnd,
    AgentEnd,
  ])
  .meta({ id: 'TurnEvent' })
export type TurnEvent = z.infer<typeof TurnEvent>
export type DoneEvent = z.infer<typeof Done>
