import { Agent, createServer, request as httpRequest } from 'node:http'
import { announce } from './announce.ts'

// The least that can stand between a client and a model: node:http, bytes passed on as they come. What everything else is held against.

const endpoint = new URL(process.argv[2]!)
const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })

const server = createServer((incoming, outgoing) => {
  const forwarded = httpRequest(
    { host: endpoint.hostname, port: endpoint.port, path: incoming.url, method: incoming.method, headers: incoming.headers, agent },
    answer => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    },
  )
  forwarded.on('error', () => outgoing.destroy())
  incoming.pipe(forwarded)
})
announce(server)
