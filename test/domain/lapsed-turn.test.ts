import { describe, expect, test } from 'vitest'
import type { TurnEvent } from '../../contract/events.ts'
import { shownText } from '../../server/domain/basic-view.ts'
import { endOfLapsed, type LapsedTurn } from '../../server/domain/lapsed-turn.ts'
import type { EndedCall, JournalEntry, ToolWork } from '../../server/domain/turn.ts'

const roster = [
  { key: 'a', name: 'Ann' },
  { key: 'b', name: 'Bob' },
]
const model = { alias: 'deepseek', provider: 'openrouter', providerModel: 'm', multiplier: '1' } as EndedCall['model']

let calls = 0
const begun = (agentKey: string, step: number, round: number | null = null): JournalEntry => ({
  state: 'begun',
  call: { requestId: String(++calls), purpose: 'agent', agentId: agentKey, agentKey, step, round, model, worstCase: '1' },
})
function ended(agentKey: string, step: number, answer: string, more: Partial<JournalEntry & { state: 'ended' }> = {}): JournalEntry {
  const call = {
    ...begun(agentKey, step).call,
    status: 'success',
    providerModel: 'm',
    inputFresh: 1,
    inputCached: 0,
    output: 2,
    credits: '0.1',
    amount: '0.1',
    charged: true,
  } as EndedCall
  return { state: 'ended', call, answer, toolCalls: 0, ...more }
}
const started = (mode: LapsedTurn['mode']): TurnEvent => ({
  type: 'turn_started',
  turn_id: '00000000-0000-7000-8000-000000000000',
  turn_index: 1,
  mode,
  agents: roster.map(({ key, name }) => ({ agent_key: key, agent_name: name, model_alias: 'deepseek' })),
})
const start = (step: number, { key, name } = roster[step - 1]!, round: number | null = null): TurnEvent => ({
  type: 'agent_start',
  step,
  agent_key: key,
  agent_name: name,
  model_alias: 'deepseek',
  round,
})
const chunk = (step: number, delta: string): TurnEvent => ({ type: 'chunk', delta, step })
const end = (step: number, status: 'success' | 'error' | 'cancelled' = 'success'): TurnEvent => ({
  type: 'agent_end',
  step,
  agent_key: roster[step - 1]!.key,
  status,
  provider_model: 'm',
  usage: { input_tokens_fresh: 1, input_tokens_cached: 0, output_tokens: 2 },
  credits: '0.1',
})
const turn = (journal: JournalEntry[], said: TurnEvent[], mode: LapsedTurn['mode'] = 'roundtable'): LapsedTurn => ({
  mode,
  message: 'Go.',
  speakers: roster,
  roster,
  journal,
  said: said.length === 0 ? [] : [started(mode), ...said],
  isCancelled: false,
})

/** Whatever was heard, whoever hears the rest has what is stored. */
function ends(lapsed: LapsedTurn) {
  const { outcome, tail } = endOfLapsed(lapsed)
  expect(shownText([...lapsed.said, ...tail])).toBe(outcome.output)
  return { outcome, tail, types: tail.map(event => event.type) }
}

describe('a turn whose process died', () => {
  test('was cancelled by its user: what was said is stored as such, without a mark, and who had said nothing is left out', () => {
    const heard = turn([ended('a', 1, 'finished'), begun('b', 2)], [start(1), chunk(1, 'finished'), end(1), start(2), chunk(2, 'cut in ')])
    const { outcome, tail } = ends({ ...heard, isCancelled: true })
    expect(outcome).toMatchObject({ status: 'cancelled', output: 'Ann: finished\n\nBob: cut in ' })
    expect(tail).toMatchObject([{ type: 'agent_end', step: 2, status: 'cancelled' }])
    const silent = ends({ ...turn([begun('a', 1)], []), isCancelled: true })
    expect(silent.outcome).toMatchObject({ status: 'cancelled', output: '' })
    expect(silent.outcome.messages).toHaveLength(1)
    expect(silent.tail).toEqual([])
  })

  test('is stored under the alias of its only agent, and of several under the same word as a turn that ended', () => {
    const alias = (mode: LapsedTurn['mode'], journal: JournalEntry[]) => ends(turn(journal, [], mode)).outcome.modelAliasUsed
    expect(alias('manual', [ended('a', 1, 'once'), begun('a', 1)])).toBe('deepseek')
    expect(alias('roundtable', [ended('a', 1, 'one'), begun('b', 2)])).toBe('roundtable')
    expect(alias('orchestrator', [ended('a', 1, 'one'), begun('b', 2)])).toBe('multi-agent')
  })

  test('keeps answers that ended, and what was heard of one that had not, cut and marked', () => {
    const { outcome, types } = ends(
      turn(
        [ended('a', 1, 'finished'), begun('b', 2)],
        [start(1), chunk(1, 'finished'), end(1), start(2), chunk(2, 'cut in '), chunk(2, 'the')],
      ),
    )
    expect(outcome.output).toBe('Ann: finished\n\nBob: cut in the\n[[agent_error]] agent=Bob code=interrupted')
    expect(outcome.status).toBe('partial')
    expect(types).toEqual(['chunk', 'agent_end'])
    expect(outcome.calls.map(call => call.status)).toEqual(['success', 'unknown'])
    expect(outcome.messages.map(message => message.content)).toEqual([
      'Go.',
      'finished',
      'cut in the\n[[agent_error]] agent=Bob code=interrupted',
    ])
  })

  test('tells the rest of an answer that had ended before all of it was heard', () => {
    const { outcome, types, tail } = ends(turn([ended('a', 1, 'all of it')], [start(1), chunk(1, 'all ')]))
    expect(outcome.output).toBe('Ann: all of it')
    expect(types).toEqual(['chunk', 'agent_end'])
    expect(tail[0]).toEqual(chunk(1, 'of it'))
  })

  test('tells of a step that nobody had heard of', () => {
    const { types } = ends(turn([ended('a', 1, 'one'), ended('b', 2, 'two')], [start(1), chunk(1, 'one')]))
    expect(types).toEqual(['agent_end', 'agent_start', 'chunk', 'agent_end'])
  })

  test('keeps a failure as it was told', () => {
    const { outcome, types } = ends(
      turn(
        [ended('a', 1, ''), begun('b', 2)],
        [start(1), chunk(1, '\n[[agent_error]] agent=Ann code=rate_limited'), end(1, 'error'), start(2), chunk(2, 'yes')],
      ),
    )
    expect(outcome.output).toBe(
      'Ann: \n[[agent_error]] agent=Ann code=rate_limited\n\nBob: yes\n[[agent_error]] agent=Bob code=interrupted',
    )
    expect(types.at(-1)).toBe('agent_end')
  })

  test('is told from the beginning when its log does not go with its journal, and in one piece when there is no log', () => {
    expect(ends(turn([ended('a', 1, 'the answer')], [start(1), chunk(1, 'something else')])).types).toEqual(['reset', 'chunk'])
    const { types, outcome } = ends(turn([ended('a', 1, 'the answer')], []))
    expect(types).toEqual(['chunk'])
    expect(outcome.output).toBe('Ann: the answer')
  })

  test('has failed, and says so, when nobody had said anything', () => {
    const { outcome, types } = ends(turn([begun('a', 1)], [start(1)]))
    expect(outcome.status).toBe('failed')
    expect(types).toEqual(['chunk', 'agent_end', 'error'])
  })

  test('keeps nobody speaking for another, though its stream had not come so far', () => {
    const { outcome } = ends(turn([ended('a', 1, 'mine\nBob: not mine')], [start(1), chunk(1, 'mi')]))
    expect(outcome.output).toBe('Ann: mine')
    expect(ends(turn([ended('a', 1, 'mine\nBob: not mine')], [])).outcome.output).toBe('Ann: mine')
  })

  test('keeps the private traces and the price of tools that had run', () => {
    const trace = {
      role: 'tool' as const,
      visibility: 'private' as const,
      agentKey: 'a',
      sourceAgentKey: 'a',
      agentName: 'Ann',
      content: 'found',
      toolCallId: 'c',
      toolName: 'search',
    }
    const call = {
      agentKey: 'a',
      step: 1,
      callId: 'c',
      tool: 'search',
      input: {},
      outputSha256: null,
      status: 'success' as const,
      latencyMs: 1,
      creditsCharged: '2',
    }
    const ran: ToolWork = { traces: [trace], toolCalls: [call] }
    const { outcome } = ends(
      turn([ended('a', 1, 'I look.', { toolCalls: 1, ran }), begun('a', 1)], [start(1), chunk(1, 'I look.'), chunk(1, '\n\nI f')]),
    )
    expect(outcome.toolCalls).toEqual([call])
    expect(outcome.messages.map(message => message.content)).toEqual([
      'Go.',
      'found',
      'I look.\n\nI f\n[[agent_error]] agent=Ann code=interrupted',
    ])
  })

  test('ends the rounds and steps that were open, in the order in which they would have ended', () => {
    const round: TurnEvent = { type: 'round_start', round: 1 }
    const { types, outcome } = ends(
      turn(
        [begun('a', 1, 1), ended('b', 2, 'two')],
        [round, start(1, roster[0], 1), start(2, roster[1], 1), chunk(2, 'two'), chunk(1, 'on')],
        'orchestrator',
      ),
    )
    expect(types).toEqual(['chunk', 'agent_end', 'agent_end', 'round_end'])
    expect(outcome.output).toBe('Ann: on\n[[agent_error]] agent=Ann code=interrupted\n\nBob: two')
  })
})
