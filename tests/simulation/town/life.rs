//! One town from its seed: who does what, and when.

use std::ops::Range;
use std::path::PathBuf;

use amanat::codebook::Codebook;
use amanat_keys::fingerprint::UnitId;
use amanat_keys::recipient::ReadIdentity;
use amanat_keys::roster::Role;
use tempfile::TempDir;

use super::book::Book;
use super::clocks;
use super::deeds::Offer;
use super::founding::{self, ADMIN, CUSTODIANS, PEOPLE, SUPERVISORS, WRITERS, hub};
use super::person::Person;
use super::sticks::Pile;
use super::upheld::AtHub;
use crate::simulation::chance::Dice;
use crate::simulation::faults::Faults;
use crate::simulation::fused::Sabotage;
use crate::simulation::office::{self, Office};
use crate::simulation::road::Late;
use crate::simulation::support::{Actor, Agency};
use crate::simulation::world::{Named, on_every_core};

/// Things that happen in a town before it makes its peace.
const DEEDS: u64 = 36;
/// In the years of the homes' own clocks; nothing depends on it.
pub(crate) const NOW: u64 = 1_795_000_000_000;

pub(crate) struct Town {
    pub(crate) office: Office,
    pub(crate) agency: Agency,
    pub(crate) people: Vec<Person>,
    pub(crate) book: Book,
    pub(crate) faults: Faults,
    pub(crate) at_hub: AtHub,
    pub(crate) dice: Dice,
    pub(crate) late: Vec<Late>,
    pub(crate) pile: Pile,
    /// Keys of the station that admins have yet to list.
    pub(crate) offers: Vec<Offer>,
    pub(crate) told: bool,
    /// Whether a home was put back from a backup.
    pub(crate) put_back: bool,
    pub(crate) hub_clock: u64,
    pub(crate) station: UnitId,
    pub(crate) codebook: &'static Codebook,
    pub(crate) parts: PathBuf,
    pub(crate) dir: TempDir,
}

#[derive(Clone, Copy, Debug)]
enum Deed {
    Keep,
    Attach,
    Wish,
    Travel,
    LateArrival,
    ProposeErasure,
    Erase,
    Rekey,
    Reseal,
    Rotate,
    Approve,
    Kill,
    KillHub,
    WriteStick,
    ReadStick,
    Clock,
    HubClock,
    Backup,
    PutBack,
}

const HAPPENS: [(u64, Deed); 19] = [
    (16, Deed::Keep),
    (10, Deed::Attach),
    (12, Deed::Wish),
    (56, Deed::Travel),
    (5, Deed::LateArrival),
    (5, Deed::ProposeErasure),
    (13, Deed::Erase),
    (4, Deed::Rekey),
    (5, Deed::Reseal),
    (8, Deed::Rotate),
    (5, Deed::Approve),
    (4, Deed::Kill),
    (3, Deed::KillHub),
    (18, Deed::WriteStick),
    (30, Deed::ReadStick),
    (6, Deed::Clock),
    (3, Deed::HubClock),
    (7, Deed::Backup),
    (4, Deed::PutBack),
];

/// Lives in all of these towns, on every core.
pub(crate) fn live_in_towns(seeds: Range<u64>) -> Faults {
    on_every_core(seeds, Faults::of_town(), |seed, told| live(seed, told, None))
}

/// Whether one of these towns, lived in one after another with a fault planted, is stopped with such words.
pub(crate) fn finds_out(mut seeds: Range<u64>, planted: Sabotage, word: &str) -> bool {
    seeds.any(|seed| {
        let found = std::panic::catch_unwind(|| live(seed, false, Some(planted))).err();
        found.is_some_and(|why| why.downcast_ref::<String>().is_some_and(|why| why.contains(word)))
    })
}

fn live(seed: u64, told: bool, planted: Option<Sabotage>) -> Faults {
    let _named = Named(seed, "--towns ");
    let mut town = Town::new(seed, told);
    town.office.is_sabotaged(planted);
    for _ in 0..DEEDS {
        let deed = town.dice.weighed(&HAPPENS);
        let at = town.does(deed);
        town.holds(at);
    }
    while !town.late.is_empty() {
        town.late_arrival();
    }
    town.makes_peace();
    town.faults.add("towns", 1);
    town.faults.add("contents kept", town.book.kept.len());
    town.faults.add("contents erased", town.book.erased().len());
    town.faults
}

impl Town {
    pub(super) fn new(seed: u64, told: bool) -> Self {
        // The other worlds of the same number are others.
        let mut dice = Dice::new(seed ^ 0x746f_776e);
        let dir = founding::ground();
        let people: Vec<Person> = founding::settle(dir.path()).into_iter().map(Person::new).collect();
        let agency = agency(&people);
        let station = people[SUPERVISORS[0]].home().unit().unwrap().id;
        office::set_clock(NOW);
        clocks::goes_by(0);
        let file = dice.one_in(4).then(|| dir.path().join("hub.sqlite"));
        let parts = dir.path().join("hub.parts");
        let office = Office::new(&agency, file).keeping_parts(parts.clone());
        let signers = people.iter().map(|person| (person.id, person.home().signer().verifying_key()));
        let book = Book { signers: signers.collect(), ..Book::default() };
        Self {
            office,
            agency,
            people,
            book,
            faults: Faults::of_town(),
            at_hub: AtHub::default(),
            dice,
            late: Vec::new(),
            pile: Pile::default(),
            offers: Vec::new(),
            told,
            put_back: false,
            hub_clock: NOW,
            station,
            codebook: Codebook::builtin().unwrap(),
            parts,
            dir,
        }
    }

    /// Does it and says whose home to look at then.
    fn does(&mut self, deed: Deed) -> usize {
        let mut one_of = |them: &[usize]| them[self.dice.index(them.len())];
        let at = match deed {
            Deed::Keep | Deed::Attach | Deed::Rekey => one_of(&WRITERS),
            Deed::Wish => one_of(&CUSTODIANS),
            Deed::ProposeErasure | Deed::Erase | Deed::Reseal | Deed::Rotate => one_of(&CUSTODIANS),
            Deed::Travel
            | Deed::Kill
            | Deed::WriteStick
            | Deed::ReadStick
            | Deed::Clock
            | Deed::Backup
            | Deed::PutBack => self.dice.index(PEOPLE.len()),
            Deed::Approve | Deed::KillHub | Deed::LateArrival | Deed::HubClock => ADMIN,
        };
        if self.told {
            println!("{deed:?} {}", PEOPLE[at]);
        }
        match deed {
            Deed::Keep => self.keeps(at),
            Deed::Attach => self.attaches(at),
            Deed::Wish => self.wishes(at),
            Deed::Travel => drop(self.travels(at, false)),
            Deed::LateArrival => self.late_arrival(),
            Deed::ProposeErasure => self.proposes_erasure(at),
            Deed::Erase => self.erases(at),
            Deed::Rekey => self.rekeys(at),
            Deed::Reseal => self.reseals(at),
            Deed::Rotate => drop(self.rotates(at, false)),
            Deed::Approve => drop(self.approves()),
            Deed::Kill => {
                self.people[at].killed();
                self.faults.note("programs killed between two deeds");
            }
            Deed::KillHub => {
                self.office.restart();
                self.faults.note("hub killed between requests");
            }
            Deed::WriteStick => self.writes_stick(at),
            Deed::ReadStick => return self.reads_stick(at),
            Deed::Clock => self.clock_goes_wrong(at),
            Deed::HubClock => self.hub_clock_goes_wrong(),
            Deed::Backup => return self.backs_up(at),
            Deed::PutBack => return self.puts_back(at),
        }
        at
    }
}

/// The agency as the road and the hub of the other worlds know it.
pub(crate) fn agency(people: &[Person]) -> Agency {
    let trust = people[ADMIN].home().trust().unwrap().clone();
    let opens = ReadIdentity::generate().unwrap();
    let actor = |person: &Person| Actor {
        id: person.id,
        signer: person.home().signer(),
        role: Role::Officer,
        unit: person.home().unit().unwrap().id,
        opens: opens.clone(),
    };
    let actors = people.iter().map(actor).collect();
    Agency { root: hub().signer, hub: hub(), actors, roster: trust.roster().clone(), trust }
}
