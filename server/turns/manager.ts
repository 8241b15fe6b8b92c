import { labelledAnswer } from '../domain/agent-prompt.ts'
import { wantsAllAgents } from '../domain/all-agents.ts'
import { type ContextBudget, contextBudget } from '../domain/context-budget.ts'
import { newestThatFit } from '../domain/context-plan.ts'
import { type Routing, readEvaluation, readRouting, routeToAll } from '../domain/manager-answer.ts'
import { evaluationPrompt, type ManagerView, routingPrompt, synthesisPrompt } from '../domain/manager-prompt.ts'
import { sharedLimit, shortenToFit } from '../domain/shortened-text.ts'
import type { Prompt } from '../domain/summary-prompt.ts'
import type { SnapshotAgent } from '../domain/turn.ts'
import { type CallPlan, callModel } from './call-model.ts'
import { sizeOf } from './context.ts'
import type { FinishedStep, Speaker, StepContext } from './step.ts'
import type { Turn } from './turn.ts'

// The model that routes, judges and synthesises. It is no agent of the room and has no tools.

const ROUND_MAXIMUM = 3
const MANAGER_KEY = 'manager'
const MANAGER_NAME = 'Manager'

/** Whom to send into the round, at most `cap` of them; null when a cap of the turn forbade asking. */
export async function route(turn: Turn, heard: FinishedStep[], round: number, cap: number): Promise<Routing<SnapshotAgent> | null> {
  const { speakers, message } = turn.snapshot
  if (round === 1 && wantsAllAgents(message)) return routeToAll(speakers, cap)
  const maximum = Math.min(ROUND_MAXIMUM, cap)
  const answer = await askManager(turn, 'manager_routing', round, routingPrompt(managerView(turn, heard, round), maximum))
  return answer === null ? null : readRouting(answer, speakers, maximum)
}

/** Whether another round is worth it; null when a cap of the turn forbade asking. */
export async function evaluate(turn: Turn, heard: FinishedStep[], round: number): Promise<'continue' | 'synthesize' | null> {
  const answer = await askManager(turn, 'manager_evaluation', round, evaluationPrompt(managerView(turn, heard, round)))
  return answer === null ? null : readEvaluation(answer)
}

/** The manager as the speaker of the synthesis, and what it is sent. */
export function synthesis(turn: Turn, heard: FinishedStep[], round: number): { speaker: Speaker; context: StepContext } {
  const model = turn.snapshot.manager!
  const budget = contextBudget(model.contextWindow, turn.settings.context)
  const { system, user } = synthesisPrompt(managerView(turn, heard, round))
  return {
    speaker: { id: null, key: MANAGER_KEY, name: MANAGER_NAME, tools: [], model },
    context: {
      messages: [
        { role: 'system', content: system },
        { role: 'user', content: user },
      ],
      inputTokens: sizeOf(system) + sizeOf(user),
      inputBudget: budget.inputBudget,
      maxTokens: budget.outputReserve,
      // A synthesis may well have lines that begin with an agent's name.
      otherNames: [],
    },
  }
}

/** The manager's text, empty when it failed; null when a cap of the turn forbade the call. */
async function askManager(turn: Turn, purpose: CallPlan['purpose'], round: number, { system, user }: Prompt): Promise<string | null> {
  const model = turn.snapshot.manager!
  const budget = contextBudget(model.contextWindow, turn.settings.context)
  const outcome = await callModel(
    turn,
    {
      purpose,
      model,
      agentId: null,
      agentKey: null,
      step: null,
      round,
      messages: [
        { role: 'system', content: system },
        { role: 'user', content: user },
      ],
      tools: [],
      stop: [],
      json: true,
      inputTokens: sizeOf(system) + sizeOf(user),
      maxTokens: budget.outputReserve,
      signal: turn.work,
      owed: false,
    },
    () => {},
  )
  if (outcome.kind === 'limit') return null
  return outcome.attempt.status === 'success' ? outcome.attempt.text : ''
}

/** What the manager is shown, within its own budget: all of this turn's answers, shortened if they must be, and as many of the last messages as then fit. */
function managerView(turn: Turn, heard: FinishedStep[], round: number): ManagerView {
  const { snapshot, settings } = turn
  const budget = contextBudget(snapshot.manager!.contextWindow, settings.context)
  // A message of any length must leave room for the answers; agents with larger windows read all of it.
  const message = shortenToFit(snapshot.message, Math.floor(budget.inputBudget / 2))
  const view = { goal: snapshot.room?.goal ?? null, roster: snapshot.roster, summary: snapshot.summary, message, round }
  const fixed = sizeOfPrompt({ ...view, messages: [], answers: [] })
  const answers = fittingAnswers(heard, budget, fixed)
  const left = budget.inputBudget - fixed - answers.reduce((sum, answer) => sum + sizeOf(answer), 0)
  const lines = snapshot.history
    .filter(message => message.visibility === 'shared')
    .map(message => ({
      name: message.role === 'user' ? null : (message.agentName ?? 'Agent'),
      text: message.content,
      tokens: sizeOf(message.content) + LINE_OVERHEAD_TOKENS,
    }))
  return { ...view, answers, messages: newestThatFit(lines, Math.max(0, left)) }
}

/** Of a line's name and the blank lines around it. */
const LINE_OVERHEAD_TOKENS = 8

const sizeOfPrompt = (view: ManagerView): number => {
  const { system, user } = routingPrompt(view, ROUND_MAXIMUM)
  return sizeOf(system) + sizeOf(user)
}

function fittingAnswers(heard: FinishedStep[], budget: ContextBudget, fixed: number): string[] {
  const answers = heard.map(step => labelledAnswer(step.agent.name, step.text, step.end.kind === 'error'))
  const limit = sharedLimit(answers.map(sizeOf), budget.inputBudget - fixed)
  return limit === null ? [] : answers.map(answer => shortenToFit(answer, limit))
}
