-- Who may make an account while SIGNUP is `invite`. The code itself is never stored.

create table invitations (
  id uuid primary key,
  email text not null check (email = lower(email)),
  code_sha256 text not null unique check (code_sha256 ~ '^[0-9a-f]{64}$'),
  role text not null default 'user' check (role in ('user', 'analyst', 'owner')),
  created_by_user_id text not null references users (id),
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_at timestamptz,
  -- The account that it made; its row in users comes later, at the first sight of a token.
  used_by_user_id text unique,
  check ((used_at is null) = (used_by_user_id is null))
);
create index invitations_email on invitations (email);
create index invitations_created_by on invitations (created_by_user_id);
