import type { Caller } from '../domain/caller.ts'
import type { ObjectStorage } from '../files/object-storage.ts'
import type { Database } from '../store/database.ts'
import { filesOfUser, rowsOfUser } from '../store/export.ts'

/** Everything that is the caller's, deleted things that can still be brought back included, as JSON lines; each is made when it is asked for. */
export async function* exportMe(deps: { database: Database; storage: ObjectStorage }, caller: Caller): AsyncIterable<string> {
  for await (const row of rowsOfUser(deps.database, caller.userId)) yield line(row)
  for await (const { storage_key, ...file } of filesOfUser(deps.database, caller.userId)) {
    yield line(file)
    yield* contentLines(deps.storage, file.id, String(storage_key))
  }
  yield line({ type: 'end' })
}

/** A stream gives chunks of any length; parts that each stand for themselves need no common one. */
async function* contentLines(storage: ObjectStorage, fileId: string, storageKey: string): AsyncIterable<string> {
  const bytes = await storage.get(storageKey)
  let part = 0
  for await (const chunk of bytes ?? []) {
    part += 1
    yield line({ type: 'file_content', file_id: fileId, part, base64: (chunk as Buffer).toString('base64') })
  }
}

const line = (row: object): string => `${JSON.stringify(row)}\n`
