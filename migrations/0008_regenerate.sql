-- A turn that was run again stays, and is out of the context: the new one stands in its place.

alter table turns add column superseded_by_turn_id uuid references turns (id) on delete set null;
alter table messages add column superseded boolean not null default false;
create index turns_superseded_by on turns (superseded_by_turn_id) where superseded_by_turn_id is not null;
