import type { FoundMessagePage, FoundMessageRead } from '../../contract/search.ts'
import type { Database } from './database.ts'

/** Shared messages of the user's own, not deleted sessions, newest first. */
export async function searchMessages(
  database: Database,
  userId: string,
  query: string,
  { limit, offset }: { limit: number; offset: number },
): Promise<FoundMessagePage> {
  const [messages, counted] = await Promise.all([
    database.statement<FoundMessageRead>('search_messages', SEARCH, [userId, query, limit, offset]),
    database.statement<{ total: number }>('count_found_messages', `select count(*) as total from (${MATCHES}) as matches`, [userId, query]),
  ])
  return { messages, total: counted[0]?.total ?? 0 }
}

/** The expression and the condition of the index messages_search, word for word. */
const MATCHES = `
select messages.id, messages.session_id, messages.created_at from messages
join sessions on sessions.id = messages.session_id
left join rooms on rooms.id = sessions.room_id
left join agents on agents.id = sessions.agent_id
where to_tsvector('simple', left(messages.content, 100000)) @@ websearch_to_tsquery('simple', $2) and messages.visibility = 'shared'
  and coalesce(rooms.owner_user_id, agents.owner_user_id) = $1
  and sessions.deleted_at is null and rooms.deleted_at is null and agents.deleted_at is null`

// Snippets are cut out of the page's messages only.
const SEARCH = `
with page as (${MATCHES} order by messages.created_at desc, messages.id desc limit $3 offset $4)
select messages.id, messages.session_id, sessions.title as session_title, sessions.room_id, sessions.agent_id, messages.turn_id, messages.role,
  messages.agent_key, messages.agent_name, messages.created_at,
  ts_headline('simple', left(messages.content, 100000), websearch_to_tsquery('simple', $2),
    'StartSel="", StopSel="", MaxWords=40, MinWords=20, MaxFragments=1') as snippet
from page join messages on messages.id = page.id join sessions on sessions.id = page.session_id
order by messages.created_at desc, messages.id desc`
