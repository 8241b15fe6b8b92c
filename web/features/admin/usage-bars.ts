import type { UsageBucket, UsageSummaryRead } from '../../../contract/admin.ts'
import type { Bar } from '../../ui/bar-chart.tsx'
import { approximate, shown } from '../../ui/decimal.ts'
import { utcDay } from '../../ui/time.ts'

type Period = UsageSummaryRead['daily'][number]

/** More cannot be told apart. */
const BARS_MAXIMUM = 400

/**
 * One bar for each day, week or month from `from` to `to` (`YYYY-MM-DD`; where one is missing, from or to the period that was used), the empty
 * ones too, unless that were too many. A week is named by its Monday.
 */
export function usageBars(used: Period[], bucket: UsageBucket, from: string, to: string): Bar[] {
  const first = from || used[0]?.date
  const last = to || used.at(-1)?.date
  const starts = first && last ? startsWithin(bucket, first, last) : null
  if (!starts) return used.map(({ date, credits_burned }) => barOf(bucket, new Date(date), credits_burned))
  const byStart = new Map(used.map(period => [period.date, period.credits_burned]))
  return starts.map(start => barOf(bucket, start, byStart.get(utcDay(start)) ?? '0'))
}

const barOf = (bucket: UsageBucket, start: Date, credits: string): Bar => ({
  label: nameOf(bucket, start),
  height: approximate(credits),
  shown: shown(credits),
})

/** Null where they are too many: whoever types a year begins with a very early one. */
function startsWithin(bucket: UsageBucket, first: string, last: string): Date[] | null {
  const starts: Date[] = []
  for (let start = startOf(bucket, new Date(first)); utcDay(start) <= last; start = next(bucket, start)) {
    if (starts.length === BARS_MAXIMUM) return null
    starts.push(start)
  }
  return starts
}

const WEEK_DAYS = 7

function startOf(bucket: UsageBucket, day: Date): Date {
  if (bucket === 'month') return new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), 1))
  const sinceMonday = (day.getUTCDay() + WEEK_DAYS - 1) % WEEK_DAYS
  return bucket === 'week' ? daysLater(day, -sinceMonday) : day
}

function next(bucket: UsageBucket, start: Date): Date {
  if (bucket === 'month') return new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 1, 1))
  return daysLater(start, bucket === 'week' ? WEEK_DAYS : 1)
}

const daysLater = (day: Date, days: number): Date => new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), day.getUTCDate() + days))

const nameOf = (bucket: UsageBucket, start: Date): string =>
  start.toLocaleDateString('en-GB', { ...(bucket !== 'month' && { day: 'numeric' }), month: 'short', year: 'numeric', timeZone: 'UTC' })
