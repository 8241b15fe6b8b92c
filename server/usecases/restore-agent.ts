import type { AgentRead } from '../../contract/agents.ts'
import type { Caller } from '../domain/caller.ts'
import { RESTORE_DAYS } from '../domain/retention.ts'
import { restoreAgent as bringBack } from '../store/agents.ts'
import type { Database } from '../store/database.ts'
import { ownedAgent } from '../store/owned.ts'

/** The agent is back, with its sessions; the rosters it was in stay without it. */
export async function restoreAgent(deps: { database: Database }, caller: Caller, agentId: string): Promise<AgentRead> {
  return await deps.database.transaction(async database => {
    const agent = await ownedAgent(database, caller.userId, agentId, { lock: true, restorableDays: RESTORE_DAYS })
    return await bringBack(database, agent)
  })
}
