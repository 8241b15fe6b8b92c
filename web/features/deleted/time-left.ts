import { plural } from '../../ui/count.ts'

/** As long as the server keeps what was deleted. */
export const RESTORE_DAYS = 7
const HOUR_MS = 60 * 60 * 1000
const DAY_MS = 24 * HOUR_MS

export function timeLeft(deletedAt: string, now = Date.now()): string {
  const left = new Date(deletedAt).getTime() + RESTORE_DAYS * DAY_MS - now
  if (left < HOUR_MS) return 'less than an hour left'
  return left < DAY_MS ? `${plural(Math.floor(left / HOUR_MS), 'hour')} left` : `${plural(Math.floor(left / DAY_MS), 'day')} left`
}
