//! What the reading connections are asked, one transaction each, and how columns become values.

use std::collections::BTreeMap;

use amanat_keys::fingerprint::{DeviceId, Digest, JournalId};
use amanat_sync::chain::{self, Head};
use amanat_sync::documents::{Document, DocumentKind};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _, Row as SqlRow, params};

use super::super::paging::Filling;
use super::super::{Depth, Item, KeptCheckpoint, Ledger, Page, Place, ReaderId, ServedEntry, Sought, StoreFault};
use super::open::fault;

/// Numbers in journals stay far below 2^63 (`MAX_SEQ`); anything larger was refused at the door.
pub(super) fn number(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

pub(super) fn unsigned(n: i64) -> Result<u64, StoreFault> {
    u64::try_from(n).map_err(|_negative| StoreFault::Damaged("a negative number"))
}

pub(super) fn digest(bytes: &[u8]) -> Result<Digest, StoreFault> {
    let bytes = <[u8; 32]>::try_from(bytes).map_err(|_length| StoreFault::Damaged("a hash of another length"))?;
    Ok(Digest::from_bytes(bytes))
}

pub(super) fn kind_number(kind: DocumentKind) -> i64 {
    number(kind.number())
}

pub(super) fn ledger(connection: &Connection) -> Result<Ledger, StoreFault> {
    let transaction = connection.unchecked_transaction().map_err(fault)?;
    let mut statement = transaction.prepare("select device, journal, seq, link from heads").map_err(fault)?;
    let mut rows = statement.query([]).map_err(fault)?;
    let mut heads = BTreeMap::new();
    while let Some(row) = rows.next().map_err(fault)? {
        let place = place(row).map_err(fault)?;
        let seq = unsigned(row.get(2).map_err(fault)?)?;
        let link = row.get::<_, [u8; 32]>(3).map_err(fault)?;
        heads.insert(place, Head { seq, link: Digest::from_bytes(link) });
    }
    let newest = transaction
        .query_row(
            "select epoch, number, statement from checkpoints order by epoch desc, number desc limit 1",
            [],
            |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, Vec<u8>>(2)?)),
        )
        .optional()
        .map_err(fault)?;
    let newest = match newest {
        Some((epoch, number, statement)) => {
            Some(KeptCheckpoint { epoch: unsigned(epoch)?, number: unsigned(number)?, statement })
        }
        None => None,
    };
    Ok(Ledger { heads, newest })
}

pub(super) fn documents(
    connection: &Connection,
    kind: DocumentKind,
    from: u64,
    most: usize,
) -> Result<Vec<Document>, StoreFault> {
    let mut statement = connection
        .prepare_cached(
            "select about, version, statement from (
                 select about, version, statement, row_number() over (partition by about order by version) as place
                 from documents where kind = ?1 and version >= ?2)
             where place <= ?3 order by about, version",
        )
        .map_err(fault)?;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![kind_number(kind), number(from), most]).map_err(fault)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(fault)? {
        found.push(Document {
            kind,
            about: Digest::from_bytes(row.get(0).map_err(fault)?),
            version: unsigned(row.get(1).map_err(fault)?)?,
            bytes: row.get(2).map_err(fault)?,
        });
    }
    Ok(found)
}

pub(super) fn depth(connection: &Connection) -> Result<Depth, StoreFault> {
    let counts = connection
        .query_row(
            "select count(*), coalesce(sum(seq), 0),
                    (select count(*) from entries where envelope is null and erased = 0),
                    (select count(*) from evidence), (select count(*) from ordered where erased = 1) from heads",
            [],
            |row| Ok([row.get::<_, i64>(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?]),
        )
        .map_err(fault)?;
    let [journals, entries, missing, evidence, erased] = counts;
    Ok(Depth {
        journals: unsigned(journals)?,
        entries: unsigned(entries)?,
        missing: unsigned(missing)?,
        evidence: unsigned(evidence)?,
        erased: unsigned(erased)?,
    })
}

pub(super) fn page(connection: &Connection, sought: &Sought) -> Result<Page, StoreFault> {
    let transaction = connection.unchecked_transaction().map_err(fault)?;
    let mut filling = Filling::new(sought.bytes);
    for (place, first, last) in &sought.again {
        if !serve(&transaction, sought, *place, *first, *last, &mut filling)? {
            return Ok(filling.finish());
        }
    }
    for (place, last) in within_reach(&transaction, sought)? {
        let held = sought.held.get(&place).copied().unwrap_or(0);
        if last > held && !serve(&transaction, sought, place, held.saturating_add(1), last, &mut filling)? {
            break;
        }
    }
    Ok(filling.finish())
}

/// The journals of which this reader may be served anything, and how far.
fn within_reach(connection: &Connection, sought: &Sought) -> Result<BTreeMap<Place, u64>, StoreFault> {
    let mut found: BTreeMap<Place, u64> = BTreeMap::new();
    let mut statement =
        connection.prepare_cached("select device, journal, last from reach where reader = ?1").map_err(fault)?;
    for reader in &sought.readers {
        let mut rows = statement.query(params![reader]).map_err(fault)?;
        while let Some(row) = rows.next().map_err(fault)? {
            let last = unsigned(row.get(2).map_err(fault)?)?;
            let farthest = found.entry(place(row).map_err(fault)?).or_default();
            *farthest = last.max(*farthest);
        }
    }
    let mut own =
        connection.prepare_cached("select device, journal, seq from heads where device = ?1").map_err(fault)?;
    let mut rows = own.query(params![sought.device.as_bytes()]).map_err(fault)?;
    while let Some(row) = rows.next().map_err(fault)? {
        found.insert(place(row).map_err(fault)?, unsigned(row.get(2).map_err(fault)?)?);
    }
    Ok(found)
}

/// Serves a stretch of one journal; false when the page is full.
fn serve(
    connection: &Connection,
    sought: &Sought,
    place: Place,
    first: u64,
    last: u64,
    filling: &mut Filling,
) -> Result<bool, StoreFault> {
    let (device, journal) = &place;
    let mut readers = connection
        .prepare_cached("select reader from readers where device = ?1 and journal = ?2 and slip = ?3")
        .map_err(fault)?;
    let mut allowed: BTreeMap<i64, bool> = BTreeMap::new();
    let mut statement = connection
        .prepare_cached(
            "select seq, hash, slip, header, signature, envelope, link from entries
             where device = ?1 and journal = ?2 and seq between ?3 and ?4 order by seq",
        )
        .map_err(fault)?;
    let before = number(first.saturating_sub(1));
    let mut rows =
        statement.query(params![device.as_bytes(), journal.as_bytes(), before, number(last)]).map_err(fault)?;
    let mut begun = false;
    while let Some(row) = rows.next().map_err(fault)? {
        let seq: i64 = row.get(0).map_err(fault)?;
        if seq == before {
            // The row before the stretch lends it its link.
            filling.begin(place, first, Digest::from_bytes(row.get(6).map_err(fault)?));
            begun = true;
            continue;
        }
        if !begun {
            filling.begin(place, first, chain::link0(&sought.agency, device, journal));
            begun = true;
        }
        let slip: i64 = row.get(2).map_err(fault)?;
        let may = *device == sought.device
            || match allowed.get(&slip) {
                Some(known) => *known,
                None => {
                    let may = names(&mut readers, &place, slip, &sought.readers).map_err(fault)?;
                    allowed.insert(slip, may);
                    may
                }
            };
        if !filling.add(item(row, may).map_err(fault)?) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn names(
    statement: &mut rusqlite::CachedStatement<'_>,
    place: &Place,
    slip: i64,
    readers: &[ReaderId],
) -> rusqlite::Result<bool> {
    let mut rows = statement.query(params![place.0.as_bytes(), place.1.as_bytes(), slip])?;
    while let Some(row) = rows.next()? {
        if readers.contains(&row.get::<_, ReaderId>(0)?) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn item(row: &SqlRow<'_>, may: bool) -> rusqlite::Result<Item> {
    let hash = Digest::from_bytes(row.get(1)?);
    if !may {
        return Ok(Item::Elided(hash));
    }
    Ok(Item::Entry(ServedEntry { hash, header: row.get(3)?, signature: row.get(4)?, envelope: row.get(5)? }))
}

fn place(row: &SqlRow<'_>) -> rusqlite::Result<Place> {
    let device = <[u8; 32]>::try_from(row.get_ref(0)?.as_blob()?).map_err(|_length| wrong_length(0))?;
    let journal = <[u8; 16]>::try_from(row.get_ref(1)?.as_blob()?).map_err(|_length| wrong_length(1))?;
    Ok((DeviceId::from_bytes(device), JournalId::from_bytes(journal)))
}

fn wrong_length(column: usize) -> rusqlite::Error {
    rusqlite::Error::InvalidColumnType(column, "id".to_owned(), Type::Blob)
}
