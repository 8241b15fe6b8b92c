import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import { Refusal } from '../domain/refusal.ts'

export interface KeySetOptions {
  /** The issuer's public keys as they are now. */
  read: () => Promise<JSONWebKeySet>
  /** No sooner than this after the last attempt are they read again for an unknown key id. */
  cooldownMs: number
}

// An issuer that withdraws a key must see it gone, too.
const MAXIMUM_AGE_MS = 10 * 60_000

/**
 * An issuer's keys, kept. They are read at first use, for an unknown key id and, without making anybody wait, when they are old; while
 * they cannot be read the known ones go on. Refuses with `unavailable` when a token cannot be judged because the keys cannot be read.
 */
export function createKeySet({ read, cooldownMs }: KeySetOptions): JWTVerifyGetKey {
  let keys: ReturnType<typeof createLocalJWKSet> | null = null
  let attemptedAt = Number.NEGATIVE_INFINITY
  let failure: Refusal | null = null
  let reading: Promise<void> | null = null

  const age = () => performance.now() - attemptedAt
  const readOnce = async () => {
    try {
      keys = createLocalJWKSet(await read())
      failure = null
    } catch (error) {
      failure = keysUnreachable(error)
    }
    attemptedAt = performance.now()
    reading = null
  }
  /** Everybody who needs the keys at the same time waits for one reading. */
  const refresh = async () => {
    if (age() >= cooldownMs) {
      reading ??= readOnce()
      await reading
    }
    if (failure) throw failure
  }

  return async (header, token) => {
    if (!keys) await refresh()
    else if (age() > MAXIMUM_AGE_MS) refresh().catch(() => {})
    try {
      return await keys!(header, token)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
      await refresh()
      return keys!(header, token)
    }
  }
}

function keysUnreachable(cause: unknown): Refusal {
  const refusal = new Refusal('unavailable', 'The keys of the sign-in service cannot be read at the moment.', { retry_after_seconds: 5 })
  refusal.cause = cause
  return refusal
}
