//! Erasures: what orders and stand-ins name, and the envelopes that go when both do. One device's rows in one transaction, as
//! everywhere here: a stand-in is a row of the device that signed it, an order a row of the device whose entry it names.

use std::collections::BTreeSet;

use amanat_keys::erasure::Doomed;
use amanat_keys::fingerprint::{DeviceId, Digest, JournalId};
use deadpool_postgres::{Object, Transaction};
use tokio_postgres::Row as SqlRow;

use super::super::{Due, Row, Run};
use super::fault::Failure;
use super::parts;
use super::read::{fixed, look, number, unsigned};
use super::write::{change, lock, rows};

/// Entries of one device as columns.
struct Columns<'a> {
    journals: Vec<&'a [u8]>,
    seqs: Vec<i64>,
    hashes: Vec<&'a [u8]>,
}

impl<'a> Columns<'a> {
    fn of(doomed: impl Iterator<Item = &'a Doomed>) -> Self {
        let mut columns = Self { journals: Vec::new(), seqs: Vec::new(), hashes: Vec::new() };
        for target in doomed {
            columns.journals.push(target.journal.as_bytes());
            columns.seqs.push(number(target.seq));
            columns.hashes.push(target.hash.as_bytes());
        }
        columns
    }
}

/// Notes what a proven order names of one device.
pub(super) async fn order(mut client: Object, device: &DeviceId, doomed: &[Doomed]) -> Result<(), Failure> {
    let transaction = client.transaction().await?;
    lock(&transaction, device).await?;
    let Columns { journals, seqs, hashes } = Columns::of(doomed.iter());
    change(
        &transaction,
        "insert into ordered (device, journal, seq, hash, erased)
         select $1::bytea, u.*, false from unnest($2::bytea[], $3::bigint[], $4::bytea[]) as u on conflict do nothing",
        &[&device.as_bytes().as_slice(), &journals, &seqs, &hashes],
    )
    .await?;
    Ok(transaction.commit().await?)
}

/// Notes what the erasure stand-ins among these rows name.
pub(super) async fn note(transaction: &Transaction<'_>, run: &Run, new: &[Row]) -> Result<(), Failure> {
    let stand_ins = new.iter().filter_map(|row| row.stands_in.as_ref()).filter(|stand_in| stand_in.erases);
    let targets: Vec<&Doomed> = stand_ins.map(|stand_in| &stand_in.target).collect();
    if targets.is_empty() {
        return Ok(());
    }
    let devices: Vec<&[u8]> = targets.iter().map(|target| target.device.as_bytes().as_slice()).collect();
    let Columns { journals, seqs, hashes } = Columns::of(targets.into_iter());
    change(
        transaction,
        "insert into stand_ins (device, to_device, to_journal, to_seq, to_hash)
         select $1::bytea, u.* from unnest($2::bytea[], $3::bytea[], $4::bigint[], $5::bytea[]) as u
         on conflict do nothing",
        &[&run.place.0.as_bytes().as_slice(), &devices, &journals, &seqs, &hashes],
    )
    .await
    .map(drop)
}

/// Which of these new rows are erased already, or are an erased entry's content in a new envelope: one word each, in order.
pub(super) async fn erased(
    transaction: &Transaction<'_>,
    run: &Run,
    new: &[Row],
    hashes: &[Digest],
) -> Result<Vec<bool>, Failure> {
    let mut erased = vec![false; new.len()];
    let (device, journal) = run.place;
    let mut asked: Vec<(usize, Doomed)> = Vec::new();
    for (at, (row, hash)) in new.iter().zip(hashes).enumerate() {
        asked.push((at, Doomed { device, journal, seq: row.seq, hash: *hash }));
        let other = row.stands_in.as_ref().filter(|stand_in| !stand_in.erases);
        asked.extend(other.map(|stand_in| (at, stand_in.target)));
    }
    let devices: Vec<&[u8]> = asked.iter().map(|(_, target)| target.device.as_bytes().as_slice()).collect();
    // Of these devices only: a shard that is away must stop nobody else.
    let concerned: BTreeSet<&[u8]> = devices.iter().copied().collect();
    let concerned: Vec<&[u8]> = concerned.into_iter().collect();
    let any = "select exists (select 1 from ordered where device = any($1::bytea[]))";
    if !rows(transaction, any, &[&concerned]).await?.first().map_or(Ok(false), |row| row.try_get(0))? {
        return Ok(erased);
    }
    let Columns { journals, seqs, hashes } = Columns::of(asked.iter().map(|(_, target)| target));
    let found = rows(
        transaction,
        "select u.at from unnest($1::bigint[], $2::bytea[], $3::bytea[], $4::bigint[], $5::bytea[])
             as u (at, device, journal, seq, hash)
         join ordered o on o.device = u.device and o.journal = u.journal and o.seq = u.seq and o.hash = u.hash
         where o.erased and o.device = any($6::bytea[])",
        &[
            &asked.iter().map(|(at, _)| i64::try_from(*at).unwrap_or(i64::MAX)).collect::<Vec<_>>(),
            &devices,
            &journals,
            &seqs,
            &hashes,
            &concerned,
        ],
    )
    .await?;
    for row in found {
        let at = usize::try_from(row.try_get::<_, i64>(0)?).unwrap_or(usize::MAX);
        if let Some(word) = erased.get_mut(at) {
            *word = true;
        }
    }
    Ok(erased)
}

/// What an order and a stand-in name, and is not gone yet.
pub(super) async fn due(mut client: Object) -> Result<Vec<Due>, Failure> {
    let transaction = look(&mut client).await?;
    let found = rows(
        &transaction,
        "select o.device, o.journal, o.seq, o.hash, s.device from ordered o join stand_ins s
             on s.to_device = o.device and s.to_journal = o.journal and s.to_seq = o.seq and s.to_hash = o.hash
         where not o.erased order by 1, 2, 3, 4, 5",
        &[],
    )
    .await?;
    let due = |row: &SqlRow| -> Result<Due, Failure> {
        let target = Doomed {
            device: DeviceId::from_bytes(fixed(row, 0)?),
            journal: JournalId::from_bytes(fixed(row, 1)?),
            seq: unsigned(row.try_get(2)?)?,
            hash: Digest::from_bytes(fixed(row, 3)?),
        };
        Ok(Due { target, signer: DeviceId::from_bytes(fixed(row, 4)?) })
    };
    found.iter().map(due).collect()
}

/// Drops envelopes of one device's entries. The server keeps what was dropped in its pages until they are vacuumed and used again, and
/// in its log and whatever that was archived to: `README.md` says what a keeper does about it.
pub(super) async fn erase(mut client: Object, device: &DeviceId, doomed: &[Doomed]) -> Result<(), Failure> {
    let transaction = client.transaction().await?;
    lock(&transaction, device).await?;
    let device = device.as_bytes().as_slice();
    let Columns { journals, seqs, hashes } = Columns::of(doomed.iter());
    for sql in [
        "update ordered o set erased = true from unnest($2::bytea[], $3::bigint[], $4::bytea[]) as u (journal, seq, hash)
         where o.device = $1 and o.journal = u.journal and o.seq = u.seq and o.hash = u.hash",
        "update entries e set envelope = null, erased = true
         from unnest($2::bytea[], $3::bigint[], $4::bytea[]) as u (journal, seq, hash)
         where e.device = $1 and e.journal = u.journal and e.seq = u.seq and e.hash = u.hash",
    ] {
        change(&transaction, sql, &[&device, &journals, &seqs, &hashes]).await?;
    }
    parts::doom(&transaction, device, (&journals, &seqs, &hashes)).await?;
    // What was missing and is now erased holds nobody up.
    for place in doomed.iter().map(|target| (target.device, target.journal)).collect::<BTreeSet<_>>() {
        parts::recount(&transaction, &place).await?;
    }
    Ok(transaction.commit().await?)
}
