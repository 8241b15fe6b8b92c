import type { FoundMessagePage, FoundMessageRead } from '../../contract/search.ts'
import type { Database } from './database.ts'

/** Shared messages of the user's own, not deleted sessions, newest first. */
export async function searchMessages(
  database: Database,
  userId: string,
  query: string,
  { limit, offset }: { limit: number; offset: number },
): Promise<FoundMessagePage> {
  const rows = await database.statement<FoundMessageRead & { total: number }>('search_messages', SEARCH, [userId, query, limit, offset])
  // A page after the last one is one row that has nothing but the number.
  const messages = rows.filter(row => row.id !== null).map(({ total, ...message }) => message)
  return { messages, total: rows[0]?.total ?? 0 }
}

// The index messages_words finds what is the user's own and fits, whatever others have written. Sessions are looked at once each, not once for
// each of their messages. Words that are none fit nothing. Snippets are cut out of the page's messages only.
const SEARCH = `
with fitting as materialized (
  select id, session_id, created_at from messages
  where message_words(user_id, content) @@ searched_words($1, $2) and visibility = 'shared' and numnode(websearch_to_tsquery('simple', $2)) > 0
), own_sessions as materialized (
  select sessions.id, sessions.title, sessions.room_id, sessions.agent_id
  from sessions left join rooms on rooms.id = sessions.room_id left join agents on agents.id = sessions.agent_id
  where sessions.id in (select session_id from fitting) and sessions.deleted_at is null
    and coalesce(rooms.owner_user_id, agents.owner_user_id) = $1 and coalesce(rooms.deleted_at, agents.deleted_at) is null
), found as materialized (
  select fitting.* from fitting where session_id in (select id from own_sessions)
), page as (
  select id, session_id from found order by created_at desc, id desc limit $3 offset $4
)
select counted.total, messages.id, messages.session_id, own_sessions.title as session_title, own_sessions.room_id, own_sessions.agent_id,
  messages.turn_id, messages.role, messages.agent_key, messages.agent_name, messages.created_at,
  ts_headline('simple', left(messages.content, 100000), websearch_to_tsquery('simple', $2),
    'StartSel="", StopSel="", MaxWords=40, MinWords=20, MaxFragments=1') as snippet
from (select count(*) as total from found) as counted
left join (page join messages on messages.id = page.id join own_sessions on own_sessions.id = page.session_id) on true
order by messages.created_at desc, messages.id desc`
