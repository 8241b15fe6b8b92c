import { z } from 'zod'
import { CallRead } from './calls.ts'
import { ModelAlias } from './models.ts'
import { roomModes } from './rooms.ts'
import { Decimal, DecimalInput, requiredText, Time } from './values.ts'

export const turnModes = ['standalone', ...roomModes] as const
export type TurnMode = (typeof turnModes)[number]

/** `partial`: some agent failed; `failed`: all did. Only a turn that is read while it runs is `running`. */
export const turnStatuses = ['completed', 'partial', 'failed', 'cancelled'] as const
export type TurnStatus = (typeof turnStatuses)[number]

/** The caps of one turn (turns.md, Limits of one turn). */
export const turnLimits = ['model_calls', 'tool_calls', 'seconds', 'credits'] as const
export type TurnLimit = (typeof turnLimits)[number]

export const eventViews = ['basic', 'detailed'] as const
export type EventView = (typeof eventViews)[number]

export const TurnCreate = z
  .strictObject({
    message: requiredText(1_000_000),
    model_alias_override: ModelAlias.nullish().transform(alias => alias ?? null),
    max_credits: DecimalInput.refine(credits => !credits.startsWith('-') && /[1-9]/.test(credits), 'must be greater than 0')
      .nullish()
      .transform(credits => credits ?? null),
    events: z.enum(eventViews).default('basic'),
  })
  .meta({ id: 'TurnCreate' })
export type TurnCreate = z.infer<typeof TurnCreate>

/** The last turn's message once more; the rest as in `TurnCreate`. */
export const TurnRegenerate = TurnCreate.omit({ message: true }).meta({ id: 'TurnRegenerate' })
export type TurnRegenerate = z.infer<typeof TurnRegenerate>

export const TurnRead = z
  .object({
    id: z.uuid(),
    session_id: z.uuid(),
    turn_index: z.int(),
    mode: z.enum(turnModes),
    user_input: z.string(),
    assistant_output: z.string(),
    status: z.enum([...turnStatuses, 'running']),
    model_alias_used: z.string(),
    summary_triggered: z.boolean(),
    prune_triggered: z.boolean(),
    overflow_rejected: z.boolean(),
    summary_used_fallback: z.boolean(),
    balance_after: Decimal.nullable(),
    low_balance: z.boolean(),
    credits_burned: Decimal,
    created_at: Time,
  })
  .meta({ id: 'Turn' })
export type TurnRead = z.infer<typeof TurnRead>

const ofStored = {
  limit_reached: z.enum(turnLimits).nullable().meta({ description: 'The cap that ended the turn, as `done` said it' }),
  superseded_by_turn_id: z.uuid().nullable().meta({ description: 'The turn that ran this one’s message again and stands in its place' }),
}

export const ListedTurnRead = TurnRead.extend(ofStored).meta({ id: 'ListedTurn' })
export type ListedTurnRead = z.infer<typeof ListedTurnRead>

export const TurnPage = z.object({ turns: z.array(ListedTurnRead), total: z.int() }).meta({ id: 'TurnPage' })
export type TurnPage = z.infer<typeof TurnPage>

export const ToolCallRead = z
  .object({
    agent_key: z.string(),
    step: z.int(),
    tool: z.string(),
    input: z.unknown(),
    status: z.string(),
    latency_ms: z.int().nullable(),
    credits_charged: Decimal,
  })
  .meta({ id: 'ToolCall' })
export type ToolCallRead = z.infer<typeof ToolCallRead>

/** One routing decision of the manager and what came of it. */
export const RoutingRead = z
  .object({
    round: z.int(),
    assignments: z.array(z.object({ agent_key: z.string(), instruction: z.string() })),
    left_out: z.array(z.string()),
    /** The manager's choice; everybody, as the message asked for; or the first agent, because the manager's answer could not be read. */
    picked_by: z.enum(['manager', 'all', 'fallback']).optional(),
    decision: z.enum(['continue', 'synthesize']).nullable(),
  })
  .meta({ id: 'Routing' })
export type RoutingRead = z.infer<typeof RoutingRead>

/** How one agent's context was fitted into its model's window (turns.md, Context budget). */
export const ContextAuditRead = z
  .object({
    agent_key: z.string(),
    model_alias: z.string(),
    context_window: z.int(),
    input_budget: z.int(),
    output_reserve: z.int(),
    overhead_reserve: z.int(),
    estimated_tokens_before: z.int(),
    estimated_tokens_after_summary: z.int(),
    estimated_tokens_after_prune: z.int(),
    summary_triggered: z.boolean(),
    prune_triggered: z.boolean(),
    overflow_rejected: z.boolean(),
  })
  .meta({ id: 'ContextAudit' })
export type ContextAuditRead = z.infer<typeof ContextAuditRead>

export const TurnDetail = TurnRead.extend({
  ...ofStored,
  calls: z.array(CallRead),
  tool_calls: z.array(ToolCallRead),
  routing: z.array(RoutingRead),
  context: z.array(ContextAuditRead),
}).meta({ id: 'TurnDetail' })
export type TurnDetail = z.infer<typeof TurnDetail>

export const TurnEstimateRequest = TurnCreate.pick({ message: true, model_alias_override: true }).meta({ id: 'TurnEstimateRequest' })
export type TurnEstimateRequest = z.infer<typeof TurnEstimateRequest>

/** What the next turn would do and cost, in credits. */
export const TurnEstimate = z
  .object({ mode: z.enum(turnModes), agents: z.array(z.string()), low: Decimal, high: Decimal })
  .meta({ id: 'TurnEstimate' })
export type TurnEstimate = z.infer<typeof TurnEstimate>
