import { queryOptions } from '@tanstack/react-query'
import type { UsageEventRead } from '../../../contract/wallet.ts'
import { call } from '../../api/client.ts'
import { approximate, shown, sumOf } from '../../ui/decimal.ts'
import { utcDay } from '../../ui/time.ts'

const PAGE = 200
const PAGES_MAXIMUM = 10
export const DAYS_SHOWN = 30
const DAY_MS = 24 * 60 * 60 * 1000

/** The calls of the last days, newest first; at most 2,000, which `isCut` tells. */
export const recentUsage = queryOptions({
  queryKey: ['usage', 'recent'],
  queryFn: async () => {
    const since = new Date(Date.now() - DAYS_SHOWN * DAY_MS).toISOString()
    const events: UsageEventRead[] = []
    for (let page = 0; page < PAGES_MAXIMUM; page += 1) {
      const { events: found, total } = await call('GET /users/me/usage', { query: { limit: PAGE, offset: page * PAGE } })
      events.push(...found.filter(event => event.created_at >= since))
      const isEnd = (page + 1) * PAGE >= total || (found.at(-1)?.created_at ?? '') < since
      if (isEnd) return { events, isCut: false }
    }
    return { events, isCut: true }
  },
})

/** One bar for each day, the empty ones too. */
export function barsByDay(events: UsageEventRead[], now = Date.now()) {
  const byDay = Map.groupBy(events, event => event.created_at.slice(0, 10))
  return Array.from({ length: DAYS_SHOWN }, (_, at) => {
    const date = new Date(now - (DAYS_SHOWN - 1 - at) * DAY_MS)
    const spent = sumOf((byDay.get(utcDay(date)) ?? []).map(event => event.credits_burned))
    return {
      label: date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' }),
      height: approximate(spent),
      shown: shown(spent),
    }
  })
}

export interface ModelShare {
  alias: string
  calls: number
  tokens: number
  credits: string
  part: number
}

export function byModel(events: UsageEventRead[]): ModelShare[] {
  const total = approximate(sumOf(events.map(event => event.credits_burned)))
  return [...Map.groupBy(events, event => event.model_alias)]
    .map(([alias, own]) => {
      const credits = sumOf(own.map(event => event.credits_burned))
      const tokens = own.reduce((sum, event) => sum + event.input_tokens + event.output_tokens, 0)
      return { alias, calls: own.length, tokens, credits, part: total === 0 ? 0 : approximate(credits) / total }
    })
    .sort((a, b) => b.part - a.part)
}
