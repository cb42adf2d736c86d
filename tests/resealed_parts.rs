//! A case with attachments sealed again: they come under the key of today, and the older ones go when another reader has opened the new ones to
//! their end; until then nothing does.

use std::{fs, path::Path};

use amanat_keys::rotation::{RotationWord, Said};
use amanat_sync::{
    documents::{Document, DocumentKind},
    entry::SealedEntry,
    journal::Journal as _,
};
use serde_json::Value;

use crate::{
    attached::{attach, file, noise},
    erased::{entries, standing},
    rotation_killed::Again,
    support::{Actor, GUJRAT, Story, TestAgency, number, record},
};

/// The sealed files of attachments below a folder.
pub(crate) fn sealed_at(folder: &Path) -> usize {
    let whole = |path: &&std::path::PathBuf| path.file_name().is_some_and(|name| name.len() == 64);
    crate::support::files_below(folder).iter().filter(whole).count()
}

pub(crate) fn all_sync(actors: &[&Actor]) {
    for actor in actors.iter().chain(actors) {
        actor.run(&["sync"]);
    }
}

/// The entry that lists attachments, as its author's device holds it.
pub(crate) fn listing(actor: &Actor, case: &str) -> SealedEntry {
    let mut all = entries(actor, case).into_iter().filter(|it| !it.header.parts.is_empty());
    all.next().expect("its author attached something")
}

/// An agency and a case with two attachments, which nobody but their author has fetched.
pub(crate) struct Scene {
    pub(crate) agency: TestAgency,
    pub(crate) story: Story,
    entry: String,
    pub(crate) plain: [Vec<u8>; 2],
    /// Its envelope as it was at first.
    older: Vec<u8>,
    /// The digests of its attachments as they were at first.
    digests: Vec<String>,
}

impl Scene {
    pub(crate) fn build() -> Self {
        Self::of(TestAgency::build())
    }

    /// The same in an agency that is there.
    pub(crate) fn of(agency: TestAgency) -> Self {
        let officer = &agency.officer;
        let story = record(officer, 1, "zukhwendar");
        let plain = [noise(3, 70_000), noise(4, 300)];
        let files = [file(&agency, "scan.pdf", &plain[0]), file(&agency, "note.txt", &plain[1])];
        let entry = attach(officer, &story, &[&files[0], &files[1]]);
        all_sync(&[&agency.admin, officer, &agency.reader, &agency.supervisor]);
        let listing = listing(officer, &story.case);
        let digests = listing.header.parts.iter().map(|part| part.digest.to_string()).collect();
        Self { agency, story, entry, plain, older: listing.envelope.unwrap(), digests }
    }

    pub(crate) fn reseals(&self, actor: &Actor) -> Value {
        actor.run(&["keys", "rekey", &self.story.case, "--reseal"])
    }

    /// Whether the hub holds the older envelope, and how many sealed attachments.
    pub(crate) fn at_hub(&self) -> (usize, usize) {
        (standing(&self.agency.hub_home, std::slice::from_ref(&self.older)), sealed_at(&self.agency.hub_home))
    }

    /// Whether a name is that of an attachment as it was at first.
    pub(crate) fn is_older(&self, name: &str) -> bool {
        self.digests.iter().any(|digest| name.contains(digest))
    }

    /// Both attachments open on a device to what was attached.
    pub(crate) fn opens_on(&self, actor: &Actor, at: &str) {
        for (n, plain) in self.plain.iter().enumerate() {
            let out = self.agency.dir.path().join("saved");
            let number = (n + 1).to_string();
            let path = out.to_string_lossy().into_owned();
            actor.run(&["entry", "save-part", &self.entry, &number, "--out", &path, "--force"]);
            assert!(fs::read(&out).unwrap() == *plain, "{at}: attachment {number} on {}", actor.name);
        }
        assert_eq!(actor.run(&["verify"])["holds"], true, "{at}: {}", actor.name);
    }
}

#[test]
fn attachments_come_under_the_key_of_today_and_the_older_go_when_a_second_reader_has_opened_them() {
    let scene = Scene::build();
    let Scene { agency, story, .. } = &scene;
    let (officer, reader, supervisor) = (&agency.officer, &agency.reader, &agency.supervisor);
    // Not here yet: it stays, and is asked for.
    let first = scene.reseals(reader);
    assert_eq!((number(&first, "attached"), number(&first["attachments"], "count")), (1, 2), "{first}");
    reader.run(&["sync"]);
    let second = scene.reseals(reader);
    assert_eq!(
        (number(&second, "attached"), number(&second, "certified")),
        (0, number(&second, "resealed")),
        "{second}"
    );
    assert_eq!(sealed_at(&reader.file("parts")), 4, "the older are here still, and the newer beside them");
    reader.run(&["sync"]);
    assert_eq!(scene.at_hub(), (1, 4), "nobody else has opened them");
    all_sync(&[supervisor, reader, officer]);
    all_sync(&[supervisor, reader, officer]);
    assert_eq!(scene.at_hub(), (0, 2), "the newer alone");
    for actor in [officer, reader, supervisor] {
        let held = entries(actor, &story.case);
        let bare = held.iter().find(|it| it.envelope.as_ref() == Some(&scene.older));
        assert!(bare.is_none(), "{} has let the older envelope go", actor.name);
        assert_eq!(sealed_at(&actor.file("parts")), 2, "{}", actor.name);
        scene.opens_on(actor, "afterwards");
        let shown = actor.run(&["case", "show", &story.case]);
        assert_eq!(shown["gone"].as_array().map_or(0, Vec::len), 0, "{}: {shown}", actor.name);
    }
    assert_eq!(number(&agency.hub_status(), "missing"), 0);
}

/// The n-th word of this actor's that every stand-in of another's journals opens, whatever there is to open.
fn says_opened(actor: &Actor, by: &Actor, nth: u64) {
    let made = by.unlocked().device();
    let home = actor.unlocked();
    let mut journal = home.journal().another().unwrap();
    let (agency, by) = (home.trust().unwrap().agency(), home.device());
    for known in home.journal().heads().unwrap().into_iter().filter(|known| known.device == made) {
        let (device, at) = (known.device, known.journal);
        let (last, link) = (known.head.seq, known.head.link);
        let said = Said::Opened { except: Vec::new() };
        let word = RotationWord { agency, by, serial: 1_000_000 + nth, device, journal: at, last, link, said };
        let (about, version) = (word.about(), word.serial);
        let bytes = word.sign(&home.signer()).to_bytes();
        journal.adopt(&Document { kind: DocumentKind::RotationCertificate, about, version, bytes }).unwrap();
    }
}

/// How many of another's stand-ins this actor has said that it cannot vouch for.
fn excepted(actor: &Actor, by: &Actor) -> usize {
    let (made, home) = (by.unlocked().device(), actor.unlocked());
    let filed = home.journal().documents().unwrap().into_iter().map(|filed| filed.document);
    let words = filed.filter(|it| it.kind == DocumentKind::RotationCertificate);
    let words = words.map(|it| RotationWord::verify(&it.bytes, home.trust().unwrap()).unwrap().into_value());
    let own = words.filter(|word| word.by == home.device() && word.device == made);
    own.map(|word| if let Said::Opened { except } = word.said { except.len() } else { 0 }).sum()
}

#[test]
fn a_word_that_lies_lets_nothing_go_before_the_hub_has_the_attachments_anew_and_no_device_that_has_them() {
    let scene = Scene::build();
    let Scene { agency, story, .. } = &scene;
    let (officer, reader, supervisor) = (&agency.officer, &agency.reader, &agency.supervisor);
    let other = record(officer, 2, "palmishto").case;
    all_sync(&[officer, reader, supervisor]);
    scene.reseals(reader);
    reader.run(&["sync"]);
    scene.reseals(reader);
    // The entries go to the hub, and their attachments do not yet.
    let (parts, aside) = (reader.file("parts"), reader.file("parts-aside"));
    fs::rename(&parts, &aside).unwrap();
    reader.ask(&["sync"]);
    supervisor.run(&["sync"]);
    assert_eq!(excepted(supervisor, reader), 1, "who has not read them to their end vouches for the rest alone");
    says_opened(supervisor, reader, 0);
    for actor in [supervisor, officer, supervisor, officer] {
        actor.run(&["sync"]);
    }
    assert_eq!(scene.at_hub(), (1, 2), "the hub lets nothing go that it has not got anew");
    // A second word on the same journal, which reaches further: what waits is not forgotten over it.
    reader.run(&["keys", "rekey", &other, "--reseal"]);
    reader.ask(&["sync"]);
    supervisor.run(&["sync"]);
    says_opened(supervisor, reader, 1_000);
    for actor in [supervisor, officer, supervisor, officer] {
        actor.run(&["sync"]);
    }
    assert_eq!(scene.at_hub(), (1, 2), "the hub lets nothing go that it has not got anew");
    assert_eq!(sealed_at(&officer.file("parts")), 2, "nor does the device that has them");
    scene.opens_on(officer, "while a word lies");
    // A hub that was stopped in between looks again as well, and finds the same.
    // They come: now the word is followed, and the author's device follows it once it has them itself.
    fs::remove_dir_all(&parts).unwrap_or_default();
    fs::rename(&aside, &parts).unwrap();
    reader.run(&["sync"]);
    reader.run(&["sync"]);
    assert_eq!(scene.at_hub(), (0, 2), "the newer alone");
    all_sync(&[officer, supervisor, reader]);
    for actor in [officer, reader, supervisor] {
        scene.opens_on(actor, "afterwards");
        assert_eq!(sealed_at(&actor.file("parts")), 2, "{}", actor.name);
    }
    assert_eq!(number(&officer.run(&["case", "search", "zukhwendar"]), "total"), 1);
    assert_eq!(entries(officer, &story.case).iter().filter(|it| it.envelope.as_ref() == Some(&scene.older)).count(), 0);
}

#[test]
fn sealed_again_twice_a_device_that_comes_later_finds_them_and_an_order_for_the_entry_takes_them_all() {
    let scene = Scene::build();
    let Scene { agency, story, .. } = &scene;
    let (officer, reader, supervisor) = (&agency.officer, &agency.reader, &agency.supervisor);
    let later = Again::of(supervisor, agency.dir.path());
    scene.reseals(reader);
    reader.run(&["sync"]);
    for time in ["first", "second"] {
        let sealed = scene.reseals(reader);
        assert_eq!((number(&sealed, "attached"), number(&sealed, "before")), (0, 0), "{time}: {sealed}");
        all_sync(&[reader, officer, reader, officer]);
        assert_eq!(scene.at_hub(), (0, 2), "{time}");
        for actor in [officer, reader] {
            assert_eq!(sealed_at(&actor.file("parts")), 2, "{time}: {}", actor.name);
            scene.opens_on(actor, time);
        }
    }
    let later = later.afresh();
    later.run(&["sync"]);
    scene.opens_on(later, "a device that has seen neither");
    let audited = later.run(&["keys", "audit", GUJRAT]);
    let case =
        audited["cases"].as_array().unwrap().iter().find(|it| it["case"] == story.case.as_str()).cloned().unwrap();
    assert_eq!(number(&case, "attachments"), 2, "under the key of today, and none under an older: {case}");

    let order = agency.dir.path().join("one.erasure").to_string_lossy().into_owned();
    let why = "LHC 812/2026";
    reader.run(&["case", "erase", &story.case, "--order", why, "--entry", &scene.entry, "--out", &order]);
    agency.admin.run(&["roster", "sign", &order]);
    reader.run(&["case", "erase", &story.case, "--signed", &order]);
    all_sync(&[reader, later, officer]);
    assert_eq!(scene.at_hub(), (0, 0), "nothing of it is left at the hub");
    for actor in [officer, reader, later] {
        assert_eq!(sealed_at(&actor.file("parts")), 0, "{}", actor.name);
        assert_eq!(actor.run(&["verify"])["holds"], true, "{}", actor.name);
        let shown = actor.run(&["case", "show", &story.case]);
        assert_eq!(shown["gone"].as_array().unwrap().len(), 1, "{}: {shown}", actor.name);
    }
}
