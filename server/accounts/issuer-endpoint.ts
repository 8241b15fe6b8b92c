import type { Outbound } from '../outbound/outbound.ts'

const TIMEOUT_MS = 5_000
const MAXIMUM_BYTES = 512 * 1024

/** The JSON document that an issuer serves at an address. Rejects on any other status than 200, after 5 seconds, or beyond 512 KiB. */
export async function readIssuerDocument(outbound: Outbound, url: string): Promise<unknown> {
  const { statusCode, body } = await outbound.request(url, {
    method: 'GET',
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAXIMUM_BYTES) throw new Error(`${url} answers with more than ${MAXIMUM_BYTES} bytes`)
    chunks.push(chunk)
  }
  if (statusCode !== 200) throw new Error(`${url} answers ${statusCode}`)
  return JSON.parse(Buffer.concat(chunks).toString())
}
