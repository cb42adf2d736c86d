//! A case sealed again on a live agency: all of it is opened before anything is written, what stays under the older key is said, signed, and
//! can be ended.

use std::{fs, path::Path};

use amanat_keys::rotation::{LeftOut, Said, resealed_case};
use amanat_sync::{
    entry::{Header, Kind, SealedEntry},
    journal::{Journal as _, Keep, Line},
};
use serde_json::Value;

use crate::{
    attached::{attach, file, noise},
    erased::{entries, standing},
    resealed_killed::{case_of, certificate},
    rotation_killed::everything,
    support::{Actor, TestAgency, Typist, flat, number, record, text},
};

fn all_sync(actors: &[&Actor]) {
    for actor in actors.iter().chain(actors) {
        actor.run(&["sync"]);
    }
}

/// An entry of this actor's that its own key does not open: the disk under the author lied, or the author did.
fn garbage(actor: &Actor, case: &str) {
    let of_case = entries(actor, case);
    let like = of_case.iter().rfind(|entry| entry.header.kind == Kind::Sealed).unwrap();
    let home = actor.unlocked();
    let mut journal = home.journal().another().unwrap();
    let slot = journal.next_slot(Line::Cases).unwrap();
    let envelope = noise(9, 300);
    let header = Header {
        seq: slot.seq,
        prev: slot.prev,
        digest: amanat_keys::fingerprint::Digest::of(&envelope),
        size: envelope.len() as u64,
        ..like.header.clone()
    };
    let entry = SealedEntry::sign(header, envelope, &home.signer()).unwrap();
    journal.append(&Keep { entries: vec![entry], ..Keep::default() }).unwrap();
}

#[test]
fn everything_is_opened_before_the_first_write_and_what_stays_is_listed_and_signed() {
    let agency = TestAgency::build();
    let (officer, reader, supervisor) = (&agency.officer, &agency.reader, &agency.supervisor);
    let case = record(officer, 1, "zukhwendar").case;
    garbage(officer, &case);
    for actor in [officer, reader, supervisor] {
        actor.ask(&["sync"]);
    }
    // Headquarters writes in it as well: a supervisor may not stand in for that.
    crate::support::jot(reader, &case, 7, "palmishto");
    for actor in [reader, supervisor] {
        actor.ask(&["sync"]);
    }
    let before = everything(&supervisor.unlocked()).len();
    let looked = supervisor.run(&["keys", "rekey", &case, "--reseal", "--look"]);
    assert_eq!(everything(&supervisor.unlocked()).len(), before, "to look changes nothing");
    assert_eq!(
        (number(&looked, "shut"), number(&looked, "attached"), number(&looked, "before")),
        (1, 0, 0),
        "{looked}"
    );
    let (open, others) = (number(&looked, "open"), number(&looked, "others"));
    assert!(open >= 6 && others >= 1, "{looked}");
    let named = |json: &Value, why: &str| json["left"].as_array().unwrap().iter().filter(|it| it["why"] == why).count();
    assert_eq!((named(&looked, "shut"), named(&looked, "others") as u64), (1, others), "each by its place: {looked}");

    let sealed = supervisor.run(&["keys", "rekey", &case, "--reseal"]);
    assert_eq!((number(&sealed, "resealed"), number(&sealed, "certified")), (open, open), "{sealed}");
    assert_eq!(sealed["left"], looked["left"], "what was said before is what stayed");
    let home = supervisor.unlocked();
    let word = certificate(&home).unwrap();
    let Said::Resealed { case: tag, entries: count, left, stragglers, .. } = &word.said else { panic!("{word:?}") };
    let id = case_of(&home, &case);
    assert_eq!((*tag, *count), (resealed_case(&word.agency, &id), open));
    let why = |why| left.iter().filter(|(_, it)| *it == why).count() as u64;
    assert_eq!([LeftOut::Shut, LeftOut::Others, LeftOut::Attached].map(why), [1, others, 0]);
    let mut writers = [officer, reader].map(|actor| actor.unlocked().device());
    writers.sort_unstable();
    assert_eq!(*stragglers, writers);
    drop(home);
    // Everybody has it after a contact; of which case it speaks only those know who know the case.
    all_sync(&[supervisor, reader, &agency.stranger]);
    let filed = agency.stranger.unlocked().journal().documents().unwrap();
    let same = |bytes: &Vec<u8>| memchr::memmem::find(bytes, id.as_bytes()).is_some();
    let found: Vec<_> =
        filed.iter().filter(|it| it.document.about == word.about()).map(|it| it.document.bytes.clone()).collect();
    assert_eq!((found.len(), found.iter().filter(|bytes| same(bytes)).count()), (1, 0));
}

/// The sealed files of attachments below a folder.
fn sealed_at(folder: &Path) -> usize {
    let whole = |path: &&std::path::PathBuf| path.file_name().is_some_and(|name| name.len() == 64);
    crate::support::files_below(folder).iter().filter(whole).count()
}

#[test]
fn attachments_of_an_older_agency_stay_under_the_older_key_until_they_are_attached_again_or_its_format_is_raised() {
    let agency = TestAgency::older();
    let format = |actor: &Actor| actor.unlocked().trust().unwrap().roster().minimum_version;
    assert_eq!(format(&agency.reader), 1);
    let (officer, reader, supervisor) = (&agency.officer, &agency.reader, &agency.supervisor);
    let story = record(officer, 1, "zukhwendar");
    let plain = noise(3, 70_000);
    let entry = attach(officer, &story, &[&file(&agency, "scan.pdf", &plain)]);
    all_sync(&[officer, reader, supervisor]);
    let sealed = reader.run(&["keys", "rekey", &story.case, "--reseal"]);
    let parts = &sealed["attachments"];
    assert_eq!((number(&sealed, "attached"), number(parts, "count")), (1, 1), "{sealed}");
    assert!(number(parts, "bytes") > 70_000, "{sealed}");
    let left = sealed["left"].as_array().unwrap();
    assert!(left.len() == 1 && left[0]["entry"] == entry.as_str() && left[0]["why"] == "attached", "{sealed}");
    all_sync(&[reader, supervisor, officer]);
    let held = |actor: &Actor| entries(actor, &story.case).into_iter().find(|it| !it.header.parts.is_empty()).unwrap();
    let older = held(officer).envelope.unwrap();
    assert_eq!(
        (standing(&agency.hub_home, std::slice::from_ref(&older)), sealed_at(&agency.hub_home)),
        (1, 1),
        "it is served still"
    );

    // The audit of the station's key says so too, case by case.
    let audited = |actor: &Actor| {
        let page = actor.run(&["keys", "audit", crate::support::GUJRAT]);
        let case = page["cases"].as_array().unwrap().iter().find(|it| it["case"] == story.case.as_str()).cloned();
        number(&case.unwrap(), "attachments")
    };
    assert_eq!(audited(supervisor), 1);

    // What the command says to do about it.
    let out = agency.dir.path().join("scan-again.pdf");
    let path = out.to_string_lossy().into_owned();
    reader.run(&["entry", "save-part", &entry, "1", "--out", &path]);
    assert_eq!(fs::read(&out).unwrap(), plain);
    let again = text(&reader.run(&["entry", "attach", &story.case, &path]), "/entry");
    let order = agency.dir.path().join("one.erasure").to_string_lossy().into_owned();
    let why = "Attached again under a new key";
    let proposed = reader.run(&["case", "erase", &story.case, "--order", why, "--entry", &entry, "--out", &order]);
    assert_eq!((number(&proposed, "entries"), number(&proposed, "slips")), (1, 0), "that one and no other: {proposed}");
    agency.admin.run(&["roster", "sign", &order]);
    reader.run(&["case", "erase", &story.case, "--signed", &order]);
    all_sync(&[reader, supervisor, officer]);
    all_sync(&[reader, supervisor, officer]);
    assert_eq!(standing(&agency.hub_home, &[older]), 0, "no file of the hub holds the older envelope");
    assert_eq!(sealed_at(&agency.hub_home), 1, "and of the attachment there is the newer one alone");
    for actor in [officer, reader, supervisor] {
        let shown = actor.run(&["case", "show", &story.case]);
        assert_eq!(shown["gone"].as_array().unwrap().len(), 1, "{}: {shown}", actor.name);
        assert_eq!(number(&actor.run(&["case", "search", "zukhwendar"]), "total"), 1, "{}", actor.name);
        assert_eq!(actor.run(&["verify"])["holds"], true, "{}", actor.name);
    }
    assert_eq!(audited(supervisor), 1, "the newer one, under the key of today");
    let saved = agency.dir.path().join("saved.pdf").to_string_lossy().into_owned();
    supervisor.run(&["entry", "save-part", &again, "1", "--out", &saved]);
    assert_eq!(fs::read(&saved).unwrap(), plain);
    let looked = reader.run(&["keys", "rekey", &story.case, "--look"]);
    assert_eq!(number(&looked, "attached"), 1, "the new one lies under the key of today: {looked}");

    // Once the admins have said that everybody knows how, it is sealed again like the rest.
    agency.admin.run(&["roster", "policy", "least-format", "2"]);
    all_sync(&[&agency.admin, reader, supervisor, officer]);
    assert_eq!(format(reader), 2);
    let newer = held(reader).envelope.unwrap();
    let sealed = reader.run(&["keys", "rekey", &story.case, "--reseal"]);
    assert_eq!(number(&sealed, "attached"), 0, "{sealed}");
    all_sync(&[reader, supervisor, officer]);
    all_sync(&[reader, supervisor, officer]);
    assert_eq!((standing(&agency.hub_home, &[newer]), sealed_at(&agency.hub_home)), (0, 1), "the newest alone");
    supervisor.run(&["entry", "save-part", &again, "1", "--out", &saved, "--force"]);
    assert_eq!(fs::read(&saved).unwrap(), plain);
}

#[test]
fn a_supervisor_seals_a_case_again_by_keys_after_what_it_means_was_said() {
    let agency = TestAgency::build();
    let (officer, reader, supervisor) = (&agency.officer, &agency.reader, &agency.supervisor);
    let story = record(officer, 1, "zukhwendar");
    for actor in [officer, reader, supervisor] {
        actor.run(&["sync"]);
    }
    let envelopes: Vec<Vec<u8>> = entries(officer, &story.case)
        .into_iter()
        .filter(|entry| entry.header.kind == Kind::Sealed)
        .map(|entry| entry.envelope.unwrap())
        .collect();
    let mut typist = Typist::sits_down(&supervisor.home, &[]);
    typist.sees("\u{2500}");
    let passphrase = fs::read_to_string(&supervisor.passphrase).unwrap();
    typist.types(&format!("\"{}\" Enter", passphrase.trim_end()));
    typist.sees("1 case");
    typist.does("Enter", "Esc back");
    // That the case was opened is an entry as well.
    let all = envelopes.len() + 1;
    let screen = typist.does("F11", "Enter begins.");
    assert!(flat(&screen).contains(&format!("{all} entries open under")), "{screen}");
    assert!(flat(&screen).contains("! Writes in it under a key of its own"), "the officer goes on: {screen}");
    assert!(!screen.contains('\u{241f}') && !screen.contains('\u{1f}'), "in one language: {screen}");
    assert!(screen.contains("kept 1"), "that it was opened is all that is kept before it is agreed to: {screen}");
    typist.does("Enter", &format!("Done: {all} entries are sealed again, and it is signed."));
    typist.types("C-q");
    typist.ends();
    assert!(certificate(&supervisor.unlocked()).is_some());
    all_sync(&[supervisor, reader, officer]);
    assert_eq!(standing(&agency.hub_home, &envelopes), 0, "no file of the hub holds an older envelope");
    assert_eq!(supervisor.run(&["verify"])["holds"], true);
}
