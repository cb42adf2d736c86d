//! A device: its disk, what its program holds in memory, and what it has said *kept* to.

use std::collections::{BTreeMap, BTreeSet};

use amanat_hub::store::Place;
use amanat_keys::fingerprint::{DeviceId, Digest, JournalId};
use amanat_keys::trust::Trust;
use amanat_sync::courier::Courier;
use amanat_sync::entry::{Kind, SealedEntry, Slot};
use amanat_sync::error::Result;
use amanat_sync::journal::{Journal, Line, NewJournal, State};

use super::chance::Dice;
use super::disk::{Copied, Disk};
use super::road;
use super::support::{Agency, Pen};

/// One device of the fleet.
pub(crate) struct Device {
    pub(crate) id: DeviceId,
    pub(crate) disk: Disk,
    /// The trust file.
    pub(crate) trust: Trust,
    /// The roster by which what it holds was judged last.
    pub(crate) ruled: Trust,
    /// What is gone when the program is: what the courier remembers, and the road.
    pub(crate) courier: Courier,
    pub(crate) line: road::Line,
    /// What must be on the disk, and how far the hub's word had come.
    pub(crate) said: Said,
    /// The disk as it was once.
    pub(crate) backup: Option<(Copied, Trust, Said)>,
    /// Its clock, in seconds since 1970: evidence, and wrong.
    pub(crate) clock: u64,
    names: Dice,
}

/// What a disk has been made to hold.
#[derive(Clone, Default)]
pub(crate) struct Said {
    /// Own entries that were kept.
    pub(crate) kept: BTreeMap<(JournalId, u64), Digest>,
    /// Entries of others that were held whole.
    pub(crate) held: BTreeSet<(Place, u64)>,
    /// The highest *received* that was shown.
    pub(crate) received: BTreeMap<JournalId, u64>,
    /// In which of the hub's epochs that was.
    pub(crate) epoch: u64,
    /// The heads file, which lies apart from the database: how far each own journal was written.
    pub(crate) seen: BTreeMap<JournalId, u64>,
}

impl Device {
    pub(crate) fn new(agency: &Agency, actor: usize, disk: Disk, dice: &mut Dice) -> Self {
        let names = dice.another();
        let mut device = Self {
            id: agency.actors[actor].id,
            disk,
            trust: agency.trust.clone(),
            ruled: agency.trust.clone(),
            courier: Courier::default(),
            line: road::Line::default(),
            said: Said::default(),
            backup: None,
            clock: 1_795_000_000,
            names,
        };
        device.forgets();
        device
    }

    /// A program that has just been started remembers nothing.
    fn forgets(&mut self) {
        let mut names = self.names.another();
        self.courier = Courier::naming(move || names.journal());
        self.line.forgets();
    }

    /// Kill -9 and started again.
    pub(crate) fn killed(&mut self) {
        self.disk.killed();
        self.starts(None);
    }

    /// An older copy of the database, or of the whole home, lies here when the program starts.
    pub(crate) fn put_back(&mut self, whole_home: bool) {
        let (copied, trust, said) = self.backup.clone().expect("a backup");
        self.disk.put_back(&copied);
        let seen = if whole_home { None } else { Some(std::mem::take(&mut self.said.seen)) };
        if whole_home {
            self.ruled = trust.clone();
            self.trust = trust;
        }
        self.said = said;
        self.starts(seen);
    }

    pub(crate) fn backs_up(&mut self) {
        self.backup = Some((self.disk.copied(), self.trust.clone(), self.said.clone()));
    }

    /// An unlock: a journal that is behind what the heads file has seen of it grows no more (`FORMATS.md` section 2).
    fn starts(&mut self, seen: Option<BTreeMap<JournalId, u64>>) {
        self.forgets();
        self.said.seen = seen.unwrap_or_else(|| std::mem::take(&mut self.said.seen));
        let heads = self.disk.journal().heads().unwrap();
        let open = heads.iter().find(|known| known.own.is_some() && known.state == State::Open);
        if let Some(open) =
            open.filter(|open| self.said.seen.get(&open.journal).is_some_and(|seen| open.head.seq < *seen))
        {
            let (agency, device, line, closes) = (open.agency, open.device, Line::Cases, Some(open.journal));
            let journal = self.names.journal();
            self.disk.journal().begin(&NewJournal { agency, device, journal, line, closes }).unwrap();
            // As the heads file goes on with what is there: that much of it this device has written, and may have to keep again.
            self.said.seen.insert(open.journal, open.head.seq);
        }
    }

    /// The next free slot, in a journal that is begun if there is none.
    pub(crate) fn slot(names: &mut Dice, agency: &Agency, device: DeviceId, journal: &mut dyn Journal) -> Result<Slot> {
        journal.next_slot(Line::Cases).or_else(|_none| {
            let (agency, line) = (agency.id(), Line::Cases);
            journal.begin(&NewJournal { agency, device, journal: names.journal(), line, closes: None })
        })
    }

    /// The parts that writing needs at once.
    pub(crate) fn writes(&mut self) -> (&mut Dice, &mut Disk, &Said) {
        (&mut self.names, &mut self.disk, &self.said)
    }

    /// What it said *kept* to.
    pub(crate) fn said_kept(&mut self, entries: &[SealedEntry]) {
        for entry in entries {
            let header = &entry.header;
            self.said.kept.insert((header.journal, header.seq), entry.hash());
            self.said.seen.insert(header.journal, header.seq);
        }
    }
}

/// A pen at a slot.
pub(crate) fn pen(agency: &Agency, actor: usize, slot: Slot) -> Pen {
    Pen { signer: agency.actors[actor].signer.clone(), slot, target: None, parts: Vec::new() }
}

/// A slip of the journal that somebody writes in, if it has one.
pub(crate) fn slip(said: &Said, signed: &BTreeMap<Digest, SealedEntry>, slot: &Slot, dice: &mut Dice) -> Option<u64> {
    let of_it = said.kept.iter().filter(|((journal, _), _)| *journal == slot.journal);
    let slips: Vec<u64> =
        of_it.filter(|(_, hash)| signed[*hash].header.kind == Kind::Slip).map(|((_, seq), _)| *seq).collect();
    (!slips.is_empty()).then(|| slips[dice.index(slips.len())])
}
