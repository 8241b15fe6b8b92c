import { createHmac, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

// A stand-in for Stripe on a real socket: the REST calls that are used, and events signed as Stripe signs them (docs.stripe.com/webhooks/signature).

export interface StandInIntent {
  id: string
  object: 'payment_intent'
  amount: number
  amount_received: number
  currency: string
  client_secret: string
  livemode: boolean
  status: string
  metadata: Record<string, string>
  latest_charge: string | null
}

export interface RecordedCall {
  method: string
  path: string
  headers: IncomingMessage['headers']
  form: URLSearchParams
}

export interface SignedEvent {
  body: string
  headers: Record<string, string>
}

export interface SigningOptions {
  secrets?: string[]
  /** Seconds; the present by default. */
  timestamp?: number
}

export interface EventOptions extends SigningOptions {
  id?: string
  livemode?: boolean
}

/** How a call is answered instead; the connection is cut without a status. */
export interface StripeFault {
  status?: number
  times: number
}

export interface StripeEndpoint {
  url: string
  secretKey: string
  webhookSecret: string
  calls: RecordedCall[]
  intents: Map<string, StandInIntent>
  /** The intent that a client secret belongs to. */
  intentOf(clientSecret: string): StandInIntent
  fail(fault: StripeFault): void
  event(type: string, object: object, options?: EventOptions): SignedEvent
  sign(body: string, options?: SigningOptions): SignedEvent
  succeeded(intent: StandInIntent, changes?: object, options?: EventOptions): SignedEvent
  /** `cents` is all that was refunded so far. */
  refunded(intent: StandInIntent, cents: number, changes?: object, options?: EventOptions): SignedEvent
  disputed(
    kind: 'created' | 'updated' | 'closed' | 'funds_withdrawn' | 'funds_reinstated',
    intent: StandInIntent,
    dispute: { id?: string; cents?: number; status: string; currency?: string },
    options?: EventOptions,
  ): SignedEvent
  close(): Promise<void>
}

const SECRET_KEY = 'sk_test_standin0123456789'
const WEBHOOK_SECRET = 'whsec_standin0123456789'

export async function startStripeEndpoint(): Promise<StripeEndpoint> {
  const calls: RecordedCall[] = []
  const intents = new Map<string, StandInIntent>()
  const kept = new Map<string, { form: string; intent: StandInIntent }>()
  let fault: StripeFault = { times: 0 }

  const server = createServer(async (request, response) => {
    const call = await record(request)
    calls.push(call)
    if (fault.times > 0) {
      fault = { ...fault, times: fault.times - 1 }
      if (fault.status === undefined) request.socket.destroy()
      else refuse(response, fault.status, 'api_error')
    } else answer(call, response, intents, kept)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  const sign = (body: string, { secrets = [WEBHOOK_SECRET], timestamp = seconds() }: SigningOptions = {}): SignedEvent => {
    const signatures = secrets.map(secret => `v1=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`)
    return { body, headers: { 'content-type': 'application/json', 'stripe-signature': [`t=${timestamp}`, ...signatures].join(',') } }
  }
  const event: StripeEndpoint['event'] = (type, object, { id = `evt_${token()}`, livemode = false, ...signing } = {}) =>
    sign(
      JSON.stringify({ id, object: 'event', api_version: '2026-10-28.endive', created: seconds(), livemode, type, data: { object } }),
      signing,
    )
  return {
    url: `http://127.0.0.1:${port}`,
    secretKey: SECRET_KEY,
    webhookSecret: WEBHOOK_SECRET,
    calls,
    intents,
    intentOf: clientSecret => intents.get(clientSecret.split('_secret_')[0]!)!,
    fail: next => {
      fault = next
    },
    event,
    sign,
    succeeded: (intent, changes = {}, options = {}) => event('payment_intent.succeeded', { ...pay(intent), ...changes }, options),
    refunded: (intent, cents, changes = {}, options = {}) =>
      event('charge.refunded', { ...chargeOf(intent), amount_refunded: cents, refunded: cents >= intent.amount, ...changes }, options),
    disputed: (kind, intent, { id = `dp_${intent.id}`, cents = intent.amount, status, currency = intent.currency }, options = {}) =>
      event(
        `charge.dispute.${kind}`,
        { id, object: 'dispute', amount: cents, charge: `ch_${intent.id}`, payment_intent: intent.id, currency, status, metadata: {} },
        options,
      ),
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const seconds = (): number => Math.floor(Date.now() / 1000)
const token = (): string => randomBytes(8).toString('hex')

async function record(request: IncomingMessage): Promise<RecordedCall> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part)
  const { pathname } = new URL(request.url ?? '/', 'http://stripe.invalid')
  return {
    method: request.method ?? '',
    path: pathname,
    headers: request.headers,
    form: new URLSearchParams(Buffer.concat(parts).toString()),
  }
}

function answer(
  { method, path, headers, form }: RecordedCall,
  response: ServerResponse,
  intents: Map<string, StandInIntent>,
  kept: Map<string, { form: string; intent: StandInIntent }>,
): void {
  const named = intents.get(path.replace('/v1/payment_intents/', ''))
  if (headers.authorization !== `Bearer ${SECRET_KEY}`) refuse(response, 401, 'invalid_request_error')
  else if (method === 'POST' && path === '/v1/payment_intents')
    makeIntent(String(headers['idempotency-key']), form, response, intents, kept)
  else if (method === 'GET' && named) send(response, 200, { ...named, latest_charge: named.latest_charge && chargeOf(named) })
  else refuse(response, 404, 'invalid_request_error')
}

function makeIntent(
  key: string,
  form: URLSearchParams,
  response: ServerResponse,
  intents: Map<string, StandInIntent>,
  kept: Map<string, { form: string; intent: StandInIntent }>,
): void {
  const known = kept.get(key)
  if (known && known.form !== String(form)) {
    refuse(response, 400, 'idempotency_error')
    return
  }
  const intent = known?.intent ?? newIntent(form)
  kept.set(key, { form: String(form), intent })
  intents.set(intent.id, intent)
  send(response, 200, intent)
}

function newIntent(form: URLSearchParams): StandInIntent {
  const id = `pi_${token()}`
  return {
    id,
    object: 'payment_intent',
    amount: Number(form.get('amount')),
    amount_received: 0,
    currency: String(form.get('currency')),
    client_secret: `${id}_secret_${token()}`,
    livemode: false,
    status: 'requires_payment_method',
    metadata: { user_id: String(form.get('metadata[user_id]')), credits: String(form.get('metadata[credits]')) },
    latest_charge: null,
  }
}

const pay = (intent: StandInIntent): StandInIntent =>
  Object.assign(intent, { status: 'succeeded', amount_received: intent.amount, latest_charge: `ch_${intent.id}` })

const chargeOf = (intent: StandInIntent) => ({
  id: `ch_${intent.id}`,
  object: 'charge',
  amount: intent.amount,
  amount_refunded: 0,
  currency: intent.currency,
  payment_intent: intent.id,
  receipt_url: `https://pay.stripe.com/receipts/${intent.id}`,
})

function refuse(response: ServerResponse, status: number, type: string): void {
  send(response, status, { error: { type, message: `a stand-in refuses with ${status}` } })
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'request-id': `req_${token()}` })
  response.end(JSON.stringify(body))
}
