import type { TurnRange } from '../domain/context-plan.ts'
import { Refusal } from '../domain/refusal.ts'
import type { TurnSnapshot } from '../domain/turn.ts'
import type { TokenCounter } from '../llm/tokens.ts'
import { type AgentContext, agentContext, NO_ADDITIONS } from './context.ts'
import type { TurnSettings } from './turn.ts'

/** What admission must know of a turn before its first model call. */
export interface FirstCall {
  /** Of the first speaker; in orchestrator mode of the room's first agent, whose size stands in for whomever the manager picks. */
  context: AgentContext
  inputTokens: number
  maxTokens: number
  multiplier: string
  /** What a summary is to be written of, beside the agents. */
  summarise: TurnRange | null
}

/** Refuses (422) a turn whose context does not fit, before any model call. */
export async function planFirstCall(snapshot: TurnSnapshot, settings: TurnSettings, tokens: TokenCounter): Promise<FirstCall> {
  const speaker = snapshot.speakers[0]!
  const context = await agentContext(snapshot, settings, tokens, speaker, NO_ADDITIONS)
  if (context.overflow)
    throw new Refusal(
      'context_budget_exceeded',
      `The message and what must go with it need about ${context.inputTokens} tokens; ${speaker.model.displayName} takes ${context.audit.input_budget}. Shorten the message, or choose a model with a larger window.`,
      {
        input_budget: context.audit.input_budget,
        estimated_tokens: context.inputTokens,
        model_context_limit: context.audit.context_window,
      },
    )
  return {
    context,
    inputTokens: context.inputTokens,
    maxTokens: context.maxTokens,
    multiplier: speaker.model.multiplier,
    summarise: context.summarise,
  }
}
