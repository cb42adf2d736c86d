-- Attachments, version 3: what entries list, and whether their bytes are with the hub. 0 wanted, 1 held, 2 to be dropped because the
-- entry is erased, 3 dropped. The bytes themselves stand in a folder or an object store, by device and digest.
create table parts (
    device  blob    not null,
    journal blob    not null,
    seq     integer not null,
    digest  blob    not null,
    size    integer not null,
    state   integer not null,
    primary key (device, journal, seq, digest)
) strict, without rowid;

create index wanted_parts on parts (device, journal, seq) where state = 0;

create index doomed_parts on parts (device, digest) where state = 2;

create index parts_by_digest on parts (device, digest);
