import type {} from '@fastify/swagger'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { CLIENT_ADDRESS_HEADER, type LocalAccounts } from '../accounts/local-accounts.ts'
import { addressBlock } from '../domain/network-address.ts'
import { Refusal } from '../domain/refusal.ts'
import { createFloodGuard } from '../live/flood-guard.ts'
import type { RateLimiter } from '../live/rate-limiter.ts'
import { demandReasonableJson } from './json-bounds.ts'

export interface LocalAccountRoutesOptions {
  accounts: Pick<LocalAccounts, 'handle' | 'knownAccount'>
  /** Tries to get in, per address. */
  signInLimiter: RateLimiter
  /** The address that browsers know the server by; the library never sees the Host header. Asked for once the server listens. */
  baseUrl: () => string
}

const BODY_MAXIMUM_BYTES = 1024 * 1024

/** Where a password is looked at. Who knows an account by this browser is counted to it: neighbours behind one address lock nobody out, and nobody is two. */
const PASSWORD_TRIES = new Set(['sign-in/email', 'change-password'])
/** Where somebody else may try what is not theirs; a mark of a browser would be worth nothing here, as every sign-up gives a new one. */
const OTHER_TRIES = new Set(['sign-in/magic-link', 'magic-link/verify', 'sign-up/email'])
/** For who is in already, and for programs that verify tokens. What else the library would serve, nobody of ours asks for. */
const CALLS = new Set(['jwks', 'sign-out', 'token'])
/** A page asks for a token every ten minutes, and an office may sit behind one address. */
const CALLS_PER_MINUTE = 300

/** Hands the routes of /api/auth to the account library, which speaks web requests. */
export const localAccountRoutes: FastifyPluginAsync<LocalAccountRoutesOptions> = async (app, { accounts, signInLimiter, baseUrl }) => {
  // The library reads the body itself, JSON as well as forms; only what is quick to read gets there.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer', bodyLimit: BODY_MAXIMUM_BYTES },
    async (_request: FastifyRequest, body: Buffer) => {
      demandReasonableJson(body)
      return body
    },
  )
  const calls = createFloodGuard(CALLS_PER_MINUTE)
  const handler = async (request: FastifyRequest, reply: FastifyReply) =>
    answer(await accounts.handle(webRequest(request, new URL(baseUrl()).origin)), reply)
  const serve = (name: string, admit: (request: FastifyRequest) => Promise<void>) =>
    app.route({ method: ['GET', 'POST'], url: `/api/auth/${name}`, schema: { hide: true }, onRequest: admit, handler })
  for (const name of CALLS) serve(name, async request => calls.admit(request.ip))
  const admitTry = async (name: string, who: string) => {
    const decision = await signInLimiter.take(`${name}:${who}`)
    if (decision.kind === 'refused')
      throw new Refusal('rate_limited', 'rate limit exceeded', { retry_after_seconds: decision.retryAfterSeconds })
  }
  for (const name of PASSWORD_TRIES)
    serve(name, ({ ip, headers }) => admitTry(name, accounts.knownAccount(headers.cookie) ?? addressBlock(ip)))
  for (const name of OTHER_TRIES) serve(name, ({ ip }) => admitTry(name, addressBlock(ip)))
}

function webRequest(request: FastifyRequest, origin: string): Request {
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value)
  }
  // Programs that use fetch send the mode alone; a browser always says the site, too, and only browsers are to be asked for their origin.
  if (!headers.has('sec-fetch-site')) headers.delete('sec-fetch-mode')
  // Written over whatever the client may have sent.
  headers.set(CLIENT_ADDRESS_HEADER, request.ip)
  // The library looks for its own words anywhere in the type, its parameters included.
  if (headers.has('content-type')) headers.set('content-type', 'application/json')
  const body = request.body instanceof Buffer ? new Uint8Array(request.body) : null
  return new Request(`${origin}${request.url}`, { method: request.method, headers, body })
}

async function answer(response: Response, reply: FastifyReply): Promise<FastifyReply> {
  const body = Buffer.from(await response.arrayBuffer())
  if (response.status === 404 && body.length === 0) {
    reply.callNotFound()
    return reply
  }
  // A token and a session are for whoever asked, not for what is in between.
  reply.header('cache-control', 'no-store')
  for (const [name, value] of response.headers) if (name !== 'set-cookie') reply.header(name, value)
  const cookies = response.headers.getSetCookie()
  if (cookies.length > 0) reply.header('set-cookie', cookies)
  return reply.code(response.status).send(body)
}
