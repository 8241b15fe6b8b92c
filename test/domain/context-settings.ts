/** The defaults of turns.md, Context budget. */
export const settings = {
  maxOutputTokens: 2048,
  summaryTriggerRatio: 0.7,
  mandatorySummaryTurn: 8,
  recentTurnsToKeep: 4,
  pruneTriggerRatio: 0.9,
}
