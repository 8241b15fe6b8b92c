import type { RoomRead } from '../../contract/rooms.ts'
import type { Caller } from '../domain/caller.ts'
import { notFound } from '../domain/refusal.ts'
import { RESTORE_DAYS } from '../domain/retention.ts'
import type { Database } from '../store/database.ts'
import { restoreRoom as bringBack } from '../store/rooms.ts'

export async function restoreRoom(deps: { database: Database }, caller: Caller, roomId: string): Promise<RoomRead> {
  const room = await bringBack(deps.database, caller.userId, roomId, RESTORE_DAYS)
  if (!room) throw notFound('Room')
  return room
}
