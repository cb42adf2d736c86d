//! One world from its seed: who is in it, what they do, and what is written down beside it to judge them by.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use amanat_hub::store::Place;
use amanat_keys::fingerprint::{DeviceId, Digest, JournalId};
use amanat_keys::trust::Trust;
use amanat_sync::batch::Limit;
use amanat_sync::courier::{End, Outcome, Trouble, pass};
use amanat_sync::entry::{Kind, SealedEntry};
use amanat_sync::journal::{Journal as _, Keep, Shelf, ShelfRow, State, Wanted};
use tempfile::TempDir;
use zeroize::Zeroizing;

use super::chance::Dice;
use super::device::{Device, pen, slip};
use super::disk::Disk;
use super::faults::Faults;
use super::mortal::Mortal;
use super::office::{self, Backup, Office};
use super::road::{self, Late, Road};
use super::sticks::Pile;
use super::support::{Agency, HQ, STATION};

/// Officers 0 and 1, then these.
pub(crate) const SUPERVISOR: usize = 2;
pub(crate) const READER: usize = 3;
/// The last is one more officer.
pub(crate) const ACTORS: usize = 5;
/// Things that happen in a world before it makes its peace.
const DEEDS: u64 = 34;
/// Ten years, in seconds.
const YEARS: u64 = 315_000_000;

/// What is known of the world from outside.
#[derive(Default)]
pub(crate) struct Book {
    /// Every entry that was ever signed.
    pub(crate) signed: BTreeMap<Digest, SealedEntry>,
    /// Those whose signature was damaged on purpose.
    pub(crate) spoilt: BTreeSet<Digest>,
    /// What an entry says: the number of its content, and the entry that it was kept again for.
    pub(crate) inside: BTreeMap<Digest, (u64, Option<Digest>)>,
    /// Every content that was said to be kept.
    pub(crate) contents: BTreeMap<u64, Fate>,
    /// What the hub holds, in order: header hash, and the link after it.
    pub(crate) hub: BTreeMap<Place, Vec<(Digest, Digest)>>,
    /// Receipts whose signature has been checked.
    pub(crate) proven: BTreeSet<Vec<u8>>,
    last_content: u64,
}

/// What may be asked of a content.
pub(crate) struct Fate {
    actor: usize,
    /// The only disk that held it was replaced by an older one.
    pub(crate) may_be_lost: bool,
}

/// Everything there is.
pub(crate) struct World {
    pub(crate) agency: Agency,
    pub(crate) office: Office,
    pub(crate) devices: Vec<Device>,
    pub(crate) book: Book,
    pub(crate) faults: Faults,
    /// An answer was not what the hub said.
    pub(crate) strange: bool,
    /// Says what happens.
    pub(crate) told: bool,
    late: Vec<Late>,
    pub(crate) pile: Pile,
    /// A home or a database was put back from a backup.
    pub(crate) put_back: bool,
    /// The hub's store as it was once.
    hub_backup: Option<Backup>,
    /// The device that travels has heard of an epoch for which no admin has spoken yet.
    pub(crate) unspoken: bool,
    /// Devices that some roster has revoked.
    pub(crate) gone: BTreeSet<DeviceId>,
    /// The roster by which what the hub holds was judged last.
    pub(crate) ruled: Option<Trust>,
    /// What an admin has yet to say of the hub's newest epoch.
    word: Option<Vec<u8>>,
    pub(crate) dice: Dice,
    hub_clock: u64,
    _dir: TempDir,
}

/// What can happen. Whatever else carries entries becomes another line here.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Deed {
    Keep,
    Travel,
    LateArrival,
    Backup,
    PutBack,
    Kill,
    KillHub,
    HubClock,
    Roster,
    Spoil,
    Grant,
    WriteStick,
    ReadStick,
    HubBackup,
    HubPutBack,
    EpochWord,
    Revoke,
}

const HAPPENS: [(u64, Deed); 17] = [
    (30, Deed::Keep),
    (42, Deed::Travel),
    (6, Deed::LateArrival),
    (6, Deed::Backup),
    (6, Deed::PutBack),
    (3, Deed::Kill),
    (3, Deed::KillHub),
    (3, Deed::HubClock),
    (3, Deed::Roster),
    (2, Deed::Spoil),
    (4, Deed::Grant),
    (9, Deed::WriteStick),
    (16, Deed::ReadStick),
    (5, Deed::HubBackup),
    (4, Deed::HubPutBack),
    (6, Deed::EpochWord),
    (4, Deed::Revoke),
];

/// Lives through all of these, on every core.
pub(crate) fn live_through(seeds: Range<u64>) -> Faults {
    on_every_core(seeds, Faults::of_sealed(), |seed, told| live(seed, told, false))
}

/// Adds up what happened in all of these; one alone tells all that happens.
pub(crate) fn on_every_core(seeds: Range<u64>, none: Faults, live: impl Fn(u64, bool) -> Faults + Sync) -> Faults {
    let told = seeds.end.saturating_sub(seeds.start) == 1;
    let (next, all) = (AtomicU64::new(seeds.start), Mutex::new(none));
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return;
            }
            let faults = live(seed, told);
            all.lock().unwrap().take(&faults);
        }
    };
    thread::scope(|scope| (0..cores).for_each(|_| drop(scope.spawn(work))));
    all.into_inner().unwrap()
}

/// Whether one of these worlds, lived through in turn with a hub that does not heed its rosters, is stopped with such words.
pub(crate) fn finds_out_a_deaf_hub(mut seeds: Range<u64>, word: &str) -> bool {
    seeds.any(|seed| {
        let found = std::panic::catch_unwind(|| live(seed, false, true)).err();
        found.is_some_and(|why| why.downcast_ref::<String>().is_some_and(|why| why.contains(word)))
    })
}

/// Lives through one seed; panics where something does not hold, with the command that shows it again.
fn live(seed: u64, told: bool, deaf: bool) -> Faults {
    let _named = Named(seed, "");
    let mut world = World::new(seed, told);
    if deaf {
        world.office.goes_deaf();
    }
    for _ in 0..DEEDS {
        let (deed, at) = (world.dice.weighed(&HAPPENS), world.dice.index(ACTORS));
        if told {
            println!("{deed:?} {at}");
        }
        world.does(deed, at);
        world.holds(at);
    }
    while !world.late.is_empty() {
        world.does(Deed::LateArrival, 0);
    }
    world.holds(0);
    world.makes_peace();
    let Book { signed, contents, .. } = &world.book;
    world.faults.add("worlds", 1);
    world.faults.add("entries signed", signed.len());
    world.faults.add("contents kept", contents.len());
    world.faults.add("contents that went with their disk", contents.values().filter(|fate| fate.may_be_lost).count());
    world
        .faults
        .add("requests", world.devices.iter().map(|device| usize::try_from(device.line.requests).unwrap()).sum());
    world.faults
}

/// Says how to see it again: the seed, and what else the command wants to know.
pub(crate) struct Named(pub(crate) u64, pub(crate) &'static str);

impl Drop for Named {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!(
                "seed {0} failed; again: cargo bench -p amanat --bench fleet -- {2}--seeds {0}..{1}",
                self.0,
                self.0 + 1,
                self.1
            );
        }
    }
}

impl World {
    fn new(seed: u64, told: bool) -> Self {
        let mut dice = Dice::new(seed);
        let dir = tempfile::tempdir().unwrap();
        let agency = Agency::crowd(ACTORS - 4);
        office::set_clock(1_750_000_000_000);
        let file = dice.one_in(3).then(|| dir.path().join("hub.sqlite"));
        let office = Office::new(&agency, file);
        let disk = |actor: usize, dice: &mut Dice| match dice.one_in(8) {
            true => Disk::in_file(dir.path().join(format!("{actor}.sqlite"))),
            false => Disk::Memory(Default::default()),
        };
        let devices = (0..ACTORS).map(|actor| {
            let disk = disk(actor, &mut dice);
            Device::new(&agency, actor, disk, &mut dice)
        });
        let devices = devices.collect();
        Self {
            agency,
            office,
            devices,
            book: Book::default(),
            faults: Faults::of_sealed(),
            strange: false,
            told,
            late: Vec::new(),
            pile: Pile::default(),
            put_back: false,
            hub_backup: None,
            word: None,
            gone: BTreeSet::new(),
            ruled: None,
            unspoken: false,
            dice,
            hub_clock: 1_750_000_000_000,
            _dir: dir,
        }
    }

    fn does(&mut self, deed: Deed, at: usize) {
        match deed {
            Deed::Keep => self.keeps(at, false),
            Deed::Spoil => self.keeps(at, true),
            Deed::Grant => self.grants(),
            Deed::WriteStick => self.writes_stick(at),
            Deed::ReadStick => self.reads_stick(at),
            Deed::HubBackup => self.hub_backup = self.office.backs_up(),
            Deed::HubPutBack => self.puts_hub_back(),
            Deed::EpochWord => self.admin_speaks(),
            Deed::Revoke => self.revokes(),
            Deed::Travel => drop(self.travel(at, false)),
            Deed::LateArrival => self.late_arrival(),
            Deed::Backup => self.devices[at].backs_up(),
            Deed::PutBack => self.puts_back(at),
            Deed::Kill => self.devices[at].killed(),
            Deed::KillHub => {
                self.office.restart();
                self.faults.note("hub killed between requests");
            }
            Deed::HubClock => {
                let to = (self.hub_clock + self.dice.roll(2 * YEARS) * 1_000).saturating_sub(YEARS * 1_000);
                if to + 31_000_000_000 < self.hub_clock {
                    self.faults.note("the hub's clock went back by years");
                }
                self.hub_clock = to;
                office::set_clock(to);
            }
            Deed::Roster => {
                let name = format!("Test {}", self.dice.roll(1_000_000));
                let next = self.office.next_roster(|roster| roster.name = name);
                self.office.adopt(&next);
            }
        }
    }

    /// Keeps a few entries under one slip or a new one; the program may be killed while it does.
    fn keeps(&mut self, at: usize, spoil: bool) {
        self.clock_ticks(at);
        let agency = self.agency.clone();
        let dies = (!spoil && self.dice.one_in(12)).then(|| 1 + self.dice.roll(4));
        let n = 1 + self.dice.roll(4);
        let device = &mut self.devices[at];
        let (id, clock) = (device.id, device.clock);
        let (names, disk, said) = device.writes();
        let mut journal = Mortal::new(disk.journal(), dies);
        let mut entries = Vec::new();
        let kept = Device::slot(names, &agency, id, &mut journal).and_then(|slot| {
            let mut pen = pen(&agency, at, slot);
            let under = slip(said, &self.book.signed, &slot, &mut self.dice).filter(|_| !self.dice.one_in(3));
            let slip = under.unwrap_or_else(|| {
                let mut readers = vec![*HQ.as_bytes(), *STATION.as_bytes()];
                if self.dice.one_in(3) {
                    readers.push(*agency.actors[1 - at % 2].id.as_bytes());
                }
                entries.push(pen.slip(&readers));
                pen.slot.seq - 1
            });
            for _ in 0..n {
                let text = self.book.next_text(None, clock, &mut self.dice);
                entries.push(pen.note(slip, &text));
            }
            if spoil {
                let last = entries.last_mut().unwrap();
                last.signature[9] ^= 1;
                self.book.spoilt.insert(last.hash());
                let behind = self.book.next_text(None, clock, &mut self.dice);
                entries.push(pen.note(slip, &behind));
            }
            journal.append(&Keep { entries: entries.clone(), ..Keep::default() })
        });
        let died = journal.died();
        entries.iter().for_each(|entry| self.book.sign(entry));
        if spoil {
            self.faults.note("own entries with a bad signature");
        }
        if died {
            self.faults.note("devices killed while they kept");
            self.devices[at].killed();
            if !self.is_there(at, &entries) {
                return;
            }
        } else {
            kept.expect("a journal takes what stands on its head");
        }
        self.said_kept(at, &entries);
    }

    /// All of them, or none.
    fn is_there(&mut self, at: usize, entries: &[SealedEntry]) -> bool {
        let journal = self.devices[at].disk.journal();
        let there = |entry: &&SealedEntry| {
            let (device, id, seq) = (entry.header.device, entry.header.journal, entry.header.seq - 1);
            let runs =
                journal.pending(&Wanted::After { device, journal: id, seq }, Limit { items: 1, bytes: 1 }).unwrap();
            runs.iter().flat_map(|run| run.entries()).any(|held| held.hash() == entry.hash())
        };
        let n = entries.iter().filter(there).count();
        assert!(n == 0 || n == entries.len(), "half of a keeping is there");
        n > 0
    }

    fn said_kept(&mut self, at: usize, entries: &[SealedEntry]) {
        self.devices[at].said_kept(entries);
        for entry in entries.iter().filter(|entry| entry.header.kind == Kind::Sealed) {
            let (content, _) = self.book.inside[&entry.hash()];
            self.book.contents.entry(content).or_insert(Fate { actor: at, may_be_lost: false });
        }
    }

    fn clock_ticks(&mut self, at: usize) {
        let clock = &mut self.devices[at].clock;
        let to =
            if self.dice.one_in(4) { (*clock + self.dice.roll(2 * YEARS)).saturating_sub(YEARS) } else { *clock + 60 };
        if to + 31_000_000 < *clock {
            self.faults.note("clocks of devices that went back by years");
        }
        *clock = to;
    }

    /// The supervisor opens a slip of an officer's, which they hold, to the other officer.
    fn grants(&mut self) {
        let held = super::holds::held(self.devices[SUPERVISOR].disk.journal());
        let entries = held.iter().flat_map(|held| &held.items).filter_map(|item| item.entry());
        let officers = [self.devices[0].id, self.devices[1].id];
        let slips: Vec<SealedEntry> = entries
            .filter(|entry| entry.header.kind == Kind::Slip && officers.contains(&entry.header.device))
            .cloned()
            .collect();
        if slips.is_empty() {
            return;
        }
        let slip = &slips[self.dice.index(slips.len())];
        let other = if slip.header.device == officers[0] { officers[1] } else { officers[0] };
        let (agency, id) = (self.agency.clone(), self.devices[SUPERVISOR].id);
        let (names, disk, _) = self.devices[SUPERVISOR].writes();
        let slot = Device::slot(names, &agency, id, disk.journal()).unwrap();
        let grant =
            pen(&agency, SUPERVISOR, slot).rewrap(slip, &[*HQ.as_bytes(), *STATION.as_bytes(), *other.as_bytes()]);
        disk.journal().append(&Keep { entries: vec![grant.clone()], ..Keep::default() }).unwrap();
        self.book.sign(&grant);
        self.said_kept(SUPERVISOR, &[grant]);
    }

    /// One pass of a device. `None` when its program was killed on the way.
    pub(crate) fn travel(&mut self, at: usize, calm: bool) -> Option<Outcome> {
        let dies = (!calm && self.dice.one_in(7)).then(|| 1 + self.dice.roll(10));
        let room = [700, 3_000, 20_000][self.dice.index(3)];
        let ahead = self.dice.one_in(2);
        let before = self.faults.odd_answers();
        let Device { disk, trust, courier, line, .. } = &mut self.devices[at];
        let mut road = Road {
            agency: &self.agency,
            office: &mut self.office,
            dice: &mut self.dice,
            faults: &mut self.faults,
            late: &mut self.late,
            line,
            actor: at,
            calm,
            room,
            ahead,
            away: VecDeque::new(),
        };
        let mut journal = Mortal::new(disk.journal(), dies);
        let mut adopted = trust.clone();
        let outcome = pass(courier, &mut journal, &mut road, self.agency.party(at), &mut adopted);
        let died = journal.died();
        if self.told {
            println!("  {at}: {outcome:?}{}", if died { ", and was killed" } else { "" });
        }
        self.strange |= self.faults.odd_answers() > before;
        if died {
            self.faults.note("devices killed while they travelled");
            self.devices[at].killed();
            return None;
        }
        assert!(adopted.roster_version() >= trust.roster_version(), "a roster fell");
        *trust = adopted;
        self.hears_of_an_epoch(at);
        self.is_explained(at, &outcome);
        self.keeps_again(at, &outcome);
        Some(outcome)
    }

    /// A pass ends as it must, and says nothing against a hub that did nothing wrong.
    fn is_explained(&mut self, at: usize, outcome: &Outcome) {
        match &outcome.end {
            End::Done | End::Unreachable(_) => {}
            End::Nonsense(_) if self.strange => {}
            _ if self.is_told_to_be_gone(at, outcome) => {
                self.faults.note("passes that ended with the word that a device is revoked")
            }
            other => panic!("{other:?}"),
        }
        let accused = outcome.trouble.iter().find(|trouble| !self.may_be_said(trouble));
        assert!(accused.is_none() || self.strange, "{accused:?}");
    }

    /// What a fork or an entry that nobody can take left behind is kept again, as the app does it.
    pub(crate) fn keeps_again(&mut self, at: usize, outcome: &Outcome) {
        let (agency, hub) = (self.agency.clone(), self.agency.hub.id);
        for own in self.devices[at].disk.journal().status(&hub).unwrap().own {
            let told = outcome.trouble.iter().find_map(|trouble| match trouble {
                Trouble::Fork { journal, .. } if *journal == own.journal => Some(own.received + 1),
                Trouble::NotTaken { journal, seq, successor: Some(_), .. } if *journal == own.journal => Some(*seq),
                _ => None,
            });
            let seen = self.devices[at].said.seen.get(&own.journal).copied().unwrap_or(0);
            let (first, last) = match (own.state, told) {
                (State::Forked, _) => (own.received + 1, own.kept.seq),
                (_, Some(first)) => (first, own.kept.seq.min(seen)),
                (_, None) => continue,
            };
            let first = first.max(self.marked(at, &own.journal) + 1);
            if first > last {
                continue;
            }
            let losing = self.own_texts(at, &own.journal, first, last);
            let clock = self.devices[at].clock;
            let device = &mut self.devices[at];
            let id = device.id;
            let (names, disk, _) = device.writes();
            let slot = Device::slot(names, &agency, id, disk.journal()).unwrap();
            let mut pen = pen(&agency, at, slot);
            let slip = slot.seq;
            let mut entries = vec![pen.slip(&[*HQ.as_bytes(), *STATION.as_bytes()])];
            for was in losing {
                let text = self.book.next_text(Some(was), clock, &mut self.dice);
                entries.push(pen.note(slip, &text));
            }
            let mark = ShelfRow {
                shelf: Shelf::Marks,
                key: own.journal.as_bytes().to_vec(),
                case: None,
                key_id: None,
                plain: Zeroizing::new(last.to_be_bytes().to_vec()),
            };
            disk.journal().append(&Keep { entries: entries.clone(), rows: vec![mark], ..Keep::default() }).unwrap();
            entries.iter().for_each(|entry| self.book.sign(entry));
            self.said_kept(at, &entries);
        }
    }

    /// Up to where a journal's entries were kept again.
    fn marked(&mut self, at: usize, journal: &JournalId) -> u64 {
        let marks = self.devices[at].disk.journal().shelf(Shelf::Marks).unwrap();
        let mark = marks.iter().find(|row| row.key == journal.as_bytes());
        mark.map_or(0, |row| u64::from_be_bytes(row.plain.as_slice().try_into().unwrap()))
    }

    fn own_texts(&mut self, at: usize, journal: &JournalId, first: u64, last: u64) -> Vec<Digest> {
        let device = self.devices[at].id;
        let all = super::holds::held(self.devices[at].disk.journal());
        let of_it = all.iter().filter(|held| (held.known.device, held.known.journal) == (device, *journal));
        let entries = of_it.flat_map(|held| &held.items).filter_map(|item| item.entry());
        let texts =
            entries.filter(|entry| entry.header.kind == Kind::Sealed && (first..=last).contains(&entry.header.seq));
        texts.map(|entry| entry.hash()).collect()
    }

    fn late_arrival(&mut self) {
        if self.late.is_empty() {
            return;
        }
        let at = self.dice.index(self.late.len());
        let late = self.late.swap_remove(at);
        let newest = self.devices[late.actor()].line.requests;
        let (taken, overtaken) = road::arrives(&late, &self.agency, &self.office, newest, &mut self.dice);
        if taken {
            self.faults.note("requests that arrived late");
        }
        if taken && overtaken {
            self.faults.note("requests that arrived after a younger one");
        }
    }

    /// The hub's store is lost and an older copy takes its place. What nobody else holds is gone; everything else must come back.
    fn puts_hub_back(&mut self) {
        let Some(backup) = self.hub_backup.clone() else { return };
        self.hub_holds();
        self.faults.note("hubs put back from a backup");
        self.word = Some(self.office.put_back(&backup));
        self.book.hub.clear();
        self.ruled = None;
        self.hub_holds();
        let mut there: BTreeSet<Digest> = self.book.hub.values().flatten().map(|(hash, _)| *hash).collect();
        for device in &mut self.devices {
            let all = super::holds::held(device.disk.journal());
            there
                .extend(all.iter().flat_map(|held| &held.items).filter_map(|item| item.entry()).map(SealedEntry::hash));
        }
        let there: BTreeSet<u64> =
            there.iter().filter_map(|hash| self.book.inside.get(hash)).map(|(content, _)| *content).collect();
        for (content, fate) in &mut self.book.contents {
            fate.may_be_lost |= !there.contains(content);
        }
        if self.dice.one_in(2) {
            self.admin_speaks();
        } else {
            self.faults.note("epochs that began before an admin had spoken");
        }
    }

    pub(crate) fn hears_of_an_epoch(&mut self, at: usize) {
        let status = self.devices[at].disk.journal().status(&self.agency.hub.id).unwrap();
        self.unspoken = status.epoch > status.vouched;
    }

    /// The admin's word on the hub's newest epoch, if it is still to come.
    pub(crate) fn admin_speaks(&mut self) {
        if let Some(word) = self.word.take() {
            self.office.hears(&word);
        }
    }

    /// An older copy lies on the disk. What only the newer disk held is gone; nothing else may be.
    fn puts_back(&mut self, near: usize) {
        let at = (near..near + ACTORS).map(|at| at % ACTORS).find(|at| self.devices[*at].backup.is_some());
        let Some(at) = at else { return };
        let whole_home = self.dice.one_in(2);
        self.faults.note(if whole_home { "homes put back from a backup" } else { "databases put back from a backup" });
        self.hub_holds();
        self.put_back = true;
        self.devices[at].put_back(whole_home);
        let on_disk = self.devices[at].said.kept.values();
        let at_hub = self.book.hub.values().flatten().map(|(hash, _)| hash);
        let there: BTreeSet<u64> =
            on_disk.chain(at_hub).filter_map(|hash| self.book.inside.get(hash)).map(|(content, _)| *content).collect();
        for (content, fate) in self.book.contents.iter_mut().filter(|(_, fate)| fate.actor == at) {
            fate.may_be_lost |= !there.contains(content);
        }
        self.device_holds(at);
    }
}

impl Book {
    /// Text for an entry: a new content, or that of an entry which is kept again.
    fn next_text(&mut self, was: Option<Digest>, clock: u64, dice: &mut Dice) -> String {
        let content = match was {
            Some(was) => self.inside[&was].0,
            None => {
                self.last_content += 1;
                self.last_content
            }
        };
        let was = was.map_or_else(|| "-".to_owned(), |was| was.to_string());
        let size = if dice.one_in(8) { dice.index(5_000) } else { dice.index(60) };
        format!("{content} {was} {clock} {}", "x".repeat(size))
    }

    fn sign(&mut self, entry: &SealedEntry) {
        if entry.header.kind == Kind::Sealed {
            let text = String::from_utf8(entry.envelope.clone().unwrap()).unwrap();
            let mut words = text.split(' ');
            let content = words.next().unwrap().parse().unwrap();
            let was = words.next().and_then(|was| was.parse().ok());
            self.inside.insert(entry.hash(), (content, was));
        }
        self.signed.insert(entry.hash(), entry.clone());
    }
}
