import { createHash } from 'node:crypto'

const SIXTEEN_BYTES = /^[0-9a-f]{32}$/

/**
 * The OpenTelemetry trace that a request's X-Trace-ID names: a UUID without its dashes, 32 hexadecimal digits as they are, anything else by
 * the first 16 bytes of its SHA-256. So whoever has the one finds the other.
 */
export function traceIdOf(xTraceId: string): string {
  const digits = xTraceId.toLowerCase().replaceAll('-', '')
  const isUsable = SIXTEEN_BYTES.test(digits) && !/^0+$/.test(digits)
  return isUsable ? digits : createHash('sha256').update(xTraceId).digest('hex').slice(0, 32)
}
