-- Uploaded files, what is still to be removed from the object storage, and what purge, retention, erasure and search need.

create table uploaded_files (
  id uuid primary key,
  user_id text not null references users (id),
  room_id uuid references rooms (id) on delete cascade,
  session_id uuid references sessions (id) on delete cascade,
  filename text not null,
  -- Random; nothing of the name or of the user is in it.
  storage_key text not null unique,
  content_type text not null,
  size bigint not null check (size > 0),
  sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  parse_status text not null default 'pending' check (parse_status in ('pending', 'completed', 'failed')),
  parsed_text text,
  parsed_characters integer,
  error_message text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint uploaded_files_one_scope check (num_nonnulls(room_id, session_id) = 1),
  constraint uploaded_files_outcome check (
    (parse_status = 'completed') = (parsed_text is not null and parsed_characters is not null) and (parse_status = 'failed') = (error_message is not null)
  )
);
-- Out of line and not compressed, so that a portion can be read without unpacking the whole text.
alter table uploaded_files alter column parsed_text set storage external;
create index uploaded_files_room on uploaded_files (room_id, created_at desc, id desc);
create index uploaded_files_session on uploaded_files (session_id, created_at desc, id desc);
create index uploaded_files_user on uploaded_files (user_id, id);
create index uploaded_files_created on uploaded_files (created_at);
create index uploaded_files_pending on uploaded_files (updated_at) where parse_status = 'pending';
create trigger uploaded_files_touch before update on uploaded_files for each row execute function touch_updated_at();

-- Objects that no row stands for: those of an upload that has not been committed yet, and those of rows that are gone. Whoever finds one
-- that is due removes the object, then the row.
create table stray_objects (
  storage_key text primary key,
  due_at timestamptz not null
);
create index stray_objects_due on stray_objects (due_at);

-- On every path a row can go, cascades included.
create function leave_stray_object() returns trigger language plpgsql as $$
begin
  insert into stray_objects (storage_key, due_at) values (old.storage_key, now()) on conflict (storage_key) do update set due_at = excluded.due_at;
  return null;
end $$;
create trigger uploaded_files_removed after delete on uploaded_files for each row execute function leave_stray_object();

-- What purge and retention look for, and what the foreign keys behind them need; the older ones leave deleted rows out.
create index rooms_deleted on rooms (deleted_at) where deleted_at is not null;
create index agents_deleted on agents (deleted_at) where deleted_at is not null;
create index sessions_deleted on sessions (deleted_at) where deleted_at is not null;
create index sessions_of_room on sessions (room_id);
create index sessions_of_agent on sessions (agent_id);
create index sessions_created on sessions (created_at);
create index turns_created on turns (created_at);

-- A user who asked to be forgotten. Ledger and usage go on naming the id; no token of it is accepted any more.
alter table users add column erased_at timestamptz;

-- Search in messages. `left`: a text vector holds one megabyte at most, and a longer one would make the message itself impossible to store.
create index messages_search on messages using gin (to_tsvector('simple', left(content, 100000))) where visibility = 'shared';
