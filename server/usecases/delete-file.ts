import type { Caller } from '../domain/caller.ts'
import type { ObjectStorage } from '../files/object-storage.ts'
import type { Database } from '../store/database.ts'
import { deleteFile as deleteRow } from '../store/files.ts'
import type { JobQueue } from '../store/job-queue.ts'
import { ownedFile } from '../store/owned.ts'
import { forgetStray } from '../store/stray-objects.ts'

interface DeleteFileDependencies {
  database: Database
  storage: ObjectStorage
  jobs: JobQueue
  log: { warn(fields: object, message: string): void }
}

/** The row goes at once, the object right behind it; where the storage is away, a job removes it once it is back. */
export async function deleteFile(deps: DeleteFileDependencies, caller: Caller, fileId: string): Promise<void> {
  const file = await ownedFile(deps.database, caller.userId, fileId)
  await deps.database.transaction(async database => {
    await deleteRow(database, fileId)
    await deps.jobs.enqueue(database, 'remove-objects', {})
  })
  try {
    await deps.storage.remove(file.storage_key)
    await forgetStray(deps.database, file.storage_key)
  } catch (err) {
    deps.log.warn({ err, file_id: fileId }, 'the object of a deleted file stays until the storage is back')
  }
}
