import type { PricedModel } from './catalogue.ts'
import { callCost, decimal, decimalText } from './money.ts'

/** One speaker's part in an estimate; tokens of its context as it would be sent first. */
export interface EstimatedSpeaker {
  model: PricedModel
  inputTokens: number
  /** Its output limit. */
  maxTokens: number
  /** Most model calls it may make: more than one with tools. */
  calls: number
}

export interface EstimateRange {
  /** Credits, exact decimals. */
  low: string
  high: string
}

/**
 * What speakers that answer once each may cost. Low: the shortest of answers, no tools. High: every call with its whole output limit, and each
 * speaker sent, on top of its context, what those before it may have said (`hearing`), as far as `inputBudget`s are not the caller's concern.
 */
export function estimateSpeakers(speakers: EstimatedSpeaker[], hearing: boolean): EstimateRange {
  let low = decimal(0)
  let high = decimal(0)
  let said = 0
  for (const { model, inputTokens, maxTokens, calls } of speakers) {
    low = low.plus(cost(inputTokens, 1, model))
    high = high.plus(decimal(cost(inputTokens + (hearing ? said : 0), maxTokens, model)).times(calls))
    said += maxTokens
  }
  return { low: decimalText(low), high: decimalText(high) }
}

/** An orchestrated turn: at least the cheapest specialist and a synthesis of it, at most `invocations` of the dearest and a synthesis of all. */
export function estimateCouncil(
  speakers: EstimatedSpeaker[],
  manager: PricedModel,
  managerOutput: number,
  invocations: number,
): EstimateRange {
  const ranges = speakers.map(speaker => estimateSpeakers([speaker], false))
  const cheapest = ranges.map(({ low }) => decimal(low)).reduce((a, b) => (b.lt(a) ? b : a))
  const dearest = ranges.map(({ high }) => decimal(high)).reduce((a, b) => (b.gt(a) ? b : a))
  const context = Math.max(...speakers.map(speaker => speaker.inputTokens))
  const longest = Math.max(...speakers.map(speaker => speaker.maxTokens))
  return {
    low: decimalText(cheapest.plus(cost(context, 1, manager))),
    high: decimalText(dearest.times(invocations).plus(cost(context + longest * invocations, managerOutput, manager))),
  }
}

const cost = (input: number, output: number, model: PricedModel): string =>
  callCost({ inputFresh: input, inputCached: 0, output }, model.multiplier).amount
