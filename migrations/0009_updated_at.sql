-- The time of the change, not of its transaction's beginning: of two changes at once the later commit must not carry the earlier time.
create or replace function touch_updated_at() returns trigger language plpgsql as $$
begin
  new.updated_at := greatest(clock_timestamp(), old.updated_at + interval '1 millisecond');
  return new;
end $$;
