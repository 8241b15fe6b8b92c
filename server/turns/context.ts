import type { ContextAuditRead } from '../../contract/turns.ts'
import { agentSystemPrompt, labelledAnswer, specialistMessage } from '../domain/agent-prompt.ts'
import { type ContextBudget, contextBudget, isNearBorder } from '../domain/context-budget.ts'
import { type ContextPlan, type ContextRow, planContext, type TurnRange, turnsSinceSummary } from '../domain/context-plan.ts'
import { sharedLimit, shortenToFit } from '../domain/shortened-text.ts'
import { otherNames } from '../domain/speaker.ts'
import { summaryText } from '../domain/summary-prompt.ts'
import { estimateTokens, utf8Bytes } from '../domain/token-estimate.ts'
import type { HistoryMessage, SnapshotAgent, TurnSnapshot } from '../domain/turn.ts'
import type { ChatMessage } from '../llm/model.ts'
import type { TokenCounter } from '../llm/tokens.ts'
import type { StepContext } from './step.ts'
import type { TurnSettings } from './turn.ts'

/** What somebody said earlier in this turn. */
export interface EarlierAnswer {
  agentName: string
  text: string
  failed: boolean
}

/** What this turn adds to an agent's context beyond the user's message. */
export interface TurnAdditions {
  earlier: EarlierAnswer[]
  /** The manager's, for a specialist; empty without one. */
  instruction: string
}

export const NO_ADDITIONS: TurnAdditions = { earlier: [], instruction: '' }

export interface AgentContext extends StepContext {
  audit: ContextAuditRead
  /** Not even all pruning and shortening brought it within the budget: the agent must not be called. */
  overflow: boolean
  summarise: TurnRange | null
}

interface HistoryRow extends ContextRow {
  sent: ChatMessage
}

/** What one agent is sent in this turn, fitted into its model's window (turns.md, Messages and Context budget). */
export async function agentContext(
  snapshot: TurnSnapshot,
  settings: TurnSettings,
  tokens: TokenCounter,
  agent: SnapshotAgent,
  additions: TurnAdditions,
): Promise<AgentContext> {
  const budget = contextBudget(agent.model.contextWindow, settings.context)
  const system = systemMessage(snapshot, agent)
  const message = specialistMessage(snapshot.message, additions.instruction)
  const answers = fittingAnswers(additions.earlier, budget.inputBudget - sizeOf(system) - sizeOf(message))
  const heard = snapshot.history.filter(row => row.visibility === 'shared' || row.agentKey === agent.key)
  const history = heard.map(row => ({ row, sent: chatMessage(row, agent) }))
  const texts = { fixed: [system, message, ...answers], history: history.map(({ sent }) => sentText(sent)) }
  const sizes = await measure(texts, budget, settings, tokens, agent.model.providerModel)
  const [systemLayers = 0, ...thisTurn] = sizes.fixed
  const plan = planContext(
    {
      systemLayers,
      // It stands behind the system layers, in the same message.
      summary: 0,
      history: history.map(({ row, sent }, index) => historyRow(row, sent, sizes.history[index] ?? 0)),
      thisTurn: thisTurn.reduce((sum, size) => sum + size, 0),
      turnsSinceSummary: turnsSinceSummary(snapshot.turnIndex, snapshot.summary),
    },
    budget,
    settings.context,
  )
  return {
    messages: [
      { role: 'system', content: system },
      ...plan.kept.map(({ sent }) => sent),
      ...answers.map(content => ({ role: 'user' as const, content })),
      { role: 'user', content: message },
    ],
    inputTokens: plan.tokensAfterPrune,
    inputBudget: budget.inputBudget,
    maxTokens: budget.outputReserve,
    otherNames: otherNames(snapshot.roster, agent),
    overflow: plan.overflow,
    summarise: plan.summarise,
    audit: auditOf(agent, budget, plan),
  }
}

export const sizeOf = (text: string): number => estimateTokens(utf8Bytes(text))

/** The system layers and, behind them, the latest summary. */
function systemMessage(snapshot: TurnSnapshot, agent: SnapshotAgent): string {
  const { mode, room, roster, summary, files } = snapshot
  const layers = agentSystemPrompt({ mode, room, roster: room ? roster : [], agent, files })
  return summary ? `${layers}\n\n${summaryText(summary)}` : layers
}

const historyRow = ({ turnIndex, role, toolCallId }: HistoryMessage, sent: ChatMessage, tokens: number): HistoryRow => ({
  sent,
  turnIndex,
  role,
  tokens,
  toolCallId,
})

interface Texts<Size> {
  fixed: Size[]
  history: Size[]
}

/** Tokens of each text: by bytes, and counted only where counting could decide anything and the model's tokenizer is at hand. */
async function measure(
  texts: Texts<string>,
  budget: ContextBudget,
  settings: TurnSettings,
  tokens: TokenCounter,
  providerModel: string,
): Promise<Texts<number>> {
  const all = [...texts.fixed, ...texts.history]
  const fixedBytes = bytesOf(texts.fixed)
  const near = isNearBorder({ allBytes: fixedBytes + bytesOf(texts.history), fixedBytes }, budget, settings.context)
  const counted = near ? await tokens.count(providerModel, all) : null
  const sizes = counted ?? all.map(sizeOf)
  return { fixed: sizes.slice(0, texts.fixed.length), history: sizes.slice(texts.fixed.length) }
}

const bytesOf = (texts: string[]): number => texts.reduce((sum, text) => sum + utf8Bytes(text), 0)

const sentText = (sent: ChatMessage): string =>
  'toolCalls' in sent && sent.toolCalls ? sent.toolCalls.map(call => call.name + call.arguments).join('') : sent.content

/** A stored message as this agent hears it: its own words as its own, others' labelled and fenced, its tool traces as they were. */
function chatMessage(message: HistoryMessage, agent: SnapshotAgent): ChatMessage {
  const { role, content, toolCallId, toolName } = message
  if (role === 'user') return { role, content }
  if (role === 'tool') return { role, toolCallId: toolCallId ?? '', content }
  if (toolCallId !== null) return { role, content: '', toolCalls: [{ id: toolCallId, name: toolName ?? '', arguments: content }] }
  if (message.agentKey === agent.key) return { role, content }
  return { role: 'user', content: labelledAnswer(message.agentName ?? 'Agent', content) }
}

/** This turn's earlier answers, labelled; shortened, the longest first, where they would not fit with what must go along. */
function fittingAnswers(earlier: EarlierAnswer[], allowance: number): string[] {
  const answers = earlier.map(({ agentName, text, failed }) => labelledAnswer(agentName, text, failed))
  const limit = sharedLimit(answers.map(sizeOf), allowance)
  return limit === null ? answers : answers.map(answer => shortenToFit(answer, limit))
}

const auditOf = (agent: SnapshotAgent, budget: ContextBudget, plan: ContextPlan<HistoryRow>): ContextAuditRead => ({
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
})
