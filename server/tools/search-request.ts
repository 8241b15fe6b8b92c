import type { Dispatcher } from 'undici'
import { z } from 'zod'
import type { Outbound, OutboundRequest } from '../outbound/outbound.ts'
import type { SearchHit, SearchOutcome } from './search-provider.ts'

/** Five results are a few kilobytes; an answer beyond this is none. */
const MAXIMUM_BYTES = 1024 * 1024

/** Tavily and SearXNG name the members alike; results that do not fit are dropped. */
const SearchAnswer = z.object({
  results: z.array(
    z
      .object({ title: z.string().catch(''), url: z.string().min(1), content: z.string().catch('') })
      .nullable()
      .catch(null),
  ),
})

/** The way out to a search service. */
export type SearchLine = Pick<Outbound, 'request'>

/** Asks a search service and reads its hits. Its time limit is `signal` alone. */
export async function requestHits(
  line: SearchLine,
  url: URL,
  options: Omit<OutboundRequest, 'signal'>,
  signal: AbortSignal,
): Promise<SearchOutcome> {
  try {
    const { statusCode, body } = await line.request(url, { ...options, signal })
    if (statusCode !== 200) {
      // Read to its end, or the connection could not be used again.
      await body.dump({ limit: MAXIMUM_BYTES, signal })
      return failed(`The search service answered with status ${statusCode}.`)
    }
    return readHits(await boundedText(body))
  } catch {
    return failed(signal.aborted ? 'The search took too long.' : 'The search service could not be reached.')
  }
}

function readHits(text: string | null): SearchOutcome {
  const hits = text === null ? null : hitsIn(text)
  return hits === null ? failed('The search service sent an answer that cannot be read.') : { kind: 'found', hits }
}

function hitsIn(text: string): SearchHit[] | null {
  try {
    const { results } = SearchAnswer.parse(JSON.parse(text))
    return results.filter(result => result !== null).map(({ title, url, content }) => ({ title, url, snippet: content }))
  } catch {
    return null
  }
}

/** Null when the body is too long; what is left of it is not read. */
async function boundedText(body: Dispatcher.ResponseData['body']): Promise<string | null> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of body) {
    parts.push(part)
    bytes += part.length
    if (bytes > MAXIMUM_BYTES) return null
  }
  return Buffer.concat(parts).toString('utf8')
}

const failed = (message: string): SearchOutcome => ({ kind: 'failed', message })
