//! What a custodian who means ill can bring in the place of attachments: bytes that do not open, bytes that open to something else, sizes that lie,
//! fewer than there were. No hub and no device lets the author's go for any of it, everybody opens those, and it is told of.

use std::fs;

use amanat_keys::{
    Slip,
    case_key::CaseKey,
    fingerprint::{Digest, KeyId},
    part,
    payload::{NonceHedge, NonceKey},
};
use amanat_sync::{
    entry::{Change, Part, SealedEntry},
    journal::{Journal as _, Keep, Line},
};
use serde_json::Value;

use crate::{
    attached::{attach, file, noise},
    erased::standing,
    resealed_parts::{all_sync, listing},
    revoked_reader::identities,
    rotation_killed::{Again, everything},
    support::{Actor, Story, TestAgency, files_below, number, record},
};

/// What is brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lie {
    Garbage,
    OtherContent,
    OtherSize,
    Fewer,
}

const LIES: [Lie; 4] = [Lie::Garbage, Lie::OtherContent, Lie::OtherSize, Lie::Fewer];

/// One case for each lie, with two attachments.
struct Case {
    story: Story,
    entry: String,
    plain: [Vec<u8>; 2],
    /// What its author's device sealed.
    listing: SealedEntry,
}

/// A copy of the reader's home has sealed every case again honestly, which the home itself has not.
struct Honest {
    entries: Vec<SealedEntry>,
    files: Vec<(Digest, Vec<u8>)>,
}

fn cases(agency: &TestAgency) -> Vec<Case> {
    let officer = &agency.officer;
    let stories: Vec<Story> = (1..).take(LIES.len()).map(|n| record(officer, n, "zukhwendar")).collect();
    let attached = stories.into_iter().zip(0_u64..).map(|(story, n)| {
        let plain = [noise(10 * n + 1, 70_000), noise(10 * n + 2, 300)];
        let files = [file(agency, "scan.pdf", &plain[0]), file(agency, "note.txt", &plain[1])];
        let entry = attach(officer, &story, &[&files[0], &files[1]]);
        let listing = listing(officer, &story.case);
        Case { story, entry, plain, listing }
    });
    attached.collect()
}

fn seal_honestly(reader: &Actor, cases: &[Case]) -> Honest {
    let before = everything(&reader.unlocked());
    for case in cases {
        let sealed = reader.run(&["keys", "rekey", &case.story.case, "--reseal"]);
        assert_eq!(number(&sealed, "attached"), 0, "{sealed}");
    }
    let home = reader.unlocked();
    let (me, line) = (home.device(), home.journal().another().unwrap().next_slot(Line::Cases).unwrap().journal);
    let new = |entry: &SealedEntry| {
        let ours = (entry.header.device, entry.header.journal) == (me, line);
        ours && !before.iter().any(|older| older.at() == entry.at())
    };
    let mut entries: Vec<SealedEntry> = everything(&home).into_iter().filter(new).collect();
    entries.sort_by_key(|entry| entry.header.seq);
    let parts = entries.iter().flat_map(|entry| &entry.header.parts);
    let read = |part: &Part| (part.digest, fs::read(reader.file("parts").join(part.digest.to_string())).unwrap());
    let files = parts.map(read).collect();
    Honest { entries, files }
}

/// The case key under which an entry of these lies.
fn key_of(reader: &Actor, entries: &[SealedEntry], under: u64) -> CaseKey {
    let slip = entries.iter().find(|entry| entry.header.seq == under).unwrap();
    let parsed = Slip::parse(slip.envelope.as_ref().unwrap(), slip.header.audience.len()).unwrap();
    let id = KeyId::from_bytes(*slip.header.commitment.as_bytes());
    parsed.open(&identities(reader), &slip.header.place(), &id).unwrap()
}

/// What stands in the place of the honest list, and the bytes that belong to it.
fn lying(lie: Lie, parts: &[Part], key: &CaseKey) -> (Vec<Part>, Option<Vec<u8>>) {
    let mut parts = parts.to_vec();
    let bytes = match lie {
        Lie::Garbage => Some(noise(77, usize::try_from(parts[0].size).unwrap())),
        Lie::OtherContent => {
            let (nonce, mut out) = (NonceKey::from_bytes([7; 32]), Vec::new());
            let hedge = NonceHedge { key: &nonce, link: Digest::of(b"any") };
            let plain = noise(78, usize::try_from(part::plain_size(parts[0].size)).unwrap());
            part::seal(&mut std::io::Cursor::new(plain), &mut out, key, &hedge, &mut |_| true).unwrap();
            Some(out)
        }
        Lie::OtherSize => {
            parts[0].size += 1;
            None
        }
        Lie::Fewer => {
            parts.truncate(1);
            None
        }
    };
    if let Some(bytes) = &bytes {
        assert_eq!(bytes.len() as u64, parts[0].size, "{lie:?}: only what is in it differs");
        parts[0].digest = Digest::of(bytes);
    }
    (parts, bytes)
}

/// The same journal as the honest one, but for what its entries list: chained and signed by the custodian's own device. Where the reseals stand.
fn forge(reader: &Actor, honest: Honest, cases: &[Case]) -> Vec<u64> {
    let keys: Vec<CaseKey> = {
        let carriers = honest.entries.iter().filter(|entry| !entry.header.parts.is_empty());
        carriers.map(|entry| key_of(reader, &honest.entries, entry.header.key)).collect()
    };
    let home = reader.unlocked();
    let mut journal = home.journal().another().unwrap();
    let (mut slot, mut keep) = (journal.next_slot(Line::Cases).unwrap(), Keep::default());
    assert_eq!(slot.seq, honest.entries[0].header.seq, "from the same place on");
    let (mut files, mut at, mut reseals) = (honest.files, 0, Vec::new());
    for entry in honest.entries {
        let mut header = entry.header;
        if !header.parts.is_empty() {
            let (parts, bytes) = lying(LIES[at], &header.parts, &keys[at]);
            files.extend(bytes.map(|bytes| (Digest::of(&bytes), bytes)));
            header.parts = parts;
            at += 1;
        }
        let about = header.target.filter(|target| target.change == Change::Reseal).map(|target| target.hash);
        if about.is_some_and(|hash| cases.iter().any(|case| case.listing.hash() == hash)) {
            reseals.push(header.seq);
        }
        header.prev = slot.prev;
        let entry = SealedEntry::sign(header, entry.envelope.unwrap(), &home.signer()).unwrap();
        slot = slot.after(&entry);
        keep.entries.push(entry);
    }
    assert_eq!((at, reseals.len()), (LIES.len(), LIES.len()));
    journal.append(&keep).unwrap();
    drop(home);
    for (digest, bytes) in files {
        fs::write(reader.file("parts").join(digest.to_string()), bytes).unwrap();
    }
    reseals
}

/// Whether an attachment as its author's device sealed it lies below a folder.
fn lies_in(folder: &std::path::Path, part: &Part) -> bool {
    let name = part.digest.to_string();
    files_below(folder).iter().any(|path| path.file_name().is_some_and(|held| *held == *name))
}

/// Nothing of these cases has gone from the hub or the author's device, and everybody opens what its author attached.
fn all_stands(agency: &TestAgency, cases: &[Case], at: &str) {
    for (case, lie) in cases.iter().zip(LIES) {
        let older = case.listing.envelope.clone().unwrap();
        assert_eq!(standing(&agency.hub_home, &[older]), 1, "{at}, {lie:?}: the hub keeps its envelope");
        for part in &case.listing.header.parts {
            assert!(lies_in(&agency.hub_home, part), "{at}, {lie:?}: the hub keeps its attachments");
            assert!(lies_in(&agency.officer.home, part), "{at}, {lie:?}: and so does its author's device");
        }
    }
}

fn opens(agency: &TestAgency, actor: &Actor, case: &Case, at: &str) {
    let out = agency.dir.path().join("saved");
    let path = out.to_string_lossy().into_owned();
    for (n, plain) in (1..).zip(&case.plain) {
        let n = n.to_string();
        let saved = actor.ask(&["entry", "save-part", &case.entry, &n, "--out", &path, "--force"]);
        assert_eq!(saved.code, 0, "{at}: {} saves attachment {n}: {}", actor.name, saved.json);
        assert!(fs::read(&out).unwrap() == *plain, "{at}: attachment {n} on {}", actor.name);
    }
}

/// The numbers of a device's entries of which a walk says something.
fn told_of(actor: &Actor, by: &str) -> Vec<u64> {
    let walked = actor.ask(&["verify"]).json;
    assert_eq!(walked["holds"], false, "{}: {walked}", actor.name);
    let wrong = walked["wrong"].as_array().unwrap().iter().filter(|wrong| wrong["device"] == by);
    wrong.map(|wrong: &Value| number(wrong, "number")).collect()
}

#[test]
fn attachments_that_a_custodian_brings_and_that_are_not_the_authors_replace_nothing_and_are_told_of() {
    let agency = TestAgency::build();
    let (officer, supervisor) = (&agency.officer, &agency.supervisor);
    let cases = cases(&agency);
    all_sync(&[&agency.admin, officer, &agency.reader, supervisor]);
    agency.reader.run(&["sync", "--parts"]);
    let custodian = Again::of(&agency.reader, agency.dir.path());
    let honest = seal_honestly(&custodian.actor, &cases);
    let reseals = forge(custodian.afresh(), honest, &cases);
    let custodian = &custodian.actor;
    let by = custodian.unlocked().device().to_string();

    let mut failed = 0;
    for _ in 0..3 {
        custodian.ask(&["sync"]);
        failed += number(&supervisor.run(&["sync"]), "failed");
        officer.run(&["sync"]);
        all_stands(&agency, &cases, "while it comes");
    }
    assert!(failed >= LIES.len() as u64, "the pass that brought it says so: {failed}");
    for actor in [supervisor, officer] {
        let told = told_of(actor, &by);
        assert!(reseals.iter().all(|seq| told.contains(seq)), "{}: {reseals:?} and told of {told:?}", actor.name);
        for (case, lie) in cases.iter().zip(LIES) {
            opens(&agency, actor, case, &format!("{lie:?}"));
        }
    }
    for _ in 0..2 {
        all_sync(&[officer, supervisor]);
    }
    all_stands(&agency, &cases, "in the end");

    // The right thing after it is not held up by it: another custodian seals them again, and a reader of headquarters opens that.
    let second = agency.enrol("second-reader", "reader", "HQ");
    agency.admin.run(&["roster", "publish"]);
    custodian.ask(&["sync"]);
    for case in &cases {
        let sealed = supervisor.run(&["keys", "rekey", &case.story.case, "--reseal"]);
        assert_eq!(number(&sealed, "attached"), 0, "{sealed}");
    }
    for _ in 0..3 {
        supervisor.run(&["sync"]);
        second.run(&["sync"]);
        officer.run(&["sync"]);
    }
    for (case, lie) in cases.iter().zip(LIES) {
        let older = case.listing.envelope.clone().unwrap();
        assert_eq!(standing(&agency.hub_home, &[older]), 0, "{lie:?}: it is gone");
        assert!(case.listing.header.parts.iter().all(|part| !lies_in(&agency.hub_home, part)), "{lie:?}");
        for actor in [officer, supervisor, &second] {
            opens(&agency, actor, case, &format!("{lie:?}, sealed again by another"));
        }
    }
}
