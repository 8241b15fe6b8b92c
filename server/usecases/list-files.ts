import type { FileRead } from '../../contract/files.ts'
import type { Caller } from '../domain/caller.ts'
import type { Database } from '../store/database.ts'
import { type FileScope, listFiles as filesOf } from '../store/files.ts'
import { ownedRoom, ownedSession } from '../store/owned.ts'

/** A session of a room has no files of its own: its list is empty. */
export async function listFiles(deps: { database: Database }, caller: Caller, scope: FileScope): Promise<FileRead[]> {
  if ('roomId' in scope) await ownedRoom(deps.database, caller.userId, scope.roomId)
  else await ownedSession(deps.database, caller.userId, scope.sessionId)
  return await filesOf(deps.database, scope)
}
