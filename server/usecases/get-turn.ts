import { validate as isUuid } from 'uuid'
import type { CallRead } from '../../contract/calls.ts'
import type { TurnEvent } from '../../contract/events.ts'
import type { RoutingRead, ToolCallRead, TurnDetail, TurnMode } from '../../contract/turns.ts'
import { shownText } from '../domain/basic-view.ts'
import type { Caller } from '../domain/caller.ts'
import { sumDecimals } from '../domain/money.ts'
import { notFound } from '../domain/refusal.ts'
import type { TurnLogs } from '../live/turn-log.ts'
import { findTurn } from '../store/conversation.ts'
import type { Database } from '../store/database.ts'
import { ownedSession } from '../store/owned.ts'
import { auditsOfTurn, callsOfTurn, findRunningTurn, type RunningTurnRow, toolCallsOfTurn } from '../store/turn-detail.ts'

/** A turn with everything it did; one that runs shows what it has so far. What the provider charged is for those who run the service. */
export async function getTurn(
  deps: { database: Database; turnLogs: TurnLogs },
  caller: Caller,
  sessionId: string,
  turnId: string,
): Promise<TurnDetail> {
  await ownedSession(deps.database, caller.userId, sessionId)
  if (!isUuid(turnId)) throw notFound('Turn')
  // The running row is looked for first: between the two a turn can only go from running to closed.
  const running = await findRunningTurn(deps.database, sessionId, turnId)
  if (running) return await runningDetail(deps, sessionId, running)
  const detail = await closedDetail(deps.database, sessionId, turnId)
  return caller.role === 'user' ? { ...detail, calls: detail.calls.map(withoutCost) } : detail
}

async function closedDetail(database: Database, sessionId: string, turnId: string): Promise<TurnDetail> {
  const turn = await findTurn(database, sessionId, turnId)
  if (!turn) throw notFound('Turn')
  const [calls, toolCalls, context] = await Promise.all([
    callsOfTurn(database, turnId),
    toolCallsOfTurn(database, turnId),
    auditsOfTurn(database, turnId),
  ])
  return { ...turn, calls, tool_calls: toolCalls, routing: turn.routing as RoutingRead[], context }
}

const withoutCost = ({ provider_cost_usd: _, ...call }: CallRead): CallRead => call

async function runningDetail(
  deps: { database: Database; turnLogs: TurnLogs },
  sessionId: string,
  row: RunningTurnRow,
): Promise<TurnDetail> {
  const calls = Object.values(row.journal).map(runningCall)
  // Empty where the turn's log is not at hand.
  const said = (await deps.turnLogs.find(row.turn_id, () => findTurn(deps.database, sessionId, row.turn_id)))?.soFar() ?? []
  return {
    id: row.turn_id,
    session_id: sessionId,
    turn_index: row.turn_index,
    mode: row.mode as TurnMode,
    user_input: row.message,
    assistant_output: shownText(said),
    status: 'running',
    model_alias_used: calls.at(-1)?.model_alias ?? '',
    summary_triggered: false,
    prune_triggered: false,
    overflow_rejected: false,
    summary_used_fallback: false,
    balance_after: null,
    low_balance: false,
    credits_burned: sumDecimals(calls.map(call => call.credits_burned)),
    created_at: row.started_at,
    superseded_by_turn_id: null,
    limit_reached: null,
    calls,
    tool_calls: toolCallsOf(said),
    routing: routingOf(said),
    context: [],
  }
}

function runningCall(entry: RunningTurnRow['journal'][string]): CallRead {
  const { purpose, agentKey, round, model } = entry.call
  const call = { purpose, agent_key: agentKey, round, model_alias: model.alias }
  if (entry.state === 'begun') {
    const nothingYet = {
      input_tokens_fresh: 0,
      input_tokens_cached: 0,
      output_tokens: 0,
      credits_burned: '0',
      latency_ms: null,
      time_to_first_token_ms: null,
    }
    return { ...call, ...nothingYet, provider_model: model.providerModel, status: 'running' }
  }
  const { providerModel, inputFresh, inputCached, output, credits, latencyMs, timeToFirstTokenMs, status } = entry.call
  return {
    ...call,
    provider_model: providerModel,
    input_tokens_fresh: inputFresh,
    input_tokens_cached: inputCached,
    output_tokens: output,
    credits_burned: credits,
    latency_ms: latencyMs,
    time_to_first_token_ms: timeToFirstTokenMs,
    status,
  }
}

function toolCallsOf(said: readonly TurnEvent[]): ToolCallRead[] {
  const agents = new Map(said.map(event => (event.type === 'agent_start' ? [event.step, event.agent_key] : [0, ''])))
  const starts = said.filter(event => event.type === 'tool_start')
  return starts.map(({ step, call_id, tool, args }) => {
    const end = said.find(event => event.type === 'tool_end' && event.step === step && event.call_id === call_id)
    const ended = end?.type === 'tool_end' ? { status: end.status, latency_ms: end.latency_ms } : { status: 'running', latency_ms: null }
    return { agent_key: agents.get(step) ?? '', step, tool, input: args, ...ended, credits_charged: '0' }
  })
}

function routingOf(said: readonly TurnEvent[]): RoutingRead[] {
  const roster = said.find(event => event.type === 'turn_started')?.agents.map(agent => agent.agent_key) ?? []
  const evaluations = said.filter(event => event.type === 'manager_think').filter(event => event.phase === 'evaluation')
  const routings = said.filter(event => event.type === 'manager_think').filter(event => event.phase === 'routing')
  return routings.map(({ round, target_agents, instructions }) => ({
    round,
    assignments: target_agents.map(key => ({ agent_key: key, instruction: instructions[key] ?? '' })),
    left_out: roster.filter(key => !target_agents.includes(key)),
    decision: evaluations.find(evaluation => evaluation.round === round)?.decision ?? null,
  }))
}
