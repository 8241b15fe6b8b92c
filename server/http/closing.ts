import type { FastifyInstance } from 'fastify'
import { Refusal } from '../domain/refusal.ts'

/** A load balancer has gone over to another server by then. */
const RETRY_SECONDS = 1

/** A server that shuts down takes nothing new; whoever still asks on a connection that was open is told to come again, on another one. */
export function refuseWhenClosing(app: FastifyInstance): void {
  let closing = false
  app.addHook('preClose', async () => {
    closing = true
  })
  app.addHook('onRequest', async (_request, reply) => {
    if (!closing) return
    reply.header('connection', 'close')
    throw new Refusal('unavailable', 'The server is shutting down. Try again in a moment.', { retry_after_seconds: RETRY_SECONDS })
  })
}
