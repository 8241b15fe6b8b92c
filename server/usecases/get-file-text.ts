import type { FileTextQuery, FileTextRead } from '../../contract/files.ts'
import type { Caller } from '../domain/caller.ts'
import { notFound } from '../domain/refusal.ts'
import type { Database } from '../store/database.ts'
import { readFileText } from '../store/files.ts'
import { ownedFile } from '../store/owned.ts'

export async function getFileText(
  deps: { database: Database },
  caller: Caller,
  fileId: string,
  { offset, limit }: FileTextQuery,
): Promise<FileTextRead> {
  await ownedFile(deps.database, caller.userId, fileId)
  const text = await readFileText(deps.database, fileId, offset, limit)
  if (!text) throw notFound('File')
  return text
}
