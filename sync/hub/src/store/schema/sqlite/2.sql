-- Erasures, version 2. What proven orders name, and whether it is gone: an envelope that is gone is never taken back.
create table ordered (
    device  blob    not null,
    journal blob    not null,
    seq     integer not null,
    hash    blob    not null,
    erased  integer not null,
    primary key (device, journal, seq, hash)
) strict, without rowid;

create index due on ordered (device, journal, seq) where erased = 0;

-- What the erasure stand-ins name, and who signed them. Whether they may, the roster says.
create table stand_ins (
    device  blob    not null,
    journal blob    not null,
    seq     integer not null,
    hash    blob    not null,
    signer  blob    not null,
    primary key (device, journal, seq, hash, signer)
) strict, without rowid;

-- 1: the envelope is gone by order, and not missing.
alter table entries add column erased integer not null default 0;

drop index missing;

create index missing on entries (device, journal, seq) where envelope is null and erased = 0;
