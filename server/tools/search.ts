import { z } from 'zod'
import { fencedData } from '../domain/fenced-data.ts'
import type { SearchHit, SearchProvider } from './search-provider.ts'
import type { Tool } from './tool.ts'
import { readToolArguments } from './tool-arguments.ts'

const HITS_SHOWN = 5
const SNIPPET_CHARACTERS = 1000
/** Tavily takes no longer query. */
const QUERY_CHARACTERS = 400

const SearchArguments = z.object({ query: z.string().trim().min(1, 'must not be blank').max(QUERY_CHARACTERS) })

/** The tool `search(query)`: the top five results as title, URL and snippet, fenced as data. */
export const createSearchTool = (provider: SearchProvider): Tool => ({
  definition: {
    name: 'search',
    description: 'Searches the web. Returns the top five results as title, URL and snippet.',
    parameters: {
      type: 'object',
      properties: { query: { type: 'string', description: 'What to search for', maxLength: QUERY_CHARACTERS } },
      required: ['query'],
    },
  },
  async run(args, { signal }) {
    const read = readToolArguments(SearchArguments, args)
    if (read.kind === 'bad') return read.result
    const outcome = await provider.search(read.value.query, signal)
    if (outcome.kind === 'failed') return { kind: 'error', message: outcome.message }
    const hits = outcome.hits.slice(0, HITS_SHOWN)
    if (hits.length === 0) return { kind: 'ok', text: 'The search found nothing. Other words may find more.', summary: 'no results' }
    const text = fencedData('a web search', hits.map(resultText).join('\n\n'))
    return { kind: 'ok', text, summary: hits.length === 1 ? '1 result' : `${hits.length} results` }
  },
})

const resultText = ({ title, url, snippet }: SearchHit, index: number): string =>
  `${index + 1}. ${oneLine(title)}\n${oneLine(url)}\n${snippet.slice(0, SNIPPET_CHARACTERS).toWellFormed().trim()}`

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim()
