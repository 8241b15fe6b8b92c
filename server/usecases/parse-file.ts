import type { Readable } from 'node:stream'
import type { FileKind } from '../../contract/files.ts'
import { kindOfStored } from '../domain/file-name.ts'
import type { ObjectStorage } from '../files/object-storage.ts'
import type { Parsed } from '../files/parse-file.ts'
import type { Database } from '../store/database.ts'
import { completeFile, failFile, findPendingFile } from '../store/files.ts'

export interface ParseFileDependencies {
  database: Database
  storage: ObjectStorage
  parse: (bytes: Readable, kind: FileKind) => Promise<Parsed>
  log: { info(fields: object, message: string): void }
}

/** A file that is parsed already, or gone, is left alone. Rejects when the storage or the database is away: then it is tried again. */
export async function parseFile({ database, storage, parse, log }: ParseFileDependencies, fileId: string): Promise<void> {
  const file = await findPendingFile(database, fileId)
  if (!file) return
  const started = performance.now()
  const bytes = await storage.get(file.storage_key)
  const kind = kindOfStored(file.filename)
  const parsed: Parsed = bytes ? await parse(bytes, kind) : { kind: 'failed', message: 'Its stored content is missing.' }
  if (parsed.kind === 'text') await completeFile(database, fileId, file.storage_key, parsed.text)
  else await failFile(database, fileId, parsed.message)
  log.info({ file_id: fileId, file_kind: kind, outcome: parsed.kind, ms: Math.round(performance.now() - started) }, 'file parsed')
}
