-- Whose a message is: search looks among one user's messages and at nobody else's. Messages of old are given their owner by the next migration.

alter table messages add column user_id text;

-- Old releases do not name it.
create function name_message_owner() returns trigger language plpgsql as $$
begin
  new.user_id := (select started_by_user_id from sessions where id = new.session_id);
  return new;
end $$;
create trigger messages_owner before insert on messages for each row when (new.user_id is null) execute function name_message_owner();

-- What is searched in: the words, and one that stands for the owner and that no text has, so that an index looks for both at once and no
-- extension is needed. A hash has no length that a lexeme could not have; two users who share one are kept apart by what their rooms and
-- agents say. `left`: a text vector holds one megabyte at most, and a longer one would make the message itself impossible to store.
create function owner_word(user_id text) returns text language sql immutable parallel safe
return ' ' || hashtextextended(coalesce(user_id, ''), 0)::text;

create function message_words(user_id text, content text) returns tsvector language sql immutable parallel safe
return array_to_tsvector(array[owner_word(user_id)]) || to_tsvector('simple', left(content, 100000));

create function searched_words(user_id text, search text) returns tsquery language sql immutable parallel safe
return quote_literal(owner_word(user_id))::tsquery && websearch_to_tsquery('simple', search);
