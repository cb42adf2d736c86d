//! What a stolen key, a hub that lies or a careless custodian can do while keys are rotated: nothing that loses an entry, and nothing that
//! lets anybody read whom the roster does not name.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
};

use amanat_keys::{
    case_key::CaseKey,
    fingerprint::{Digest, KeyId},
    recipient::ReadIdentity,
    rotation::{RotationWord, Said},
    unit_key::UnitKeys,
};
use amanat_sync::{
    documents::{Document, DocumentKind},
    entry::{Change, Header, Kind, RosterSeen, SealedEntry, Target},
    journal::{Journal as _, Keep, Line},
};

use crate::{
    erased::{entries, standing},
    hub_lies::{only_for_the_named, rewraps},
    revoked_reader::identities,
    rotation::{finds, offer_and_list, station},
    support::{Actor, GUJRAT, TestAgency, number, record, text},
};

/// A stand-in as this actor's device can sign one, allowed or not, with whatever envelope.
fn stand_in(actor: &Actor, of: &SealedEntry, change: Change, key: u64, envelope: &[u8]) {
    let home = actor.unlocked();
    let mut journal = home.journal().another().unwrap();
    let slot = journal.next_slot(Line::Cases).unwrap();
    let wraps = change == Change::Rewrap;
    let trust = home.trust().unwrap();
    let header = Header {
        device: slot.device,
        journal: slot.journal,
        seq: slot.seq,
        prev: slot.prev,
        kind: Kind::StandIn,
        key: if wraps { slot.seq } else { key },
        audience: if wraps { of.header.audience.clone() } else { Vec::new() },
        roster: RosterSeen { version: trust.roster_version(), hash: wraps.then(|| trust.roster_hash()) },
        digest: Digest::of(envelope),
        size: envelope.len() as u64,
        parts: Vec::new(),
        target: Some(Target { agency: slot.agency, entry: of.at(), hash: of.hash(), change, replaces: None }),
        ..of.header.clone()
    };
    let entry = SealedEntry::sign(header, envelope.to_vec(), &home.signer()).unwrap();
    journal.append(&Keep { entries: vec![entry], ..Keep::default() }).unwrap();
}

/// The newest slip that this actor's own device has in a case.
fn own_slip(actor: &Actor, case: &str) -> u64 {
    let me = actor.unlocked().device();
    let slips = entries(actor, case).into_iter();
    slips.filter(|it| it.header.device == me && it.header.kind == Kind::Slip).map(|it| it.header.seq).max().unwrap()
}

#[test]
fn a_garbage_reseal_and_a_rewrap_with_another_key_destroy_nothing() {
    let agency = TestAgency::build();
    let (officer, reader, supervisor) = (&agency.officer, &agency.reader, &agency.supervisor);
    let story = record(officer, 1, "zukhwendar");
    for actor in [officer, reader, supervisor] {
        actor.run(&["sync"]);
    }
    let all = entries(officer, &story.case);
    let envelopes: Vec<Vec<u8>> = all.iter().map(|entry| entry.envelope.clone().unwrap()).collect();
    let slip = all.iter().find(|entry| entry.header.kind == Kind::Slip).unwrap();
    let content = all.iter().find(|entry| entry.header.kind == Kind::Sealed).unwrap();
    // The supervisor has a slip in the case, so that a reseal can lie under it.
    supervisor.run(&["case", "show", &story.case]);
    let under = own_slip(supervisor, &story.case);
    stand_in(supervisor, content, Change::Reseal, under, b"garbage that opens to nothing");
    let readers = {
        let home = supervisor.unlocked();
        let roster = home.trust().unwrap().roster().clone();
        let keys = roster.units.iter().filter_map(|unit| unit.recipient.clone());
        let named = |key: &KeyId| slip.header.audience.iter().any(|reader| reader.key == *key);
        let mut keys: Vec<_> = keys.filter(|key| named(&key.key_id())).collect();
        keys.sort_by_key(|key| slip.header.audience.iter().position(|reader| reader.key == key.key_id()));
        keys
    };
    let other_key = amanat_keys::Slip::make(&CaseKey::generate(), &readers).unwrap();
    stand_in(supervisor, slip, Change::Rewrap, 0, &other_key);
    // An officer of another station stands in for nobody here, whatever is in it.
    stand_in(&agency.stranger, slip, Change::Rewrap, 0, slip.envelope.as_ref().unwrap());
    for actor in [&agency.stranger, supervisor, reader, officer, supervisor, reader] {
        actor.ask(&["sync"]);
    }
    let home = reader.unlocked();
    let words = home.journal().documents().unwrap();
    let words = words.iter().filter(|filed| filed.document.kind == DocumentKind::RotationCertificate);
    let said = words.filter_map(|it| RotationWord::verify(&it.document.bytes, home.trust().unwrap()).ok());
    let words = said.filter(|word| word.value().by == home.device()).count();
    drop(home);
    assert_eq!(words, 1, "the reader speaks of the supervisor's stand-ins, and of the stranger's not at all");
    assert_eq!(standing(&agency.hub_home, &envelopes), envelopes.len(), "the hub keeps every envelope");
    for actor in [officer, reader, supervisor] {
        assert_eq!(finds(actor, "zukhwendar"), 1, "{}", actor.name);
        let bare = entries(actor, &story.case).iter().filter(|entry| entry.envelope.is_none()).count();
        assert_eq!(bare, 0, "{} let nothing go", actor.name);
    }
    // The right thing after it is not held up by it.
    reader.run(&["keys", "rekey", &story.case, "--reseal"]);
    for actor in [reader, supervisor, officer, reader] {
        actor.run(&["sync"]);
    }
    assert_eq!(finds(officer, "zukhwendar") + finds(supervisor, "zukhwendar"), 2);
}

#[test]
fn at_the_moment_of_a_rotation_no_key_that_the_roster_does_not_name_gets_into_a_slip() {
    let agency = TestAgency::build();
    let (officer, reader, supervisor) = (&agency.officer, &agency.reader, &agency.supervisor);
    record(officer, 1, "zukhwendar");
    for actor in [officer, reader, supervisor] {
        actor.run(&["sync"]);
    }
    let offered = offer_and_list(&agency);
    let (open, others) = (number(&offered, "open"), number(&offered, "others"));
    assert!(open > 0, "{offered}");
    // What a hub could put on the shelf: a key of its own for the station, under the epoch that is expected, signed by a device it has; before
    // the right one comes, and beside it. It stands there by the number that whoever files it works out.
    let theirs = ReadIdentity::generate().unwrap();
    let unit = station(supervisor);
    let forges = |epoch: u64| {
        let home = supervisor.unlocked();
        let me = home.listed().unwrap();
        let readers = [(me.id, me.recipient.clone())];
        let forged = UnitKeys::wrap(home.agency().unwrap(), unit.id, epoch, &theirs, &readers).unwrap();
        for signer in [agency.stranger.unlocked().signer(), home.signer()] {
            let (about, version) = (forged.about(), forged.serial());
            let bytes = forged.sign(&signer).to_bytes();
            let document = Document { kind: DocumentKind::UnitKeys, about, version, bytes };
            home.journal().another().unwrap().adopt(&document).unwrap();
        }
    };
    forges(unit.epoch + 1);
    supervisor.run(&["sync"]);
    assert_eq!(station(supervisor).epoch, unit.epoch + 1);
    for epoch in [unit.epoch, unit.epoch + 1] {
        forges(epoch);
    }
    let first = supervisor.ask(&["keys", "rotate", "unit", GUJRAT]);
    let done = if first.code == 0 {
        first.json
    } else {
        // What stands on the shelf is not the unit's key: no slip was touched, and a sync brings the right one.
        assert!(first.message().contains("not wrapped"), "{}", first.json);
        assert_eq!(rewraps(supervisor).len(), 0, "{}", first.json);
        supervisor.run(&["sync"]);
        supervisor.run(&["keys", "rotate", "unit", GUJRAT])
    };
    assert_eq!((text(&done, "/state"), number(&done, "left")), ("done".to_owned(), others), "{done}");
    let rewraps = rewraps(supervisor);
    assert_eq!((rewraps.len() as u64, number(&done, "now")), (open, open), "everything honest is rewrapped: {done}");
    only_for_the_named(&agency, &rewraps, &theirs);
    for actor in [supervisor, reader, supervisor, officer] {
        actor.run(&["sync"]);
        assert_eq!(finds(actor, "zukhwendar"), 1, "{}", actor.name);
    }
}

/// Stock `age` with the key of headquarters opens what an entry's files are after this.
pub(crate) fn opened_by_stock_age(agency: &TestAgency, entry: &str, what: &str) -> String {
    let (run, _) = stock_age(agency, entry, what);
    assert!(run.status.success(), "{what}: {}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8(run.stdout).unwrap()
}

/// The same, whatever came of it, and the folder in which the files lie.
pub(crate) fn stock_age(agency: &TestAgency, entry: &str, what: &str) -> (Output, PathBuf) {
    let dir = agency.dir.path().join(what);
    let reader = &agency.reader;
    reader.run(&["entry", "show", entry, "--files", &dir.to_string_lossy()]);
    let keys = identities(reader).into_iter();
    let keys: Vec<String> =
        keys.map(|key| minicbor::decode::<String>(&minicbor::to_vec(key).unwrap()).unwrap()).collect();
    fs::write(dir.join("key"), keys.join("\n")).unwrap();
    let line = "cat slip entry | age -d -i key | zstd -dc -D a301.zdict | jq -c .";
    let run = Command::new("bash").args(["-o", "pipefail", "-c", line]).current_dir(&dir).output().unwrap();
    (run, dir)
}

#[test]
fn stock_age_opens_an_entry_after_each_kind_of_rotation() {
    let agency = TestAgency::build();
    let (officer, reader, supervisor) = (&agency.officer, &agency.reader, &agency.supervisor);
    let story = record(officer, 1, "zukhwendar");
    for actor in [officer, reader, supervisor] {
        actor.run(&["sync"]);
    }
    let before = opened_by_stock_age(&agency, story.interview(), "before");
    offer_and_list(&agency);
    supervisor.run(&["sync"]);
    assert_eq!(text(&supervisor.run(&["keys", "rotate", "unit", GUJRAT]), "/state"), "done");
    for actor in [supervisor, reader] {
        actor.run(&["sync"]);
    }
    let slips =
        entries(reader, &story.case).into_iter().filter(|it| it.header.kind == Kind::Slip && it.envelope.is_none());
    assert!(slips.count() > 0, "the older slips are gone from the reader");
    assert_eq!(opened_by_stock_age(&agency, story.interview(), "rotated"), before);
    assert!(number(&supervisor.run(&["keys", "rekey", &story.case, "--reseal"]), "resealed") > 0);
    for actor in [supervisor, reader] {
        actor.run(&["sync"]);
    }
    let contents = entries(reader, &story.case).into_iter();
    assert!(contents.filter(|it| it.header.kind == Kind::Sealed && it.envelope.is_none()).count() > 0);
    assert_eq!(opened_by_stock_age(&agency, story.interview(), "resealed"), before);
    let words = supervisor.unlocked().journal().documents().unwrap();
    let trust = supervisor.unlocked().trust().unwrap().clone();
    let words = words.iter().filter(|filed| filed.document.kind == DocumentKind::RotationCertificate);
    let certified = words.filter_map(|it| RotationWord::verify(&it.document.bytes, &trust).ok());
    let certified = certified
        .filter(|word| matches!(&word.value().said, Said::Rewrapped { unit, .. } if *unit == station(supervisor).id));
    assert_eq!(certified.count(), 1, "the rotation left its signed certificate");
}
