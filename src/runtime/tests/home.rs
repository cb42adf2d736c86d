//! A home from inside: what one keeping writes, whom it is sealed to, and what an unlocking gives back.

use std::path::Path;

use amanat_keys::{passphrase::Passphrase, roster::Role};
use amanat_sync::{
    entry::{Kind, Slot},
    journal::{Cursor, Journal as _, Line, NewJournal, Shelf},
};
use tempfile::TempDir;

use crate::{
    codebook::{self, Codebook, Origin},
    model::{Amendment, Answer, Answers, CaseId, Code, Content, Draft, DraftId, Entry, Lang, QuestionId, Sheet, Value},
    runtime::{
        clock,
        entries::keep::{ToKeep, What},
        homes::{
            closed_home::ClosedHome,
            home::Home,
            make::{self, Hashing},
            paths::Paths,
        },
        roster::{
            enrol::{Admin, Enrolment},
            founding::{self, Names},
        },
    },
};

pub(in crate::runtime) fn words() -> Passphrase {
    Passphrase::to_create(b"correct horse battery staple lamp").unwrap()
}

pub(in crate::runtime) fn open(folder: &Path) -> Home {
    ClosedHome::open(Paths::at(folder)).unwrap().unlock(&words()).unwrap()
}

/// An agency with a station, and a device of this role in it.
pub(in crate::runtime) fn member(role: Role) -> (TempDir, Home) {
    let folder = tempfile::tempdir().unwrap();
    let hashing = Hashing::new(Some(10), true).unwrap();
    let names = Names { agency: "Agency", admin: "Admin", reader: "Reader" };
    founding::found(folder.path(), &names, &words(), &words(), hashing).unwrap();
    let made = make::device(Paths::at(&folder.path().join("device")), "Device", &words(), hashing).unwrap();
    let (request, bytes) = make::request_of(made.home.paths()).unwrap();
    let mut admin = Admin::open(open(&folder.path().join("admin")), &words()).unwrap();
    admin.add_unit("Station", "station").unwrap();
    let enrolment = Enrolment { role: role.word(), unit: Some("Station"), member: None, url: None };
    admin.approve(&bytes, &request.words(), &enrolment).unwrap();
    let pack = admin.home.pack().unwrap();
    let agency_words = admin.home.trust().unwrap().fingerprint_words();
    let mut home = made.home;
    home.join(&pack, &agency_words).unwrap();
    (folder, home)
}

pub(in crate::runtime) fn sheet(form: &str, answers: &[(&str, Value)]) -> Sheet {
    let codebook = Codebook::builtin().unwrap();
    let form = codebook.newest(form).unwrap();
    let answers: Answers =
        answers.iter().map(|(id, value)| (QuestionId::new(id), Answer::Value(value.clone()).into())).collect();
    let draft = Draft::begun(DraftId::from_bytes([1; 16]), form.form.clone(), answers, clock::now(), Lang::En);
    // Imported, so that a test fills in what it is about and nothing else.
    let mut draft = draft;
    for question in form.questions().filter(|question| !question.derived) {
        if draft.answers.get(question.id.as_str()).is_none() {
            draft.answers.set(question.id.clone(), Answer::NotRecorded);
        }
    }
    codebook::finish(form, codebook, &draft, Origin::Imported).unwrap().0
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

fn code(code: &str) -> Value {
    Value::Choice(Code::new(code))
}

pub(in crate::runtime) const CASE: CaseId = CaseId::from_bytes([9; 16]);

pub(in crate::runtime) fn keep(home: &mut Home, what: What) -> Vec<Entry> {
    let keep = ToKeep { case: CASE, what, source: None, draft: None, sharing: None };
    home.keep(Codebook::builtin().unwrap(), keep).unwrap()
}

fn kinds(home: &Home) -> Vec<Kind> {
    let page = home.journal().entries_after(Cursor::START, amanat_sync::batch::Limit::BODY).unwrap();
    page.entries.iter().map(|entry| entry.header.kind).collect()
}

#[test]
fn names_travel_under_the_second_key_and_never_in_the_sheet() {
    let (_folder, mut home) = member(Role::Officer);
    let kept =
        keep(&mut home, What::Sheet(sheet("person", &[("name_full", text("Canary Bibi")), ("gender", code("F"))])));
    let [person, names] = kept.as_slice() else { unreachable!("a sheet and its names: {kept:?}") };
    let Content::Sheet(open) = &person.content else { unreachable!("{person:?}") };
    assert!(open.answers().get("name_full").is_none());
    assert_eq!(open.answers().choice("gender"), Some(&Code::new("F")));
    let Content::Names(sealed) = &names.content else { unreachable!("{names:?}") };
    assert_eq!(sealed.of, person.id);
    assert_eq!(sealed.answers.value("name_full"), Some(&text("Canary Bibi")));
    assert_eq!(kinds(&home), [Kind::Slip, Kind::Sealed, Kind::Slip, Kind::Sealed], "a slip for each of the two keys");
    let page = home.journal().entries_after(Cursor::START, amanat_sync::batch::Limit::BODY).unwrap();
    assert_eq!((page.entries[1].header.key, page.entries[3].header.key), (1, 3));
    // Correcting a name does not let it out either.
    let changes: Answers =
        [(QuestionId::new("name_full"), Answer::Value(text("Canary Begum")).into())].into_iter().collect();
    let amendment = Amendment { target: person.id, seen: Vec::new(), reason: Code::new("TYPO"), note: None, changes };
    let form = Some(open.form().clone());
    keep(&mut home, What::Amendment(amendment, form));
    let page = home.journal().entries_after(Cursor::START, amanat_sync::batch::Limit::BODY).unwrap();
    assert_eq!(page.entries[4].header.key, 3, "sealed under the second key");
}

#[test]
fn an_unlocking_gives_back_what_was_kept_and_seals_on_under_the_same_slips() {
    let (folder, mut home) = member(Role::Officer);
    keep(&mut home, What::Sheet(sheet("case", &[("police_station", text("Layyah"))])));
    keep(&mut home, What::Sheet(sheet("person", &[("name_full", text("Canary Bibi"))])));
    let before = kinds(&home);
    drop(home);
    let mut home = open(&folder.path().join("device"));
    let mut entries = Vec::new();
    let replayed = home.replay(|page, _| entries.extend(page)).unwrap();
    assert_eq!((entries.len(), replayed.opened, replayed.failed.len()), (3, 3, 0));
    keep(&mut home, What::Sheet(sheet("person", &[("name_full", text("Another"))])));
    assert_eq!(kinds(&home)[before.len()..], [Kind::Sealed, Kind::Sealed], "no new slip");
}

#[test]
fn another_sharing_level_is_another_slip_from_then_on() {
    let (_folder, mut home) = member(Role::Supervisor);
    let audience = |home: &Home, at: usize| {
        let page = home.journal().entries_after(Cursor::START, amanat_sync::batch::Limit::BODY).unwrap();
        page.entries[at].header.audience.len()
    };
    keep(&mut home, What::Sheet(sheet("case", &[("handling_code", code("H2"))])));
    assert_eq!(audience(&home, 0), 2, "the station and headquarters");
    keep(&mut home, What::Sheet(sheet("case", &[("handling_code", code("H1"))])));
    assert_eq!(kinds(&home), [Kind::Slip, Kind::Sealed, Kind::Slip, Kind::Sealed]);
    assert_eq!(audience(&home, 2), 1, "the station alone");
    keep(&mut home, What::Sheet(sheet("person", &[])));
    assert_eq!(kinds(&home).len(), 5, "the level stays with the case");
}

#[test]
fn a_case_that_nobody_could_read_is_not_kept() {
    let (_folder, mut home) = member(Role::Officer);
    let keep = ToKeep {
        case: CASE,
        what: What::Sheet(sheet("case", &[("handling_code", code("H1"))])),
        source: None,
        draft: None,
        sharing: None,
    };
    let failure = home.keep(Codebook::builtin().unwrap(), keep).unwrap_err();
    assert!(failure.hint.contains("first supervisor"), "{failure:?}");
    assert_eq!(kinds(&home), []);
}

#[test]
fn a_draft_comes_back_and_goes_with_the_keeping_that_ends_it() {
    let (_folder, mut home) = member(Role::Officer);
    let draft = Draft {
        id: DraftId::from_bytes([5; 16]),
        form: sheet("person", &[]).form().clone(),
        case: Some(CASE),
        target: None,
        seen: Vec::new(),
        answers: [(QuestionId::new("name_full"), Answer::Value(text("کینری")).into())].into_iter().collect(),
        at: Some(QuestionId::new("gender")),
        started: clock::now(),
        lang: Lang::Ur,
    };
    home.keep_draft(&draft).unwrap();
    assert_eq!(home.drafts().unwrap(), std::slice::from_ref(&draft));
    let what = What::Sheet(sheet("person", &[]));
    let keep = ToKeep { case: CASE, what, source: None, draft: Some(draft.id), sharing: None };
    home.keep(Codebook::builtin().unwrap(), keep).unwrap();
    assert_eq!(home.drafts().unwrap(), []);
}

#[test]
fn a_long_import_is_one_chain_whatever_thread_made_what() {
    let (_folder, mut home) = member(Role::Officer);
    let thing = |n: u16, what| {
        let mut case = [0; 16];
        case[..2].copy_from_slice(&n.to_be_bytes());
        ToKeep { case: CaseId::from_bytes(case), what, source: None, draft: None, sharing: None }
    };
    // Three transactions; a note comes first, so that the two entries of some cases stand in two of them.
    let note = thing(0, What::Sheet(sheet("note", &[("note_text", text("first"))])));
    let cases = (0..420_u16)
        .flat_map(|n| [thing(n, What::Sheet(sheet("case", &[]))), thing(n, What::Sheet(sheet("person", &[])))]);
    let (mut kept, mut times) = (0, 0);
    let told = |entries: Vec<crate::model::Entry>| {
        kept += entries.len();
        times += 1;
    };
    home.keep_by(400, Codebook::builtin().unwrap(), [note].into_iter().chain(cases).collect(), told).unwrap();
    assert_eq!((kept, times), (841, 3));
    let status = home.status().unwrap();
    assert_eq!(status.own[0].kept.seq, 1261, "a note, and a slip, a case and a person each");
    let after = keep(&mut home, What::Sheet(sheet("note", &[("note_text", text("last"))])));
    assert_eq!(after[0].author.seq, 1263, "and its slip before it");
    let mut opened = 0;
    let replayed = home.replay(|page, _| opened += page.len()).unwrap();
    assert_eq!((opened, replayed.failed.len(), replayed.offered.len()), (842, 0, 0));
    assert_eq!(home.journal().shelf(Shelf::CaseKeys).unwrap().len(), 421);
}

#[test]
fn what_was_kept_last_is_there_before_the_replay_and_is_given_again_by_it() {
    let (folder, mut home) = member(Role::Officer);
    let thing = |n: u16, what| {
        let mut case = [7; 16];
        case[..2].copy_from_slice(&n.to_be_bytes());
        ToKeep { case: CaseId::from_bytes(case), what, source: None, draft: None, sharing: None }
    };
    let notes = (0..400_u16).map(|n| thing(n, What::Sheet(sheet("note", &[("note_text", text("said"))]))));
    home.keep_many(Codebook::builtin().unwrap(), notes.collect(), |_| {}).unwrap();
    drop(home);
    let mut home = open(&folder.path().join("device"));
    let newest = home.newest().unwrap();
    let places: Vec<u64> = newest.iter().map(|entry| entry.author.seq).collect();
    assert_eq!(places, (290..=800).step_by(2).collect::<Vec<_>>(), "a slip and a note each, and the last of them");
    let mut all = Vec::new();
    let replayed = home.replay(|page, _| all.extend(page)).unwrap();
    assert_eq!((all.len(), replayed.opened), (400, 400), "nothing twice");
    all.sort_by_key(|entry| entry.author.seq);
    assert!(all.ends_with(&newest));
}

/// What a sync does beside an open home that had been restored from a backup: our journal is closed, and there is a new one.
#[test]
fn a_journal_that_was_closed_meanwhile_is_not_written_on_and_nothing_has_to_be_typed_again() {
    let (_folder, mut home) = member(Role::Officer);
    let kept = |home: &mut Home| keep(home, What::Sheet(sheet("note", &[("note_text", text("said"))])));
    let first = kept(&mut home)[0].author;
    assert_eq!(kept(&mut home)[0].author.seq, first.seq + 1, "the second goes on where the first ended");
    let mut beside = home.journal().another().unwrap();
    let old = beside.heads().unwrap()[0];
    let journal = amanat_keys::fingerprint::JournalId::random();
    let (agency, device, closes) = (old.agency, old.device, Some(old.journal));
    beside.begin(&NewJournal { agency, device, journal, line: Line::Cases, closes }).unwrap();
    let next = kept(&mut home)[0].author;
    assert_eq!((next.journal, next.seq), (journal.into(), 2), "after its slip, in the new journal");
    let held = beside.heads().unwrap().into_iter().find(|known| known.journal == old.journal).unwrap();
    assert_eq!(held.head.seq, first.seq + 1, "the old one stands as it was");
}

/// Milliseconds that no entry written so far can have.
fn later() -> u64 {
    let before = clock::boot_ms();
    while clock::boot_ms() == before {
        std::hint::spin_loop();
    }
    clock::boot_ms()
}

#[test]
fn what_was_written_ahead_is_kept_at_its_place_and_everything_else_is_written_when_it_is_kept() {
    let (folder, mut home) = member(Role::Officer);
    let codebook = Codebook::builtin().unwrap();
    let asked = |said: &str| {
        let what = What::Sheet(sheet("note", &[("note_text", text(said))]));
        ToKeep { case: CASE, what, source: None, draft: None, sharing: None }
    };
    let mut all = Vec::new();
    // The opening of a case, whose slip takes a place as well, and what comes after it.
    for said in ["at the bus stand", "in the yard"] {
        home.write_ahead(codebook, asked(said), None).unwrap();
        let now = later();
        let kept = home.keep(codebook, asked(said)).unwrap();
        assert!(kept[0].times.boot_ms < now, "written before it was asked for");
        all.extend(kept);
    }
    // Another text, and the same text when something took its place meanwhile.
    home.write_ahead(codebook, asked("never kept"), None).unwrap();
    let now = later();
    let kept = home.keep(codebook, asked("kept instead")).unwrap();
    assert!(kept[0].times.boot_ms >= now);
    all.extend(kept);
    home.write_ahead(codebook, asked("by the canal"), None).unwrap();
    all.extend(home.keep(codebook, ToKeep::access(CASE, Code::new("print"), 1)).unwrap());
    let now = later();
    let kept = home.keep(codebook, asked("by the canal")).unwrap();
    assert!(kept[0].times.boot_ms >= now);
    all.extend(kept);
    // A new key for the case takes the place that it was written for, and is what it has to lie under.
    home.write_ahead(codebook, asked("by the well"), None).unwrap();
    home.rekey_case(CASE.into()).unwrap();
    let now = later();
    let kept = home.keep(codebook, asked("by the well")).unwrap();
    assert!(kept[0].times.boot_ms >= now);
    all.extend(kept);
    // A place that the journal refuses: another is asked for, and the text is written for that.
    home.write_ahead(codebook, asked("last"), None).unwrap();
    home.next = home.next.map(|slot| Slot { seq: slot.seq + 1, ..slot });
    all.extend(home.keep(codebook, asked("last")).unwrap());
    drop(home);
    let (mut again, mut read) = (open(&folder.path().join("device")), Vec::new());
    let replayed = again.replay(|entries, _| read.extend(entries)).unwrap();
    assert!(replayed.failed.is_empty(), "{:?}", replayed.failed);
    let in_order = |mut entries: Vec<Entry>| {
        entries.sort_by_key(|entry| entry.author.seq);
        entries
    };
    assert_eq!(in_order(read), in_order(all), "each as it was kept, and nothing that was not");
}
