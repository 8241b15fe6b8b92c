-- The index messages_place holds the same.
alter table messages drop constraint messages_session_id_turn_index_position_key;
