import type { Stripe } from 'stripe'
import { Refusal } from '../domain/refusal.ts'
import type { Outbound } from '../outbound/outbound.ts'
import type { PaymentIntent, PaymentOrder, PaymentProvider } from './payment-provider.ts'
import { parseStripeEvent } from './stripe-event.ts'

export interface StripeAccess {
  secretKey: string
  /** Two during a rotation; either signs. */
  webhookSecrets: string[]
  /** Scheme, host and port, no path. */
  apiBase: string
}

const TIMEOUT_MS = 10_000
const RECEIPT_TIMEOUT_MS = 3_000
/** How old a signature may be. Source: docs.stripe.com/webhooks/signature. */
const TOLERANCE_SECONDS = 300
const RETRY_SECONDS = 5

export interface StripeLog {
  warn(fields: object, message: string): void
}

/** Opens the library here: 0.1 s and 38 MB that who takes no payments never pays. Nothing connects before the first call. */
export async function openStripe(
  { secretKey, webhookSecrets, apiBase }: StripeAccess,
  { fetch }: Pick<Outbound, 'fetch'>,
  log: StripeLog,
): Promise<PaymentProvider> {
  const { Stripe } = await import('stripe')
  const { protocol, hostname, port } = new URL(apiBase)
  const isPlain = protocol === 'http:'
  const stripe = new Stripe(secretKey, {
    protocol: isPlain ? 'http' : 'https',
    host: hostname,
    // Left out, it would be 443 for http, too.
    port: port || (isPlain ? 80 : 443),
    httpClient: Stripe.createFetchHttpClient(fetch),
    timeout: TIMEOUT_MS,
    maxNetworkRetries: 1,
    // Telemetry would leave an id of this machine in the home folder of the account that runs the server.
    telemetry: false,
  })
  return {
    createIntent: order => createIntent(stripe, order, log),
    receiptUrl: paymentIntentId => receiptUrl(stripe, paymentIntentId, log),
    readEvent: (body, signature) => parseStripeEvent(signedText(stripe, webhookSecrets, body, signature)),
  }
}

async function createIntent(stripe: Stripe, order: PaymentOrder, log: StripeLog): Promise<PaymentIntent> {
  const { userId, cents, currency, credits, idempotencyKey } = order
  const intent = await stripe.paymentIntents
    .create(
      { amount: cents, currency, automatic_payment_methods: { enabled: true }, metadata: { user_id: userId, credits } },
      { idempotencyKey },
    )
    .catch(translated(stripe, log))
  if (!intent.client_secret) throw new Error('Stripe made a payment intent without a client secret')
  return { id: intent.id, clientSecret: intent.client_secret, livemode: intent.livemode ?? null }
}

async function receiptUrl(stripe: Stripe, paymentIntentId: string, log: StripeLog): Promise<string | null> {
  const quick = { timeout: RECEIPT_TIMEOUT_MS, maxNetworkRetries: 0 }
  try {
    const { latest_charge: charge } = await stripe.paymentIntents.retrieve(paymentIntentId, { expand: ['latest_charge'] }, quick)
    return charge && typeof charge === 'object' ? (charge.receipt_url ?? null) : null
  } catch (error) {
    log.warn({ payment_intent_id: paymentIntentId, error: nameOf(error) }, 'Stripe did not give the receipt')
    return null
  }
}

/** The library's errors carry an HTTP status of Stripe's and sometimes a request's content, which must not pass for ours. */
const translated =
  (stripe: Stripe, log: StripeLog) =>
  (error: unknown): never => {
    const { StripeConnectionError, StripeAPIError, StripeRateLimitError, StripeError } = stripe.errors
    if (!(error instanceof StripeError)) throw error
    const passes = [StripeConnectionError, StripeAPIError, StripeRateLimitError].some(kind => error instanceof kind)
    if (!passes) throw new Error(`Stripe refused a payment intent: ${nameOf(error)}`)
    log.warn({ error: nameOf(error) }, 'Stripe made no payment intent')
    throw new Refusal('unavailable', 'The payment provider cannot be reached just now. Nothing was charged.', {
      retry_after_seconds: RETRY_SECONDS,
    })
  }

/** What went wrong, in words that hold nothing of the request. */
function nameOf(error: unknown): string {
  const { type, code, requestId } = error as { type?: string; code?: string; requestId?: string }
  return [type ?? 'unknown', code, requestId].filter(part => part !== undefined).join(' ')
}

/** The text of a body that Stripe has signed. */
function signedText(stripe: Stripe, secrets: string[], body: Uint8Array, signature: string | undefined): string {
  const text = exactText(body)
  const isSigned = text !== null && signature !== undefined && secrets.some(secret => isSignedBy(stripe, secret, text, signature))
  if (!isSigned) throw new Refusal('invalid_signature', 'invalid stripe signature')
  return text
}

function isSignedBy(stripe: Stripe, secret: string, text: string, signature: string): boolean {
  try {
    return stripe.webhooks.signature!.verifyHeader(text, signature, secret, TOLERANCE_SECONDS)
  } catch {
    // Some malformed headers make the library throw plain errors; whatever it throws carries the body and is not for the log.
    return false
  }
}

/** The library decodes leniently, so that other bytes could pass for the signed ones. */
function exactText(body: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)
  } catch {
    return null
  }
}
