import type { TopUpState } from '../../contract/payments.ts'
import { type Dispute, isTaken, mergedDispute } from './dispute.ts'
import { decimal, decimalText } from './money.ts'
import type { ActedOnEvent } from './payment-event.ts'
import { creditsToTakeBack } from './top-up.ts'

/** A top-up as it was ordered, and what is known of its payment. */
export interface TopUpAccount {
  cents: number
  currency: string
  credits: string
  livemode: boolean | null
  isPaid: boolean
  refundedCents: number
  disputes: Readonly<Record<string, Dispute>>
  /** What the ledger has already given back. */
  creditsTakenBack: string
  receiptUrl: string | null
}

/** A row of the ledger to come; the amount is signed. */
export interface Movement {
  kind: 'grant' | 'refund'
  amount: string
  note: string
}

export interface Settlement {
  account: TopUpAccount
  state: TopUpState
  movements: Movement[]
}

/** In what an event contradicts the order; null when it does not. */
export function contradiction(account: TopUpAccount, event: ActedOnEvent): 'livemode' | 'currency' | 'amount' | null {
  if (event.livemode !== null && account.livemode !== null && event.livemode !== account.livemode) return 'livemode'
  if (event.currency !== null && event.currency !== account.currency) return 'currency'
  if (event.kind === 'paid' && (event.cents !== account.cents || event.receivedCents !== account.cents)) return 'amount'
  return null
}

/**
 * What an event makes of a top-up; null when it says nothing new. Facts only ever grow and the ledger is brought to what they come to,
 * so that any order and any number of deliveries end alike.
 */
export function settle(before: TopUpAccount, event: ActedOnEvent): Settlement | null {
  const known = learn(before, event)
  if (known === before) return null
  const creditsTakenBack = known.isPaid ? creditsToTakeBack(known.credits, takenCents(known), known.cents) : '0'
  const account = { ...known, creditsTakenBack }
  return { account, state: topUpState(account), movements: movements(before, account, event) }
}

/** The same object when nothing is new. */
function learn(account: TopUpAccount, event: ActedOnEvent): TopUpAccount {
  switch (event.kind) {
    case 'paid':
      return account.isPaid ? account : { ...account, isPaid: true }
    case 'refunded': {
      const refundedCents = Math.min(event.refundedCents, account.cents)
      if (refundedCents <= account.refundedCents) return account
      return { ...account, refundedCents, receiptUrl: event.receiptUrl ?? account.receiptUrl }
    }
    case 'disputed': {
      const known = account.disputes[event.disputeId]
      const dispute = mergedDispute(known, event.dispute)
      if (known && dispute.cents === known.cents && dispute.standing === known.standing) return account
      return { ...account, disputes: { ...account.disputes, [event.disputeId]: dispute } }
    }
  }
}

/** May be more than was paid, when refunds and disputes overlap. */
const takenCents = ({ refundedCents, disputes }: TopUpAccount): number =>
  Object.values(disputes)
    .filter(isTaken)
    .reduce((sum, dispute) => sum + dispute.cents, refundedCents)

function movements(before: TopUpAccount, after: TopUpAccount, event: ActedOnEvent): Movement[] {
  const given = decimal(before.creditsTakenBack).minus(after.creditsTakenBack)
  return [
    ...(after.isPaid && !before.isPaid ? [{ kind: 'grant' as const, amount: after.credits, note: 'Top-up' }] : []),
    ...(given.eq(0) ? [] : [{ kind: 'refund' as const, amount: decimalText(given), note: refundNote(event, given.gt(0)) }]),
  ]
}

function refundNote(event: ActedOnEvent, isGivenBack: boolean): string {
  if (event.kind === 'paid') return 'Refunded or disputed before the payment was reported'
  if (event.kind === 'refunded') return 'Payment refunded'
  return isGivenBack ? 'Dispute ended' : 'Payment disputed'
}

function topUpState(account: TopUpAccount): TopUpState {
  const isAny = (standing: string) => Object.values(account.disputes).some(dispute => dispute.standing === standing)
  if (!account.isPaid) return 'pending'
  if (isAny('open')) return 'disputed'
  if (isAny('lost')) return 'dispute_lost'
  if (account.refundedCents === 0) return 'paid'
  return account.refundedCents < account.cents ? 'partially_refunded' : 'refunded'
}
