/** One result of a web search, as the provider wrote it. */
export interface SearchHit {
  title: string
  url: string
  snippet: string
}

/** `failed`: `message` is a sentence for the model and the page; it holds no key and no address. */
export type SearchOutcome = { kind: 'found'; hits: SearchHit[] } | { kind: 'failed'; message: string }

/** A web search. Never rejects; ends when `signal` aborts, which is also its only time limit. */
export interface SearchProvider {
  search(query: string, signal: AbortSignal): Promise<SearchOutcome>
}
