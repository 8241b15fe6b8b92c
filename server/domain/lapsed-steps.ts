import type { TurnEvent } from '../../contract/events.ts'
import type { OutputStep } from './assistant-output.ts'
import type { LapsedTurn } from './lapsed-turn.ts'
import { createOwnVoice } from './own-voice.ts'
import { otherNames } from './speaker.ts'
import type { JournalEntry, ToolCallEvent, TurnMessage } from './turn.ts'

/** What is known of one step of a turn whose process died: what was heard of it, and what its calls had brought. */
export interface LapsedStep extends OutputStep {
  number: number
  agentKey: string
  modelAlias: string
  /** Its beginning was told. */
  begun: boolean
  /** Its end was told, and with it all of its text. */
  over: boolean
  /** What was told of its text; an error's line not included. */
  heard: string
  entries: JournalEntry[]
  traces: TurnMessage[]
  toolCalls: ToolCallEvent[]
}

type EventOf<Type extends TurnEvent['type']> = Extract<TurnEvent, { type: Type }>

/** No agent has its key. */
export const MANAGER = { key: 'manager', name: 'Manager' }

/** In the order they were announced. */
export function lapsedSteps(turn: LapsedTurn): LapsedStep[] {
  const heard = heardSteps(turn.said)
  const journalled = Map.groupBy(
    turn.journal.filter(({ call }) => call.step !== null),
    ({ call }) => call.step!,
  )
  const numbers = [...new Set([...heard.keys(), ...journalled.keys()])].toSorted((a, b) => a - b)
  return numbers.map(number => lapsedStep(turn, number, heard.get(number) ?? null, journalled.get(number) ?? []))
}

interface HeardStep {
  start: EventOf<'agent_start'>
  deltas: string[]
  end: EventOf<'agent_end'>['status'] | null
}

function heardSteps(said: readonly TurnEvent[]): Map<number, HeardStep> {
  const steps = new Map<number, HeardStep>()
  for (const event of said) {
    if (event.type === 'agent_start') steps.set(event.step, { start: event, deltas: [], end: null })
    else if (event.type === 'chunk' && event.step !== undefined) steps.get(event.step)?.deltas.push(event.delta)
    else if (event.type === 'agent_end') steps.get(event.step)!.end = event.status
  }
  return steps
}

function lapsedStep(turn: LapsedTurn, number: number, heard: HeardStep | null, entries: JournalEntry[]): LapsedStep {
  const call = entries[0]?.call
  const key = heard?.start.agent_key ?? call?.agentKey ?? MANAGER.key
  const speaker = turn.speakers.find(each => each.key === key) ?? MANAGER
  return {
    number,
    agentKey: speaker.key,
    agentName: speaker.name,
    modelAlias: heard?.start.model_alias ?? call?.model.alias ?? '',
    round: heard ? heard.start.round : (call?.round ?? null),
    begun: heard !== null,
    over: heard !== null && heard.end !== null,
    entries,
    traces: entries.flatMap(entry => (entry.state === 'ended' ? (entry.ran?.traces ?? []) : [])),
    toolCalls: entries.flatMap(entry => (entry.state === 'ended' ? (entry.ran?.toolCalls ?? []) : [])),
    ...(heard?.end ? toldEnd(heard.deltas, heard.end) : untoldEnd(turn, speaker, heard?.deltas.join('') ?? '', entries)),
  }
}

type StepText = Pick<LapsedStep, 'heard' | 'text' | 'end'>

/** The line of an error is the last delta of its step (`agentErrorDelta`). */
function toldEnd(deltas: string[], status: EventOf<'agent_end'>['status']): StepText {
  if (status !== 'error') return { heard: deltas.join(''), text: deltas.join(''), end: { kind: status } }
  const text = deltas.slice(0, -1).join('')
  return { heard: text, text, end: { kind: 'error', code: /code=([a-z_]+)$/.exec(deltas.at(-1) ?? '')?.[1] ?? 'interrupted' } }
}

/** Answers that ended are whole; of one that did not, there is what was heard. */
function untoldEnd(turn: LapsedTurn, speaker: { key: string; name: string }, heard: string, entries: JournalEntry[]): StepText {
  const { text, interrupted } = spokenText(speaker === MANAGER ? [] : otherNames(turn.roster, speaker), entries)
  const last = entries.at(-1)
  // Tool calls without an answer behind them are the middle of a step.
  const finished = interrupted || (last?.state === 'ended' && last.call.status === 'success' && last.toolCalls === 0)
  return {
    heard,
    text: heard.startsWith(text) && !finished ? heard : text,
    end: finished ? { kind: 'success' } : turn.isCancelled ? { kind: 'cancelled' } : { kind: 'error', code: 'interrupted' },
  }
}

/** The answers of a step's calls as the stream would have shown them: up to the first line that speaks for somebody else. */
function spokenText(others: string[], entries: JournalEntry[]): { text: string; interrupted: boolean } {
  const voice = createOwnVoice(others)
  let text = ''
  for (const entry of entries) {
    if (entry.state === 'ended' && entry.answer !== '') text += voice.push(text === '' ? entry.answer : `\n\n${entry.answer}`)
  }
  const interrupted = voice.ended
  return { text: text + voice.end(), interrupted }
}
