import type { CallPurpose } from '../../contract/calls.ts'
import { callCost, catalogueCostUsd, decimal, decimalText, LEDGER_PLACES, roundHalfEven } from '../domain/money.ts'
import type { BegunCall, EndedCall } from '../domain/turn.ts'
import type { Attempt } from '../llm/model.ts'

/** Routing, evaluation and summaries are the house's unless `BILL_SYSTEM_CALLS`; agents and the synthesis are always the user's. */
export const isChargeable = (purpose: CallPurpose, billSystemCalls: boolean): boolean =>
  billSystemCalls || purpose === 'agent' || purpose === 'manager_synthesis'

/** Paid for as a whole when it ended, or was cancelled, with an answer or a tool call in hand; a failed call costs the user nothing. */
const hasSomethingInHand = (attempt: Attempt) =>
  (attempt.status === 'success' || attempt.status === 'cancelled') && (attempt.text !== '' || attempt.toolCalls.length > 0)

/** The bill of one call. */
export function meterCall(begun: BegunCall, attempt: Attempt, billSystemCalls: boolean): EndedCall {
  const { usage } = attempt
  const cost = callCost(usage, begun.model.multiplier)
  const charged = isChargeable(begun.purpose, billSystemCalls) && hasSomethingInHand(attempt)
  return {
    ...begun,
    status: attempt.status,
    providerModel: attempt.providerModel,
    providerRequestId: attempt.providerRequestId,
    inputFresh: usage.inputFresh,
    inputCached: usage.inputCached,
    output: usage.output,
    usageEstimated: usage.estimated,
    oeTokens: cost.oeTokens,
    costUsd:
      attempt.costUsd === null ? catalogueCostUsd(usage, begun.model) : decimalText(roundHalfEven(decimal(attempt.costUsd), LEDGER_PLACES)),
    charged,
    amount: charged ? cost.amount : '0',
    credits: charged ? cost.credits : '0',
    latencyMs: Math.round(attempt.latencyMs),
    timeToFirstTokenMs: attempt.timeToFirstTokenMs === null ? null : Math.round(attempt.timeToFirstTokenMs),
  }
}
