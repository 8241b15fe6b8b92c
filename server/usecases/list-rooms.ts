import type { RoomRead } from '../../contract/rooms.ts'
import type { Caller } from '../domain/caller.ts'
import type { Database } from '../store/database.ts'
import { listRooms as ownRooms } from '../store/rooms.ts'

export const listRooms = (deps: { database: Database }, caller: Caller): Promise<RoomRead[]> => ownRooms(deps.database, caller.userId)
