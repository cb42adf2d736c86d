//! Signed entries for tests: well-formed headers over made-up envelopes, written by a pen that keeps its own chain.

use amanat_keys::device::Signer;
use amanat_keys::fingerprint::{AgencyId, CaseId, DeviceId, Digest, JournalId, KeyId};
use amanat_keys::statement::{Purpose, Statement};

use crate::batch::{Item, Run};
use crate::chain;
use crate::entry::{Change, EntryRef, Header, Kind, Reader, RosterSeen, SealedEntry, Slot, Target};
use crate::journal::{Line, NewJournal};
use crate::receipt::Receipt;

/// A device that writes.
#[derive(Debug)]
pub(crate) struct Pen {
    pub(crate) signer: Signer,
    pub(crate) slot: Slot,
    pub(crate) written: Vec<SealedEntry>,
    /// The version that the next headers name.
    pub(crate) roster: u64,
}

impl Pen {
    pub(crate) fn new(journal: u8) -> Pen {
        let signer = Signer::from_seed(&[7; 32]).unwrap();
        Pen::with(signer, journal)
    }

    pub(crate) fn stranger(seed: u8, journal: u8) -> Pen {
        Pen::with(Signer::from_seed(&[seed; 32]).unwrap(), journal)
    }

    fn with(signer: Signer, journal: u8) -> Pen {
        let agency = AgencyId::from_bytes([1; 32]);
        let device = signer.verifying_key().device_id();
        let journal = JournalId::from_bytes([journal; 16]);
        let prev = chain::link0(&agency, &device, &journal);
        Pen { signer, slot: Slot { agency, device, journal, seq: 1, prev }, written: Vec::new(), roster: 3 }
    }

    /// The same in an agency of the test's own.
    pub(crate) fn signing(signer: Signer, journal: u8, agency: AgencyId) -> Pen {
        let mut pen = Pen::with(signer, journal);
        pen.slot.agency = agency;
        pen.slot.prev = chain::link0(&agency, &pen.slot.device, &pen.slot.journal);
        pen
    }

    pub(crate) fn new_journal(&self, line: Line, closes: Option<JournalId>) -> NewJournal {
        let Slot { agency, device, journal, .. } = self.slot;
        NewJournal { agency, device, journal, line, closes }
    }

    fn header(&self, kind: Kind, case: u8, envelope: &[u8]) -> Header {
        let Slot { agency, device, journal, seq, prev } = self.slot;
        Header {
            v: 1,
            agency,
            device,
            journal,
            seq,
            prev,
            kind,
            case: CaseId::from_bytes([case; 16]),
            key: seq,
            audience: Vec::new(),
            roster: RosterSeen { version: self.roster, hash: None },
            commitment: Digest::of(&[envelope, b"inside"].concat()),
            digest: Digest::of(envelope),
            size: u64::try_from(envelope.len()).unwrap(),
            parts: Vec::new(),
            target: None,
        }
    }

    pub(crate) fn readers(n: u8) -> Vec<Reader> {
        let reader = |i| Reader {
            agency: AgencyId::from_bytes([1; 32]),
            id: Digest::from_bytes([i; 32]),
            key: KeyId::from_bytes([i; 32]),
        };
        (1..=n).map(reader).collect()
    }

    pub(crate) fn slip(&mut self, case: u8, readers: u8) -> SealedEntry {
        let envelope = format!("age header for {case}").into_bytes();
        let mut h = self.header(Kind::Slip, case, &envelope);
        h.audience = Pen::readers(readers);
        h.roster.hash = Some(Digest::from_bytes([9; 32]));
        self.write(h, envelope)
    }

    pub(crate) fn content(&mut self, case: u8, key: u64, envelope: &[u8]) -> SealedEntry {
        let mut h = self.header(Kind::Sealed, case, envelope);
        h.key = key;
        self.write(h, envelope.to_vec())
    }

    pub(crate) fn stand_in(&mut self, of: &SealedEntry, change: Change, key: u64) -> SealedEntry {
        let envelope = if change == Change::Erasure { Vec::new() } else { b"other envelope".to_vec() };
        let mut h = self.header(Kind::StandIn, 1, &envelope);
        h.case = of.header.case;
        h.commitment = of.header.commitment;
        h.target = Some(Target { agency: of.header.agency, entry: of.at(), hash: of.hash(), change, replaces: None });
        match change {
            Change::Rewrap => {
                h.audience = Pen::readers(3);
                h.roster.hash = Some(Digest::from_bytes([9; 32]));
            }
            Change::Reseal => h.key = key,
            Change::Erasure => {}
        }
        self.write(h, envelope)
    }

    pub(crate) fn write(&mut self, header: Header, envelope: Vec<u8>) -> SealedEntry {
        let entry = SealedEntry::sign(header, envelope, &self.signer).unwrap();
        self.slot = self.slot.after(&entry);
        self.written.push(entry.clone());
        entry
    }

    /// A slip and `n` entries of growing size under it.
    pub(crate) fn story(&mut self, case: u8, n: u8) -> &mut Pen {
        let slip = self.slip(case, 2).header.seq;
        for i in 0..n {
            self.content(case, slip, &vec![i; usize::from(i) * 10 + 40]);
        }
        self
    }

    /// What was written from number `first` on; every place that `keep` refuses as a bare hash.
    pub(crate) fn run(&self, first: u64, keep: impl Fn(u64) -> bool) -> Run {
        let whole = Run {
            agency: self.slot.agency,
            device: self.slot.device,
            journal: self.slot.journal,
            first: 1,
            before: chain::link0(&self.slot.agency, &self.slot.device, &self.slot.journal),
            items: self.written.iter().map(|e| Item::Entry(Box::new(e.clone()))).collect(),
        };
        let before = whole.stretch().link_at(first - 1).unwrap();
        let items = (1_u64..).zip(whole.items).filter(|(seq, _)| *seq >= first);
        let items = items.map(|(seq, item)| if keep(seq) { item } else { Item::Elided(item.hash()) }).collect();
        Run { first, before, items, ..whole }
    }

    pub(crate) fn at(&self, seq: u64) -> EntryRef {
        EntryRef { device: self.slot.device, journal: self.slot.journal, seq }
    }

    pub(crate) fn device(&self) -> DeviceId {
        self.slot.device
    }
}

/// The hub of the tests.
pub(crate) fn hub() -> DeviceId {
    DeviceId::from_bytes([0x48; 32])
}

/// The hub's word that it has what the pen wrote up to `seq`.
pub(crate) fn receipt(pen: &Pen, epoch: u64, seq: u64) -> (Receipt, Vec<u8>) {
    let receipt = Receipt {
        agency: pen.slot.agency,
        hub: hub(),
        hub_key: KeyId::from_bytes([5; 32]),
        epoch,
        checkpoint: 1,
        previous: Digest::from_bytes([0; 32]),
        roster_version: 3,
        device: pen.slot.device,
        journal: pen.slot.journal,
        seq,
        link: pen.run(1, |_| true).stretch().link_at(seq).unwrap(),
        complete: seq,
        hub_time: 0,
    };
    (receipt, Statement::unsigned(Purpose::Receipt, receipt.encode()).to_bytes())
}
