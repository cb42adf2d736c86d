//! Sticks of a town: real files, written by homes and by the hub, and read by whoever finds one: whole or half, once or again, early or late,
//! long after what lies on them was erased or sealed again.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use amanat::runtime::road::stick::StickJob;
use amanat_sync::bundle::BundleFault;
use amanat_sync::courier::{End, TakenIn, take_in_with_parts};

use super::founding::{PEOPLE, READER, STATION, transport};
use super::life::Town;
use crate::simulation::fused::Dies;
use crate::simulation::mortal::Mortal;
use crate::simulation::sticks::payload;

/// Sticks that lie about at most; the oldest is thrown away.
const PILE: usize = 10;
/// The place of the hub among those who read, behind everybody else.
const HUB: usize = PEOPLE.len();

/// A stick that somebody wrote and nobody has thrown away.
#[derive(Clone)]
struct Stick {
    path: PathBuf,
    to_hub: bool,
    /// How many sticks were written before it.
    number: u64,
    /// How many contents had been erased for good when it was written.
    erased: usize,
}

/// The sticks of a town.
#[derive(Default)]
pub(crate) struct Pile {
    sticks: Vec<Stick>,
    written: u64,
    /// The youngest that each reader has read, the hub last.
    newest: [u64; HUB + 1],
    read: BTreeSet<(usize, u64)>,
}

impl Town {
    /// Somebody writes a stick: a home to headquarters or to the station, or headquarters to the station.
    pub(crate) fn writes_stick(&mut self, at: usize) {
        self.pile.written += 1;
        let path = self.dir.path().join(format!("stick {}.age", self.pile.written));
        let to_hub = self.dice.one_in(2);
        if self.dice.one_in(4) {
            return self.headquarters_writes(path);
        }
        let home = self.people[at].home();
        let to = home.addressee((!to_hub).then_some(STATION)).unwrap();
        StickJob::new(home).unwrap().write(&path, &to, &mut |_, _| true).unwrap();
        self.faults.note(if to_hub { "sticks written to headquarters" } else { "sticks written to the station" });
        self.lies_about(path, to_hub);
    }

    fn headquarters_writes(&mut self, path: PathBuf) {
        let mut bytes = Vec::new();
        self.office.writes_stick(STATION, &mut bytes);
        fs::write(&path, bytes).unwrap();
        self.faults.note("sticks written at headquarters");
        self.lies_about(path, false);
    }

    fn lies_about(&mut self, path: PathBuf, to_hub: bool) {
        let erased = self.book.erased().len();
        self.pile.sticks.push(Stick { path, to_hub, number: self.pile.written, erased });
        if self.pile.sticks.len() > PILE {
            fs::remove_file(self.pile.sticks.remove(0).path).unwrap();
        }
    }

    /// A stick from the pile is read; it stays there. Whose home to look at then.
    pub(crate) fn reads_stick(&mut self, near: usize) -> usize {
        if self.pile.sticks.is_empty() {
            return near;
        }
        // Mostly the one that was just brought.
        let newest = self.pile.sticks.len() - 1;
        let at = if self.dice.one_in(2) { newest } else { self.dice.index(newest + 1) };
        let stick = self.pile.sticks[at].clone();
        // What is written to the station opens at the station.
        let whoever = if near <= READER { near + READER + 1 } else { near };
        let reader = if stick.to_hub { HUB } else { whoever };
        self.faults.note_many("sticks read again", u64::from(!self.pile.read.insert((reader, stick.number))));
        self.faults.note_many("sticks read after a younger one", u64::from(self.pile.newest[reader] > stick.number));
        self.faults.note_many(
            "sticks with something that was erased meanwhile",
            u64::from(self.book.erased().len() > stick.erased),
        );
        self.pile.newest[reader] = self.pile.newest[reader].max(stick.number);
        let mut path = stick.path;
        let half = self.dice.one_in(4);
        if half {
            let mut bytes = fs::read(&path).unwrap();
            let sealed = bytes.len() - payload(&bytes);
            bytes.truncate(payload(&bytes) + self.dice.index(sealed));
            path = self.dir.path().join("half.age");
            fs::write(&path, bytes).unwrap();
            self.faults.note("half sticks read");
        }
        if stick.to_hub {
            self.headquarters_reads(&path, half);
        } else {
            self.home_reads(reader, &path, half);
        }
        whoever
    }

    fn headquarters_reads(&mut self, path: &Path, half: bool) {
        let dies = self.dice.one_in(6);
        if dies {
            self.office.will_die(if self.dice.one_in(2) { Dies::BeforeKeeping } else { Dies::AfterKeeping });
        }
        let taken = self.office.reads_stick(&transport(), &fs::read(path).unwrap());
        let died = self.office.died_at();
        if dies {
            self.office.restart();
        }
        if let Some(point) = died {
            self.faults.note(point.word());
        }
        if self.told {
            println!("  headquarters: {taken:?}");
        }
        match taken {
            Ok(taken) => {
                assert!(self.put_back || taken["distrust"].as_array().unwrap().is_empty(), "{taken}");
                assert!(half || died.is_some() || taken["fault"].is_null(), "{taken}");
                let count = |what: &str| taken[what].as_u64().unwrap();
                self.faults.note_many("entries that headquarters had by stick first", count("new"));
                self.faults.note_many("attachments that headquarters had by stick first", count("parts"));
                // Whoever brought it takes the answer back.
                if count("new") > 0 {
                    self.pile.written += 1;
                    let back = self.dir.path().join(format!("stick {}.age", self.pile.written));
                    self.headquarters_writes(back);
                }
            }
            Err(BundleFault::Cut | BundleFault::Damaged | BundleFault::Parcel(_)) if half => {}
            Err(_) if died.is_some() => {}
            Err(fault) => panic!("headquarters could not read a stick: {fault:?}"),
        }
    }

    fn home_reads(&mut self, at: usize, path: &Path, half: bool) {
        let dies = self.dice.one_in(3).then(|| 1 + self.dice.roll(8));
        let dies_at_home = self.dice.one_in(8);
        let home = self.people[at].home();
        let opened = home.open_stick(path);
        assert!(half || opened.is_ok(), "{:?}", opened.err());
        let Ok(mut bundle) = opened else { return };
        let (mut own, mut trust, files) =
            (home.journal().another().unwrap(), home.trust().unwrap().clone(), home.part_files());
        let mut journal = Mortal::new(&mut own, dies);
        let party = self.people[at].party();
        let taken = take_in_with_parts(files, &mut journal, (party, &mut trust), &mut bundle, |_| true);
        let died = journal.died();
        drop(own);
        if self.told {
            println!("  {}: {taken:?}{}", PEOPLE[at], if died { ", and was killed" } else { "" });
        }
        if died || dies_at_home {
            self.faults.note("programs killed while they read a stick");
            return self.people[at].killed();
        }
        self.stick_is_explained(&taken, half);
        self.faults.note_many("entries that came by stick", taken.outcome.pulled);
        self.faults.note_many("own entries received by stick", taken.received);
        self.faults.note_many("attachments that came by stick", taken.outcome.parts.arrived);
        self.people[at].moved = true;
        let arrived = self.people[at].home_mut().take_home(self.codebook, &taken.outcome).unwrap();
        assert!(arrived.afterwards.is_empty(), "{:?}", arrived.afterwards);
    }

    fn stick_is_explained(&self, taken: &TakenIn, half: bool) {
        assert!(matches!(taken.outcome.end, End::Done), "{taken:?}");
        let whole = match &taken.fault {
            None => true,
            Some(BundleFault::Cut | BundleFault::Damaged) => half,
            Some(other) => panic!("{other:?}"),
        };
        assert!(whole, "{taken:?}");
        let accused = taken.outcome.trouble.iter().find(|trouble| !self.may_be_said(trouble));
        assert!(accused.is_none(), "{accused:?}");
    }
}
