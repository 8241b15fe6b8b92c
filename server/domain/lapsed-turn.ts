import type { TurnEvent } from '../../contract/events.ts'
import type { TurnMode } from '../../contract/turns.ts'
import { aliasUsed } from './alias-used.ts'
import { assistantOutput, outputShape } from './assistant-output.ts'
import { shownText } from './basic-view.ts'
import { type LapsedStep, lapsedSteps, MANAGER } from './lapsed-steps.ts'
import { untoldEvents } from './lapsed-tail.ts'
import type { BegunCall, EndedCall, JournalEntry, TurnMessage, TurnOutcome } from './turn.ts'

/** A turn whose process died, as its row and what is left of its log tell of it. */
export interface LapsedTurn {
  mode: TurnMode
  message: string
  /** Who was to answer. */
  speakers: { key: string; name: string }[]
  /** Everybody whose lines no other may speak. */
  roster: { key: string; name: string }[]
  /** In the order the calls began. */
  journal: JournalEntry[]
  /** What it said until it fell silent; empty when that is lost. */
  said: readonly TurnEvent[]
  /** Its user did not want the rest of it any more. */
  isCancelled: boolean
}

export interface LapsedEnd {
  outcome: TurnOutcome
  /** What those who have heard `said` must be told before `done`, so that they have what is stored. */
  tail: TurnEvent[]
}

/**
 * What can be closed of a turn that nobody runs any more: the answers that had ended, what was heard of those that had not, cut and (unless its
 * user had cancelled it) marked, and each call with its bill as it was journalled. A call whose end nobody saw is `unknown` and costs its user
 * nothing.
 */
export function endOfLapsed(turn: LapsedTurn): LapsedEnd {
  const steps = lapsedSteps(turn)
  const outcome = outcomeOf(turn, steps)
  return { outcome, tail: tailOf(turn, steps, outcome) }
}

function outcomeOf(turn: LapsedTurn, steps: LapsedStep[]): TurnOutcome {
  const calls = turn.journal.map(entry => (entry.state === 'ended' ? entry.call : unknownCall(entry.call)))
  const kept = steps.filter(step => step.text !== '' || step.end.kind !== 'cancelled')
  return {
    status: statusOf(turn, steps),
    output: assistantOutput(outputShape(turn.mode, turn.speakers.length), steps),
    modelAliasUsed: aliasUsed(
      turn.mode,
      steps.filter(step => step.agentKey !== MANAGER.key).map(step => ({ key: step.agentKey, alias: step.modelAlias })),
    ),
    providerModel: calls.findLast(call => call.status === 'success')?.providerModel ?? '',
    limit: null,
    messages: [sharedMessage('user', null, null, turn.message), ...kept.flatMap(step => [...step.traces, spoken(step)])],
    calls,
    toolCalls: steps.flatMap(step => step.toolCalls),
    audits: [],
    routing: [],
    summary: null,
    summaryTriggered: false,
    pruneTriggered: false,
    overflowRejected: false,
    failure: null,
  }
}

function statusOf(turn: LapsedTurn, steps: LapsedStep[]): TurnOutcome['status'] {
  if (turn.isCancelled) return 'cancelled'
  return steps.some(step => step.text !== '') ? 'partial' : 'failed'
}

function tailOf(turn: LapsedTurn, steps: LapsedStep[], { output, status }: TurnOutcome): TurnEvent[] {
  const tail = eventsUpTo(output, turn, steps)
  return status === 'failed' ? [...tail, NOTHING_SAID] : tail
}

function eventsUpTo(output: string, turn: LapsedTurn, steps: LapsedStep[]): TurnEvent[] {
  const whole: TurnEvent[] = output === '' ? [] : [{ type: 'chunk', delta: output }]
  if (turn.said.length === 0) return whole
  const untold = untoldEvents(turn, steps)
  return shownText([...turn.said, ...untold]) === output ? untold : [{ type: 'reset' }, ...whole]
}

const NOTHING_SAID: TurnEvent = {
  type: 'error',
  code: 'unavailable',
  message: 'The server that ran this turn stopped before anybody had answered.',
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

const spoken = (step: LapsedStep): TurnMessage =>
  sharedMessage('assistant', step.agentKey, step.agentName, assistantOutput('plain', [step]))

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
