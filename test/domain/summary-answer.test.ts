import { describe, expect, it } from 'vitest'
import { fallbackSummary, readSummary } from '../../server/domain/summary-answer.ts'

describe('a summary', () => {
  it('is read from JSON in a fence, its lists trimmed and without blanks', () => {
    const answer =
      '```json\n{"summary_text": " They met. ", "key_facts": ["a ", "", 5], "decisions": ["d"], "open_questions": [], "action_items": ["i"]}\n```'
    expect(readSummary(answer)).toEqual({
      summaryText: 'They met.',
      keyFacts: ['a'],
      decisions: ['d'],
      openQuestions: [],
      actionItems: ['i'],
    })
  })

  it('has empty lists where they are missing or no lists', () => {
    expect(readSummary('{"summary_text": "x", "key_facts": "none"}')).toEqual({
      summaryText: 'x',
      keyFacts: [],
      decisions: [],
      openQuestions: [],
      actionItems: [],
    })
  })

  it.each(['', 'They met.', '{"summary_text": " "}', '{"summary_text": 5}', '{"key_facts": ["a"]}', '{"summary_text": "cut'])(
    'is null when unreadable: %j',
    answer => {
      expect(readSummary(answer)).toBeNull()
    },
  )

  it('that failed is replaced by the first 1,200 characters, never half of one', () => {
    expect(fallbackSummary('x'.repeat(2000))).toEqual({
      summaryText: 'x'.repeat(1200),
      keyFacts: [],
      decisions: [],
      openQuestions: [],
      actionItems: [],
    })
    expect(fallbackSummary('short').summaryText).toBe('short')
    expect(fallbackSummary(`${'x'.repeat(1199)}😀`).summaryText).toBe('x'.repeat(1199))
  })
})
