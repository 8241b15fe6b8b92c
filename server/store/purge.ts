import type { Database } from './database.ts'
import { inBatches, type Progress } from './in-batches.ts'

// What was deleted long enough ago goes for good, a few rows at a time and from the leaves up, so that no cascade is ever large.
// Usage and ledger rows stay and forget what they belonged to.

/** What is due: deleted more than `days` ago, of everybody or of one user. */
export interface Due {
  days: number
  userId: string | null
}

const count = async (database: Database, name: string, text: string, values: unknown[]): Promise<number> =>
  (await database.statement<{ rows: number }>(name, text, values))[0]?.rows ?? 0

/** `$1` days, `$2` user or null. A session is due by itself or with its room or agent; one with a running turn waits for its close. */
const DUE_SESSIONS = `
select sessions.id from sessions
left join rooms on rooms.id = sessions.room_id
left join agents on agents.id = sessions.agent_id
where (sessions.deleted_at < now() - make_interval(days => $1) or rooms.deleted_at < now() - make_interval(days => $1)
    or agents.deleted_at < now() - make_interval(days => $1))
  and ($2::text is null or coalesce(rooms.owner_user_id, agents.owner_user_id) = $2)
  and not exists (select from turn_runs where turn_runs.session_id = sessions.id)`

export const countDueTurns = (database: Database, { days, userId }: Due): Promise<number> =>
  count(database, 'count_due_turns', `select count(*) as rows from turns where session_id in (${DUE_SESSIONS})`, [days, userId])

/** Few, since each batch passes the dead rows of the ones before. */
const SESSIONS_AT_ONCE = 20

export async function dueSessions(database: Database, { days, userId }: Due): Promise<string[]> {
  const rows = await database.statement<{ id: string }>('due_sessions', `${DUE_SESSIONS} limit ${SESSIONS_AT_ONCE}`, [days, userId])
  return rows.map(row => row.id)
}

/** All that hangs on the sessions, then the sessions themselves. */
export async function purgeSessions(database: Database, sessionIds: string[], progress: Progress): Promise<void> {
  const change = (name: string, text: string) => (limit: number) => count(database, name, text, [sessionIds, limit])
  await inBatches(change('detach_calls_of_sessions', DETACH_CALLS_OF_SESSIONS))
  await inBatches(change('detach_tool_calls_of_sessions', DETACH_TOOL_CALLS_OF_SESSIONS))
  await inBatches(change('purge_turns_of_sessions', PURGE_TURNS_OF_SESSIONS), progress)
  await inBatches(change('purge_files_of_sessions', PURGE_FILES_OF_SESSIONS))
  await inBatches(change('purge_sessions', PURGE_SESSIONS), () => {}, 5)
}

const DETACH_CALLS_OF_SESSIONS = `
with batch as (select id from llm_call_events where session_id = any($1::uuid[]) limit $2),
changed as (update llm_call_events set session_id = null, turn_id = null from batch where llm_call_events.id = batch.id returning 1)
select count(*) as rows from changed`

// What a tool was asked is part of the chat; that it was called, and what it cost, is not.
const DETACH_TOOL_CALLS_OF_SESSIONS = `
with batch as (select id from tool_call_events where session_id = any($1::uuid[]) limit $2),
changed as (
  update tool_call_events set session_id = null, turn_id = null, input = '{}' from batch where tool_call_events.id = batch.id returning 1
)
select count(*) as rows from changed`

const PURGE_TURNS_OF_SESSIONS = `
with gone as (delete from turns where id in (select id from turns where session_id = any($1::uuid[]) limit $2) returning 1)
select count(*) as rows from gone`

const PURGE_FILES_OF_SESSIONS = `
with gone as (delete from uploaded_files where id in (select id from uploaded_files where session_id = any($1::uuid[]) limit $2) returning 1)
select count(*) as rows from gone`

const PURGE_SESSIONS = `
with empty as (
  select id from sessions where id = any($1::uuid[]) and not exists (select from turn_runs where turn_runs.session_id = sessions.id) limit $2
), gone as (delete from sessions where id in (select id from empty) returning 1)
select count(*) as rows from gone`

/** Rooms that are due and have no session left, with their files; how many went. */
export async function purgeRooms(database: Database, due: Due): Promise<number> {
  return await purgeOwners(database, due, 'rooms', async roomId => {
    const change = (name: string, text: string) => (limit: number) => count(database, name, text, [roomId, limit])
    await inBatches(change('detach_calls_of_room', detachOwner('llm_call_events', 'room_id')))
    await inBatches(change('detach_tool_calls_of_room', detachOwner('tool_call_events', 'room_id')))
    await inBatches(change('purge_files_of_room', PURGE_FILES_OF_ROOM))
  })
}

/** Agents that are due and have no session left; how many went. */
export async function purgeAgents(database: Database, due: Due): Promise<number> {
  return await purgeOwners(database, due, 'agents', async agentId => {
    const detach = detachOwner('llm_call_events', 'agent_id')
    await inBatches(limit => count(database, 'detach_calls_of_agent', detach, [agentId, limit]))
  })
}

async function purgeOwners(
  database: Database,
  { days, userId }: Due,
  table: 'rooms' | 'agents',
  empty: (id: string) => Promise<void>,
): Promise<number> {
  const column = table === 'rooms' ? 'room_id' : 'agent_id'
  const due = `
    select id from ${table} as owner where deleted_at < now() - make_interval(days => $1) and ($2::text is null or owner_user_id = $2)
      and not exists (select from sessions where sessions.${column} = owner.id) limit 100`
  let purged = 0
  for (;;) {
    const rows = await database.statement<{ id: string }>(`due_${table}`, due, [days, userId])
    for (const { id } of rows) {
      await empty(id)
      await database.statement(`purge_${table}`, `delete from ${table} where id = $1`, [id])
    }
    purged += rows.length
    if (rows.length === 0) return purged
  }
}

const detachOwner = (table: 'llm_call_events' | 'tool_call_events', column: 'room_id' | 'agent_id') => `
with batch as (select id from ${table} where ${column} = $1::uuid limit $2),
changed as (update ${table} set ${column} = null from batch where ${table}.id = batch.id returning 1)
select count(*) as rows from changed`

const PURGE_FILES_OF_ROOM = `
with gone as (delete from uploaded_files where id in (select id from uploaded_files where room_id = $1::uuid limit $2) returning 1)
select count(*) as rows from gone`
