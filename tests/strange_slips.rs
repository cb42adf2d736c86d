//! Slips that are not what they say: a stranger's for another's case, another's played again, one that headquarters cannot open. Each is
//! refused or shown apart where it is read, is named, and takes nothing from the case it lies in (`keys/FORMATS.md` sections 3, 4 and 7).

use std::process::Command;

use amanat::{
    codebook::Codebook,
    model::{CaseId, Content, Entry},
    runtime::{
        entries::keep::{ToKeep, What},
        homes::home::Home,
    },
};
use amanat_keys::{
    Place, Slip,
    case_key::CaseKey,
    fingerprint::Digest,
    recipient::{ReadIdentity, Recipient},
    roster::UnitKind,
};
use amanat_sync::{
    entry::{Header, Kind, Reader, RosterSeen, SealedEntry},
    journal::{Journal as _, Keep, Line},
};
use serde_json::Value;

use crate::{
    erased::entries,
    rotation::{finds, offer_and_list},
    support::{Actor, GUJRAT, TestAgency, beside_us, number, record, text},
};

/// All that this actor's home opens.
fn read(home: &mut Home) -> Vec<Entry> {
    let mut entries = Vec::new();
    home.replay(|page, _| entries.extend(page)).unwrap();
    entries
}

/// What stands in a case for an actor, but that it was opened.
fn shown(actor: &Actor, case: &str) -> Vec<Value> {
    let shown = actor.run(&["case", "show", case]);
    shown["entries"].as_array().unwrap().iter().filter(|entry| entry["kind"] != "access").cloned().collect()
}

/// The numbers of a device's journal that `verify` names as wrong, each with what is wrong.
fn wrong(verified: &Value, device: &str) -> Vec<(u64, String)> {
    let wrong = verified["wrong"].as_array().unwrap().iter().filter(|wrong| wrong["device"] == device);
    wrong.map(|wrong| (number(wrong, "number"), wrong["what"].as_str().unwrap().to_owned())).collect()
}

/// An entry that this actor's device signs, over whatever envelope, as the last of its journal. `like` gives what is not its place.
fn signed(actor: &Actor, like: &Header, envelope: &[u8]) -> u64 {
    let home = actor.unlocked();
    let mut journal = home.journal().another().unwrap();
    let slot = journal.next_slot(Line::Cases).unwrap();
    let (slip, trust) = (like.kind == Kind::Slip, home.trust().unwrap());
    let header = Header {
        device: slot.device,
        journal: slot.journal,
        seq: slot.seq,
        prev: slot.prev,
        key: if slip { slot.seq } else { like.key },
        roster: RosterSeen { version: trust.roster_version(), hash: slip.then(|| trust.roster_hash()) },
        digest: Digest::of(envelope),
        size: envelope.len() as u64,
        ..like.clone()
    };
    let entry = SealedEntry::sign(header, envelope.to_vec(), &home.signer()).unwrap();
    journal.append(&Keep { entries: vec![entry], ..Keep::default() }).unwrap();
    slot.seq
}

/// A slip that this officer's device signs in a case: one unit's stanza is such that nobody's key opens it, the others are good.
pub(crate) fn with_garbage_for(kind: UnitKind, officer: &Actor, case: &str) -> u64 {
    let taken = entries(officer, case);
    let slip = taken.iter().find(|entry| entry.header.kind == Kind::Slip).unwrap();
    let (nobody, key) = (ReadIdentity::generate().unwrap(), CaseKey::generate());
    let (bytes, slot) = {
        let home = officer.unlocked();
        let units = &home.trust().unwrap().roster().units;
        let of = |reader: &Reader| -> Recipient {
            let unit = units.iter().find(|unit| unit.id.as_bytes() == reader.id.as_bytes()).unwrap();
            if unit.kind == kind { nobody.recipient().clone() } else { unit.recipient.clone().unwrap() }
        };
        let bytes = Slip::make(&key, &slip.header.audience.iter().map(of).collect::<Vec<_>>()).unwrap();
        (bytes, home.journal().another().unwrap().next_slot(Line::Cases).unwrap())
    };
    let place = Place { seq: slot.seq, key: slot.seq, ..slip.header.place() };
    let commitment = Digest::from_bytes(*key.id(&place).as_bytes());
    signed(officer, &Header { commitment, ..slip.header.clone() }, &bytes)
}

fn synced(actors: &[&Actor]) {
    for actor in actors {
        actor.ask(&["sync"]);
    }
}

#[test]
fn what_a_stranger_writes_into_a_case_is_offered_and_shown_nowhere_in_it() {
    let agency = TestAgency::build();
    let (officer, reader, stranger) = (&agency.officer, &agency.reader, &agency.stranger);
    let story = record(officer, 1, "zukhwendar");
    record(stranger, 2, "palmishto");
    synced(&[officer, reader, stranger]);
    let (before, offered) = (shown(reader, &story.case), number(&reader.run(&["case", "list"]), "offered"));
    assert_eq!(offered, 0);
    {
        // They have learnt the case's number, and write a slip for it and a note under that: both are signed as they must be.
        let mut home = stranger.unlocked();
        let own = read(&mut home);
        let sheet = own.iter().rev().find_map(|entry| match &entry.content {
            Content::Sheet(sheet) if sheet.form().id.as_str() == "note" => Some(sheet.clone()),
            _ => None,
        });
        let case: CaseId = story.case.parse().unwrap();
        let keep = ToKeep { case, what: What::Sheet(sheet.unwrap()), source: None, draft: None, sharing: None };
        home.keep(Codebook::builtin().unwrap(), keep).unwrap();
    }
    let me = stranger.unlocked().device();
    let theirs = entries(stranger, &story.case).iter().filter(|entry| entry.header.device == me).count();
    assert_eq!(theirs, 2, "a slip and a note");
    synced(&[stranger, reader, officer]);
    let listed = reader.run(&["case", "list"]);
    assert_eq!(number(&listed, "offered"), 2, "both are told of, apart: {listed}");
    assert_eq!(shown(reader, &story.case), before, "and nothing of them stands in the case");
    // Their own case is read by headquarters as ever, and the mark stands nowhere else.
    assert_eq!((finds(reader, "palmishto"), finds(reader, "zukhwendar")), (1, 1));
    let verified = reader.run(&["verify"]);
    assert_eq!((&verified["holds"], verified["offered"].as_array().unwrap().len()), (&true.into(), 2), "{verified}");
}

#[test]
fn a_slip_that_is_played_again_under_another_case_opens_nothing_there_and_is_named() {
    let agency = TestAgency::build();
    let (officer, reader, supervisor) = (&agency.officer, &agency.reader, &agency.supervisor);
    let (one, other) = (record(officer, 1, "zukhwendar"), record(officer, 2, "palmishto"));
    synced(&[officer, reader, supervisor]);
    let before = [shown(reader, &one.case), shown(reader, &other.case)];
    // A colleague who belongs to both cases takes a slip of the one and what lies under it, and signs them as theirs in the other.
    let taken = entries(supervisor, &one.case);
    let slip = taken.iter().find(|entry| entry.header.kind == Kind::Slip).unwrap();
    let under = |entry: &&SealedEntry| entry.header.kind == Kind::Sealed && entry.header.key == slip.header.seq;
    let note = taken.iter().find(under).unwrap();
    let case = entries(supervisor, &other.case)[0].header.case;
    let replayed = signed(supervisor, &Header { case, ..slip.header.clone() }, slip.envelope.as_ref().unwrap());
    let like = Header { case, key: replayed, ..note.header.clone() };
    signed(supervisor, &like, note.envelope.as_ref().unwrap());
    synced(&[supervisor, reader, officer]);
    let verified = reader.ask(&["verify"]).json;
    let named = wrong(&verified, &supervisor.unlocked().device().to_string());
    assert!(
        matches!(named.as_slice(), [(at, what), ..] if *at == replayed && what.contains("key")),
        "the slip is named with its reason: {verified}"
    );
    assert_eq!([shown(reader, &one.case), shown(reader, &other.case)], before, "no case has anything of it");
    assert_eq!((finds(reader, "zukhwendar"), finds(reader, "palmishto")), (1, 1));
}

#[test]
fn a_garbage_stanza_for_headquarters_is_told_of_while_the_author_still_has_the_key() {
    let agency = TestAgency::build();
    let (officer, reader, supervisor) = (&agency.officer, &agency.reader, &agency.supervisor);
    let story = record(officer, 1, "zukhwendar");
    synced(&[officer, reader, supervisor]);
    let at = with_garbage_for(UnitKind::Headquarters, officer, &story.case);
    synced(&[officer, reader, supervisor]);
    let author = officer.unlocked().device();
    let mut home = supervisor.unlocked();
    let words: Vec<bool> = read(&mut home)
        .iter()
        .filter_map(|entry| match &entry.content {
            Content::Opened(said) if said.place.device == author.into() && said.place.seq == at => Some(said.opens),
            _ => None,
        })
        .collect();
    drop(home);
    assert!(words.contains(&false), "the author's supervisor reads that it does not open: {words:?}");
    let named = |actor: &Actor| wrong(&actor.ask(&["verify"]).json, &author.to_string());
    assert!(matches!(named(reader).as_slice(), [(number, _)] if *number == at), "{:?}", named(reader));
    assert_eq!((named(supervisor), named(officer)), (vec![], vec![]), "the station opens it, and can seal it again");
}

/// An agency where one case's slip does not open at its station: that case, and the slip's number in the officer's journal.
fn with_a_shut_slip() -> (TestAgency, String, u64) {
    let agency = TestAgency::build();
    let (officer, reader, supervisor) = (&agency.officer, &agency.reader, &agency.supervisor);
    let story = record(officer, 1, "zukhwendar");
    synced(&[officer, reader, supervisor]);
    let at = with_garbage_for(UnitKind::Station, officer, &story.case);
    synced(&[officer, reader, supervisor]);
    (agency, story.case, at)
}

#[test]
fn a_slip_that_does_not_open_at_a_rotation_is_named_before_and_after_and_said_to_keep_its_key() {
    let (agency, case, at) = with_a_shut_slip();
    let (officer, reader, supervisor) = (&agency.officer, &agency.reader, &agency.supervisor);
    let device = officer.unlocked().device().to_string();
    let names_it = |report: &Value| {
        let rows = report["shut_slips"].as_array().unwrap_or_else(|| panic!("{report}")).clone();
        assert_eq!(rows.len(), 1, "{report}");
        assert_eq!((&rows[0]["case"], &rows[0]["device"]), (&case.as_str().into(), &device.as_str().into()));
        assert_eq!(number(&rows[0], "number"), at, "{report}");
    };
    let offered = offer_and_list(&agency);
    assert_eq!(number(&offered, "shut"), 1, "{offered}");
    assert!(number(&offered, "open") > 0, "the others are looked at all the same: {offered}");
    names_it(&offered);
    synced(&[supervisor]);
    let done = supervisor.run(&["keys", "rotate", "unit", GUJRAT]);
    assert_eq!((text(&done, "/state"), number(&done, "now")), ("done".to_owned(), number(&offered, "open")), "{done}");
    assert!(number(&done, "left") >= 1, "it keeps the older key: {done}");
    names_it(&done);
    synced(&[supervisor, reader, officer, supervisor]);
    assert_eq!(
        [officer, reader, supervisor].map(|actor| finds(actor, "zukhwendar")),
        [1; 3],
        "nothing else is held up"
    );
}

#[test]
fn a_person_reads_which_slips_do_not_open_before_a_rotation_and_when_it_is_done() {
    let (agency, case, at) = with_a_shut_slip();
    let page = || {
        let mut command = agency.supervisor.at_home(Command::new(beside_us("amanat")));
        let said = command.args(["keys", "rotate", "unit", GUJRAT]).output().unwrap();
        String::from_utf8(said.stdout).unwrap()
    };
    offer_and_list(&agency);
    let line = format!("case {}, entry {at} of officer, {GUJRAT}", &case[..8]);
    // The admins have listed the key, and this device has not heard of it yet.
    let before = page();
    assert!(before.contains("1 slips do not open here: they will keep their key"), "{before}");
    assert_eq!(before.matches(&line).count(), 1, "{before}");
    // One that does not open either, and is made for the newer key, keeps no older one.
    synced(&[&agency.officer]);
    let newer = record(&agency.officer, 2, "palmishto");
    with_garbage_for(UnitKind::Station, &agency.officer, &newer.case);
    synced(&[&agency.officer, &agency.supervisor]);
    let done = page();
    assert!(done.contains("are rewrapped to key 2") && done.contains("slips keep an older key"), "{done}");
    assert_eq!((done.matches(&line).count(), done.matches("case ").count()), (1, 1), "{done}");
}
