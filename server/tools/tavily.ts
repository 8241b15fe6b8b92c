import type { SearchProvider } from './search-provider.ts'
import { requestHits, type SearchLine } from './search-request.ts'

export interface TavilyOptions {
  /** Up to and without `/search`. */
  baseUrl: string
  apiKey: string
}

/** Source: Tavily's REST API, POST /search; the key goes into the header, never into the body or the address. */
export function createTavily({ baseUrl, apiKey }: TavilyOptions, line: SearchLine): SearchProvider {
  const url = new URL(`${baseUrl.replace(/\/+$/, '')}/search`)
  const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json', accept: 'application/json' }
  return {
    search: (query, signal) => requestHits(line, url, { method: 'POST', headers, body: JSON.stringify({ query, max_results: 5 }) }, signal),
  }
}
