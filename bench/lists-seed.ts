import pg from 'pg'

// A year of a service with a thousand users: a million messages, ten million model calls with their ledger rows.

/** What the measured requests ask for. */
export interface Seed {
  ordinary: Conversation & { turnId: string }
  /** Has a hundredth of all calls, and the longest of everything. */
  heavy: Conversation & { rooms: number; agents: number; sessions: number; messages: number; files: number; events: number }
  /** `before` days ago, as the bench's calls were dated. */
  day(before: number): string
}

interface Conversation {
  userId: string
  roomId: string
  sessionId: string
}

const USERS = 1_000
const DAYS = 365
const ALIASES = ['deepseek', 'llama', 'qwen', 'gpt_oss', 'premium', 'free']
const ROOMS = 20
const SESSIONS = 50
/** Of one session, and of the longest. */
const TURNS = 10
const HEAVY = { rooms: 500, agents: 200, sessions: 500, turns: 5_000, files: 300 }
/** On each day half of the users are active, each with two of the aliases. */
const CELLS = DAYS * USERS
const TABLES = ['turns', 'messages', 'llm_call_events', 'credit_transactions']

export async function seed(config: pg.ClientConfig, scale: number): Promise<Seed> {
  const client = new pg.Client(config)
  await client.connect()
  try {
    const events = Math.round(10_000_000 * scale)
    const { rows } = await client.query<{ seeded: boolean }>(`select exists (select from users where id = 'user-0') as seeded`)
    if (!rows[0]?.seeded) await seedAll(client, events)
    return await describe(client)
  } finally {
    await client.end()
  }
}

async function seedAll(client: pg.Client, events: number): Promise<void> {
  // Foreign keys and triggers are not what is measured; indexes are made faster at the end.
  await client.query(`set session_replication_role = replica; set synchronous_commit = off; set maintenance_work_mem = '512MB'`)
  const remake = await dropIndexes(client)
  const steps: [string, string][] = [
    ['people', PEOPLE],
    ['rooms and agents', ROOMS_AND_AGENTS],
    ['sessions', CONVERSATIONS],
    ['turns and messages', TURNS_AND_MESSAGES],
    [`${events} calls`, calls(events)],
    ['their ledger', LEDGER],
    ['their roll-ups', ROLLUPS],
    ['the rest', THE_REST],
    ['indexes', remake],
    ['statistics', 'vacuum (analyze)'],
  ]
  for (const [what, statement] of steps) {
    const begun = performance.now()
    await client.query(statement)
    console.log(`seeded ${what} in ${((performance.now() - begun) / 1000).toFixed(1)} s`)
  }
}

/** Returns the statements that make them again. */
async function dropIndexes(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ make: string; drop: string }>(
    `select case when conname is null then pg_get_indexdef(indexrelid)
        else format('alter table %s add constraint %I %s', indrelid::regclass, conname, pg_get_constraintdef(con.oid)) end as make,
      case when conname is null then format('drop index %s', indexrelid::regclass)
        else format('alter table %s drop constraint %I cascade', indrelid::regclass, conname) end as drop
    from pg_index left join pg_constraint con on conindid = indexrelid and contype in ('p', 'u')
    where indrelid = any($1::regclass[]) order by conname is null desc`,
    [TABLES],
  )
  for (const { drop } of rows) await client.query(drop)
  return rows.map(({ make }) => make).join(';\n')
}

/** Of version 4, as far as a reader can tell. */
const id = (kind: string, number: string) => `overlay(overlay(md5('${kind} ' || ${number}) placing '4' from 13) placing '8' from 17)::uuid`
const random = (from: string) => `now() - make_interval(secs => (${from})::bigint * 7919 % (${DAYS} * 86400))`

const PEOPLE = `
insert into users (id, issuer, subject, email) select 'user-' || n, 'supabase', 'user-' || n, 'user-' || n || '@example.org' from generate_series(0, ${USERS - 1}) as n;
insert into credit_wallets (id, user_id, balance) select ${id('wallet', 'n')}, 'user-' || n, 100 from generate_series(0, ${USERS - 1}) as n`

// Numbers of rooms and agents: those of the heavy user come after the others.
const ROOMS_AND_AGENTS = `
insert into agents (id, owner_user_id, agent_key, name, model_alias, role_prompt, created_at)
select ${id('agent', 'n')}, 'user-' || case when n < ${USERS} * 10 then n / 10 else 0 end, 'agent-' || n, 'Agent ' || n, 'deepseek', repeat('A role. ', 40), ${random('n')}
from generate_series(0, ${USERS * 10 + HEAVY.agents - 1}) as n;
insert into rooms (id, owner_user_id, name, current_mode, created_at)
select ${id('room', 'n')}, 'user-' || case when n < ${USERS * ROOMS} then n / ${ROOMS} else 0 end, 'Room ' || n, 'orchestrator', ${random('n')}
from generate_series(0, ${USERS * ROOMS + HEAVY.rooms - 1}) as n;
insert into room_agents (id, room_id, agent_id, position)
select gen_random_uuid(), ${id('room', 'room')}, ${id('agent', `room / ${ROOMS} * 10 + position`)}, position + 1
from generate_series(0, ${USERS * ROOMS - 1}) as room, generate_series(0, 4) as position`

const CONVERSATIONS = `
insert into sessions (id, room_id, started_by_user_id, title, turn_count, created_at)
select ${id('session', 'n')}, ${id('room', `n / ${SESSIONS} * ${ROOMS} + n % ${ROOMS}`)}, 'user-' || n / ${SESSIONS}, 'Session ' || n,
  case when n = 0 then ${HEAVY.turns} else ${TURNS} end, ${random('n')}
from generate_series(0, ${USERS * SESSIONS - 1}) as n;
insert into sessions (id, room_id, started_by_user_id, title, created_at)
select gen_random_uuid(), ${id('room', '0')}, 'user-0', 'Session ' || n, ${random('n')} from generate_series(1, ${HEAVY.sessions}) as n`

/** One of a thousand texts; one in five speaks of strategy as well, one in ten thousand of saffron. */
const TEXT = (salt: string) => `(select words from texts where number = abs(hashint8(n * 2 + ${salt})) % 1000)
  || case when abs(hashint8(n)) % 5 = 0 then ' strategy' else '' end || case when abs(hashint8(n)) % 10000 = 0 then ' saffron' else '' end`
const WORDS = 'market price risk team plan cost growth model budget question answer reason evidence customer supplier contract'.split(' ')

const TURNS_AND_MESSAGES = `
create temporary table texts as
select number, string_agg((array['${WORDS.join("', '")}'])[1 + abs(hashint8(number * 100 + word)) % ${WORDS.length}], ' ') as words
from generate_series(0::bigint, 999) as number, generate_series(1, 60) as word group by number;
create index on texts (number);
analyze texts;
create temporary table spoken as
select row_number() over () - 1 as n, ${id('session', 'session')} as session_id, 'user-' || session / ${SESSIONS} as user_id, turn_index,
  sessions.created_at + make_interval(mins => turn_index) as at
from generate_series(0, ${USERS * SESSIONS - 1}) as session
join sessions on sessions.id = ${id('session', 'session')}, generate_series(1, sessions.turn_count) as turn_index;
insert into turns (id, session_id, user_id, turn_index, mode, user_input, assistant_output, status, model_alias_used, provider_model, created_at)
select ${id('turn', 'n')}, session_id, user_id, turn_index, 'orchestrator', 'What about the strategy?', ${TEXT('1')}, 'completed', 'deepseek', 'deepseek', at from spoken;
insert into messages (id, session_id, user_id, turn_id, turn_index, position, role, visibility, agent_key, source_agent_key, agent_name, mode, content,
  created_at)
select gen_random_uuid(), session_id, user_id, ${id('turn', 'n')}, turn_index, position, case position when 1 then 'user' else 'assistant' end, 'shared', 'agent', 'agent', 'Agent',
  'orchestrator', ${TEXT('position')}, at
from spoken, generate_series(1, 2) as position`

/** Call n belongs to one day, user and alias, consecutive ones to different; every hundredth to the heavy user. Two in a turn, as long as there are turns. */
const calls = (events: number) => `
insert into llm_call_events (id, request_id, user_id, session_id, turn_id, agent_key, purpose, provider, model_alias, provider_model, input_tokens_fresh,
  input_tokens_cached, output_tokens, usage_estimated, oe_tokens_computed, provider_cost_usd, credits_burned, charged, status, pricing_version,
  multiplier, created_at)
select gen_random_uuid(), gen_random_uuid(), case when n % 100 = 0 then 'user-0' else user_id end, session_id, spoken.n_turn, 'agent', 'agent', 'openrouter', alias, alias,
  1000 + n % 3000, n % 500, 100 + n % 900, false, 1000 + n % 777, 0.00012345 + (n % 99) * 0.00000101, 0.1 + (n % 1009) * 0.0001, true, 'success',
  '2026-02-20', 1, (((now() at time zone 'UTC')::date - day_number::int)::timestamp + make_interval(secs => n % 86400)) at time zone 'UTC'
from (
  select n, n % ${CELLS} / ${USERS} as day_number,
    'user-' || (n % ${USERS / 2} * 2 + n % ${CELLS} / ${USERS} % 2) as user_id,
    (array['${ALIASES.join("', '")}'])[1 + (n % ${USERS / 2} + n % ${CELLS} / ${USERS / 2} % 2) % ${ALIASES.length}] as alias
  from generate_series(0::bigint, ${events - 1}) as n
) as call left join (select n as spoken_n, session_id, ${id('turn', 'n')} as n_turn from spoken) as spoken on spoken_n = n / 2`

const LEDGER = `
insert into credit_transactions (id, wallet_id, user_id, amount, kind, reference_id, created_at)
select gen_random_uuid(), ${id('wallet', 'substr(user_id, 6)')}, user_id, -credits_burned, 'debit', turn_id::text, created_at from llm_call_events`

const ROLLUPS = `
insert into usage_rollups_daily (user_id, day, model_alias, call_count, input_tokens_fresh, input_tokens_cached, output_tokens, credits_burned,
  provider_cost_usd)
select user_id, (created_at at time zone 'UTC')::date as day, model_alias, count(*), sum(input_tokens_fresh), sum(input_tokens_cached), sum(output_tokens),
  sum(credits_burned), sum(provider_cost_usd)
from llm_call_events group by user_id, day, model_alias order by day, user_id;
insert into user_activity_daily (day, user_id) select distinct day, user_id from usage_rollups_daily;
update users set first_active_on = (select min(day) from usage_rollups_daily where usage_rollups_daily.user_id = users.id)`

const THE_REST = `
insert into uploaded_files (id, user_id, room_id, filename, storage_key, content_type, size, sha256, parse_status, parsed_text, parsed_characters, created_at)
select gen_random_uuid(), 'user-' || case when n < ${HEAVY.files} then 0 else n % ${USERS} end,
  ${id('room', `case when n < ${HEAVY.files} then 0 else n % ${USERS} * ${ROOMS} end`)}, 'file ' || n || '.txt', 'key-' || n, 'text/plain', 1000,
  encode(sha256(n::text::bytea), 'hex'), 'completed', repeat('text ', 200), 1000, ${random('n')}
from generate_series(0, 20000) as n;
insert into admin_audit_log (id, actor_user_id, action, target, before, after, created_at)
select gen_random_uuid(), 'user-1', 'price_set', 'user-' || n % ${USERS}, null, '{"amount": "1"}', ${random('n')} from generate_series(1, 20000) as n;
insert into top_ups (id, user_id, payment_intent_id, amount_cents, currency, credits, created_at)
select gen_random_uuid(), 'user-' || case when n <= 500 then 0 else n % ${USERS} end, 'pi_' || n, 1000, 'usd', 333.3, ${random('n')} from generate_series(1, 20000) as n`

async function describe(client: pg.Client): Promise<Seed> {
  const { rows } = await client.query(
    `select (select count(*)::int from llm_call_events where user_id = 'user-0') as events, (select count(*)::int from messages) as messages,
      (select id from turns where session_id = ${id('session', `7 * ${SESSIONS}`)} and turn_index = 3) as turn_id,
      ${id('room', '0')} as heavy_room, ${id('session', '0')} as heavy_session, (now() at time zone 'UTC')::date::text as today,
      ${id('room', `7 * ${ROOMS}`)} as room, ${id('session', `7 * ${SESSIONS}`)} as session,
      (select reltuples::bigint from pg_class where relname = 'llm_call_events') as all_events,
      (select count(*)::int from usage_rollups_daily) as rollups, pg_size_pretty(pg_database_size(current_database())) as size`,
  )
  const [found] = rows
  console.log(`${found.messages} messages, ${found.all_events} calls, ${found.rollups} daily roll-ups, ${found.size}`)
  return {
    ordinary: { userId: 'user-7', roomId: found.room, sessionId: found.session, turnId: found.turn_id },
    heavy: {
      ...HEAVY,
      userId: 'user-0',
      roomId: found.heavy_room,
      sessionId: found.heavy_session,
      messages: HEAVY.turns * 2,
      events: found.events,
    },
    day: before => new Date(Date.parse(found.today) - before * 86_400_000).toISOString().slice(0, 10),
  }
}
