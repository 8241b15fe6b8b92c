import type { AgentCreate, AgentRead } from '../../contract/agents.ts'
import type { Caller } from '../domain/caller.ts'
import { requireKnownAlias } from '../domain/catalogue.ts'
import { insertAgent } from '../store/agents.ts'
import type { CatalogueCache } from '../store/catalogue.ts'
import type { Database } from '../store/database.ts'

export async function createAgent(
  deps: { database: Database; catalogue: CatalogueCache },
  caller: Caller,
  agent: AgentCreate,
): Promise<AgentRead> {
  requireKnownAlias(await deps.catalogue.current(), agent.model_alias, 'model_alias')
  return await insertAgent(deps.database, caller.userId, agent)
}
