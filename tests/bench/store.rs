//! The hub on PostgreSQL: how fast it takes entries over loopback. And the step of each store alone beside the bare statement, which puts the
//! same rows into one table and judges nothing.
//!
//! `cargo bench -p amanat-hub --bench store -- [--step]`; with `--step` the stores' steps alone. The bench starts a server of its own (its own settings, `fsync` on). Hub and courier in one
//! process, on as many cores as there are; made-up envelopes of 700 bytes; each figure is the median of five runs with its quartiles.
//! The yardstick of the same run is one core that only checks the same signatures.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a bench measures, prints and may stop"
)]
#![allow(dead_code, clippy::panic, reason = "the tests' support offers more than a bench needs")]

mod figure;

#[path = "../../sync/hub/src/store/postgres/cluster.rs"]
mod cluster;
#[path = "../../sync/hub/tests/hub/support.rs"]
mod support;
mod work;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use amanat_hub::serve;
use amanat_hub::store::{HubStore, PostgresAddress, PostgresStore, Row, Run, SqliteStore};
use amanat_keys::fingerprint::Digest;
use amanat_sync::chain::{Stretch, Verdict};
use amanat_sync::entry::SealedEntry;
use rusqlite::{Connection, params};

use cluster::Cluster;
use figure::{Figure, Goal};
use support::Agency;
use work::{ENTRIES, ENVELOPE, RUNS, rate, there_and_back, written};

/// Entries of one statement where the store's step is measured alone.
const STEP: usize = 1_000;

fn main() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let cluster = Cluster::in_earnest();
    let story = written(&agency);
    if std::env::args().any(|word| word == "--step") {
        return steps_alone(&cluster, &story);
    }
    println!("{ENTRIES} entries, envelopes of {ENVELOPE} bytes, {RUNS} runs, cold hub each, journal in memory");
    let (mut pushed, mut pulled, mut checked) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let (push, pull) = once(&agency, &story, &cluster);
        pushed.push(push);
        pulled.push(pull);
        checked.push(work::checked(&agency, &story));
    }
    let beside = Some(("verify_strict alone, one core", rate(checked)));
    for (what, seconds, goal) in [
        ("push of a full journal held in memory, hub in the same process", pushed, Goal::AtLeast(8_000.0)),
        ("pull of the same by a reader, every signature checked, nothing opened", pulled, Goal::None),
    ] {
        let what = &format!("{what}, hub on PostgreSQL");
        Figure { what, unit: "entries/s", spread: rate(seconds), yardstick: beside, goal }.print();
    }
    steps_alone(&cluster, &story);
}

fn address(cluster: &Cluster) -> PostgresAddress {
    PostgresAddress::read(&cluster.database(), Some(&cluster.password_file())).unwrap()
}

/// The step of each store by itself, beside the statement that puts the same rows into one table.
fn steps_alone(cluster: &Cluster, story: &[SealedEntry]) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (mut step, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let store = runtime.block_on(PostgresStore::open(&address(cluster))).unwrap();
        step.push(runtime.block_on(through_the_store(&store, story)));
        bare.push(runtime.block_on(bare_statement(cluster, story)));
    }
    step_alone(
        "PostgreSQL",
        step,
        ("insert … select unnest … on conflict do nothing alone, as many rows a commit", bare),
    );
    let (mut step, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("store")).unwrap();
        step.push(runtime.block_on(through_the_store(&store, story)));
        bare.push(bare_file(&folder.path().join("bare"), story));
    }
    step_alone("SQLite", step, ("insert … on conflict do nothing alone, WAL, FULL, as many rows a commit", bare));
}

fn step_alone(store: &str, step: Vec<f64>, (beside, bare): (&str, Vec<f64>)) {
    let what = format!("the store's step on {store} alone: judged, kept, reach and head moved, 1 000 entries a commit");
    let beside = Some((beside, rate(bare)));
    let goal = Goal::RatioAtLeast(0.6);
    Figure { what: &what, unit: "entries/s", spread: rate(step), yardstick: beside, goal }.print();
}

async fn through_the_store(store: &dyn HubStore, story: &[SealedEntry]) -> f64 {
    let runs: Vec<Run> = story.chunks(STEP).map(as_run).collect();
    let began = Instant::now();
    for run in runs {
        let answer = store.accept(vec![run]).await.unwrap().pop().unwrap();
        assert!(matches!(answer.verdict, Verdict::Accepted { held: 0, .. }));
    }
    began.elapsed().as_secs_f64()
}

fn as_run(entries: &[SealedEntry]) -> Run {
    let first = &entries[0].header;
    let hashes: Vec<Digest> = entries.iter().map(SealedEntry::hash).collect();
    let row = |entry: &SealedEntry| Row {
        seq: entry.header.seq,
        slip: (entry.header.seq - 1) / 100 * 100 + 1,
        readers: Vec::new(),
        stands_in: None,
        header: entry.bytes.clone(),
        signature: entry.signature,
        envelope: entry.envelope.clone(),
        parts: entry.header.parts.clone(),
    };
    let place = (first.device, first.journal);
    let root = amanat_sync::chain::link0(&first.agency, &place.0, &place.1);
    Run {
        place,
        root,
        stretch: Stretch { first: first.seq, before: first.prev, hashes },
        rows: entries.iter().map(row).collect(),
    }
}

fn bare_file(path: &Path, story: &[SealedEntry]) -> f64 {
    let mut file = Connection::open(path).unwrap();
    file.execute_batch(
        "pragma journal_mode=wal; pragma synchronous=full;
         create table bare (device blob not null, journal blob not null, seq integer not null, hash blob not null, link blob not null,
             slip integer not null, header blob not null, signature blob not null, envelope blob, primary key (device, journal, seq)) strict",
    )
    .unwrap();
    let (device, journal) = (story[0].header.device, story[0].header.journal);
    let hashes: Vec<Digest> = story.iter().map(SealedEntry::hash).collect();
    let insert = "insert into bare values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) on conflict do nothing";
    let began = Instant::now();
    for (entries, hashes) in story.chunks(STEP).zip(hashes.chunks(STEP)) {
        let kept = file.transaction().unwrap();
        let mut insert = kept.prepare_cached(insert).unwrap();
        for (entry, hash) in entries.iter().zip(hashes) {
            let (seq, hash) = (i64::try_from(entry.header.seq).unwrap(), hash.as_bytes());
            let (device, journal) = (device.as_bytes(), journal.as_bytes());
            let row = params![device, journal, seq, hash, hash, seq, entry.bytes, entry.signature, entry.envelope];
            assert_eq!(insert.execute(row).unwrap(), 1);
        }
        drop(insert);
        kept.commit().unwrap();
    }
    began.elapsed().as_secs_f64()
}

async fn bare_statement(cluster: &Cluster, story: &[SealedEntry]) -> f64 {
    let url = cluster.database();
    cluster.psql(
        &url,
        "create table bare (device bytea, journal bytea, seq bigint, hash bytea, link bytea, slip bigint, header bytea, signature bytea,
             envelope bytea, primary key (device, journal, seq));
         alter table bare alter column envelope set storage external",
    );
    let mut config: tokio_postgres::Config = url.parse().unwrap();
    config.password(cluster::PASSWORD);
    let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
    let link = tokio::spawn(connection);
    let insert = "insert into bare select $1::bytea, $2::bytea, u.* from unnest($3::bigint[], $4::bytea[], $5::bytea[],
         $6::bigint[], $7::bytea[], $8::bytea[], $9::bytea[]) as u on conflict do nothing";
    let insert = client.prepare(insert).await.unwrap();
    let (device, journal) = (story[0].header.device, story[0].header.journal);
    let hashes: Vec<Digest> = story.iter().map(SealedEntry::hash).collect();
    let began = Instant::now();
    for (entries, hashes) in story.chunks(STEP).zip(hashes.chunks(STEP)) {
        let seqs: Vec<i64> = entries.iter().map(|entry| i64::try_from(entry.header.seq).unwrap()).collect();
        let hashes: Vec<&[u8]> = hashes.iter().map(|hash| hash.as_bytes().as_slice()).collect();
        let headers: Vec<&[u8]> = entries.iter().map(|entry| entry.bytes.as_slice()).collect();
        let signatures: Vec<&[u8]> = entries.iter().map(|entry| entry.signature.as_slice()).collect();
        let envelopes: Vec<Option<&[u8]>> = entries.iter().map(|entry| entry.envelope.as_deref()).collect();
        let (device, journal) = (device.as_bytes().as_slice(), journal.as_bytes().as_slice());
        let kept = client
            .execute(&insert, &[&device, &journal, &seqs, &hashes, &hashes, &seqs, &headers, &signatures, &envelopes])
            .await;
        assert_eq!(kept.unwrap(), u64::try_from(entries.len()).unwrap());
    }
    let took = began.elapsed().as_secs_f64();
    drop(client);
    link.await.unwrap().unwrap();
    took
}

/// Seconds to push all and to pull all.
fn once(agency: &Agency, story: &[SealedEntry], cluster: &Cluster) -> (f64, f64) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let serving = runtime.block_on(async {
        let store = Arc::new(PostgresStore::open(&address(cluster)).await.unwrap());
        serve::start(agency.open(store).await, "127.0.0.1:0".parse().unwrap(), None).await.unwrap()
    });
    let url = format!("http://{}", serving.address);
    let took = there_and_back(agency, story, &url);
    runtime.block_on(serving.drain()).unwrap();
    took
}
