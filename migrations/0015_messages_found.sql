-- outside a transaction: conversations go on meanwhile

-- From here on the search of the release before has no index, until that release is gone.
drop index concurrently if exists messages_search;

do $$
declare
  batch uuid[];
  reached uuid := '00000000-0000-0000-0000-000000000000';
begin
  loop
    batch := array(select id from sessions where id > reached order by id limit 500);
    exit when batch = '{}';
    update messages set user_id = sessions.started_by_user_id
    from sessions where sessions.id = messages.session_id and sessions.id = any (batch) and messages.user_id is null;
    commit;
    reached := batch[cardinality(batch)];
  end loop;
end $$;

-- One that was interrupted is left behind and not used.
drop index concurrently if exists messages_words;

create index concurrently messages_words on messages using gin (message_words(user_id, content)) where visibility = 'shared';

-- In the place of the constraint's own, which does not say who may see a message: a page far on is found, and the messages of a session are
-- counted, without looking at each.
drop index concurrently if exists messages_place;

create unique index concurrently messages_place on messages (session_id, turn_index, position) include (visibility);
