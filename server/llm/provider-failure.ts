import type { AttemptFailure } from './model.ts'
import { isRecord } from './wire-value.ts'

// Which kind of failure a provider's behaviour is, and the one sentence that people and logs get to see of it.

/** An attempt that failed. `retryable` speaks of the cause alone; after the first token nothing is retried. */
export interface ProviderFailure extends AttemptFailure {
  status: 'error' | 'timeout' | 'rate_limited'
}

/** Network errors before any answer: the system's own codes, and undici's for a slow connect and for a socket that closed. */
const CONNECT_ERROR = /^(E[A-Z_]+|UND_ERR_CONNECT_TIMEOUT|UND_ERR_SOCKET)$/

/** No answer was seen: refused, unresolved, reset, or too slow to connect. */
export function unreachable(error: unknown): ProviderFailure {
  const code = isRecord(error) && typeof error.code === 'string' ? error.code : error instanceof Error ? error.name : 'unknown'
  const late = code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT'
  return {
    ...(late ? { status: 'timeout', code: 'provider_timeout' } : { status: 'error', code: 'provider_error' }),
    message: `The model provider could not be reached (${code}).`,
    retryable: CONNECT_ERROR.test(code),
    retryAfterMs: null,
  }
}

/** A status other than 2xx, or the same number in the `error` member of a stream that had begun with 200. */
export function refusedBy(httpStatus: number, said: string, retryAfterMs: number | null): ProviderFailure {
  const late = httpStatus === 408 || httpStatus === 504
  const limited = httpStatus === 429
  return {
    status: late ? 'timeout' : limited ? 'rate_limited' : 'error',
    code: late ? 'provider_timeout' : 'provider_error',
    message: `The model provider answered ${httpStatus}${said && `: ${said}`}`,
    retryable: late || limited || httpStatus >= 500,
    retryAfterMs,
  }
}

/** The `error` member of an answer. Its code is a status at OpenRouter and a word, or nothing, elsewhere. */
export function toldFailure(error: unknown, said: string): ProviderFailure {
  const code = isRecord(error) ? Number(error.code ?? error.status) : Number.NaN
  if (Number.isInteger(code) && code >= 400 && code <= 599) return refusedBy(code, said, null)
  return brokenAnswer(`reported an error while answering${said && `: ${said}`}`)
}

/** An answer that began and went wrong: cut, unreadable or without end. Nothing says that another try would go better. */
export const brokenAnswer = (what: string): ProviderFailure => ({
  status: 'error',
  code: 'provider_error',
  message: `The model provider ${what}`,
  retryable: false,
  retryAfterMs: null,
})

/** Our own patience ended. Not retried: a user who has waited this long is told. */
export const tooSlow = (what: 'first token' | 'next token', limitMs: number): ProviderFailure => ({
  status: 'timeout',
  code: 'provider_timeout',
  message: `The model provider sent no ${what} within ${limitMs / 1000} s.`,
  retryable: false,
  retryAfterMs: null,
})

/** `Retry-After` in seconds or as an HTTP date (RFC 9110, 10.2.3), in milliseconds from `now`; null when absent or unreadable. */
export function retryAfter(header: string | string[] | undefined, now: number): number | null {
  const text = (Array.isArray(header) ? header[0] : header)?.trim()
  if (!text) return null
  if (/^\d{1,9}(\.\d+)?$/.test(text)) return Math.ceil(Number(text) * 1000)
  const at = /[a-z]/i.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? null : Math.max(0, at - now)
}
