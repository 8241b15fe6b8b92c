import { affordableOutputTokens, callCost, decimal, decimalText } from '../domain/money.ts'

/** What a turn has spent and what its running calls may still cost, in credits; the sum is what the turn holds. */
export interface Spending {
  /** The largest output limit, at most `wanted`, that the turn's own cap still pays for; may be less than zero. */
  affordableOutput(wanted: number, inputTokens: number, multiplier: string): number
  /** Whether the turn's own cap still pays for so much. */
  covers(credits: string): boolean
  open(requestId: string, worstCase: string): void
  settle(requestId: string, amount: string): void
  /** Takes back an `open` whose call was not made. */
  withdraw(requestId: string): void
  hold(): string
}

/** The most a call can cost: all of its estimated input fresh, and its whole output limit. */
export const worstCaseOf = (inputTokens: number, maxTokens: number, multiplier: string): string =>
  callCost({ inputFresh: inputTokens, inputCached: 0, output: maxTokens }, multiplier).amount

export function createSpending(maxCredits: string | null): Spending {
  let spent = decimal(0)
  const worstCases = new Map<string, string>()
  const held = () => [...worstCases.values()].reduce((sum, worstCase) => sum.plus(worstCase), spent)
  return {
    affordableOutput(wanted, inputTokens, multiplier) {
      if (maxCredits === null) return wanted
      const left = decimal(maxCredits).minus(held())
      return Math.min(wanted, affordableOutputTokens(decimalText(left), inputTokens, multiplier))
    },
    covers: credits => maxCredits === null || decimal(maxCredits).minus(held()).gte(credits),
    open: (requestId, worstCase) => void worstCases.set(requestId, worstCase),
    settle(requestId, amount) {
      worstCases.delete(requestId)
      spent = spent.plus(amount)
    },
    withdraw: requestId => void worstCases.delete(requestId),
    hold: () => decimalText(held()),
  }
}
