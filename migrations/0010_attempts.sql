-- How often somebody tried to get in lately: password guesses at an account, over all servers, whether there is such an account or not.
create table attempts (
  -- A digest of what is tried.
  subject text primary key check (subject ~ '^[0-9a-f]{64}$'),
  -- Oldest first; never more than the limit admits.
  tried_at timestamptz[] not null,
  -- From then on the row is as good as gone.
  expires_at timestamptz not null
);
create index attempts_expiry on attempts (expires_at);
