import type { Readable } from 'node:stream'
import type { Caller } from '../domain/caller.ts'
import { notFound } from '../domain/refusal.ts'
import type { ObjectStorage } from '../files/object-storage.ts'
import type { Database } from '../store/database.ts'
import { ownedFile } from '../store/owned.ts'

export interface FileContent {
  filename: string
  contentType: string
  size: number
  bytes: Readable
}

export async function getFileContent(
  deps: { database: Database; storage: ObjectStorage },
  caller: Caller,
  fileId: string,
): Promise<FileContent> {
  const file = await ownedFile(deps.database, caller.userId, fileId)
  const bytes = await deps.storage.get(file.storage_key)
  if (!bytes) throw notFound('File')
  return { filename: file.filename, contentType: file.content_type, size: file.file_size, bytes }
}
