import type { ChangeSignal } from './change-signal.ts'

/** What was read of the database, kept in the process until the change signal names one of the tables it came from. */
export interface KeptReading<Value> {
  current(): Promise<Value>
  /** For whoever has just committed a change and must not wait for the signal. */
  forget(): void
}

export function keepReading<Value>(changes: ChangeSignal, tables: string[], read: () => Promise<Value>): KeptReading<Value> {
  let kept: Promise<Value> | null = null
  changes.subscribe(change => {
    if (change === 'everything' || tables.includes(change)) kept = null
  })
  return {
    current() {
      if (kept) return kept
      const reading = read()
      kept = reading
      reading.catch(() => {
        if (kept === reading) kept = null
      })
      return reading
    },
    forget() {
      kept = null
    },
  }
}
