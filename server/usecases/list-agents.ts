import type { AgentPage } from '../../contract/agents.ts'
import type { Caller } from '../domain/caller.ts'
import { RESTORE_DAYS } from '../domain/retention.ts'
import { pageOfAgents, pageOfDeletedAgents } from '../store/agents.ts'
import type { Database } from '../store/database.ts'

/** What is there, or what was deleted and can still be brought back. */
export const listAgents = (
  deps: { database: Database },
  caller: Caller,
  { deleted, ...page }: { limit: number; offset: number; deleted: boolean },
): Promise<AgentPage> =>
  deleted ? pageOfDeletedAgents(deps.database, caller.userId, RESTORE_DAYS, page) : pageOfAgents(deps.database, caller.userId, page)
