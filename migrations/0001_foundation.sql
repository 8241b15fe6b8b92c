-- People, rooms, conversations, metering and the ledger. Ids are UUIDs made by the program (version 7), a user's is text.

create function touch_updated_at() returns trigger language plpgsql as $$
begin
  new.updated_at := now();
  return new;
end $$;

-- Caches in every process are emptied by this signal, which is sent with the commit that made them stale.
create function notify_changed() returns trigger language plpgsql as $$
begin
  perform pg_notify('pantheon_changed', tg_table_name);
  return null;
end $$;

create function notify_user_changed() returns trigger language plpgsql as $$
begin
  perform pg_notify('pantheon_changed', 'users:' || old.id);
  return null;
end $$;

create function refuse_rewrite() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = '42501';
end $$;

create table users (
  id text primary key,
  issuer text not null,
  subject text not null,
  email text,
  email_verified boolean not null default false,
  role text not null default 'user' check (role in ('user', 'analyst', 'owner')),
  suspended_at timestamptz,
  monthly_credit_cap numeric(18,8) check (monthly_credit_cap >= 0),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (issuer, subject)
);
create index users_email on users (lower(email));
create trigger users_touch before update on users for each row execute function touch_updated_at();
create trigger users_changed after update on users for each row execute function notify_user_changed();
create trigger users_removed after delete on users for each row execute function notify_user_changed();

-- The unique row is the lock: whoever's insert succeeds is the first owner (a count would race).
create table first_owner (
  only_one boolean primary key default true check (only_one),
  user_id text not null,
  claimed_at timestamptz not null default now()
);

-- Catalogue and prices.

create table models (
  alias text primary key,
  display_name text not null,
  provider text not null check (provider in ('openrouter', 'openai', 'anthropic', 'google', 'demo')),
  provider_model text not null,
  context_window integer not null check (context_window > 0),
  input_usd_per_million numeric(20,8),
  cached_input_usd_per_million numeric(20,8),
  output_usd_per_million numeric(20,8),
  enabled boolean not null default true,
  fallback_alias text references models (alias),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create trigger models_touch before update on models for each row execute function touch_updated_at();
create trigger models_changed after insert or update or delete on models for each statement execute function notify_changed();

create table pricing_versions (
  version text primary key,
  active boolean not null default false,
  created_at timestamptz not null default now()
);
create unique index pricing_versions_one_active on pricing_versions (active) where active;
create trigger pricing_versions_changed after insert or update or delete on pricing_versions for each statement execute function notify_changed();

create table model_pricing (
  pricing_version text not null references pricing_versions (version),
  model_alias text not null,
  multiplier numeric(12,4) not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (pricing_version, model_alias)
);
create trigger model_pricing_touch before update on model_pricing for each row execute function touch_updated_at();
create trigger model_pricing_changed after insert or update or delete on model_pricing for each statement execute function notify_changed();

insert into pricing_versions (version, active) values ('2026-02-20', true);
insert into model_pricing (pricing_version, model_alias, multiplier)
select '2026-02-20', alias, multiplier from (values
  ('deepseek', 1), ('llama', 0.5), ('qwen', 0.5), ('gpt_oss', 0.5), ('premium', 14), ('free', 0.5), ('demo', 0.5),
  ('kimi_k2', 2.4), ('glm_4_5', 2.55), ('gpt_5_mini', 2.25), ('gpt_4_1', 10), ('gpt_4o', 12.5), ('gpt_5', 11.25), ('gpt_5_2', 15.75),
  ('claude_sonnet', 18), ('grok', 18), ('claude_opus', 30)
) as seeded (alias, multiplier);
insert into models (alias, display_name, provider, provider_model, context_window, input_usd_per_million, cached_input_usd_per_million, output_usd_per_million) values
  ('deepseek', 'DeepSeek V3.1', 'openrouter', 'deepseek/deepseek-chat-v3.1', 163840, 0.20, null, 0.80),
  ('llama', 'Llama 4 Scout', 'openrouter', 'meta-llama/llama-4-scout', 327680, 0.08, null, 0.30),
  ('qwen', 'Qwen3 235B', 'openrouter', 'qwen/qwen3-235b-a22b-2507', 262144, 0.10, null, 0.60),
  ('gpt_oss', 'GPT-OSS 120B', 'openrouter', 'openai/gpt-oss-120b', 131072, 0.05, null, 0.25),
  ('premium', 'Gemini 2.5 Pro', 'openrouter', 'google/gemini-2.5-pro', 1048576, 1.25, 0.31, 10),
  ('free', 'Mistral Small 3.1', 'openrouter', 'mistralai/mistral-small-3.1-24b-instruct', 131072, 0.05, null, 0.10),
  ('demo', 'Demo model (simulated)', 'demo', 'pantheon-demo', 32768, 0, 0, 0);

-- Agents and rooms.

create table agents (
  id uuid primary key,
  owner_user_id text not null references users (id),
  agent_key text not null,
  name text not null,
  model_alias text not null,
  role_prompt text not null default '',
  tool_permissions jsonb not null default '[]',
  deleted_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create unique index agents_key on agents (owner_user_id, lower(agent_key)) where deleted_at is null;
create index agents_owner on agents (owner_user_id, created_at desc, id desc) where deleted_at is null;
create trigger agents_touch before update on agents for each row execute function touch_updated_at();

create table rooms (
  id uuid primary key,
  owner_user_id text not null references users (id),
  name text not null,
  goal text,
  current_mode text not null check (current_mode in ('manual', 'roundtable', 'orchestrator')),
  pending_mode text check (pending_mode in ('manual', 'roundtable', 'orchestrator')),
  deleted_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index rooms_owner on rooms (owner_user_id, created_at desc, id desc) where deleted_at is null;
create trigger rooms_touch before update on rooms for each row execute function touch_updated_at();

create table room_agents (
  id uuid primary key,
  room_id uuid not null references rooms (id) on delete cascade,
  agent_id uuid not null references agents (id) on delete cascade,
  position integer not null check (position >= 1),
  created_at timestamptz not null default now(),
  unique (room_id, agent_id),
  -- Deferrable, so that one statement may reorder the whole roster.
  constraint room_agents_position unique (room_id, position) deferrable initially immediate
);
create index room_agents_agent on room_agents (agent_id);

-- Conversations.

create table sessions (
  id uuid primary key,
  room_id uuid references rooms (id) on delete cascade,
  agent_id uuid references agents (id) on delete cascade,
  started_by_user_id text not null references users (id),
  title text,
  -- How many turns are closed; the next turn's index follows from it, and admission holds a snapshot against it.
  turn_count integer not null default 0,
  deleted_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint sessions_one_scope check (num_nonnulls(room_id, agent_id) = 1)
);
create index sessions_room on sessions (room_id, created_at desc, id desc) where deleted_at is null;
create index sessions_agent on sessions (agent_id, created_at desc, id desc) where deleted_at is null;
create trigger sessions_touch before update on sessions for each row execute function touch_updated_at();

create table turns (
  id uuid primary key,
  session_id uuid not null references sessions (id) on delete cascade,
  user_id text not null references users (id),
  turn_index integer not null check (turn_index >= 1),
  mode text not null check (mode in ('standalone', 'manual', 'roundtable', 'orchestrator')),
  user_input text not null,
  assistant_output text not null,
  status text not null check (status in ('completed', 'partial', 'failed', 'cancelled')),
  model_alias_used text not null,
  provider_model text not null,
  limit_reached text check (limit_reached in ('model_calls', 'tool_calls', 'seconds', 'credits')),
  routing jsonb not null default '[]',
  summary_triggered boolean not null default false,
  prune_triggered boolean not null default false,
  overflow_rejected boolean not null default false,
  summary_used_fallback boolean not null default false,
  credits_burned numeric(20,4) not null default 0,
  balance_after numeric(18,8),
  low_balance boolean not null default false,
  created_at timestamptz not null default now(),
  unique (session_id, turn_index)
);

-- A turn that runs: who, what, hold, lease, fencing number, journal. Gone with the close, which is the same statement.
create table turn_runs (
  turn_id uuid primary key,
  session_id uuid not null unique references sessions (id) on delete cascade,
  user_id text not null references users (id),
  turn_index integer not null,
  mode text not null,
  request jsonb not null,
  hold numeric(18,8) not null default 0,
  fence bigint not null default 1,
  owner_process text not null,
  lease_until timestamptz not null,
  cancel_requested_at timestamptz,
  -- One member per call, keyed by its request id: begun, then ended with usage and answer.
  journal jsonb not null default '{}',
  started_at timestamptz not null default now()
);
create index turn_runs_user on turn_runs (user_id);
create index turn_runs_lease on turn_runs (lease_until);

-- A cancel reaches whichever process runs the turn.
create function notify_turn_cancelled() returns trigger language plpgsql as $$
begin
  perform pg_notify('pantheon_changed', 'cancelled:' || new.turn_id);
  return null;
end $$;
create trigger turn_runs_cancelled after update of cancel_requested_at on turn_runs for each row
  when (old.cancel_requested_at is null and new.cancel_requested_at is not null) execute function notify_turn_cancelled();

create table messages (
  id uuid primary key,
  session_id uuid not null references sessions (id) on delete cascade,
  turn_id uuid not null references turns (id) on delete cascade,
  turn_index integer not null,
  position integer not null,
  role text not null check (role in ('user', 'assistant', 'tool')),
  visibility text not null check (visibility in ('shared', 'private')),
  agent_key text,
  source_agent_key text,
  agent_name text,
  mode text not null,
  content text not null,
  tool_call_id text,
  tool_name text,
  created_at timestamptz not null default now(),
  unique (session_id, turn_index, position)
);
create index messages_turn on messages (turn_id);

create table session_summaries (
  id uuid primary key,
  session_id uuid not null references sessions (id) on delete cascade,
  turn_id uuid not null references turns (id) on delete cascade,
  from_turn_index integer not null,
  to_turn_index integer not null,
  summary_text text not null,
  key_facts jsonb not null default '[]',
  decisions jsonb not null default '[]',
  open_questions jsonb not null default '[]',
  action_items jsonb not null default '[]',
  used_fallback boolean not null default false,
  created_at timestamptz not null default now(),
  unique (session_id, to_turn_index)
);
create index session_summaries_turn on session_summaries (turn_id);

create table turn_context_audit (
  id uuid primary key,
  turn_id uuid not null references turns (id) on delete cascade,
  session_id uuid not null references sessions (id) on delete cascade,
  agent_key text not null,
  model_alias text not null,
  context_window integer not null,
  input_budget integer not null,
  output_reserve integer not null,
  overhead_reserve integer not null,
  estimated_tokens_before integer not null,
  estimated_tokens_after_summary integer not null,
  estimated_tokens_after_prune integer not null,
  summary_triggered boolean not null,
  prune_triggered boolean not null,
  overflow_rejected boolean not null,
  created_at timestamptz not null default now(),
  unique (turn_id, agent_key)
);
create index turn_context_audit_session on turn_context_audit (session_id);

-- Metering and the ledger. These rows outlive the chat: what they point at may go, they stay.

create table llm_call_events (
  id uuid primary key,
  request_id uuid not null unique,
  user_id text not null references users (id),
  room_id uuid references rooms (id) on delete set null,
  session_id uuid references sessions (id) on delete set null,
  turn_id uuid references turns (id) on delete set null,
  agent_id uuid references agents (id) on delete set null,
  agent_key text,
  step integer,
  round integer,
  purpose text not null check (purpose in ('agent', 'manager_routing', 'manager_evaluation', 'manager_synthesis', 'summary')),
  provider text not null,
  model_alias text not null,
  provider_model text not null,
  input_tokens_fresh bigint not null check (input_tokens_fresh >= 0),
  input_tokens_cached bigint not null check (input_tokens_cached >= 0),
  output_tokens bigint not null check (output_tokens >= 0),
  total_tokens bigint not null generated always as (input_tokens_fresh + input_tokens_cached + output_tokens) stored,
  usage_estimated boolean not null,
  oe_tokens_computed numeric(20,4) not null,
  provider_cost_usd numeric(20,8) not null,
  credits_burned numeric(20,4) not null,
  latency_ms integer,
  time_to_first_token_ms integer,
  charged boolean not null,
  status text not null check (status in ('success', 'error', 'timeout', 'rate_limited', 'cancelled', 'unknown')),
  pricing_version text not null,
  multiplier numeric(12,4) not null,
  provider_request_id text,
  created_at timestamptz not null default now()
);
create index llm_call_events_user on llm_call_events (user_id, created_at);
create index llm_call_events_session on llm_call_events (session_id, created_at);
create index llm_call_events_turn on llm_call_events (turn_id);
create index llm_call_events_alias on llm_call_events (model_alias, created_at);
create index llm_call_events_created on llm_call_events (created_at);
create index llm_call_events_room on llm_call_events (room_id);
create index llm_call_events_agent on llm_call_events (agent_id);

-- The one update that is let through: room, session, turn and agent becoming null when what they name is purged.
create function keep_llm_call_event() returns trigger language plpgsql as $$
declare
  kept llm_call_events := old;
begin
  if new.room_id is null then kept.room_id := null; end if;
  if new.session_id is null then kept.session_id := null; end if;
  if new.turn_id is null then kept.turn_id := null; end if;
  if new.agent_id is null then kept.agent_id := null; end if;
  -- A stored generated column is still empty in a before trigger.
  kept.total_tokens := new.total_tokens;
  if kept is distinct from new then
    raise exception 'llm_call_events is append-only' using errcode = '42501';
  end if;
  return new;
end $$;
create trigger llm_call_events_keep before update on llm_call_events for each row execute function keep_llm_call_event();
create trigger llm_call_events_no_delete before delete on llm_call_events for each row execute function refuse_rewrite();
create trigger llm_call_events_no_truncate before truncate on llm_call_events for each statement execute function refuse_rewrite();

create table usage_rollups_daily (
  user_id text not null references users (id),
  day date not null,
  model_alias text not null,
  call_count bigint not null,
  input_tokens_fresh bigint not null,
  input_tokens_cached bigint not null,
  output_tokens bigint not null,
  credits_burned numeric(20,4) not null,
  provider_cost_usd numeric(20,8) not null,
  primary key (user_id, day, model_alias)
);
create index usage_rollups_daily_day on usage_rollups_daily (day, model_alias);

create table tool_call_events (
  id uuid primary key,
  user_id text not null references users (id),
  room_id uuid references rooms (id) on delete set null,
  session_id uuid references sessions (id) on delete set null,
  turn_id uuid references turns (id) on delete set null,
  agent_key text not null,
  step integer not null,
  call_id text not null,
  tool text not null,
  input jsonb not null,
  output_sha256 text,
  status text not null check (status in ('success', 'error', 'timeout', 'refused', 'cancelled')),
  latency_ms integer not null,
  credits_charged numeric(20,4) not null default 0,
  created_at timestamptz not null default now()
);
create index tool_call_events_turn on tool_call_events (turn_id);
create index tool_call_events_session on tool_call_events (session_id);
create index tool_call_events_room on tool_call_events (room_id);
create index tool_call_events_user on tool_call_events (user_id, created_at);

create table credit_wallets (
  id uuid primary key,
  user_id text not null unique references users (id),
  balance numeric(18,8) not null default 0,
  -- What running turns may still spend (billing.md, Enforcement); available = balance - held.
  held numeric(18,8) not null default 0 check (held >= 0),
  -- Counted here, so that the cap on turns at once holds under any concurrency: the row is the lock.
  running_turns integer not null default 0 check (running_turns >= 0),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create trigger credit_wallets_touch before update on credit_wallets for each row execute function touch_updated_at();

create table credit_transactions (
  id uuid primary key,
  wallet_id uuid not null references credit_wallets (id),
  user_id text not null references users (id),
  amount numeric(18,8) not null,
  kind text not null check (kind in ('grant', 'debit', 'refund')),
  initiated_by text,
  reference_id text,
  note text check (length(note) <= 256),
  created_at timestamptz not null default now(),
  check (kind <> 'grant' or amount > 0),
  check (kind <> 'debit' or amount <= 0)
);
create unique index credit_transactions_one_grant on credit_transactions (reference_id) where kind = 'grant';
create index credit_transactions_user on credit_transactions (user_id, created_at desc, id desc);
create index credit_transactions_wallet on credit_transactions (wallet_id);
create index credit_transactions_reference on credit_transactions (reference_id);
create trigger credit_transactions_no_update before update on credit_transactions for each row execute function refuse_rewrite();
create trigger credit_transactions_no_delete before delete on credit_transactions for each row execute function refuse_rewrite();
create trigger credit_transactions_no_truncate before truncate on credit_transactions for each statement execute function refuse_rewrite();
