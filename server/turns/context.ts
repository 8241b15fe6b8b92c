import type { ContextAuditRead } from '../../contract/turns.ts'
import { contextBudget } from '../domain/context-budget.ts'
import { type ContextRow, planContext, type TurnRange, turnsSinceSummary } from '../domain/context-plan.ts'
import { estimateTokens, utf8Bytes } from '../domain/token-estimate.ts'
import type { HistoryMessage, SnapshotAgent, TurnSnapshot } from '../domain/turn.ts'
import type { ChatMessage } from '../llm/model.ts'
import type { StepContext } from './step.ts'
import type { TurnSettings } from './turn.ts'

/** What somebody said earlier in this turn. */
export interface EarlierAnswer {
  agentName: string
  text: string
  failed: boolean
  round: number | null
}

/** What this turn adds to an agent's context beyond the user's message. */
export interface TurnAdditions {
  earlier: EarlierAnswer[]
  /** The manager's, for a specialist. */
  instruction: string | null
}

export interface AgentContext extends StepContext {
  audit: ContextAuditRead
  /** Not even all pruning brought it within the budget: the agent must not be called. */
  overflow: boolean
  summarise: TurnRange | null
}

interface SizedMessage extends ContextRow {
  message: HistoryMessage
}

export async function agentContext(
  snapshot: TurnSnapshot,
  settings: TurnSettings,
  agent: SnapshotAgent,
  additions: TurnAdditions,
): Promise<AgentContext> {
  const budget = contextBudget(agent.model.contextWindow, settings.context)
  const system = agent.rolePrompt === '' ? `You are ${agent.name}.` : agent.rolePrompt
  const size = (text: string) => estimateTokens(utf8Bytes(text))
  const history: SizedMessage[] = snapshot.history
    .filter(message => message.visibility === 'shared' || message.agentKey === agent.key)
    .map(message => ({
      message,
      turnIndex: message.turnIndex,
      role: message.role,
      tokens: size(message.content),
      toolCallId: message.toolCallId,
    }))
  const plan = planContext(
    {
      systemLayers: size(system),
      summary: snapshot.summary ? size(snapshot.summary.summaryText) : 0,
      history,
      thisTurn: size(snapshot.message),
      turnsSinceSummary: turnsSinceSummary(snapshot.turnIndex, snapshot.summary),
    },
    budget,
    settings.context,
  )
  const messages: ChatMessage[] = [
    { role: 'system', content: system },
    ...plan.kept.map(({ message }) => ({ role: message.role as 'user' | 'assistant', content: message.content })),
    { role: 'user', content: snapshot.message },
  ]
  return {
    messages,
    inputTokens: plan.tokensAfterPrune,
    maxTokens: budget.outputReserve,
    otherNames: snapshot.roster.filter(other => other.key !== agent.key && other.name !== agent.name).map(other => other.name),
    overflow: plan.overflow,
    summarise: plan.summarise,
    audit: {
      agent_key: agent.key,
      model_alias: agent.model.alias,
      context_window: budget.window,
      input_budget: budget.inputBudget,
      output_reserve: budget.outputReserve,
      overhead_reserve: budget.overheadReserve,
      estimated_tokens_before: plan.tokensBefore,
      estimated_tokens_after_summary: plan.tokensAfterSummary,
      estimated_tokens_after_prune: plan.tokensAfterPrune,
      summary_triggered: plan.summaryTriggered,
      prune_triggered: plan.pruneTriggered,
      overflow_rejected: plan.overflow,
    },
  }
}
