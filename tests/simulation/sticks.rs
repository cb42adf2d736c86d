//! Sticks: written by devices and by the hub, and read by whoever finds one, whole or half, once or again, early, late, and in any order.

use amanat_keys::fingerprint::Digest;
use amanat_keys::recipient::ReadIdentity;
use amanat_sync::bundle::{self, BundleFault, Cargo};
use amanat_sync::courier::{End, TakenIn, Trouble, take_in};
use amanat_sync::road::Road;

use super::fused::Dies;
use super::mortal::Mortal;
use super::support::STATION;
use super::world::{ACTORS, READER, World};

/// Sticks that lie about at most; the oldest is thrown away.
const PILE: usize = 12;

/// A stick that somebody wrote and nobody has thrown away.
#[derive(Clone)]
pub(crate) struct Stick {
    /// Who wrote it; the hub where there is none.
    from: Option<usize>,
    to_hub: bool,
    bytes: Vec<u8>,
    /// How many sticks were written before it.
    number: u64,
}

/// The sticks of a world.
pub(crate) struct Pile {
    sticks: Vec<Stick>,
    /// What opens those that devices write.
    key: ReadIdentity,
    written: u64,
    /// The youngest that each reader has read, the hub last.
    newest: [u64; ACTORS + 1],
    read: Vec<(usize, u64)>,
}

impl Default for Pile {
    fn default() -> Self {
        let key = ReadIdentity::generate().unwrap();
        Self { sticks: Vec::new(), key, written: 0, newest: [0; ACTORS + 1], read: Vec::new() }
    }
}

impl Pile {
    /// Whether any was ever read.
    pub(crate) fn read_any(&self) -> bool {
        !self.read.is_empty()
    }

    fn put(&mut self, from: Option<usize>, to_hub: bool, bytes: Vec<u8>) {
        self.written += 1;
        self.sticks.push(Stick { from, to_hub, bytes, number: self.written });
        if self.sticks.len() > PILE {
            self.sticks.remove(0);
        }
    }
}

impl World {
    /// Somebody writes a stick: a device to headquarters or to its station, or headquarters to the station.
    pub(crate) fn writes_stick(&mut self, at: usize) {
        if self.dice.one_in(4) {
            let mut bytes = Vec::new();
            self.office.writes_stick("Station", &mut bytes);
            self.faults.note("sticks written at headquarters");
            return self.pile.put(None, false, bytes);
        }
        let to_hub = self.dice.one_in(2);
        let to = vec![if to_hub {
            Digest::from_bytes(*self.agency.hub.id.as_bytes())
        } else {
            Digest::from_bytes(*STATION.as_bytes())
        }];
        let (party, signer) = (self.agency.party(at), self.agency.actors[at].signer.clone());
        let device = &mut self.devices[at];
        let journal = device.disk.journal();
        let load = bundle::load(journal, party, &device.trust, to, to_hub).unwrap();
        let cargo = Cargo { manifest: &load.manifest, papers: &load.papers, heads: &[] };
        let key = [self.pile.key.recipient().clone()];
        let more = |run: &_, after| load.items(journal, run, after);
        let (bytes, _) = bundle::write(cargo, &key, &signer, Vec::new(), more).unwrap();
        let road = Road::read(journal).unwrap();
        load.handed(&road).write(journal).unwrap();
        self.faults.note(if to_hub { "sticks written to headquarters" } else { "sticks written to the station" });
        self.pile.put(Some(at), to_hub, bytes);
    }

    /// A stick from the pile is read; it stays there.
    pub(crate) fn reads_stick(&mut self, near: usize) {
        if self.pile.sticks.is_empty() {
            return;
        }
        let stick = self.pile.sticks[self.dice.index(self.pile.sticks.len())].clone();
        // What headquarters writes to the station opens at the station.
        let whoever = if stick.from.is_none() { near % READER } else { near };
        let reader = if stick.to_hub { ACTORS } else { whoever };
        if self.pile.read.contains(&(reader, stick.number)) {
            self.faults.note("sticks read again");
        }
        if self.pile.newest[reader] > stick.number {
            self.faults.note("sticks read after a younger one");
        }
        self.pile.newest[reader] = self.pile.newest[reader].max(stick.number);
        self.pile.read.push((reader, stick.number));
        let mut bytes = stick.bytes;
        if self.dice.one_in(3) {
            // Counted from behind: what age puts at the front of the file is not always as long.
            let sealed = bytes.len() - payload(&bytes);
            bytes.truncate(payload(&bytes) + self.dice.index(sealed));
            self.faults.note("half sticks read");
        }
        if stick.to_hub {
            return self.headquarters_reads(&bytes);
        }
        self.device_reads(reader, stick.from, &bytes);
    }

    fn headquarters_reads(&mut self, bytes: &[u8]) {
        let dies = self.dice.one_in(6);
        if dies {
            self.office.will_die(if self.dice.one_in(2) { Dies::BeforeKeeping } else { Dies::AfterKeeping });
        }
        let taken = self.office.reads_stick(&self.pile.key, bytes);
        if self.told {
            println!("  headquarters: {taken:?}");
        }
        if dies {
            self.office.restart();
        }
        match taken {
            // Its own word, and a device that kept two histories, are all that it may say.
            Ok(taken) => assert_eq!(taken["distrust"].as_array().map(Vec::len), Some(0), "{taken}"),
            Err(BundleFault::Cut | BundleFault::Damaged | BundleFault::Parcel(_)) => {}
            Err(_) if dies => {}
            Err(fault) => panic!("headquarters could not read a stick: {fault:?}"),
        }
    }

    fn device_reads(&mut self, at: usize, from: Option<usize>, bytes: &[u8]) {
        let identity = if from.is_some() { self.pile.key.clone() } else { self.agency.actors[at].opens.clone() };
        let Ok(mut bundle) = bundle::open([&identity], bytes) else { return };
        let dies = self.dice.one_in(3).then(|| 1 + self.dice.roll(6));
        let device = &mut self.devices[at];
        let mut journal = Mortal::new(device.disk.journal(), dies);
        let mut adopted = device.trust.clone();
        let taken = take_in(&mut journal, self.agency.party(at), &mut adopted, &mut bundle, |_| true);
        let died = journal.died();
        if self.told {
            println!("  {at}: {taken:?}{}", if died { ", and was killed" } else { "" });
        }
        if died {
            self.faults.note("devices killed while they read a stick");
            return self.devices[at].killed();
        }
        assert!(adopted.roster_version() >= device.trust.roster_version(), "a roster fell");
        device.trust = adopted;
        self.hears_of_an_epoch(at);
        self.stick_is_explained(&taken);
        self.keeps_again(at, &taken.outcome);
    }

    fn stick_is_explained(&self, taken: &TakenIn) {
        assert!(matches!(taken.outcome.end, End::Done), "{taken:?}");
        match &taken.fault {
            None | Some(BundleFault::Cut | BundleFault::Damaged) => {}
            other => panic!("{other:?}"),
        }
        let accused = taken.outcome.trouble.iter().find(|trouble| !self.may_be_said(trouble));
        assert!(accused.is_none() || self.strange, "{accused:?}");
    }

    /// What an honest hub and honest devices may be told of: where a home was put back, two histories are about, and a stick brings
    /// them together.
    pub(crate) fn may_be_said(&self, trouble: &Trouble) -> bool {
        match trouble {
            Trouble::Fork { .. } | Trouble::NotTaken { .. } => true,
            Trouble::ForkElsewhere { .. } => self.put_back && (self.pile.written > 0 || self.office.epoch() > 1),
            // What is said of a restored hub; that it shows less than it signed for, as long as no admin has spoken.
            Trouble::HiddenTail { .. } | Trouble::HiddenElsewhere { .. } => self.unspoken,
            Trouble::NewEpoch { .. } | Trouble::Fell { .. } | Trouble::HubBehind { .. } => self.office.epoch() > 1,
            _ => false,
        }
    }
}

/// Where the payload of an age file begins: behind the line that ends its header, and the nonce.
pub(crate) fn payload(bytes: &[u8]) -> usize {
    let at = bytes.windows(5).position(|window| window == b"\n--- ").unwrap() + 1;
    at + bytes[at..].iter().position(|byte| *byte == b'\n').unwrap() + 1 + 16
}
