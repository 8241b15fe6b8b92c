import { sql } from 'kysely'
import type { FileRead, FileTextRead } from '../../contract/files.ts'
import type { Database } from './database.ts'

export type FileScope = { roomId: string } | { sessionId: string }

const LIST_MAXIMUM = 500

const fileColumns = [
  'id',
  'user_id',
  'room_id',
  'session_id',
  'filename',
  'content_type',
  'size as file_size',
  'parse_status',
  'error_message',
  'created_at',
] as const

export interface NewFile {
  id: string
  filename: string
  storageKey: string
  contentType: string
  size: number
  sha256: string
}

/** Null when the scope's files would come to more than `maximumBytes`. The scope is locked until the transaction ends, so that the sum holds. */
export async function insertFile(
  database: Database,
  userId: string,
  scope: FileScope,
  file: NewFile,
  maximumBytes: number,
): Promise<FileRead | null> {
  await lockScope(database, scope)
  if ((await bytesOf(database, scope)) + file.size > maximumBytes) return null
  const row = await database.kysely
    .insertInto('uploaded_files')
    .values({
      id: file.id,
      user_id: userId,
      room_id: 'roomId' in scope ? scope.roomId : null,
      session_id: 'sessionId' in scope ? scope.sessionId : null,
      filename: file.filename,
      storage_key: file.storageKey,
      content_type: file.contentType,
      size: file.size,
      sha256: file.sha256,
    })
    .returning(fileColumns)
    .executeTakeFirstOrThrow()
  return row as FileRead
}

/** A lock that lets sessions and turns of the scope go on. */
async function lockScope(database: Database, scope: FileScope): Promise<void> {
  const locked = database.kysely.selectFrom('roomId' in scope ? 'rooms' : 'sessions').select('id')
  await locked.where('id', '=', idOf(scope)).forNoKeyUpdate().execute()
}

export async function bytesOf(database: Database, scope: FileScope): Promise<number> {
  const { bytes } = await database.kysely
    .selectFrom('uploaded_files')
    .select(sql<number>`coalesce(sum(size), 0)::bigint`.as('bytes'))
    .where(columnOf(scope), '=', idOf(scope))
    .executeTakeFirstOrThrow()
  return bytes
}

export async function listFiles(database: Database, scope: FileScope): Promise<FileRead[]> {
  const rows = await database.kysely
    .selectFrom('uploaded_files')
    .select(fileColumns)
    .where(columnOf(scope), '=', idOf(scope))
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(LIST_MAXIMUM)
    .execute()
  return rows as FileRead[]
}

const columnOf = (scope: FileScope) => ('roomId' in scope ? 'room_id' : 'session_id')
const idOf = (scope: FileScope) => ('roomId' in scope ? scope.roomId : scope.sessionId)

/** The text from `offset` on, at most `limit` characters; both count code points. */
export async function readFileText(database: Database, fileId: string, offset: number, limit: number): Promise<FileTextRead | null> {
  const [row] = await database.statement<FileTextRead>('file_text', FILE_TEXT, [fileId, offset, limit])
  return row ?? null
}

const FILE_TEXT = `
select id, filename, parse_status, error_message, substr(parsed_text, $2::int + 1, $3::int) as text, $2::int as offset, parsed_characters as total_characters,
  case when $2::int + $3::int < parsed_characters then $2::int + $3::int end as next_offset
from uploaded_files where id = $1`

/** False when there was none. Its object becomes a stray one by the same statement. */
export async function deleteFile(database: Database, fileId: string): Promise<boolean> {
  const { numDeletedRows } = await database.kysely.deleteFrom('uploaded_files').where('id', '=', fileId).executeTakeFirst()
  return numDeletedRows > 0n
}

export interface PendingFile {
  filename: string
  storage_key: string
}

export async function findPendingFile(database: Database, fileId: string): Promise<PendingFile | null> {
  const pending = database.kysely.selectFrom('uploaded_files').select(['filename', 'storage_key'])
  return (await pending.where('id', '=', fileId).where('parse_status', '=', 'pending').executeTakeFirst()) ?? null
}

/** The first outcome stays: a job that runs twice changes nothing the second time. */
export async function completeFile(database: Database, fileId: string, storageKey: string, text: Buffer): Promise<void> {
  await database.statement('complete_file', COMPLETE_FILE, [fileId, storageKey, text])
}

// The text travels as bytes, as the parser wrote them, and is never a string of ours.
const COMPLETE_FILE = `
update uploaded_files set parse_status = 'completed', parsed_text = parsed.text, parsed_characters = length(parsed.text)
from (select convert_from($3::bytea, 'UTF8') as text) as parsed
where id = $1 and storage_key = $2 and parse_status = 'pending'`

export async function failFile(database: Database, fileId: string, message: string): Promise<void> {
  await database.kysely
    .updateTable('uploaded_files')
    .set({ parse_status: 'failed', error_message: message })
    .where('id', '=', fileId)
    .where('parse_status', '=', 'pending')
    .execute()
}

/** What a turn may read: the files of its room, or of its standalone session, of its own user. */
export interface TurnFileScope {
  userId: string
  sessionId: string
  room: { id: string } | null
}

export async function readTurnFile(
  database: Database,
  { userId, sessionId, room }: TurnFileScope,
  fileId: string,
  offset: number,
  limit: number,
): Promise<FileTextRead | null> {
  const readable = `${FILE_TEXT} and user_id = $4 and ${room ? 'room_id' : 'session_id'} = $5`
  const values = [fileId, offset, limit, userId, room?.id ?? sessionId]
  const [row] = await database.statement<FileTextRead>(room ? 'room_file_text' : 'session_file_text', readable, values)
  return row ?? null
}
