import { aliasUsed } from '../domain/alias-used.ts'
import { assistantOutput, outputShape } from '../domain/assistant-output.ts'
import type { SessionSummary, TurnMessage, TurnOutcome, TurnSnapshot } from '../domain/turn.ts'
import type { FirstCall } from './first-call.ts'
import { TurnLost } from './journal.ts'
import { type ModeResult, runMode } from './modes/mode.ts'
import { createSpending } from './spending.ts'
import type { FinishedStep } from './step.ts'
import { type AdmittedCall, reachLimit, type Turn, type TurnPorts, type TurnSettings } from './turn.ts'

/**
 * Runs one turn on its snapshot: events out by `ports.emit`, the outcome for the close as the result.
 * Providers' and tools' failures are in the outcome. Throws `TurnLost` when another process has taken the turn over, and faults of ours.
 */
export async function runEngine(
  snapshot: TurnSnapshot,
  first: FirstCall & { admitted: AdmittedCall },
  settings: TurnSettings,
  ports: TurnPorts,
): Promise<TurnOutcome> {
  const time = timeLimit(settings.turnMaxSeconds)
  const turn = beginTurn(snapshot, first.admitted, settings, ports, time)
  time.over.addEventListener('abort', () => reachLimit(turn, 'seconds'))
  try {
    ports.emit(turnStarted(snapshot))
    const result = await runMode(turn, first)
    const written = turn.summary && (await turn.summary.finish())
    if (ports.stopped.reason === 'lost') throw new TurnLost()
    return outcomeOf(turn, result, written)
  } finally {
    time.release()
    turn.summary?.abandon()
  }
}

/** What the synthesis may still take when the turn's own time is over. */
const OWED_SECONDS = 60

interface TimeLimit {
  over: AbortSignal
  owedOver: AbortSignal
  release(): void
}

function timeLimit(seconds: number): TimeLimit {
  const over = new AbortController()
  const owedOver = new AbortController()
  const timers = [setTimeout(() => over.abort(), seconds * 1000), setTimeout(() => owedOver.abort(), (seconds + OWED_SECONDS) * 1000)]
  return { over: over.signal, owedOver: owedOver.signal, release: () => timers.forEach(clearTimeout) }
}

function beginTurn(snapshot: TurnSnapshot, admitted: AdmittedCall, settings: TurnSettings, ports: TurnPorts, time: TimeLimit): Turn {
  const spending = createSpending(snapshot.maxCredits)
  spending.open(admitted.requestId, admitted.worstCase)
  return {
    snapshot,
    settings,
    ports,
    spending,
    shape: outputShape(snapshot.mode, snapshot.speakers.length),
    work: AbortSignal.any([ports.stopped, time.over]),
    owedWork: AbortSignal.any([ports.stopped, time.owedOver]),
    admitted,
    calls: [],
    toolCalls: [],
    audits: [],
    modelCallsBegun: 0,
    toolCallsBegun: 0,
    stepsBegun: 0,
    summary: null,
    limit: null,
  }
}

const turnStarted = (snapshot: TurnSnapshot) => ({
  type: 'turn_started' as const,
  turn_id: snapshot.turnId,
  turn_index: snapshot.turnIndex,
  mode: snapshot.mode,
  agents: snapshot.speakers.map(({ key, name, model }) => ({ agent_key: key, agent_name: name, model_alias: model.alias })),
})

function outcomeOf(turn: Turn, { steps, routing, cutShort }: ModeResult, summary: SessionSummary | null): TurnOutcome {
  const said = steps.filter(step => step.text !== '' || step.end.kind !== 'cancelled')
  const status = statusOf(turn, steps, cutShort)
  return {
    status,
    output: assistantOutput(turn.shape, steps),
    modelAliasUsed: aliasUsed(turn.snapshot.mode, agentsOf(turn, steps)),
    providerModel: steps.findLast(step => step.providerModel !== null)?.providerModel ?? turn.snapshot.speakers[0]!.model.providerModel,
    limit: turn.limit,
    messages: [userMessage(turn.snapshot.message), ...said.flatMap(step => [...step.traces, spokenMessage(step)])],
    calls: turn.calls,
    toolCalls: turn.toolCalls,
    audits: turn.audits,
    routing,
    summary,
    summaryTriggered: turn.summary !== null,
    pruneTriggered: turn.audits.some(audit => audit.prune_triggered),
    overflowRejected: turn.audits.some(audit => audit.overflow_rejected),
    failure: status === 'failed' ? failureOf(steps) : null,
  }
}

/** `cutShort`: work that the mode had planned was not done. */
function statusOf(turn: Turn, steps: FinishedStep[], cutShort: boolean): TurnOutcome['status'] {
  if (turn.ports.stopped.reason === 'cancelled') return 'cancelled'
  const answered = steps.filter(step => step.end.kind === 'success' || (step.end.kind === 'cancelled' && step.text !== ''))
  if (answered.length === 0) return 'failed'
  return cutShort || answered.some(step => step.end.kind === 'cancelled') || answered.length < steps.length ? 'partial' : 'completed'
}

/** Who spoke; where nobody did, who was to. */
function agentsOf({ snapshot }: Turn, steps: FinishedStep[]): { key: string; alias: string }[] {
  const spoke = steps.filter(step => step.agent.id !== null).map(step => step.agent)
  return (spoke.length > 0 ? spoke : snapshot.speakers).map(({ key, model }) => ({ key, alias: model.alias }))
}

const userMessage = (content: string): TurnMessage => ({
  role: 'user',
  visibility: 'shared',
  agentKey: null,
  sourceAgentKey: null,
  agentName: null,
  content,
  toolCallId: null,
  toolName: null,
})

/** What a step said, as its block of the output has it, without the head. */
const spokenMessage = (step: FinishedStep): TurnMessage => ({
  role: 'assistant',
  visibility: 'shared',
  agentKey: step.agent.key,
  sourceAgentKey: step.agent.key,
  agentName: step.agent.name,
  content: assistantOutput('plain', [step]),
  toolCallId: null,
  toolName: null,
})

function failureOf(steps: FinishedStep[]): TurnOutcome['failure'] {
  const failures = steps.map(step => step.failure).filter(failure => failure !== null)
  const last = failures.at(-1)
  // Nobody failed at a provider: a cap, or a context that did not fit, kept them from answering.
  if (!last) return null
  // A turn timed out only when that is all that went wrong.
  const code = failures.every(failure => failure.code === 'provider_timeout') ? 'provider_timeout' : 'provider_error'
  return { code, message: last.message }
}
