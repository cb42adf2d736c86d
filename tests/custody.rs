//! Whose word it is, and what happens to a word that was tampered with: the author is the signer whoever carries, a changed
//! byte is named by `verify`, and the entries around it go on.

use std::{collections::BTreeSet, path::Path};

use amanat::runtime::clock;
use amanat_keys::fingerprint::Digest;
use amanat_sync::{
    batch::Limit,
    http::{HttpSettings, HttpTransport},
    journal::{Journal as _, Wanted},
    transport::Transport as _,
    wire::{codec, messages::PushReply},
};
use rusqlite::{Connection, params};
use serde_json::Value;

use crate::support::{Actor, Answer, Story, TestAgency, jot, record, text};

/// One statement on a database while no program has it open, and its log written back into the file.
fn alter(database: &Path, sql: &str) -> usize {
    let db = Connection::open(database).unwrap();
    let changed = db.execute(sql, params![]).unwrap();
    db.query_row("pragma wal_checkpoint(truncate)", [], |_row| Ok(())).unwrap();
    changed
}

/// The numbers that `verify` names in its answer.
fn named(answer: &Answer) -> BTreeSet<u64> {
    let wrong = answer.json["wrong"].as_array().unwrap_or_else(|| panic!("{}", answer.json));
    wrong.iter().filter_map(|wrong| wrong["number"].as_u64()).collect()
}

fn number_of(actor: &Actor, id: &str) -> u64 {
    actor.run(&["entry", "show", id])["number"].as_u64().unwrap()
}

#[test]
fn the_author_is_the_signer_whoever_carries_the_entries() {
    let agency = TestAgency::build();
    let story = record(&agency.officer, 1, "pashqeltal");
    let (kept, _) = agency.officer.counts();
    let device = text(&agency.officer.run(&["status"]), "/device");
    let before = agency.hub_holds();
    {
        // The stranger carries: their connection, their signature on the request, the officer's entries inside.
        let officer = agency.officer.unlocked();
        let carrier = agency.stranger.unlocked();
        let journal = officer.journal().heads().unwrap()[0].journal;
        let wanted = Wanted::After { device: officer.device(), journal, seq: 0 };
        let runs = officer.journal().pending(&wanted, Limit::BODY).unwrap();
        let (hub, signer) = (carrier.hub().unwrap(), carrier.signer());
        let mut road = HttpTransport::new(HttpSettings {
            url: hub.url.clone(),
            tls_keys: hub.tls_keys.clone(),
            agency: carrier.agency().unwrap(),
            device: carrier.device(),
            hub: hub.receipt_key.key_id(),
            sign: Box::new(move |base| signer.sign_request(base).unwrap()),
            ticks: Box::new(clock::boot_ms),
        })
        .unwrap();
        let body = codec::push_body(&carrier.agency().unwrap(), &runs);
        let answer = road.push(&Digest::from_bytes([0; 32]), &body).unwrap();
        assert!(PushReply::from_bytes(&answer).unwrap().refused.is_empty());
    }
    assert_eq!(agency.hub_holds(), before + kept, "the hub took what another device carried");
    agency.reader.run(&["sync"]);
    let held = agency.hub_holds();
    let shown = agency.reader.run(&["case", "show", &story.case]);
    let entries = shown["entries"].as_array().unwrap();
    assert!(entries.iter().all(|entry| entry["device"] == device.as_str()), "{shown}");
    // The officer's own receipt comes with the next pass, and nothing goes into the hub twice.
    assert_eq!(agency.officer.counts(), (kept, 0));
    agency.officer.run(&["sync"]);
    assert_eq!(agency.officer.counts(), (kept, kept));
    assert_eq!(agency.hub_holds(), held);
    assert_eq!(agency.stranger.counts(), (0, 0), "carrying makes no author");
}

/// A byte of a row of the device's database, changed where it lies: `verify` names that entry and no other, the rest is read
/// and written on.
#[test]
fn a_changed_row_on_the_device_is_named_and_the_others_go_on() {
    let agency = TestAgency::build();
    let first = record(&agency.officer, 1, "vikzordun");
    let second = record(&agency.officer, 2, "vikzordun");
    let holds = agency.officer.run(&["verify"]);
    assert_eq!((&holds["holds"], &holds["wrong"]), (&true.into(), &Value::Array(Vec::new())), "{holds}");
    let hit = number_of(&agency.officer, first.interview());
    flip(
        &agency.officer.file("journal.sqlite"),
        &format!("select rowid, body from entries where {NUMBER} = {hit}"),
        200,
    );
    let verified = agency.officer.ask(&["verify"]);
    assert_eq!(verified.code, 5, "{}", verified.json);
    assert_eq!(named(&verified), BTreeSet::from([hit]), "{}", verified.json);
    let list = agency.officer.run(&["case", "list"]);
    assert_eq!(list["total"], 2, "{list}");
    let shown = agency.officer.run(&["case", "show", &second.case]);
    assert!(second.typed.iter().all(|(id, _)| shown.to_string().contains(id)), "{shown}");
    jot(&agency.officer, &second.case, 3, "vikzordun");
    // What stands before the damage arrives; what cannot be read cannot be sent, and sync says so instead of sending around it.
    let synced = agency.officer.ask(&["sync"]);
    assert_eq!(synced.code, 5, "{}", synced.json);
    assert!(synced.message().contains("damaged"), "{}", synced.json);
    let (kept, received) = agency.officer.counts();
    assert!(received < hit && kept > hit, "{received} of {kept} received, number {hit} is damaged");
}

/// A byte changed in the raw pages of the file: whatever it hits, the program says so or nothing has changed, and never panics.
#[test]
fn a_flipped_byte_anywhere_in_the_database_file_is_noticed_or_harmless() {
    let agency = TestAgency::offline();
    let story = record(&agency.officer, 1, "merkulqash");
    let database = agency.officer.file("journal.sqlite");
    alter(&database, "delete from quarantine");
    let whole = std::fs::read(&database).unwrap();
    let good = agency.officer.run(&["case", "show", &story.case]);
    let mut noticed = 0;
    for step in 0..60 {
        let mut bytes = whole.clone();
        let at = (step * 7_919 + 97) % bytes.len();
        bytes[at] ^= 0x20;
        std::fs::write(&database, &bytes).unwrap();
        let verified = agency.officer.ask(&["verify"]);
        if verified.code == 0 {
            let shown = agency.officer.run(&["case", "show", &story.case]);
            assert_eq!(shown, good, "a change at byte {at} went unnoticed");
        } else {
            noticed += 1;
            assert!(matches!(verified.code, 1 | 5), "byte {at}: {}", verified.json);
        }
        for beside in ["journal.sqlite-wal", "journal.sqlite-shm"] {
            drop(std::fs::remove_file(agency.officer.file(beside)));
        }
    }
    println!("{noticed} of 60 flipped bytes were noticed; the others hit what nothing reads");
    assert!(noticed > 0, "none was noticed");
    std::fs::write(&database, &whole).unwrap();
    agency.officer.run(&["verify"]);
}

/// The number of an entry in its journal, out of the database's key.
const NUMBER: &str = "(place % 549755813888)";

/// Flips one bit of the blob that `select` gives as rowid and column.
fn flip(database: &Path, select: &str, at: usize) {
    let (row, mut body) = {
        let db = Connection::open(database).unwrap();
        db.query_row(select, [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?))).unwrap()
    };
    let at = at.min(body.len() - 1);
    body[at] ^= 1;
    let db = Connection::open(database).unwrap();
    let table = if select.contains("body") { ("entries", "body") } else { ("entries", "envelope") };
    let sql = format!("update {} set {} = ?1 where rowid = ?2", table.0, table.1);
    assert_eq!(db.execute(&sql, params![body, row]).unwrap(), 1);
}

/// The hub's keeper, or a thief of their machine, tampers between two starts of the hub; `tamper` gets the database.
fn tampered(tamper: impl Fn(&Path, &str)) -> (TestAgency, Story, Story) {
    let mut agency = TestAgency::build();
    let first = record(&agency.officer, 1, "tulzarpek");
    let second = record(&agency.officer, 2, "tulzarpek");
    agency.officer.run(&["sync"]);
    agency.kill_hub();
    let device = text(&agency.officer.run(&["status"]), "/device");
    tamper(&agency.hub_database(), &device);
    agency.start_hub();
    (agency, first, second)
}

/// The reader's pass over a tampered hub: it must not read anything else than what was signed.
fn reader_holds(agency: &TestAgency, stories: [&Story; 2]) -> Answer {
    let synced = agency.reader.ask(&["sync"]);
    assert!(matches!(synced.code, 0 | 5), "{}", synced.json);
    let list = agency.reader.run(&["case", "list"]);
    assert!(list["total"].as_u64().unwrap() <= 2, "{list}");
    for story in stories {
        let shown = agency.reader.ask(&["case", "show", &story.case]);
        for entry in shown.json["entries"].as_array().into_iter().flatten() {
            let id = entry["entry"].as_str().unwrap();
            let Some((_, typed)) = story.typed.iter().find(|(own, _)| own == id) else { continue };
            for (question, answer) in entry["answers"].as_object().into_iter().flatten() {
                if let Some(typed) = typed.get(question).filter(|typed| !typed.is_string()) {
                    assert_eq!(answer, typed, "{question} of {id} reads otherwise than it was typed");
                }
            }
        }
    }
    synced
}

#[test]
fn two_envelopes_swapped_at_the_hub_are_not_read_and_are_told_of() {
    let (agency, first, second) = tampered(|database, device| {
        let db = Connection::open(database).unwrap();
        let of = "device = unhex(?1) and seq = ?2";
        let get = |seq: i64| -> Vec<u8> {
            db.query_row(&format!("select envelope from entries where {of}"), params![device, seq], |row| row.get(0))
                .unwrap()
        };
        let (one, other) = (get(2), get(4));
        for (seq, envelope) in [(2, &other), (4, &one)] {
            let put = format!("update entries set envelope = ?3 where {of}");
            assert_eq!(db.execute(&put, params![device, seq, envelope]).unwrap(), 1);
        }
    });
    let synced = reader_holds(&agency, [&first, &second]);
    told(&agency, &synced);
    second_is_read(&agency, &second);
}

#[test]
fn a_changed_header_at_the_hub_is_refused_by_the_reader_and_told_of() {
    let (agency, first, second) = tampered(|database, device| {
        let db = Connection::open(database).unwrap();
        let header: Vec<u8> = db
            .query_row("select header from entries where device = unhex(?1) and seq = 3", [device], |row| row.get(0))
            .unwrap();
        let mut header = header;
        let last = header.len() - 4;
        header[last] ^= 1;
        let put = "update entries set header = ?2 where device = unhex(?1) and seq = 3";
        assert_eq!(db.execute(put, params![device, header]).unwrap(), 1);
    });
    let synced = reader_holds(&agency, [&first, &second]);
    told(&agency, &synced);
}

#[test]
fn a_row_deleted_at_the_hub_is_missed_by_the_reader() {
    let (agency, first, second) = tampered(|database, device| {
        let db = Connection::open(database).unwrap();
        let sql = "delete from entries where device = unhex(?1) and seq = 3";
        assert_eq!(db.execute(sql, [device]).unwrap(), 1);
    });
    let synced = reader_holds(&agency, [&first, &second]);
    told(&agency, &synced);
}

/// The hub's database put back to an older copy: the officer's device sees the fall, says so, and offers again what the hub lacks.
#[test]
fn a_hub_put_back_to_an_older_copy_is_found_out_and_lacks_nothing_afterwards() {
    let mut agency = TestAgency::build();
    let first = record(&agency.officer, 1, "sumvalkot");
    agency.officer.run(&["sync"]);
    agency.kill_hub();
    let old = std::fs::read(agency.hub_database()).unwrap();
    let wal = agency.hub_home.join("hub.sqlite-wal");
    let old_wal = std::fs::read(&wal).ok();
    agency.start_hub();
    let second = record(&agency.officer, 2, "sumvalkot");
    agency.officer.run(&["sync"]);
    let (kept, received) = agency.officer.counts();
    assert_eq!(received, kept);
    let held = agency.hub_holds();
    agency.kill_hub();
    std::fs::write(agency.hub_database(), old).unwrap();
    drop(std::fs::remove_file(agency.hub_home.join("hub.sqlite-shm")));
    match old_wal {
        Some(old_wal) => std::fs::write(&wal, old_wal).unwrap(),
        None => drop(std::fs::remove_file(&wal)),
    }
    agency.start_hub();
    assert!(agency.hub_holds() < held);
    // Nothing waits, and still the fall is seen and told of, with the exit code of broken trust.
    let synced = agency.officer.ask(&["sync"]);
    assert_eq!(synced.code, 5, "{}", synced.json);
    assert!(synced.json["trouble"].to_string().contains("it was rolled back"), "{}", synced.json);
    // The next entry does not fit on what the hub has: what it lacks goes there again, and nothing twice.
    jot(&agency.officer, &second.case, 3, "sumvalkot");
    agency.officer.ask(&["sync"]);
    agency.officer.ask(&["sync"]);
    assert_eq!(agency.hub_holds(), held + 1, "what the hub lacked was offered again");
    agency.reader.ask(&["sync"]);
    for story in [&first, &second] {
        agency.reader.run(&["case", "show", &story.case]);
    }
}

/// Somebody hears of it: in the answer of the pass, among the entries set aside, or from `verify` with exit 5.
fn told(agency: &TestAgency, synced: &Answer) {
    let status = agency.reader.run(&["status"]);
    let verified = agency.reader.ask(&["verify"]);
    let trouble = synced.json["trouble"].as_array().is_some_and(|trouble| !trouble.is_empty());
    let set_aside = status["quarantined"].as_u64().is_some_and(|count| count > 0);
    let failed = synced.json["failed"].as_u64().is_some_and(|count| count > 0);
    let log = std::fs::read_to_string(agency.hub_home.with_extension("log")).unwrap();
    let logged = log.contains("an entry in the store is not what was put there");
    assert!(
        synced.code == 5 || trouble || set_aside || failed || logged || verified.code == 5,
        "nobody hears of it: {} {status} {}",
        synced.json,
        verified.json
    );
}

fn second_is_read(agency: &TestAgency, second: &Story) {
    let shown = agency.reader.run(&["case", "show", &second.case]);
    assert!(
        second.typed.iter().all(|(id, _)| shown.to_string().contains(id)),
        "the other case does not go on: {shown}"
    );
}
