-- What administrators read and change: settings at run time, the audit log, prices of tools, who was active when, monthly caps.

create table runtime_settings (
  key text primary key,
  value jsonb not null,
  updated_at timestamptz not null default now()
);
create trigger runtime_settings_touch before update on runtime_settings for each row execute function touch_updated_at();
create trigger runtime_settings_changed after insert or update or delete on runtime_settings for each statement execute function notify_changed();

create table admin_audit_log (
  id uuid primary key,
  actor_user_id text not null references users (id),
  action text not null,
  -- What was changed: an alias, a user's id, a setting's key; the action says which.
  target text not null,
  before jsonb,
  after jsonb,
  created_at timestamptz not null default now()
);
create index admin_audit_log_created on admin_audit_log (created_at desc, id desc);
create index admin_audit_log_actor on admin_audit_log (actor_user_id, created_at desc, id desc);
create index admin_audit_log_target on admin_audit_log (target, created_at desc, id desc);
create trigger admin_audit_log_no_update before update on admin_audit_log for each row execute function refuse_rewrite();
create trigger admin_audit_log_no_delete before delete on admin_audit_log for each row execute function refuse_rewrite();
create trigger admin_audit_log_no_truncate before truncate on admin_audit_log for each statement execute function refuse_rewrite();

-- Credits per call of a tool.
create table tool_pricing (
  pricing_version text not null references pricing_versions (version),
  tool text not null,
  credits_per_call numeric(12,4) not null default 0 check (credits_per_call >= 0),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (pricing_version, tool)
);
create trigger tool_pricing_touch before update on tool_pricing for each row execute function touch_updated_at();
create trigger tool_pricing_changed after insert or update or delete on tool_pricing for each statement execute function notify_changed();
insert into tool_pricing (pricing_version, tool) values ('2026-02-20', 'search'), ('2026-02-20', 'file_read');

-- What the charged calls of a calendar month (UTC) came to, counted where the balance is: the row is the lock, so that no statement
-- that waited for it judges a cap by what it read before. A month that is not the current one counts as nothing.
alter table credit_wallets
  add column spending_month date,
  add column spent_in_month numeric(18,8) not null default 0;
update credit_wallets set spending_month = this_month.first_day, spent_in_month = this_month.spent
from (
  select wallet_id, date_trunc('month', now() at time zone 'UTC')::date as first_day, -sum(amount) as spent
  from credit_transactions
  where kind = 'debit' and created_at >= date_trunc('month', now() at time zone 'UTC') at time zone 'UTC'
  group by wallet_id
) as this_month
where credit_wallets.id = this_month.wallet_id;

create function spent_this_month(wallet credit_wallets) returns numeric language sql stable
return case when (wallet).spending_month = date_trunc('month', now() at time zone 'UTC')::date then (wallet).spent_in_month else 0 end;

-- Who was active on which day (UTC): started a session or ran a turn. Kept by triggers, so that every path that writes either keeps it.
create table user_activity_daily (
  day date not null,
  user_id text not null references users (id),
  primary key (day, user_id)
);
alter table users add column first_active_on date;
create index users_first_active_on on users (first_active_on);

create function note_activity(active_user_id text, at timestamptz) returns void language plpgsql as $$
declare
  active_on date := (at at time zone 'UTC')::date;
begin
  insert into user_activity_daily (day, user_id) values (active_on, active_user_id) on conflict do nothing;
  if found then
    update users set first_active_on = active_on where id = active_user_id and (first_active_on is null or first_active_on > active_on);
  end if;
end $$;

create function note_session_started() returns trigger language plpgsql as $$
begin
  perform note_activity(new.started_by_user_id, new.created_at);
  return null;
end $$;
create trigger sessions_started after insert on sessions for each row execute function note_session_started();

create function note_turn_run() returns trigger language plpgsql as $$
begin
  perform note_activity(new.user_id, new.created_at);
  return null;
end $$;
create trigger turns_run after insert on turns for each row execute function note_turn_run();

insert into user_activity_daily (day, user_id)
select (created_at at time zone 'UTC')::date, started_by_user_id from sessions
union select (created_at at time zone 'UTC')::date, user_id from turns;
update users set first_active_on = activity.first_day
from (select user_id, min(day) as first_day from user_activity_daily group by user_id) as activity
where users.id = activity.user_id;

-- The last owner is looked for under lock.
create index users_owners on users (id) where role = 'owner';
