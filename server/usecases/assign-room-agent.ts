import { ROSTER_MAXIMUM, type RoomAgentCreate, type RoomAgentRead } from '../../contract/rooms.ts'
import type { Caller } from '../domain/caller.ts'
import { Refusal } from '../domain/refusal.ts'
import type { Database } from '../store/database.ts'
import { ownedAgent, ownedRoom } from '../store/owned.ts'
import { assignAgent, rosterSize } from '../store/room-agents.ts'

export async function assignRoomAgent(
  deps: { database: Database },
  caller: Caller,
  roomId: string,
  { agent_id, position }: RoomAgentCreate,
): Promise<RoomAgentRead> {
  await ownedRoom(deps.database, caller.userId, roomId)
  return await deps.database.transaction(async database => {
    // First the agent, then the room, as where an agent is deleted: the two wait for each other in one order.
    const agent = await ownedAgent(database, caller.userId, agent_id, { lock: true })
    const room = await ownedRoom(database, caller.userId, roomId, { lock: true })
    if ((await rosterSize(database, room.id)) >= ROSTER_MAXIMUM)
      throw new Refusal('conflict', `A room holds at most ${ROSTER_MAXIMUM} agents.`)
    return await assignAgent(database, room.id, agent, position)
  })
}
