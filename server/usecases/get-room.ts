import type { RoomRead } from '../../contract/rooms.ts'
import type { Caller } from '../domain/caller.ts'
import type { Database } from '../store/database.ts'
import { ownedRoom } from '../store/owned.ts'

export const getRoom = (deps: { database: Database }, caller: Caller, roomId: string): Promise<RoomRead> =>
  ownedRoom(deps.database, caller.userId, roomId)
