import type { RoomAgentRead } from '../../contract/rooms.ts'
import type { Caller } from '../domain/caller.ts'
import type { Database } from '../store/database.ts'
import { ownedRoom } from '../store/owned.ts'
import { listRoomAgents as roster } from '../store/room-agents.ts'

export async function listRoomAgents(deps: { database: Database }, caller: Caller, roomId: string): Promise<RoomAgentRead[]> {
  await ownedRoom(deps.database, caller.userId, roomId)
  return await roster(deps.database, roomId)
}
