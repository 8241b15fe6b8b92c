// Sliding windows over a log of what was admitted: exact, and a try that is refused is not counted.

/** No span of `seconds`, its end not included, ever holds more than `quota` admitted tries. */
export interface LimitWindow {
  /** As clients see it in the headers. */
  name: string
  quota: number
  seconds: number
}

/** How a window stands after the decision. */
export interface WindowState {
  name: string
  quota: number
  windowSeconds: number
  remaining: number
  /** Whole seconds until more becomes available; 0 when nothing of it is used. */
  resetSeconds: number
}

export type LimitDecision =
  | {
      kind: 'admitted'
      limits: WindowState[]
      /** Uncounts this try: it turned out to be none. Never rejects. */
      giveBack(): Promise<void>
    }
  /** Whoever tries again after exactly `retryAfterSeconds`, an integer of at least 1, is admitted, unless other tries came before. */
  | { kind: 'refused'; retryAfterSeconds: number; limits: WindowState[] }

/** All its windows are checked and taken in one atomic step. */
export interface RateLimiter {
  take(key: string): Promise<LimitDecision>
}

/** One window as it was measured; times in whole microseconds, so that no rounding makes a wait longer or shorter than it is. */
export interface WindowMeasure {
  used: number
  /** Until one more try fits; 0 when it does already. */
  waitUs: number
  /** Until the oldest try in the window leaves it; 0 when there is none. */
  oldestLeavesUs: number
}

export function windowStates(windows: readonly LimitWindow[], measures: readonly WindowMeasure[]): WindowState[] {
  return windows.map(({ name, quota, seconds }, index) => {
    const { used, waitUs, oldestLeavesUs } = measures[index]!
    const remaining = Math.max(0, quota - used)
    return { name, quota, windowSeconds: seconds, remaining, resetSeconds: wholeSeconds(remaining === 0 ? waitUs : oldestLeavesUs) }
  })
}

/** Rounded up: a client that waits so long has waited long enough. */
export const wholeSeconds = (microseconds: number): number => Math.ceil(microseconds / SECOND_US)

export const SECOND_US = 1_000_000

export const longestWindowUs = (windows: readonly LimitWindow[]): number => Math.max(...windows.map(window => window.seconds)) * SECOND_US
