-- What was ordered, and what the payment provider has said of it since. The ledger rows of a top-up carry its payment intent as reference_id:
-- their sum is `credits - credits_taken_back` once it is paid, nothing before.

create table top_ups (
  id uuid primary key,
  user_id text not null references users (id),
  payment_intent_id text not null unique,
  amount_cents integer not null check (amount_cents > 0),
  currency text not null check (currency ~ '^[a-z]{3}$'),
  credits numeric(18,8) not null check (credits > 0),
  -- Null where the provider did not say whether real money moves.
  livemode boolean,
  state text not null default 'pending' check (state in ('pending', 'paid', 'partially_refunded', 'refunded', 'disputed', 'dispute_lost')),
  paid_at timestamptz,
  refunded_cents integer not null default 0 check (refunded_cents between 0 and amount_cents),
  -- {"<dispute id>": {"cents": 1000, "standing": "open"}}. Kept in the row, because the row is what is locked: a subquery on another table
  -- would still see what it was before the wait for the lock.
  disputes jsonb not null default '{}' check (jsonb_typeof(disputes) = 'object'),
  credits_taken_back numeric(18,8) not null default 0 check (credits_taken_back between 0 and credits),
  receipt_url text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  check (paid_at is not null or credits_taken_back = 0),
  check ((paid_at is null) = (state = 'pending'))
);
create index top_ups_user on top_ups (user_id, created_at desc, id desc);
create trigger top_ups_touch before update on top_ups for each row execute function touch_updated_at();
