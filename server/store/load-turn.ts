import { validate as isUuid } from 'uuid'
import type { RequestKey } from '../domain/request-key.ts'
import type { LoadedSession } from '../domain/snapshot.ts'
import type { Database } from './database.ts'

/** A turn of the last 24 hours, or one that still runs, whose request bore the same key. */
export interface EarlierTurn {
  turnId: string
  requestSha256: string
  isRunning: boolean
}

export interface LoadedTurn extends LoadedSession {
  earlier: EarlierTurn | null
}

export interface TurnToLoad {
  userId: string
  sessionId: string
  privateTurns: number
  requestKey: RequestKey | null
}

/** Null when the session is not the user's own, or is deleted, or its room or agent is. */
export async function loadTurn(
  database: Database,
  { userId, sessionId, privateTurns, requestKey }: TurnToLoad,
): Promise<LoadedTurn | null> {
  if (!isUuid(sessionId)) return null
  const values = [sessionId, userId, privateTurns, requestKey?.route ?? null, requestKey?.key ?? null]
  const [row] = await database.statement<{ loaded: LoadedTurn }>('load_turn', LOAD_TURN, values)
  return row?.loaded ?? null
}

// Aggregated to JSON by the database, so that one round trip and one parse bring it all. Decimals leave as text.
const LOAD_TURN = `
select json_build_object(
  'sessionId', sessions.id,
  'turnCount', sessions.turn_count,
  'lastTurn', (select json_build_object('id', id, 'index', turn_index, 'message', user_input) from turns
    where turns.session_id = sessions.id and turns.turn_index = sessions.turn_count),
  'runningTurnId', (select turn_id from turn_runs where turn_runs.session_id = sessions.id),
  'earlier', case when $5::text is not null then (
    select json_build_object('turnId', turn_id, 'requestSha256', idempotency_sha256, 'isRunning', is_running)
    from (
      select turn_id, session_id, user_id, idempotency_route, idempotency_key, idempotency_sha256, true as is_running from turn_runs
      union all
      select id, session_id, user_id, idempotency_route, idempotency_key, idempotency_sha256, false from turns
      where created_at > now() - interval '24 hours'
    ) as earlier
    where session_id = sessions.id and user_id = $2 and idempotency_route = $4 and idempotency_key = $5 limit 1) end,
  'room', case when rooms.id is not null then json_build_object(
    'id', rooms.id, 'name', rooms.name, 'goal', rooms.goal,
    'mode', coalesce(rooms.pending_mode, rooms.current_mode), 'modeIsPending', rooms.pending_mode is not null) end,
  -- Each by its id: a plan from before the tables had statistics would otherwise read everybody's agents.
  'agents', (
    select coalesce(json_agg(json_build_object('id', member.id, 'key', member.agent_key, 'name', member.name,
      'rolePrompt', member.role_prompt, 'tools', member.tool_permissions, 'modelAlias', member.model_alias) order by roster.position), '[]')
    from (
      select agent_id, position from room_agents where room_id = sessions.room_id
      union all select sessions.agent_id, 1 where sessions.agent_id is not null
    ) as roster, lateral (select * from agents where agents.id = roster.agent_id offset 0) as member where member.deleted_at is null),
  -- The newest hundred; more would fill the prompt.
  'files', (
    select coalesce(json_agg(json_build_object('id', id, 'filename', filename, 'status', parse_status) order by created_at desc, id desc), '[]')
    from (
      select id, filename, parse_status, created_at from uploaded_files where room_id = sessions.room_id
      union all
      select id, filename, parse_status, created_at from uploaded_files where session_id = sessions.id
      order by created_at desc, id desc limit 100
    ) as readable),
  'summary', (
    select json_build_object('fromTurnIndex', from_turn_index, 'toTurnIndex', to_turn_index, 'summaryText', summary_text,
      'keyFacts', key_facts, 'decisions', decisions, 'openQuestions', open_questions, 'actionItems', action_items, 'usedFallback', used_fallback,
      'writtenInTurn', (select turn_index from turns where turns.id = session_summaries.turn_id))
    from session_summaries where session_id = sessions.id order by to_turn_index desc limit 1),
  'history', (
    select coalesce(json_agg(json_build_object('turnIndex', turn_index, 'role', role, 'visibility', visibility, 'agentKey', agent_key,
      'agentName', agent_name, 'content', content, 'toolCallId', tool_call_id, 'toolName', tool_name) order by turn_index, position), '[]')
    from messages where session_id = sessions.id and not superseded and (
      (visibility = 'shared' and turn_index > coalesce((select max(to_turn_index) from session_summaries where session_id = sessions.id), 0))
      or (visibility = 'private' and turn_index > sessions.turn_count - $3))),
  'monthlyCap', (select monthly_credit_cap::text from users where users.id = $2)
) as loaded
from sessions
left join rooms on rooms.id = sessions.room_id
left join agents on agents.id = sessions.agent_id
where sessions.id = $1 and sessions.deleted_at is null
  and coalesce(rooms.owner_user_id, agents.owner_user_id) = $2
  and coalesce(rooms.deleted_at, agents.deleted_at) is null`
