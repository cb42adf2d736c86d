//! What must not happen to a home from inside: half promises, rival rosters, cases that change hands, entries lost on the way in.

use std::fs;

use amanat_keys::{audience::Sharing, fingerprint::UnitId, recipient::ReadIdentity, roster::Roster, trust::Age};
use amanat_sync::{
    batch::Item,
    courier::Outcome,
    journal::{Journal as _, Pulled, Wanted},
};
use tempfile::TempDir;

use super::home::{CASE, open, sheet, words};
use crate::{
    codebook::Codebook,
    model::CaseId,
    runtime::{
        entries::keep::{ToKeep, What},
        homes::{
            home::Home,
            make::{self, Hashing},
            paths::Paths,
        },
        roster::{
            edit,
            enrol::{Admin, Enrolment},
            founding::{self, Names},
            moves,
        },
    },
};

/// An agency with two stations, an officer in each, and the reader at headquarters.
pub(in crate::runtime) struct Agency {
    pub(in crate::runtime) folder: TempDir,
    pub(in crate::runtime) admin: Admin,
    pub(in crate::runtime) one: Home,
    pub(in crate::runtime) two: Home,
}

impl Agency {
    pub(in crate::runtime) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let hashing = Hashing::new(Some(10), true).unwrap();
        let names = Names { agency: "Agency", admin: "Admin", reader: "Reader" };
        founding::found(folder.path(), &names, &words(), &words(), hashing).unwrap();
        let mut admin = Admin::open(open(&folder.path().join("admin")), &words()).unwrap();
        let mut enrol = |name: &str| {
            let made = make::device(Paths::at(&folder.path().join(name)), name, &words(), hashing).unwrap();
            let (request, bytes) = make::request_of(made.home.paths()).unwrap();
            admin.add_unit(name, "station").unwrap();
            let enrolment = Enrolment { role: "officer", unit: Some(name), member: None, url: None };
            admin.approve(&bytes, &request.words(), &enrolment).unwrap();
            made.home
        };
        let (mut one, mut two) = (enrol("one"), enrol("two"));
        join(&admin, &mut one);
        join(&admin, &mut two);
        Self { folder, admin, one, two }
    }

    /// The next roster, signed and adopted by the admin; others get it when they join again.
    pub(in crate::runtime) fn change(&mut self, change: impl FnOnce(&mut Roster)) {
        let held = self.admin.home.trust().unwrap().roster();
        let mut next = edit::next(held, held.issued + 1);
        change(&mut next);
        let signed = self.admin.sign_for_tests(&next);
        let mut pack = self.admin.home.pack().unwrap();
        pack.rosters.push(signed.clone());
        let mut trust = self.admin.home.trust().unwrap().clone();
        trust.adopt(&signed).unwrap();
        self.admin.home.join(&pack, &trust.fingerprint_words()).unwrap();
    }

    /// A unit of the roster.
    pub(in crate::runtime) fn unit(&self, name: &str) -> UnitId {
        let roster = self.admin.home.trust().unwrap().roster();
        roster.units.iter().find(|unit| unit.name == name).unwrap().id
    }

    /// Gives a unit a key that nobody holds, so that slips name it, and posts the second officer to it.
    pub(in crate::runtime) fn post_second_to_first(&mut self) {
        let (second, first, from) = (self.two.device(), self.unit("one"), self.unit("two"));
        let key = ReadIdentity::generate().unwrap();
        self.change(|roster| {
            let member = roster.device(&second).unwrap().member;
            moves::post(roster, member, Some(from), first).unwrap();
            let station = roster.units.iter_mut().find(|unit| unit.id == first).unwrap();
            (station.recipient, station.epoch) = (Some(key.recipient().clone()), 1);
        });
        join(&self.admin, &mut self.one);
        join(&self.admin, &mut self.two);
    }

    /// Posts the second officer away from it again.
    pub(in crate::runtime) fn post_second_away(&mut self) {
        let (second, first, to) = (self.two.device(), self.unit("one"), self.unit("two"));
        self.change(|roster| {
            let member = roster.device(&second).unwrap().member;
            moves::post(roster, member, Some(first), to).unwrap();
        });
    }

    pub(in crate::runtime) fn reader(&self) -> Home {
        let mut reader = open(&self.folder.path().join("reader"));
        join(&self.admin, &mut reader);
        reader
    }
}

pub(in crate::runtime) fn join(admin: &Admin, home: &mut Home) {
    let words = admin.home.trust().unwrap().fingerprint_words();
    home.join(&admin.home.pack().unwrap(), &words).unwrap();
}

/// Files everything of one home at another, as a pull would.
pub(in crate::runtime) fn carry(from: &Home, to: &mut Home) -> u64 {
    carry_but(from, to, &[])
}

/// The same, with nothing but the hash of these numbers: as a hub gives it that holds them back.
pub(super) fn carry_but(from: &Home, to: &mut Home, held_back: &[u64]) -> u64 {
    let mut pulled = Pulled::default();
    let mut count = 0;
    for own in from.status().unwrap().own {
        let journal = own.journal;
        let held =
            to.journal.heads().unwrap().iter().find(|known| known.journal == journal).map_or(0, |known| known.head.seq);
        let wanted = Wanted::After { device: from.device(), journal, seq: held };
        let runs = from.journal.pending(&wanted, amanat_sync::batch::Limit::BODY).unwrap();
        for mut run in runs.into_iter().filter(|run| !run.items.is_empty()) {
            for (_, item) in (run.first..).zip(&mut run.items).filter(|(seq, _)| held_back.contains(seq)) {
                *item = Item::Elided(item.hash());
            }
            let trust = to.trust().unwrap();
            let key = |entry: &amanat_sync::entry::SealedEntry| {
                Ok(trust.verifying_key(&entry.header.device, &entry.header.journal, entry.header.seq).unwrap())
            };
            let (verified, refused) = run.verify(amanat_sync::along::Along::default(), key);
            assert!(refused.is_empty(), "{refused:?}");
            count += u64::try_from(verified.run().entries().count()).unwrap();
            pulled.runs.push(verified);
        }
    }
    to.journal.file_pulled(&pulled).unwrap();
    count
}

pub(in crate::runtime) fn pass(pulled: u64) -> Outcome {
    Outcome { pulled, ..Outcome::nothing() }
}

pub(in crate::runtime) fn keep_in(home: &mut Home, case: CaseId) {
    let what = What::Sheet(sheet("case", &[]));
    let keep = ToKeep { case, what, source: None, draft: None, sharing: None };
    home.keep(Codebook::builtin().unwrap(), keep).unwrap();
}

fn opened_of_case(home: &mut Home) -> Vec<crate::model::DeviceId> {
    let mut entries = Vec::new();
    home.replay(|page, _| entries.extend(page)).unwrap();
    entries.iter().filter(|entry| entry.case == CASE).map(|entry| entry.author.device).collect()
}

#[test]
fn a_case_keeps_its_owner_whichever_journal_is_read_first() {
    for stranger_first in [false, true] {
        let mut agency = Agency::new();
        let mut reader = agency.reader();
        reader.replay(|_, _| ()).unwrap();
        let codebook = Codebook::builtin().unwrap();
        // Two's journal is known first, so it is replayed first from now on.
        keep_in(&mut agency.two, CaseId::from_bytes([1; 16]));
        let count = carry(&agency.two, &mut reader);
        reader.take_home(codebook, &pass(count)).unwrap();
        let (first, second) =
            if stranger_first { (&mut agency.two, &mut agency.one) } else { (&mut agency.one, &mut agency.two) };
        let owner: crate::model::DeviceId = first.device().into();
        for home in [first, second] {
            keep_in(home, CASE);
            let count = carry(home, &mut reader);
            let arrived = reader.take_home(codebook, &pass(count)).unwrap();
            let known = owner == home.device().into();
            assert_eq!(arrived.replayed.offered.is_empty(), known, "the second is offered, and told");
        }
        assert_eq!(opened_of_case(&mut reader), [owner]);
        drop(reader);
        let mut reader = open(&agency.folder.path().join("reader"));
        assert_eq!(opened_of_case(&mut reader), [owner], "after a restart, stranger first: {stranger_first}");
    }
}

#[test]
fn entries_that_opened_are_shown_though_a_later_step_fails() {
    let mut agency = Agency::new();
    let mut reader = agency.reader();
    reader.replay(|_, _| ()).unwrap();
    keep_in(&mut agency.one, CASE);
    let count = carry(&agency.one, &mut reader);
    // The heads file cannot be written.
    fs::remove_file(reader.paths().heads()).unwrap();
    fs::create_dir(reader.paths().heads()).unwrap();
    let arrived = reader.take_home(Codebook::builtin().unwrap(), &pass(count)).unwrap();
    assert_eq!(arrived.entries.len(), 1);
    assert_eq!(arrived.afterwards.len(), 1, "{:?}", arrived.afterwards);
}

#[test]
fn a_rival_roster_is_kept_as_proof_and_narrows_who_reads() {
    let mut agency = Agency::new();
    let held = agency.admin.home.trust().unwrap().roster().clone();
    let station = held.units.iter().find(|unit| unit.name == "one").unwrap().id;
    let readers = |home: &Home| home.readers(&station, Sharing::H2).unwrap().audience.len();
    let sign = |admin: &Admin, change: &dyn Fn(&mut Roster)| {
        let mut next = edit::next(&held, held.issued + 1);
        change(&mut next);
        admin.sign_for_tests(&next)
    };
    let with_key = |roster: &mut Roster| {
        let unit = roster.units.iter_mut().find(|unit| unit.id == station).unwrap();
        unit.recipient = Some(ReadIdentity::generate().unwrap().recipient().clone());
        unit.epoch = 1;
    };
    let (mine, rival) =
        (sign(&agency.admin, &with_key), sign(&agency.admin, &|roster| roster.name = "Other".to_owned()));
    let mut pack = agency.admin.home.pack().unwrap();
    pack.rosters.push(mine.clone());
    let mut trust = agency.one.trust().unwrap().clone();
    while trust.roster_version() < held.version {
        let step = pack.rosters[usize::try_from(trust.roster_version()).unwrap()].clone();
        trust.adopt(&step).unwrap();
    }
    trust.adopt(&mine).unwrap();
    agency.one.join(&pack, &trust.fingerprint_words()).unwrap();
    assert_eq!((agency.one.rivals(), readers(&agency.one)), (0, 2), "the station and headquarters");
    *pack.rosters.last_mut().unwrap() = rival;
    agency.one.join(&pack, &trust.fingerprint_words()).unwrap();
    assert_eq!((agency.one.rivals(), readers(&agency.one)), (1, 1), "headquarters alone");
    drop(agency.one);
    let mut one = open(&agency.folder.path().join("one"));
    assert_eq!((one.rivals(), readers(&one)), (1, 1), "also after a restart");
    assert_eq!(one.adopt_documents().unwrap().rivals, 0, "told once");
    assert!(one.journal().documents().unwrap().iter().any(|filed| filed.rival), "the proof is filed");
}

#[test]
fn an_expired_roster_is_amber_then_red_by_the_hubs_time_and_cases_are_kept_all_the_same() {
    let mut agency = Agency::new();
    let one = &mut agency.one;
    let expires = one.trust().unwrap().roster().expires;
    let age = |home: &Home| home.trust().unwrap().age(home.least_now());
    assert_eq!(age(one), Age::Current);
    for (days, wanted) in [(0, Age::Expired), (29, Age::Expired), (30, Age::LongExpired)] {
        let seconds = expires + days * 86_400;
        // What the hub signed counts, whatever this machine's clock says.
        one.hub_ms = i64::try_from(seconds * 1_000).ok();
        assert_eq!(age(one), wanted);
        assert_eq!(wanted == Age::LongExpired, seconds >= one.trust().unwrap().red_from());
        keep_in(one, CASE);
    }
}

/// A hub that holds a slip back, or a road that damages it, could else make a case begin with what headquarters writes into it.
#[test]
fn nobody_proposes_to_erase_what_they_know_no_first_slip_of_and_the_case_stays_its_owners() {
    let mut agency = Agency::new();
    let mut reader = agency.reader();
    reader.replay(|_, _| ()).unwrap();
    keep_in(&mut agency.one, CASE);
    let count = carry_but(&agency.one, &mut reader, &[1]);
    reader.take_home(Codebook::builtin().unwrap(), &pass(count)).unwrap();
    let refused = reader.propose_erasure(CASE.into(), "LHC, 3 Nov 2026", &[]).map(|_| ()).unwrap_err();
    assert!(refused.message.contains("has not come here whole"), "{refused:?}");
    assert_eq!(reader.status().unwrap().own.first().map_or(0, |own| own.kept.seq), 0, "nothing was written into it");
}
