/** The smallest value that at least `share` of all do not exceed. */
export function percentile(values: number[], share: number): number {
  if (values.length === 0) return Number.NaN
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!
}

export const median = (values: number[]): number => {
  if (values.length === 0) return Number.NaN
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

export const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0)

/** What was found in several rounds: the middle of it, and how far it spreads. */
export interface Finding {
  value: number
  least: number
  most: number
}

export const finding = (rounds: number[]): Finding => ({ value: median(rounds), least: Math.min(...rounds), most: Math.max(...rounds) })

/** Two columns of the same rounds, held against each other round by round. */
export const pairwise = (of: number[], against: number[], compare: (one: number, other: number) => number): Finding =>
  finding(of.map((value, round) => compare(value, against[round]!)))

export const ratio = (one: number, other: number): number => one / other
export const difference = (one: number, other: number): number => one - other
