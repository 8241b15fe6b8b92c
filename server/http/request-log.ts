import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Observer } from '../domain/observation.ts'

/** For what nobody waited for any more (nginx's word for it). */
const CLIENT_GONE = 499

/** One line per request, a stream's too, when its answer has ended or its reader has left: what was asked, by whom, with what answer; never a body, a query or a token. */
export function logRequests(app: FastifyInstance, observer: Observer): void {
  app.addHook('onRequest', (request, reply, done) => {
    const startedAt = performance.now()
    // A hook of Fastify's would hear nothing of whoever leaves early.
    reply.raw.once('close', () => {
      const seconds = (performance.now() - startedAt) / 1_000
      request.log.info(lineOf(request, reply, seconds), 'request')
      const { method, id } = request
      observer.request({ method, route: routeOf(request), status: statusOf(reply), seconds, streamed: isStream(reply), traceId: id })
    })
    done()
  })
}

const lineOf = (request: FastifyRequest, reply: FastifyReply, seconds: number) => ({
  user_id: request.caller?.userId,
  api_key_id: request.credential?.kind === 'api_key' ? request.credential.keyId : undefined,
  turn_id: reply.getHeader('x-turn-id'),
  method: request.method,
  route: routeOf(request),
  status: statusOf(reply),
  ms: Math.round(seconds * 1_000),
})

/** What takes every address is the route of none. */
const EVERY_ADDRESS = '/*'
const routeOf = ({ routeOptions: { url = EVERY_ADDRESS } }: FastifyRequest) => (url === EVERY_ADDRESS ? 'unknown' : url)
const statusOf = ({ raw }: FastifyReply) => (raw.headersSent ? raw.statusCode : CLIENT_GONE)
const isStream = (reply: FastifyReply) => reply.getHeader('content-type') === 'text/event-stream'
