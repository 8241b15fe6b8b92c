import { DATA_RULE, fencedData } from './fenced-data.ts'
import { type RosterAgent, rosterLine } from './roster-line.ts'
import type { SummaryContent } from './summary-answer.ts'
import { type Prompt, summaryText, type TranscriptLine, transcript } from './summary-prompt.ts'

/** What the manager is shown (turns.md, Orchestrator), already fitted into its budget. */
export interface ManagerView {
  goal: string | null
  roster: RosterAgent[]
  summary: SummaryContent | null
  /** The last shared messages, oldest first. */
  messages: TranscriptLine[]
  message: string
  /** This turn's answers so far, each as `labelledAnswer` writes it, oldest first. */
  answers: string[]
  /** The round that is to be filled, was just heard, or was the last. */
  round: number
}

/** Asks whom to send into the round, at most `maximum` agents. Read by `readRouting`. */
export const routingPrompt = (view: ManagerView, maximum: number): Prompt => ({
  system: `You are the manager of a council of AI agents. You decide which of them answer the user's message and what each is to do. You do not answer it yourself.
${aboutRoom(view)}
Pick the agents that can add most to the answers so far, at most ${maximum}; often one or two are enough. They work at the same time and do not see each other's answers of this round, so give each an instruction of its own.
Answer with JSON only: {"assignments": [{"agent_key": "<key>", "instruction": "<what this agent is to do>"}]}
${DATA_RULE}`,
  user: request(view),
})

/** Asks whether another round is worth it. Read by `readEvaluation`. */
export const evaluationPrompt = (view: ManagerView): Prompt => ({
  system: `You are the manager of a council of AI agents. You judge whether their answers so far are enough to answer the user's message well, or whether another round would add something important.
${aboutRoom(view)}
Answer with JSON only: {"continue": true} for another round, {"continue": false} when the answers are enough.
${DATA_RULE}`,
  user: request(view),
})

/** Asks for the final answer; its text is shown as it is. */
export const synthesisPrompt = (view: ManagerView): Prompt => ({
  system: `You are the manager of a council of AI agents. Write the one final answer to the user's message from their answers: join what fits together, settle contradictions or name them where they cannot be settled, leave out repetition. Add nothing that they do not support. Answer the user directly, in the user's language, as text, not as JSON.
${aboutRoom(view)}
${DATA_RULE}`,
  user: request(view),
})

function aboutRoom({ goal, roster }: ManagerView): string {
  const agents = `The agents, by key, name and role:\n${roster.map(rosterLine).join('\n')}`
  return goal ? `The goal of the room:\n${goal}\n${agents}` : agents
}

function request({ summary, messages, answers, message, round }: ManagerView): string {
  const parts = [
    summary ? summaryText(summary) : '',
    messages.length === 0 ? '' : `The latest messages:\n${fencedData('conversation', transcript(messages))}`,
    `This is round ${round}.`,
    answers.length === 0 ? '' : `The answers so far:\n${answers.join('\n')}`,
    `The user's message:\n${message}`,
  ]
  return parts.filter(part => part !== '').join('\n\n')
}
