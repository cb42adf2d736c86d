//! What people do: each the function behind a command, and what is written down about it.

use amanat::codebook::{self, Origin};
use amanat::failure::{Failure, Kind as Fault};
use amanat::model::{Answer, Answers, CaseId, Draft, DraftId, Entry, Lang, Moment, Sheet, Value};
use amanat::runtime::entries::keep::{ToKeep, What};
use amanat::runtime::road::arrivals::Arrived;
use amanat::runtime::road::attaching::ToAttach;
use amanat::runtime::roster::enrol::{Enrolment, UNIT_KEY};
use amanat::runtime::rotation::units::Rotated;
use amanat_keys::join::JoinRequest;
use amanat_sync::batch::Item;
use amanat_sync::courier::{End, Outcome, pass};

use super::book::{Kept, Order, Wished};
use super::founding::{ADMIN, CUSTODIANS, PEOPLE, STATION};
use super::life::Town;
use super::person::{Person, number};
use super::upheld::erased_by;
use crate::simulation::fused::Dies;
use crate::simulation::holds::held;
use crate::simulation::mortal::Mortal;
use crate::simulation::road::{self, Road};

/// Cases of a town.
const CASES: usize = 3;
/// Bytes of an attachment at most: some pieces.
const ATTACHED: usize = 70_000;
/// How often a custodian who has just kept an erasure goes to the hub, while the road loses it on the way.
const TRIES: usize = 6;

/// A key that was offered to the admins: its request, and whether they have listed it. A custodian who has not heard of that offers it again.
pub(crate) struct Offer {
    request: Vec<u8>,
    pub(crate) listed: bool,
}

impl Town {
    fn case(&mut self) -> CaseId {
        CaseId::from_bytes([u8::try_from(self.dice.index(CASES)).unwrap() + 1; 16])
    }

    /// A note with the next number, to be kept in some case.
    fn note(&mut self) -> (u64, ToKeep) {
        let number = u64::try_from(self.book.kept.len()).unwrap() + 1;
        let size = if self.dice.one_in(8) { self.dice.index(5_000) } else { self.dice.index(60) };
        let text = format!("{number} {}", "x".repeat(size));
        let (form, started) = (self.codebook.newest("note").unwrap(), Moment::pkt(1_795_322_868_000));
        let mut answers = Answers::default();
        answers.set("noted_on".into(), Answer::Value(Value::Date("2026-11-22".parse().unwrap())));
        answers.set("note_text".into(), Answer::Value(Value::Text(text.into())));
        let draft = Draft::begun(DraftId::from_bytes([1; 16]), form.form.clone(), answers, started, Lang::En);
        let sheet: Sheet = codebook::finish(form, self.codebook, &draft, Origin::Officer).unwrap().0;
        let case = self.case();
        (number, ToKeep { case, what: What::Sheet(sheet), source: None, draft: None, sharing: None })
    }

    fn was_kept(&mut self, author: usize, kept: &[Entry], attached: Option<Vec<u8>>) {
        let entry = &kept[0];
        let said = number(entry).unwrap();
        let on_its_way = self.book.orders.iter().any(|order| order.case == entry.case);
        if on_its_way {
            self.faults.note("entries kept in a case while its erasure was on its way");
        }
        self.book.numbers.insert(*entry.id.as_bytes(), said);
        self.book.kept.insert(said, Kept { author, case: entry.case, attached });
        self.people[author].had.insert(said);
        self.people[author].open.insert(said);
    }

    pub(crate) fn keeps(&mut self, at: usize) {
        for _ in 0..=self.dice.roll(3) {
            let (_, keep) = self.note();
            let kept = self.people[at].home_mut().keep(self.codebook, keep).unwrap();
            self.was_kept(at, &kept, None);
        }
    }

    pub(crate) fn attaches(&mut self, at: usize) {
        let (said, keep) = self.note();
        let size = 1 + self.dice.index(ATTACHED);
        let bytes: Vec<u8> = std::iter::repeat_with(|| u8::try_from(self.dice.roll(256)).unwrap()).take(size).collect();
        let path = self.dir.path().join(format!("scan {said}"));
        std::fs::write(&path, &bytes).unwrap();
        let files = [ToAttach { path, media: None }];
        let kept = self.people[at].home_mut().attach(self.codebook, keep, &files, &mut |_, _| true).unwrap();
        self.was_kept(at, &kept, Some(bytes));
        self.faults.note("entries kept with an attachment");
    }

    /// Somebody asks for an attachment of an entry that is open to them.
    pub(crate) fn wishes(&mut self, at: usize) {
        self.people[at].looks();
        let person = &self.people[at];
        let away = person.attached.iter().filter(|entry| !person.home().holds_part(&entry.author, &entry.parts[0]));
        let away: Vec<&Entry> = away.collect();
        if away.is_empty() {
            return;
        }
        let entry = away[self.dice.index(away.len())];
        if person.home().wish_part(&entry.author, &entry.parts[0]).unwrap() {
            self.book.wishes.push(Wished { by: at, number: number(entry).unwrap() });
            self.faults.note("attachments asked for by another");
        }
    }

    pub(crate) fn proposes_erasure(&mut self, at: usize) {
        let case = self.case();
        let Some(proposal) =
            settled(self.people[at].home_mut().propose_erasure(case.into(), "by order of a court", &[]))
        else {
            return;
        };
        let targets = proposal.order.targets.iter().map(|target| target.hash).collect();
        self.book.orders.push(Order { case, statement: proposal.statement, targets, stood: Default::default() });
        self.faults.note("cases proposed for erasure");
    }

    /// The admins sign an order, and a custodian who holds something of what it names carries it out.
    pub(crate) fn erases(&mut self, at: usize) {
        let waiting: Vec<usize> =
            (0..self.book.orders.len()).filter(|n| self.book.orders[*n].stood.is_empty()).collect();
        if waiting.is_empty() {
            return self.proposes_erasure(at);
        }
        let n = waiting[self.dice.index(waiting.len())];
        if self.carries_out(at, n) && !self.dice.one_in(3) {
            // When it hears of that, which it does at once, or as soon as the road lets it through.
            let point = if self.dice.one_in(2) { Dies::BeforeErasing } else { Dies::AfterErasing };
            let before = self.faults.count(point.word());
            for _ in 0..TRIES {
                self.office.will_die(point);
                self.travels(at, false);
                if self.faults.count(point.word()) > before {
                    break;
                }
            }
        }
    }

    /// Whether anything more was stood in for.
    pub(crate) fn carries_out(&mut self, at: usize, n: usize) -> bool {
        let order = &mut self.book.orders[n];
        self.people[ADMIN].admin().sign_erasure(&mut order.statement).unwrap();
        let home = self.people[at].home_mut();
        let Some(stood) = settled(home.stand_in(order.case.into(), &order.statement)) else { return false };
        let all = held(home.journal());
        self.book.stood.extend(erased_by(all.iter().flat_map(|held| &held.items).filter_map(Item::entry)));
        order.stood.insert(at);
        self.people[at].moved = true;
        self.faults.note_many("erasures carried out by a custodian", u64::from(stood.kept > 0));
        stood.kept > 0
    }

    pub(crate) fn rekeys(&mut self, at: usize) {
        let case = self.case();
        let rekeyed = self.people[at].home_mut().rekey_case(case.into()).unwrap();
        self.faults.note_many("cases given a new key", u64::from(rekeyed.slips > 0));
    }

    pub(crate) fn reseals(&mut self, at: usize) {
        let case = self.case();
        let Some(sealed) = settled(self.people[at].home_mut().reseal_case(case.into(), &mut |_| true)) else {
            return;
        };
        self.people[at].moved = true;
        self.faults.note("cases sealed again");
        self.faults.note_many("entries sealed again", sealed.resealed);
    }

    /// Goes on with the rotation of the station's key, as far as it can now. Whether anything came of it.
    pub(crate) fn rotates(&mut self, at: usize, calm: bool) -> bool {
        let stops = self.dice.one_in(if calm { 4 } else { 2 });
        let rotated = self.people[at].home_mut().rotate_unit(self.station, &mut |_, _| !stops);
        self.people[at].moved = true;
        match settled(rotated) {
            None => false,
            Some(Rotated::Offered { request, .. }) => {
                let request = request.to_bytes();
                let new = !self.offers.iter().any(|offer| offer.request == request);
                if new {
                    self.offers.push(Offer { request, listed: false });
                    self.faults.note("unit keys offered");
                }
                new
            }
            Some(Rotated::Stopped { .. }) => {
                self.faults.note("rotations stopped and gone on with");
                true
            }
            Some(Rotated::Done { .. }) => {
                self.faults.note("rotations carried to their end");
                true
            }
        }
    }

    /// The admin lists the keys that were offered. Whether there were any.
    pub(crate) fn approves(&mut self) -> bool {
        let mut any = false;
        for offer in self.offers.iter_mut().filter(|offer| !offer.listed) {
            let words = JoinRequest::verify(&offer.request).unwrap().value().words();
            let as_what = Enrolment { role: UNIT_KEY, unit: Some(STATION), member: None, url: None };
            self.people[ADMIN].admin().approve(&offer.request, &words, &as_what).unwrap();
            self.faults.note("unit keys that a roster listed");
            (offer.listed, any) = (true, true);
        }
        any
    }

    /// One pass, and what it brought is taken over. `None` when the program was killed on the way.
    pub(crate) fn travels(&mut self, at: usize, calm: bool) -> Option<(Outcome, Arrived)> {
        let mut dice = self.dice.another();
        let dies = (!calm && dice.one_in(9)).then(|| 1 + dice.roll(10));
        let dies_at_home = !calm && dice.one_in(12);
        let (room, ahead) = ([700, 3_000, 20_000][dice.index(3)], dice.one_in(2));
        let before = self.faults.odd_answers();
        let Person { courier, line, .. } = &mut self.people[at];
        let (mut courier, mut line) = (std::mem::take(courier), std::mem::take(line));
        let mut road = Road {
            agency: &self.agency,
            office: &mut self.office,
            dice: &mut dice,
            faults: &mut self.faults,
            late: &mut self.late,
            line: &mut line,
            actor: at,
            calm,
            room,
            ahead,
            away: Default::default(),
        };
        let home = self.people[at].home();
        let (mut own, mut trust) = (home.journal().another().unwrap(), home.trust().unwrap().clone());
        let mut journal = Mortal::new(&mut own, dies);
        let outcome = pass(&mut courier, &mut journal, &mut road, self.people[at].party(), &mut trust);
        let died = journal.died();
        let person = &mut self.people[at];
        (person.courier, person.line) = (courier, line);
        if self.told {
            println!(
                "  {}: {outcome:?}{}",
                PEOPLE.get(at).unwrap_or(&"newcomer"),
                if died { ", and was killed" } else { "" }
            );
        }
        drop(own);
        if died || dies_at_home {
            let when = if died {
                "programs killed on the road"
            } else {
                "programs killed before they took home what had come"
            };
            self.faults.note(when);
            self.people[at].killed();
            return None;
        }
        self.is_explained(&outcome, self.faults.odd_answers() > before);
        let moved = outcome.parts.sent > 0 && !matches!(outcome.end, End::Done);
        self.faults.note_many("attachments cut on their way and gone on with", u64::from(moved));
        self.people[at].moved |= outcome.moved() || outcome.documents > 0;
        let arrived = self.people[at].home_mut().take_home(self.codebook, &outcome).unwrap();
        assert!(arrived.afterwards.is_empty(), "{:?}", arrived.afterwards);
        Some((outcome, arrived))
    }

    /// A pass ends as it must, and says nothing against a hub and people who did nothing wrong.
    fn is_explained(&self, outcome: &Outcome, strange: bool) {
        assert!(matches!(outcome.end, End::Done | End::Unreachable(_)) || strange, "{outcome:?}");
        let accused = outcome.trouble.iter().find(|trouble| !self.may_be_said(trouble));
        assert!(strange || accused.is_none(), "{accused:?}");
    }

    pub(crate) fn late_arrival(&mut self) {
        if self.late.is_empty() {
            return;
        }
        let at = self.dice.index(self.late.len());
        let late = self.late.swap_remove(at);
        let newest = self.people[late.actor()].line.requests;
        let (taken, overtaken) = road::arrives(&late, &self.agency, &self.office, newest, &mut self.dice);
        if let Some(point) = self.office.died_at() {
            self.office.restart();
            self.faults.note(point.word());
        }
        self.faults.note_many("requests that arrived late", u64::from(taken));
        self.faults.note_many("requests that arrived after a younger one", u64::from(taken && overtaken));
    }

    /// Whatever can still be done about erasures and rotations is done. Whether there was anything.
    pub(crate) fn finishes(&mut self) -> bool {
        let mut did = self.approves();
        for n in 0..self.book.orders.len() {
            // What one does not hold, or may not stand in for, another does.
            for at in CUSTODIANS {
                did |= self.carries_out(at, n);
            }
        }
        did
    }
}

/// What came of it, or nothing where it was refused in words: there is nothing to do it with yet, or somebody else must do something first.
fn settled<T>(done: Result<T, Failure>) -> Option<T> {
    match done {
        Ok(done) => Some(done),
        Err(failure) if failure.kind == Fault::Refused => None,
        Err(failure) => panic!("{failure:?}"),
    }
}
