import type { AgentRead } from '../../contract/agents.ts'
import type { Caller } from '../domain/caller.ts'
import { requireVersion, type VersionCheck } from '../domain/version.ts'
import { softDeleteAgent } from '../store/agents.ts'
import type { Database } from '../store/database.ts'
import { ownedAgent } from '../store/owned.ts'
import { leaveRosters } from '../store/room-agents.ts'

/** The agent leaves the rosters it was in; running and past turns stay as they are. */
export async function deleteAgent(
  deps: { database: Database },
  caller: Caller,
  agentId: string,
  isExpected: VersionCheck<AgentRead>,
): Promise<void> {
  await deps.database.transaction(async database => {
    requireVersion(await ownedAgent(database, caller.userId, agentId, { lock: true }), isExpected)
    await softDeleteAgent(database, agentId)
    await leaveRosters(database, agentId)
  })
}
