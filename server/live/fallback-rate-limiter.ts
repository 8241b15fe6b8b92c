import type { LimitDecision, RateLimiter } from './rate-limiter.ts'

export interface FallbackOptions {
  /** One limit over all processes. Rejects, soon, when it cannot decide. */
  shared: RateLimiter
  /** Decides meanwhile, so that nobody is unlimited. */
  local: RateLimiter
  log: { info(fields: object, message: string): void; warn(fields: object, message: string): void }
  /** For each decision that was made without the shared limiter. */
  onSkipped?: () => void
}

/** Never rejects: without the shared limiter the limit is per process, and turns go on. */
export function createFallbackRateLimiter({ shared, local, log, onSkipped }: FallbackOptions): RateLimiter {
  let skipping = false
  const skip = (skips: boolean, err?: unknown) => {
    if (skips !== skipping) {
      if (skips) log.warn({ err }, 'rate limits are counted per process: Redis does not decide')
      else log.info({}, 'rate limits are counted over all processes again')
    }
    skipping = skips
  }
  return {
    async take(key) {
      try {
        const decision = await shared.take(key)
        skip(false)
        return await notedLocally(local, key, decision)
      } catch (err) {
        skip(true, err)
        onSkipped?.()
        return await local.take(key)
      }
    },
  }
}

/** What was admitted here counts here as well, so that an outage does not begin with a fresh limit. */
async function notedLocally(local: RateLimiter, key: string, decision: LimitDecision): Promise<LimitDecision> {
  if (decision.kind === 'refused') return decision
  const noted = await local.take(key)
  const uncount = noted.kind === 'admitted' ? noted.giveBack : async () => {}
  return { ...decision, giveBack: async () => void (await Promise.all([decision.giveBack(), uncount()])) }
}
