/**
 * How a dispute stands, in the only order it can go: `open` (an inquiry counts, too: its credits could be spent before it becomes a
 * chargeback), `dropped` without a verdict, `lost`, and `won`, which an appeal can still make of a lost one.
 */
export const disputeStandings = ['open', 'dropped', 'lost', 'won'] as const
export type DisputeStanding = (typeof disputeStandings)[number]

export interface Dispute {
  cents: number
  standing: DisputeStanding
}

/** What two reports of one dispute say together, whichever came first: reports are not ordered, and their times are whole seconds. */
export function mergedDispute(one: Dispute | undefined, other: Dispute): Dispute {
  if (!one) return other
  const isLater = disputeStandings.indexOf(other.standing) > disputeStandings.indexOf(one.standing)
  return { cents: Math.max(one.cents, other.cents), standing: isLater ? other.standing : one.standing }
}

/** Whether the disputed money is away. */
export const isTaken = ({ standing }: Dispute): boolean => standing === 'open' || standing === 'lost'
