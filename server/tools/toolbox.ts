import type { Outbound } from '../outbound/outbound.ts'
import { createDemoSearch } from './demo-search.ts'
import { createFileReadTool, type ReadableFiles } from './file-read.ts'
import { createSearchTool } from './search.ts'
import type { SearchProvider } from './search-provider.ts'
import { createSearxng } from './searxng.ts'
import { createTavily } from './tavily.ts'
import type { Tool } from './tool.ts'

/** Where a turn takes place; what its tools may reach follows from it. */
export interface ToolScope {
  userId: string
  sessionId: string
  room: { id: string } | null
}

/** The tools there are for one turn; which of them an agent may use is for its permissions to say. */
export interface Toolbox {
  forTurn(scope: ToolScope): Tool[]
}

export interface ToolAccess {
  tavily: { baseUrl: string; apiKey: string } | null
  searxng: { baseUrl: string } | null
  /** The demo model answers: a simulated search goes with it when there is no real one. */
  demo: boolean
  files: (scope: ToolScope) => ReadableFiles
  outbound: Outbound
}

export function createToolbox(access: ToolAccess): Toolbox {
  const provider = searchProvider(access)
  const search = provider ? [createSearchTool(provider)] : []
  return { forTurn: scope => [...search, createFileReadTool(access.files(scope))] }
}

function searchProvider({ tavily, searxng, demo, outbound }: ToolAccess): SearchProvider | null {
  if (tavily) return createTavily(tavily, outbound)
  if (searxng) return createSearxng(searxng, outbound)
  return demo ? createDemoSearch() : null
}
