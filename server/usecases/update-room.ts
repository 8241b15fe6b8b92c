import type { RoomRead, RoomUpdate } from '../../contract/rooms.ts'
import type { Caller } from '../domain/caller.ts'
import { requireVersion, type VersionCheck } from '../domain/version.ts'
import type { Database } from '../store/database.ts'
import { ownedRoom } from '../store/owned.ts'
import { updateRoom as saveRoom } from '../store/rooms.ts'

export async function updateRoom(
  deps: { database: Database },
  caller: Caller,
  roomId: string,
  changes: RoomUpdate,
  isExpected: VersionCheck<RoomRead>,
): Promise<RoomRead> {
  return await deps.database.transaction(async database => {
    requireVersion(await ownedRoom(database, caller.userId, roomId, { lock: true }), isExpected)
    return await saveRoom(database, roomId, changes)
  })
}
