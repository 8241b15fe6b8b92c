import type { AgentRead } from '../../contract/agents.ts'
import type { Caller } from '../domain/caller.ts'
import type { Database } from '../store/database.ts'
import { ownedAgent } from '../store/owned.ts'

export const getAgent = (deps: { database: Database }, caller: Caller, agentId: string): Promise<AgentRead> =>
  ownedAgent(deps.database, caller.userId, agentId)
