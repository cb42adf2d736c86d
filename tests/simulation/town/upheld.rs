//! What must hold in a town after every deed: chains and headers stay whatever goes; nothing goes without a reason, nothing stays that must
//! go; whatever was open stays open; and of attachments nobody says more than is true (`DESIGN.md` section 4, invariants 1, 4, 5, 7, 10, 11).

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};

use amanat_hub::store::{Item as Served, Page, Place};
use amanat_keys::erasure::Erasure;
use amanat_keys::fingerprint::Digest;
use amanat_keys::rotation::RotationWord;
use amanat_keys::statement::Statement;
use amanat_sync::batch::Item;
use amanat_sync::chain::{self, link0};
use amanat_sync::documents::{Document, DocumentKind};
use amanat_sync::entry::{Change, Kind, SealedEntry};
use amanat_sync::journal::Journal as _;

use super::life::Town;
use crate::simulation::holds::held;
use crate::simulation::office::whole_parts;

/// What the hub holds, as it was looked at last.
#[derive(Default)]
pub(crate) struct AtHub {
    pub(crate) chains: BTreeMap<Place, Vec<SealedEntry>>,
    /// Entries whose envelope is not there any more.
    bare: BTreeSet<Digest>,
    /// Attachments whose bytes have been hashed.
    pub(crate) whole: BTreeSet<Digest>,
    /// All of it, with how many documents lay on its shelf.
    seen: (Page, usize),
}

impl AtHub {
    pub(crate) fn entries(&self) -> impl Iterator<Item = &SealedEntry> {
        self.chains.values().flatten()
    }
}

/// What a shelf's orders name.
pub(crate) fn named(shelf: &[Document]) -> BTreeSet<Digest> {
    let orders = shelf.iter().filter(|document| document.kind == DocumentKind::Erasure);
    let orders = orders.map(|document| Erasure::proposed(&Statement::from_bytes(&document.bytes).unwrap()).unwrap());
    orders.flat_map(|order| order.targets).map(|target| target.hash).collect()
}

/// What stand-ins among these erase.
pub(crate) fn erased_by<'a>(entries: impl Iterator<Item = &'a SealedEntry>) -> BTreeSet<Digest> {
    let targets = entries.filter_map(|entry| entry.header.target);
    targets.filter(|target| target.change == Change::Erasure).map(|target| target.hash).collect()
}

/// Stand-ins that hold something, by what they stand in for and by what they replace.
pub(crate) fn stood_for<'a>(entries: impl Iterator<Item = &'a SealedEntry>) -> BTreeMap<Digest, Vec<&'a SealedEntry>> {
    let mut stood: BTreeMap<Digest, Vec<&SealedEntry>> = BTreeMap::new();
    for entry in entries {
        let Some(target) = entry.header.target.filter(|target| target.change != Change::Erasure) else { continue };
        stood.entry(target.hash).or_default().push(entry);
        if let Some(older) = target.replaces {
            stood.entry(older).or_default().push(entry);
        }
    }
    stood
}

impl Town {
    pub(crate) fn holds(&mut self, at: usize) {
        self.hub_holds();
        self.home_holds(at);
    }

    /// The hub: every header as it was signed, every envelope the one that was first sealed or gone for a reason.
    pub(crate) fn hub_holds(&mut self) {
        let (ledger, page) = (self.office.ledger(), self.office.above(BTreeMap::new()));
        assert!(!page.more);
        self.hub_keeps_parts();
        let words = self.office.documents(DocumentKind::RotationCertificate);
        let orders = self.office.documents(DocumentKind::Erasure);
        let seen = (page.clone(), words.len() + orders.len());
        if self.at_hub.seen == seen {
            return;
        }
        self.at_hub.seen = seen;
        let mut chains: BTreeMap<Place, Vec<SealedEntry>> = BTreeMap::new();
        for piece in page.pieces {
            let (device, journal) = piece.place;
            let mut link = link0(&self.agency.id(), &device, &journal);
            assert_eq!((piece.first, piece.before), (1, link));
            let before = self.at_hub.chains.get(&piece.place).map_or(&[][..], Vec::as_slice);
            let mut chain = Vec::new();
            for (n, item) in piece.items.into_iter().enumerate() {
                let Served::Entry(served) = item else {
                    panic!("the hub keeps an entry from all its readers: {} of {device}", n + 1)
                };
                let envelope = served.envelope.filter(|envelope| !envelope.is_empty());
                let entry = SealedEntry::from_parts(served.header, served.signature, envelope).unwrap();
                link = chain::link(&link, &entry.hash());
                match before.get(n) {
                    Some(was) => assert_eq!(was.hash(), entry.hash(), "overwritten at the hub"),
                    None => entry.verify(&self.book.signers[&device]).expect("the author is the signer"),
                }
                chain.push(entry);
            }
            let head = ledger.heads[&piece.place];
            assert_eq!((head.seq, head.link), (u64::try_from(chain.len()).unwrap(), link), "an erasure broke a chain");
            assert!(chain.len() >= before.len(), "a journal is shorter at the hub");
            chains.insert(piece.place, chain);
        }
        assert!(self.at_hub.chains.keys().all(|place| chains.contains_key(place)), "a journal is gone at the hub");
        self.at_hub.chains = chains;
        self.hub_lets_go(&named(&orders), &words);
    }

    /// What is gone at the hub is named by an order that somebody carried out, or another has opened what stands for it; what is named and stood
    /// in for is gone.
    fn hub_lets_go(&mut self, named: &BTreeSet<Digest>, words: &[Document]) {
        let erased = erased_by(self.at_hub.entries());
        let trust = self.office.trust();
        let words: Vec<RotationWord> = words
            .iter()
            .filter_map(|word| RotationWord::verify(&word.bytes, &trust).ok())
            .map(amanat_keys::statement::Verified::into_value)
            .collect();
        let stood = stood_for(self.at_hub.entries());
        let vouched = |entry: &&SealedEntry| {
            let of_it =
                |word: &&RotationWord| (word.device, word.journal) == (entry.header.device, entry.header.journal);
            words.iter().filter(of_it).any(|word| word.by != entry.header.device && word.opens(entry.header.seq))
        };
        let mut bare = BTreeSet::new();
        let (mut by_order, mut let_go) = (0, 0);
        for entry in self.at_hub.entries().filter(|entry| entry.header.size > 0) {
            let hash = entry.hash();
            let due = named.contains(&hash) && erased.contains(&hash);
            let Some(envelope) = &entry.envelope else {
                let opened = stood.get(&hash).is_some_and(|all| all.iter().any(vouched));
                let in_place_of_erased = entry.header.target.is_some_and(|target| self.book.is_doomed(&target.hash));
                let why = self.book.is_doomed(&hash) || opened || in_place_of_erased;
                assert!(why, "an envelope went at the hub and nobody had opened another: {:?}", entry.at());
                let new = !self.at_hub.bare.contains(&hash);
                (by_order, let_go) = (by_order + u64::from(new && due), let_go + u64::from(new && opened && !due));
                bare.insert(hash);
                continue;
            };
            assert!(!due, "erased by order, and still at the hub: {:?}", entry.at());
            assert_eq!(Digest::of(envelope), entry.header.digest, "another envelope than was signed for");
        }
        assert!(self.at_hub.bare.is_subset(&bare), "an envelope came back");
        self.at_hub.bare = bare;
        self.faults.note_many("entries erased at the hub", by_order);
        self.faults.note_many("older envelopes let go at the hub", let_go);
    }

    /// Every attachment that lies at the hub as a whole one is what its header names.
    fn hub_keeps_parts(&mut self) {
        let folder = whole_parts(&self.parts);
        let Ok(devices) = fs::read_dir(&folder) else { return };
        for file in devices.flat_map(|device| fs::read_dir(device.unwrap().path()).unwrap()) {
            let file = file.unwrap();
            // What is half written has another name.
            let Ok(digest) = file.file_name().to_string_lossy().parse::<Digest>() else { continue };
            if self.at_hub.whole.insert(digest) {
                let found = Digest::of_all(&mut File::open(file.path()).unwrap()).unwrap();
                assert_eq!(found, digest, "an attachment at the hub is not what it is called");
                self.faults.note("attachments that reached the hub whole");
            }
        }
    }

    /// A home: chains are whole, nothing held is other than it was, what is gone went for a reason, what must go went.
    pub(crate) fn home_holds(&mut self, at: usize) {
        let home = self.people[at].home();
        let all = held(home.journal());
        let shelf: Vec<Document> =
            home.journal().documents().unwrap().into_iter().map(|filed| filed.document).collect();
        let entries = || all.iter().flat_map(|held| &held.items).filter_map(Item::entry);
        let (named, erased, stood) = (named(&shelf), erased_by(entries()), stood_for(entries()));
        let mut places = BTreeMap::new();
        for entry in entries() {
            let (header, hash) = (&entry.header, entry.hash());
            let place = ((header.device, header.journal), header.seq);
            match self.people[at].held.get(&place) {
                Some(was) => assert_eq!(*was, hash, "what a home holds was overwritten"),
                None => entry.verify(&self.book.signers[&header.device]).expect("the author is the signer"),
            }
            places.insert(place, hash);
            let due = named.contains(&hash) && erased.contains(&hash) && header.kind == Kind::Sealed;
            match entry.envelope.as_ref().filter(|envelope| !envelope.is_empty()) {
                Some(envelope) => {
                    assert!(!due, "erased by order, and still in a home: {:?}", entry.at());
                    assert_eq!(Digest::of(envelope), header.digest, "another envelope than was signed for");
                }
                None if header.size > 0 => {
                    let in_place_of_erased = header.target.is_some_and(|target| self.book.is_doomed(&target.hash));
                    let why = self.book.is_doomed(&hash) || stood.contains_key(&hash) || in_place_of_erased;
                    assert!(why, "an envelope went in a home, and nothing stands for it: {:?}", entry.at());
                }
                None => {}
            }
        }
        let lost = self.people[at].held.keys().find(|place| !places.contains_key(place));
        assert_eq!(lost, None, "what a home held is gone");
        self.people[at].held = places;
        self.stays_open(at, &named);
        self.parts_are_told_truly(at);
    }

    /// Whatever was open here is open, but for what an order names that has come here.
    fn stays_open(&mut self, at: usize, named: &BTreeSet<Digest>) {
        let person = &mut self.people[at];
        if person.moved {
            person.looks();
        }
        self.book.numbers.extend(&person.numbers);
        let named: BTreeSet<u64> = named.iter().filter_map(|hash| self.book.number(hash)).collect();
        person.had.retain(|number| person.open.contains(number) || !named.contains(number));
        let shut = person.had.difference(&person.open).next();
        assert_eq!(shut, None, "it was open and is so no more");
    }

    /// *Received* is said of an attachment only when the hub holds every byte of it.
    fn parts_are_told_truly(&mut self, at: usize) {
        let home = self.people[at].home();
        let (status, on_their_way) = (home.status().unwrap(), home.parts_on_their_way().unwrap().0);
        let mut lacking = 0;
        for own in &status.own {
            let chain = self.at_hub.chains.get(&(self.people[at].id, own.journal)).map_or(&[][..], Vec::as_slice);
            assert!(own.received <= u64::try_from(chain.len()).unwrap(), "received before the hub had it");
            // What its author erased by order before it had come is waited for by nobody.
            let owed = |entry: &&SealedEntry| entry.envelope.is_some() && !self.book.is_doomed(&entry.hash());
            for entry in chain.iter().filter(owed) {
                let there = |digest: &Digest| self.at_hub.whole.contains(digest) && self.lies_at_hub(entry, digest);
                let all_there = entry.header.parts.iter().all(|part| there(&part.digest));
                let late = all_there || entry.header.seq > own.complete;
                assert!(late, "an attachment is called received: {:?}", entry.at());
                lacking += u64::from(!all_there);
            }
        }
        assert!(on_their_way >= lacking, "an attachment is on its way and nobody says so");
    }

    /// Whether a file of that name lies at the hub for the author of an entry.
    pub(crate) fn lies_at_hub(&self, entry: &SealedEntry, digest: &Digest) -> bool {
        whole_parts(&self.parts).join(entry.header.device.to_string()).join(digest.to_string()).exists()
    }
}
