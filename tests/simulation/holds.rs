//! What must hold after every step: the invariants of `DESIGN.md` section 4, as far as they can be judged without opening anything.

use std::collections::BTreeMap;

use amanat_hub::store::{self, Place};
use amanat_keys::fingerprint::Digest;
use amanat_keys::statement::Statement;
use amanat_sync::batch::{Item, Limit};
use amanat_sync::chain::{self, link0};
use amanat_sync::entry::SealedEntry;
use amanat_sync::journal::{Journal, KnownHead, Quarantined, State, Wanted};
use amanat_sync::receipt::Receipt;

use super::world::World;

/// A journal as somebody holds it, from its first place on.
pub(crate) struct Held {
    pub(crate) known: KnownHead,
    pub(crate) items: Vec<Item>,
}

/// Everything that a journal holds, each chain walked from its beginning to its head.
pub(crate) fn held(journal: &dyn Journal) -> Vec<Held> {
    let mut all = Vec::new();
    for known in journal.heads().unwrap() {
        let (device, id) = (known.device, known.journal);
        let (mut items, mut link) = (Vec::new(), link0(&known.agency, &device, &id));
        loop {
            let seq = u64::try_from(items.len()).unwrap();
            let runs = journal.pending(&Wanted::After { device, journal: id, seq }, Limit::BODY).unwrap();
            let Some(run) = runs.into_iter().find(|run| !run.items.is_empty()) else { break };
            assert_eq!((run.first, run.before), (seq + 1, link), "a journal is not one chain");
            link = run.head().link;
            items.extend(run.items);
        }
        let seq = u64::try_from(items.len()).unwrap();
        assert_eq!((known.head.seq, known.head.link), (seq, link), "the head is not where the chain leads");
        all.push(Held { known, items });
    }
    all
}

impl World {
    /// After a step of one device.
    pub(crate) fn holds(&mut self, at: usize) {
        self.hub_holds();
        self.device_holds(at);
    }

    /// The hub: nothing kept is gone or other than it was; the bytes are those that were signed, by their author.
    pub(crate) fn hub_holds(&mut self) {
        let ledger = self.office.ledger();
        let mirrored = self.book.hub.iter().map(|(place, chain)| (*place, u64::try_from(chain.len()).unwrap()));
        let page = self.office.above(mirrored.collect());
        assert!(!page.more);
        let mut came = Vec::new();
        for piece in page.pieces {
            let (device, journal) = piece.place;
            let chain = self.book.hub.entry(piece.place).or_default();
            let before = chain.last().map_or_else(|| link0(&self.agency.id(), &device, &journal), |(_, link)| *link);
            assert_eq!((piece.first, piece.before), (u64::try_from(chain.len()).unwrap() + 1, before));
            let mut at = before;
            for item in piece.items {
                let store::Item::Entry(kept) = item else { panic!("the hub keeps an entry from all its readers") };
                let signed = self.book.signed.get(&kept.hash).expect("the hub keeps what nobody signed");
                assert!(!self.book.spoilt.contains(&kept.hash), "the hub keeps an entry whose signature does not hold");
                let theirs = (&kept.header, kept.signature, &kept.envelope);
                assert_eq!(
                    theirs,
                    (&signed.bytes, signed.signature, &signed.envelope),
                    "stored bytes are signed bytes"
                );
                assert_eq!((signed.header.device, signed.header.journal), piece.place, "under another's name");
                at = chain::link(&at, &kept.hash);
                chain.push((kept.hash, at));
                came.push(signed.clone());
            }
        }
        self.hub_heeds(&came);
        assert_eq!(self.book.hub.len(), ledger.heads.len(), "a journal is gone at the hub");
        for (place, head) in &ledger.heads {
            let chain = &self.book.hub[place];
            let last = chain.last().map(|(_, link)| *link);
            assert_eq!(
                (head.seq, Some(head.link)),
                (u64::try_from(chain.len()).unwrap(), last),
                "overwritten at the hub"
            );
        }
    }

    /// A device: kept is kept, chains are whole, authors are signers, *received* is the hub's word and never too early.
    pub(crate) fn device_holds(&mut self, at: usize) {
        let all = held(self.devices[at].disk.journal());
        let (device, mut came) = (&mut self.devices[at], Vec::new());
        let mut places: BTreeMap<(Place, u64), Digest> = BTreeMap::new();
        for Held { known, items } in &all {
            for (seq, item) in (1_u64..).zip(items) {
                let Item::Entry(entry) = item else { continue };
                let place = (known.device, known.journal);
                let signed = self.book.signed.get(&entry.hash()).expect("a device holds what nobody signed");
                assert!(same(entry, signed), "a device holds other bytes than were signed");
                assert_eq!((signed.header.device, signed.header.journal, signed.header.seq), (place.0, place.1, seq));
                if known.device != device.id {
                    assert!(!self.book.spoilt.contains(&entry.hash()), "a bad signature was taken from another");
                    if device.said.held.insert((place, seq)) {
                        let author = self.agency.actors.iter().find(|actor| actor.id == known.device).unwrap();
                        entry.verify(&author.signer.verifying_key()).expect("the author is the signer");
                        came.push(signed.clone());
                    }
                }
                places.insert((place, seq), entry.hash());
            }
        }
        for ((journal, seq), hash) in &device.said.kept {
            assert_eq!(places.get(&((device.id, *journal), *seq)), Some(hash), "kept is not kept: {journal} {seq}");
        }
        for held in &device.said.held {
            assert!(places.contains_key(held), "an entry of another is gone: {held:?}");
        }
        self.device_heeds(at, &came);
        self.received_is_arithmetic(at);
    }

    fn received_is_arithmetic(&mut self, at: usize) {
        let (agency, hub) = (&self.agency, self.agency.hub.id);
        let device = &mut self.devices[at];
        let status = device.disk.journal().status(&hub).unwrap();
        // What a hub signed for before it was restored from a backup it may have lost: until it is heard of, nobody can know.
        let epoch = self.office.epoch();
        if status.vouched > device.said.epoch {
            device.said.epoch = status.vouched;
            device.said.received.clear();
        }
        for own in &status.own {
            let words = status.receipts.iter().filter(|(receipt, _)| receipt.journal == own.journal);
            let mut signed_for = 0;
            for (receipt, bytes) in words {
                if self.book.proven.insert(bytes.clone()) {
                    let statement = Statement::from_bytes(bytes).unwrap();
                    let proven = Receipt::prove(statement, &agency.trust, &hub).expect("a receipt proves itself");
                    assert_eq!(proven, *receipt);
                }
                signed_for = receipt.seq.max(signed_for);
            }
            assert_eq!(own.received, signed_for, "received is what the receipts say");
            if status.vouched.max(1) < epoch {
                continue;
            }
            let at_hub = self.book.hub.get(&(device.id, own.journal)).map_or(&[][..], Vec::as_slice);
            let there = usize::try_from(own.received).unwrap().checked_sub(1).map(|last| at_hub.get(last));
            let link = there.map(|entry| entry.expect("received before the hub had it").1);
            assert_eq!(own.received_link, link, "received with another history than the hub's");
            let before = device.said.received.insert(own.journal, own.received).unwrap_or(0);
            assert!(own.received >= before, "what was received is so no more");
            assert!(own.received <= own.kept.seq || own.state == State::Forked);
        }
        let aside = device.disk.journal().quarantined().unwrap();
        let parted = self.put_back && (self.pile.read_any() || epoch > 1);
        let id = device.id;
        let explained = |entry: &SealedEntry| {
            entry.header.device == id || self.strange || parted || self.book.spoilt.contains(&entry.hash())
        };
        let revoked = |bad: &Quarantined| self.is_of_the_gone(&bad.sealed, bad.why);
        assert!(aside.iter().all(|bad| explained(&bad.sealed) || revoked(bad)), "set aside without a reason");
        if aside.iter().any(revoked) {
            self.faults.note("devices that hold set aside what lies beyond a cut-off");
        }
    }
}

fn same(one: &SealedEntry, other: &SealedEntry) -> bool {
    (&one.bytes, one.signature, &one.envelope) == (&other.bytes, other.signature, &other.envelope)
}
