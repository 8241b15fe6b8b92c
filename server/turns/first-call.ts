import { wantsAllAgents } from '../domain/all-agents.ts'
import { Refusal } from '../domain/refusal.ts'
import type { BegunCall, TurnSnapshot } from '../domain/turn.ts'
import type { TokenCounter } from '../llm/tokens.ts'
import { type AgentContext, agentContext, NO_ADDITIONS } from './context.ts'
import type { TurnSettings } from './turn.ts'

type FirstJournalledCall = Omit<BegunCall, 'requestId' | 'worstCase'>

/** What admission must know of a turn before its first model call. */
export interface FirstCall {
  /** Of the first speaker; in orchestrator mode of the room's first agent, whose size stands in for whomever the manager picks. */
  context: AgentContext
  inputTokens: number
  maxTokens: number
  multiplier: string
  /** Which call that is; the journal has it before the engine makes it. */
  call: FirstJournalledCall
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
    call: firstCall(snapshot),
  }
}

/** The manager's routing, where it is asked; else the first speaker's answer. */
function firstCall(snapshot: TurnSnapshot): FirstJournalledCall {
  const orchestrated = snapshot.mode === 'orchestrator'
  if (orchestrated && snapshot.manager && !wantsAllAgents(snapshot.message))
    return { purpose: 'manager_routing', agentId: null, agentKey: null, step: null, round: 1, model: snapshot.manager }
  const { id, key, model } = snapshot.speakers[0]!
  return { purpose: 'agent', agentId: id, agentKey: key, step: 1, round: orchestrated ? 1 : null, model }
}
