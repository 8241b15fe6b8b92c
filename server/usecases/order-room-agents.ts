import type { RoomAgentRead } from '../../contract/rooms.ts'
import type { Caller } from '../domain/caller.ts'
import { invalid } from '../domain/refusal.ts'
import { isReordering } from '../domain/roster.ts'
import type { Database } from '../store/database.ts'
import { ownedRoom } from '../store/owned.ts'
import { listRoomAgents, orderRoomAgents as saveOrder } from '../store/room-agents.ts'

export async function orderRoomAgents(
  deps: { database: Database },
  caller: Caller,
  roomId: string,
  agentIds: string[],
): Promise<RoomAgentRead[]> {
  return await deps.database.transaction(async database => {
    await ownedRoom(database, caller.userId, roomId, { lock: true })
    const roster = await listRoomAgents(database, roomId)
    if (
      !isReordering(
        agentIds,
        roster.map(entry => entry.agent_id),
      )
    )
      throw invalid('agent_ids', 'must name every agent of the room exactly once')
    await saveOrder(database, roomId, agentIds)
    return await listRoomAgents(database, roomId)
  })
}
