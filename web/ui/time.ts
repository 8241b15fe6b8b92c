const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** `now`, `5 min`, `2 h`, `Tue`, `3 Nov`. */
export function ago(time: string, now = Date.now()): string {
  const then = new Date(time)
  const passed = now - then.getTime()
  if (passed < MINUTE) return 'now'
  if (passed < HOUR) return `${Math.floor(passed / MINUTE)} min`
  if (passed < DAY) return `${Math.floor(passed / HOUR)} h`
  if (passed < 6 * DAY) return then.toLocaleDateString('en-GB', { weekday: 'short' })
  return then.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })
}

export const dateAndTime = (time: string): string =>
  new Date(time).toLocaleString('en-GB', { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit' })

export const day = (time: string): string => new Date(time).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric' })

/** `YYYY-MM-DD` in UTC, as the API counts days. */
export const utcDay = (time: Date): string => time.toISOString().slice(0, 10)

export const duration = (ms: number): string => (ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`)
