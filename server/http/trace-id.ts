import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { v4 as uuidv4 } from 'uuid'

const SANE = /^[A-Za-z0-9._-]{1,128}$/

/** The id that a request brings along, when it is sane, else a new one; it is the request's id everywhere. */
export function requestTraceId(request: IncomingMessage): string {
  const brought = request.headers['x-trace-id']
  return typeof brought === 'string' && SANE.test(brought) ? brought : uuidv4()
}

export function sendTraceIds(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-trace-id', request.id)
  })
}
