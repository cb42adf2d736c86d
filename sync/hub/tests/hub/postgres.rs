//! The built program on a PostgreSQL server: stopped, started again, and its server crashed and stopped under it while a device syncs.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};

use amanat_sync::courier::{Courier, End, pass};
use amanat_sync::journal::{Journal as _, MemoryJournal};

use super::cluster::Cluster;
use super::keeping::Writer;
use super::process::keep_more;
use super::running::*;
use super::support::*;

/// A hub in `folder` that keeps its things in a new database of the server, enrolled.
fn settled(cluster: &Cluster, folder: &Path) -> (Agency, String) {
    let url = cluster.database();
    (settled_at(cluster, folder, &url), url)
}

fn settled_at(cluster: &Cluster, folder: &Path, url: &str) -> Agency {
    let (home, pass) = (folder.join("hub"), cluster.password_file());
    let agency = enrolled_with(&home, &["--store", url, "--password-file", pass.to_str().unwrap()]);
    let file = folder.join("agency.roster");
    std::fs::write(&file, agency.trust.statement_bytes()).unwrap();
    let words = agency.trust.fingerprint_words().to_string();
    let taken = hub(&["roster", file.to_str().unwrap(), "--fingerprint", &words], &home);
    assert!(taken.status.success(), "{taken:?}");
    assert!(!home.join("hub.sqlite").exists(), "nothing is kept beside the server");
    agency
}

/// The leader crashes under a sync and its standby is promoted: the hub, which knows both by its URL, goes on with that one, and nothing
/// that was acknowledged is missing there.
#[test]
#[expect(clippy::print_stdout, reason = "a run says how often its faults happened")]
fn a_standby_that_is_promoted_under_a_sync_is_found_and_has_all_that_was_acknowledged() {
    let leader = Cluster::another();
    let url = leader.database();
    let standby = leader.standby(&url);
    let folder = tempfile::tempdir().unwrap();
    let both = format!("{}?host={}&host={}", url.split_once('?').unwrap().0, leader.host(), standby.host());
    let agency = settled_at(&leader, folder.path(), &both);
    let running = Running::start(&folder.path().join("hub"));
    let (enough, (passed, passes)) = (AtomicBool::new(false), channel());
    let (written, received, failed) = std::thread::scope(|scope| {
        let device = scope.spawn(|| writes_and_syncs(&agency, &running.url, passed, &enough));
        let wait = || {
            passes.try_iter().for_each(drop);
            passes.iter().take(3).for_each(drop);
        };
        wait();
        leader.crash();
        standby.psql(&standby.same_at(&url), "select pg_promote()");
        wait();
        enough.store(true, Ordering::SeqCst);
        device.join().unwrap()
    });
    println!("{written} entries written, {received} received, {failed} passes failed while the standby took over");
    // Three passes came after the leader was gone: whether one of them broke, or the connection was found dead between two, is chance.
    assert_eq!(received, written);
    assert_eq!(read_all(&agency, &running.url), written, "what was acknowledged is there, whole and once");
    assert_eq!(standby.psql(&standby.same_at(&url), "select count(*) from entries").trim(), written.to_string());
    assert_eq!(running.terminate(), Some(0));
}

#[test]
fn a_hub_on_a_server_serves_stops_and_serves_again() {
    let cluster = Cluster::shared();
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("hub");
    let (agency, url) = settled(&cluster, folder.path());
    let running = Running::start(&home);
    let (mut officer, mut courier) = (MemoryJournal::default(), Courier::default());
    let mut pen = Pen::new(&agency, 0, 1);
    let story = pen.story(300);
    keep(&mut officer, &pen, &story);
    let mut to_hub = road(&agency, 0, &running.url);
    let outcome = pass(&mut courier, &mut officer, &mut to_hub, agency.party(0), &mut agency.trust.clone());
    assert!(matches!(outcome.end, End::Done) && outcome.trouble.is_empty(), "{outcome:?}");
    assert_eq!(officer.status(&agency.hub.id).unwrap().own[0].received, 300);
    assert_eq!(running.terminate(), Some(0), "drained and left in order");
    assert_eq!(cluster.psql(&url, "select count(*), max(seq) from entries"), "300|300\n");

    let status: serde_json::Value = serde_json::from_slice(&hub(&["status", "--json"], &home).stdout).unwrap();
    assert_eq!((&status["entries"], &status["running"]), (&300.into(), &false.into()));
    let running = Running::start(&home);
    keep_more(&mut officer, &pen.story(20));
    let mut to_hub = road(&agency, 0, &running.url);
    let outcome = pass(&mut courier, &mut officer, &mut to_hub, agency.party(0), &mut agency.trust.clone());
    assert!(matches!(outcome.end, End::Done), "{outcome:?}");
    assert_eq!(read_all(&agency, &running.url), 320);
}

/// The entries found room and the word on them none: with room again nothing new has to come before the hub says that all is well.
#[test]
fn a_disk_that_was_full_for_the_checkpoint_alone_is_not_called_full_once_that_is_kept() {
    let cluster = Cluster::shared();
    let folder = tempfile::tempdir().unwrap();
    let (agency, url) = settled(&cluster, folder.path());
    let running = Running::start(&folder.path().join("hub"));
    let mut writer = Writer::new(&agency, 0);
    writer.writes(20);
    assert!(matches!(writer.syncs(&agency, &running.url).end, End::Done));
    let full = "create function full_disk() returns trigger language plpgsql as
                    $$ begin raise exception 'no space' using errcode = 'disk_full'; end $$;
                create trigger full_disk before insert on checkpoints execute function full_disk()";
    cluster.psql(&url, full);
    writer.writes(20);
    let outcome = writer.syncs(&agency, &running.url);
    assert!(matches!(outcome.end, End::Full(wait) if wait == amanat_hub::limits::FULL_DISK), "{outcome:?}");
    assert_eq!(cluster.psql(&url, "select count(*) from entries"), "40\n");
    assert!(running.page("/v1/health").contains(r#""disk":"full""#));
    cluster.psql(&url, "drop trigger full_disk on checkpoints");
    assert!(matches!(writer.syncs(&agency, &running.url).end, End::Done));
    assert_eq!(writer.received(&agency), 40);
    assert!(running.page("/v1/health").contains(r#""disk":"ok""#), "{}", running.page("/v1/health"));
    assert_eq!(running.terminate(), Some(0));
}

/// Two devices push without a break while a backup of the server's tables is made; then the hub dies, and what was backed up is served in
/// its place by itself, from a file.
#[test]
fn a_backup_of_what_a_server_holds_is_made_while_devices_push_and_served_in_the_hubs_place() {
    let cluster = Cluster::shared();
    let folder = tempfile::tempdir().unwrap();
    let (home, backup) = (folder.path().join("hub"), folder.path().join("backup"));
    let (agency, _url) = settled(&cluster, folder.path());
    let running = Running::start(&home);
    let (mut first, mut second) = (Writer::new(&agency, 0), Writer::new(&agency, 1));
    for writer in [&mut first, &mut second] {
        writer.writes(500);
        assert!(matches!(writer.syncs(&agency, &running.url).end, End::Done));
    }
    let enough = AtomicBool::new(false);
    let made = std::thread::scope(|scope| {
        for writer in [&mut first, &mut second] {
            let (agency, url, enough) = (&agency, &running.url, &enough);
            scope.spawn(move || {
                while !enough.load(Ordering::SeqCst) {
                    writer.writes(5);
                    assert!(matches!(writer.syncs(agency, url).end, End::Done));
                }
            });
        }
        let made = hub(&["backup", backup.to_str().unwrap()], &home);
        enough.store(true, Ordering::SeqCst);
        made
    });
    assert!(made.status.success(), "{made:?}");
    let said = String::from_utf8_lossy(&made.stdout).into_owned();
    let back: u64 = said.split("read back: ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    let written = first.written + second.written;
    assert!((1_000..=written).contains(&back), "{said} of {written}");
    let names: BTreeSet<_> = std::fs::read_dir(&backup).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| !name.to_string_lossy().contains("coming")), "{names:?}");
    assert!(!std::fs::read_to_string(backup.join("settings.toml")).unwrap().contains("postgres"));
    running.kill();
    let running = Running::start(&backup);
    assert_eq!(read_all(&agency, &running.url), usize::try_from(back).unwrap());
    let status: serde_json::Value = serde_json::from_slice(&hub(&["status", "--json"], &backup).stdout).unwrap();
    assert_eq!((&status["entries"], &status["missing"]), (&back.into(), &0.into()));
    assert_eq!(running.terminate(), Some(0));
}

#[test]
fn a_password_in_an_argument_is_refused_and_said_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("hub");
    let refused = hub(&["init", "--store", "postgres://warden:geheim@127.0.0.1/amanat"], &home);
    assert!(!refused.status.success() && !home.join("hub.keys").exists());
    let told = format!("{refused:?}");
    assert!(told.contains("holds a password") && told.contains(".pgpass") && !told.contains("geheim"), "{told}");
    let help = String::from_utf8(hub(&["serve", "--help"], &home).stdout).unwrap();
    assert!(help.contains("--store") && help.contains("--password-file"), "{help}");
}

/// A device writes and syncs without a break; under it the server crashes, comes back, is stopped in order, and comes back.
#[test]
#[expect(clippy::print_stdout, reason = "a run says how often its faults happened")]
fn a_server_that_goes_away_under_a_sync_loses_nothing_acknowledged() {
    let cluster = Cluster::shared();
    let folder = tempfile::tempdir().unwrap();
    let (agency, _url) = settled(&cluster, folder.path());
    let log = folder.path().join("log");
    let running = Running::logging(&folder.path().join("hub"), &log);
    let (enough, (passed, passes)) = (AtomicBool::new(false), channel());
    let (written, received, failed) = std::thread::scope(|scope| {
        let device = scope.spawn(|| writes_and_syncs(&agency, &running.url, passed, &enough));
        // Three passes that end from now on; a device that gave up is found by its join.
        let wait = || {
            passes.try_iter().for_each(drop);
            passes.iter().take(3).for_each(drop);
        };
        wait();
        for stop in [Cluster::crash, Cluster::leave, Cluster::crash] {
            stop(&cluster);
            cluster.start();
            wait();
        }
        enough.store(true, Ordering::SeqCst);
        device.join().unwrap()
    });
    let log = std::fs::read_to_string(&log).unwrap();
    let felt = log.matches("the database went away").count();
    println!(
        "{written} entries written, {received} received, {failed} passes failed, {felt} times the hub found its server gone"
    );
    assert!(felt >= 3, "each time the server went away under the hub: {log}");
    assert_eq!(received, written);
    assert_eq!(read_all(&agency, &running.url), written, "what was acknowledged is there, whole and once");
    assert_eq!(running.terminate(), Some(0));
}

/// Writes twenty entries at a time and syncs after each, until told that it is enough and all is received. Gives how many were
/// written, how many were received, and how many passes did not end well; what was once received stays so.
fn writes_and_syncs(agency: &Agency, url: &str, passed: Sender<()>, enough: &AtomicBool) -> (usize, usize, usize) {
    let (mut officer, mut courier) = (MemoryJournal::default(), Courier::default());
    let (mut pen, mut to_hub) = (Pen::new(agency, 0, 1), road(agency, 0, url));
    let story = pen.story(20);
    keep(&mut officer, &pen, &story);
    let (mut written, mut failed) = (20, 0);
    loop {
        let outcome = pass(&mut courier, &mut officer, &mut to_hub, agency.party(0), &mut agency.trust.clone());
        passed.send(()).unwrap();
        assert!(matches!(outcome.end, End::Done | End::Busy(_) | End::Unreachable(_)), "{outcome:?}");
        failed += usize::from(!matches!(outcome.end, End::Done));
        let received = officer.status(&agency.hub.id).unwrap().own[0].received;
        if enough.load(Ordering::SeqCst) && received == written {
            return (usize::try_from(written).unwrap(), usize::try_from(received).unwrap(), failed);
        }
        assert!(failed < 50, "{outcome:?}");
        if received == written {
            keep_more(&mut officer, &pen.story(20));
            written += 20;
        }
    }
}

/// How many entries a reader at headquarters is served, every one verified.
fn read_all(agency: &Agency, url: &str) -> usize {
    let mut reader = MemoryJournal::default();
    let outcome = pass(
        &mut Courier::default(),
        &mut reader,
        &mut road(agency, 3, url),
        agency.party(3),
        &mut agency.trust.clone(),
    );
    assert!(matches!(outcome.end, End::Done) && outcome.set_aside == 0, "{outcome:?}");
    usize::try_from(outcome.pulled).unwrap()
}
