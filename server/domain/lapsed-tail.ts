import type { TurnEvent } from '../../contract/events.ts'
import { agentErrorDelta, outputShape } from './assistant-output.ts'
import type { LapsedStep } from './lapsed-steps.ts'
import type { LapsedTurn } from './lapsed-turn.ts'
import { sumDecimals } from './money.ts'

/** What a turn had not yet said of its steps when its process died, in the order in which it would have said it. */
export function untoldEvents(turn: LapsedTurn, steps: LapsedStep[]): TurnEvent[] {
  const roundsTold = (type: 'round_start' | 'round_end') => new Set(turn.said.flatMap(event => (event.type === type ? [event.round] : [])))
  const begun = roundsTold('round_start')
  const over = roundsTold('round_end')
  return [...Map.groupBy(steps, step => step.round)].flatMap(([round, ofRound]): TurnEvent[] => [
    ...(round === null || begun.has(round) ? [] : [{ type: 'round_start' as const, round }]),
    ...ofRound.flatMap(step => untoldOfStep(turn, step)),
    ...(round === null || over.has(round) ? [] : [{ type: 'round_end' as const, round }]),
  ])
}

function untoldOfStep(turn: LapsedTurn, step: LapsedStep): TurnEvent[] {
  if (step.over) return []
  const shape = outputShape(turn.mode, turn.speakers.length)
  const mark = step.end.kind === 'error' ? agentErrorDelta(shape, step, step.text, step.end.code) : ''
  const rest = step.text.slice(step.heard.length)
  return [
    ...(step.begun ? [] : [agentStart(step)]),
    ...[rest, mark].filter(delta => delta !== '').map(delta => ({ type: 'chunk' as const, delta, step: step.number })),
    agentEnd(step),
  ]
}

const agentStart = ({ number, agentKey, agentName, modelAlias, round }: LapsedStep): TurnEvent => ({
  type: 'agent_start',
  step: number,
  agent_key: agentKey,
  agent_name: agentName,
  model_alias: modelAlias,
  round,
})

function agentEnd({ number, agentKey, end, entries, toolCalls }: LapsedStep): TurnEvent {
  const calls = entries.flatMap(entry => (entry.state === 'ended' ? [entry.call] : []))
  return {
    type: 'agent_end',
    step: number,
    agent_key: agentKey,
    status: end.kind,
    provider_model: calls.at(-1)?.providerModel ?? '',
    usage: {
      input_tokens_fresh: calls.reduce((sum, call) => sum + call.inputFresh, 0),
      input_tokens_cached: calls.reduce((sum, call) => sum + call.inputCached, 0),
      output_tokens: calls.reduce((sum, call) => sum + call.output, 0),
    },
    credits: sumDecimals([...calls.map(call => call.credits), ...toolCalls.map(call => call.creditsCharged)]),
  }
}
