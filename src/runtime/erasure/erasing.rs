//! Erasures: which are in force here, and carrying them out (`FORMATS.md` sections 4 and 10).
//!
//! An order on the shelf and a custodian's stand-in in a journal, both for the very same entry: then its envelope goes, and with a slip
//! its case key once nothing is left under it. What one of them names waits, and is not opened before it is known whether it stays.

use std::collections::{HashMap, HashSet};

use amanat_keys::{
    erasure::{Doomed, Erasure},
    fingerprint::{CaseId, DeviceId, Digest},
    statement::Statement,
    tenure::Tenure,
};
use amanat_sync::{
    batch::{Item, Limit},
    documents::DocumentKind,
    entry::{Change, EntryRef, Header, Kind, SealedEntry},
    journal::{Journal as _, Shelf, ShelfRow, Wanted},
};

use crate::{
    failure::Failure,
    model::{Absence, Author, Entry, Gone, Moment},
    runtime::{
        border::entry_id,
        fault,
        homes::{
            home::Home,
            marks::{self, Mark},
        },
    },
};

const DOING: &str = "carrying out an erasure";

/// What orders and stand-ins name.
#[derive(Debug, Default)]
pub(in crate::runtime) struct Erasures {
    /// By entry, the order that names it.
    named: HashMap<Doomed, Digest>,
    /// Their places: most entries stand in none of them, and need not be hashed.
    places: HashSet<EntryRef>,
    /// The entries that hold the reasons, by header hash.
    reasons: HashSet<Digest>,
    stood: HashMap<Doomed, HashSet<DeviceId>>,
    /// In force, and looked for in the journal already.
    looked: HashSet<Doomed>,
    /// By order, the hub's time when the first of it was erased here.
    since: HashMap<Digest, i64>,
}

/// What carrying out came to.
#[derive(Debug, Default)]
pub(in crate::runtime) struct CarriedOut {
    /// Entries whose content is gone.
    pub gone: Vec<Gone>,
    /// Their places, slips among them.
    pub places: HashSet<EntryRef>,
    /// Named by an order, and not to go, or not yet.
    pub stay: Vec<SealedEntry>,
    /// Entries of ours that lay under an erased slip and were not meant, as they stand now.
    pub again: Vec<Entry>,
    /// What could not be kept again; its slip stays for now.
    pub afterwards: Vec<Failure>,
}

impl Erasures {
    /// An entry that an order names.
    pub(in crate::runtime) fn names(&self, entry: &SealedEntry) -> Option<Doomed> {
        if !self.places.contains(&entry.at()) {
            return None;
        }
        Some(doomed(entry)).filter(|target| self.named.contains_key(target))
    }

    /// Whether this is the header of an erasure stand-in, which is noted then. Such entries stand in no case's story.
    pub(in crate::runtime) fn note(&mut self, header: &Header) -> bool {
        let Some(target) = header.target.filter(|target| target.change == Change::Erasure) else { return false };
        let EntryRef { device, journal, seq } = target.entry;
        let target = Doomed { device, journal, seq, hash: target.hash };
        self.stood.entry(target).or_default().insert(header.device);
        true
    }

    pub(super) fn in_force(&self, target: &Doomed, tenure: &Tenure) -> bool {
        let stood = || self.stood.get(target).into_iter().flatten();
        self.named.contains_key(target) && stood().any(|signer| tenure.may_today(signer, &target.device))
    }

    /// By the hub's clock, milliseconds, when the first of an order was erased here.
    pub(super) fn since(&self, order: &Digest) -> Option<i64> {
        self.since.get(order).copied()
    }

    /// Whether this device has stood in for an entry already.
    pub(super) fn stood_by(&self, target: &Doomed, signer: &DeviceId) -> bool {
        self.stood.get(target).is_some_and(|signers| signers.contains(signer))
    }

    /// Whether an entry holds the reason of an order.
    pub(in crate::runtime) fn is_reason(&self, header: &Digest) -> bool {
        self.reasons.contains(header)
    }

    /// An entry without its envelope, if an order names it: it was erased, here or before it came here.
    pub(in crate::runtime) fn was_erased(&self, entry: &SealedEntry) -> Option<Gone> {
        let target = Some(entry).filter(|entry| entry.envelope.is_none()).and_then(|entry| self.names(entry))?;
        (entry.header.kind == Kind::Sealed).then(|| self.gone(&target, entry.header.case))
    }

    fn gone(&self, target: &Doomed, case: CaseId) -> Gone {
        let author = Author { device: target.device.into(), journal: target.journal.into(), seq: target.seq };
        let since = self.named.get(target).and_then(|order| self.since.get(order));
        let why = Absence::Erased(since.map(|ms| Moment::pkt(*ms)));
        Gone { id: entry_id(&target.hash), case: case.into(), author, why }
    }
}

/// An entry as an order names it.
pub(in crate::runtime) fn doomed(entry: &SealedEntry) -> Doomed {
    let EntryRef { device, journal, seq } = entry.at();
    Doomed { device, journal, seq, hash: entry.hash() }
}

fn place(target: &Doomed) -> EntryRef {
    EntryRef { device: target.device, journal: target.journal, seq: target.seq }
}

impl Home {
    /// Takes in the orders on the shelf; their signatures were checked when they were filed.
    ///
    /// # Errors
    /// What the journal refuses.
    pub(in crate::runtime) fn read_orders(&mut self) -> Result<(), Failure> {
        let doing = "reading the erasure orders";
        let filed = self.journal.documents().map_err(|error| fault::sync(doing, &error))?;
        for document in filed.into_iter().map(|filed| filed.document).filter(|it| it.kind == DocumentKind::Erasure) {
            let order = Statement::from_bytes(&document.bytes)
                .map_err(Into::into)
                .and_then(|statement| Erasure::proposed(&statement))
                .map_err(|error| fault::keys(doing, &error))?;
            self.erasures.reasons.insert(order.reason);
            self.erasures.places.extend(order.targets.iter().map(place));
            self.erasures.named.extend(order.targets.into_iter().map(|target| (target, document.about)));
        }
        if !self.erasures.named.is_empty() {
            let marks = marks::few(&self.journal).map_err(|error| fault::sync(doing, &error))?;
            self.erasures.since.extend(marks::erased(&marks));
        }
        Ok(())
    }

    /// After a pass: what is in force since then, wherever it is held, and what arrived of it.
    ///
    /// # Errors
    /// What the journal refuses.
    pub(in crate::runtime) fn erase_what_is_due(&mut self, new: &[SealedEntry]) -> Result<CarriedOut, Failure> {
        self.read_orders()?;
        for entry in new {
            self.erasures.note(&entry.header);
        }
        if self.trust.is_none() {
            return Ok(CarriedOut::default());
        }
        let (erasures, tenure) = (&self.erasures, self.tenure());
        let fresh = erasures.named.keys().filter(|target| !erasures.looked.contains(target));
        let fresh: Vec<Doomed> = fresh.filter(|target| erasures.in_force(target, tenure)).copied().collect();
        let mut due = self.held(&fresh)?;
        let known: HashSet<EntryRef> = due.iter().map(SealedEntry::at).collect();
        let arrived = new.iter().filter(|entry| entry.envelope.is_some() && !known.contains(&entry.at()));
        due.extend(arrived.filter(|entry| self.erasures.names(entry).is_some()).cloned());
        let mut done = self.carry_out(due)?;
        done.gone.extend(new.iter().filter_map(|entry| self.erasures.was_erased(entry)));
        Ok(done)
    }

    /// Erases those of these entries for which an order and a stand-in are in force.
    ///
    /// # Errors
    /// What the journal refuses.
    pub(in crate::runtime) fn carry_out(&mut self, named: Vec<SealedEntry>) -> Result<CarriedOut, Failure> {
        let mut done = CarriedOut::default();
        if self.trust.is_none() {
            done.stay = named;
            return Ok(done);
        }
        let tenure = self.tenure();
        let in_force = |entry: &SealedEntry| self.erasures.in_force(&doomed(entry), tenure);
        let (mut going, stay): (Vec<_>, Vec<_>) = named.into_iter().partition(in_force);
        done.stay = stay;
        self.erasures.looked = {
            let force = self.erasures.named.keys().filter(|target| self.erasures.in_force(target, tenure));
            force.copied().collect()
        };
        if going.is_empty() {
            return Ok(done);
        }
        self.spare_what_lives(&mut going, &mut done)?;
        let targets: Vec<Doomed> = going.iter().map(doomed).collect();
        let gone = self.journal.erase(&targets, &rows_of(&going)).map_err(|error| fault::sync(DOING, &error))?;
        self.drop_parts(&going);
        self.note_when(&targets)?;
        for entry in &going {
            self.ring.forget(&entry.at());
        }
        let contents = going.iter().filter(|entry| entry.header.kind == Kind::Sealed);
        done.gone = contents.map(|entry| self.erasures.gone(&doomed(entry), entry.header.case)).collect();
        done.places = gone.into_iter().collect();
        Ok(done)
    }

    /// A slip stays as long as something lies under it that no order names. Under an own slip that is kept again at once, under a new
    /// one: nobody else can read it once theirs is gone.
    fn spare_what_lives(&mut self, going: &mut Vec<SealedEntry>, done: &mut CarriedOut) -> Result<(), Failure> {
        let slips: Vec<EntryRef> = going.iter().filter(|entry| entry.header.wraps()).map(SealedEntry::at).collect();
        slips.iter().for_each(|slip| self.ring.retire(slip));
        let places: HashSet<EntryRef> = going.iter().map(SealedEntry::at).collect();
        let living = self.living_under(&slips, &places)?;
        let me = self.device();
        let (own, others): (Vec<_>, Vec<_>) = living.into_iter().partition(|entry| entry.header.device == me);
        let under = |entry: &SealedEntry| EntryRef { seq: entry.header.key, ..entry.at() };
        let mut spared: HashSet<EntryRef> = others.iter().map(under).collect();
        if !own.is_empty() {
            let pieces = self.pieces(own.clone());
            if pieces.len() < own.len() {
                // It was handed in: only this slip lets its readers in, so it stays until somebody has looked.
                spared.extend(own.iter().map(under));
                done.afterwards.push(Failure::failed(
                    format!("{DOING} — {} entries that it does not name lie under a slip of this device that it names", own.len()),
                    "This device cannot open them, and the slip stays here. Tell the custodian to sync, and to propose the case once more.",
                ));
            }
            match self.keep_pieces(pieces, None) {
                Ok(entries) => {
                    self.learn(&entries);
                    done.again = entries;
                }
                Err(failure) => {
                    spared.extend(own.iter().map(under));
                    done.afterwards.push(failure);
                }
            }
        }
        let spare = |entry: &mut SealedEntry| entry.header.wraps() && spared.contains(&entry.at());
        done.stay.extend(going.extract_if(.., spare));
        Ok(())
    }

    /// Content under these slips that does not go, and that was not kept again elsewhere.
    fn living_under(&self, slips: &[EntryRef], going: &HashSet<EntryRef>) -> Result<Vec<SealedEntry>, Failure> {
        let mut first: HashMap<_, u64> = HashMap::new();
        for slip in slips {
            let lowest = first.entry((slip.device, slip.journal)).or_insert(slip.seq);
            *lowest = slip.seq.min(*lowest);
        }
        let slips: HashSet<&EntryRef> = slips.iter().collect();
        let mut living = Vec::new();
        for ((device, journal), mut seq) in first {
            loop {
                let wanted = Wanted::After { device, journal, seq };
                let runs = self.journal.pending(&wanted, Limit::BODY).map_err(|error| fault::sync(DOING, &error))?;
                let Some(last) = runs.iter().filter(|run| !run.items.is_empty()).map(|run| run.last()).max() else {
                    break;
                };
                seq = last;
                let content = runs.into_iter().flat_map(|run| run.items).filter_map(|item| match item {
                    Item::Entry(entry) if entry.header.kind == Kind::Sealed && entry.envelope.is_some() => Some(*entry),
                    Item::Entry(_) | Item::Elided(_) => None,
                });
                living.extend(content.filter(|entry| {
                    let slip = EntryRef { seq: entry.header.key, ..entry.at() };
                    let stays = slips.contains(&slip) && !going.contains(&entry.at());
                    stays && self.newest_id(&entry_id(&entry.hash())).is_none()
                }));
            }
        }
        Ok(living)
    }

    /// Those of these that are held here with their envelope.
    fn held(&self, targets: &[Doomed]) -> Result<Vec<SealedEntry>, Failure> {
        let mut held = Vec::new();
        for target in targets {
            let (device, journal, seq) = (target.device, target.journal, target.seq.saturating_sub(1));
            let wanted = Wanted::After { device, journal, seq };
            let runs = self.journal.pending(&wanted, Limit { items: 1, bytes: 1 });
            let runs = runs.map_err(|error| fault::sync(DOING, &error))?;
            let entry = runs.into_iter().flat_map(|run| run.items).next();
            if let Some(Item::Entry(entry)) = entry.filter(|item| item.hash() == target.hash)
                && entry.envelope.is_some()
            {
                held.push(*entry);
            }
        }
        Ok(held)
    }

    /// Remembers the hub's time for orders of which this is the first that is carried out here.
    fn note_when(&mut self, targets: &[Doomed]) -> Result<(), Failure> {
        let Some(now) = self.hub_ms else { return Ok(()) };
        let orders: HashSet<Digest> =
            targets.iter().filter_map(|target| self.erasures.named.get(target)).copied().collect();
        for order in orders.into_iter().filter(|order| !self.erasures.since.contains_key(order)).collect::<Vec<_>>() {
            self.remember(&Mark::Erased(&order, now))?;
            self.erasures.since.insert(order, now);
        }
        Ok(())
    }
}

/// The local rows that go with entries: the key of a slip, the note beside a sheet.
pub(super) fn rows_of(going: &[SealedEntry]) -> Vec<(Shelf, Vec<u8>)> {
    let row = |entry: &SealedEntry| match entry.header.kind {
        Kind::Slip => Some(ShelfRow::case_key_at(&entry.at())),
        Kind::Sealed => Some((Shelf::Notes, entry_id(&entry.hash()).as_bytes().to_vec())),
        Kind::StandIn | Kind::Later(_) => None,
    };
    going.iter().filter_map(row).collect()
}
