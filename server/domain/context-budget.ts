import { tokenBound } from './token-estimate.ts'

/** The settings of turns.md, Context budget, under their own names. */
export interface ContextSettings {
  maxOutputTokens: number
  summaryTriggerRatio: number
  mandatorySummaryTurn: number
  recentTurnsToKeep: number
  pruneTriggerRatio: number
}

/** How a model's window is divided, in tokens. */
export interface ContextBudget {
  window: number
  outputReserve: number
  overheadReserve: number
  /** What a request may hold; never below zero. */
  inputBudget: number
}

const UNKNOWN_WINDOW = 8192
const OVERHEAD_MINIMUM = 1024

/** Source: turns.md, Context budget. A null window is unknown. */
export function contextBudget(contextWindow: number | null, settings: Pick<ContextSettings, 'maxOutputTokens'>): ContextBudget {
  const window = contextWindow ?? UNKNOWN_WINDOW
  const outputReserve = Math.min(settings.maxOutputTokens, Math.floor(window * 0.2))
  const overheadReserve = Math.max(OVERHEAD_MINIMUM, Math.floor(window * 0.05))
  return { window, outputReserve, overheadReserve, inputBudget: Math.max(0, window - outputReserve - overheadReserve) }
}

/**
 * Whether counting tokens could decide anything: false when the whole context surely stays below the first threshold,
 * or when what may never be left out (`fixedBytes`: layers, summary, message) surely exceeds the budget. Then the estimate by bytes is as good.
 */
export function isNearBorder(size: { allBytes: number; fixedBytes: number }, budget: ContextBudget, settings: ContextSettings): boolean {
  const surelyFits = !fills(tokenBound(size.allBytes).atMost, budget, Math.min(settings.summaryTriggerRatio, settings.pruneTriggerRatio))
  const surelyNot = tokenBound(size.fixedBytes).atLeast > budget.inputBudget
  return !surelyFits && !surelyNot
}

/** Whether `tokens` reach `ratio` of the budget. A quotient, because 0.07 × 100 is more than 7 in floats while 7 / 100 is 0.07. */
export const fills = (tokens: number, budget: ContextBudget, ratio: number): boolean => tokens / budget.inputBudget >= ratio
