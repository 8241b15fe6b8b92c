import type { ListedRoomRead } from '../../contract/rooms.ts'
import type { Caller } from '../domain/caller.ts'
import { RESTORE_DAYS } from '../domain/retention.ts'
import type { Database } from '../store/database.ts'
import { listDeletedRooms, listRooms as ownRooms } from '../store/rooms.ts'

/** What is there, or what was deleted and can still be brought back. */
export const listRooms = (deps: { database: Database }, caller: Caller, { deleted }: { deleted: boolean }): Promise<ListedRoomRead[]> =>
  deleted ? listDeletedRooms(deps.database, caller.userId, RESTORE_DAYS) : ownRooms(deps.database, caller.userId)
