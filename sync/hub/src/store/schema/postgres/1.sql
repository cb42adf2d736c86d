-- The hub's tables on PostgreSQL, version 1. Everything that grows is keyed by device first, nothing counts across devices
-- but the checkpoint's number, and no statement changes the rows of two devices: so these tables can be spread by device.
-- Headers, signatures and envelopes stand as they came.

-- One row for each device that was ever heard of. Whoever changes anything of a device takes the next turn first and so holds the
-- row until the end: a write and not only a lock, because over postgres_fdw a transaction sees the moment at which it began, and only
-- a write tells it that it came too late.
create table devices (
    device bytea  not null primary key,
    turns  bigint not null
);

-- The newest place in each journal. `complete` is the highest place up to which every envelope is held.
create table heads (
    device   bytea  not null,
    journal  bytea  not null,
    seq      bigint not null,
    link     bytea  not null,
    complete bigint not null,
    primary key (device, journal)
);

-- `link` is the chain up to and with the entry. `slip` is the place, in the same journal, of the slip whose readers may be
-- served this entry. An envelope is missing where it arrived damaged and its header did not; where it is erased it is gone by order, and
-- not missing.
create table entries (
    device    bytea  not null,
    journal   bytea  not null,
    seq       bigint not null,
    hash      bytea  not null,
    link      bytea  not null,
    slip      bigint not null,
    header    bytea  not null,
    signature bytea  not null,
    envelope  bytea,
    erased    boolean not null default false,
    primary key (device, journal, seq)
);

-- What is sealed does not compress: the attempt is spared.
alter table entries alter column envelope set storage external;

create index entries_missing on entries (device, journal, seq) where envelope is null and not erased;

-- Who is in the audience of a slip: a unit or a device, by its 32 bytes.
create table readers (
    device  bytea  not null,
    journal bytea  not null,
    slip    bigint not null,
    reader  bytea  not null,
    primary key (device, journal, slip, reader)
);

-- How far into a journal a reader may be served anything: spares looking through what is not for it.
create table reach (
    reader  bytea  not null,
    device  bytea  not null,
    journal bytea  not null,
    last    bigint not null,
    primary key (reader, device, journal)
);

-- Grants that an entry of `device` makes into another device's journal and that are not made there yet. They are kept with the
-- entry, in one transaction, and paid in another before the push is answered; a stop between the two leaves them here.
create table owed (
    device     bytea  not null,
    to_device  bytea  not null,
    to_journal bytea  not null,
    slip       bigint not null,
    reader     bytea  not null,
    primary key (device, to_device, to_journal, slip, reader)
);

-- Entries that claim a place already taken by another: kept, never served.
create table evidence (
    device    bytea  not null,
    journal   bytea  not null,
    seq       bigint not null,
    hash      bytea  not null,
    header    bytea  not null,
    signature bytea  not null,
    primary key (device, journal, seq, hash)
);

-- What proven orders name of a device's entries, and whether it is gone: an envelope that is gone is never taken back.
create table ordered (
    device  bytea   not null,
    journal bytea   not null,
    seq     bigint  not null,
    hash    bytea   not null,
    erased  boolean not null,
    primary key (device, journal, seq, hash)
);

create index ordered_due on ordered (device, journal, seq) where not erased;

-- What the erasure stand-ins that a device signed name. Whether it may, the roster says.
create table stand_ins (
    device     bytea  not null,
    to_device  bytea  not null,
    to_journal bytea  not null,
    to_seq     bigint not null,
    to_hash    bytea  not null,
    primary key (device, to_device, to_journal, to_seq, to_hash)
);

-- The hub's own chained statements of all heads. No device's: these stay on the machine that the hub speaks to.
create table checkpoints (
    epoch     bigint not null,
    number    bigint not null,
    statement bytea  not null,
    primary key (epoch, number)
);

-- Signed documents by kind, subject and version: rosters, unit keys, freshness, codebooks. They stay there too.
create table documents (
    kind      bigint not null,
    about     bytea  not null,
    version   bigint not null,
    statement bytea  not null,
    primary key (kind, about, version)
);
