-- Only what is remembered of a user is told when it changes: that somebody was active for the first time is not.
create or replace trigger users_changed
  after update of email, email_verified, role, suspended_at, erased_at, signed_out_at on users
  for each row execute function notify_user_changed();
