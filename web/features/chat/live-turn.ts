import type { TurnEvent } from '../../../contract/events.ts'
import { sumOf } from '../../ui/decimal.ts'
import { createTextStore } from './text-store.ts'
import type { StepView, TurnPart, TurnView } from './turn-view.ts'

type EventOf<Type extends TurnEvent['type']> = Extract<TurnEvent, { type: Type }>

export interface LiveTurn {
  readonly key: string
  read(): TurnView
  subscribe(listener: () => void): () => void
  apply(event: TurnEvent): void
  setTurnId(turnId: string): void
  setQuestion(question: string): void
  setReconnecting(isReconnecting: boolean): void
  /** It runs on, perhaps, but cannot be followed any more. */
  giveUp(why: string): void
  isOver(): boolean
}

/** A turn as it is told. Its text grows step by step, each in a store of its own; the view changes only when its shape does. */
export function createLiveTurn(key: string, question: string | null): LiveTurn {
  let view = blank(key, question)
  let names = new Map<string, string>()
  const listeners = new Set<() => void>()
  const set = (changes: Partial<TurnView>) => {
    view = { ...view, ...changes }
    for (const listener of listeners) listener()
  }
  const nameOf = (agentKey: string) => names.get(agentKey) ?? agentKey
  const add = (part: TurnPart) => set({ parts: [...view.parts, part] })
  const change = (step: number, changed: (step: StepView) => StepView) => set({ parts: withStep(view.parts, String(step), changed) })

  const handlers: { [Type in TurnEvent['type']]: (event: EventOf<Type>) => void } = {
    turn_started(event) {
      names = new Map(event.agents.map(agent => [agent.agent_key, agent.agent_name]))
      set({ turnId: event.turn_id, index: event.turn_index, mode: event.mode })
    },
    manager_think(event) {
      if (event.phase === 'evaluation')
        return add({ kind: 'judged', key: `judged-${event.round}`, round: event.round, decision: event.decision })
      const picks = event.target_agents.map(agentKey => ({
        agentKey,
        agentName: nameOf(agentKey),
        instruction: event.instructions[agentKey] ?? '',
      }))
      const leftOut = [...names].filter(([agentKey]) => !event.target_agents.includes(agentKey)).map(([, name]) => name)
      add({ kind: 'routing', key: `routing-${event.round}`, round: event.round, picks, leftOut })
    },
    agent_start(event) {
      const step = started(event)
      if (event.agent_key === 'manager') return add({ kind: 'synthesis', key: 'synthesis', step })
      const last = view.parts.at(-1)
      if (event.round !== null && last?.kind === 'steps' && last.round === event.round)
        return set({ parts: [...view.parts.slice(0, -1), { ...last, steps: [...last.steps, step] }] })
      add({ kind: 'steps', key: `steps-${event.step}`, round: event.round, steps: [step] })
    },
    chunk(event) {
      const step = event.step === undefined ? undefined : stepIn(view.parts, String(event.step))
      if (step) return step.text.append(event.delta)
      add({ kind: 'text', key: `text-${view.parts.length}`, text: event.delta })
    },
    tool_start({ step, call_id, tool, args }) {
      const started = { key: call_id, tool, args, status: 'running', latencyMs: null, summary: null }
      change(step, at => ({ ...at, tools: [...at.tools, started] }))
    },
    tool_end({ step, call_id, status, latency_ms, summary }) {
      const ended = { status, latencyMs: latency_ms, summary }
      change(step, at => ({ ...at, tools: at.tools.map(tool => (tool.key === call_id ? { ...tool, ...ended } : tool)) }))
    },
    agent_end({ step, status, usage, credits }) {
      const tokens = usage.input_tokens_fresh + usage.input_tokens_cached + usage.output_tokens
      change(step, at => ({ ...at, status, credits, tokens }))
      const steps = stepsOf(view.parts)
      set({
        credits: sumOf(steps.flatMap(each => (each.credits === null ? [] : [each.credits]))),
        tokens: steps.reduce((sum, each) => sum + (each.tokens ?? 0), 0),
      })
    },
    round_start: () => undefined,
    round_end: () => undefined,
    error: event => set({ failure: event.message }),
    reset: () => set({ ...blank(key, view.question), turnId: view.turnId, index: view.index, mode: view.mode }),
    done(event) {
      const parts = withEnd(view.parts, endOf(event.status))
      set({ turnId: event.turn_id, status: event.status, limit: event.limit ?? null, parts, isReconnecting: false })
    },
  }
  return {
    key,
    read: () => view,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    apply: event => (handlers[event.type] as (event: TurnEvent) => void)(event),
    setTurnId: turnId => set({ turnId }),
    setQuestion: question => set({ question }),
    setReconnecting: isReconnecting => view.isReconnecting !== isReconnecting && set({ isReconnecting }),
    giveUp: why => set({ status: 'lost', failure: why, parts: withEnd(view.parts, 'cancelled'), isReconnecting: false }),
    isOver: () => view.status !== 'running',
  }
}

const blank = (key: string, question: string | null): TurnView => ({
  key,
  turnId: null,
  index: null,
  mode: null,
  question,
  status: 'running',
  parts: [],
  credits: null,
  tokens: null,
  limit: null,
  failure: null,
  isReplaced: false,
  isReconnecting: false,
})

const started = (event: EventOf<'agent_start'>): StepView => ({
  key: String(event.step),
  agentKey: event.agent_key,
  agentName: event.agent_name,
  modelAlias: event.model_alias,
  tools: [],
  status: 'running',
  text: createTextStore(),
  credits: null,
  tokens: null,
})

const endOf = (status: EventOf<'done'>['status']): StepView['status'] =>
  status === 'completed' ? 'success' : status === 'cancelled' ? 'cancelled' : 'error'

export const stepsOf = (parts: TurnPart[]): StepView[] =>
  parts.flatMap(part => (part.kind === 'steps' ? part.steps : part.kind === 'synthesis' ? [part.step] : []))

const stepIn = (parts: TurnPart[], key: string) => stepsOf(parts).find(step => step.key === key)

const mapSteps = (parts: TurnPart[], changed: (step: StepView) => StepView): TurnPart[] =>
  parts.map(part => {
    if (part.kind === 'steps') return { ...part, steps: part.steps.map(changed) }
    if (part.kind === 'synthesis') return { ...part, step: changed(part.step) }
    return part
  })

/** Nobody speaks any more. */
const withEnd = (parts: TurnPart[], status: StepView['status']): TurnPart[] =>
  mapSteps(parts, step => (step.status === 'running' ? { ...step, status } : step))

const withStep = (parts: TurnPart[], key: string, changed: (step: StepView) => StepView): TurnPart[] =>
  mapSteps(parts, step => (step.key === key ? changed(step) : step))
