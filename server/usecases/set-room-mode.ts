import type { RoomRead } from '../../contract/rooms.ts'
import type { Caller } from '../domain/caller.ts'
import { readRoomMode } from '../domain/room-mode.ts'
import { requireVersion, type VersionCheck } from '../domain/version.ts'
import type { Database } from '../store/database.ts'
import { ownedRoom } from '../store/owned.ts'
import { setRoomMode as saveRoomMode } from '../store/rooms.ts'

/** Takes effect at the next send: at once, or, while a turn runs in the room, as `pending_mode` until then. */
export async function setRoomMode(
  deps: { database: Database },
  caller: Caller,
  roomId: string,
  mode: string,
  isExpected: VersionCheck<RoomRead>,
): Promise<RoomRead> {
  const wanted = readRoomMode(mode)
  return await deps.database.transaction(async database => {
    requireVersion(await ownedRoom(database, caller.userId, roomId, { lock: true }), isExpected)
    return await saveRoomMode(database, roomId, wanted)
  })
}
