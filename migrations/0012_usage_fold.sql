-- Days that are over are folded: into totals per alias, and into months per user and alias. Analytics read those, and the daily roll-ups only
-- for what is not folded yet. A job folds; a close writes none of this.

create table usage_totals_daily (
  day date not null,
  model_alias text not null,
  call_count bigint not null,
  input_tokens_fresh bigint not null,
  input_tokens_cached bigint not null,
  output_tokens bigint not null,
  credits_burned numeric(20,4) not null,
  provider_cost_usd numeric(20,8) not null,
  primary key (day, model_alias)
);

create table usage_rollups_monthly (
  user_id text not null references users (id),
  month date not null check (extract(day from month) = 1),
  model_alias text not null,
  call_count bigint not null,
  input_tokens_fresh bigint not null,
  input_tokens_cached bigint not null,
  output_tokens bigint not null,
  credits_burned numeric(20,4) not null,
  provider_cost_usd numeric(20,8) not null,
  primary key (month, user_id, model_alias)
);

-- Both hold every day before this one, and none from it on. Whoever changes what is folded locks the row first.
create table usage_fold (
  only_one boolean primary key default true check (only_one),
  folded_before date not null
);
insert into usage_fold (folded_before) values ('0001-01-01');

-- A close that began before midnight and ends after it, or a repair by hand: its month is folded anew. The lock makes it wait for a fold that
-- runs and does not see its row; each statement after it sees what that fold has left.
create function unfold_usage() returns trigger language plpgsql as $$
declare
  changed_day date := case when tg_op = 'DELETE' then old.day else new.day end;
  changed_month date := date_trunc('month', changed_day)::date;
begin
  perform 1 from usage_fold for update;
  if (select folded_before > changed_day from usage_fold) then
    delete from usage_totals_daily where day >= changed_month;
    delete from usage_rollups_monthly where month >= changed_month;
    update usage_fold set folded_before = changed_month;
  end if;
  return null;
end $$;
create trigger usage_rollups_daily_late after insert or update on usage_rollups_daily for each row
  when (new.day < (clock_timestamp() at time zone 'UTC')::date) execute function unfold_usage();
create trigger usage_rollups_daily_gone after delete on usage_rollups_daily for each row execute function unfold_usage();
