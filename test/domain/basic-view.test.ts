import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BasicEvent, type TurnEvent } from '../../contract/events.ts'
import type { TurnMode } from '../../contract/turns.ts'
import { agentErrorDelta, assistantOutput, type OutputStep, outputShape } from '../../server/domain/assistant-output.ts'
import { createBasicView } from '../../server/domain/basic-view.ts'

const turnId = '0198c7a0-0000-7000-8000-000000000001'

const turnStarted = (mode: TurnMode, names: string[]): TurnEvent => ({
  type: 'turn_started',
  turn_id: turnId,
  turn_index: 1,
  mode,
  agents: names.map(name => ({ agent_key: name.toLowerCase(), agent_name: name, model_alias: 'demo' })),
})
const agentStart = (step: number, name: string, round: number | null): TurnEvent => ({
  type: 'agent_start',
  step,
  agent_key: name.toLowerCase(),
  agent_name: name,
  model_alias: 'demo',
  round,
})
const chunk = (step: number, delta: string): TurnEvent => ({ type: 'chunk', step, delta })
const agentEnd = (step: number, status: 'success' | 'error' | 'cancelled' = 'success'): TurnEvent => ({
  type: 'agent_end',
  step,
  agent_key: 'x',
  status,
  provider_model: 'demo',
  usage: { input_tokens_fresh: 0, input_tokens_cached: 0, output_tokens: 0 },
  credits: '0',
})
const done: TurnEvent = {
  type: 'done',
  turn_id: turnId,
  provider_model: 'demo',
  status: 'completed',
  summary_used_fallback: false,
  balance_after: null,
  low_balance: false,
}

const deltas = (events: BasicEvent[]) => events.map(event => (event.type === 'chunk' ? event.delta : '')).join('')
const project = (events: TurnEvent[]): BasicEvent[] => {
  const view = createBasicView()
  return events.flatMap(event => view.push(event))
}

describe('the basic view', () => {
  it('lets the first of parallel specialists flow and shows the others behind it, in assignment order', () => {
    const view = createBasicView()
    const shown = (event: TurnEvent) => deltas(view.push(event))
    for (const event of [
      turnStarted('orchestrator', ['S1', 'S2', 'S3']),
      agentStart(1, 'S3', 1),
      agentStart(2, 'S1', 1),
      agentStart(3, 'S2', 1),
    ]) {
      expect(shown(event)).toBe('')
    }
    expect(shown(chunk(2, 'wait'))).toBe('')
    expect(shown(chunk(1, 'now'))).toBe('S3: now')
    expect(shown(chunk(3, 'last'))).toBe('')
    expect(shown(agentEnd(3))).toBe('')
    expect(shown(chunk(1, ' and now'))).toBe(' and now')
    expect(shown(agentEnd(1))).toBe('\n\nS1: wait')
    expect(shown(chunk(2, 'ed'))).toBe('ed')
    expect(shown(agentEnd(2))).toBe('\n\nS2: last')
  })

  it('shows a single agent without its name, chunk for chunk', () => {
    const shown = project([turnStarted('standalone', ['Ada']), agentStart(1, 'Ada', null), chunk(1, 'a'), chunk(1, 'b'), agentEnd(1), done])
    expect(shown).toEqual([{ type: 'chunk', delta: 'a' }, { type: 'chunk', delta: 'b' }, done])
  })

  it('passes rounds, errors and the end on, and nothing that a simple client does not know', () => {
    const shown = project([
      turnStarted('orchestrator', ['Ada']),
      { type: 'manager_think', phase: 'routing', round: 1, target_agents: ['ada'], instructions: {} },
      { type: 'round_start', round: 1 },
      agentStart(1, 'Ada', 1),
      { type: 'tool_start', step: 1, call_id: 'c', tool: 'search', args: {} },
      { type: 'tool_end', step: 1, call_id: 'c', tool: 'search', status: 'success', latency_ms: 1, summary: '' },
      chunk(1, 'x'),
      agentEnd(1),
      { type: 'round_end', round: 1 },
      { type: 'manager_think', phase: 'evaluation', round: 1, decision: 'synthesize' },
      { type: 'error', code: 'provider_error', message: 'm' },
      done,
    ])
    expect(shown.map(event => event.type)).toEqual(['round_start', 'chunk', 'round_end', 'error', 'done'])
  })

  it('shows the replay of a stored output as it is, and starts anew after a reset', () => {
    const replay: TurnEvent[] = [{ type: 'chunk', delta: 'A: 1\n\nB: 2' }, done]
    expect(project(replay)).toEqual(replay)
    const shown = project([
      turnStarted('manual', ['A', 'B']),
      agentStart(1, 'A', null),
      chunk(1, 'lost'),
      { type: 'reset' },
      turnStarted('manual', ['A', 'B']),
      agentStart(1, 'A', null),
      chunk(1, 'kept'),
      agentEnd(1),
      done,
    ])
    expect(deltas(shown.slice(shown.findIndex(event => event.type === 'reset')))).toBe('A: kept')
  })

  it('ends a step that nobody ended when the turn is done', () => {
    const shown = project([
      turnStarted('orchestrator', ['A', 'B', 'C']),
      agentStart(1, 'A', 1),
      agentStart(2, 'B', 1),
      agentStart(3, 'C', 1),
      chunk(1, 'one'),
      chunk(3, 'three'),
      done,
    ])
    expect(deltas(shown)).toBe('A: one\n\nC: three')
    expect(shown.at(-1)).toEqual(done)
  })
})

interface Script {
  mode: TurnMode
  names: string[]
  /** The groups run one after another; the steps of a group at the same time. */
  groups: { round: number | null; steps: ScriptedStep[] }[]
}
interface ScriptedStep {
  name: string
  chunks: string[]
  end: 'success' | 'error' | 'cancelled'
}

const texts = fc.array(fc.constantFrom('', 'a', 'b\n', '\n', 'long text ', '[Round 2]\n', '[[agent_error]]', '😀', '\n\n---\n\n'), {
  maxLength: 5,
})
const scriptedStep = (name: string): fc.Arbitrary<ScriptedStep> =>
  fc.record({ name: fc.constant(name), chunks: texts, end: fc.constantFrom('success', 'success', 'error', 'cancelled') })
const oneAfterAnother: fc.Arbitrary<Script> = fc
  .tuple(fc.constantFrom<TurnMode>('standalone', 'manual', 'roundtable'), fc.integer({ min: 1, max: 4 }))
  .chain(([mode, count]) => {
    const names = ['Ada', 'Ben', 'Cy', 'Di'].slice(0, mode === 'standalone' ? 1 : count)
    return fc.tuple(...names.map(scriptedStep)).map(steps => ({ mode, names, groups: steps.map(step => ({ round: null, steps: [step] })) }))
  })
const roundOf = (round: number) =>
  fc.subarray(['S1', 'S2', 'S3'], { minLength: 1 }).chain(names => fc.tuple(...names.map(scriptedStep)).map(steps => ({ round, steps })))
const orchestrated: fc.Arbitrary<Script> = fc
  .tuple(fc.integer({ min: 1, max: 3 }), fc.option(scriptedStep('Manager')))
  .chain(([rounds, synthesis]) =>
    fc.tuple(...Array.from({ length: rounds }, (_, index) => roundOf(index + 1))).map(groups => ({
      mode: 'orchestrator' as const,
      names: ['S1', 'S2', 'S3'],
      groups: synthesis ? [...groups, { round: null, steps: [synthesis] }] : groups,
    })),
  )

/** Plays a script as the engine would; `pick` chooses whose turn it is among steps that run side by side. */
function play(script: Script, pick: () => number): { events: TurnEvent[]; steps: OutputStep[] } {
  const shape = outputShape(script.mode, script.names.length)
  const events: TurnEvent[] = [turnStarted(script.mode, script.names)]
  const steps: OutputStep[] = []
  for (const group of script.groups) {
    const running = group.steps.map(({ name, chunks, end }) => {
      const text = chunks.join('')
      const speaker = { agentName: name, round: group.round }
      steps.push({ ...speaker, text, end: end === 'error' ? { kind: end, code: 'provider_error' } : { kind: end } })
      const number = steps.length
      events.push(agentStart(number, name, group.round))
      const errorChunk = end === 'error' ? [chunk(number, agentErrorDelta(shape, speaker, text, 'provider_error'))] : []
      return [...chunks.map(delta => chunk(number, delta)), ...errorChunk, agentEnd(number, end)]
    })
    while (running.some(queue => queue.length > 0)) {
      const waiting = running.filter(queue => queue.length > 0)
      events.push(waiting[pick() % waiting.length]!.shift()!)
    }
  }
  return { events: [...events, done], steps }
}

describe('a stream is the turn', () => {
  it('joins to the stored output, whatever the mode, the interleaving and the failures', () => {
    const seeds = fc.array(fc.nat(5), { minLength: 60, maxLength: 60 })
    fc.assert(
      fc.property(fc.oneof(oneAfterAnother, orchestrated), seeds, (script, picks) => {
        let next = 0
        const { events, steps } = play(script, () => picks[next++ % picks.length]!)
        const shown = project(events)
        expect(deltas(shown)).toBe(assistantOutput(outputShape(script.mode, script.names.length), steps))
        for (const event of shown) expect(BasicEvent.parse(event)).toEqual(event)
        expect(shown.some(event => 'step' in event)).toBe(false)
      }),
      { numRuns: 500 },
    )
  })
})
