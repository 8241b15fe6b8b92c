import { takeEarly } from './early.ts'
import { networkProblem, problemOf } from './problem.ts'
import type { AnswerOf, CallOptions, Route } from './routes.ts'
import { bearer, forgetBearer, tellSignedOut } from './token.ts'

const BASE = '/api/v1'

interface AnyOptions {
  path?: Record<string, string>
  query?: Record<string, string | number | undefined>
  body?: unknown
  signal?: AbortSignal
  idempotencyKey?: string
}

/** Calls one route of the API. Throws an `ApiProblem`. */
export async function call<R extends Route>(route: R, options: CallOptions<R>): Promise<AnswerOf<R>> {
  const { path, query, body, signal, idempotencyKey } = options as AnyOptions
  const [method = 'GET', template = ''] = route.split(' ')
  const response = await send(addressOf(template, path, query), {
    method,
    signal,
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(idempotencyKey && { 'idempotency-key': idempotencyKey }),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  })
  if (!response.ok) throw await problemOf(response)
  const text = await response.text()
  return (text === '' ? undefined : JSON.parse(text)) as AnswerOf<R>
}

/** A request with the bearer of this moment. One that is refused as unsigned is sent once more with a new one. */
export async function send(address: string, init: RequestInit): Promise<Response> {
  const first = (isPlainGet(init) && (await takeEarly(address))) || (await sendOnce(address, init))
  if (first.status !== 401) return first
  forgetBearer()
  const second = await sendOnce(address, init)
  if (second.status === 401) tellSignedOut()
  return second
}

const isPlainGet = ({ method = 'GET', headers }: RequestInit) => method === 'GET' && Object.keys(headers ?? {}).length === 0

const isOpen = (address: string) => address === `${BASE}/auth/config`

async function sendOnce(address: string, init: RequestInit): Promise<Response> {
  const headers = new Headers(init.headers)
  if (!isOpen(address)) headers.set('authorization', `Bearer ${await bearer()}`)
  return fetch(address, { ...init, headers, credentials: 'same-origin' }).catch(error => {
    if (init.signal?.aborted) throw error
    throw networkProblem()
  })
}

export function addressOf(template: string, path: Record<string, string> = {}, query: AnyOptions['query'] = {}): string {
  const filled = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(path[name] ?? ''))
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== '') parameters.set(name, String(value))
  const tail = parameters.size > 0 ? `?${parameters}` : ''
  return `${BASE}${filled}${tail}`
}
