//! A case erased by order: every copy goes, every chain stays, nothing brings it back, and nobody can do it alone.

use std::{
    fs,
    path::{Path, PathBuf},
};

use amanat::runtime::roster::enrol::Admin;
use amanat_keys::{
    erasure::{Doomed, Erasure},
    fingerprint::{DeviceId, Digest},
    statement::Statement,
    vault_file,
};
use amanat_sync::{
    batch::Limit,
    documents::{Document, DocumentKind},
    entry::{Change, Header, Kind, RosterSeen, SealedEntry, Target},
    journal::{Cursor, Journal as _, Keep, Line, Shelf},
};
use rusqlite::Connection;

use crate::support::{Actor, TestAgency, files_below, jot, number, record, text};

/// The rows of a journal's or the hub's database that hold what `select` names, as bytes that stand in the file.
fn rows(database: &Path, select: &str) -> Vec<Vec<u8>> {
    let db = Connection::open(database).unwrap();
    let mut statement = db.prepare(select).unwrap();
    let found = statement.query_map([], |row| row.get::<_, Vec<u8>>(0)).unwrap();
    found.map(Result::unwrap).collect()
}

/// How many of these stand somewhere in the files of a folder, recognised by bytes from their middle.
pub(crate) fn standing(folder: &Path, bodies: &[Vec<u8>]) -> usize {
    let contents: Vec<Vec<u8>> = files_below(folder).iter().map(|path| fs::read(path).unwrap()).collect();
    let middle = |body: &[u8]| body[body.len() / 2..body.len() / 2 + 24].to_vec();
    let holds = |bytes: &[u8]| contents.iter().any(|file| memchr::memmem::find(file, bytes).is_some());
    bodies.iter().filter(|body| holds(&middle(body))).count()
}

/// The sealed rows in which a home keeps the officer's entries: those of its first journal, or of another's.
fn sealed_rows(actor: &Actor, device: &str) -> Vec<Vec<u8>> {
    let of = format!("select no from journals where device = unhex('{device}')");
    rows(&actor.file("journal.sqlite"), &format!("select body from entries where place / 549755813888 in ({of})"))
}

pub(crate) fn entries(actor: &Actor, case: &str) -> Vec<SealedEntry> {
    let home = actor.unlocked();
    let page = home.journal().entries_after(Cursor::START, Limit::BODY).unwrap();
    page.entries.into_iter().filter(|entry| entry.header.case.to_string() == case).collect()
}

/// Nothing of the case is read here, its chain holds, and `count` of its entries count as erased.
fn has_lost(actor: &Actor, by: &DeviceId, case: &str, count: u64) {
    let mark = "zukhwendar";
    let verified = actor.run(&["verify"]);
    assert_eq!((&verified["holds"], number(&verified, "erased")), (&true.into(), count), "{}: {verified}", actor.name);
    assert_eq!(number(&actor.run(&["case", "search", mark]), "total"), 0, "{} finds it", actor.name);
    // The reason and the stand-ins are by another device.
    let left =
        entries(actor, case).iter().filter(|entry| entry.header.device == *by && entry.envelope.is_some()).count();
    assert_eq!(left, 0, "{}", actor.name);
    let home = actor.unlocked();
    let keys = home.journal().shelf(Shelf::CaseKeys).unwrap();
    let erased = entries_of(&home, case);
    let kept = keys.iter().filter_map(|row| row.slip()).filter(|slip| erased.contains(slip)).count();
    assert_eq!(kept, 0, "{} keeps case keys of erased slips", actor.name);
}

/// Places of the case whose envelope is gone.
fn entries_of(home: &amanat::runtime::homes::home::Home, case: &str) -> Vec<amanat_sync::entry::EntryRef> {
    let page = home.journal().entries_after(Cursor::START, Limit::BODY).unwrap();
    let gone = |entry: &SealedEntry| entry.envelope.is_none() && entry.header.case.to_string() == case;
    page.entries.iter().filter(|entry| gone(entry)).map(SealedEntry::at).collect()
}

fn copy(from: &Path, to: &Path) {
    drop(fs::remove_dir_all(to));
    fs::create_dir_all(to).unwrap();
    for item in fs::read_dir(from).unwrap() {
        let path = item.unwrap().path();
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

/// Proposes at headquarters and signs at the admin's; where the file lies.
pub(crate) fn signed_order(agency: &TestAgency, case: &str) -> PathBuf {
    let file = agency.dir.path().join("case.erasure");
    let path = file.to_string_lossy().into_owned();
    let proposed =
        agency.reader.run(&["case", "erase", case, "--order", "LHC, 3 Nov 2026, WP 812/2026", "--out", &path]);
    assert_eq!((number(&proposed, "needed"), number(&proposed, "left_out")), (1, 0), "{proposed}");
    let early = agency.reader.ask(&["case", "erase", case, "--signed", &path]);
    assert_eq!(early.code, 5, "{}", early.json);
    assert!(early.message().contains("0 of 1 admins have signed"), "{}", early.message());
    let signed = agency.admin.run(&["roster", "sign", &path]);
    assert_eq!((text(&signed, "/case"), number(&signed, "signed")), (case.to_owned(), 1), "{signed}");
    file
}

/// The officer sees that there was a case, how much of it went and when, and nothing of what it said.
fn says_that_it_is_gone(officer: &Actor, case: &str, before: &[SealedEntry]) {
    let list = officer.run(&["case", "list"]);
    let line = list["cases"].as_array().unwrap().iter().find(|line| line["case"] == case).unwrap();
    let contents = u64::try_from(before.iter().filter(|entry| entry.header.kind == Kind::Sealed).count()).unwrap();
    assert_eq!((number(line, "entries"), number(line, "erased")), (0, contents), "{line}");
    let shown = officer.run(&["case", "show", case]);
    let gone = shown["gone"].as_array().unwrap();
    assert!(gone.len() as u64 == contents && gone.iter().all(|it| it["why"] == "erased by order"), "{shown}");
    assert!(gone.iter().all(|it| it["since"].is_string()), "when, by the hub's clock: {shown}");
}

/// What the receipt of the case's one order says: entries named, stood in for, gone here, stand-ins received and own ones. What it carries is
/// the order that the admins signed.
fn became(actor: &Actor, case: &str) -> [u64; 5] {
    let file = actor.file("erasure.receipt");
    drop(fs::remove_file(&file));
    let told = actor.run(&["case", "erase", case, "--receipt", file.to_str().unwrap()]);
    let written: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    assert_eq!(written, told, "{}", actor.name);
    let [order] = told["orders"].as_array().unwrap().as_slice() else { panic!("one order: {told}") };
    let hex = text(order, "/statement");
    let bytes: Vec<u8> =
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
    let signed = Erasure::verify(&bytes, actor.unlocked().trust().unwrap()).unwrap();
    assert_eq!(signed.value().case.to_string(), case);
    ["entries", "stood_in", "gone_here", "received_by_hub", "own_stand_ins"].map(|name| number(order, name))
}

#[test]
fn a_receipt_says_what_became_of_an_order_here_and_at_the_hub_and_carries_it() {
    let agency = TestAgency::build();
    let (officer, reader) = (&agency.officer, &agency.reader);
    let (erased, other) = (record(officer, 1, "zukhwendar"), record(officer, 2, "palmishto"));
    officer.run(&["sync"]);
    reader.run(&["sync"]);
    let file = signed_order(&agency, &erased.case).to_string_lossy().into_owned();
    reader.run(&["case", "erase", &erased.case, "--signed", &file]);
    let count = erased.places;
    assert_eq!(became(reader, &erased.case), [count, count, count, 0, count], "gone here; the hub has heard nothing");
    reader.run(&["sync"]);
    assert_eq!(became(reader, &erased.case), [count; 5], "and now it has signed for it");
    let early = officer.ask(&["case", "erase", &erased.case, "--receipt", "early.receipt"]);
    assert!(early.code == 5 && early.message().contains("no order"), "{}", early.json);
    officer.run(&["sync"]);
    assert_eq!(became(officer, &erased.case), [count, count, count, 0, 0], "the stand-ins are the reader's");
    let none = officer.ask(&["case", "erase", &other.case, "--receipt", "none.receipt"]);
    assert!(none.code == 5 && none.message().contains("no order"), "{}", none.json);
}

#[test]
fn withdrawn_consent_is_a_reason_to_erase_where_nothing_stands_in_the_case_by_law() {
    let agency = TestAgency::build();
    let (officer, reader) = (&agency.officer, &agency.reader);
    let (story, fir) = (record(officer, 1, "zukhwendar"), record(officer, 2, "palmishto"));
    let amend = |entry: &str, answers: &serde_json::Value| {
        officer.run_with(&["entry", "amend", entry, "--from", "-"], &answers.to_string());
    };
    let ask = |story: &crate::support::Story, entry: &str| {
        let out = agency.dir.path().join("consent.erasure").to_string_lossy().into_owned();
        reader.ask(&["case", "erase", &story.case, "--consent", entry, "--out", &out])
    };
    officer.run(&["sync"]);
    reader.run(&["sync"]);
    let early = ask(&story, story.interview());
    assert!(early.code == 5 && early.message().contains("does not say that consent was withdrawn"), "{}", early.json);
    for story in [&story, &fir] {
        amend(story.interview(), &serde_json::json!({"consent_withdrawn_on": "2026-10-20"}));
    }
    let statement = serde_json::json!({"statement_type": "S161", "signed": false, "read_back": true});
    amend(fir.interview(), &statement);
    officer.run(&["sync"]);
    reader.run(&["sync"]);
    let law = ask(&fir, fir.interview());
    assert!(law.code == 5 && law.message().contains("CrPC ss.154, 161, 164"), "{}", law.json);
    let another = ask(&story, fir.interview());
    assert!(another.code != 0, "an entry of another case: {}", another.json);
    let proposed = ask(&story, story.interview());
    assert_eq!((proposed.code, number(&proposed.json, "needed")), (0, 1), "{}", proposed.json);
    let file = text(&proposed.json, "/file");
    agency.admin.run(&["roster", "sign", &file]);
    reader.run(&["case", "erase", &story.case, "--signed", &file]);
    let shown = reader.run(&["case", "show", &story.case]).to_string();
    assert!(shown.contains("Consent withdrawn on 2026-10-20"), "the reason stays: {shown}");
    assert_eq!(number(&reader.run(&["case", "search", "zukhwendar"]), "total"), 0);
    assert_eq!(number(&reader.run(&["case", "search", "palmishto"]), "total"), 1, "the other case is as it was");
}

#[test]
fn an_erased_case_is_gone_everywhere_and_every_chain_stays_whole() {
    let agency = TestAgency::build();
    let (officer, reader, supervisor) = (&agency.officer, &agency.reader, &agency.supervisor);
    let erased = record(officer, 1, "zukhwendar");
    let before = entries(officer, &erased.case);
    let sealed = sealed_rows(officer, &text(&officer.run(&["status"]), "/device"));
    let other = record(officer, 2, "palmishto");
    for actor in [officer, reader, supervisor, &agency.stranger] {
        actor.run(&["sync"]);
    }
    let device = text(&officer.run(&["status"]), "/device");
    let by = before[0].header.device;
    let count = u64::try_from(before.len()).unwrap();
    assert_eq!((count, u64::try_from(sealed.len()).unwrap()), (erased.places, erased.places));
    let envelopes: Vec<Vec<u8>> = before.iter().map(|entry| entry.envelope.clone().unwrap()).collect();
    let at_reader: Vec<Vec<u8>> = sealed_rows(reader, &device)[..before.len()].to_vec();
    assert_eq!(standing(&agency.hub_home, &envelopes), envelopes.len(), "the search finds what is there");
    assert_eq!((standing(&officer.home, &sealed), standing(&reader.home, &at_reader)), (sealed.len(), sealed.len()));
    let backup = agency.dir.path().join("backup");
    copy(&officer.home, &backup);

    let file = signed_order(&agency, &erased.case);
    let path = file.to_string_lossy().into_owned();
    let refused = agency.officer.ask(&["case", "erase", &erased.case, "--signed", &path]);
    assert!(refused.code == 5 && refused.message().contains("may stand in for none"), "{}", refused.json);
    let stood = reader.run(&["case", "erase", &erased.case, "--signed", &path]);
    assert_eq!((number(&stood, "stood_in"), number(&stood, "left_out")), (count, 0), "{stood}");
    has_lost(reader, &by, &erased.case, count);
    let again = reader.run(&["case", "erase", &erased.case, "--signed", &path]);
    assert_eq!((number(&again, "stood_in"), number(&again, "before")), (0, count), "{again}");
    assert_eq!(standing(&agency.hub_home, &envelopes), envelopes.len(), "nothing has left the reader's machine yet");
    reader.run(&["sync"]);
    let hub = agency.hub_status();
    assert_eq!((number(&hub, "erased"), number(&hub, "missing")), (count, 0), "{hub}");
    assert_eq!(standing(&agency.hub_home, &envelopes), 0, "no file of the hub holds an envelope");
    assert_eq!(standing(&reader.home, &at_reader), 0, "nor of the reader");

    // The officer was offline all the while, and went on in the other case.
    jot(officer, &other.case, 3, "palmishto");
    let synced = officer.run(&["sync"]);
    assert_eq!(number(&synced, "waiting"), 0, "{synced}");
    has_lost(officer, &by, &erased.case, count);
    assert_eq!(standing(&officer.home, &sealed), 0, "no file of the officer holds a row");
    says_that_it_is_gone(officer, &erased.case, &before);
    for actor in [supervisor, &agency.stranger, &agency.admin] {
        actor.run(&["sync"]);
    }
    has_lost(supervisor, &by, &erased.case, count);
    let verified = agency.stranger.run(&["verify"]);
    assert_eq!((&verified["holds"], &verified["offered"]), (&true.into(), &serde_json::json!([])), "{verified}");
    // Who reads the case reads why.
    for actor in [reader, supervisor] {
        assert!(actor.run(&["case", "show", &erased.case]).to_string().contains("WP 812/2026"), "{}", actor.name);
    }
    // The other case is as it was, for everybody.
    assert!(
        reader.run(&["sync"])["failed"] == 0 && number(&reader.run(&["case", "search", "palmishto"]), "total") == 1
    );

    // The laptop is put back to before the order: it brings nothing back, and loses its copy again.
    let newer = agency.dir.path().join("newer");
    copy(&officer.home, &newer);
    copy(&backup, &officer.home);
    assert_eq!(standing(&officer.home, &sealed), sealed.len());
    for _ in 0..2 {
        officer.ask(&["sync"]);
    }
    let hub = agency.hub_status();
    assert_eq!((number(&hub, "erased"), number(&hub, "missing")), (count, 0), "{hub}");
    assert_eq!((standing(&agency.hub_home, &envelopes), standing(&officer.home, &sealed)), (0, 0));
    has_lost(officer, &by, &erased.case, count);

    // What the officer writes into the case from now on is under a new slip, and read at headquarters.
    jot(officer, &erased.case, 9, "tarvelish");
    officer.run(&["sync"]);
    reader.run(&["sync"]);
    assert_eq!(number(&reader.run(&["case", "search", "tarvelish"]), "total"), 1);
    assert_eq!(reader.run(&["verify"])["holds"], true);
}

/// An officer who was offline has written into the case meanwhile: that was not in the order, is kept again and read.
#[test]
fn what_an_order_does_not_name_survives_it() {
    let agency = TestAgency::build();
    let (officer, reader) = (&agency.officer, &agency.reader);
    let story = record(officer, 1, "zukhwendar");
    officer.run(&["sync"]);
    reader.run(&["sync"]);
    // Headquarters has a slip of its own in the case before the reason is kept: it goes, and the reason stays readable.
    jot(reader, &story.case, 5, "zukhwendar");
    let path = signed_order(&agency, &story.case).to_string_lossy().into_owned();
    jot(officer, &story.case, 7, "morghalin");
    reader.run(&["case", "erase", &story.case, "--signed", &path]);
    reader.run(&["sync"]);
    for _ in 0..2 {
        officer.run(&["sync"]);
    }
    reader.run(&["sync"]);
    let order = Erasure::proposed(&Statement::from_bytes(&fs::read(&path).unwrap()).unwrap()).unwrap();
    let shown = reader.run(&["case", "show", &story.case]);
    let reason = shown["entries"].as_array().unwrap().iter().find(|entry| entry.to_string().contains("WP 812/2026"));
    assert_eq!(reason.unwrap()["entry"], order.reason.to_string()[..32], "the very entry that the order names");
    for actor in [officer, reader] {
        assert_eq!(number(&actor.run(&["case", "search", "morghalin"]), "total"), 1, "{}", actor.name);
        assert_eq!(number(&actor.run(&["case", "search", "zukhwendar"]), "total"), 0, "{}", actor.name);
        let shown = actor.run(&["case", "show", &story.case]).to_string();
        assert_eq!(shown.matches("morghalin").count(), 1, "{}: once", actor.name);
        assert_eq!(actor.run(&["verify"])["holds"], true, "{}", actor.name);
    }
}

fn doomed(entry: &SealedEntry) -> Doomed {
    let at = entry.at();
    Doomed { device: at.device, journal: at.journal, seq: at.seq, hash: entry.hash() }
}

/// An erasure stand-in as this actor's device can sign one, allowed or not.
fn stand_in(actor: &Actor, of: &SealedEntry) {
    let home = actor.unlocked();
    let mut journal = home.journal().another().unwrap();
    let slot = journal.next_slot(Line::Cases).unwrap();
    let header = Header {
        device: slot.device,
        journal: slot.journal,
        seq: slot.seq,
        prev: slot.prev,
        kind: Kind::StandIn,
        key: slot.seq,
        audience: Vec::new(),
        roster: RosterSeen { version: home.trust().unwrap().roster_version(), hash: None },
        digest: Digest::of(&[]),
        size: 0,
        parts: Vec::new(),
        target: Some(Target {
            agency: slot.agency,
            entry: of.at(),
            hash: of.hash(),
            change: Change::Erasure,
            replaces: None,
        }),
        ..of.header.clone()
    };
    let entry = SealedEntry::sign(header, Vec::new(), &home.signer()).unwrap();
    journal.append(&Keep { entries: vec![entry], ..Keep::default() }).unwrap();
}

/// An order over these, put on the admin's shelf; signed, or not.
fn order(agency: &TestAgency, of: &SealedEntry, target: Doomed, signed: bool) {
    let passphrase = vault_file::read_passphrase(&agency.admin.passphrase).unwrap();
    let admin = Admin::open(agency.admin.unlocked(), &passphrase).unwrap();
    let reason = Digest::of(&target.seq.to_be_bytes());
    let order = Erasure { agency: of.header.agency, case: of.header.case, reason, targets: vec![target] };
    let mut statement: Statement = order.propose().unwrap();
    if signed {
        admin.sign_erasure(&mut statement).unwrap();
    }
    let (kind, about, bytes) = (DocumentKind::Erasure, statement.payload_hash(), statement.to_bytes());
    let mut journal = admin.home.journal().another().unwrap();
    journal.adopt(&Document { kind, about, version: 1, bytes }).unwrap();
}

#[test]
fn neither_an_order_nor_a_stand_in_alone_erases_anything() {
    let agency = TestAgency::build();
    let (officer, reader, supervisor) = (&agency.officer, &agency.reader, &agency.supervisor);
    let story = record(officer, 1, "zukhwendar");
    for actor in [officer, reader, supervisor, &agency.stranger] {
        actor.run(&["sync"]);
    }
    let all = entries(officer, &story.case);
    let contents: Vec<&SealedEntry> = all.iter().filter(|entry| entry.header.kind == Kind::Sealed).collect();
    let [by_stranger, other_hash, stood_only, ordered_only, unsigned, ..] = contents[..] else { panic!("too few") };
    stand_in(&agency.stranger, by_stranger);
    order(&agency, by_stranger, doomed(by_stranger), true);
    stand_in(supervisor, other_hash);
    order(&agency, other_hash, Doomed { hash: stood_only.hash(), ..doomed(other_hash) }, true);
    stand_in(supervisor, stood_only);
    order(&agency, ordered_only, doomed(ordered_only), true);
    stand_in(supervisor, unsigned);
    order(&agency, unsigned, doomed(unsigned), false);
    let everybody = [&agency.admin, &agency.stranger, supervisor, officer, reader];
    for actor in everybody.into_iter().chain(everybody) {
        actor.ask(&["sync"]);
    }
    let hub = agency.hub_status();
    assert_eq!((number(&hub, "erased"), number(&hub, "missing")), (0, 0), "{hub}");
    for actor in [officer, reader, supervisor] {
        let whole = |entry: &&SealedEntry| entry.envelope.is_some() && entry.header.device == all[0].header.device;
        assert_eq!(entries(actor, &story.case).iter().filter(whole).count(), all.len(), "{}", actor.name);
        let verified = actor.run(&["verify"]);
        assert_eq!((&verified["holds"], number(&verified, "erased")), (&true.into(), 0), "{}: {verified}", actor.name);
    }
    // What was lacking comes: that entry goes, and no other.
    order(&agency, stood_only, doomed(stood_only), true);
    for actor in everybody.into_iter().chain(everybody) {
        actor.ask(&["sync"]);
    }
    assert_eq!(number(&agency.hub_status(), "erased"), 1);
    for actor in [officer, reader, supervisor] {
        let gone: Vec<u64> = entries(actor, &story.case)
            .iter()
            .filter(|entry| entry.envelope.is_none())
            .map(|entry| entry.header.seq)
            .collect();
        assert_eq!(gone, [stood_only.header.seq], "{}", actor.name);
        assert_eq!(number(&actor.run(&["verify"]), "erased"), 1, "{}", actor.name);
    }
}
