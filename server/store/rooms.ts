import { sql } from 'kysely'
import { v7 as uuidv7 } from 'uuid'
import { LISTED_AGENTS_MAXIMUM, type ListedRoomRead, type RoomMode, type RoomRead, type RoomUpdate } from '../../contract/rooms.ts'
import type { Database } from './database.ts'

export const roomColumns = [
  'rooms.id',
  'rooms.owner_user_id',
  'rooms.name',
  'rooms.goal',
  'rooms.current_mode',
  'rooms.pending_mode',
  'rooms.created_at',
  'rooms.updated_at',
] as const

/** One step in the index of each session's turns. */
const LAST_USED = sql<string | null>`(
  select max(newest.created_at) from sessions
  cross join lateral (select created_at from turns where session_id = sessions.id order by turn_index desc limit 1) as newest
  where sessions.room_id = rooms.id and sessions.deleted_at is null
)`

const FIRST_AGENTS = sql<ListedRoomRead['agents']>`(
  select coalesce(json_agg(json_build_object('id', id, 'agent_key', agent_key, 'name', name) order by position), '[]')
  from (
    select agents.id, agents.agent_key, agents.name, room_agents.position
    from room_agents join agents on agents.id = room_agents.agent_id
    where room_agents.room_id = rooms.id and agents.deleted_at is null
    order by room_agents.position limit ${sql.lit(LISTED_AGENTS_MAXIMUM)}
  ) as seated
)`

/** Lists that are plain arrays end here. */
const LIST_MAXIMUM = 500

export interface NewRoom {
  name: string
  goal: string | null
  currentMode: RoomMode
}

export async function insertRoom(database: Database, ownerUserId: string, room: NewRoom): Promise<RoomRead> {
  const row = await database.kysely
    .insertInto('rooms')
    .values({ id: uuidv7(), owner_user_id: ownerUserId, name: room.name, goal: room.goal, current_mode: room.currentMode })
    .returning(roomColumns)
    .executeTakeFirstOrThrow()
  return row as RoomRead
}

export async function listRooms(database: Database, ownerUserId: string): Promise<ListedRoomRead[]> {
  const rows = await database.kysely
    .selectFrom('rooms')
    .select([...roomColumns, LAST_USED.as('last_used_at'), FIRST_AGENTS.as('agents')])
    .where('owner_user_id', '=', ownerUserId)
    .where('deleted_at', 'is', null)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(LIST_MAXIMUM)
    .execute()
  return rows as ListedRoomRead[]
}

/** Those deleted at most so many days ago, the newest deletion first. */
export async function listDeletedRooms(database: Database, ownerUserId: string, days: number): Promise<ListedRoomRead[]> {
  const rows = await database.kysely
    .selectFrom('rooms')
    .select([...roomColumns, 'rooms.deleted_at'])
    .where('owner_user_id', '=', ownerUserId)
    .where('deleted_at', '>', sql<string>`now() - make_interval(days => ${days})`)
    .orderBy('deleted_at', 'desc')
    .orderBy('id', 'desc')
    .limit(LIST_MAXIMUM)
    .execute()
  return rows as ListedRoomRead[]
}

export async function updateRoom(database: Database, roomId: string, changes: RoomUpdate): Promise<RoomRead> {
  const row = await database.kysely
    .updateTable('rooms')
    .set({ ...changes, updated_at: sql`now()` })
    .where('id', '=', roomId)
    .returning(roomColumns)
    .executeTakeFirstOrThrow()
  return row as RoomRead
}

/** The mode holds at once, or, while a turn runs in the room, from the next send on. */
export async function setRoomMode(database: Database, roomId: string, mode: RoomMode): Promise<RoomRead> {
  const [row] = await database.statement<RoomRead>('set_room_mode', SET_ROOM_MODE, [roomId, mode])
  return row!
}

const SET_ROOM_MODE = `
with running as (
  select exists (
    select from turn_runs join sessions on sessions.id = turn_runs.session_id where sessions.room_id = $1
  ) as now
)
update rooms set
  current_mode = case when running.now then current_mode else $2 end,
  pending_mode = case when running.now and current_mode <> $2 then $2 end
from running where rooms.id = $1
returning ${roomColumns.join(', ')}`

/** Soft-deletes a room; its sessions go and come back with it. */
export async function softDeleteRoom(database: Database, roomId: string): Promise<void> {
  await database.kysely.updateTable('rooms').set({ deleted_at: sql`now()` }).where('id', '=', roomId).execute()
}

/** Brings a deleted room back; one that is not deleted stays as it is. */
export async function restoreRoom(database: Database, room: RoomRead): Promise<RoomRead> {
  const row = await database.kysely
    .updateTable('rooms')
    .set({ deleted_at: null })
    .where('id', '=', room.id)
    .where('deleted_at', 'is not', null)
    .returning(roomColumns)
    .executeTakeFirst()
  return (row as RoomRead | undefined) ?? room
}
