//! What the SQLite journal reads: heads, runs, pages of the replay, shelves, documents, numbers. Rows are opened as they are
//! read, each at its own place.

use amanat_keys::fingerprint::{AgencyId, DeviceId, Digest, JournalId};
use amanat_keys::row_seal::RowSeal;
use rusqlite::{Connection, OptionalExtension, Params, Row};

use super::filing::Aside;
use super::sealed::SealedShelf;
use super::shapes::run_after;
use super::sqlite::storage;
use super::sqlite_hub::{HubRow, hub_row, receipt};
use super::{
    DocumentFiled, KnownHead, Line, Quarantined, Shelf, ShelfRow, Standing, State, Status, Wanted, row, sqlite_lying,
    sqlite_road, sqlite_sealed,
};
use crate::batch::{Limit, Run, Why};
use crate::chain::{self, Head};
use crate::cores;
use crate::documents::{Document, DocumentKind};
use crate::entry::{EntryRef, Slot};
use crate::error::{Result, SyncError};
use crate::wire::limits;

/// A journal with the number under which the file knows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Numbered {
    pub(super) no: i64,
    pub(super) known: KnownHead,
    pub(super) elided: u64,
}

impl Numbered {
    pub(super) fn name(&self) -> (DeviceId, JournalId) {
        (self.known.device, self.known.journal)
    }
}

/// Changes when another handle has written to the file, as it stands in this transaction.
pub(super) fn others(db: &Connection) -> Result<i64> {
    let version = one(db, "pragma data_version", [], |row| row.get(0).map_err(storage))?;
    version.ok_or(COLUMN)
}

/// Damage, for columns that do not have the type or length that the schema gives them.
pub(super) const COLUMN: SyncError = SyncError::StorageDamaged("a column is not of its type");

/// The row number of a place.
pub(super) fn place(no: i64, seq: u64) -> Result<i64> {
    if seq > limits::MAX_SEQ {
        return Err(SyncError::Misuse("number beyond the journal's"));
    }
    let seq = i64::try_from(seq).map_err(|_wide| COLUMN)?;
    no.checked_mul(SPAN).and_then(|base| base.checked_add(seq)).ok_or(COLUMN)
}

/// Row numbers of one journal lie in `no * SPAN ..`.
const SPAN: i64 = 1 << 39;

/// The journal's number and the entry's in a row number.
pub(super) fn split(place: i64) -> (i64, u64) {
    (place.div_euclid(SPAN), seq_of(place))
}

pub(super) fn seq_of(place: i64) -> u64 {
    u64::try_from(place.rem_euclid(SPAN)).unwrap_or(0)
}

pub(super) fn unsigned(row: &Row<'_>, at: usize) -> Result<u64> {
    u64::try_from(row.get::<_, i64>(at).map_err(storage)?).map_err(|_negative| COLUMN)
}

pub(super) fn array<const N: usize>(row: &Row<'_>, at: usize) -> Result<[u8; N]> {
    row.get_ref(at).map_err(storage)?.as_blob().ok().and_then(|b| b.try_into().ok()).ok_or(COLUMN)
}

pub(super) fn blob<'r>(row: &'r Row<'_>, at: usize) -> Result<&'r [u8]> {
    row.get_ref(at).map_err(storage)?.as_blob().map_err(|_type| COLUMN)
}

pub(super) fn one<T>(
    db: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> Result<T>,
) -> Result<Option<T>> {
    let mut statement = db.prepare_cached(sql).map_err(storage)?;
    let mut rows = statement.query(params).map_err(storage)?;
    rows.next().map_err(storage)?.map(read).transpose()
}

pub(super) fn all<T>(
    db: &Connection,
    sql: &str,
    params: impl Params,
    mut read: impl FnMut(&Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let mut statement = db.prepare_cached(sql).map_err(storage)?;
    let mut rows = statement.query(params).map_err(storage)?;
    let mut out = Vec::new();
    while let Some(row) = rows.next().map_err(storage)? {
        out.push(read(row)?);
    }
    Ok(out)
}

/// The sealed mark of the vault, if the file has one.
pub(super) fn mark(db: &Connection) -> Result<Option<Vec<u8>>> {
    db.query_row("select body from vault where one = 1", [], |row| row.get(0)).optional().map_err(storage)
}

/// What the sealed row of a journal says: agency ‖ line ‖ state.
pub(super) fn journal_word(agency: &AgencyId, line: i64, state: i64) -> Vec<u8> {
    [&agency.as_bytes()[..], &line.to_be_bytes(), &state.to_be_bytes()].concat()
}

const JOURNAL: &str = "select no, agency, device, journal, line, state, elided, body from journals";

fn numbered(db: &Connection, seal: &RowSeal, row: &Row<'_>) -> Result<Numbered> {
    let no: i64 = row.get(0).map_err(storage)?;
    let (agency, device) = (AgencyId::from_bytes(array(row, 1)?), DeviceId::from_bytes(array(row, 2)?));
    let journal = JournalId::from_bytes(array(row, 3)?);
    let (line, state) = (row.get::<_, i64>(4).map_err(storage)?, row.get::<_, i64>(5).map_err(storage)?);
    let sealed = open(seal, row::JOURNAL, &row::key(&device, &journal, 0), blob(row, 7)?)?;
    if *sealed != journal_word(&agency, line, state) {
        return Err(SyncError::StorageDamaged("the state of a journal is not what was written"));
    }
    let own = match line {
        1 => Some(Line::Cases),
        2 => Some(Line::Statistics),
        _ => None,
    };
    let state = match state {
        0 => State::Open,
        1 => State::Closed,
        _ => State::Forked,
    };
    let head = newest(db, no)?.unwrap_or(Head { seq: 0, link: chain::link0(&agency, &device, &journal) });
    Ok(Numbered { no, known: KnownHead { agency, device, journal, head, own, state }, elided: unsigned(row, 6)? })
}

pub(super) fn newest(db: &Connection, no: i64) -> Result<Option<Head>> {
    one(
        db,
        "select place, link from entries where place > ?1 and place < ?2 order by place desc limit 1",
        [place(no, 0)?, place(no.saturating_add(1), 0)?],
        |row| Ok(Head { seq: seq_of(row.get(0).map_err(storage)?), link: Digest::from_bytes(array(row, 1)?) }),
    )
}

/// The journal of this name, if it is known.
pub(super) fn journal(
    db: &Connection,
    seal: &RowSeal,
    device: &DeviceId,
    journal: &JournalId,
) -> Result<Option<Numbered>> {
    let sql = "select no, agency, device, journal, line, state, elided, body from journals
        where device = ?1 and journal = ?2";
    one(db, sql, [&device.as_bytes()[..], journal.as_bytes()], |row| numbered(db, seal, row))
}

pub(super) fn journals(db: &Connection, seal: &RowSeal) -> Result<Vec<Numbered>> {
    all(db, JOURNAL, [], |row| numbered(db, seal, row))
}

/// The open own journal of a line.
pub(super) fn open_line(db: &Connection, seal: &RowSeal, line: Line) -> Result<Option<Numbered>> {
    // All are read, so that a changed column is told of here and does not merely hide a journal.
    let open = |n: &Numbered| n.known.own == Some(line) && n.known.state == State::Open;
    Ok(journals(db, seal)?.into_iter().find(open))
}

pub(super) fn line_number(line: Line) -> i64 {
    match line {
        Line::Cases => 1,
        Line::Statistics => 2,
    }
}

pub(super) fn next_slot(db: &Connection, seal: &RowSeal, line: Line) -> Result<Slot> {
    let Numbered { known: k, .. } = open_line(db, seal, line)?.ok_or(SyncError::NoJournal)?;
    let seq = k.head.seq.saturating_add(1);
    Ok(Slot { agency: k.agency, device: k.device, journal: k.journal, seq, prev: k.head.link })
}

pub(super) fn heads(db: &Connection, seal: &RowSeal) -> Result<Vec<KnownHead>> {
    let mut heads: Vec<KnownHead> = journals(db, seal)?.into_iter().map(|n| n.known).collect();
    heads.sort_by_key(|k| k.own.is_none());
    Ok(heads)
}

/// Our link at a number of a journal.
pub(super) fn link_at(db: &Connection, at: &Numbered, seq: u64) -> Result<Option<Digest>> {
    if seq == 0 {
        return Ok(Some(chain::link0(&at.known.agency, &at.known.device, &at.known.journal)));
    }
    one(db, "select link from entries where place = ?1", [place(at.no, seq)?], |row| {
        Ok(Digest::from_bytes(array(row, 0)?))
    })
}

pub(super) fn open(seal: &RowSeal, table: &str, key: &[u8], sealed: &[u8]) -> Result<zeroize::Zeroizing<Vec<u8>>> {
    seal.open(table, key, b"", b"", sealed).map_err(|_source| SyncError::StorageDamaged("a row does not open"))
}

pub(super) fn pending(db: &Connection, seal: &RowSeal, wanted: &Wanted, limit: Limit) -> Result<Vec<Run>> {
    let starts: Vec<(Numbered, u64)> = match wanted {
        Wanted::After { device, journal: id, seq } => {
            journal(db, seal, device, id)?.map(|n| (n, *seq)).into_iter().collect()
        }
        Wanted::ForHub { hub, sent } => {
            let epoch = hub_row(db, seal, hub)?.epoch;
            let mut starts = Vec::new();
            for at in journals(db, seal)?.into_iter().filter(|n| n.known.own.is_some()) {
                let offered = receipt(db, seal, hub, epoch, &at)?.map_or(0, |(r, _)| r.seq);
                let on_its_way = sent.iter().filter(|(id, _)| *id == at.known.journal).map(|(_, seq)| *seq).max();
                starts.push((at, offered.max(on_its_way.unwrap_or(0))));
            }
            starts
        }
    };
    let (mut runs, mut left) = (Vec::new(), Some(limit));
    for (at, after) in starts {
        if after >= at.known.head.seq || left.is_none() {
            continue;
        }
        let link = link_at(db, &at, after)?.ok_or(SyncError::StorageDamaged("a journal has a hole"))?;
        let mut run = run_after(&at.known, Head { seq: after, link });
        left = fill(db, seal, &at, &mut run, limit, left, !runs.is_empty())?;
        if !run.items.is_empty() {
            runs.push(run);
        }
    }
    Ok(runs)
}

/// Takes items into a run while they fit; gives what is left of the limit.
fn fill(
    db: &Connection,
    seal: &RowSeal,
    at: &Numbered,
    run: &mut Run,
    limit: Limit,
    mut left: Option<Limit>,
    mut started: bool,
) -> Result<Option<Limit>> {
    let sql = "select place, hash, body, link from entries where place >= ?1 and place < ?2 order by place limit ?3";
    let mut statement = db.prepare_cached(sql).map_err(storage)?;
    let most = i64::try_from(limit.items.max(1)).unwrap_or(i64::MAX);
    let range = [place(at.no, run.first)?, place(at.no.saturating_add(1), 0)?, most];
    let mut rows = statement.query(range).map_err(storage)?;
    let mut link = run.before;
    loop {
        let some = sqlite_lying::some(&mut rows)?;
        if some.is_empty() {
            return Ok(left);
        }
        let opened = cores::each(&some, |lying| lying.open(seal, &at.known));
        for (lying, item) in some.iter().zip(opened) {
            if lying.seq != run.last().saturating_add(1) {
                return Err(SyncError::StorageDamaged("a journal has a hole"));
            }
            let item = item.ok_or(SyncError::StorageDamaged("a row was not opened"))??;
            link = chain::link(&link, &item.hash());
            if link != lying.link {
                return Err(SyncError::StorageDamaged("a link is not the one that follows from the entries"));
            }
            left = left.and_then(|l| l.take(item.weight(), started));
            if left.is_none() {
                return Ok(None);
            }
            started = true;
            run.items.push(item);
        }
    }
}

pub(super) fn shelf(db: &Connection, seal: &RowSeal, shelf: Shelf) -> Result<Vec<ShelfRow>> {
    SealedShelf::of(seal, shelf, sqlite_sealed::shelf_rows(db, shelf)?).open()
}

/// The row key of a document: kind ‖ subject ‖ version ‖ hash of its bytes ‖ 1 for a rival.
pub(super) fn document_key(kind: u64, about: &Digest, version: u64, digest: &Digest, rival: bool) -> Vec<u8> {
    let rival = [u8::from(rival)];
    [&kind.to_be_bytes()[..], about.as_bytes(), &version.to_be_bytes(), digest.as_bytes(), &rival].concat()
}

/// The row key of an entry set aside: hash of the row ‖ the reason.
pub(super) fn aside_key(digest: &Digest, why: u64) -> Vec<u8> {
    [&digest.as_bytes()[..], &why.to_be_bytes()].concat()
}

pub(super) fn documents(db: &Connection, seal: &RowSeal) -> Result<Vec<DocumentFiled>> {
    let sql = "select kind, about, version, digest, rival, body from documents order by kind, about, version, rival";
    all(db, sql, [], |row| {
        let (number, about, version) = (unsigned(row, 0)?, Digest::from_bytes(array(row, 1)?), unsigned(row, 2)?);
        let kind = DocumentKind::from_number(number).ok_or(COLUMN)?;
        let rival = row.get::<_, i64>(4).map_err(storage)? != 0;
        let key = document_key(number, &about, version, &Digest::from_bytes(array(row, 3)?), rival);
        let bytes = open(seal, row::DOCUMENT, &key, blob(row, 5)?)?.to_vec();
        Ok(DocumentFiled { document: Document { kind, about, version, bytes }, rival })
    })
}

pub(super) fn quarantined(db: &Connection, seal: &RowSeal) -> Result<Vec<Quarantined>> {
    all(db, "select digest, device, journal, seq, why, body from quarantine order by digest", [], |row| {
        let (digest, why) = (Digest::from_bytes(array(row, 0)?), unsigned(row, 4)?);
        let entry = EntryRef {
            device: DeviceId::from_bytes(array(row, 1)?),
            journal: JournalId::from_bytes(array(row, 2)?),
            seq: unsigned(row, 3)?,
        };
        let plain = open(seal, row::QUARANTINE, &aside_key(&digest, why), blob(row, 5)?)?;
        let sealed = row::unpack(&plain)?;
        if sealed.at() != entry {
            return Err(SyncError::StorageDamaged("an entry set aside stands in another place"));
        }
        Ok(Quarantined { entry, why: Why::from_number(why), sealed })
    })
}

/// How much is set aside, as far as the file tells without opening it.
pub(super) fn aside(db: &Connection) -> Result<Aside> {
    let sql = "select count(*), coalesce(sum(length(body)), 0) from quarantine";
    let found = one(db, sql, [], |row| Ok(Aside { entries: unsigned(row, 0)?, bytes: unsigned(row, 1)? }))?;
    Ok(found.unwrap_or_default())
}

/// Opens every row that no walk of the entries comes by, each at its own place: for `verify`. A row that was moved, so that
/// nothing would read it any more, is damage as well.
pub(super) fn check_rows(db: &Connection, seal: &RowSeal) -> Result<()> {
    let journals = journals(db, seal)?;
    for hub in all(db, "select hub from hubs", [], |row| Ok(DeviceId::from_bytes(array(row, 0)?)))? {
        hub_row(db, seal, &hub)?;
    }
    let receipts = all(db, "select hub, epoch, no from receipts", [], |row| {
        Ok((DeviceId::from_bytes(array(row, 0)?), unsigned(row, 1)?, row.get::<_, i64>(2).map_err(storage)?))
    })?;
    for (hub, epoch, no) in receipts {
        let of = journals.iter().find(|n| n.no == no);
        receipt(db, seal, &hub, epoch, of.ok_or(SyncError::StorageDamaged("a receipt of no journal"))?)?;
    }
    for name in Shelf::ALL {
        shelf(db, seal, name)?;
    }
    for at in &journals {
        let range = [place(at.no, 0)?, place(at.no.saturating_add(1), 0)?];
        let sql = "select count(*) from entries where place > ?1 and place < ?2 and body is null";
        if one(db, sql, range, |row| unsigned(row, 0))? != Some(at.elided) {
            return Err(SyncError::StorageDamaged("the number of places left out is not what was written"));
        }
    }
    documents(db, seal)?;
    quarantined(db, seal).map(drop)
}

pub(super) fn status(db: &Connection, seal: &RowSeal, hub: &DeviceId) -> Result<Status> {
    let HubRow { epoch, vouched, again, checkpoint } = hub_row(db, seal, hub)?;
    let mut status = Status { epoch, vouched, again, checkpoint, ..Status::default() };
    let journals = journals(db, seal)?;
    status.passed = sqlite_road::passed(db, seal, (hub, vouched), &journals)?;
    for at in journals {
        let Some(line) = at.known.own else {
            status.elided = status.elided.saturating_add(at.elided);
            status.others = status.others.saturating_add(at.known.head.seq.saturating_sub(at.elided));
            continue;
        };
        let counts = receipt(db, seal, hub, vouched, &at)?;
        let counts = counts.map(|(receipt, statement)| {
            status.receipts.push((receipt, statement));
            receipt
        });
        let offered =
            if epoch == vouched { counts } else { receipt(db, seal, hub, epoch, &at)?.map(|(receipt, _)| receipt) };
        status.own.push(Standing {
            journal: at.known.journal,
            line,
            state: at.known.state,
            kept: at.known.head,
            received: counts.map_or(0, |r| r.seq),
            once: super::sqlite_hub::once(db, hub, &at)?,
            received_link: counts.map(|r| r.link),
            offered_from: offered.map_or(0, |r| r.seq),
            complete: counts.map_or(0, |r| r.complete),
        });
    }
    let count = |sql: &str| one(db, sql, [], |row| unsigned(row, 0)).map(|n| n.unwrap_or(0));
    status.drafts = count("select count(*) from shelf where shelf = 2")?;
    status.aside_full = !aside(db)?.has_room(false);
    // What came damaged (1) and has come whole since is in question no more.
    status.quarantined = count(
        "select count(*) from quarantine q left join journals j on j.device = q.device and j.journal = q.journal
            left join entries e on e.place = j.no * 549755813888 + q.seq
            where q.why <> 1 or e.body is null",
    )?;
    Ok(status)
}
