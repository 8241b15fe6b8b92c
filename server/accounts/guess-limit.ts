import { createHash } from 'node:crypto'
import { Refusal } from '../domain/refusal.ts'
import type { DeviceMarks, KnownDevice } from './known-device.ts'

/** Counts over all servers; the subject is a digest. */
export interface Attempts {
  take(
    subject: string,
    limit: { quota: number; seconds: number },
  ): Promise<{ kind: 'admitted' } | { kind: 'refused'; retryAfterSeconds: number }>
  /** The newest attempt turned out to be none. */
  giveBack(subject: string): Promise<void>
}

/** Wrong passwords that are looked at: at one account from all strangers together, and once more from each device that knew the right one. */
const GUESSES = { quota: 10, seconds: 3600 }

export interface GuessLimit {
  /** Before a password is looked at. Says the same of an address that has no account. */
  admit(email: string, device: KnownDevice | null): Promise<void>
  /** It was right, so it was no guess. */
  wasRight(email: string, device: KnownDevice | null): Promise<void>
}

export function createGuessLimit(attempts: Attempts, marks: DeviceMarks): GuessLimit {
  const subjectOf = (email: string, device: KnownDevice | null) => {
    const account = marks.accountOf(email)
    const isKnown = device?.account === account
    return createHash('sha256')
      .update(isKnown ? `password ${account} on ${device.id}` : `password ${account}`)
      .digest('hex')
  }
  return {
    async admit(email, device) {
      const decision = await attempts.take(subjectOf(email, device), GUESSES)
      if (decision.kind === 'refused')
        throw new Refusal('rate_limited', 'rate limit exceeded', { retry_after_seconds: decision.retryAfterSeconds })
    },
    wasRight: (email, device) => attempts.giveBack(subjectOf(email, device)),
  }
}
