import { DATA_RULE, fencedData } from './fenced-data.ts'
import { speakerName } from './speaker.ts'
import type { SummaryContent } from './summary-answer.ts'

/** A request to the manager or the summariser: one system and one user message. */
export interface Prompt {
  system: string
  user: string
}

/** A shared message; `name` is null for the user. */
export interface TranscriptLine {
  name: string | null
  text: string
}

/** Shared messages one below the other, each behind its speaker's name. The unfenced text that a summary's fallback is cut from. */
export const transcript = (lines: TranscriptLine[]): string =>
  lines.map(({ name, text }) => `${name === null ? 'User' : speakerName(name)}: ${text}`).join('\n\n')

/** A summary as agents, the manager and the next summary read it. It was written from others' words, so it is fenced like them. */
export function summaryText({ summaryText, keyFacts, decisions, openQuestions, actionItems }: SummaryContent): string {
  const list = (heading: string, items: string[]) => (items.length === 0 ? '' : `${heading}:\n${items.map(item => `- ${item}`).join('\n')}`)
  const parts = [
    summaryText,
    list('Key facts', keyFacts),
    list('Decisions', decisions),
    list('Open questions', openQuestions),
    list('Action items', actionItems),
  ]
  return `Summary of the conversation so far:\n${fencedData('summary', parts.filter(part => part !== '').join('\n\n'))}`
}

/** Asks for the summary that replaces `range` and, because only the latest summary is kept, takes `previous` in. Read by `readSummary`. */
export const summaryPrompt = (previous: SummaryContent | null, range: TranscriptLine[]): Prompt => ({
  system: `You summarise a conversation between a user and AI agents, so that it can go on from your summary alone. Keep names, numbers, decisions and whatever is still open; invent nothing; write in the language of the conversation.
Answer with JSON only: {"summary_text": "…", "key_facts": ["…"], "decisions": ["…"], "open_questions": ["…"], "action_items": ["…"]}
${DATA_RULE}`,
  user: [
    previous ? `${summaryText(previous)}\n\nWhat followed; your summary must cover both:` : 'The conversation:',
    fencedData('conversation', transcript(range)),
  ].join('\n'),
})
