import type { SearchProvider } from './search-provider.ts'
import { requestHits, type SearchLine } from './search-request.ts'

/** Source: SearXNG's search API; the instance must allow `json` among its formats. `baseUrl` is up to and without `/search`. */
export function createSearxng({ baseUrl }: { baseUrl: string }, line: SearchLine): SearchProvider {
  return {
    search(query, signal) {
      const url = new URL(`${baseUrl.replace(/\/+$/, '')}/search`)
      url.search = new URLSearchParams({ q: query, format: 'json' }).toString()
      return requestHits(line, url, { method: 'GET', headers: { accept: 'application/json', 'user-agent': 'pantheon' } }, signal)
    },
  }
}
