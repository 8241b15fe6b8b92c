import type { FastifyInstance } from 'fastify'
import { Refusal } from '../domain/refusal.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { bearsToken } from './metrics-door.ts'

/** Behind its token; where there is a port of its own it is served there and not here. */
export interface MetricsRoute {
  metrics: Metrics
  token: string
}

export function metricsRoutes(app: FastifyInstance, { metrics, token }: MetricsRoute): void {
  app.get('/metrics', { schema: { hide: true } }, async (request, reply) => {
    if (!bearsToken(request.headers.authorization, token)) throw new Refusal('unauthenticated', 'Missing or wrong METRICS_TOKEN.')
    return reply.type(metrics.contentType).send(await metrics.text())
  })
}
