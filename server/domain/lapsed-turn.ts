import type { TurnMode } from '../../contract/turns.ts'
import { assistantOutput, outputShape } from './assistant-output.ts'
import type { BegunCall, EndedCall, JournalEntry, TurnMessage, TurnOutcome } from './turn.ts'

/** A turn whose process died, as its row tells of it. */
export interface LapsedTurn {
  mode: TurnMode
  message: string
  /** Who was to answer, by key. */
  speakers: { key: string; name: string }[]
  /** In the order the calls began. */
  journal: JournalEntry[]
}

interface ToldStep {
  agentKey: string
  agentName: string
  round: number | null
  text: string
  end: { kind: 'success' } | { kind: 'error'; code: string }
}

const MANAGER = { key: 'manager', name: 'Manager' }

/**
 * What can be closed of a turn that nobody runs any more: the answers that had ended, each call with its bill as it was journalled.
 * A call whose end nobody saw is `unknown` and costs its user nothing; its step is marked as interrupted.
 */
export function outcomeOfLapsed(turn: LapsedTurn): TurnOutcome {
  const steps = toldSteps(turn)
  const calls = turn.journal.map(entry => (entry.state === 'ended' ? entry.call : unknownCall(entry.call)))
  const said = steps.filter(step => step.text !== '')
  const agentAliases = new Set(calls.filter(call => call.purpose === 'agent').map(call => call.model.alias))
  return {
    status: said.length > 0 ? 'partial' : 'failed',
    output: assistantOutput(outputShape(turn.mode, turn.speakers.length), steps),
    modelAliasUsed: agentAliases.size === 1 ? [...agentAliases][0]! : turn.mode === 'roundtable' ? 'roundtable' : 'multi-agent',
    providerModel: calls.findLast(call => call.status === 'success')?.providerModel ?? '',
    limit: null,
    messages: [sharedMessage('user', null, null, turn.message), ...steps.map(spoken)],
    calls,
    toolCalls: [],
    audits: [],
    routing: [],
    summary: null,
    summaryTriggered: false,
    pruneTriggered: false,
    overflowRejected: false,
    failure: null,
  }
}

function toldSteps(turn: LapsedTurn): ToldStep[] {
  const ofSteps = turn.journal.filter(({ call }) => call.step !== null)
  const byStep = Map.groupBy(ofSteps, ({ call }) => call.step!)
  return [...byStep].toSorted(([a], [b]) => a - b).map(([, entries]) => toldStep(turn, entries))
}

function toldStep(turn: LapsedTurn, entries: JournalEntry[]): ToldStep {
  const { agentKey, round } = entries[0]!.call
  const speaker = turn.speakers.find(({ key }) => key === agentKey) ?? MANAGER
  const text = entries.map(entry => (entry.state === 'ended' ? entry.answer : '')).filter(answer => answer !== '')
  const lastEntry = entries.at(-1)
  // Tool calls without an answer behind them are the middle of a step.
  const finished =
    entries.every(entry => entry.state === 'ended' && entry.call.status === 'success') &&
    lastEntry?.state === 'ended' &&
    lastEntry.toolCalls === 0
  return {
    agentKey: speaker.key,
    agentName: speaker.name,
    round,
    text: text.join('\n\n'),
    end: finished ? { kind: 'success' } : { kind: 'error', code: 'interrupted' },
  }
}

const unknownCall = (call: BegunCall): EndedCall => ({
  ...call,
  status: 'unknown',
  providerModel: call.model.providerModel,
  providerRequestId: null,
  inputFresh: 0,
  inputCached: 0,
  output: 0,
  usageEstimated: false,
  oeTokens: '0',
  costUsd: '0',
  charged: false,
  amount: '0',
  credits: '0',
  latencyMs: null,
  timeToFirstTokenMs: null,
})

const spoken = (step: ToldStep): TurnMessage => sharedMessage('assistant', step.agentKey, step.agentName, assistantOutput('plain', [step]))

const sharedMessage = (role: 'user' | 'assistant', key: string | null, name: string | null, content: string): TurnMessage => ({
  role,
  visibility: 'shared',
  agentKey: key,
  sourceAgentKey: key,
  agentName: name,
  content,
  toolCallId: null,
  toolName: null,
})
