import type { Caller } from '../domain/caller.ts'
import { notFound } from '../domain/refusal.ts'
import { findInRoster } from '../domain/roster.ts'
import type { Database } from '../store/database.ts'
import { ownedRoom } from '../store/owned.ts'
import { listRoomAgents, unassignAgent } from '../store/room-agents.ts'

/** Takes an agent, named by its id or its key, off the roster; the agent itself stays. */
export async function unassignRoomAgent(deps: { database: Database }, caller: Caller, roomId: string, agentIdOrKey: string): Promise<void> {
  await deps.database.transaction(async database => {
    await ownedRoom(database, caller.userId, roomId, { lock: true })
    const entry = findInRoster(await listRoomAgents(database, roomId), agentIdOrKey)
    if (!entry) throw notFound('Agent')
    await unassignAgent(database, roomId, entry.agent_id)
  })
}
