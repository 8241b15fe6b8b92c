import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'

export interface SentryIngest {
  dsn: string
  /** Faults, as they came. */
  events: ReceivedEvent[]
  /** The times of requests. */
  spans: { name: string; trace_id: string; start_timestamp: number; end_timestamp: number }[]
  /** Everything that came, as it came. */
  bodies: string[]
  close(): Promise<void>
}

export interface ReceivedEvent {
  release?: string
  environment?: string
  tags?: Record<string, string>
  user?: Record<string, unknown>
  exception?: { values: { type: string; value: string; stacktrace?: { frames: { filename: string }[] } }[] }
  [other: string]: unknown
}

/** Takes what Sentry's clients send, on loopback. */
export async function startSentryIngest(): Promise<SentryIngest> {
  const events: ReceivedEvent[] = []
  const spans: SentryIngest['spans'] = []
  const bodies: string[] = []
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part)
    const sent = Buffer.concat(parts)
    const body = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent).toString()
    bodies.push(body)
    // An envelope: its own head, then a head and a payload for each item, a line each.
    const lines = body.split('\n').slice(1)
    for (let line = 0; line + 1 < lines.length; line += 2) {
      const head = JSON.parse(lines[line]!) as { type: string }
      if (head.type === 'event') events.push(JSON.parse(lines[line + 1]!))
      if (head.type === 'span') spans.push(...JSON.parse(lines[line + 1]!).items)
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    dsn: `http://public@127.0.0.1:${(server.address() as AddressInfo).port}/1`,
    events,
    spans,
    bodies,
    async close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
