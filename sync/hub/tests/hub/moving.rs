//! A hub moves from one store to another and back while devices push, its mover killed in the middle; and what lies beside the entries
//! moves with them.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use amanat_keys::fingerprint::Digest;
use amanat_sync::courier::End;
use amanat_sync::transport::Transport as _;
use amanat_sync::wire::codec;

use super::cluster::Cluster;
use super::keeping::{Writer, read_all};
use super::running::*;
use super::support::*;

/// The built program, moving; its lines as they come.
fn mover(home: &Path, from: &str, to: &str, pass: &Path) -> (Child, impl Iterator<Item = String> + use<>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_amanat-hub"));
    command.args(["migrate", "--from", from, "--to", to, "--password-file"]).arg(pass).arg("--home").arg(home);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    (child, lines)
}

/// Moves a hub that serves and that goes on serving; what was said, and how it ended.
fn moves_beside(home: &Path, from: &str, to: &str, pass: &Path) -> (Vec<String>, Output) {
    let (child, lines) = mover(home, from, to, pass);
    (lines.collect(), child.wait_with_output().unwrap())
}

/// Moves a hub that does not listen to its keeper: stops it when asked to, and gives the lines.
fn moves(home: &Path, from: &str, to: &str, pass: &Path, running: Running) -> Vec<String> {
    std::fs::remove_file(home.join("control")).unwrap();
    let (child, lines) = mover(home, from, to, pass);
    let (mut running, mut said) = (Some(running), Vec::new());
    for line in lines {
        if line.starts_with("nearly all") {
            assert_eq!(running.take().unwrap().terminate(), Some(0));
        }
        said.push(line);
    }
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.success(), "{said:?} {}", String::from_utf8_lossy(&ended.stderr));
    assert!(said.last().unwrap().starts_with("moved:"), "{said:?}");
    said
}

#[test]
fn a_hub_moves_to_a_server_and_back_while_devices_push_and_the_mover_is_killed() {
    let cluster = Cluster::shared();
    let folder = tempfile::tempdir().unwrap();
    let (agency, running) = serving(folder.path());
    let (home, url, pass) = (folder.path().join("hub"), cluster.database(), cluster.password_file());
    let (mut first, mut second) = (Writer::new(&agency, 0), Writer::new(&agency, 1));
    for writer in [&mut first, &mut second] {
        writer.writes(3_000);
        assert!(matches!(writer.syncs(&agency, &running.url).end, End::Done));
    }
    let enough = AtomicBool::new(false);
    let killed = std::thread::scope(|scope| {
        for writer in [&mut first, &mut second] {
            let (agency, url, enough) = (&agency, &running.url, &enough);
            scope.spawn(move || {
                while !enough.load(Ordering::SeqCst) {
                    writer.writes(15);
                    assert!(matches!(writer.syncs(agency, url).end, End::Done));
                }
            });
        }
        // Killed while entries stream over, and once more after a whole round.
        let (mut child, _lines) = mover(&home, "sqlite", &url, &pass);
        while cluster.try_psql(&url, "select count(*) > 0 from entries").as_deref() != Some("t\n") {}
        child.kill().unwrap();
        child.wait().unwrap();
        let half: u64 = cluster.psql(&url, "select count(*) from entries").trim().parse().unwrap();
        let (mut child, mut lines) = mover(&home, "sqlite", &url, &pass);
        assert!(lines.next().unwrap().starts_with("brought over:"));
        child.kill().unwrap();
        child.wait().unwrap();
        enough.store(true, Ordering::SeqCst);
        half
    });
    assert!(killed > 0);
    let written = first.written + second.written;
    moves(&home, "sqlite", &url, &pass, running);
    assert_eq!(cluster.psql(&url, "select count(*) from entries").trim(), written.to_string());
    assert!(std::fs::read_to_string(home.join("settings.toml")).unwrap().contains("postgres://"));

    // Nobody notices: the same checkpoints go on.
    let running = Running::start(&home);
    for writer in [&mut first, &mut second] {
        writer.writes(10);
        let outcome = writer.syncs(&agency, &running.url);
        assert!(matches!(outcome.end, End::Done) && outcome.trouble.is_empty(), "{outcome:?}");
        assert_eq!((writer.received(&agency), outcome.handed_over), (writer.written, 10));
    }
    assert_eq!(read_all(&agency, &running.url), written + 20);

    // And back, into the file that it left.
    moves(&home, &url, "sqlite", &pass, running);
    let running = Running::start(&home);
    let outcome = first.syncs(&agency, &running.url);
    assert!(matches!(outcome.end, End::Done) && outcome.trouble.is_empty(), "{outcome:?}");
    assert_eq!(read_all(&agency, &running.url), written + 20);
    let status: serde_json::Value = serde_json::from_slice(&hub(&["status", "--json"], &home).stdout).unwrap();
    assert_eq!(status["entries"], written + 20);
    assert_eq!(running.terminate(), Some(0));
}

/// There and back, and each device pushes all the while. What was refused for a moment comes with the next push; what was acknowledged
/// at either store is there at the end.
#[test]
#[expect(clippy::print_stdout, reason = "a run says how much went on meanwhile")]
fn a_hub_goes_over_while_devices_push_and_its_process_never_ends() {
    let cluster = Cluster::shared();
    let folder = tempfile::tempdir().unwrap();
    let (agency, mut running) = serving(folder.path());
    let (home, url, pass) = (folder.path().join("hub"), cluster.database(), cluster.password_file());
    let (mut first, mut second) = (Writer::new(&agency, 0), Writer::new(&agency, 1));
    for writer in [&mut first, &mut second] {
        writer.writes(1_000);
        assert!(matches!(writer.syncs(&agency, &running.url).end, End::Done));
    }
    for (from, to) in [("sqlite", url.as_str()), (url.as_str(), "sqlite")] {
        let enough = AtomicBool::new(false);
        let (done, late) = std::thread::scope(|scope| {
            let all: Vec<_> = [&mut first, &mut second]
                .into_iter()
                .map(|writer| {
                    let (agency, url, enough) = (&agency, &running.url, &enough);
                    scope.spawn(move || {
                        let (mut done, mut late) = (0_u64, 0_u64);
                        while !enough.load(Ordering::SeqCst) {
                            writer.writes(3);
                            let outcome = writer.syncs(agency, url);
                            assert!(outcome.trouble.is_empty(), "{outcome:?}");
                            if matches!(outcome.end, End::Done) { done += 1 } else { late += 1 }
                        }
                        (done, late)
                    })
                })
                .collect();
            let (said, ended) = moves_beside(&home, from, to, &pass);
            // Before anything is claimed: who pushes would else never end.
            enough.store(true, Ordering::SeqCst);
            assert!(ended.status.success(), "{said:?} {}", String::from_utf8_lossy(&ended.stderr));
            assert!(said.last().unwrap().contains("The hub has gone over"), "{said:?}");
            all.into_iter().map(|one| one.join().unwrap()).fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
        });
        println!("to {to}: {done} syncs came to their end meanwhile, {late} are to come again");
        assert!(done > 0, "pushes go on during the move");
        assert!(running.child.try_wait().unwrap().is_none(), "the process goes on");
        for writer in [&mut first, &mut second] {
            let acknowledged = writer.received(&agency);
            let outcome = writer.syncs(&agency, &running.url);
            assert!(matches!(outcome.end, End::Done) && outcome.trouble.is_empty(), "{outcome:?}");
            assert!(writer.received(&agency) == writer.written && acknowledged <= writer.written);
        }
        let written = first.written + second.written;
        assert_eq!(read_all(&agency, &running.url), written);
        let status: serde_json::Value = serde_json::from_slice(&hub(&["status", "--json"], &home).stdout).unwrap();
        assert_eq!(status["entries"], written, "as the settings name it");
    }
    assert_eq!(running.terminate(), Some(0));
}

/// While somebody moves it, a hub refuses for a moment what it would have to keep, and answers who asks; it goes on where it is when the
/// mover is gone, and keeps to the store that it serves from when another is named.
#[test]
fn a_hub_whose_mover_is_gone_goes_on_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let (agency, running) = serving(folder.path());
    let home = folder.path().join("hub");
    let mut writer = Writer::new(&agency, 0);
    writer.writes(20);
    assert!(matches!(writer.syncs(&agency, &running.url).end, End::Done));
    let talks = |from: &str| {
        let mut talk = UnixStream::connect(home.join("control")).unwrap();
        talk.write_all(format!("amanat-hub move\n{{\"from\": {from}}}\n").as_bytes()).unwrap();
        let mut answer = String::new();
        let mut hears = BufReader::new(talk.try_clone().unwrap());
        hears.read_line(&mut answer).unwrap();
        (talk, hears, answer)
    };
    let (_, _, other) = talks("\"postgres://elsewhere/hub\"");
    assert!(other.contains("serves from another store"), "{other}");
    let (talk, hears, held) = talks("null");
    assert_eq!(held.trim(), "{\"held\":true}");
    writer.writes(5);
    let outcome = writer.syncs(&agency, &running.url);
    assert!(!matches!(outcome.end, End::Done), "{outcome:?}");
    assert_eq!(writer.received(&agency), 20);
    assert_eq!(read_all(&agency, &running.url), 20, "who asks is answered");
    drop((talk, hears));
    // The next one to talk is heard once the hub has gone on.
    drop(talks("\"postgres://elsewhere/hub\""));
    let outcome = writer.syncs(&agency, &running.url);
    assert!(matches!(outcome.end, End::Done), "{outcome:?}");
    assert_eq!(writer.received(&agency), 25);
    assert!(!settings(&home).contains("postgres"));
    assert_eq!(running.terminate(), Some(0));
}

/// Grants into another's journal, the other side of a fork, an entry that is erased, one that is missing: as here, so there.
#[test]
fn what_lies_beside_the_entries_moves_with_them() {
    let cluster = Cluster::shared();
    let folder = tempfile::tempdir().unwrap();
    let (agency, running) = serving(folder.path());
    let (home, url, pass) = (folder.path().join("hub"), cluster.database(), cluster.password_file());
    let push = |actor, entries: &[amanat_sync::entry::SealedEntry]| {
        let body = codec::push_body(&agency.id(), &[run(entries)]);
        road(&agency, actor, &running.url).push(&Digest::ZERO, &body).unwrap();
    };
    let story = Pen::new(&agency, 0, 1).story(12);
    push(0, &story);
    let mut restored = Pen::new(&agency, 0, 1);
    push(0, &[restored.slip(&[*HQ.as_bytes()]), restored.note(1, "another history")]);
    push(2, &[Pen::new(&agency, 2, 3).rewrap(&story[0], &[*agency.actors[1].id.as_bytes()])]);
    assert_eq!(running.terminate(), Some(0));
    let tables = rusqlite::Connection::open(home.join("hub.sqlite")).unwrap();
    tables
        .execute_batch(
            "insert into ordered (device, journal, seq, hash, erased)
                 select device, journal, seq, hash, 1 from entries where seq = 5;
             insert into ordered (device, journal, seq, hash, erased)
                 select device, journal, seq, hash, 0 from entries where seq = 6;
             update entries set envelope = null, erased = 1 where seq = 5;
             update entries set envelope = null where seq = 9;
             update heads set complete = 8 where seq = 12",
        )
        .unwrap();
    drop(tables);
    let counts = |home: &Path| {
        let status: serde_json::Value = serde_json::from_slice(&hub(&["status", "--json"], home).stdout).unwrap();
        ["entries", "missing", "evidence", "erased"].map(|name| status[name].as_u64().unwrap())
    };
    let before = counts(&home);
    assert_eq!(before, [13, 1, 2, 1]);
    let there_and_back = [("sqlite", url.as_str()), (url.as_str(), "sqlite")];
    for (from, to) in there_and_back {
        if to == "sqlite" {
            std::fs::rename(home.join("hub.sqlite"), folder.path().join("left")).unwrap();
        }
        let (child, lines) = mover(&home, from, to, &pass);
        let said: Vec<String> = lines.collect();
        let ended = child.wait_with_output().unwrap();
        assert!(ended.status.success(), "{said:?} {}", String::from_utf8_lossy(&ended.stderr));
        assert_eq!(counts(&home), before);
        let running = Running::start(&home);
        let (mut colleague, mut trust) = (amanat_sync::journal::MemoryJournal::default(), agency.trust.clone());
        let mut to_hub = road(&agency, 1, &running.url);
        let mut courier = amanat_sync::courier::Courier::default();
        let outcome =
            amanat_sync::courier::pass(&mut courier, &mut colleague, &mut to_hub, agency.party(1), &mut trust);
        assert!(matches!(outcome.end, End::Done), "{outcome:?}");
        assert_eq!(outcome.pulled, 13, "whom the supervisor let in is in: {outcome:?}");
        assert_eq!(running.terminate(), Some(0));
    }
    assert_eq!(cluster.psql(&url, "select count(*) from ordered where not erased"), "1\n");
}

#[test]
fn a_move_into_what_another_hub_left_is_refused_and_changes_nothing() {
    let cluster = Cluster::shared();
    let folder = tempfile::tempdir().unwrap();
    let (agency, running) = serving(folder.path());
    let (home, url, pass) = (folder.path().join("hub"), cluster.database(), cluster.password_file());
    let mut writer = Writer::new(&agency, 0);
    writer.writes(20);
    assert!(matches!(writer.syncs(&agency, &running.url).end, End::Done));
    moves(&home, "sqlite", &url, &pass, running);
    // What cannot be a journal, then another history.
    let refused = |sql: &str, says: &str| {
        cluster.psql(&url, sql);
        std::fs::write(home.join("settings.toml"), settings(&home).replace("store = ", "# store = ")).unwrap();
        let (child, lines) = mover(&home, "sqlite", &url, &pass);
        lines.for_each(drop);
        let ended = child.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(!ended.status.success() && told.contains(says), "{told}");
        assert!(!settings(&home).lines().any(|line| line.starts_with("store")), "{}", settings(&home));
    };
    refused("insert into heads values ('\\x09', '\\x09', 1, '\\x09', 1)", "length");
    refused(
        "delete from heads where seq = 1; update entries set link = sha256(link); update heads set link = sha256(link)",
        "differ in their heads",
    );
    let wrong = hub(&["migrate", "--from", "postgres://hub@/other", "--to", "sqlite"], &home);
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("names another place"), "{wrong:?}");
    let same = hub(&["migrate", "--from", "sqlite", "--to", "sqlite"], &home);
    assert!(String::from_utf8_lossy(&same.stderr).contains("the same place"), "{same:?}");
}

fn settings(home: &Path) -> String {
    std::fs::read_to_string(home.join("settings.toml")).unwrap().replace("password_file = ", "# password_file = ")
}
