import type { RoomRead } from '../../contract/rooms.ts'
import type { Caller } from '../domain/caller.ts'
import { requireVersion, type VersionCheck } from '../domain/version.ts'
import type { Database } from '../store/database.ts'
import { ownedRoom } from '../store/owned.ts'
import { softDeleteRoom } from '../store/rooms.ts'
import { requestCancelInRoom } from '../store/turn-run.ts'

/** The turns that run in the room are cancelled by the same commit. */
export async function deleteRoom(
  deps: { database: Database },
  caller: Caller,
  roomId: string,
  isExpected: VersionCheck<RoomRead>,
): Promise<void> {
  await deps.database.transaction(async database => {
    requireVersion(await ownedRoom(database, caller.userId, roomId, { lock: true }), isExpected)
    // Before the session or room is touched: a close takes its run first, too.
    await requestCancelInRoom(database, roomId)
    await softDeleteRoom(database, roomId)
  })
}
