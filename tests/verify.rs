//! `verify` names what was touched: each byte of an entry flipped in turn, through the library for every byte and through the
//! program for bytes all along a row.

use std::collections::BTreeSet;

use amanat::runtime::homes::home::Home;
use amanat_keys::statement::{Purpose, Statement};
use amanat_sync::{
    batch::Limit,
    entry::SealedEntry,
    journal::{Journal as _, Wanted},
    receipt::Receipt,
};
use rusqlite::{Connection, params};

use crate::support::{TestAgency, record};

/// The entries of the officer's own journal.
fn own_entries(home: &Home) -> Vec<SealedEntry> {
    let journal = home.journal().heads().unwrap().into_iter().find(|known| known.own.is_some()).unwrap().journal;
    let wanted = Wanted::After { device: home.device(), journal, seq: 0 };
    let runs = home.journal().pending(&wanted, Limit::BODY).unwrap();
    runs.iter().flat_map(|run| run.entries().cloned().collect::<Vec<_>>()).collect()
}

/// Header, signature, envelope: a flip of any bit of any byte is refused by digest, signature or place, and never panics.
#[test]
fn every_byte_of_every_entry_of_a_small_journal_matters() {
    let agency = TestAgency::offline();
    record(&agency.officer, 1, "kolzunpesh");
    let home = agency.officer.unlocked();
    let trust = home.trust().unwrap();
    let entries = own_entries(&home);
    let mut flips = 0;
    for entry in &entries {
        let at = entry.at();
        let key = trust.verifying_key(&at.device, &at.journal, at.seq).unwrap();
        let holds = |header: &[u8], signature: [u8; 64], envelope: &[u8]| {
            SealedEntry::from_parts(header.to_vec(), signature, Some(envelope.to_vec()))
                .is_ok_and(|read| read.verify(&key).is_ok() && read.at() == at)
        };
        let envelope = entry.envelope.clone().unwrap();
        assert!(holds(&entry.bytes, entry.signature, &envelope), "untouched, {at:?} holds");
        for place in 0..entry.bytes.len() {
            let mut header = entry.bytes.clone();
            header[place] ^= 1 << (place % 8);
            assert!(!holds(&header, entry.signature, &envelope), "byte {place} of the header of {at:?}");
        }
        for place in 0..64 {
            let mut signature = entry.signature;
            signature[place] ^= 1 << (place % 8);
            assert!(!holds(&entry.bytes, signature, &envelope), "byte {place} of the signature of {at:?}");
        }
        for place in 0..envelope.len() {
            let mut changed = envelope.clone();
            changed[place] ^= 1 << (place % 8);
            assert!(!holds(&entry.bytes, entry.signature, &changed), "byte {place} of the envelope of {at:?}");
        }
        flips += entry.bytes.len() + 64 + envelope.len();
    }
    println!("{flips} bytes of {} entries flipped, each one noticed", entries.len());
    assert!(entries.len() >= 8 && flips > 4_000);
}

/// The same for what the hub signs: a checkpoint with any byte changed is none.
#[test]
fn every_byte_of_a_checkpoint_matters() {
    let agency = TestAgency::build();
    record(&agency.officer, 1, "kolzunpesh");
    agency.officer.run(&["sync"]);
    let home = agency.officer.unlocked();
    let (trust, hub) = (home.trust().unwrap(), home.hub().unwrap());
    let (checkpoint, hash, bytes) = home.journal().status(&hub.id).unwrap().checkpoint.unwrap();
    let key = trust.hub_key(&hub.id, checkpoint.epoch, checkpoint.number).unwrap();
    let proven = |bytes: &[u8]| {
        let Ok(statement) = Statement::from_bytes(bytes) else { return None };
        let statement = statement.expect::<amanat_sync::receipt::Checkpoint>(Purpose::Checkpoint).ok()?;
        let statement = statement.verify_by(&trust.agency(), &key).ok()?;
        Some(statement.statement().payload_hash())
    };
    assert_eq!(proven(&bytes), Some(hash));
    for place in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 1 << (place % 8);
        assert_eq!(proven(&changed), None, "byte {place} of {}", bytes.len());
    }
    // A checkpoint is no receipt, whatever its bytes decode to.
    assert!(Statement::from_bytes(&bytes).unwrap().expect::<Receipt>(Purpose::Receipt).is_err());
}

/// What stands in the clear beside the sealed rows is an index and no more: changed, it is named, and never believed.
#[test]
fn every_clear_column_that_is_changed_is_named() {
    let agency = TestAgency::build();
    record(&agency.officer, 1, "kolzunpesh");
    agency.officer.run(&["sync"]);
    record(&agency.officer, 2, "dorvanmilk");
    let before = agency.officer.run(&["status"]);
    let database = agency.officer.file("journal.sqlite");
    let db = Connection::open(&database).unwrap();
    db.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(())).unwrap();
    drop(db);
    let whole = std::fs::read(&database).unwrap();
    let changes = [
        "update receipts set seq = seq + 1, link = (select link from entries where place % 549755813888 = receipts.seq + 1)",
        "update receipts set seq = seq - 1",
        "update receipts set link = zeroblob(32)",
        "update receipts set complete = complete + 1",
        "update receipts set epoch = epoch + 1",
        "update receipts set no = no + 1",
        "update journals set state = 2 where line = 1",
        "update journals set state = 1 where line = 1",
        "update journals set line = 0",
        "update journals set elided = elided + 1",
        "update journals set agency = zeroblob(32)",
        "update hubs set epoch = epoch + 1",
        "update hubs set vouched = vouched + 1",
        "update hubs set number = number + 1",
        "update hubs set digest = zeroblob(32)",
        "update hubs set hub = zeroblob(32)",
        "update entries set link = zeroblob(32) where place % 549755813888 = 2",
        "update entries set link = zeroblob(32) where place = (select max(place) from entries)",
        "update documents set rival = 1 - rival",
        "update documents set version = version + 1 where version = (select max(version) from documents)",
        "update shelf set case_id = zeroblob(16) where shelf = 1",
    ];
    for change in changes {
        let db = Connection::open(&database).unwrap();
        assert!(db.execute(change, []).unwrap() > 0, "{change}");
        drop(db);
        let verified = agency.officer.ask(&["verify"]);
        assert_eq!(verified.code, 5, "{change}: {}", verified.json);
        let status = agency.officer.ask(&["status"]);
        // Less may be shown (it is offered again, and harms nothing), more never.
        let believed = status.code == 0 && status.json["received"].as_u64() > before["received"].as_u64();
        assert!(!believed, "{change}: {}", status.json);
        for suffix in ["-wal", "-shm"] {
            let beside = agency.officer.file(&format!("journal.sqlite{suffix}"));
            assert!(!beside.exists() || std::fs::remove_file(beside).is_ok());
        }
        std::fs::write(&database, &whole).unwrap();
    }
    assert_eq!(agency.officer.run(&["verify"])["holds"], true, "put back, everything holds");
}

/// Through the built program: bytes all along three rows of the database, a slip, a sheet and the newest entry.
#[test]
fn the_program_names_the_entry_of_each_flipped_byte() {
    let agency = TestAgency::offline();
    let story = record(&agency.officer, 1, "kolzunpesh");
    let database = agency.officer.file("journal.sqlite");
    let mut flips = 0;
    for number in [1_u64, 2, story.places] {
        let (place, body): (i64, Vec<u8>) = {
            let db = Connection::open(&database).unwrap();
            let sql = "select place, body from entries where place % 549755813888 = ?1";
            db.query_row(sql, [i64::try_from(number).unwrap()], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
        };
        let put = |body: &[u8]| {
            let db = Connection::open(&database).unwrap();
            db.execute("update entries set body = ?1 where place = ?2", params![body, place]).unwrap();
        };
        let step = (body.len() / 8).max(1);
        for at in (0..body.len()).step_by(step).chain([body.len() - 1]) {
            let mut changed = body.clone();
            changed[at] ^= 1 << (at % 8);
            put(&changed);
            let verified = agency.officer.ask(&["verify"]);
            let wrong = verified.json["wrong"].as_array().unwrap();
            let named: BTreeSet<u64> = wrong.iter().filter_map(|wrong| wrong["number"].as_u64()).collect();
            assert_eq!((verified.code, named), (5, BTreeSet::from([number])), "byte {at}: {}", verified.json);
            flips += 1;
        }
        put(&body);
    }
    assert_eq!(agency.officer.run(&["verify"])["holds"], true, "put back, everything holds");
    println!("{flips} bytes flipped in the database, each named");
}
