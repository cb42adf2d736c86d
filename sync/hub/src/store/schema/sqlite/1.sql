-- The hub's tables, version 1. Everything is keyed by device first; no number counts across devices but the
-- checkpoint's. Headers, signatures and envelopes stand as they came.

-- The newest place in each journal. `complete` is the highest place up to which every envelope is held.
create table heads (
    device   blob    not null,
    journal  blob    not null,
    seq      integer not null,
    link     blob    not null,
    complete integer not null,
    primary key (device, journal)
) strict, without rowid;

-- `link` is the chain up to and with the entry. `slip` is the place, in the same journal, of the slip whose readers may be
-- served this entry. An envelope is missing where it arrived damaged and its header did not.
create table entries (
    device    blob    not null,
    journal   blob    not null,
    seq       integer not null,
    hash      blob    not null,
    link      blob    not null,
    slip      integer not null,
    header    blob    not null,
    signature blob    not null,
    envelope  blob,
    primary key (device, journal, seq)
) strict;

create index missing on entries (device, journal, seq) where envelope is null;

-- Who is in the audience of a slip: a unit or a device, by its 32 bytes.
create table readers (
    device  blob    not null,
    journal blob    not null,
    slip    integer not null,
    reader  blob    not null,
    primary key (device, journal, slip, reader)
) strict, without rowid;

-- How far into a journal a reader may be served anything: spares looking through what is not for it.
create table reach (
    reader  blob    not null,
    device  blob    not null,
    journal blob    not null,
    last    integer not null,
    primary key (reader, device, journal)
) strict, without rowid;

-- Entries that claim a place already taken by another: kept, never served.
create table evidence (
    device    blob    not null,
    journal   blob    not null,
    seq       integer not null,
    hash      blob    not null,
    header    blob    not null,
    signature blob    not null,
    primary key (device, journal, seq, hash)
) strict;

-- The hub's own chained statements of all heads.
create table checkpoints (
    epoch     integer not null,
    number    integer not null,
    statement blob    not null,
    primary key (epoch, number)
) strict, without rowid;

-- Signed documents by kind, subject and version: rosters, unit keys, freshness, codebooks.
create table documents (
    kind      integer not null,
    about     blob    not null,
    version   integer not null,
    statement blob    not null,
    primary key (kind, about, version)
) strict, without rowid;
