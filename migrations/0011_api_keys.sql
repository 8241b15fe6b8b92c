-- Keys for programs, which act as their user. The key itself is never stored; what was revoked is gone.

create table api_keys (
  id uuid primary key,
  user_id text not null references users (id),
  name text not null,
  -- How it begins, so that people know it again.
  prefix text not null,
  key_sha256 text not null unique check (key_sha256 ~ '^[0-9a-f]{64}$'),
  scopes text[] not null check (scopes <@ array['read', 'turns', 'write', 'admin'] and cardinality(scopes) > 0),
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  last_used_at timestamptz
);
create index api_keys_user on api_keys (user_id, created_at desc);

create function notify_api_key_revoked() returns trigger language plpgsql as $$
begin
  perform pg_notify('pantheon_changed', 'api_keys:' || old.id);
  return null;
end $$;
create trigger api_keys_revoked after delete on api_keys for each row execute function notify_api_key_revoked();

-- Tokens of another issuer that were given out until then are refused; those of local accounts end with their session.
alter table users add column signed_out_at timestamptz;
