import { createHash, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { Metrics } from '../telemetry/metrics.ts'

/** Whether the value of `Authorization` bears the token; how long it takes says nothing about it. */
export const bearsToken = (authorization: string | undefined, token: string): boolean =>
  timingSafeEqual(digest(authorization ?? ''), digest(`Bearer ${token}`))

const digest = (text: string) => createHash('sha256').update(text).digest()

export interface MetricsDoor {
  port: number
  close(): Promise<void>
}

/** `GET /metrics` on a port of its own, for whoever can reach it; with a token for whoever has that, too. */
export async function openMetricsDoor(metrics: Metrics, at: { host: string; port: number }, token: string | null): Promise<MetricsDoor> {
  const server = createServer(async (request, response) => {
    if (request.method !== 'GET' || request.url?.split('?', 1)[0] !== '/metrics') return void response.writeHead(404).end()
    if (token !== null && !bearsToken(request.headers.authorization, token)) return void response.writeHead(401).end()
    const text = await metrics.text().catch(() => null)
    if (text === null) return void response.writeHead(500).end()
    response.writeHead(200, { 'content-type': metrics.contentType }).end(text)
  })
  server.listen(at.port, at.host)
  await once(server, 'listening')
  return {
    port: portOf(server.address()),
    async close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

const portOf = (address: ReturnType<Server['address']>): number => (typeof address === 'object' && address ? address.port : 0)
