import { decimal, decimalText } from './money.ts'
import { invalid } from './refusal.ts'

/** A ledger row that is to be given back, in credits. */
export interface Refundable {
  kind: string
  /** As in the ledger: a debit's is negative. */
  amount: string
  /** What earlier refunds have given back of it. */
  refunded: string
}

/** How much is given back: what was wished for, or all that is left. Refuses more than the debit was, over all its refunds together. */
export function refundAmount(row: Refundable, wished: string | null): string {
  if (row.kind !== 'debit') throw invalid('transaction_id', `is a ${row.kind}; only a debit can be given back`)
  const left = decimal(row.amount).times(-1).minus(row.refunded)
  if (left.lte(0)) throw invalid('transaction_id', 'nothing is left to give back of this debit')
  if (wished !== null && left.lt(wished)) throw invalid('amount', `is more than what is left to give back, ${decimalText(left)} credits`)
  return wished ?? decimalText(left)
}
