import type {} from '@fastify/swagger'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { CLIENT_ADDRESS_HEADER, type LocalAccounts } from '../accounts/local-accounts.ts'

export interface LocalAccountRoutesOptions {
  accounts: Pick<LocalAccounts, 'handle'>
  /** The address that browsers know the server by; the library never sees the Host header. Asked for once the server listens. */
  baseUrl: () => string
}

const BODY_MAXIMUM_BYTES = 1024 * 1024

/** Hands /api/auth/* to the account library, which speaks web requests. */
export const localAccountRoutes: FastifyPluginAsync<LocalAccountRoutesOptions> = async (app, { accounts, baseUrl }) => {
  // The library reads the body itself; the parsers of the other routes stay theirs.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: BODY_MAXIMUM_BYTES }, (_request, body, done) => done(null, body))
  app.route({
    method: ['GET', 'POST'],
    url: '/api/auth/*',
    schema: { hide: true },
    handler: async (request, reply) => answer(await accounts.handle(webRequest(request, new URL(baseUrl()).origin)), reply),
  })
}

function webRequest(request: FastifyRequest, origin: string): Request {
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value)
  }
  // Programs that use fetch send the mode alone; a browser always says the site, too, and only browsers are to be asked for their origin.
  if (!headers.has('sec-fetch-site')) headers.delete('sec-fetch-mode')
  // Written over whatever the client may have sent: by it attempts are counted.
  headers.set(CLIENT_ADDRESS_HEADER, request.ip)
  const body = request.body instanceof Buffer ? new Uint8Array(request.body) : null
  return new Request(`${origin}${request.url}`, { method: request.method, headers, body })
}

async function answer(response: Response, reply: FastifyReply): Promise<FastifyReply> {
  const body = Buffer.from(await response.arrayBuffer())
  if (response.status === 404 && body.length === 0) {
    reply.callNotFound()
    return reply
  }
  for (const [name, value] of response.headers) if (name !== 'set-cookie') reply.header(name, value)
  const cookies = response.headers.getSetCookie()
  if (cookies.length > 0) reply.header('set-cookie', cookies)
  const retryAfter = response.headers.get('x-retry-after')
  if (retryAfter !== null) reply.header('retry-after', retryAfter)
  return reply.code(response.status).send(body)
}
