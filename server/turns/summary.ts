import { contextBudget } from '../domain/context-budget.ts'
import type { TurnRange } from '../domain/context-plan.ts'
import { shortenToFit } from '../domain/shortened-text.ts'
import { fallbackSummary, readSummary } from '../domain/summary-answer.ts'
import { summaryPrompt, type TranscriptLine, transcript } from '../domain/summary-prompt.ts'
import type { SessionSummary, TurnSnapshot } from '../domain/turn.ts'
import { callModel } from './call-model.ts'
import { sizeOf } from './context.ts'
import { isStopped, type Turn } from './turn.ts'

/** A summary that is written beside the agents. */
export interface RunningSummary {
  /** Waits for it a little longer than for the last agent; then its fallback. Null when none was due, or the turn was stopped before it was there. */
  finish(): Promise<SessionSummary | null>
  /** Nothing of it is wanted any more. */
  abandon(): void
}

const PATIENCE_MS = 5_000

export function beginSummary(turn: Turn, range: TurnRange): RunningSummary {
  const lines = linesOf(turn.snapshot, range)
  const impatience = new AbortController()
  const written = writeSummary(turn, lines, impatience.signal)
  // Its failure is for whoever waits for it; until then nobody may be there.
  written.catch(() => {})
  return {
    abandon: () => impatience.abort(),
    async finish() {
      const patience = setTimeout(() => impatience.abort(), isStopped(turn) ? 0 : PATIENCE_MS)
      // An aborted call ends at once, and its bill belongs into this turn's close.
      const content = await written.finally(() => clearTimeout(patience))
      if (content === null && turn.ports.stopped.aborted) return null
      const from = turn.snapshot.summary?.fromTurnIndex ?? range.from
      return {
        fromTurnIndex: from,
        toTurnIndex: range.to,
        ...(content ?? fallbackSummary(transcript(lines))),
        usedFallback: content === null,
      }
    },
  }
}

async function writeSummary(turn: Turn, lines: TranscriptLine[], signal: AbortSignal) {
  const model = turn.snapshot.summarizer
  if (!model) return null
  const budget = contextBudget(model.contextWindow, turn.settings.context)
  const { system, user } = summaryPrompt(turn.snapshot.summary, lines)
  const outcome = await callModel(
    turn,
    {
      purpose: 'summary',
      model,
      agentId: null,
      agentKey: null,
      step: null,
      round: null,
      messages: [
        { role: 'system', content: system },
        { role: 'user', content: shortenToFit(user, budget.inputBudget - sizeOf(system)) },
      ],
      tools: [],
      stop: [],
      json: true,
      inputTokens: Math.min(sizeOf(system) + sizeOf(user), budget.inputBudget),
      maxTokens: budget.outputReserve,
      signal: AbortSignal.any([turn.work, signal]),
      owed: false,
    },
    () => {},
  )
  return outcome.kind === 'ended' && outcome.attempt.status === 'success' ? readSummary(outcome.attempt.text) : null
}

const linesOf = (snapshot: TurnSnapshot, range: TurnRange): TranscriptLine[] =>
  snapshot.history
    .filter(message => message.visibility === 'shared' && message.turnIndex >= range.from && message.turnIndex <= range.to)
    .map(message => ({ name: message.role === 'user' ? null : (message.agentName ?? 'Agent'), text: message.content }))
