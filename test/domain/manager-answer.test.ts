import { describe, expect, it } from 'vitest'
import { jsonInProse } from '../../server/domain/json-in-prose.ts'
import { readEvaluation, readRouting, routeToAll } from '../../server/domain/manager-answer.ts'

const roster = ['writer', 'Critic', 'coder', 'judge'].map(key => ({ key }))
const routed = (answer: string, maximum = 3) => {
  const { assignments, how } = readRouting(answer, roster, maximum)
  return { picked: assignments.map(({ agent, instruction }) => [agent.key, instruction]), how }
}
const keys = (answer: string, maximum = 3) => routed(answer, maximum).picked.map(([key]) => key)

describe('a routing', () => {
  it('is read from assignments, with their instructions, in their order', () => {
    const answer = '{"assignments": [{"agent_key": "coder", "instruction": " write it "}, {"agent_key": "writer"}]}'
    expect(routed(answer)).toEqual({
      picked: [
        ['coder', 'write it'],
        ['writer', ''],
      ],
      how: 'manager',
    })
  })

  it.each([
    ['{"selected_agent_keys": ["coder", "writer"]}', ['coder', 'writer']],
    ['{"selected_agent_key": "coder"}', ['coder']],
    ['{"agent_key": "coder", "instruction": "x"}', ['coder']],
    ['{"assignments": ["coder", {"agent_key": "writer"}]}', ['coder', 'writer']],
    ['[{"agent_key": "coder"}, {"agent_key": "writer"}]', ['coder', 'writer']],
    ['["coder"]', ['coder']],
    ['```json\n{"assignments": [{"agent_key": "coder"}]}\n```', ['coder']],
    ['Sure {as you wish}! I pick [them]: {"assignments": [{"agent_key": "coder"}]} because {reasons}.', ['coder']],
    ['An unclosed { brace, then {"selected_agent_keys": ["coder"]}', ['coder']],
    ['<think>{"agent_key": "writer"}</think>{"agent_key": "coder"}', ['coder']],
    ['{"assignments": [{"agent_key": "coder", "instruction": "use } and \\" and ]"}]}', ['coder']],
    ['{"thought": "hm"} {"agent_key": "coder"}', ['coder']],
    ['{"assignments": [{"agent_key": "coder", "instruction": "a"}, {"agent_key": "wri', ['coder']],
    ['{"assignments": [{"agent_key": "coder", "instruction": 7}, 8, null, {"agent": "x"}]}', ['coder']],
  ])('is read in any of its forms: %s', (answer, picked) => {
    expect(keys(answer)).toEqual(picked)
    expect(routed(answer).how).toBe('manager')
  })

  it('matches keys without case, and drops unknown keys and duplicates', () => {
    expect(keys('{"selected_agent_keys": ["ghost", "CRITIC", " critic ", "Writer"]}')).toEqual(['Critic', 'writer'])
    const twice = '{"assignments": [{"agent_key": "coder", "instruction": "first"}, {"agent_key": "CODER", "instruction": "second"}]}'
    expect(routed(twice).picked).toEqual([['coder', 'first']])
  })

  it('never holds more than the maximum', () => {
    const answer = '{"selected_agent_keys": ["judge", "coder", "judge", "writer", "critic"]}'
    expect(keys(answer)).toEqual(['judge', 'coder', 'writer'])
    expect(keys(answer, 1)).toEqual(['judge'])
  })

  it.each([
    '',
    'no json',
    '{"assignments": []}',
    '{"selected_agent_keys": ["ghost"]}',
    '{"agent_key": 5}',
    '{broken',
    '"writer"',
    '{"__proto__": {"agent_key": "coder"}}',
  ])('falls back to the first agent when nothing valid is to be read: %j', answer => {
    expect(routed(answer)).toEqual({ picked: [['writer', '']], how: 'fallback' })
  })

  it('to all agents reaches as far as the cap', () => {
    const { assignments, how } = routeToAll(roster, 3)
    expect(assignments.map(({ agent }) => agent.key)).toEqual(['writer', 'Critic', 'coder'])
    expect(how).toBe('all')
  })
})

describe('an evaluation', () => {
  it.each([
    ['{"continue": true}', 'continue'],
    ['{"continue": false}', 'synthesize'],
    ['Well: ```json\n{"reason": "more", "continue": true}\n```', 'continue'],
    ['{"continue": "true"}', 'synthesize'],
    ['{"continue": 1}', 'synthesize'],
    ['yes, continue', 'synthesize'],
    ['', 'synthesize'],
  ])('of %j means %s', (answer, decision) => {
    expect(readEvaluation(answer)).toBe(decision)
  })
})

describe('JSON in prose', () => {
  it('is yielded in order, the outermost that is whole', () => {
    expect([...jsonInProse('a {"x": {"y": 1}} b [{"z": 2}] c {"cut": {"w": 3}')]).toEqual([{ x: { y: 1 } }, [{ z: 2 }], { w: 3 }])
    expect([...jsonInProse('{"x":1}'.repeat(5000))]).toHaveLength(1000)
  })

  it.each(['{', '{"', '{"{"', '{"a":', '[{"a":[', '{"a":"\\', '{ ', '{"a":}', '[['])(
    'is looked for in linear time in a mebibyte of %j',
    part => {
      const started = performance.now()
      for (const _ of jsonInProse(part.repeat(2 ** 22 / part.length)));
      readEvaluation(`{"a":${'['.repeat(500_000)}${']'.repeat(500_000)}}`)
      expect(performance.now() - started).toBeLessThan(5000)
    },
  )
})
