//! What the writer thread does, one transaction each.

use std::collections::BTreeMap;

use amanat_keys::erasure::Doomed;
use amanat_keys::fingerprint::Digest;
use amanat_sync::chain::{self, Head, Verdict};
use amanat_sync::documents::Document;
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};

use super::super::{Accepted, Grant, KeptCheckpoint, ReaderId, Row, Run, StoreFault};
use super::open::fault;
use super::read::{digest, kind_number, number, unsigned};
use super::{erase, parts};
use crate::limits::EVIDENCE_PER_DEVICE;

/// Several pushes in one transaction; the answers in the same order.
pub(super) fn accept(connection: &mut Connection, pushes: &[Vec<Run>]) -> Result<Vec<Vec<Accepted>>, StoreFault> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fault)?;
    let mut answers = Vec::with_capacity(pushes.len());
    for push in pushes {
        answers.push(push.iter().map(|run| accept_run(&transaction, run)).collect::<Result<Vec<_>, _>>()?);
    }
    transaction.commit().map_err(fault)?;
    Ok(answers)
}

fn accept_run(transaction: &Transaction<'_>, run: &Run) -> Result<Accepted, StoreFault> {
    let (head, complete) = head_of(transaction, run)?;
    let ours = match chain::common(&head, &run.stretch) {
        Some(at) if at < head.seq => Some(link_of(transaction, run, at)?),
        _ => None,
    };
    let verdict = chain::judge(&head, ours, &run.stretch);
    let (head, complete) = match &verdict {
        Verdict::Accepted { held, head: after } => {
            let (old, new) = run.rows.split_at(usize::try_from(*held).unwrap_or(usize::MAX).min(run.rows.len()));
            fill(transaction, run, old)?;
            insert(transaction, run, new)?;
            let complete = store_head(transaction, run, after)?;
            (*after, complete)
        }
        Verdict::AlreadyHeld { .. } if !run.rows.is_empty() => {
            fill(transaction, run, &run.rows)?;
            (head, store_head(transaction, run, &head)?)
        }
        Verdict::AlreadyHeld { .. } | Verdict::Gap { .. } => (head, complete),
        Verdict::Fork { .. } => {
            keep_evidence(transaction, run)?;
            (head, complete)
        }
    };
    Ok(Accepted { place: run.place, verdict, head, complete })
}

fn head_of(transaction: &Transaction<'_>, run: &Run) -> Result<(Head, u64), StoreFault> {
    let (device, journal) = &run.place;
    let found = transaction
        .prepare_cached("select seq, link, complete from heads where device = ?1 and journal = ?2")
        .and_then(|mut statement| {
            statement
                .query_row(params![device.as_bytes(), journal.as_bytes()], |row| {
                    Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, i64>(2)?))
                })
                .optional()
        })
        .map_err(fault)?;
    match found {
        None => Ok((Head { seq: 0, link: run.root }, 0)),
        Some((seq, link, complete)) => Ok((Head { seq: unsigned(seq)?, link: digest(&link)? }, unsigned(complete)?)),
    }
}

fn link_of(transaction: &Transaction<'_>, run: &Run, at: u64) -> Result<Digest, StoreFault> {
    if at == 0 {
        return Ok(run.root);
    }
    let (device, journal) = &run.place;
    let link = transaction
        .prepare_cached("select link from entries where device = ?1 and journal = ?2 and seq = ?3")
        .and_then(|mut statement| {
            statement
                .query_row(params![device.as_bytes(), journal.as_bytes(), number(at)], |row| row.get::<_, Vec<u8>>(0))
        })
        .map_err(fault)?;
    digest(&link)
}

fn insert(transaction: &Transaction<'_>, run: &Run, rows: &[Row]) -> Result<(), StoreFault> {
    let (device, journal) = &run.place;
    let skipped = run.rows.len().saturating_sub(rows.len());
    let (known, new) = run.stretch.hashes.split_at(skipped.min(run.stretch.hashes.len()));
    let mut link = known.iter().fold(run.stretch.before, |at, hash| chain::link(&at, hash));
    let mut statement = transaction
        .prepare_cached(
            "insert into entries (device, journal, seq, hash, link, slip, header, signature, envelope, erased)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )
        .map_err(fault)?;
    let erasures = erase::any(transaction)?;
    for (row, hash) in rows.iter().zip(new) {
        link = chain::link(&link, hash);
        let erased = erasures && is_erased(transaction, run, row, hash)?;
        statement
            .execute(params![
                device.as_bytes(),
                journal.as_bytes(),
                number(row.seq),
                hash.as_bytes(),
                link.as_bytes(),
                number(row.slip),
                row.header,
                row.signature,
                row.envelope.as_ref().filter(|_| !erased),
                erased
            ])
            .map_err(fault)?;
        parts::note(transaction, &run.place, row, erased)?;
    }
    drop(statement);
    parts::let_go(transaction, &run.place, rows)?;
    erase::note(transaction, &run.place, rows)?;
    for grant in rows.iter().flat_map(|row| &row.readers) {
        store_grant(transaction, Some(run), grant)?;
    }
    extend_reach(transaction, run, rows)
}

/// Whether an entry that comes now is erased already, or is an erased entry's content in a new envelope.
fn is_erased(transaction: &Transaction<'_>, run: &Run, row: &Row, hash: &Digest) -> Result<bool, StoreFault> {
    let (device, journal) = run.place;
    let itself = Doomed { device, journal, seq: row.seq, hash: *hash };
    let other = row.stands_in.as_ref().filter(|stand_in| !stand_in.erases).map(|stand_in| stand_in.target);
    for target in [Some(itself), other].into_iter().flatten() {
        if erase::is_erased(transaction, &target)? {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(super) fn store_grant(transaction: &Transaction<'_>, run: Option<&Run>, grant: &Grant) -> Result<(), StoreFault> {
    let (device, journal) = &grant.place;
    // The same reader twice is one grant; nothing is told by a second.
    transaction
        .prepare_cached(
            "insert into readers (device, journal, slip, reader) values (?1, ?2, ?3, ?4) on conflict do nothing",
        )
        .and_then(|mut s| s.execute(params![device.as_bytes(), journal.as_bytes(), number(grant.slip), grant.reader]))
        .map_err(fault)?;
    if run.is_some_and(|run| grant.place == run.place) {
        return Ok(());
    }
    // A grant into another journal opens what already stands there.
    transaction
        .prepare_cached(
            "insert into reach (reader, device, journal, last)
             select ?1, ?2, ?3, seq from heads where device = ?2 and journal = ?3
             on conflict (reader, device, journal) do update set last = max(last, excluded.last)",
        )
        .and_then(|mut s| s.execute(params![grant.reader, device.as_bytes(), journal.as_bytes()]))
        .map_err(fault)?;
    Ok(())
}

fn extend_reach(transaction: &Transaction<'_>, run: &Run, rows: &[Row]) -> Result<(), StoreFault> {
    let (device, journal) = &run.place;
    let newest_of_slip: BTreeMap<u64, u64> = rows.iter().map(|row| (row.slip, row.seq)).collect();
    let mut reach: BTreeMap<ReaderId, u64> = BTreeMap::new();
    let mut readers = transaction
        .prepare_cached("select reader from readers where device = ?1 and journal = ?2 and slip = ?3")
        .map_err(fault)?;
    for (slip, last) in newest_of_slip {
        let found = readers
            .query_map(params![device.as_bytes(), journal.as_bytes(), number(slip)], |row| row.get::<_, ReaderId>(0))
            .map_err(fault)?;
        for reader in found {
            let farthest = reach.entry(reader.map_err(fault)?).or_default();
            *farthest = last.max(*farthest);
        }
    }
    let mut extend = transaction
        .prepare_cached(
            "insert into reach (reader, device, journal, last) values (?1, ?2, ?3, ?4)
             on conflict (reader, device, journal) do update set last = max(last, excluded.last)",
        )
        .map_err(fault)?;
    for (reader, last) in reach {
        extend.execute(params![reader, device.as_bytes(), journal.as_bytes(), number(last)]).map_err(fault)?;
    }
    Ok(())
}

/// Gives entries that came without their envelope the one that comes now.
fn fill(transaction: &Transaction<'_>, run: &Run, rows: &[Row]) -> Result<(), StoreFault> {
    let (device, journal) = &run.place;
    for row in rows.iter().filter(|row| row.envelope.is_some()) {
        transaction
            .prepare_cached(
                "update entries set envelope = ?4
                 where device = ?1 and journal = ?2 and seq = ?3
                   and (envelope is null or length(envelope) = 0) and erased = 0",
            )
            .and_then(|mut s| s.execute(params![device.as_bytes(), journal.as_bytes(), number(row.seq), row.envelope]))
            .map_err(fault)?;
    }
    parts::let_go(transaction, &run.place, rows)
}

fn store_head(transaction: &Transaction<'_>, run: &Run, head: &Head) -> Result<u64, StoreFault> {
    let (device, journal) = &run.place;
    let complete = parts::first_missing(transaction, &run.place)?.unwrap_or(head.seq);
    transaction
        .prepare_cached(
            "insert into heads (device, journal, seq, link, complete) values (?1, ?2, ?3, ?4, ?5)
             on conflict (device, journal) do update
             set seq = excluded.seq, link = excluded.link, complete = excluded.complete",
        )
        .and_then(|mut s| {
            s.execute(params![
                device.as_bytes(),
                journal.as_bytes(),
                number(head.seq),
                head.link.as_bytes(),
                number(complete)
            ])
        })
        .map_err(fault)?;
    Ok(complete)
}

/// Both sides of a fork are kept: ours stands in `entries`, the other's here, up to a number that cannot fill a disk.
fn keep_evidence(transaction: &Transaction<'_>, run: &Run) -> Result<(), StoreFault> {
    let (device, journal) = &run.place;
    for (row, hash) in run.rows.iter().zip(&run.stretch.hashes) {
        transaction
            .prepare_cached(
                "insert into evidence (device, journal, seq, hash, header, signature)
                 select ?1, ?2, ?3, ?4, ?5, ?6
                 where (select count(*) from evidence where device = ?1) < ?7
                   and not exists (select 1 from entries where device = ?1 and journal = ?2 and seq = ?3 and hash = ?4)
                   and not exists (select 1 from evidence where device = ?1 and journal = ?2 and seq = ?3 and hash = ?4)",
            )
            .and_then(|mut s| {
                s.execute(params![
                    device.as_bytes(),
                    journal.as_bytes(),
                    number(row.seq),
                    hash.as_bytes(),
                    row.header,
                    row.signature,
                    EVIDENCE_PER_DEVICE
                ])
            })
            .map_err(fault)?;
    }
    Ok(())
}

pub(super) fn keep_checkpoint(connection: &mut Connection, checkpoint: &KeptCheckpoint) -> Result<(), StoreFault> {
    let KeptCheckpoint { epoch, number: n, statement } = checkpoint;
    let held = connection
        .prepare_cached("select statement from checkpoints where epoch = ?1 and number = ?2")
        .and_then(|mut s| s.query_row(params![number(*epoch), number(*n)], |row| row.get::<_, Vec<u8>>(0)).optional())
        .map_err(fault)?;
    match held {
        Some(held) if held == *statement => Ok(()),
        Some(_) => Err(StoreFault::Damaged("two checkpoints of one number")),
        None => connection
            .prepare_cached("insert into checkpoints (epoch, number, statement) values (?1, ?2, ?3)")
            .and_then(|mut s| s.execute(params![number(*epoch), number(*n), statement]))
            .map(|_rows| ())
            .map_err(fault),
    }
}

pub(super) fn keep_document(connection: &mut Connection, document: &Document) -> Result<bool, StoreFault> {
    let Document { kind, about, version, bytes } = document;
    let (kind, about, version) = (kind_number(*kind), about.as_bytes(), number(*version));
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fault)?;
    let ask = |sql: &str| {
        transaction
            .prepare_cached(sql)
            .and_then(|mut s| s.query_row(params![kind, about, version], |row| row.get::<_, Vec<u8>>(0)).optional())
            .map_err(fault)
    };
    if let Some(held) = ask("select statement from documents where kind = ?1 and about = ?2 and version = ?3")? {
        return Ok(held == *bytes);
    }
    if !document.kind.keeps_history() {
        if ask("select about from documents where kind = ?1 and about = ?2 and version > ?3 limit 1")?.is_some() {
            return Ok(true);
        }
        transaction
            .prepare_cached("delete from documents where kind = ?1 and about = ?2 and version < ?3")
            .and_then(|mut s| s.execute(params![kind, about, version]))
            .map_err(fault)?;
    }
    transaction
        .prepare_cached("insert into documents (kind, about, version, statement) values (?1, ?2, ?3, ?4)")
        .and_then(|mut s| s.execute(params![kind, about, version, bytes]))
        .map_err(fault)?;
    transaction.commit().map_err(fault)?;
    Ok(true)
}
