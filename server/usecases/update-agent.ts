import type { AgentRead, AgentUpdate } from '../../contract/agents.ts'
import type { Caller } from '../domain/caller.ts'
import { requireKnownAlias } from '../domain/catalogue.ts'
import { requireVersion, type VersionCheck } from '../domain/version.ts'
import { updateAgent as saveAgent } from '../store/agents.ts'
import type { CatalogueCache } from '../store/catalogue.ts'
import type { Database } from '../store/database.ts'
import { ownedAgent } from '../store/owned.ts'

export async function updateAgent(
  deps: { database: Database; catalogue: CatalogueCache },
  caller: Caller,
  agentId: string,
  changes: AgentUpdate,
  isExpected: VersionCheck<AgentRead>,
): Promise<AgentRead> {
  const catalogue = await deps.catalogue.current()
  return await deps.database.transaction(async database => {
    requireVersion(await ownedAgent(database, caller.userId, agentId, { lock: true }), isExpected)
    if (changes.model_alias !== undefined) requireKnownAlias(catalogue, changes.model_alias, 'model_alias')
    return await saveAgent(database, agentId, changes)
  })
}
