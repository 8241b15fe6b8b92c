import { type ContextBudget, type ContextSettings, fills } from './context-budget.ts'

/** A stored message as a part of one agent's context. */
export interface ContextRow {
  turnIndex: number
  role: 'user' | 'assistant' | 'tool'
  tokens: number
  /** A tool call and its result carry the same one and stay or go together: providers refuse one without the other. */
  toolCallId: string | null
}

/** Everything that an agent could be sent, sizes in tokens. */
export interface ContextParts<Row extends ContextRow> {
  systemLayers: number
  /** The latest stored summary; 0 without one. */
  summary: number
  /** Oldest first: what lies behind that summary, the agent's own private rows merged in. */
  history: Row[]
  /** The new message and whatever this turn has added to it: an instruction, earlier answers. */
  thisTurn: number
  turnsSinceSummary: number
}

/** The closed turns `from` to `to`, both included. */
export interface TurnRange {
  from: number
  to: number
}

export interface ContextPlan<Row extends ContextRow> {
  /** The rows to send, in their order. */
  kept: Row[]
  /** What a summary is to be written of, from now on beside the agents. */
  summarise: TurnRange | null
  summaryTriggered: boolean
  pruneTriggered: boolean
  /** Not even all pruning brought it within the input budget. */
  overflow: boolean
  /** The three estimates of the audit; the last is what is sent. */
  tokensBefore: number
  tokensAfterSummary: number
  tokensAfterPrune: number
}

/** How many turns were closed since the latest summary was written, or at all. A turn without closed ones before it has index 1. */
export const turnsSinceSummary = (turnIndex: number, summary: { writtenInTurn: number } | null): number =>
  turnIndex - 1 - (summary ? summary.writtenInTurn - 1 : 0)

/**
 * Fits one agent's context into its budget (turns.md, Context budget).
 *
 * The summary that a plan asks for is written beside the agents and is not there yet: in this turn the agent is still sent the range itself, so it
 * forgets nothing while it fits. Only when the whole reaches the prune threshold does the range, which the summary will stand for, give way first,
 * row by row and only as far as needed; `tokensAfterSummary` is what is left then. What still reaches the threshold is pruned from the recent turns.
 * Rows go oldest first, assistant and tool rows before any user row; layers, latest summary and this turn never go.
 * The range is the same for every agent of a turn, since all share the session's turns; only whether it is asked for depends on the agent's window.
 */
export function planContext<Row extends ContextRow>(
  parts: ContextParts<Row>,
  budget: ContextBudget,
  settings: ContextSettings,
): ContextPlan<Row> {
  const isFull = (tokens: number) => fills(tokens, budget, settings.pruneTriggerRatio)
  const tokensBefore = parts.systemLayers + parts.summary + parts.thisTurn + sizeOf(parts.history)
  const due = fills(tokensBefore, budget, settings.summaryTriggerRatio) || parts.turnsSinceSummary >= settings.mandatorySummaryTurn
  const summarise = due ? turnsBeforeRecent(parts.history, settings.recentTurnsToKeep) : null
  const summarised = parts.history.filter(row => summarise !== null && row.turnIndex <= summarise.to)
  const outsideRange = tokensBefore - sizeOf(summarised)

  const keptOfRange = leaveOut(summarised, rows => isFull(outsideRange + rows))
  const tokensAfterSummary = outsideRange + sizeOf(keptOfRange)
  const recent = parts.history.filter(row => summarise === null || row.turnIndex > summarise.to)
  const aroundRecent = tokensAfterSummary - sizeOf(recent)
  const keptRecent = leaveOut(recent, rows => isFull(aroundRecent + rows))
  const tokensAfterPrune = aroundRecent + sizeOf(keptRecent)
  return {
    kept: [...keptOfRange, ...keptRecent],
    summarise,
    summaryTriggered: summarise !== null,
    pruneTriggered: keptRecent.length < recent.length,
    overflow: tokensAfterPrune > budget.inputBudget,
    tokensBefore,
    tokensAfterSummary,
    tokensAfterPrune,
  }
}

/** The newest rows whose sizes add up to at most `tokens`, in their order: what the manager sees of the shared messages. */
export function newestThatFit<Row extends { tokens: number }>(rows: Row[], tokens: number): Row[] {
  let left = tokens
  const firstTooMany = rows.findLastIndex(row => {
    left -= row.tokens
    return left < 0
  })
  return rows.slice(firstTooMany + 1)
}

function turnsBeforeRecent(history: ContextRow[], recentTurnsToKeep: number): TurnRange | null {
  const turns = [...new Set(history.map(row => row.turnIndex))].sort((a, b) => a - b)
  const old = turns.slice(0, Math.max(0, turns.length - recentTurnsToKeep))
  const [from, to] = [old[0], old.at(-1)]
  return from === undefined || to === undefined ? null : { from, to }
}

/** `rows` without as many as must go until `tooMuch` of their size no longer holds. */
function leaveOut<Row extends ContextRow>(rows: Row[], tooMuch: (tokens: number) => boolean): Row[] {
  const callOf = (row: Row) => (row.toolCallId === null ? row : `${row.turnIndex} ${row.toolCallId}`)
  const together = Map.groupBy(rows, callOf)
  const gone = new Set<Row>()
  let left = sizeOf(rows)
  for (const row of [...rows.filter(({ role }) => role !== 'user'), ...rows.filter(({ role }) => role === 'user')]) {
    if (!tooMuch(left)) break
    if (gone.has(row)) continue
    for (const partner of together.get(callOf(row)) ?? []) {
      gone.add(partner)
      left -= partner.tokens
    }
  }
  return rows.filter(row => !gone.has(row))
}

const sizeOf = (rows: { tokens: number }[]): number => rows.reduce((sum, row) => sum + row.tokens, 0)
