//! The hub on PostgreSQL: how fast it takes entries over loopback, and its store's step alone beside the bare statement.
//!
//! `cargo bench -p amanat-hub --bench store`. The bench starts a server of its own (its own settings, `fsync` on). Hub and courier in one
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

use std::sync::Arc;
use std::time::Instant;

use amanat_hub::serve;
use amanat_hub::store::{HubStore, PostgresAddress, PostgresStore, Row, Run};
use amanat_keys::fingerprint::Digest;
use amanat_sync::chain::{Stretch, Verdict};
use amanat_sync::entry::SealedEntry;

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
    step_alone(&cluster, &story);
}

fn address(cluster: &Cluster) -> PostgresAddress {
    PostgresAddress::read(&cluster.database(), Some(&cluster.password_file())).unwrap()
}

/// The store's step by itself, one device after another, beside the statement that puts the same rows into one table.
fn step_alone(cluster: &Cluster, story: &[SealedEntry]) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (mut step, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        step.push(runtime.block_on(through_the_store(cluster, story)));
        bare.push(runtime.block_on(bare_statement(cluster, story)));
    }
    let beside = Some(("insert … select unnest … on conflict do nothing alone, as many rows a commit", rate(bare)));
    let what = "the store's step on PostgreSQL alone: judged, kept, reach and head moved, 1 000 entries a commit";
    Figure { what, unit: "entries/s", spread: rate(step), yardstick: beside, goal: Goal::RatioAtLeast(0.6) }.print();
}

async fn through_the_store(cluster: &Cluster, story: &[SealedEntry]) -> f64 {
    let store = PostgresStore::open(&address(cluster)).await.unwrap();
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
