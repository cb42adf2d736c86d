//! What may go from a field device, and what never does.

use amanat_keys::{
    audience::Sharing,
    fingerprint::{Digest, JournalId, KeyId},
    roster::UnitKind,
    rotation::{RotationWord, Said},
    statement::{Purpose, Statement},
};
use amanat_sync::{
    courier::{Covers, Outcome},
    documents::{Document, DocumentKind},
    entry::EntryRef,
    journal::{Filing, Journal as _, Shelf},
    receipt::Receipt,
};

use super::{
    guarding::{Agency, carry, carry_but, join, keep_in, pass},
    home::{CASE, open, words},
};
use crate::{
    codebook::Codebook,
    model::{Absence, Content, Opened},
    runtime::{
        entries::keep::{ToKeep, What, Whom},
        erasure::retention::Stays,
        homes::{
            home::Home,
            make::{self, Hashing},
            paths::Paths,
        },
        roster::enrol::Enrolment,
    },
};

/// Some day, by the hub's clock.
pub(super) const TODAY: u64 = 21_990 * DAY;
pub(super) const DAY: u64 = 86_400_000;

pub(super) fn at(pulled: u64, hub_time: u64) -> Outcome {
    Outcome { hub_time: Some(hub_time), covers: Covers::All, ..pass(pulled) }
}

pub(super) fn codebook() -> &'static Codebook {
    Codebook::builtin().unwrap()
}

/// The hub's word that it has all of a home's first journal.
pub(super) fn receive(home: &mut Home) {
    let own = home.status().unwrap().own[0];
    let hub = amanat_keys::fingerprint::DeviceId::from_bytes([0; 32]);
    let receipt = Receipt {
        agency: home.agency().unwrap(),
        hub,
        hub_key: KeyId::from_bytes([0; 32]),
        epoch: 1,
        checkpoint: 1,
        previous: Digest::ZERO,
        roster_version: 1,
        device: home.device(),
        journal: own.journal,
        seq: own.kept.seq,
        link: own.kept.link,
        complete: own.kept.seq,
        hub_time: TODAY,
    };
    let statement = Statement::unsigned(Purpose::Receipt, receipt.encode()).to_bytes();
    let filing = Filing {
        hub,
        receipts: vec![(receipt, statement)],
        checkpoint: None,
        vouched: 1,
        remember: Default::default(),
        again: 0,
    };
    home.journal.file_receipt(&filing).unwrap();
}

/// An agency with copies that go after thirty days, an officer who kept three entries, and the reader, who has them.
pub(super) fn kept_and_read(before: impl FnOnce(&mut Home)) -> (Agency, Home) {
    let mut agency = Agency::new();
    agency.admin.set_policy("retention-days", Some("30")).unwrap();
    join(&agency.admin, &mut agency.one);
    join(&agency.admin, &mut agency.two);
    let mut reader = agency.reader();
    reader.replay(|_, _| ()).unwrap();
    for _ in 0..3 {
        keep_in(&mut agency.one, CASE);
    }
    let count = carry(&agency.one, &mut reader);
    before(&mut reader);
    reader.take_home(codebook(), &at(count, TODAY)).unwrap();
    (agency, reader)
}

pub(super) fn states(home: &Home) -> Vec<Stays> {
    home.retention().unwrap().unwrap().entries.iter().map(|kept| kept.stays).collect()
}

#[test]
fn a_copy_goes_when_headquarters_has_opened_it_long_enough_ago_and_not_before() {
    let (mut agency, reader) = kept_and_read(|_| ());
    let one = &mut agency.one;
    one.take_home(codebook(), &at(0, TODAY)).unwrap();
    assert_eq!(states(one), [Stays::NotReceived; 3]);
    receive(one);
    assert_eq!(states(one), [Stays::NotOpened; 3]);
    let count = carry(&reader, one);
    one.take_home(codebook(), &at(count, TODAY)).unwrap();
    assert_eq!(states(one), [Stays::Young(0); 3], "the word is sealed to the author's device too");
    let arrived = one.take_home(codebook(), &at(0, TODAY + 30 * DAY - 1)).unwrap();
    assert_eq!((states(one), arrived.replayed.gone.len()), (vec![Stays::Young(29); 3], 0));
    keep_in(one, CASE);
    let arrived = one.take_home(codebook(), &at(0, TODAY + 30 * DAY)).unwrap();
    assert_eq!(arrived.replayed.gone.len(), 3);
    assert!(arrived.replayed.gone.iter().all(|gone| gone.why == Absence::AtHeadquarters));
    assert_eq!(states(one), [Stays::NotReceived], "what was kept since stays, and so does its slip");
    let keys = |home: &Home| home.journal.shelf(Shelf::CaseKeys).unwrap().iter().filter_map(|row| row.slip()).count();
    let before = keys(one);
    receive(one);
    let mut reader = reader;
    let count = carry(one, &mut reader);
    reader.take_home(codebook(), &at(count, TODAY + 31 * DAY)).unwrap();
    let count = carry(&reader, one);
    one.take_home(codebook(), &at(count, TODAY + 61 * DAY)).unwrap();
    one.take_home(codebook(), &at(0, TODAY + 91 * DAY)).unwrap();
    assert!(states(one).is_empty());
    assert!(keys(one) < before, "with the last of a slip's entries its key goes");
    let (mut entries, mut gone) = (Vec::new(), Vec::new());
    gone.extend(one.replay(|page, _| entries.extend(page)).unwrap().gone);
    assert_eq!(gone.iter().filter(|gone| gone.why == Absence::AtHeadquarters).count(), 4);
    assert!(entries.iter().all(|entry| entry.case != CASE), "numbers and states, no content");
    keep_in(one, CASE);
    let count = carry(one, &mut reader);
    let arrived = reader.take_home(codebook(), &at(count, TODAY + 92 * DAY)).unwrap();
    assert_eq!(
        arrived.entries.iter().filter(|entry| entry.case == CASE).count(),
        1,
        "the case goes on, under a new slip"
    );
}

#[test]
fn what_does_not_open_at_headquarters_stays_in_the_field() {
    let mut place = None;
    let (mut agency, reader) = kept_and_read(|reader| {
        let known = reader.journal.heads().unwrap().into_iter().find(|known| known.own.is_none()).unwrap();
        let EntryRef { device, journal, .. } = EntryRef { device: known.device, journal: known.journal, seq: 0 };
        place = Some(EntryRef { device, journal, seq: 3 });
        reader.words.note_failed(place);
    });
    let one = &mut agency.one;
    receive(one);
    let count = carry(&reader, one);
    one.take_home(codebook(), &at(count, TODAY)).unwrap();
    one.take_home(codebook(), &at(0, TODAY + 90 * DAY)).unwrap();
    let left: Vec<_> = one.retention().unwrap().unwrap().entries.iter().map(|kept| (kept.at, kept.stays)).collect();
    assert_eq!(left, [(place.unwrap(), Stays::NotOpened)]);
    assert!(one.ring.holds(&EntryRef { seq: 1, ..place.unwrap() }), "nor does the key of its slip go");
}

#[test]
fn the_word_of_somebody_who_does_not_read_at_headquarters_is_worth_nothing() {
    let (mut agency, _reader) = kept_and_read(|_| ());
    receive(&mut agency.one);
    let journal: JournalId = agency.one.status().unwrap().own[0].journal;
    let author = crate::model::Author { device: agency.one.device().into(), journal: journal.into(), seq: 99 };
    let what = What::Content(Content::Opened(Opened { place: author, opens: true }));
    let case = crate::model::CaseId::from_bytes([77; 16]);
    let keep = ToKeep { case, what, source: None, draft: None, sharing: None };
    agency.two.hub_ms = Some(i64::try_from(TODAY).unwrap());
    let whom = Whom {
        unit: agency.two.unit().unwrap().id,
        level: Sharing::H2,
        devices: vec![agency.one.device()],
        also: Vec::new(),
    };
    agency.two.keep_for(codebook(), keep, Some(whom)).unwrap();
    let count = carry(&agency.two, &mut agency.one);
    let arrived = agency.one.take_home(codebook(), &at(count, TODAY + 90 * DAY)).unwrap();
    assert_eq!(arrived.entries.len(), 1, "it is read");
    assert_eq!(states(&agency.one), [Stays::NotOpened; 3], "and does not count");
}

#[test]
fn without_a_policy_and_at_headquarters_nothing_goes() {
    let (mut agency, reader) = kept_and_read(|_| ());
    assert!(reader.retention().unwrap().is_none());
    agency.admin.set_policy("retention-days", None).unwrap();
    join(&agency.admin, &mut agency.one);
    assert!(agency.one.retention().unwrap().is_none());
    for (name, value) in
        [("retention-days", "0"), ("retention-days", "soon"), ("write-only", "perhaps"), ("other", "1")]
    {
        agency.admin.set_policy(name, Some(value)).unwrap_err();
    }
}

/// What a home has to say in statements on rotations and journals, as the hub would hand it on.
pub(super) fn statements(home: &Home) -> Vec<Document> {
    let filed = home.journal.documents().unwrap().into_iter().map(|filed| filed.document);
    filed.filter(|it| it.kind == DocumentKind::RotationCertificate).collect()
}

/// An agency with copies that go after thirty days, an officer whose device only writes, and the reader.
pub(super) fn write_only() -> (Agency, Home) {
    let mut agency = Agency::new();
    agency.admin.set_policy("retention-days", Some("30")).unwrap();
    agency.admin.set_policy("write-only", Some("yes")).unwrap();
    join(&agency.admin, &mut agency.one);
    let mut reader = agency.reader();
    join(&agency.admin, &mut reader);
    reader.replay(|_, _| ()).unwrap();
    (agency, reader)
}

fn hear(home: &mut Home, said: &[Document], hub_time: u64) {
    for document in said {
        home.journal.adopt(document).unwrap();
    }
    home.take_home(codebook(), &at(0, hub_time)).unwrap();
}

#[test]
fn a_device_that_only_writes_is_told_in_no_audience_and_its_copies_go_thirty_days_after_it_heard() {
    let (mut agency, mut reader) = write_only();
    assert!(agency.one.writes_only() && !reader.writes_only());
    (0..3).for_each(|_| keep_in(&mut agency.one, CASE));
    let count = carry(&agency.one, &mut reader);
    reader.take_home(codebook(), &at(count, TODAY)).unwrap();
    let one = &mut agency.one;
    receive(one);
    // Nothing is sealed to it: what it hears is a statement of numbers.
    let count = carry(&reader, one);
    one.take_home(codebook(), &at(count, TODAY)).unwrap();
    assert_eq!(states(one), [Stays::NotOpened; 3], "no entry tells it");
    let said = statements(&reader);
    assert_eq!(said.len(), 1);

    // Not from somebody who does not read there, and not of another history.
    let true_word = RotationWord::verify(&said[0].bytes, one.trust().unwrap()).unwrap().into_value();
    assert_eq!((true_word.device, &true_word.said), (one.device(), &Said::Read { except: Vec::new() }));
    let forged = |word: RotationWord, by: &Home| {
        let (about, version) = (word.about(), word.serial);
        Document { kind: DocumentKind::RotationCertificate, about, version, bytes: word.sign(&by.signer()).to_bytes() }
    };
    join(&agency.admin, &mut agency.two);
    let no_reader = RotationWord { by: agency.two.device(), ..true_word.clone() };
    hear(one, &[forged(no_reader, &agency.two)], TODAY + DAY);
    assert_eq!(states(one), [Stays::NotOpened; 3]);
    let other = RotationWord { link: Digest::of(b"another history"), ..true_word };
    hear(one, &[forged(other, &reader)], TODAY + DAY);
    assert_eq!(states(one), [Stays::NotOpened; 3]);
}

#[test]
fn what_such_a_device_heard_first_ages_on_when_it_hears_more_and_after_a_restart() {
    let (Agency { folder: _folder, mut one, .. }, mut reader) = write_only();
    keep_in(&mut one, CASE);
    let count = carry(&one, &mut reader);
    reader.take_home(codebook(), &at(count, TODAY)).unwrap();
    receive(&mut one);
    hear(&mut one, &statements(&reader), TODAY);
    assert_eq!(states(&one), [Stays::Young(0)]);
    // A later entry, and with it a later word that takes the place of the first.
    keep_in(&mut one, CASE);
    let count = carry(&one, &mut reader);
    reader.take_home(codebook(), &at(count, TODAY + 20 * DAY)).unwrap();
    receive(&mut one);
    let said = statements(&reader);
    assert_eq!(said.len(), 1, "of one reader and journal there is one word");
    hear(&mut one, &said, TODAY + 20 * DAY);
    assert_eq!(states(&one), [Stays::Young(20), Stays::Young(0)]);
    let folder = one.paths().folder().to_path_buf();
    drop(one);
    let mut one = open(&folder);
    one.replay(|_, _| ()).unwrap();
    let arrived = one.take_home(codebook(), &at(0, TODAY + 30 * DAY)).unwrap();
    assert_eq!(arrived.replayed.gone.iter().filter(|gone| gone.why == Absence::AtHeadquarters).count(), 1);
    assert_eq!(states(&one), [Stays::Young(10)]);
}

#[test]
fn what_does_not_open_at_headquarters_stays_on_a_device_that_only_writes_as_well() {
    let (mut agency, mut reader) = write_only();
    let one = &mut agency.one;
    (0..3).for_each(|_| keep_in(one, CASE));
    let count = carry(one, &mut reader);
    let place = third(one);
    reader.words.note_failed([place]);
    reader.take_home(codebook(), &at(count, TODAY)).unwrap();
    stays(one, &reader, place);
}

#[test]
fn what_a_hub_holds_back_from_headquarters_stays_on_a_device_that_only_writes() {
    let (mut agency, mut reader) = write_only();
    let one = &mut agency.one;
    (0..3).for_each(|_| keep_in(one, CASE));
    let count = carry_but(one, &mut reader, &[3]);
    reader.take_home(codebook(), &at(count, TODAY)).unwrap();
    stays(one, &reader, third(one));
}

#[test]
fn a_reader_whose_key_has_not_come_says_nothing_of_what_opens() {
    let (mut agency, _reader) = write_only();
    let hashing = Hashing::new(Some(10), true).unwrap();
    let made = make::device(Paths::at(&agency.folder.path().join("late")), "Late", &words(), hashing).unwrap();
    let (request, bytes) = make::request_of(made.home.paths()).unwrap();
    let roster = agency.admin.home.trust().unwrap().roster();
    let hq = roster.unit_of_kind(UnitKind::Headquarters).unwrap().name.clone();
    let enrolment = Enrolment { role: "reader", unit: Some(&hq), member: None, url: None };
    agency.admin.approve(&bytes, &request.words(), &enrolment).unwrap();
    let mut late = made.home;
    join(&agency.admin, &mut late);
    late.replay(|_, _| ()).unwrap();
    join(&agency.admin, &mut agency.one);
    keep_in(&mut agency.one, CASE);
    let count = carry(&agency.one, &mut late);
    late.take_home(codebook(), &at(count, TODAY)).unwrap();
    assert!(late.reads_for_hq() && statements(&late).is_empty());
    assert!(late.status().unwrap().own.iter().all(|own| own.kept.seq == 0), "nor in an entry");
}

/// The third place of a home's first journal: content.
fn third(home: &Home) -> EntryRef {
    EntryRef { device: home.device(), journal: home.status().unwrap().own[0].journal, seq: 3 }
}

/// Of what headquarters was told to have received, this place alone stays, however long it is.
fn stays(one: &mut Home, reader: &Home, place: EntryRef) {
    receive(one);
    hear(one, &statements(reader), TODAY);
    hear(one, &[], TODAY + 90 * DAY);
    let left: Vec<_> = one.retention().unwrap().unwrap().entries.iter().map(|kept| (kept.at, kept.stays)).collect();
    assert_eq!(left, [(place, Stays::NotOpened)]);
}
