import type { Finding } from './statistics.ts'

// What a run finds, as data: the table, the chart and the page are made from it.

/** One promise of the project and how it stands. */
export interface Goal {
  what: string
  finding: Finding
  unit: string
  limit: number
  /** `most`: the finding must not exceed the limit. */
  limitIs: 'most' | 'least'
}

export interface SectionResult {
  title: string
  /** What was done, in a sentence or two. */
  work: string
  columns: string[]
  rows: (string | number)[][]
  goals: Goal[]
}

/** A section's result and what it was found on. */
export interface Measured extends SectionResult {
  key: string
  quick: boolean
  date: string
  commit: string
  machine: string
}

/** How a bench ends that has measured everything and missed a promise. */
export const MISSED_EXIT_CODE = 2

export const isMet = ({ finding, limit, limitIs }: Goal): boolean => (limitIs === 'most' ? finding.value <= limit : finding.value >= limit)

/** How much of what is allowed is used: 1 is the limit itself, less is better. */
export const shareUsed = ({ finding, limit, limitIs }: Goal): number => (limitIs === 'most' ? finding.value / limit : limit / finding.value)

export const rounded = (value: number): string => {
  if (Number.isNaN(value)) return '–'
  const size = Math.abs(value)
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 || size === 0 ? 2 : 3)
}

export const shown = ({ value, least, most }: Finding): string =>
  least === most ? rounded(value) : `${rounded(value)} (${rounded(least)} to ${rounded(most)})`

export const limitText = ({ limit, limitIs, unit }: Goal): string => `${limitIs === 'most' ? '≤' : '≥'} ${limit} ${unit}`.trimEnd()
