import { type Config, takesPayments } from '../config.ts'
import type { Outbound } from '../outbound/outbound.ts'
import type { Payments } from '../payments/payment-provider.ts'
import { openStripe, type StripeLog } from '../payments/stripe.ts'

/** Null where payments are switched off. */
export async function openPayments(config: Config, outbound: Outbound, log: StripeLog): Promise<Payments | null> {
  if (!takesPayments(config)) return null
  const access = {
    secretKey: config.STRIPE_SECRET_KEY!,
    webhookSecrets: config.STRIPE_WEBHOOK_SECRET!,
    apiBase: config.STRIPE_API_BASE,
  }
  return {
    provider: await openStripe(access, outbound, log),
    terms: { creditsPerUsd: config.CREDITS_PER_USD, minimumUsd: config.TOP_UP_MIN_USD, maximumUsd: config.TOP_UP_MAX_USD },
  }
}
