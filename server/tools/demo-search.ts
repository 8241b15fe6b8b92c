import type { SearchProvider } from './search-provider.ts'

/** A search that reaches nothing: it goes with the demo model and says in every result that it is simulated. */
export const createDemoSearch = (): SearchProvider => ({
  search: async query => ({
    kind: 'found',
    hits: ASPECTS.map((aspect, index) => ({
      title: `${aspect}: ${query} (simulated result)`,
      url: `https://example.com/simulated/${index + 1}`,
      snippet: 'The demo search has looked nowhere. Set TAVILY_API_KEY or SEARXNG_BASE_URL for real results.',
    })),
  }),
})

const ASPECTS = ['Overview', 'Recent developments', 'Critical view']
