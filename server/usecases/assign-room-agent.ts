import type { RoomAgentCreate, RoomAgentRead } from '../../contract/rooms.ts'
import type { Caller } from '../domain/caller.ts'
import type { Database } from '../store/database.ts'
import { ownedAgent, ownedRoom } from '../store/owned.ts'
import { assignAgent } from '../store/room-agents.ts'

export async function assignRoomAgent(
  deps: { database: Database },
  caller: Caller,
  roomId: string,
  entry: RoomAgentCreate,
): Promise<RoomAgentRead> {
  await ownedRoom(deps.database, caller.userId, roomId)
  await ownedAgent(deps.database, caller.userId, entry.agent_id)
  return await assignAgent(deps.database, roomId, entry.agent_id, entry.position)
}
