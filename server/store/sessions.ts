import { sql } from 'kysely'
import { v7 as uuidv7 } from 'uuid'
import type { SessionRead } from '../../contract/sessions.ts'
import type { Database } from './database.ts'

const LIST_MAXIMUM = 500

export type SessionScope = { roomId: string } | { agentId: string }

/** `SessionRead` of a row of `sessions`, with the turn that runs in it. */
export const selectSession = (database: Database) =>
  database.kysely
    .selectFrom('sessions')
    .leftJoin('turn_runs', 'turn_runs.session_id', 'sessions.id')
    .select([
      'sessions.id',
      'sessions.room_id',
      'sessions.agent_id',
      'sessions.title',
      'turn_runs.turn_id as running_turn_id',
      'sessions.started_by_user_id',
      'sessions.created_at',
      'sessions.deleted_at',
    ])

export async function insertSession(database: Database, userId: string, scope: SessionScope, title: string | null): Promise<SessionRead> {
  const id = uuidv7()
  await database.kysely
    .insertInto('sessions')
    .values({
      id,
      room_id: 'roomId' in scope ? scope.roomId : null,
      agent_id: 'agentId' in scope ? scope.agentId : null,
      started_by_user_id: userId,
      title,
    })
    .execute()
  return await selectSession(database).where('sessions.id', '=', id).executeTakeFirstOrThrow()
}

const sessionsIn = (database: Database, scope: SessionScope) =>
  'roomId' in scope
    ? selectSession(database).where('sessions.room_id', '=', scope.roomId)
    : selectSession(database).where('sessions.agent_id', '=', scope.agentId)

export async function listSessions(database: Database, scope: SessionScope): Promise<SessionRead[]> {
  return await sessionsIn(database, scope)
    .where('sessions.deleted_at', 'is', null)
    .orderBy('sessions.created_at', 'desc')
    .orderBy('sessions.id', 'desc')
    .limit(LIST_MAXIMUM)
    .execute()
}

/** Those deleted at most so many days ago, the newest deletion first. */
export async function listDeletedSessions(database: Database, scope: SessionScope, days: number): Promise<SessionRead[]> {
  return await sessionsIn(database, scope)
    .where('sessions.deleted_at', '>', sql<string>`now() - make_interval(days => ${days})`)
    .orderBy('sessions.deleted_at', 'desc')
    .orderBy('sessions.id', 'desc')
    .limit(LIST_MAXIMUM)
    .execute()
}

export async function renameSession(database: Database, sessionId: string, title: string): Promise<SessionRead> {
  await database.kysely.updateTable('sessions').set({ title }).where('id', '=', sessionId).execute()
  return await selectSession(database).where('sessions.id', '=', sessionId).executeTakeFirstOrThrow()
}

/** Soft-deletes a session of the given scope; false when there is none. */
export async function softDeleteSession(database: Database, scope: SessionScope, sessionId: string): Promise<boolean> {
  const [column, id] = 'roomId' in scope ? (['room_id', scope.roomId] as const) : (['agent_id', scope.agentId] as const)
  const { numUpdatedRows } = await database.kysely
    .updateTable('sessions')
    .set({ deleted_at: sql`now()` })
    .where('id', '=', sessionId)
    .where(column, '=', id)
    .where('deleted_at', 'is', null)
    .executeTakeFirstOrThrow()
  return numUpdatedRows > 0n
}

/** Brings a deleted session back; one that is not deleted stays as it is. */
export async function restoreSession(database: Database, session: SessionRead): Promise<SessionRead> {
  await database.kysely
    .updateTable('sessions')
    .set({ deleted_at: null })
    .where('id', '=', session.id)
    .where('deleted_at', 'is not', null)
    .execute()
  return { ...session, deleted_at: null }
}
