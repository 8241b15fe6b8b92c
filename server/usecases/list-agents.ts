import type { AgentPage } from '../../contract/agents.ts'
import type { Caller } from '../domain/caller.ts'
import { pageOfAgents } from '../store/agents.ts'
import type { Database } from '../store/database.ts'

export const listAgents = (deps: { database: Database }, caller: Caller, page: { limit: number; offset: number }): Promise<AgentPage> =>
  pageOfAgents(deps.database, caller.userId, page)
