import type { Caller } from '../domain/caller.ts'
import { notFound } from '../domain/refusal.ts'
import type { Database } from '../store/database.ts'
import { ownedRoom } from '../store/owned.ts'
import { unassignAgent } from '../store/room-agents.ts'

/** Takes an agent, named by its id or its key, off the roster; the agent itself stays. */
export async function unassignRoomAgent(deps: { database: Database }, caller: Caller, roomId: string, agentIdOrKey: string): Promise<void> {
  await ownedRoom(deps.database, caller.userId, roomId)
  const gone = await unassignAgent(deps.database, roomId, agentIdOrKey)
  if (!gone) throw notFound('Agent')
}
