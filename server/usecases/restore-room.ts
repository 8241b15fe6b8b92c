import type { RoomRead } from '../../contract/rooms.ts'
import type { Caller } from '../domain/caller.ts'
import { RESTORE_DAYS } from '../domain/retention.ts'
import type { Database } from '../store/database.ts'
import { ownedRoom } from '../store/owned.ts'
import { restoreRoom as bringBack } from '../store/rooms.ts'

export async function restoreRoom(deps: { database: Database }, caller: Caller, roomId: string): Promise<RoomRead> {
  return await deps.database.transaction(async database => {
    const room = await ownedRoom(database, caller.userId, roomId, { lock: true, restorableDays: RESTORE_DAYS })
    return await bringBack(database, room)
  })
}
