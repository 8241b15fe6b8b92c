import { type RawBuilder, sql } from 'kysely'
import { validate as isUuid } from 'uuid'
import type { AgentRead } from '../../contract/agents.ts'
import type { FileRead } from '../../contract/files.ts'
import type { RoomRead } from '../../contract/rooms.ts'
import type { SessionRead } from '../../contract/sessions.ts'
import { notFound } from '../domain/refusal.ts'
import { agentColumns } from './agents.ts'
import type { Database } from './database.ts'
import { roomColumns } from './rooms.ts'
import { type SessionScope, selectSession } from './sessions.ts'

// The one place that decides whose a thing is. What is not the caller's, is deleted or never existed is the same 404.

export interface Finding {
  /** Holds the row until the transaction ends, so that what is checked and the write after it are one. */
  lock?: boolean
  /** Also finds what was deleted at most so long ago. */
  restorableDays?: number
}

const isThere = (table: 'agents' | 'rooms' | 'sessions', { restorableDays }: Finding): RawBuilder<boolean> => {
  const deletedAt = sql.ref(`${table}.deleted_at`)
  if (restorableDays === undefined) return sql<boolean>`${deletedAt} is null`
  return sql<boolean>`(${deletedAt} is null or ${deletedAt} > now() - make_interval(days => ${restorableDays}))`
}

export async function ownedAgent(database: Database, userId: string, agentId: string, finding: Finding = {}): Promise<AgentRead> {
  if (!isUuid(agentId)) throw notFound('Agent')
  const own = database.kysely
    .selectFrom('agents')
    .select(agentColumns)
    .where('id', '=', agentId)
    .where('owner_user_id', '=', userId)
    .where(isThere('agents', finding))
  const row = await (finding.lock ? own.forNoKeyUpdate() : own).executeTakeFirst()
  if (!row) throw notFound('Agent')
  return row as AgentRead
}

export async function ownedRoom(database: Database, userId: string, roomId: string, finding: Finding = {}): Promise<RoomRead> {
  if (!isUuid(roomId)) throw notFound('Room')
  const own = database.kysely
    .selectFrom('rooms')
    .select(roomColumns)
    .where('id', '=', roomId)
    .where('owner_user_id', '=', userId)
    .where(isThere('rooms', finding))
  const row = await (finding.lock ? own.forNoKeyUpdate() : own).executeTakeFirst()
  if (!row) throw notFound('Room')
  return row as RoomRead
}

/** A session is whose room or agent it belongs to, and gone while that is deleted. */
export async function ownedSession(database: Database, userId: string, sessionId: string, finding: Finding = {}): Promise<SessionRead> {
  if (!isUuid(sessionId)) throw notFound('Session')
  const own = selectSession(database)
    .leftJoin('rooms', 'rooms.id', 'sessions.room_id')
    .leftJoin('agents', 'agents.id', 'sessions.agent_id')
    .where('sessions.id', '=', sessionId)
    .where(where =>
      where.or([
        where.and([where('rooms.owner_user_id', '=', userId), where('rooms.deleted_at', 'is', null)]),
        where.and([where('agents.owner_user_id', '=', userId), where('agents.deleted_at', 'is', null)]),
      ]),
    )
    .where(isThere('sessions', finding))
  const session = await (finding.lock ? own.forNoKeyUpdate('sessions') : own).executeTakeFirst()
  if (!session) throw notFound('Session')
  return session
}

/** The room or agent that sessions belong to. */
export async function requireScope(database: Database, userId: string, scope: SessionScope): Promise<void> {
  if ('roomId' in scope) await ownedRoom(database, userId, scope.roomId)
  else await ownedAgent(database, userId, scope.agentId)
}

/** A file is whose room or session it belongs to, and gone while that is deleted. Where its bytes lie is for whoever sends or removes them. */
export async function ownedFile(database: Database, userId: string, fileId: string): Promise<FileRead & { storage_key: string }> {
  if (!isUuid(fileId)) throw notFound('File')
  const [file] = await database.statement<FileRead & { storage_key: string }>('owned_file', OWNED_FILE, [fileId, userId])
  if (!file) throw notFound('File')
  return file
}

const OWNED_FILE = `
select file.id, file.user_id, file.room_id, file.session_id, file.filename, file.content_type, file.size as file_size, file.parse_status,
  file.error_message, file.created_at, file.storage_key
from uploaded_files as file
left join sessions on sessions.id = file.session_id
left join rooms on rooms.id = coalesce(file.room_id, sessions.room_id)
left join agents on agents.id = sessions.agent_id
where file.id = $1 and coalesce(rooms.owner_user_id, agents.owner_user_id) = $2
  and sessions.deleted_at is null and coalesce(rooms.deleted_at, agents.deleted_at) is null`
