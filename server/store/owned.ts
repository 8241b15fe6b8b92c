import { validate as isUuid } from 'uuid'
import type { AgentRead } from '../../contract/agents.ts'
import type { RoomRead } from '../../contract/rooms.ts'
import type { SessionRead } from '../../contract/sessions.ts'
import { notFound } from '../domain/refusal.ts'
import { agentColumns } from './agents.ts'
import type { Database } from './database.ts'
import { roomColumns } from './rooms.ts'
import { type SessionScope, selectSession } from './sessions.ts'

// The one place that decides whose a thing is. What is not the caller's, is deleted or never existed is the same 404.

/** `lock` holds the row until the transaction ends, so that a version check and the write after it are one. */
export async function ownedAgent(database: Database, userId: string, agentId: string, lock = false): Promise<AgentRead> {
  if (!isUuid(agentId)) throw notFound('Agent')
  const own = database.kysely
    .selectFrom('agents')
    .select(agentColumns)
    .where('id', '=', agentId)
    .where('owner_user_id', '=', userId)
    .where('deleted_at', 'is', null)
  const row = await (lock ? own.forUpdate() : own).executeTakeFirst()
  if (!row) throw notFound('Agent')
  return row as AgentRead
}

export async function ownedRoom(database: Database, userId: string, roomId: string, lock = false): Promise<RoomRead> {
  if (!isUuid(roomId)) throw notFound('Room')
  const own = database.kysely
    .selectFrom('rooms')
    .select(roomColumns)
    .where('id', '=', roomId)
    .where('owner_user_id', '=', userId)
    .where('deleted_at', 'is', null)
  const row = await (lock ? own.forUpdate() : own).executeTakeFirst()
  if (!row) throw notFound('Room')
  return row as RoomRead
}

/** A session is whose room or agent it belongs to, and gone while that is deleted. `deleted` also finds deleted sessions. */
export async function ownedSession(database: Database, userId: string, sessionId: string, { deleted = false } = {}): Promise<SessionRead> {
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
  const session = await (deleted ? own : own.where('sessions.deleted_at', 'is', null)).executeTakeFirst()
  if (!session) throw notFound('Session')
  return session
}

/** The room or agent that sessions belong to. */
export async function requireScope(database: Database, userId: string, scope: SessionScope): Promise<void> {
  if ('roomId' in scope) await ownedRoom(database, userId, scope.roomId)
  else await ownedAgent(database, userId, scope.agentId)
}
