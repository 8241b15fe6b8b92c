-- What a turn writes, lighter: no constraint that another one implies, no index that nobody reads, room where a row changes with every turn.
-- The tables first and in the order in which a close takes them, so that this one and a close never wait for each other.
lock table turn_runs, turns, sessions, messages, credit_transactions, turn_context_audit in access exclusive mode;

-- A row of a turn names the session of its turn, which the turn's own reference keeps, and goes with the turn.
alter table messages drop constraint messages_session_id_fkey;
alter table turn_context_audit drop constraint turn_context_audit_session_id_fkey;
drop index turn_context_audit_session;

-- A wallet never goes, and a user has one.
drop index credit_transactions_wallet;

-- The table holds what runs at the moment: it is read whole as fast, and a lease that is renewed moves nothing in an index any more.
drop index turn_runs_lease, turn_runs_user;

-- An update that finds room on the row's own page touches no index.
alter table sessions set (fillfactor = 80);
alter table credit_wallets set (fillfactor = 50);
alter table usage_rollups_daily set (fillfactor = 80);
alter table turn_runs set (fillfactor = 70);

-- Nearly every turn is not the first of its user's day.
create or replace function note_turn_run() returns trigger language plpgsql as $$
begin
  if not exists (select from user_activity_daily where day = (new.created_at at time zone 'UTC')::date and user_id = new.user_id) then
    perform note_activity(new.user_id, new.created_at);
  end if;
  return null;
end $$;
