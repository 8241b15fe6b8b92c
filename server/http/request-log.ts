import type { FastifyInstance } from 'fastify'

/** One line per request: what was asked, by whom, with what answer; never a body, a query or a token. */
export function logRequests(app: FastifyInstance): void {
  app.addHook('onResponse', async (request, reply) => {
    request.log.info(
      {
        trace_id: request.id,
        user_id: request.caller?.userId,
        method: request.method,
        route: request.routeOptions.url ?? 'unknown',
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
      },
      'request',
    )
  })
}
