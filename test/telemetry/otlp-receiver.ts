import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface ReceivedSpan {
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  /** 1 internal, 3 client. */
  kind: number
  startTimeUnixNano: string
  endTimeUnixNano: string
  attributes: Record<string, unknown>
  status: { code?: number }
}

export interface OtlpReceiver {
  url: string
  spans: ReceivedSpan[]
  /** Everything that came, as it came. */
  bodies: string[]
  resources: Record<string, unknown>[]
  headers: IncomingHttpHeaders[]
  paths: string[]
  close(): Promise<void>
}

type Value = { stringValue?: string; intValue?: string | number; doubleValue?: number; boolValue?: boolean }
type Pairs = { key: string; value: Value }[]

/** A collector on loopback that takes OTLP over HTTP, in JSON, and keeps it. */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const received: Omit<OtlpReceiver, 'url' | 'close'> = { spans: [], bodies: [], resources: [], headers: [], paths: [] }
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part)
    const body = Buffer.concat(parts).toString()
    received.bodies.push(body)
    received.headers.push(request.headers)
    received.paths.push(request.url ?? '')
    for (const { resource, scopeSpans } of JSON.parse(body).resourceSpans) {
      received.resources.push(record(resource.attributes))
      for (const { spans } of scopeSpans) for (const span of spans) received.spans.push({ ...span, attributes: record(span.attributes) })
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...received,
    async close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

const record = (pairs: Pairs) => Object.fromEntries(pairs.map(({ key, value }) => [key, plain(value)]))

const plain = ({ stringValue, intValue, doubleValue, boolValue }: Value) =>
  stringValue ?? (intValue === undefined ? undefined : Number(intValue)) ?? doubleValue ?? boolValue
