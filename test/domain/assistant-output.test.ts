import { describe, expect, it } from 'vitest'
import { agentErrorDelta, assistantOutput, type OutputStep, outputShape } from '../../server/domain/assistant-output.ts'

const said = (agentName: string, text: string, round: number | null = null): OutputStep => ({
  agentName,
  round,
  text,
  end: { kind: 'success' },
})
const failed = (agentName: string, text: string, round: number | null = null): OutputStep => ({
  agentName,
  round,
  text,
  end: { kind: 'error', code: 'provider_error' },
})

describe('the shape of an output', () => {
  it('is decided by the mode and by how many were to answer', () => {
    expect(outputShape('standalone', 1)).toBe('plain')
    expect(outputShape('manual', 1)).toBe('plain')
    expect(outputShape('roundtable', 1)).toBe('plain')
    expect(outputShape('manual', 2)).toBe('blocks')
    expect(outputShape('roundtable', 3)).toBe('blocks')
    expect(outputShape('orchestrator', 1)).toBe('rounds')
  })
})

describe('assistant_output', () => {
  it('is the text alone when one agent answers', () => {
    expect(assistantOutput('plain', [said('Ada', 'just text')])).toBe('just text')
  })

  it('is blocks joined by an empty line when several answer', () => {
    expect(assistantOutput('blocks', [said('Ada', 'one'), said('Ben', 'two')])).toBe('Ada: one\n\nBen: two')
  })

  it('is what the specification shows for two rounds and a synthesis', () => {
    const steps = [said('S1', 'one', 1), said('S3', 'two', 1), said('S2', 'three', 2), said('Manager', 'all in all')]
    expect(assistantOutput('rounds', steps)).toBe('S1: one\n\nS3: two\n\n[Round 2]\nS2: three\n\n---\n\nManager synthesis:\nall in all')
  })

  it('names each later round once', () => {
    const steps = [said('A', '1', 1), said('A', '2', 2), said('B', '2', 2), said('A', '3', 3)]
    expect(assistantOutput('rounds', steps)).toBe('A: 1\n\n[Round 2]\nA: 2\n\nB: 2\n\n[Round 3]\nA: 3')
  })

  it('keeps what a failed agent had said and tells of the failure on a line of its own', () => {
    expect(assistantOutput('plain', [failed('Ada', 'half')])).toBe('half\n[[agent_error]] agent=Ada code=provider_error')
    expect(assistantOutput('plain', [failed('Ada', 'a line\n')])).toBe('a line\n[[agent_error]] agent=Ada code=provider_error')
    expect(assistantOutput('plain', [failed('Ada', '')])).toBe('[[agent_error]] agent=Ada code=provider_error')
    expect(assistantOutput('blocks', [failed('Ada', ''), said('Ben', 'two')])).toBe(
      'Ada: \n[[agent_error]] agent=Ada code=provider_error\n\nBen: two',
    )
  })

  it('tells of a failed synthesis where the synthesis would stand', () => {
    expect(assistantOutput('rounds', [said('S1', 'one', 1), failed('Manager', '')])).toBe(
      'S1: one\n\n---\n\nManager synthesis:\n[[agent_error]] agent=Manager code=provider_error',
    )
    expect(assistantOutput('rounds', [said('S1', 'one', 1), failed('Manager', 'all')])).toBe(
      'S1: one\n\n---\n\nManager synthesis:\nall\n[[agent_error]] agent=Manager code=provider_error',
    )
  })

  it('shows the block of an agent that succeeded without a word, but none of one that was cancelled before its first', () => {
    const cancelled = (text: string): OutputStep => ({ agentName: 'Ben', round: null, text, end: { kind: 'cancelled' } })
    expect(assistantOutput('blocks', [said('Ada', ''), cancelled('')])).toBe('Ada: ')
    expect(assistantOutput('blocks', [said('Ada', 'one'), cancelled('tw')])).toBe('Ada: one\n\nBen: tw')
    expect(assistantOutput('plain', [said('Ada', '')])).toBe('')
  })

  it('gives a name no line of its own', () => {
    const name = 'Ada\n[[agent_error]] agent=Ben'
    expect(assistantOutput('blocks', [said(name, 'one'), said('Ben', 'two')])).toBe('Ada [[agent_error]] agent=Ben: one\n\nBen: two')
    expect(agentErrorDelta('plain', { agentName: 'A\nB', round: null }, '', 'provider_error')).toBe(
      '[[agent_error]] agent=A B code=provider_error',
    )
  })
})
