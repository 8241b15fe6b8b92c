import type { Database } from './database.ts'
import { inBatches, type Progress } from './in-batches.ts'

// Chat and files that are older than they may become, deleted or not.

const count = async (database: Database, name: string, text: string, values: unknown[]): Promise<number> =>
  (await database.statement<{ rows: number }>(name, text, values))[0]?.rows ?? 0

export const countOldTurns = (database: Database, days: number): Promise<number> =>
  count(database, 'count_old_turns', `select count(*) as rows from turns where created_at < now() - make_interval(days => $1)`, [days])

export const removeOldTurns = (database: Database, days: number, progress: Progress): Promise<number> =>
  inBatches(limit => count(database, 'remove_old_turns', REMOVE_OLD_TURNS, [days, limit]), progress)

const REMOVE_OLD_TURNS = `
with old as (select id from turns where created_at < now() - make_interval(days => $1) order by created_at limit $2),
forgotten as (update tool_call_events set input = '{}' where turn_id in (select id from old)),
gone as (delete from turns where id in (select id from old) returning 1)
select count(*) as rows from gone`

export const removeOldFiles = (database: Database, days: number): Promise<number> =>
  inBatches(limit => count(database, 'remove_old_files', REMOVE_OLD_FILES, [days, limit]))

const REMOVE_OLD_FILES = `
with gone as (
  delete from uploaded_files where id in (
    select id from uploaded_files where created_at < now() - make_interval(days => $1) order by created_at limit $2
  ) returning 1
)
select count(*) as rows from gone`

/** Sessions that are old and have nothing left in them. */
export async function emptyOldSessions(database: Database, days: number): Promise<string[]> {
  const rows = await database.statement<{ id: string }>('empty_old_sessions', EMPTY_OLD_SESSIONS, [days])
  return rows.map(row => row.id)
}

const EMPTY_OLD_SESSIONS = `
select id from sessions where created_at < now() - make_interval(days => $1)
  and not exists (select from turns where turns.session_id = sessions.id)
  and not exists (select from turn_runs where turn_runs.session_id = sessions.id)
  and not exists (select from uploaded_files where uploaded_files.session_id = sessions.id)
order by created_at limit 20`
