//! Attachments in a pocket: an officer's stick brings the bytes behind the entries, half of it is worth its half, a supervisor carries
//! them by either road, and *received* is said when headquarters has them.

use std::{fs, path::Path};

use crate::attached::{attach, delivery, file, noise, peak, watched};
use crate::bundle::{hub, hub_reads, hub_writes, reads, writes};
use crate::support::{Actor, Canary, GUJRAT, TestAgency, number, record};

const MIB: usize = 1 << 20;
const MARK: &str = "qoltavrimesh";

/// A page that begins with words, so that it would be known again in the clear.
fn page(seed: u64, bytes: usize) -> Vec<u8> {
    [MARK.as_bytes(), &noise(seed, bytes)].concat()
}

fn saved(agency: &TestAgency, who: &Actor, entry: &str) -> Vec<u8> {
    let out = agency.dir.path().join(format!("saved-by-{}", who.name));
    who.run(&["entry", "save-part", entry, "1", "--out", &out.to_string_lossy()]);
    fs::read(&out).unwrap()
}

/// The first bytes of a stick, as if it had been pulled out.
fn cut(stick: &Path, bytes: usize) -> std::path::PathBuf {
    let whole = fs::read(stick).unwrap();
    let half = stick.with_extension("half");
    fs::write(&half, &whole[..bytes]).unwrap();
    half
}

#[test]
fn an_attachment_goes_by_stick_half_is_worth_its_half_and_received_waits_for_its_bytes() {
    let agency = TestAgency::offline();
    let officer = &agency.officer;
    let story = record(officer, 1, "telgumvosh");
    let plain = page(3, 5 * MIB);
    let entry = attach(officer, &story, &[&file(&agency, "scan.bin", &plain)]);
    let (stick, wrote) = writes(officer, &agency, "out.age", None);
    assert_eq!((number(&wrote, "parts"), number(&wrote, "parts_left")), (1, 0), "{wrote}");
    assert!(Canary::of([MARK]).search(&fs::read(&stick).unwrap()).is_none());
    assert_eq!(delivery(officer, &entry), "handed over");
    let verified = officer.ask(&["verify", &stick.to_string_lossy()]);
    assert_eq!(verified.code, 5, "it is sealed to the hub alone: {}", verified.json);

    // Cut in the middle of the attachment: the entries are there, and the receipt does not say *received* of the one that lists it.
    let half = cut(&stick, 3 * MIB);
    let first = hub(&agency, &["bundle", "read", &half.to_string_lossy()]);
    assert_eq!((first.code, number(&first.json, "parts_missing")), (1, 1), "{}", first.json);
    assert_eq!(number(&first.json, "new"), officer.counts().0, "{}", first.json);
    reads(officer, &hub_writes(&agency, "half-back.age", GUJRAT));
    assert_eq!(delivery(officer, &entry), "handed over");
    let second = hub_reads(&agency, &stick);
    assert_eq!(
        (number(&second, "parts"), number(&second, "parts_missing"), number(&second, "new")),
        (1, 0, 0),
        "{second}"
    );
    assert_eq!(number(&hub_reads(&agency, &stick), "parts"), 0, "read again, it brings nothing");
    reads(officer, &hub_writes(&agency, "back.age", GUJRAT));
    assert_eq!(delivery(officer, &entry), "received");
    assert_eq!(number(&writes(officer, &agency, "again.age", None).1, "parts"), 0, "what was received leaves no more");

    let agency = agency.serve();
    agency.reader.run(&["sync"]);
    assert!(saved(&agency, &agency.reader, &entry) == plain, "another file came");
}

#[test]
fn a_supervisor_carries_attachments_by_network_and_by_stick() {
    let agency = TestAgency::build();
    let (officer, supervisor) = (&agency.officer, &agency.supervisor);
    let story = record(officer, 1, "telgumvosh");
    let plain = page(5, 3 * MIB);
    let entry = attach(officer, &story, &[&file(&agency, "photo.bin", &plain)]);
    let (stick, wrote) = writes(officer, &agency, "to-station.age", Some(GUJRAT));
    assert_eq!(number(&wrote, "parts"), 1, "{wrote}");
    let verified = supervisor.run(&["verify", &stick.to_string_lossy()]);
    assert_eq!((&verified["holds"], number(&verified, "parts")), (&true.into(), 1), "{verified}");
    let half = supervisor.ask(&["bundle", "read", &cut(&stick, 2 * MIB).to_string_lossy()]);
    assert_eq!(number(&half.json, "parts_missing"), 1, "{}", half.json);
    let read = reads(supervisor, &stick);
    assert_eq!((number(&read, "parts"), number(&read, "parts_missing")), (1, 0), "{read}");
    assert!(saved(&agency, supervisor, &entry) == plain, "the supervisor reads it at once");
    let (to_hub, wrote) = writes(supervisor, &agency, "to-hub.age", None);
    assert_eq!(number(&wrote, "parts"), 1, "she carries it by stick: {wrote}");

    supervisor.run(&["sync"]);
    assert_eq!(number(&hub_reads(&agency, &to_hub), "parts"), 0, "and was there by network before her stick");
    assert_eq!(number(&writes(supervisor, &agency, "empty.age", None).1, "parts"), 0, "it is carried no more");
    officer.run(&["sync"]);
    assert_eq!(delivery(officer, &entry), "received");
    agency.reader.run(&["sync"]);
    assert!(saved(&agency, &agency.reader, &entry) == plain, "another file came");
    for actor in [officer, supervisor, &agency.reader] {
        assert_eq!(actor.run(&["verify"])["holds"], true, "{}", actor.name);
    }
}

#[test]
fn a_large_attachment_is_written_and_read_in_little_memory() {
    let agency = TestAgency::offline();
    let (officer, supervisor) = (&agency.officer, &agency.supervisor);
    let story = record(officer, 1, "telgumvosh");
    let empty = agency.dir.path().join("empty.age").to_string_lossy().into_owned();
    let spawn = |actor: &Actor, arguments: &[&str]| {
        let mut command = actor.command(arguments);
        command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null()).spawn().unwrap()
    };
    let little = watched(spawn(officer, &["bundle", "write", &empty, "--to", GUJRAT]));
    attach(officer, &story, &[&file(&agency, "film.bin", &noise(9, 64 * MIB))]);
    let stick = agency.dir.path().join("large.age").to_string_lossy().into_owned();
    let writing = watched(spawn(officer, &["bundle", "write", &stick, "--to", GUJRAT]));
    let none = watched(spawn(supervisor, &["bundle", "read", &empty]));
    let reading = watched(spawn(supervisor, &["bundle", "read", &stick]));
    println!("peaks: write {little} then {writing}, read {none} then {reading}");
    // What the allocator keeps at hand for each thread is some of it, and comes and goes.
    let more = 24 << 20;
    assert!(writing < little + more && reading < none + more, "{little} {writing} {none} {reading}");
    assert!(peak(std::process::id()).is_some(), "peaks can be read here");
}
