import type { FastifyInstance, FastifyRequest } from 'fastify'
import { PaymentEventReceipt } from '../../contract/payments.ts'
import { createFloodGuard } from '../live/flood-guard.ts'
import { type PaymentEventDependencies, receivePaymentEvent } from '../usecases/receive-payment-event.ts'
import { problemsOf, typed } from './api.ts'

/** Per address, before the body is read: far more than Stripe sends, far less than a flood. */
const DELIVERIES_PER_MINUTE = 6_000

/** Register in a scope of its own: here bodies are bytes, because the signature is over them. */
export function stripeWebhookRoutes(scope: FastifyInstance, deps: PaymentEventDependencies): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  const deliveries = createFloodGuard(DELIVERIES_PER_MINUTE)
  scope.addHook('onRequest', async request => deliveries.admit(request.ip))
  typed(scope).post(
    '/webhooks/stripe',
    {
      schema: {
        summary: 'Where Stripe reports payments, refunds and disputes; only what it has signed is read',
        tags: ['Webhooks'],
        security: [],
        response: {
          200: PaymentEventReceipt,
          ...problemsOf([
            'invalid_signature',
            'malformed_request',
            'payload_too_large',
            'validation_error',
            'rate_limited',
            'internal_error',
            'unavailable',
            'payment_not_configured',
          ]),
        },
      },
    },
    async request => ({ status: await receivePaymentEvent(deps, bytesOf(request), signatureOf(request)) }),
  )
}

const bytesOf = ({ body }: FastifyRequest): Uint8Array => (body instanceof Uint8Array ? body : new Uint8Array())

function signatureOf({ headers }: FastifyRequest): string | undefined {
  const signature = headers['stripe-signature']
  return typeof signature === 'string' ? signature : undefined
}
