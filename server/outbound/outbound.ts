import { Agent, type Dispatcher, type RequestInit, request, fetch as undiciFetch } from 'undici'
import { type ConnectorOptions, checkedConnector } from './checked-connector.ts'

/** The one way out of this process for HTTP. Connections are shared and checked when they are made, never per request. */
export interface Outbound {
  /** Follows no redirect. Has no time limits but the caller's `signal` and that of connecting. */
  request(url: URL | string, options: OutboundRequest): Promise<Dispatcher.ResponseData>
  /** For libraries that ask for the platform's `fetch`; redirects are connections like any other. */
  fetch: typeof globalThis.fetch
  /** Ends what still runs. */
  close(): Promise<void>
}

export type OutboundRequest = Pick<Dispatcher.RequestOptions, 'method' | 'headers' | 'body' | 'signal'>

export interface OutboundOptions extends ConnectorOptions {
  /** The operator lets everything out, wherever it leads. */
  allowPrivate: boolean
}

/** A connection that is used again saves a TLS handshake before the first token; most providers keep one for a minute. */
const KEEP_ALIVE_MS = 30_000

/** HTTP/1.1: one socket per running request, so that ending a request is closing its socket. */
export function createOutbound({ allowPrivate, ...options }: OutboundOptions): Outbound {
  const connect = allowPrivate ? { timeout: options.connectMs } : checkedConnector(options)
  const dispatcher = new Agent({ allowH2: false, connect, headersTimeout: 0, bodyTimeout: 0, keepAliveTimeout: KEEP_ALIVE_MS })
  return {
    request: async (url, wanted) => request(url, { ...wanted, dispatcher }),
    fetch: ((input: string | URL, init: RequestInit) => undiciFetch(input, { ...init, dispatcher })) as unknown as typeof globalThis.fetch,
    close: () => dispatcher.destroy(),
  }
}
