-- A request that is sent again under its Idempotency-Key gets the first answer and does nothing a second time.

-- A turn's key lives with the turn: it is claimed by the statement that admits it and carried over by the one that closes it.
-- Unique it need not be: one turn runs per session, and admission holds the count of closed turns against what it has read.
alter table turn_runs
  add column idempotency_route text,
  add column idempotency_key text,
  add column idempotency_sha256 text,
  add constraint turn_runs_idempotency check (num_nulls(idempotency_route, idempotency_key, idempotency_sha256) in (0, 3));
alter table turns
  add column idempotency_route text,
  add column idempotency_key text,
  add column idempotency_sha256 text,
  add constraint turns_idempotency check (num_nulls(idempotency_route, idempotency_key, idempotency_sha256) in (0, 3));
create index turns_idempotency_key on turns (session_id, idempotency_key) where idempotency_key is not null;

-- The keys of all other requests.
create table idempotency_keys (
  user_id text not null references users (id) on delete cascade,
  -- The address with its ids.
  route text not null,
  key text not null check (length(key) between 1 and 255),
  request_sha256 text not null check (request_sha256 ~ '^[0-9a-f]{64}$'),
  -- Names the request that holds the key: one that lost it can keep no answer.
  claim uuid not null,
  -- Null while the first request runs; only successes are kept.
  answer jsonb,
  created_at timestamptz not null default now(),
  -- From then on the row is as good as gone: the end of a lease while the first request runs, later that of the 24 hours.
  expires_at timestamptz not null,
  primary key (user_id, route, key)
);
create index idempotency_keys_expiry on idempotency_keys (expires_at);
