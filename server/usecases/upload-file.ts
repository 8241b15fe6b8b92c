import { randomUUID } from 'node:crypto'
import type { Readable } from 'node:stream'
import { v7 as uuidv7 } from 'uuid'
import { type FileRead, fileKinds } from '../../contract/files.ts'
import type { Caller } from '../domain/caller.ts'
import { contentTypes, safeFileName } from '../domain/file-name.ts'
import { invalid, Refusal } from '../domain/refusal.ts'
import { contentProblem } from '../files/content-check.ts'
import type { ObjectStorage } from '../files/object-storage.ts'
import { type ReceivedFile, receiveFile } from '../files/received-file.ts'
import type { Database } from '../store/database.ts'
import { bytesOf, type FileScope, insertFile, type NewFile } from '../store/files.ts'
import type { JobQueue } from '../store/job-queue.ts'
import { ownedRoom, ownedSession } from '../store/owned.ts'
import { forgetStray, makeDue, noteUpload } from '../store/stray-objects.ts'

export interface FileLimits {
  fileBytes: number
  /** Of a room, or a standalone session. */
  roomBytes: number
}

export interface UploadDependencies {
  database: Database
  storage: ObjectStorage
  jobs: JobQueue
  fileLimits: FileLimits
  log: { warn(fields: object, message: string): void }
}

export interface Upload {
  /** As the client names it. */
  filename: string
  bytes: Readable
}

/** An upload that is not committed by then never will be. */
const UPLOAD_SECONDS = 3600

/** `nextUpload` is asked for the bytes only once the caller may store any. */
export async function uploadFile(
  deps: UploadDependencies,
  caller: Caller,
  scope: FileScope,
  nextUpload: () => Promise<Upload>,
): Promise<FileRead> {
  await requireFileScope(deps.database, caller.userId, scope)
  if ((await bytesOf(deps.database, scope)) >= deps.fileLimits.roomBytes) throw roomIsFull(deps.fileLimits)
  const upload = await nextUpload()
  const { filename, kind } = safeFileName(upload.filename)
  // Read to its end even when it is refused, or the client would not hear why.
  const received = await receiveFile(upload.bytes, deps.fileLimits.fileBytes)
  if (!received) throw fileTooLarge(deps.fileLimits)
  try {
    if (!kind) throw new Refusal('unsupported_file', `Only ${fileKinds.map(each => `.${each}`).join(', ')} can be uploaded.`)
    const problem = await contentProblem(received.path, kind, received.size)
    if (problem) throw new Refusal('unsupported_file', problem)
    return await store(deps, caller, scope, received, { filename, contentType: contentTypes[kind] })
  } finally {
    await received.discard()
  }
}

async function requireFileScope(database: Database, userId: string, scope: FileScope): Promise<void> {
  if ('roomId' in scope) {
    await ownedRoom(database, userId, scope.roomId)
    return
  }
  const session = await ownedSession(database, userId, scope.sessionId)
  if (session.room_id !== null) throw invalid('session_id', 'belongs to a room, whose files it reads; upload to the room')
}

/** The object first, then its row and its job by one commit: no row ever stands for bytes that are not there. */
async function store(
  deps: UploadDependencies,
  caller: Caller,
  scope: FileScope,
  { path, size, sha256 }: ReceivedFile,
  name: { filename: string; contentType: string },
): Promise<FileRead> {
  const file: NewFile = { id: uuidv7(), storageKey: randomKey(), size, sha256, ...name }
  await noteUpload(deps.database, file.storageKey, UPLOAD_SECONDS)
  try {
    await deps.storage.put(file.storageKey, path, file.contentType)
    return await deps.database.transaction(async database => {
      await requireFileScope(database, caller.userId, scope)
      const row = await insertFile(database, caller.userId, scope, file, deps.fileLimits.roomBytes)
      if (!row) throw roomIsFull(deps.fileLimits)
      await forgetStray(database, file.storageKey)
      await deps.jobs.enqueue(database, 'parse-file', { fileId: file.id })
      return row
    })
  } catch (error) {
    await takeBack(deps, file.storageKey)
    throw error
  }
}

/** Nothing stays of an upload that failed; what cannot be removed now is removed by the next round. */
async function takeBack({ database, storage, log }: UploadDependencies, storageKey: string): Promise<void> {
  try {
    await makeDue(database, storageKey)
    await storage.remove(storageKey)
    await forgetStray(database, storageKey)
  } catch (err) {
    log.warn({ err }, 'the object of a failed upload stays until the next round')
  }
}

/** Spread over folders, so that none grows without bound. */
function randomKey(): string {
  const id = randomUUID()
  return `${id.slice(0, 2)}/${id}`
}

const megabytes = (bytes: number) => `${Math.round((bytes / 1024 / 1024) * 100) / 100} MiB`

const fileTooLarge = ({ fileBytes }: FileLimits) =>
  new Refusal('file_too_large', `The file is larger than ${megabytes(fileBytes)}, the most that one file may have.`)

const roomIsFull = ({ roomBytes }: FileLimits) =>
  new Refusal(
    'file_too_large',
    `With this file there would be more than ${megabytes(roomBytes)} here. Delete files that are no longer needed.`,
  )
