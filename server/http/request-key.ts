import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { RequestKey } from '../domain/request-key.ts'

/** The headers of a route whose requests may be repeated. */
export const RequestKeyHeaders = z.looseObject({
  'idempotency-key': z
    .string()
    .min(1, 'must have 1 to 255 characters')
    .max(255, 'must have 1 to 255 characters')
    .optional()
    .describe('A name for this request. Sent again within 24 hours it gets the first answer and does nothing a second time.'),
})

/** Null without an `Idempotency-Key`. The route is the address with its ids, unless the caller has a name of its own for it. */
export function requestKeyOf(request: FastifyRequest, route = addressOf(request)): RequestKey | null {
  const key = request.headers['idempotency-key']
  if (typeof key !== 'string') return null
  // The parsed body: the same wish in other words, or with other white space, is the same request.
  const requestSha256 = createHash('sha256')
    .update(JSON.stringify(request.body ?? null))
    .digest('hex')
  return { route, key, requestSha256 }
}

const addressOf = (request: FastifyRequest) => `${request.method} ${request.url.replace(/\/?(\?.*)?$/, '')}`

export function markReplayed(reply: FastifyReply, replayed: boolean): void {
  if (replayed) reply.header('idempotent-replayed', 'true')
}
