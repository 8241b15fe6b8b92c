import type { ExportLineType } from '../../contract/exports.ts'
import type { Database } from './database.ts'

export interface ExportedRow {
  type: ExportLineType
  id: string
  [column: string]: unknown
}

const PAGE = 200
const SMALLEST_ID = '00000000-0000-0000-0000-000000000000'

/** Everything that belongs to the user, table by table, a page at a time by id: no more than a page is ever in memory, and no transaction stays open. */
export async function* rowsOfUser(database: Database, userId: string): AsyncIterable<ExportedRow> {
  for (const [type, text] of OF_USER) yield* pages(database, type, text, userId)
}

/** The files, for whoever sends their bytes along. */
export const filesOfUser = (database: Database, userId: string): AsyncIterable<ExportedRow> => pages(database, 'file', FILES, userId)

async function* pages(database: Database, type: ExportLineType, text: string, userId: string): AsyncIterable<ExportedRow> {
  let last = SMALLEST_ID
  for (;;) {
    const rows = await database.statement<{ id: string }>(`export_${type}`, text, [userId, last, PAGE])
    for (const row of rows) yield { type, ...row }
    if (rows.length < PAGE) return
    last = rows.at(-1)!.id
  }
}

const next = (table: string) => `${table}.id > $2::uuid order by ${table}.id limit $3`

const OWN_SESSIONS = `
join sessions on sessions.id = own.session_id left join rooms on rooms.id = sessions.room_id left join agents on agents.id = sessions.agent_id
where coalesce(rooms.owner_user_id, agents.owner_user_id) = $1 and own.id > $2::uuid order by own.id limit $3`

const OF_USER: [ExportLineType, string][] = [
  [
    'user',
    `select ''::text as id, users.id as user_id, email, email_verified, role, monthly_credit_cap, users.created_at, balance
     from users left join credit_wallets on credit_wallets.user_id = users.id where users.id = $1 and $2::uuid is not null limit $3`,
  ],
  [
    'agent',
    `select id, agent_key, name, model_alias, role_prompt, tool_permissions, created_at, updated_at, deleted_at
     from agents where owner_user_id = $1 and ${next('agents')}`,
  ],
  [
    'room',
    `select id, name, goal, current_mode, pending_mode, created_at, updated_at, deleted_at from rooms where owner_user_id = $1 and ${next('rooms')}`,
  ],
  [
    'room_agent',
    `select room_agents.id, room_id, agent_id, position, room_agents.created_at from room_agents join rooms on rooms.id = room_agents.room_id
     where rooms.owner_user_id = $1 and ${next('room_agents')}`,
  ],
  [
    'session',
    `select own.id, own.room_id, own.agent_id, own.title, own.created_at, own.deleted_at from sessions as own
     left join rooms on rooms.id = own.room_id left join agents on agents.id = own.agent_id
     where coalesce(rooms.owner_user_id, agents.owner_user_id) = $1 and ${next('own')}`,
  ],
  [
    'turn',
    `select own.id, own.session_id, own.turn_index, own.mode, own.user_input, own.assistant_output, own.status, own.model_alias_used, own.routing,
       own.credits_burned, own.balance_after, own.created_at from turns as own ${OWN_SESSIONS}`,
  ],
  [
    'message',
    `select own.id, own.session_id, own.turn_id, own.turn_index, own.position, own.role, own.visibility, own.agent_key, own.source_agent_key,
       own.agent_name, own.content, own.tool_call_id, own.tool_name, own.created_at from messages as own ${OWN_SESSIONS}`,
  ],
  [
    'summary',
    `select own.id, own.session_id, own.turn_id, own.from_turn_index, own.to_turn_index, own.summary_text, own.key_facts, own.decisions,
       own.open_questions, own.action_items, own.created_at from session_summaries as own ${OWN_SESSIONS}`,
  ],
  [
    'usage_event',
    `select id, room_id, session_id, turn_id, agent_key, purpose, provider, model_alias, provider_model, input_tokens_fresh, input_tokens_cached,
       output_tokens, credits_burned, charged, status, multiplier, pricing_version, created_at
     from llm_call_events where user_id = $1 and ${next('llm_call_events')}`,
  ],
  [
    'tool_call',
    `select id, room_id, session_id, turn_id, agent_key, tool, input, status, latency_ms, credits_charged, created_at
     from tool_call_events where user_id = $1 and ${next('tool_call_events')}`,
  ],
  [
    'transaction',
    `select id, kind, amount, initiated_by, reference_id, note, created_at from credit_transactions where user_id = $1 and ${next('credit_transactions')}`,
  ],
  [
    'top_up',
    `select id, amount_cents, currency, credits, state, paid_at, refunded_cents, receipt_url, created_at from top_ups where user_id = $1 and ${next('top_ups')}`,
  ],
  [
    'api_key',
    `select id, name, prefix, scopes, created_at, expires_at, last_used_at from api_keys where user_id = $1 and ${next('api_keys')}`,
  ],
]

const FILES = `
select id, room_id, session_id, filename, content_type, size as file_size, sha256, parse_status, error_message, created_at, storage_key
from uploaded_files where user_id = $1 and ${next('uploaded_files')}`
