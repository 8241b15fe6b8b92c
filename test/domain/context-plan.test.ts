import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ContextBudget } from '../../server/domain/context-budget.ts'
import { type ContextParts, type ContextRow, newestThatFit, planContext, turnsSinceSummary } from '../../server/domain/context-plan.ts'
import { settings } from './context-settings.ts'

const budget: ContextBudget = { window: 8192, outputReserve: 1638, overheadReserve: 1024, inputBudget: 1000 }

const row = (turnIndex: number, role: ContextRow['role'], tokens: number, toolCallId: string | null = null): ContextRow => ({
  turnIndex,
  role,
  tokens,
  toolCallId,
})
/** One exchange per turn: the user's row, then the agent's. */
const exchanges = (turns: number[], user: number, assistant: number) =>
  turns.flatMap(turn => [row(turn, 'user', user), row(turn, 'assistant', assistant)])
const parts = (history: ContextRow[], other: Partial<ContextParts<ContextRow>> = {}): ContextParts<ContextRow> => ({
  systemLayers: 100,
  summary: 0,
  thisTurn: 10,
  turnsSinceSummary: 0,
  history,
  ...other,
})
const plan = (history: ContextRow[], other: Partial<ContextParts<ContextRow>> = {}) => planContext(parts(history, other), budget, settings)
const shown = (rows: ContextRow[]) => rows.map(({ turnIndex, role }) => `${turnIndex}${role[0]}`).join(' ')

describe('a context that fits', () => {
  it('is sent whole, and nothing is flagged', () => {
    const history = exchanges([1, 2, 3, 4, 5], 50, 60)
    expect(plan(history)).toEqual({
      kept: history,
      summarise: null,
      summaryTriggered: false,
      pruneTriggered: false,
      overflow: false,
      tokensBefore: 660,
      tokensAfterSummary: 660,
      tokensAfterPrune: 660,
    })
  })
})

describe('a summary', () => {
  it('is asked for at seven tenths of the budget, of what lies before the last four turns, and the range is still sent', () => {
    const history = exchanges([3, 4, 5, 6, 7, 8], 50, 50)
    const fitted = plan(history)
    expect(fitted.summarise).toEqual({ from: 3, to: 4 })
    expect(fitted).toMatchObject({ summaryTriggered: true, pruneTriggered: false, kept: history, tokensBefore: 710, tokensAfterPrune: 710 })
    expect(plan(history, { systemLayers: 89 }).summarise).toBeNull()
    expect(plan(history, { systemLayers: 90 }).summarise).toEqual({ from: 3, to: 4 })
  })

  it('is asked for after eight turns without one, however small they were', () => {
    const history = exchanges([1, 2, 3, 4, 5, 6, 7, 8], 1, 1)
    expect(plan(history, { turnsSinceSummary: turnsSinceSummary(8, null) }).summarise).toBeNull()
    expect(plan(history, { turnsSinceSummary: turnsSinceSummary(9, null) }).summarise).toEqual({ from: 1, to: 4 })
    expect(plan(history, { turnsSinceSummary: turnsSinceSummary(16, { writtenInTurn: 9 }) }).summarise).toBeNull()
    expect(plan(history, { turnsSinceSummary: turnsSinceSummary(17, { writtenInTurn: 9 }) }).summarise).toEqual({ from: 1, to: 4 })
  })

  it('is not asked for when there are no more than four turns', () => {
    const fitted = plan(exchanges([1, 2, 3, 4], 100, 90))
    expect(fitted).toMatchObject({ summarise: null, summaryTriggered: false, tokensBefore: 870 })
  })

  it('lets the range that it stands for give way first, only as far as needed, and that is no pruning', () => {
    const fitted = plan(exchanges([1, 2, 3, 4, 5, 6], 50, 100))
    expect(shown(fitted.kept)).toBe('1u 2u 3u 3a 4u 4a 5u 5a 6u 6a')
    expect(fitted).toMatchObject({
      summaryTriggered: true,
      pruneTriggered: false,
      tokensBefore: 1010,
      tokensAfterSummary: 810,
      tokensAfterPrune: 810,
    })
  })
})

describe('pruning', () => {
  it('takes assistant and tool rows before any user row, oldest first, and stops below nine tenths', () => {
    const history = [
      row(1, 'user', 300),
      row(1, 'assistant', 100),
      row(2, 'user', 200),
      row(2, 'assistant', 100),
      row(3, 'user', 100),
      row(3, 'assistant', 90),
    ]
    const fitted = plan(history, { systemLayers: 0 })
    expect(fitted).toMatchObject({
      tokensBefore: 900,
      tokensAfterSummary: 900,
      tokensAfterPrune: 800,
      pruneTriggered: true,
      overflow: false,
    })
    expect(shown(fitted.kept)).toBe('1u 2u 2a 3u 3a')
    expect(shown(plan(history, { systemLayers: 300 }).kept)).toBe('2u 3u')
  })

  it('goes on with older user rows once no other row is left', () => {
    const fitted = plan(exchanges([1, 2, 3], 200, 100), { systemLayers: 500 })
    expect(shown(fitted.kept)).toBe('3u')
    expect(fitted).toMatchObject({ tokensAfterPrune: 710, pruneTriggered: true })
  })

  it('prunes the recent turns when they alone are too much beside the range', () => {
    const fitted = plan([...exchanges([1], 10, 10), ...exchanges([2, 3, 4, 5], 100, 150)])
    expect(fitted).toMatchObject({
      tokensBefore: 1130,
      tokensAfterSummary: 1110,
      summaryTriggered: true,
      pruneTriggered: true,
      tokensAfterPrune: 810,
    })
    expect(shown(fitted.kept)).toBe('2u 3u 4u 4a 5u 5a')
  })

  it('takes a tool call and its result together, even where ids repeat in other turns', () => {
    const history = [
      row(1, 'user', 10),
      row(1, 'assistant', 200, 'call_0'),
      row(1, 'tool', 1, 'call_0'),
      row(1, 'assistant', 100),
      row(2, 'user', 10),
      row(2, 'assistant', 200, 'call_0'),
      row(2, 'tool', 300, 'call_0'),
    ]
    expect(shown(plan(history).kept)).toBe('1u 1a 2u 2a 2t')
  })

  it('never takes the layers, the summary or this turn, and says overflow when they alone are too much', () => {
    const fitted = plan(exchanges([1, 2], 50, 50), { thisTurn: 800, summary: 101 })
    expect(fitted).toMatchObject({ kept: [], tokensAfterPrune: 1001, overflow: true, pruneTriggered: true })
    expect(plan([], { thisTurn: 800, summary: 100 })).toMatchObject({ tokensAfterPrune: 1000, overflow: false, pruneTriggered: false })
  })
})

describe('any plan', () => {
  const anyRow = fc.record({
    turnIndex: fc.integer({ min: 1, max: 12 }),
    role: fc.constantFrom('user' as const, 'assistant' as const, 'tool' as const),
    tokens: fc.integer({ min: 0, max: 300 }),
    toolCallId: fc.constantFrom(null, 'a', 'b'),
  })
  const anyParts = fc.record({
    systemLayers: fc.integer({ min: 0, max: 400 }),
    summary: fc.integer({ min: 0, max: 200 }),
    thisTurn: fc.integer({ min: 0, max: 500 }),
    turnsSinceSummary: fc.integer({ min: 0, max: 10 }),
    history: fc.array(anyRow, { maxLength: 30 }).map(rows => rows.toSorted((a, b) => a.turnIndex - b.turnIndex)),
  })

  it('sends what its last estimate says, within the budget unless it says overflow, and in order', () => {
    fc.assert(
      fc.property(anyParts, given => {
        const fitted = planContext(given, budget, settings)
        const fixed = given.systemLayers + given.summary + given.thisTurn
        const sent = fixed + fitted.kept.reduce((sum, { tokens }) => sum + tokens, 0)
        expect(fitted.tokensAfterPrune).toBe(sent)
        expect(fitted.tokensBefore).toBeGreaterThanOrEqual(fitted.tokensAfterSummary)
        expect(fitted.tokensAfterSummary).toBeGreaterThanOrEqual(fitted.tokensAfterPrune)
        expect(fitted.overflow).toBe(sent > 1000)
        // Rows remain only below the threshold; the fixed parts alone may lie above it.
        if (fitted.kept.some(({ tokens }) => tokens > 0)) expect(sent).toBeLessThan(900)
        expect(given.history.filter(one => fitted.kept.includes(one))).toEqual(fitted.kept)
      }),
      { numRuns: 500 },
    )
  })
})

describe('the newest rows that fit', () => {
  it('are a gapless end of the list', () => {
    const rows = [5, 1, 4, 3].map(tokens => ({ tokens }))
    expect(newestThatFit(rows, 100)).toEqual(rows)
    expect(newestThatFit(rows, 8)).toEqual(rows.slice(1))
    expect(newestThatFit(rows, 7)).toEqual(rows.slice(2))
    expect(newestThatFit(rows, 2)).toEqual([])
  })
})
