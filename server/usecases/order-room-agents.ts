import type { RoomAgentRead } from '../../contract/rooms.ts'
import type { Caller } from '../domain/caller.ts'
import { invalid } from '../domain/refusal.ts'
import type { Database } from '../store/database.ts'
import { ownedRoom } from '../store/owned.ts'
import { listRoomAgents, orderRoomAgents as saveOrder } from '../store/room-agents.ts'

export async function orderRoomAgents(
  deps: { database: Database },
  caller: Caller,
  roomId: string,
  agentIds: string[],
): Promise<RoomAgentRead[]> {
  await ownedRoom(deps.database, caller.userId, roomId)
  const ordered = await saveOrder(deps.database, roomId, agentIds)
  if (!ordered) throw invalid('agent_ids', 'must name every agent of the room exactly once')
  return await listRoomAgents(deps.database, roomId)
}
