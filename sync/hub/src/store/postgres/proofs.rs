//! What only a server can do to a store: be newer, be half made, refuse, go away, crash, come back. What every store does is proved in
//! `conformance`.
#![expect(clippy::disallowed_methods, reason = "devices that push at once need threads")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};

use amanat_sync::chain::Verdict;
use tokio::runtime::Runtime;

use super::super::conformance::{accept, place, run, served, sought};
use super::super::{Grant, HubStore as _, Page, Place, ReaderId, StoreFault};
use super::{Cluster, PostgresAddress, PostgresStore};

/// A new database in the tests' own server.
pub(in crate::store) async fn in_a_server() -> (Arc<Cluster>, PostgresStore) {
    let cluster = Cluster::shared();
    let store = PostgresStore::open(&address(&cluster, &cluster.database())).await.unwrap();
    (cluster, store)
}

fn address(cluster: &Cluster, url: &str) -> PostgresAddress {
    PostgresAddress::read(url, Some(&cluster.password_file())).unwrap()
}

#[tokio::test]
async fn a_server_is_told_of_a_newer_schema_and_of_one_applied_by_half() {
    let cluster = Cluster::shared();
    let url = cluster.database();
    let address = address(&cluster, &url);
    let store = PostgresStore::open(&address).await.unwrap();
    let answer = accept(&store, run(place(1), 1, 10, "true")).await;
    drop(store);
    let store = PostgresStore::open(&address).await.unwrap();
    assert_eq!(store.ledger().await.unwrap().heads, BTreeMap::from([(place(1), answer.head)]));
    drop(store);
    cluster.psql(&url, "insert into amanat_schema (step) values (99)");
    let newer = PostgresStore::open(&address).await;
    assert!(matches!(newer, Err(StoreFault::TooNew { found: 99, known: 2 })), "{newer:?}");
    cluster.psql(&url, "delete from amanat_schema where step = 99; alter table evidence rename to other");
    let half = PostgresStore::open(&address).await;
    assert!(matches!(half, Err(StoreFault::HalfApplied { step: 1 })), "{half:?}");
    cluster.psql(&url, "alter table other rename to evidence; delete from amanat_schema");
    let unmarked = PostgresStore::open(&address).await;
    assert!(matches!(unmarked, Err(StoreFault::HalfApplied { step: 1 })), "{unmarked:?}");
    cluster.psql(&url, "insert into amanat_schema (step) values (1), (2)");
    PostgresStore::open(&address).await.unwrap();
}

#[tokio::test]
async fn what_a_stopped_hub_owed_is_paid_when_it_starts_and_when_it_is_pushed_again() {
    let cluster = Cluster::shared();
    let url = cluster.database();
    let address = address(&cluster, &url);
    let store = PostgresStore::open(&address).await.unwrap();
    accept(&store, run(place(12), 1, 10, "true")).await;
    let newcomer: ReaderId = [77; 32];
    let mut grant = run(place(13), 1, 1, "true");
    grant.rows[0].readers = vec![Grant { reader: newcomer, place: place(12), slip: 1 }];
    accept(&store, grant.clone()).await;
    let ten: Vec<(Place, u64)> = (1..=10).map(|seq| (place(12), seq)).collect();
    let hex = |bytes: &[u8]| bytes.iter().fold(String::from("\\x"), |text, byte| format!("{text}{byte:02x}"));
    let (owing, to, journal, reader) = (hex(&[13; 32]), hex(&[12; 32]), hex(&[12; 16]), hex(&newcomer));
    // As if the hub had been killed between keeping the entry and paying what it owed.
    let undone = format!(
        "delete from readers where reader = '{reader}'; delete from reach where reader = '{reader}';
         insert into owed values ('{owing}', '{to}', '{journal}', 1, '{reader}')"
    );
    cluster.psql(&url, &undone);
    assert_eq!(store.page(sought(99, vec![newcomer])).await.unwrap(), Page::default());
    assert!(matches!(accept(&store, grant).await.verdict, Verdict::AlreadyHeld { .. }));
    assert_eq!(served(&store.page(sought(99, vec![newcomer])).await.unwrap(), "true"), ten);
    assert_eq!(cluster.psql(&url, "select count(*) from owed"), "0\n");
    drop(store);
    cluster.psql(&url, &undone);
    let store = PostgresStore::open(&address).await.unwrap();
    assert_eq!(served(&store.page(sought(99, vec![newcomer])).await.unwrap(), "true"), ten);
    assert_eq!(cluster.psql(&url, "select count(*) from owed"), "0\n");
}

#[tokio::test]
async fn a_server_that_refuses_is_told_at_once_and_without_the_password() {
    let cluster = Cluster::shared();
    let url = cluster.database();
    let folder = tempfile::tempdir().unwrap();
    let wrong = folder.path().join("pgpass");
    std::fs::copy(cluster.password_file(), &wrong).unwrap();
    std::fs::write(&wrong, "*:*:*:*:another word\n").unwrap();
    let refused = PostgresStore::open(&PostgresAddress::read(&url, Some(&wrong)).unwrap()).await.unwrap_err();
    let told = format!("{refused:?} {refused}");
    assert!(told.contains("28P01") && !told.contains("another word"), "{told}");
    let nowhere = format!("postgres://hub@/nowhere?{}", url.split_once('?').unwrap().1);
    let refused = PostgresStore::open(&address(&cluster, &nowhere)).await.unwrap_err();
    assert!(format!("{refused:?}").contains("3D000"), "{refused:?}");
}

/// Four devices push as fast as they can while their server crashes and comes back, three times: each answer that was given holds.
#[test]
fn what_was_answered_outlives_a_server_that_crashes_in_the_middle() {
    let runtime = Runtime::new().unwrap();
    let cluster = Cluster::shared();
    let address = address(&cluster, &cluster.database());
    let store = Arc::new(runtime.block_on(PostgresStore::open(&address)).unwrap());
    let (enough, (tell, told)) = (Arc::new(AtomicBool::new(false)), channel());
    let threads: Vec<_> = (1..=4_u8)
        .map(|n| {
            let (store, runtime, enough) = (Arc::clone(&store), runtime.handle().clone(), Arc::clone(&enough));
            let tell = tell.clone();
            std::thread::spawn(move || {
                let mut held = 0;
                while !enough.load(Ordering::SeqCst) {
                    let answer = runtime.block_on(accept(&*store, run(place(n), held + 1, held + 3, "true")));
                    // A commit whose answer was lost with the server is found to be held.
                    assert!(matches!(answer.verdict, Verdict::Accepted { .. } | Verdict::AlreadyHeld { .. }));
                    held += 3;
                    assert_eq!((answer.head.seq, answer.complete), (held, held));
                    tell.send(()).unwrap();
                }
                (place(n), held)
            })
        })
        .collect();
    for _ in 0..3 {
        told.iter().take(40).for_each(drop);
        cluster.crash();
        cluster.start();
        told.try_iter().for_each(drop);
    }
    told.iter().take(40).for_each(drop);
    enough.store(true, Ordering::SeqCst);
    let held: BTreeMap<Place, u64> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    let ledger = runtime.block_on(store.ledger()).unwrap();
    let heads: BTreeMap<Place, u64> = ledger.heads.iter().map(|(place, head)| (*place, head.seq)).collect();
    assert_eq!(heads, held);
    for (place, head) in ledger.heads {
        assert_eq!(head, run(place, 1, held[&place], "true").stretch.head());
    }
}

#[tokio::test]
async fn a_server_that_stays_away_is_a_fault_and_one_that_comes_back_is_used_again() {
    let cluster = Cluster::shared();
    let url = cluster.database();
    let store = PostgresStore::open(&address(&cluster, &url)).await.unwrap();
    let kept = accept(&store, run(place(1), 1, 5, "true")).await;
    cluster.leave();
    tokio::time::pause();
    let away = store.accept(vec![run(place(1), 6, 9, "true")]).await;
    tokio::time::resume();
    assert!(matches!(away, Err(StoreFault::Database(_))), "{away:?}");
    cluster.start();
    assert_eq!(store.ledger().await.unwrap().heads, BTreeMap::from([(place(1), kept.head)]));
    let full = "create function full_disk() returns trigger language plpgsql as
                    $$ begin raise exception 'no space' using errcode = 'disk_full'; end $$;
                create trigger full_disk before insert on entries execute function full_disk()";
    cluster.psql(&url, full);
    let full = store.accept(vec![run(place(1), 6, 9, "true")]).await;
    assert!(matches!(full, Err(StoreFault::Full)), "{full:?}");
    cluster.psql(&url, "drop trigger full_disk on entries");
    assert_eq!(accept(&store, run(place(1), 6, 9, "true")).await.head.seq, 9);
}

/// Whoever lets a reader into a journal waits for who is writing it: else each would miss what the other did.
#[tokio::test]
async fn a_grant_waits_for_whoever_writes_the_journal_it_leads_to() {
    let cluster = Cluster::shared();
    let url = cluster.database();
    let store = PostgresStore::open(&address(&cluster, &url)).await.unwrap();
    accept(&store, run(place(12), 1, 10, "true")).await;
    cluster.psql(&url, "create table written (done boolean)");
    let writer = {
        let (cluster, url) = (Arc::clone(&cluster), url.clone());
        let writes = "begin; update devices set turns = turns + 1; select pg_sleep(2)::text = '';
                      insert into written values (true); commit";
        std::thread::spawn(move || cluster.psql(&url, writes))
    };
    let asleep = "select count(*) from pg_stat_activity where wait_event = 'PgSleep'";
    while cluster.psql(&url, asleep) != "1\n" {}
    let mut grant = run(place(13), 1, 1, "true");
    grant.rows[0].readers = vec![Grant { reader: [77; 32], place: place(12), slip: 1 }];
    accept(&store, grant).await;
    let done = cluster.psql(&url, "select count(*) from written");
    assert_eq!(done, "1\n", "the grant was answered while the journal was being written");
    writer.join().unwrap();
}

/// The same tables spread over three databases, by device, as foreign partitions of a fourth.
pub(in crate::store) async fn spread_over_three() -> (Arc<Cluster>, PostgresStore) {
    let cluster = Cluster::shared();
    let (front, shards) = (cluster.database(), [(); 3].map(|()| (Arc::clone(&cluster), cluster.database())));
    spread(&cluster, &front, &shards);
    let store = PostgresStore::open(&address(&cluster, &front)).await.unwrap();
    (cluster, store)
}

fn spread(cluster: &Cluster, front: &str, shards: &[(Arc<Cluster>, String)]) {
    let schema = concat!(include_str!("../schema/postgres/1.sql"), include_str!("../schema/postgres/2.sql"));
    let mut made = format!(
        "create table amanat_schema (step bigint primary key); insert into amanat_schema values (1), (2);
         {schema} create extension postgres_fdw; create schema whole;"
    );
    for (n, (server, shard)) in shards.iter().enumerate() {
        server.psql(shard, schema);
        let (name, host) = (shard.split_once("@/").unwrap().1.split_once('?').unwrap().0, server.host());
        made += &format!(
            "create server shard{n} foreign data wrapper postgres_fdw options (host '{host}', dbname '{name}');
             create user mapping for current_user server shard{n} options (user 'hub', password '{}');",
            super::cluster::PASSWORD
        );
    }
    for table in
        ["devices", "heads", "entries", "readers", "reach", "owed", "evidence", "ordered", "stand_ins", "parts"]
    {
        made += &format!(
            "alter table {table} set schema whole; create table {table} (like whole.{table}) partition by hash (device);"
        );
        for n in 0..shards.len() {
            made += &format!(
                "create foreign table {table}_{n} partition of {table} for values with (modulus {}, remainder {n})
                     server shard{n} options (table_name '{table}');",
                shards.len()
            );
        }
    }
    cluster.psql(front, &made);
}

/// A device that pushes as fast as it can: what it has an answer for.
fn pushes(
    store: &PostgresStore,
    runtime: &tokio::runtime::Handle,
    n: u8,
    enough: &AtomicBool,
    told: &Sender<u8>,
) -> u64 {
    let mut held = 0;
    while !enough.load(Ordering::SeqCst) {
        // Where its shard is away, it comes again.
        if let Ok(answers) = runtime.block_on(store.accept(vec![run(place(n), held + 1, held + 3, "true")])) {
            assert!(matches!(answers[0].verdict, Verdict::Accepted { .. } | Verdict::AlreadyHeld { .. }));
            held += 3;
            assert_eq!((answers[0].head.seq, answers[0].complete), (held, held));
            told.send(n).unwrap();
        }
    }
    held
}

/// One of three shards is a server of its own and goes away under load, by crash and in order: its devices wait and the others go on;
/// when it is back all that was answered is there.
#[test]
#[expect(clippy::print_stdout, reason = "a run says how often its faults happened")]
fn a_shard_that_goes_away_stops_its_own_devices_and_loses_nothing_acknowledged() {
    let runtime = Runtime::new().unwrap();
    let (cluster, alone) = (Cluster::shared(), Arc::new(Cluster::another()));
    let front = cluster.database();
    let shards = [
        (Arc::clone(&cluster), cluster.database()),
        (Arc::clone(&alone), alone.database()),
        (Arc::clone(&cluster), cluster.database()),
    ];
    spread(&cluster, &front, &shards);
    let store = Arc::new(runtime.block_on(PostgresStore::open(&address(&cluster, &front))).unwrap());
    let (enough, (tell, told)) = (Arc::new(AtomicBool::new(false)), channel());
    let threads: Vec<_> = (1..=9_u8)
        .map(|n| {
            let (store, runtime, enough) = (Arc::clone(&store), runtime.handle().clone(), Arc::clone(&enough));
            let tell = tell.clone();
            std::thread::spawn(move || (n, pushes(&store, &runtime, n, &enough, &tell)))
        })
        .collect();
    let (mut waited, mut went_on) = (0, 0);
    let stops: [fn(&Cluster); 2] = [Cluster::crash, Cluster::leave];
    for stop in stops {
        let everybody = |told: &std::sync::mpsc::Receiver<u8>| {
            let mut missing: BTreeSet<u8> = (1..=9).collect();
            told.iter()
                .take_while(|n| {
                    missing.remove(n);
                    !missing.is_empty()
                })
                .for_each(drop);
        };
        everybody(&told);
        stop(&alone);
        told.try_iter().for_each(drop);
        let others: BTreeSet<u8> = told.iter().take(60).collect();
        went_on += others.len();
        waited += 9 - others.len();
        alone.start();
        told.try_iter().for_each(drop);
        everybody(&told);
    }
    enough.store(true, Ordering::SeqCst);
    let held: BTreeMap<Place, u64> =
        threads.into_iter().map(|it| it.join().unwrap()).map(|(n, held)| (place(n), held)).collect();
    println!(
        "while the shard was away {waited} devices waited and {went_on} went on; {} entries answered",
        held.values().sum::<u64>()
    );
    assert!(waited > 0 && went_on > 0);
    let ledger = runtime.block_on(store.ledger()).unwrap();
    for (place, answered) in held {
        let head = ledger.heads[&place];
        // A commit whose answer was lost may be there too.
        assert!(
            head.seq >= answered && head == run(place, 1, head.seq, "true").stretch.head(),
            "{place:?} {answered} {head:?}"
        );
    }
}

/// What a change of leaders looks like to an old connection: the server behind it takes no more writes.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_takes_no_more_writes_is_left_for_one_that_does() {
    let cluster = Cluster::shared();
    let url = cluster.database();
    let store = PostgresStore::open(&address(&cluster, &url)).await.unwrap();
    accept(&store, run(place(1), 1, 5, "true")).await;
    cluster.psql(&url, "alter system set default_transaction_read_only = on");
    cluster.psql(&url, "select pg_reload_conf()");
    // The server reads its settings again when it comes to it; a new connection that has them was begun after every older one was told.
    while cluster.psql(&url, "show default_transaction_read_only").trim() != "on" {}
    let took = Arc::new(AtomicBool::new(false));
    let leads_again = {
        let (cluster, url, took) = (Arc::clone(&cluster), url.clone(), Arc::clone(&took));
        std::thread::spawn(move || {
            cluster.psql(&url, "select pg_sleep(1)::text = ''");
            assert!(!took.load(Ordering::SeqCst), "a server that takes no writes took one");
            cluster.psql(&url, "alter system reset default_transaction_read_only");
            cluster.psql(&url, "select pg_reload_conf()");
        })
    };
    assert_eq!(accept(&store, run(place(1), 6, 9, "true")).await.head.seq, 9);
    took.store(true, Ordering::SeqCst);
    leads_again.join().unwrap();
}
