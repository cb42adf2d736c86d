//! Who may read how far: grants, what they open, and those that an entry makes into another device's journal.

use std::collections::BTreeMap;

use amanat_keys::fingerprint::DeviceId;
use deadpool_postgres::{Object, Transaction};

use super::super::{Grant, ReaderId, Row, Run};
use super::fault::Failure;
use super::read::{fixed, number};
use super::write::{change, lock, rows};

/// Notes the grants that new entries make: within the device's own journals at once, into another device's as a debt.
pub(super) async fn note(transaction: &Transaction<'_>, run: &Run, new: &[Row]) -> Result<(), Failure> {
    let grants = || new.iter().flat_map(|row| &row.readers);
    let (own, foreign): (Vec<&Grant>, Vec<&Grant>) = grants().partition(|grant| grant.place.0 == run.place.0);
    if !own.is_empty() {
        insert(transaction, &run.place.0, &own).await?;
    }
    let elsewhere: Vec<&Grant> = own.into_iter().filter(|grant| grant.place != run.place).collect();
    if !elsewhere.is_empty() {
        open(transaction, &run.place.0, &elsewhere).await?;
    }
    if !foreign.is_empty() {
        change(
            transaction,
            "insert into owed (device, to_device, to_journal, slip, reader)
             select $1::bytea, u.* from unnest($2::bytea[], $3::bytea[], $4::bigint[], $5::bytea[]) as u
             on conflict do nothing",
            &[
                &run.place.0.as_bytes().as_slice(),
                &foreign.iter().map(|grant| grant.place.0.as_bytes().as_slice()).collect::<Vec<_>>(),
                &journals(&foreign),
                &slips(&foreign),
                &readers(&foreign),
            ],
        )
        .await?;
    }
    extend(transaction, run, new).await
}

/// What new entries of a run add to the reach of those who may read under their slips.
async fn extend(transaction: &Transaction<'_>, run: &Run, new: &[Row]) -> Result<(), Failure> {
    let (device, journal) = &run.place;
    let newest_of_slip: BTreeMap<i64, u64> = new.iter().map(|row| (number(row.slip), row.seq)).collect();
    let found = rows(
        transaction,
        "select slip, reader from readers where device = $1 and journal = $2 and slip = any($3)",
        &[
            &device.as_bytes().as_slice(),
            &journal.as_bytes().as_slice(),
            &newest_of_slip.keys().copied().collect::<Vec<_>>(),
        ],
    )
    .await?;
    let mut reach: BTreeMap<([u8; 16], ReaderId), i64> = BTreeMap::new();
    for row in found {
        let last = newest_of_slip.get(&row.try_get(0)?).copied().unwrap_or(0);
        let farthest = reach.entry((*journal.as_bytes(), fixed(&row, 1)?)).or_default();
        *farthest = number(last).max(*farthest);
    }
    raise(transaction, device, &reach).await
}

pub(super) async fn insert(transaction: &Transaction<'_>, device: &DeviceId, grants: &[&Grant]) -> Result<(), Failure> {
    // The same reader twice is one grant; nothing is told by a second.
    change(
        transaction,
        "insert into readers (device, journal, slip, reader)
         select $1::bytea, u.* from unnest($2::bytea[], $3::bigint[], $4::bytea[]) as u on conflict do nothing",
        &[&device.as_bytes().as_slice(), &journals(grants), &slips(grants), &readers(grants)],
    )
    .await
    .map(drop)
}

/// A grant into another journal opens what already stands there; what comes later extends the reach itself.
pub(super) async fn open(transaction: &Transaction<'_>, device: &DeviceId, grants: &[&Grant]) -> Result<(), Failure> {
    let found = rows(
        transaction,
        "select journal, seq from heads where device = $1 and journal = any($2)",
        &[&device.as_bytes().as_slice(), &journals(grants)],
    )
    .await?;
    let mut heads: BTreeMap<[u8; 16], i64> = BTreeMap::new();
    for row in found {
        heads.insert(fixed(&row, 0)?, row.try_get(1)?);
    }
    let opened = grants.iter().filter_map(|grant| {
        let journal = *grant.place.1.as_bytes();
        Some(((journal, grant.reader), *heads.get(&journal)?))
    });
    raise(transaction, device, &opened.collect()).await
}

/// Lets each reader reach at least so far into each of a device's journals.
async fn raise(
    transaction: &Transaction<'_>,
    device: &DeviceId,
    reach: &BTreeMap<([u8; 16], ReaderId), i64>,
) -> Result<(), Failure> {
    if reach.is_empty() {
        return Ok(());
    }
    let device = device.as_bytes().as_slice();
    let journals: Vec<&[u8]> = reach.keys().map(|(journal, _)| journal.as_slice()).collect();
    let readers: Vec<&[u8]> = reach.keys().map(|(_, reader)| reader.as_slice()).collect();
    let lasts: Vec<i64> = reach.values().copied().collect();
    let raised = change(
        transaction,
        "update reach r set last = greatest(r.last, u.last)
         from unnest($2::bytea[], $3::bytea[], $4::bigint[]) as u (journal, reader, last)
         where r.device = $1 and r.journal = u.journal and r.reader = u.reader",
        &[&device, &journals, &readers, &lasts],
    )
    .await?;
    if usize::try_from(raised) != Ok(reach.len()) {
        change(
            transaction,
            "insert into reach (device, journal, reader, last)
             select $1::bytea, u.* from unnest($2::bytea[], $3::bytea[], $4::bigint[]) as u on conflict do nothing",
            &[&device, &journals, &readers, &lasts],
        )
        .await?;
    }
    Ok(())
}

/// Whether entries of a device made grants that are not made yet where they lead.
pub(super) async fn owes(transaction: &Transaction<'_>, device: &DeviceId) -> Result<bool, Failure> {
    let found =
        rows(transaction, "select 1 from owed where device = $1 limit 1", &[&device.as_bytes().as_slice()]).await?;
    Ok(!found.is_empty())
}

/// Every device that owes something: a hub was stopped between two transactions.
pub(super) async fn debtors(client: Object) -> Result<Vec<DeviceId>, Failure> {
    let found = client.query("select distinct device from owed", &[]).await?;
    found.iter().map(|row| Ok(DeviceId::from_bytes(fixed(row, 0)?))).collect()
}

/// Makes a device's grants where they lead, each other device's in a transaction of its own, and then forgets them. To be stopped
/// anywhere and begun again is harmless.
pub(super) async fn pay(mut client: Object, device: &DeviceId) -> Result<(), Failure> {
    let device = device.as_bytes().as_slice();
    let found =
        client.query("select to_device, to_journal, slip, reader from owed where device = $1", &[&device]).await?;
    let mut owed: BTreeMap<DeviceId, Vec<Grant>> = BTreeMap::new();
    for row in &found {
        let to = DeviceId::from_bytes(fixed(row, 0)?);
        let place = (to, amanat_keys::fingerprint::JournalId::from_bytes(fixed(row, 1)?));
        let grant = Grant { reader: fixed(row, 3)?, place, slip: super::read::unsigned(row.try_get(2)?)? };
        owed.entry(to).or_default().push(grant);
    }
    for (to, grants) in &owed {
        let grants: Vec<&Grant> = grants.iter().collect();
        let transaction = client.transaction().await?;
        lock(&transaction, to).await?;
        insert(&transaction, to, &grants).await?;
        open(&transaction, to, &grants).await?;
        transaction.commit().await?;
        client
            .execute(
                "delete from owed o using unnest($3::bytea[], $4::bigint[], $5::bytea[]) as u (journal, slip, reader)
                 where o.device = $1 and o.to_device = $2
                   and o.to_journal = u.journal and o.slip = u.slip and o.reader = u.reader",
                &[&device, &to.as_bytes().as_slice(), &journals(&grants), &slips(&grants), &readers(&grants)],
            )
            .await?;
    }
    Ok(())
}

fn journals<'a>(grants: &[&'a Grant]) -> Vec<&'a [u8]> {
    grants.iter().map(|grant| grant.place.1.as_bytes().as_slice()).collect()
}

fn slips(grants: &[&Grant]) -> Vec<i64> {
    grants.iter().map(|grant| number(grant.slip)).collect()
}

fn readers<'a>(grants: &[&'a Grant]) -> Vec<&'a [u8]> {
    grants.iter().map(|grant| grant.reader.as_slice()).collect()
}
