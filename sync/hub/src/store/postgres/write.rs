//! What is kept, one transaction each. A device's row is locked before anything of the device is read in order to be changed.

use std::collections::{BTreeMap, BTreeSet};

use amanat_keys::fingerprint::{DeviceId, Digest, JournalId};
use amanat_sync::chain::{self, Head, Verdict};
use amanat_sync::documents::Document;
use deadpool_postgres::{Object, Transaction};
use tokio_postgres::Row as SqlRow;
use tokio_postgres::types::ToSql;

use super::super::{Accepted, KeptCheckpoint, Row, Run, StoreFault};
use super::fault::Failure;
use super::read::{fixed, number, unsigned};
use super::{erase, grants, parts};
use crate::limits::EVIDENCE_PER_DEVICE;

type Values<'a> = &'a [&'a (dyn ToSql + Sync)];

pub(super) async fn rows(transaction: &Transaction<'_>, sql: &str, values: Values<'_>) -> Result<Vec<SqlRow>, Failure> {
    let statement = transaction.prepare_cached(sql).await?;
    Ok(transaction.query(&statement, values).await?)
}

pub(super) async fn change(transaction: &Transaction<'_>, sql: &str, values: Values<'_>) -> Result<u64, Failure> {
    let statement = transaction.prepare_cached(sql).await?;
    Ok(transaction.execute(&statement, values).await?)
}

/// From here to the end of the transaction nobody else changes anything of this device.
pub(super) async fn lock(transaction: &Transaction<'_>, device: &DeviceId) -> Result<(), Failure> {
    let device = device.as_bytes().as_slice();
    let turn = "update devices set turns = turns + 1 where device = $1";
    if change(transaction, turn, &[&device]).await? == 0 {
        let first = "insert into devices (device, turns) values ($1, 1) on conflict do nothing";
        if change(transaction, first, &[&device]).await? == 0 {
            change(transaction, turn, &[&device]).await?;
        }
    }
    Ok(())
}

/// How a journal stands: its head, how far it is complete, and whether it has a row yet.
#[derive(Debug, Clone, Copy)]
struct Standing {
    head: Head,
    complete: u64,
    kept: bool,
}

/// One device's runs in one transaction; their answers in the same order, and whether grants into others' journals are owed.
pub(super) async fn accept(
    mut client: Object,
    device: &DeviceId,
    runs: &[Run],
) -> Result<(Vec<Accepted>, bool), Failure> {
    let transaction = client.transaction().await?;
    lock(&transaction, device).await?;
    let mut standings = standings(&transaction, device, runs).await?;
    let mut answers = Vec::with_capacity(runs.len());
    for run in runs {
        let unknown = Standing { head: Head { seq: 0, link: run.root }, complete: 0, kept: false };
        let standing = standings.entry(run.place.1).or_insert(unknown);
        let verdict = accept_run(&transaction, run, standing).await?;
        let Standing { head, complete, .. } = *standing;
        answers.push(Accepted { place: run.place, verdict, head, complete });
    }
    let owes = grants::owes(&transaction, device).await?;
    transaction.commit().await?;
    Ok((answers, owes))
}

async fn standings(
    transaction: &Transaction<'_>,
    device: &DeviceId,
    runs: &[Run],
) -> Result<BTreeMap<JournalId, Standing>, Failure> {
    let journals: BTreeSet<&[u8]> = runs.iter().map(|run| run.place.1.as_bytes().as_slice()).collect();
    let found = rows(
        transaction,
        "select journal, seq, link, complete from heads where device = $1 and journal = any($2)",
        &[&device.as_bytes().as_slice(), &journals.into_iter().collect::<Vec<_>>()],
    )
    .await?;
    let standing = |row: &SqlRow| -> Result<_, Failure> {
        let head = Head { seq: unsigned(row.try_get(1)?)?, link: Digest::from_bytes(fixed(row, 2)?) };
        let complete = unsigned(row.try_get(3)?)?;
        Ok((JournalId::from_bytes(fixed(row, 0)?), Standing { head, complete, kept: true }))
    };
    found.iter().map(standing).collect()
}

async fn accept_run(transaction: &Transaction<'_>, run: &Run, standing: &mut Standing) -> Result<Verdict, Failure> {
    let head = standing.head;
    let ours = match chain::common(&head, &run.stretch) {
        Some(at) if at < head.seq => Some(link_of(transaction, run, at).await?),
        _ => None,
    };
    let verdict = chain::judge(&head, ours, &run.stretch);
    match &verdict {
        Verdict::Accepted { held, head: after } => {
            let (old, new) = run.rows.split_at(usize::try_from(*held).unwrap_or(usize::MAX).min(run.rows.len()));
            fill(transaction, run, old).await?;
            insert(transaction, run, new).await?;
            grants::note(transaction, run, new).await?;
            store_head(transaction, run, after, standing).await?;
        }
        Verdict::AlreadyHeld { .. } if !run.rows.is_empty() => {
            fill(transaction, run, &run.rows).await?;
            store_head(transaction, run, &head, standing).await?;
        }
        Verdict::AlreadyHeld { .. } | Verdict::Gap { .. } => {}
        Verdict::Fork { .. } => keep_evidence(transaction, run).await?,
    }
    Ok(verdict)
}

async fn link_of(transaction: &Transaction<'_>, run: &Run, at: u64) -> Result<Digest, Failure> {
    if at == 0 {
        return Ok(run.root);
    }
    let (device, journal) = ids(run);
    let found = rows(
        transaction,
        "select link from entries where device = $1 and journal = $2 and seq = $3",
        &[&device, &journal, &number(at)],
    )
    .await?;
    let row = found.first().ok_or(StoreFault::Damaged("a head without its entry"))?;
    Ok(Digest::from_bytes(fixed(row, 0)?))
}

async fn insert(transaction: &Transaction<'_>, run: &Run, new: &[Row]) -> Result<(), Failure> {
    let (device, journal) = ids(run);
    let skipped = run.rows.len().saturating_sub(new.len()).min(run.stretch.hashes.len());
    let (known, hashes) = run.stretch.hashes.split_at(skipped);
    let mut link = known.iter().fold(run.stretch.before, |at, hash| chain::link(&at, hash));
    let links: Vec<Digest> = hashes
        .iter()
        .map(|hash| {
            link = chain::link(&link, hash);
            link
        })
        .collect();
    let erased = erase::erased(transaction, run, new, hashes).await?;
    let envelope = |(row, erased): (&Row, &bool)| if *erased { None } else { row.envelope.clone() };
    let inserted = change(
        transaction,
        "insert into entries (device, journal, seq, hash, link, slip, header, signature, envelope, erased)
         select $1::bytea, $2::bytea, u.* from unnest(
             $3::bigint[], $4::bytea[], $5::bytea[], $6::bigint[], $7::bytea[], $8::bytea[], $9::bytea[], $10::bool[]) as u
         on conflict do nothing",
        &[
            &device,
            &journal,
            &new.iter().map(|row| number(row.seq)).collect::<Vec<_>>(),
            &hashes.iter().map(|hash| hash.as_bytes().as_slice()).collect::<Vec<_>>(),
            &links.iter().map(|link| link.as_bytes().as_slice()).collect::<Vec<_>>(),
            &new.iter().map(|row| number(row.slip)).collect::<Vec<_>>(),
            &new.iter().map(|row| row.header.as_slice()).collect::<Vec<_>>(),
            &new.iter().map(|row| row.signature.as_slice()).collect::<Vec<_>>(),
            &new.iter().zip(&erased).map(envelope).collect::<Vec<_>>(),
            &erased,
        ],
    )
    .await?;
    erase::note(transaction, run, new).await?;
    parts::note(transaction, run, new, &erased).await?;
    parts::let_go(transaction, run, new).await?;
    // The head said that these places are free, and nobody else may take them now.
    if usize::try_from(inserted) == Ok(new.len()) {
        Ok(())
    } else {
        Err(StoreFault::Damaged("an entry above its head").into())
    }
}

/// Gives entries that came without their envelope the one that comes now.
async fn fill(transaction: &Transaction<'_>, run: &Run, rows: &[Row]) -> Result<(), Failure> {
    let (seqs, envelopes): (Vec<i64>, Vec<&[u8]>) =
        rows.iter().filter_map(|row| Some((number(row.seq), row.envelope.as_deref()?))).unzip();
    if seqs.is_empty() {
        return Ok(());
    }
    let (device, journal) = ids(run);
    change(
        transaction,
        "update entries e set envelope = u.envelope from unnest($3::bigint[], $4::bytea[]) as u (seq, envelope)
         where e.device = $1 and e.journal = $2 and e.seq = u.seq and (e.envelope is null or octet_length(e.envelope) = 0) and not e.erased",
        &[&device, &journal, &seqs, &envelopes],
    )
    .await?;
    parts::let_go(transaction, run, rows).await
}

async fn store_head(
    transaction: &Transaction<'_>,
    run: &Run,
    head: &Head,
    standing: &mut Standing,
) -> Result<(), Failure> {
    let (device, journal) = ids(run);
    let has_all = |row: &Row| row.envelope.is_some() && row.parts.is_empty();
    let whole = standing.complete == standing.head.seq && run.rows.iter().all(has_all);
    let first_missing = if whole { None } else { parts::first_missing(transaction, &run.place).await? };
    let complete = first_missing.unwrap_or(head.seq);
    let statement = if standing.kept {
        "update heads set seq = $3, link = $4, complete = $5 where device = $1 and journal = $2"
    } else {
        "insert into heads (device, journal, seq, link, complete) values ($1, $2, $3, $4, $5)"
    };
    let link = head.link.as_bytes().as_slice();
    let stored =
        change(transaction, statement, &[&device, &journal, &number(head.seq), &link, &number(complete)]).await?;
    if stored != 1 {
        return Err(StoreFault::Damaged("a head that was there a moment ago").into());
    }
    *standing = Standing { head: *head, complete, kept: true };
    Ok(())
}

/// Both sides of a fork are kept: ours stands in `entries`, the other's here, up to a number that cannot fill a disk.
async fn keep_evidence(transaction: &Transaction<'_>, run: &Run) -> Result<(), Failure> {
    let (device, journal) = ids(run);
    let seqs: Vec<i64> = run.rows.iter().map(|row| number(row.seq)).collect();
    let counted = rows(transaction, "select count(*) from evidence where device = $1", &[&device]).await?;
    let counted: i64 = counted.first().map_or(Ok(0), |row| row.try_get(0))?;
    let room = i64::from(EVIDENCE_PER_DEVICE).saturating_sub(counted);
    let mut known: BTreeSet<(i64, [u8; 32])> = BTreeSet::new();
    for sql in [
        "select seq, hash from entries where device = $1 and journal = $2 and seq = any($3)",
        "select seq, hash from evidence where device = $1 and journal = $2 and seq = any($3)",
    ] {
        for row in rows(transaction, sql, &[&device, &journal, &seqs]).await? {
            known.insert((row.try_get(0)?, fixed(&row, 1)?));
        }
    }
    let others: Vec<(&Row, &Digest)> = run
        .rows
        .iter()
        .zip(&run.stretch.hashes)
        .filter(|(row, hash)| !known.contains(&(number(row.seq), *hash.as_bytes())))
        .take(usize::try_from(room).unwrap_or(0))
        .collect();
    change(
        transaction,
        "insert into evidence (device, journal, seq, hash, header, signature)
         select $1::bytea, $2::bytea, u.* from unnest($3::bigint[], $4::bytea[], $5::bytea[], $6::bytea[]) as u
         on conflict do nothing",
        &[
            &device,
            &journal,
            &others.iter().map(|(row, _)| number(row.seq)).collect::<Vec<_>>(),
            &others.iter().map(|(_, hash)| hash.as_bytes().as_slice()).collect::<Vec<_>>(),
            &others.iter().map(|(row, _)| row.header.as_slice()).collect::<Vec<_>>(),
            &others.iter().map(|(row, _)| row.signature.as_slice()).collect::<Vec<_>>(),
        ],
    )
    .await
    .map(drop)
}

fn ids(run: &Run) -> (&[u8], &[u8]) {
    (run.place.0.as_bytes().as_slice(), run.place.1.as_bytes().as_slice())
}

pub(super) async fn keep_checkpoint(mut client: Object, checkpoint: &KeptCheckpoint) -> Result<(), Failure> {
    let (epoch, n) = (number(checkpoint.epoch), number(checkpoint.number));
    let transaction = client.transaction().await?;
    change(
        &transaction,
        "insert into checkpoints (epoch, number, statement) values ($1, $2, $3) on conflict do nothing",
        &[&epoch, &n, &checkpoint.statement],
    )
    .await?;
    let held =
        rows(&transaction, "select statement from checkpoints where epoch = $1 and number = $2", &[&epoch, &n]).await?;
    let held: &[u8] = held.first().map_or(Ok(&[][..]), |row| row.try_get(0))?;
    if held != checkpoint.statement {
        return Err(StoreFault::Damaged("two checkpoints of one number").into());
    }
    Ok(transaction.commit().await?)
}

pub(super) async fn keep_document(mut client: Object, document: &Document) -> Result<bool, Failure> {
    let Document { kind, about, version, bytes } = document;
    let history = kind.keeps_history();
    let (kind, about, version) = (number(kind.number()), about.as_bytes().as_slice(), number(*version));
    let transaction = client.transaction().await?;
    if !history {
        let newer = "select 1 from documents where kind = $1 and about = $2 and version > $3 limit 1";
        if !rows(&transaction, newer, &[&kind, &about, &version]).await?.is_empty() {
            return Ok(true);
        }
        // Where two come at once the older may outlast this; nobody is given it, and the next one takes it along.
        let older = "delete from documents where kind = $1 and about = $2 and version < $3";
        change(&transaction, older, &[&kind, &about, &version]).await?;
    }
    change(
        &transaction,
        "insert into documents (kind, about, version, statement) values ($1, $2, $3, $4) on conflict do nothing",
        &[&kind, &about, &version, bytes],
    )
    .await?;
    let held = rows(
        &transaction,
        "select statement from documents where kind = $1 and about = $2 and version = $3",
        &[&kind, &about, &version],
    )
    .await?;
    let held: &[u8] = held.first().map_or(Ok(&[][..]), |row| row.try_get(0))?;
    let same = held == bytes.as_slice();
    transaction.commit().await?;
    Ok(same)
}
