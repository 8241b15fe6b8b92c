import { z } from 'zod'
import { jsonInProse } from './json-in-prose.ts'

/** What a summary holds (turns.md, Context budget). */
export interface SummaryContent {
  summaryText: string
  keyFacts: string[]
  decisions: string[]
  openQuestions: string[]
  actionItems: string[]
}

const FALLBACK_CHARACTERS = 1200
const HALF_A_CHARACTER = /[\uD800-\uDBFF]$/

const sentences = z
  .array(z.string().trim().catch(''))
  .catch([])
  .transform(list => list.filter(sentence => sentence !== ''))
const SummaryAnswer = z.object({
  summary_text: z.string().trim().min(1),
  key_facts: sentences,
  decisions: sentences,
  open_questions: sentences,
  action_items: sentences,
})

/** The summary in a model's answer; lists that are missing or unreadable are empty. Null when there is no text to be read. */
export function readSummary(answer: string): SummaryContent | null {
  for (const value of jsonInProse(answer)) {
    const { data } = SummaryAnswer.safeParse(value)
    if (data) {
      const { summary_text, key_facts, decisions, open_questions, action_items } = data
      return { summaryText: summary_text, keyFacts: key_facts, decisions, openQuestions: open_questions, actionItems: action_items }
    }
  }
  return null
}

/** What stands in for a summary that failed: the first 1,200 characters of the range, never half of one. */
export function fallbackSummary(range: string): SummaryContent {
  const start = range.slice(0, FALLBACK_CHARACTERS)
  const summaryText = HALF_A_CHARACTER.test(start) ? start.slice(0, -1) : start
  return { summaryText, keyFacts: [], decisions: [], openQuestions: [], actionItems: [] }
}
