import type { CallRead } from '../../../contract/calls.ts'
import type { MessageRead } from '../../../contract/sessions.ts'
import type { ListedTurnRead, TurnDetail } from '../../../contract/turns.ts'
import { sumOf } from '../../ui/decimal.ts'
import { createTextStore } from './text-store.ts'
import type { StepView, TurnPart, TurnView } from './turn-view.ts'

const MANAGER = 'manager'

/** A closed turn as the timeline shows it: from what was said at once, with rounds, tools and costs as soon as its details are there. */
export function storedTurn(turn: ListedTurnRead, messages: readonly MessageRead[], detail: TurnDetail | undefined): TurnView {
  const answers = messages.filter(message => message.role === 'assistant')
  return {
    key: turn.id,
    turnId: turn.id,
    index: turn.turn_index,
    mode: turn.mode,
    question: turn.user_input,
    status: turn.status,
    parts: answers.length > 0 ? partsOf(turn, answers, detail) : [{ kind: 'text', key: 'output', text: turn.assistant_output }],
    credits: turn.credits_burned,
    tokens: detail ? tokensOf(detail.calls) : null,
    limit: turn.limit_reached,
    failure: null,
    isReplaced: turn.superseded_by_turn_id !== null,
    isReconnecting: false,
  }
}

function partsOf(turn: ListedTurnRead, answers: MessageRead[], detail: TurnDetail | undefined): TurnPart[] {
  const synthesis = turn.mode === 'orchestrator' ? answers.find(answer => answer.agent_key === MANAGER) : undefined
  const said = answers.filter(answer => answer !== synthesis)
  const names = new Map(said.map(answer => [answer.agent_key ?? '', answer.agent_name ?? '']))
  const parts = turn.mode === 'orchestrator' ? roundsOf(said, names, detail) : said.map(answer => alone(answer, detail))
  if (!synthesis) return parts
  const calls = detail?.calls.filter(call => call.purpose === 'manager_synthesis') ?? []
  return [...parts, { kind: 'synthesis', key: 'synthesis', step: stepOf(synthesis, calls, []) }]
}

function alone(answer: MessageRead, detail: TurnDetail | undefined): TurnPart {
  const calls = detail?.calls.filter(call => call.purpose === 'agent' && call.agent_key === answer.agent_key) ?? []
  const tools = detail?.tool_calls.filter(tool => tool.agent_key === answer.agent_key) ?? []
  return { kind: 'steps', key: answer.id, round: null, steps: [stepOf(answer, calls, tools)] }
}

function roundsOf(said: MessageRead[], names: Map<string, string>, detail: TurnDetail | undefined): TurnPart[] {
  if (!detail) return [{ kind: 'steps', key: 'steps-1', round: 1, steps: said.map(answer => stepOf(answer, [], [])) }]
  const nameOf = (key: string) => names.get(key) ?? key
  let at = 0
  return detail.routing.flatMap(({ round, assignments, left_out, decision }) => {
    const answers = said.slice(at, at + assignments.length)
    const first = at + 1
    at += assignments.length
    const picks = assignments.map(({ agent_key, instruction }) => ({ agentKey: agent_key, agentName: nameOf(agent_key), instruction }))
    const steps = answers.map((answer, place) => {
      const calls = detail.calls.filter(call => call.purpose === 'agent' && call.agent_key === answer.agent_key && call.round === round)
      return stepOf(
        answer,
        calls,
        detail.tool_calls.filter(tool => tool.step === first + place),
      )
    })
    const parts: TurnPart[] = [
      { kind: 'routing', key: `routing-${round}`, round, picks, leftOut: left_out.map(nameOf) },
      { kind: 'steps', key: `steps-${first}`, round, steps },
    ]
    return decision ? [...parts, { kind: 'judged', key: `judged-${round}`, round, decision }] : parts
  })
}

const stepOf = (answer: MessageRead, calls: CallRead[], tools: TurnDetail['tool_calls']): StepView => ({
  key: answer.id,
  agentKey: answer.agent_key ?? '',
  agentName: answer.agent_name ?? '',
  modelAlias: calls.at(-1)?.model_alias ?? null,
  tools: tools.map((tool, at) => ({
    key: `${answer.id}-${at}`,
    tool: tool.tool,
    args: tool.input,
    status: tool.status,
    latencyMs: tool.latency_ms,
    summary: null,
  })),
  status: 'success',
  text: createTextStore(answer.content),
  credits: calls.length > 0 ? sumOf(calls.map(call => call.credits_burned)) : null,
  tokens: calls.length > 0 ? tokensOf(calls) : null,
})

export const tokensOf = (calls: readonly CallRead[]): number =>
  calls.reduce((sum, call) => sum + call.input_tokens_fresh + call.input_tokens_cached + call.output_tokens, 0)
