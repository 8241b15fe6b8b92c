import type { RoomCreate, RoomRead } from '../../contract/rooms.ts'
import type { Caller } from '../domain/caller.ts'
import { readRoomMode } from '../domain/room-mode.ts'
import type { Database } from '../store/database.ts'
import { insertRoom } from '../store/rooms.ts'

export async function createRoom(deps: { database: Database }, caller: Caller, room: RoomCreate): Promise<RoomRead> {
  const currentMode = readRoomMode(room.current_mode)
  return await insertRoom(deps.database, caller.userId, { name: room.name, goal: room.goal ?? null, currentMode })
}
