//! The books of attachments: what entries list, what is held, what is to go. Each row is the author's device's.

use std::collections::BTreeMap;

use amanat_keys::fingerprint::{DeviceId, Digest, JournalId};
use amanat_sync::chain::Head;
use amanat_sync::entry::EntryRef;
use amanat_sync::wire::parts::PartAt;
use deadpool_postgres::{Object, Transaction};
use tokio_postgres::Row as SqlRow;

use super::super::{Asker, Complete, PartBook, PartHeld, Place, ReaderId, Row, Run};
use super::fault::Failure;
use super::read::{fixed, look, number, unsigned};
use super::write::{change, lock, rows};

/// Notes what new entries list. What another entry of the device has brought already is held at once; of an erased entry nothing is
/// ever wanted.
pub(super) async fn note(
    transaction: &Transaction<'_>,
    run: &Run,
    new: &[Row],
    erased: &[bool],
) -> Result<(), Failure> {
    let (mut seqs, mut digests, mut sizes, mut gone) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (row, erased) in new.iter().zip(erased) {
        for part in &row.parts {
            seqs.push(number(row.seq));
            digests.push(part.digest.as_bytes().as_slice());
            sizes.push(number(part.size));
            gone.push(*erased);
        }
    }
    if seqs.is_empty() {
        return Ok(());
    }
    let (device, journal) = (run.place.0.as_bytes().as_slice(), run.place.1.as_bytes().as_slice());
    let held: Vec<Vec<u8>> = rows(
        transaction,
        "select distinct digest from parts where device = $1 and digest = any($2) and state = 1",
        &[&device, &digests],
    )
    .await?
    .iter()
    .map(|row| row.try_get(0))
    .collect::<Result<_, _>>()?;
    let state = |(digest, gone): (&&[u8], &bool)| -> i64 {
        if *gone { 3 } else { i64::from(held.iter().any(|held| held == digest)) }
    };
    let states: Vec<i64> = digests.iter().zip(&gone).map(state).collect();
    change(
        transaction,
        "insert into parts (device, journal, seq, digest, size, state)
         select distinct on (u.seq, u.digest) $1::bytea, $2::bytea, u.*
         from unnest($3::bigint[], $4::bytea[], $5::bigint[], $6::bigint[]) as u (seq, digest, size, state)
         on conflict do nothing",
        &[&device, &journal, &seqs, &digests, &sizes, &states],
    )
    .await
    .map(drop)
}

/// What entries list that their author let go is not waited for any more.
pub(super) async fn let_go(transaction: &Transaction<'_>, run: &Run, rows: &[Row]) -> Result<(), Failure> {
    let gone = |row: &&Row| !row.parts.is_empty() && row.envelope.as_ref().is_some_and(Vec::is_empty);
    let seqs: Vec<i64> = rows.iter().filter(gone).map(|row| number(row.seq)).collect();
    if seqs.is_empty() {
        return Ok(());
    }
    let (device, journal) = (run.place.0.as_bytes().as_slice(), run.place.1.as_bytes().as_slice());
    let sql = "update parts set state = -1 where device = $1 and journal = $2 and seq = any($3) and state = 0";
    change(transaction, sql, &[&device, &journal, &seqs]).await.map(drop)
}

/// The number before the first entry that lacks its envelope or an attachment; `None` when nothing is missing. What its author let go
/// is not waited for.
pub(super) async fn first_missing(transaction: &Transaction<'_>, place: &Place) -> Result<Option<u64>, Failure> {
    let (device, journal) = (place.0.as_bytes().as_slice(), place.1.as_bytes().as_slice());
    let mut missing: Option<i64> = None;
    for sql in [
        "select min(seq) from entries where device = $1 and journal = $2 and envelope is null and not erased",
        "select min(seq) from parts where device = $1 and journal = $2 and state = 0",
    ] {
        let found = rows(transaction, sql, &[&device, &journal]).await?;
        let first = found.first().map(|row| row.try_get::<_, Option<i64>>(0)).transpose()?.flatten();
        missing = missing.into_iter().chain(first).min();
    }
    missing.map(|seq| Ok(unsigned(seq)?.saturating_sub(1))).transpose()
}

/// How far a journal is complete now, written into its head.
pub(super) async fn recount(transaction: &Transaction<'_>, place: &Place) -> Result<Option<Complete>, Failure> {
    let missing = first_missing(transaction, place).await?.map(number);
    let (device, journal) = (place.0.as_bytes().as_slice(), place.1.as_bytes().as_slice());
    let found = rows(
        transaction,
        "update heads set complete = coalesce($3, seq) where device = $1 and journal = $2 returning seq, link, complete",
        &[&device, &journal, &missing],
    )
    .await?;
    let complete = |row: &SqlRow| -> Result<Complete, Failure> {
        let head = Head { seq: unsigned(row.try_get(0)?)?, link: Digest::from_bytes(fixed(row, 1)?) };
        Ok(Complete { place: *place, head, complete: unsigned(row.try_get(2)?)? })
    };
    found.first().map(complete).transpose()
}

/// An attachment of a device that was wanted is held, or one that was held is lost; the journals that list it, counted again.
pub(super) async fn turn(
    mut client: Object,
    device: &DeviceId,
    part: &Digest,
    lost: bool,
) -> Result<Vec<Complete>, Failure> {
    let sql = if lost {
        "update parts set state = 0 where device = $1 and digest = $2 and state = 1 returning journal"
    } else {
        "update parts set state = 1 where device = $1 and digest = $2 and state in (-1, 0) returning journal"
    };
    let transaction = client.transaction().await?;
    lock(&transaction, device).await?;
    let changed = rows(&transaction, sql, &[&device.as_bytes().as_slice(), &part.as_bytes().as_slice()]).await?;
    let mut journals: Vec<[u8; 16]> = changed.iter().map(|row| fixed(row, 0)).collect::<Result<_, _>>()?;
    journals.sort_unstable();
    journals.dedup();
    let mut held = Vec::new();
    for journal in journals {
        held.extend(recount(&transaction, &(*device, JournalId::from_bytes(journal))).await?);
    }
    transaction.commit().await?;
    Ok(held)
}

pub(super) async fn incomplete(mut client: Object, device: &DeviceId) -> Result<Vec<Complete>, Failure> {
    let transaction = client.transaction().await?;
    let found = rows(
        &transaction,
        "select journal, seq, link, complete from heads where device = $1 and complete < seq",
        &[&device.as_bytes().as_slice()],
    )
    .await?;
    let complete = |row: &SqlRow| -> Result<Complete, Failure> {
        let head = Head { seq: unsigned(row.try_get(1)?)?, link: Digest::from_bytes(fixed(row, 2)?) };
        let place = (*device, JournalId::from_bytes(fixed(row, 0)?));
        Ok(Complete { place, head, complete: unsigned(row.try_get(3)?)? })
    };
    found.iter().map(complete).collect()
}

/// What erased entries of one device list is wanted no more, and goes.
pub(super) async fn doom(
    transaction: &Transaction<'_>,
    device: &[u8],
    (journals, seqs, hashes): (&[&[u8]], &[i64], &[&[u8]]),
) -> Result<(), Failure> {
    change(
        transaction,
        "update parts p set state = 2
         from unnest($2::bytea[], $3::bigint[], $4::bytea[]) as u (journal, seq, hash)
         join entries e on e.device = $1 and e.journal = u.journal and e.seq = u.seq and e.hash = u.hash
         where p.device = $1 and p.journal = u.journal and p.seq = u.seq and p.state < 2",
        &[&device, &journals, &seqs, &hashes],
    )
    .await
    .map(drop)
}

pub(super) async fn doomed(mut client: Object) -> Result<Vec<(DeviceId, Digest)>, Failure> {
    let transaction = look(&mut client).await?;
    let found = rows(
        &transaction,
        "select distinct p.device, p.digest from parts p where p.state = 2 and not exists (
             select 1 from parts o where o.device = p.device and o.digest = p.digest and o.state < 2)",
        &[],
    )
    .await?;
    found.iter().map(|row| Ok((DeviceId::from_bytes(fixed(row, 0)?), Digest::from_bytes(fixed(row, 1)?)))).collect()
}

/// Notes that the bytes of attachments of one device are gone.
pub(super) async fn gone(mut client: Object, device: &DeviceId, digests: &[Digest]) -> Result<(), Failure> {
    let transaction = client.transaction().await?;
    lock(&transaction, device).await?;
    let digests: Vec<&[u8]> = digests.iter().map(|digest| digest.as_bytes().as_slice()).collect();
    let sql = "update parts set state = 3 where device = $1 and digest = any($2) and state = 2";
    change(&transaction, sql, &[&device.as_bytes().as_slice(), &digests]).await?;
    Ok(transaction.commit().await?)
}

pub(super) async fn books(
    mut client: Object,
    asker: &Asker,
    asked: &[PartAt],
) -> Result<Vec<Option<PartBook>>, Failure> {
    let transaction = look(&mut client).await?;
    let mut readers: BTreeMap<(Place, i64), bool> = BTreeMap::new();
    let mut books = Vec::with_capacity(asked.len());
    for at in asked {
        let EntryRef { device, journal, seq } = &at.entry;
        let place = (*device, *journal);
        let found = rows(
            &transaction,
            "select p.size, p.state, e.slip from parts p join entries e
                 on e.device = p.device and e.journal = p.journal and e.seq = p.seq
             where p.device = $1 and p.journal = $2 and p.seq = $3 and p.digest = $4",
            &[
                &device.as_bytes().as_slice(),
                &journal.as_bytes().as_slice(),
                &number(*seq),
                &at.digest.as_bytes().as_slice(),
            ],
        )
        .await?;
        let Some(row) = found.first() else {
            books.push(None);
            continue;
        };
        let slip: i64 = row.try_get(2)?;
        let may = *device == asker.device
            || match readers.get(&(place, slip)) {
                Some(known) => *known,
                None => {
                    let may = names(&transaction, &place, slip, &asker.readers).await?;
                    readers.insert((place, slip), may);
                    may
                }
            };
        let state = PartHeld::from_number(row.try_get(1)?);
        books.push(Some(PartBook { size: unsigned(row.try_get(0)?)?, state, may }));
    }
    Ok(books)
}

async fn names(transaction: &Transaction<'_>, place: &Place, slip: i64, readers: &[ReaderId]) -> Result<bool, Failure> {
    let readers: Vec<&[u8]> = readers.iter().map(<[u8; 32]>::as_slice).collect();
    let (device, journal) = (place.0.as_bytes().as_slice(), place.1.as_bytes().as_slice());
    let found = rows(
        transaction,
        "select 1 from readers where device = $1 and journal = $2 and slip = $3 and reader = any($4) limit 1",
        &[&device, &journal, &slip, &readers],
    )
    .await?;
    Ok(!found.is_empty())
}
