-- Attachments, version 2: what entries list, and whether their bytes are with the hub. 0 wanted, 1 held, 2 to be dropped because the
-- entry is erased, 3 dropped. The bytes themselves stand in a folder or an object store, by device and digest.
create table parts (
    device  bytea  not null,
    journal bytea  not null,
    seq     bigint not null,
    digest  bytea  not null,
    size    bigint not null,
    state   bigint not null,
    primary key (device, journal, seq, digest)
);

create index parts_wanted on parts (device, journal, seq) where state = 0;

create index parts_doomed on parts (device, digest) where state = 2;

create index parts_by_digest on parts (device, digest);
