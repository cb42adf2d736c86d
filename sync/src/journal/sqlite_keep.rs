//! What the SQLite journal writes. Every function here runs inside one transaction that its caller commits or drops, so an error
//! half way leaves nothing behind.

use amanat_keys::fingerprint::{DeviceId, Digest};
use amanat_keys::row_seal::RowSeal;
use rusqlite::{Params, Transaction};

use super::filing::Aside;
use super::sqlite::storage;
use super::sqlite_hub as hub;
use super::sqlite_read::{self as read, Numbered, document_key, line_number, one, place, unsigned};
use super::{Filed, Filing, Keep, KnownHead, NewJournal, Pulled, Quarantined, Shelf, ShelfRow, State, filing, row};
use crate::batch::{Item, Run, Why};
use crate::chain::{self, Head, Verdict};
use crate::cores;
use crate::documents::{self, Adoption, Document, HeldDocument};
use crate::entry::{SealedEntry, Slot};
use crate::error::{Result, SyncError};
use crate::receipt::{Checkpoint, Receipt};
use crate::wire::limits;

pub(super) fn run(tx: &Transaction<'_>, sql: &str, params: impl Params) -> Result<usize> {
    tx.prepare_cached(sql).map_err(storage)?.execute(params).map_err(storage)
}

fn signed(n: u64) -> Result<i64> {
    i64::try_from(n).map_err(|_wide| SyncError::TooBig("number"))
}

fn state_number(state: State) -> i64 {
    match state {
        State::Open => 0,
        State::Closed => 1,
        State::Forked => 2,
    }
}

pub(super) fn mark(tx: &Transaction<'_>, sealed: &[u8]) -> Result<()> {
    run(tx, "insert into vault (one, body) values (1, ?1)", [sealed]).map(|_rows| ())
}

pub(super) fn begin(tx: &Transaction<'_>, seal: &RowSeal, new: &NewJournal) -> Result<Slot> {
    if let Some(old) = new.closes {
        let known = read::journal(tx, seal, &new.device, &old)?.filter(|n| n.known.own == Some(new.line));
        let known = known.ok_or(SyncError::Misuse("the journal to close is not this device's"))?;
        if known.known.state == State::Open {
            set_state(tx, seal, &known, State::Closed)?;
        }
    }
    if read::open_line(tx, seal, new.line)?.is_some() {
        return Err(SyncError::Misuse("the line has an open journal"));
    }
    if read::journal(tx, seal, &new.device, &new.journal)?.is_some() {
        return Err(SyncError::Misuse("the journal exists"));
    }
    let link = chain::link0(&new.agency, &new.device, &new.journal);
    let head = Head { seq: 0, link };
    let (agency, device, journal) = (new.agency, new.device, new.journal);
    add_journal(tx, seal, &KnownHead { agency, device, journal, head, own: Some(new.line), state: State::Open })?;
    Ok(Slot { agency, device, journal, seq: 1, prev: link })
}

fn set_state(tx: &Transaction<'_>, seal: &RowSeal, of: &Numbered, state: State) -> Result<()> {
    let body = journal_body(seal, &KnownHead { state, ..of.known })?;
    let sql = "update journals set state = ?2, body = ?3 where no = ?1";
    run(tx, sql, (of.no, state_number(state), body)).map(|_rows| ())
}

fn journal_body(seal: &RowSeal, k: &KnownHead) -> Result<Vec<u8>> {
    let word = read::journal_word(&k.agency, k.own.map_or(0, line_number), state_number(k.state));
    sealed(seal, row::JOURNAL, &row::key(&k.device, &k.journal, 0), &word)
}

fn add_journal(tx: &Transaction<'_>, seal: &RowSeal, k: &KnownHead) -> Result<Numbered> {
    let no = one(tx, "select coalesce(max(no), 0) + 1 from journals", [], |row| unsigned(row, 0))?.unwrap_or(1);
    if no > limits::MAX_JOURNALS {
        return Err(SyncError::TooBig("journals in one home"));
    }
    let (no, line) = (signed(no)?, k.own.map_or(0, line_number));
    let sql = "insert into journals (no, agency, device, journal, line, state, elided, body)
        values (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7)";
    let (agency, device, journal) = (k.agency.as_bytes(), k.device.as_bytes(), k.journal.as_bytes());
    run(tx, sql, (no, agency, device, journal, line, state_number(k.state), journal_body(seal, k)?))?;
    Ok(Numbered { no, known: *k, elided: 0 })
}

/// Gives the journals that grew, as they then stand. `held` are journals as this transaction would find them.
pub(super) fn append(tx: &Transaction<'_>, seal: &RowSeal, keep: &Keep, held: Vec<Numbered>) -> Result<Vec<Numbered>> {
    let mut touched = held;
    let bodies = sealed_entries(seal, &keep.entries.iter().collect::<Vec<_>>())?;
    for (entry, body) in keep.entries.iter().zip(bodies) {
        let h = &entry.header;
        let at = match touched.iter().position(|n| n.name() == (h.device, h.journal)) {
            Some(at) => at,
            None => {
                touched.push(read::journal(tx, seal, &h.device, &h.journal)?.ok_or(SyncError::NoJournal)?);
                touched.len().saturating_sub(1)
            }
        };
        let Some(at) = touched.get_mut(at) else { return Err(SyncError::NoJournal) };
        at.known.head = filing::next_head(&at.known, entry)?;
        insert_entry(tx, at, at.known.head, &body)?;
    }
    shelve(tx, seal, &keep.rows, &keep.drop)?;
    let grown = |n: &Numbered| keep.entries.iter().any(|e| (e.header.device, e.header.journal) == n.name());
    touched.retain(grown);
    Ok(touched)
}

const INSERT: &str = "insert into entries (place, link, hash, body) values (?1, ?2, ?3, ?4)";

fn insert_entry(tx: &Transaction<'_>, at: &Numbered, head: Head, body: &[u8]) -> Result<()> {
    run(tx, INSERT, (place(at.no, head.seq)?, head.link.as_bytes(), None::<&[u8]>, body)).map(|_rows| ())
}

fn insert_bare(tx: &Transaction<'_>, at: &Numbered, head: Head, hash: &Digest) -> Result<()> {
    run(tx, INSERT, (place(at.no, head.seq)?, head.link.as_bytes(), hash.as_bytes(), None::<&[u8]>)).map(|_rows| ())
}

/// The rows of entries, each for its own place, on all cores.
fn sealed_entries(seal: &RowSeal, entries: &[&SealedEntry]) -> Result<Vec<Vec<u8>>> {
    let seal_one = |entry: &&SealedEntry| sealed(seal, row::ENTRY, &row::key_of(&entry.at()), &row::pack(entry));
    let died = || Err(SyncError::Misuse("a thread died that sealed rows"));
    cores::each(entries, seal_one).into_iter().map(|body| body.unwrap_or_else(died)).collect()
}

pub(super) fn sealed(seal: &RowSeal, table: &str, key: &[u8], plain: &[u8]) -> Result<Vec<u8>> {
    seal.seal(table, key, b"", b"", plain).map_err(SyncError::Trust)
}

pub(super) fn shelve(tx: &Transaction<'_>, seal: &RowSeal, put: &[ShelfRow], take: &[(Shelf, Vec<u8>)]) -> Result<()> {
    for (shelf, key) in take {
        run(tx, "delete from shelf where shelf = ?1 and key = ?2", (shelf.number(), key))?;
    }
    for row in put {
        row.check()?;
        let case = row.case.as_ref().map_or(&[][..], |c| c.as_bytes());
        let key_id = row.key_id.as_ref().map_or(&[][..], |k| k.as_bytes());
        let body = seal.seal(row.shelf.table(), &row.key, case, key_id, &row.plain).map_err(SyncError::Trust)?;
        let sql = "insert into shelf (shelf, key, case_id, key_id, body) values (?1, ?2, ?3, ?4, ?5)
            on conflict (shelf, key) do update set case_id = ?3, key_id = ?4, body = ?5";
        run(tx, sql, (row.shelf.number(), &row.key, case, key_id, body))?;
    }
    Ok(())
}

/// Takes everything off a shelf, whether it opens or not.
pub(super) fn clear(tx: &Transaction<'_>, shelf: Shelf) -> Result<()> {
    run(tx, "delete from shelf where shelf = ?1", [shelf.number()]).map(drop)
}

pub(super) fn file_receipt(tx: &Transaction<'_>, seal: &RowSeal, f: &Filing) -> Result<Filed> {
    let mut filed = Filed::default();
    f.check()?;
    shelve(tx, seal, &f.remember.put, &f.remember.take)?;
    let held = hub::hub_row(tx, seal, &f.hub)?;
    let seen = f.receipts.iter().map(|(r, _)| r.epoch).chain(f.checkpoint.iter().map(|(c, _)| c.epoch)).max();
    let (epoch, vouched) = (held.epoch.max(seen.unwrap_or(0)), held.vouched.max(f.vouched));
    let again = if f.vouched > held.vouched { 0 } else { held.again.saturating_add(f.again) };
    let on_file = held.checkpoint.map(|(checkpoint, _, statement)| (checkpoint, statement));
    let newer =
        |(offered, _): &&(Checkpoint, Vec<u8>)| filing::is_newer(offered, on_file.as_ref().map(|(held, _)| held));
    let newest = f.checkpoint.as_ref().filter(newer).or(on_file.as_ref());
    let number = newest.map_or(0, |(checkpoint, _)| checkpoint.number);
    let digest = newest.map_or(Vec::new(), |(checkpoint, _)| Digest::of(&checkpoint.encode()).as_bytes().to_vec());
    let filing = newest.map_or(Vec::new(), |(checkpoint, statement)| filing::write_checkpoint(checkpoint, statement));
    let body = sealed(seal, row::HUB, f.hub.as_bytes(), &hub::hub_word(epoch, vouched, again, &filing))?;
    let sql = "insert or replace into hubs (hub, epoch, vouched, number, digest, body) values (?1, ?2, ?3, ?4, ?5, ?6)";
    run(tx, sql, (f.hub.as_bytes(), signed(epoch)?, signed(vouched)?, signed(number)?, digest, body))?;
    for (receipt, statement) in &f.receipts {
        file_one(tx, seal, &f.hub, vouched, (receipt, statement.as_slice()), &mut filed)?;
    }
    Ok(filed)
}

fn file_one(
    tx: &Transaction<'_>,
    seal: &RowSeal,
    hub: &DeviceId,
    vouched: u64,
    (receipt, statement): (&Receipt, &[u8]),
    filed: &mut Filed,
) -> Result<()> {
    let Some(at) = read::journal(tx, seal, &receipt.device, &receipt.journal)? else { return Ok(()) };
    if receipt.seq > at.known.head.seq {
        // The hub has more than we do. Of our own journal that means a restored backup: it must not grow (FORMATS section 2). It may be
        // closed already, by whoever noticed it first; what it lacks is still to be fetched.
        if at.known.own.is_some() && at.known.state != State::Forked {
            set_state(tx, seal, &at, State::Closed)?;
            filed.behind.push((receipt.device, receipt.journal));
        }
        return Ok(());
    }
    if read::link_at(tx, &at, receipt.seq)? != Some(receipt.link) {
        // The hub signed for another history of this journal: it is evidence, and the journal must not grow.
        set_state(tx, seal, &at, State::Forked)?;
        filed.forked.push((receipt.device, receipt.journal));
        return Ok(());
    }
    if hub::receipt(tx, seal, hub, receipt.epoch, &at)?.is_some_and(|(held, _)| filing::covers(&held, receipt)) {
        return Ok(());
    }
    let key = row::receipt_key(hub, receipt.epoch, &row::key(&receipt.device, &receipt.journal, 0));
    let body = sealed(seal, row::HUB, &key, statement)?;
    let sql = "insert or replace into receipts (hub, epoch, no, seq, link, complete, body) values (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let (epoch, seq, complete) = (signed(receipt.epoch)?, signed(receipt.seq)?, signed(receipt.complete)?);
    run(tx, sql, (hub.as_bytes(), epoch, at.no, seq, receipt.link.as_bytes(), complete, body))?;
    if receipt.epoch == vouched {
        filed.received.push((receipt.device, receipt.journal, receipt.seq));
    }
    Ok(())
}

pub(super) fn file_pulled(tx: &Transaction<'_>, seal: &RowSeal, pulled: &Pulled) -> Result<Vec<Verdict>> {
    let mut room = read::aside(tx)?;
    for bad in &pulled.quarantine {
        set_aside_within(tx, seal, &mut room, bad)?;
    }
    pulled.runs.iter().map(|run| file_run(tx, seal, &mut room, run.run())).collect()
}

fn set_aside_within(tx: &Transaction<'_>, seal: &RowSeal, room: &mut Aside, bad: &Quarantined) -> Result<()> {
    if room.has_room(bad.why.is_of_signed()) && set_aside(tx, seal, bad)? {
        room.add(row::weight(&bad.sealed));
    }
    Ok(())
}

/// Whether it was not there yet.
pub(super) fn set_aside(tx: &Transaction<'_>, seal: &RowSeal, bad: &Quarantined) -> Result<bool> {
    let plain = row::pack(&bad.sealed);
    let digest = Digest::of(&plain);
    let body = sealed(seal, row::QUARANTINE, &read::aside_key(&digest, bad.why.number()), &plain)?;
    // The same bytes again are the same finding; the first reason stays.
    let sql = "insert into quarantine (digest, device, journal, seq, why, body) values (?1, ?2, ?3, ?4, ?5, ?6)
        on conflict (digest) do nothing";
    let (e, why) = (&bad.entry, signed(bad.why.number())?);
    let new = run(tx, sql, (digest.as_bytes(), e.device.as_bytes(), e.journal.as_bytes(), signed(e.seq)?, why, body))?;
    Ok(new > 0)
}

pub(super) fn drop_aside(tx: &Transaction<'_>, seal: &RowSeal, dropped: &[Quarantined]) -> Result<u64> {
    filing::not_own(&read::heads(tx, seal)?, dropped)?;
    let mut gone = 0_u64;
    for bad in dropped {
        let digest = Digest::of(&row::pack(&bad.sealed));
        let rows = run(tx, "delete from quarantine where digest = ?1", [digest.as_bytes()])?;
        gone = gone.saturating_add(u64::try_from(rows).unwrap_or(0));
    }
    Ok(gone)
}

fn file_run(tx: &Transaction<'_>, seal: &RowSeal, room: &mut Aside, run: &Run) -> Result<Verdict> {
    let at = match read::journal(tx, seal, &run.device, &run.journal)? {
        Some(at) => at,
        None => {
            let head = Head { seq: 0, link: chain::link0(&run.agency, &run.device, &run.journal) };
            let (agency, device, journal) = (run.agency, run.device, run.journal);
            let new = KnownHead { agency, device, journal, head, own: None, state: State::Open };
            if !filing::plan(&head, None, run).adds() {
                return Ok(filing::plan(&head, None, run).verdict);
            }
            add_journal(tx, seal, &new)?
        }
    };
    let verdict = file_into(tx, seal, &at, run)?;
    if !matches!(verdict, Verdict::Fork { .. }) {
        return Ok(verdict);
    }
    if let Some(shorter) = rewind(tx, seal, &at)? {
        let again = file_into(tx, seal, &shorter, run)?;
        if !matches!(again, Verdict::Fork { .. }) {
            return Ok(again);
        }
    }
    // What both histories have in common is no evidence of anything.
    let mut parted = Vec::new();
    for (entry, link) in run.linked() {
        if read::link_at(tx, &at, entry.header.seq)? != Some(link) {
            parted.push(Quarantined { entry: entry.at(), why: Why::Fork, sealed: entry.clone() });
        }
    }
    if parted.is_empty() {
        return Ok(filing::unproven(&at.known.head));
    }
    set_state(tx, seal, &at, State::Forked)?;
    parted.iter().try_for_each(|bad| set_aside_within(tx, seal, room, bad))?;
    Ok(verdict)
}

fn file_into(tx: &Transaction<'_>, seal: &RowSeal, at: &Numbered, run: &Run) -> Result<Verdict> {
    let common = chain::common(&at.known.head, &run.stretch());
    let ours = common.map(|seq| read::link_at(tx, at, seq)).transpose()?.flatten();
    let plan = filing::plan(&at.known.head, ours, run);
    let mut elided = at.elided;
    let new: Vec<&SealedEntry> = plan.add.iter().filter_map(|(_, _, item)| item.entry()).collect();
    let mut bodies = sealed_entries(seal, &new)?.into_iter();
    for (seq, link, item) in &plan.add {
        let head = Head { seq: *seq, link: *link };
        match item {
            Item::Entry(_) => insert_entry(tx, at, head, &bodies.next().unwrap_or_default())?,
            Item::Elided(hash) => insert_bare(tx, at, head, hash)?,
        }
        elided = elided.saturating_add(u64::from(item.entry().is_none()));
    }
    for (entry, body) in plan.fill.iter().zip(sealed_entries(seal, &plan.fill)?) {
        let sql = "update entries set hash = null, body = ?2 where place = ?1 and body is null";
        let filled = self::run(tx, sql, (place(at.no, entry.header.seq)?, body))?;
        elided = elided.saturating_sub(u64::try_from(filled).unwrap_or(0));
    }
    if elided != at.elided {
        self::run(tx, "update journals set elided = ?2 where no = ?1", [at.no, signed(elided)?])?;
    }
    if at.known.own.is_some() && at.known.state == State::Open && !plan.add.is_empty() {
        // Somebody wrote on in our journal: it was us, before this home was restored from a backup (FORMATS section 2).
        set_state(tx, seal, at, State::Closed)?;
    }
    Ok(plan.verdict)
}

/// Forgets hashes at the end of another's journal that no signature above them vouches for: the hub's word was all there was
/// about them, and it now says otherwise. Gives the journal as it then stands, if there was anything to forget.
fn rewind(tx: &Transaction<'_>, seal: &RowSeal, at: &Numbered) -> Result<Option<Numbered>> {
    if at.known.own.is_some() {
        return Ok(None);
    }
    let (from, to) = (place(at.no, 0)?, place(at.no.saturating_add(1), 0)?);
    let solid = one(
        tx,
        "select max(place) from entries where place > ?1 and place < ?2 and body is not null",
        [from, to],
        |row| row.get::<_, Option<i64>>(0).map_err(storage),
    )?;
    let keep = solid.flatten().unwrap_or(from);
    let gone = self::run(tx, "delete from entries where place > ?1 and place < ?2", [keep, to])?;
    if gone == 0 {
        return Ok(None);
    }
    let elided = at.elided.saturating_sub(u64::try_from(gone).unwrap_or(0));
    self::run(tx, "update journals set elided = ?2 where no = ?1", [at.no, signed(elided)?])?;
    read::journal(tx, seal, &at.known.device, &at.known.journal)
}

pub(super) fn adopt(tx: &Transaction<'_>, seal: &RowSeal, d: &Document) -> Result<Adoption> {
    if d.bytes.len() > limits::MAX_STATEMENT {
        return Err(SyncError::TooBig("document"));
    }
    let (kind, about, version) = (signed(d.kind.number())?, d.about.as_bytes(), signed(d.version)?);
    let sql = "select version, digest from documents where kind = ?1 and about = ?2 and rival = 0
        order by version desc limit 1";
    let held = one(tx, sql, (kind, about), |row| {
        let digest: Vec<u8> = row.get(1).map_err(storage)?;
        let digest = Digest::from_slice(&digest).ok_or(SyncError::StorageDamaged("a hash of a document"))?;
        Ok(HeldDocument { version: unsigned(row, 0)?, digest })
    })?;
    let adoption = documents::judge(held, d);
    let rival = match adoption {
        Adoption::Adopted => 0_i64,
        Adoption::Conflict { .. } => 1,
        Adoption::AlreadyHeld | Adoption::Older { .. } => return Ok(adoption),
    };
    if rival == 0 && !d.kind.keeps_history() {
        run(tx, "delete from documents where kind = ?1 and about = ?2", (kind, about))?;
    }
    let digest = Digest::of(&d.bytes);
    let key = document_key(d.kind.number(), &d.about, d.version, &digest, rival != 0);
    let body = sealed(seal, row::DOCUMENT, &key, &d.bytes)?;
    let sql = "insert or replace into documents (kind, about, version, digest, rival, body)
        values (?1, ?2, ?3, ?4, ?5, ?6)";
    run(tx, sql, (kind, about, version, digest.as_bytes(), rival, body))?;
    Ok(adoption)
}
