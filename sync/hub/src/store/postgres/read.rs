//! What is asked of the tables, one transaction each, and how columns become values.

use std::collections::BTreeMap;

use amanat_keys::fingerprint::{DeviceId, Digest, JournalId};
use amanat_sync::chain::{self, Head};
use amanat_sync::documents::{Document, DocumentKind};
use deadpool_postgres::{Object, Transaction};
use tokio_postgres::{IsolationLevel, Row};

use super::super::paging::Filling;
use super::super::{Depth, Item, KeptCheckpoint, Ledger, Page, Place, ServedEntry, Sought, StoreFault};
use super::fault::Failure;
use super::write::rows;

/// About so many bytes of entries are fetched at a time: a page ends somewhere in the last of such pieces.
const PIECE: usize = 1024 * 1024;
/// Entries fetched first, before their size is known.
const FIRST: usize = 16;
/// Entries fetched at a time at most.
const MOST: usize = 1024;

/// Numbers in journals stay far below 2^63 (`MAX_SEQ`); anything larger was refused at the door.
pub(super) fn number(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

pub(super) fn unsigned(n: i64) -> Result<u64, StoreFault> {
    u64::try_from(n).map_err(|_negative| StoreFault::Damaged("a negative number"))
}

/// A column of so many bytes.
pub(super) fn fixed<const N: usize>(row: &Row, column: usize) -> Result<[u8; N], Failure> {
    let bytes: &[u8] = row.try_get(column)?;
    Ok(bytes.try_into().map_err(|_length| StoreFault::Damaged("an id or a hash of another length"))?)
}

fn digest(row: &Row, column: usize) -> Result<Digest, Failure> {
    Ok(Digest::from_bytes(fixed(row, column)?))
}

fn place(row: &Row) -> Result<Place, Failure> {
    Ok((DeviceId::from_bytes(fixed(row, 0)?), JournalId::from_bytes(fixed(row, 1)?)))
}

/// A transaction that sees one moment and changes nothing.
pub(super) async fn look(client: &mut Object) -> Result<Transaction<'_>, Failure> {
    let builder = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true);
    Ok(builder.start().await?)
}

pub(super) async fn ledger(mut client: Object) -> Result<Ledger, Failure> {
    let transaction = look(&mut client).await?;
    let mut ledger = Ledger::default();
    for row in rows(&transaction, "select device, journal, seq, link from heads", &[]).await? {
        ledger.heads.insert(place(&row)?, Head { seq: unsigned(row.try_get(2)?)?, link: digest(&row, 3)? });
    }
    let newest = "select epoch, number, statement from checkpoints order by epoch desc, number desc limit 1";
    if let Some(row) = rows(&transaction, newest, &[]).await?.first() {
        let (epoch, number) = (unsigned(row.try_get(0)?)?, unsigned(row.try_get(1)?)?);
        ledger.newest = Some(KeptCheckpoint { epoch, number, statement: row.try_get(2)? });
    }
    Ok(ledger)
}

pub(super) async fn documents(
    mut client: Object,
    kind: DocumentKind,
    from: u64,
    most: usize,
) -> Result<Vec<Document>, Failure> {
    let transaction = look(&mut client).await?;
    let found = rows(
        &transaction,
        "select about, version, statement from (
             select about, version, statement, row_number() over (partition by about order by version) as place
             from documents where kind = $1 and version >= $2) as numbered
         where place <= $3 order by about, version",
        &[&number(kind.number()), &number(from), &i64::try_from(most).unwrap_or(i64::MAX)],
    )
    .await?;
    let document = |row: &Row| {
        Ok(Document { kind, about: digest(row, 0)?, version: unsigned(row.try_get(1)?)?, bytes: row.try_get(2)? })
    };
    found.iter().map(document).collect()
}

pub(super) async fn depth(mut client: Object) -> Result<Depth, Failure> {
    let transaction = look(&mut client).await?;
    let heads = rows(&transaction, "select count(*), coalesce(sum(seq), 0)::bigint from heads", &[]).await?;
    let missing = rows(&transaction, "select count(*) from entries where envelope is null and not erased", &[]).await?;
    let erased = rows(&transaction, "select count(*) from ordered where erased", &[]).await?;
    let evidence = rows(&transaction, "select count(*) from evidence", &[]).await?;
    let count = |rows: &[Row], column: usize| -> Result<u64, Failure> {
        let row = rows.first().ok_or(StoreFault::Damaged("a count without a row"))?;
        Ok(unsigned(row.try_get(column)?)?)
    };
    Ok(Depth {
        journals: count(&heads, 0)?,
        entries: count(&heads, 1)?,
        missing: count(&missing, 0)?,
        evidence: count(&evidence, 0)?,
        erased: count(&erased, 0)?,
    })
}

pub(super) async fn page(mut client: Object, sought: &Sought) -> Result<Page, Failure> {
    let transaction = look(&mut client).await?;
    let mut filling = Filling::new(sought.bytes);
    for (place, first, last) in &sought.again {
        if !serve(&transaction, sought, *place, *first, *last, &mut filling).await? {
            return Ok(filling.finish());
        }
    }
    for (place, last) in within_reach(&transaction, sought).await? {
        let held = sought.held.get(&place).copied().unwrap_or(0);
        if last > held && !serve(&transaction, sought, place, held.saturating_add(1), last, &mut filling).await? {
            break;
        }
    }
    Ok(filling.finish())
}

/// The journals of which this reader may be served anything, and how far.
async fn within_reach(transaction: &Transaction<'_>, sought: &Sought) -> Result<BTreeMap<Place, u64>, Failure> {
    let readers: Vec<&[u8]> = sought.readers.iter().map(<[u8; 32]>::as_slice).collect();
    let mut found: BTreeMap<Place, u64> = BTreeMap::new();
    for row in rows(transaction, "select device, journal, last from reach where reader = any($1)", &[&readers]).await? {
        let last = unsigned(row.try_get(2)?)?;
        let farthest = found.entry(place(&row)?).or_default();
        *farthest = last.max(*farthest);
    }
    let own = "select device, journal, seq from heads where device = $1";
    for row in rows(transaction, own, &[&sought.device.as_bytes().as_slice()]).await? {
        found.insert(place(&row)?, unsigned(row.try_get(2)?)?);
    }
    Ok(found)
}

/// Serves a stretch of one journal; false when the page is full. Entries come from the database in pieces, so that a long stretch
/// is never in memory whole; of those that the reader may not have, only the hash leaves it. `offset 0` keeps the question who may have
/// what from being asked again for each column.
async fn serve(
    transaction: &Transaction<'_>,
    sought: &Sought,
    place: Place,
    first: u64,
    last: u64,
    filling: &mut Filling,
) -> Result<bool, Failure> {
    let (device, journal) = (place.0.as_bytes().as_slice(), place.1.as_bytes().as_slice());
    let before = number(first.saturating_sub(1));
    let readers: Vec<&[u8]> = sought.readers.iter().map(<[u8; 32]>::as_slice).collect();
    let statement = transaction
        .prepare_cached(
            "select seq, hash, link, may, case when may then header end, case when may then signature end,
                    case when may then envelope end
             from (select seq, hash, link, header, signature, envelope,
                          seq > $3 and ($5 or coalesce((select true from readers r
                              where r.device = $1 and r.journal = $2 and r.slip = e.slip and r.reader = any($6)
                              limit 1), false)) as may
                   from entries e where device = $1 and journal = $2 and seq between $3 and $4
                   order by seq offset 0) as stretch
             order by seq",
        )
        .await?;
    let own = place.0 == sought.device;
    let portal = transaction.bind(&statement, &[&device, &journal, &before, &number(last), &own, &readers]).await?;
    let (mut begun, mut many, mut room) = (false, FIRST, sought.bytes);
    loop {
        let piece = transaction.query_portal(&portal, i32::try_from(many).unwrap_or(i32::MAX)).await?;
        let mut bytes = 0_usize;
        for row in &piece {
            let seq: i64 = row.try_get(0)?;
            if seq == before {
                // The row before the stretch lends it its link.
                filling.begin(place, first, digest(row, 2)?);
                begun = true;
                continue;
            }
            if !begun {
                filling.begin(place, first, chain::link0(&sought.agency, &place.0, &place.1));
                begun = true;
            }
            let item = item(row)?;
            if let Item::Entry(entry) = &item {
                bytes = bytes.saturating_add(entry.header.len() + entry.envelope.as_ref().map_or(0, Vec::len));
            }
            if !filling.add(item) {
                return Ok(false);
            }
        }
        if piece.len() < many {
            return Ok(true);
        }
        let average = bytes.checked_div(piece.len()).unwrap_or(0).max(1);
        room = room.saturating_sub(bytes);
        many = (room.min(PIECE) / average).saturating_add(1).min(MOST);
    }
}

fn item(row: &Row) -> Result<Item, Failure> {
    let hash = digest(row, 1)?;
    if !row.try_get::<_, bool>(3)? {
        return Ok(Item::Elided(hash));
    }
    Ok(Item::Entry(ServedEntry { hash, header: row.try_get(4)?, signature: fixed(row, 5)?, envelope: row.try_get(6)? }))
}
