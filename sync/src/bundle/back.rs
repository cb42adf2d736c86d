//! What goes back to people by stick although headquarters has signed for it: what the writer's own journals say to them, a review above
//! all. Whoever never has a network gets it from nowhere else.
//!
//! Nobody remembers what an earlier stick brought: it may be lost, or read by another. So every stick takes the newest again, as far as
//! [`BUNDLE_BACK_BYTES`] go, and whoever has it takes nothing twice.

use std::collections::{BTreeMap, BTreeSet};

use amanat_keys::fingerprint::{DeviceId, Digest, JournalId};
use amanat_keys::roster::Device;
use amanat_keys::trust::Trust;

use crate::batch::{Item, Limit, Run};
use crate::entry::{Change, Header, Kind, SealedEntry};
use crate::error::Result;
use crate::journal::{Journal, Standing, State, Wanted};
use crate::road::Place;
use crate::wire::limits::{BUNDLE_BACK_BYTES, BUNDLE_PIECE_BYTES};

/// Entries that are looked at together: few, because each may be as large as an envelope may be.
const LOOK: u64 = 32;

/// Is shown every own entry above the place up to which headquarters has everything, attachments too.
pub(super) type See<'s> = &'s mut dyn FnMut(&SealedEntry);

/// Places that go whole, each with what its entry weighs.
pub(super) type Places = BTreeMap<Place, BTreeMap<u64, u64>>;

/// The newest entries of this device's own journals that whoever the stick is for may read, with the slips that they lie under. What
/// headquarters lacks is whole in any case; of that only the slips are given, without which nobody opens it. These journals are long and are
/// gone through once: where somebody wants to `see` entries of which headquarters may lack an attachment, those are shown on the way.
///
/// # Errors
/// Storage.
pub(super) fn back<'s>(
    journal: &'s dyn Journal,
    device: DeviceId,
    own: &[Standing],
    readers: BTreeSet<Digest>,
    see: Option<See<'s>>,
) -> Result<Places> {
    let own: Vec<&Standing> = own.iter().filter(|own| own.state != State::Forked).collect();
    let there = own.iter().map(|own| (own.journal, own.offered_from)).collect();
    let mut choice = Choice {
        journal,
        device,
        readers,
        there,
        slips: BTreeMap::new(),
        places: Places::new(),
        left: Some(BUNDLE_BACK_BYTES),
        see,
    };
    // Newest first, so that a rewrap is met before what lies under the slip that it stands in for.
    for own in own.iter().rev() {
        choice.of_journal(own)?;
    }
    Ok(choice.places)
}

/// Those in whose name somebody reads to whom a stick goes: devices but the writer's own, and the units that they read for.
pub(super) fn readers(trust: &Trust, to: &[Digest], writer: &DeviceId) -> BTreeSet<Digest> {
    let roster = trust.roster();
    let named = |id: &[u8; 32]| to.contains(&Digest::from_bytes(*id));
    let reads = |device: &&Device| {
        let of_unit =
            || roster.units.iter().any(|unit| named(unit.id.as_bytes()) && roster.reads_for(device, &unit.id));
        device.is_active() && device.id != *writer && (named(device.id.as_bytes()) || of_unit())
    };
    let mut readers = BTreeSet::new();
    for device in roster.devices.iter().filter(reads) {
        readers.insert(Digest::from_bytes(*device.id.as_bytes()));
        let units = roster.units.iter().filter(|unit| roster.reads_for(device, &unit.id));
        readers.extend(units.map(|unit| Digest::from_bytes(*unit.id.as_bytes())));
    }
    readers
}

/// Where an entry of this device stands.
type Own = (JournalId, u64);

/// A slip, as the newest that stands in for it gives the key.
#[derive(Clone, Default)]
struct Slip {
    /// Whether a reader of the stick is among those to whom it gives the key.
    opens: bool,
    /// What has to be there, with what it weighs: the slip, and the newest rewrap of it.
    made_of: Vec<(Own, u64)>,
}

struct Choice<'a> {
    journal: &'a dyn Journal,
    device: DeviceId,
    readers: BTreeSet<Digest>,
    /// Up to where headquarters has each journal.
    there: BTreeMap<JournalId, u64>,
    /// Slips that a rewrap stood in for or that were looked up.
    slips: BTreeMap<Own, Slip>,
    places: Places,
    /// Bytes that are left; nothing once an entry did not fit, so that nothing older goes before it.
    left: Option<u64>,
    see: Option<See<'a>>,
}

impl Choice<'_> {
    fn of_journal(&mut self, own: &Standing) -> Result<()> {
        let mut above = own.kept.seq;
        let least = if self.see.is_some() { own.offered_from.min(own.complete) } else { own.offered_from };
        while above > 0 && (self.left.is_some() || above > least) {
            let from = above.saturating_sub(LOOK);
            for entry in self.entries(&own.journal, from, above)?.iter().rev() {
                self.look_at(entry)?;
                if let Some(see) = self.see.as_mut().filter(|_| entry.header.seq > own.complete) {
                    see(entry);
                }
            }
            above = from;
        }
        Ok(())
    }

    /// Own entries above a number, up to another.
    fn entries(&self, journal: &JournalId, from: u64, upto: u64) -> Result<Vec<SealedEntry>> {
        let (mut entries, mut seq) = (Vec::new(), from);
        while seq < upto {
            let wanted = Wanted::After { device: self.device, journal: *journal, seq };
            let limit = Limit { items: upto.saturating_sub(seq), bytes: BUNDLE_PIECE_BYTES };
            let runs = self.journal.pending(&wanted, limit)?;
            let Some(last) = runs.iter().map(Run::last).max().filter(|last| *last > seq) else { break };
            seq = last;
            let items = runs.into_iter().flat_map(|run| run.items);
            entries.extend(items.filter_map(|item| if let Item::Entry(entry) = item { Some(*entry) } else { None }));
        }
        Ok(entries)
    }

    fn look_at(&mut self, entry: &SealedEntry) -> Result<()> {
        let header = &entry.header;
        match (header.kind, header.target) {
            (Kind::StandIn, Some(target)) if target.change == Change::Rewrap && target.entry.device == self.device => {
                let slip = (target.entry.journal, target.entry.seq);
                if !self.slips.contains_key(&slip) {
                    let mut under = self.looked_up(&slip)?;
                    under.opens = self.is_for_them(header);
                    under.made_of.push(((header.journal, header.seq), entry.size()));
                    self.slips.insert(slip, under);
                }
                Ok(())
            }
            (Kind::Sealed, _) => self.content(entry),
            (Kind::StandIn, Some(target)) if target.change == Change::Reseal => self.content(entry),
            _ => Ok(()),
        }
    }

    fn content(&mut self, entry: &SealedEntry) -> Result<()> {
        let (header, at) = (&entry.header, (entry.header.journal, entry.header.seq));
        let under = (header.journal, header.key);
        if !self.slips.contains_key(&under) {
            let slip = self.looked_up(&under)?;
            self.slips.insert(under, slip);
        }
        let slip = self.slips.get(&under).cloned().unwrap_or_default();
        if !slip.opens || entry.envelope.is_none() {
            return Ok(());
        }
        let is_bare = |at: &Own| self.there.get(&at.0).is_some_and(|there| at.1 <= *there);
        let needed = slip.made_of.into_iter().chain([(at, entry.size())]);
        let new: Vec<(Own, u64)> = needed.filter(|(at, _)| is_bare(at) && !self.is_chosen(at)).collect();
        // Without its slip, what goes whole for headquarters' sake says nothing: that much has room always.
        if is_bare(&at) {
            let weight = new.iter().fold(0_u64, |sum, (_, weight)| sum.saturating_add(*weight));
            self.left = self.left.and_then(|left| left.checked_sub(weight));
            if self.left.is_none() {
                return Ok(());
            }
        }
        for ((journal, seq), weight) in new {
            self.places.entry((self.device, journal)).or_default().insert(seq, weight);
        }
        Ok(())
    }

    fn is_chosen(&self, at: &Own) -> bool {
        self.places.get(&(self.device, at.0)).is_some_and(|places| places.contains_key(&at.1))
    }

    /// A slip as it was made.
    fn looked_up(&self, at: &Own) -> Result<Slip> {
        let found = self.entries(&at.0, at.1.saturating_sub(1), at.1)?;
        let Some(entry) = found.first().filter(|entry| entry.header.wraps()) else { return Ok(Slip::default()) };
        Ok(Slip { opens: self.is_for_them(&entry.header), made_of: vec![(*at, entry.size())] })
    }

    fn is_for_them(&self, header: &Header) -> bool {
        header.audience.iter().any(|reader| reader.agency == header.agency && self.readers.contains(&reader.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{Filing, Keep, Line, MemoryJournal};
    use crate::specimen::{Pen, hub, receipt};

    /// What goes whole to a reader of slips that name three, when the hub has signed up to a number.
    fn chosen(pen: &Pen, upto: u64) -> Vec<u64> {
        let mut journal = MemoryJournal::default();
        journal.begin(&pen.new_journal(Line::Cases, None)).unwrap();
        journal.append(&Keep { entries: pen.written.clone(), ..Keep::default() }).unwrap();
        let (receipts, remember) = (vec![receipt(pen, 1, upto)], Default::default());
        let filing = Filing { hub: hub(), receipts, checkpoint: None, vouched: 1, again: 0, remember };
        journal.file_receipt(&filing).unwrap();
        let own = journal.status(&hub()).unwrap().own;
        assert_eq!(own[0].offered_from, upto);
        let third = BTreeSet::from([Digest::from_bytes([3; 32])]);
        let places = back(&journal, pen.device(), &own, third, None).unwrap();
        let of_one = places.get(&(pen.device(), pen.slot.journal));
        let weighs = |seq: u64| pen.written[usize::try_from(seq).unwrap() - 1].size();
        assert!(of_one.iter().all(|places| places.iter().all(|(seq, weight)| *weight == weighs(*seq))));
        of_one.map(|places| places.keys().copied().collect()).unwrap_or_default()
    }

    #[test]
    fn what_somebody_may_read_goes_with_its_slip_and_the_newest_rewrap_and_nothing_else() {
        let mut pen = Pen::new(1);
        pen.story(1, 1);
        pen.slip(2, 3);
        pen.content(2, 3, b"a word");
        pen.content(2, 3, b"another");
        let narrow = pen.slip(3, 2);
        pen.content(3, 6, b"let in later");
        pen.stand_in(&narrow, Change::Rewrap, 0);
        assert_eq!(chosen(&pen, 8), [3, 4, 5, 6, 7, 8]);
        assert_eq!(
            chosen(&pen, 6),
            [3, 4, 5, 6],
            "what headquarters lacks goes whole without this, and needs its slip"
        );
        assert_eq!(chosen(&pen, 4), [3, 4]);
        let mut others = Pen::new(2);
        others.story(1, 9);
        assert_eq!(chosen(&others, 10), [], "a story for others");
    }

    #[test]
    fn the_newest_goes_first_and_a_stick_does_not_grow_for_ever() {
        let mut pen = Pen::new(1);
        let slip = pen.slip(1, 3).header.seq;
        for n in 0..40_u8 {
            pen.content(1, slip, &vec![n; 512 * 1024]);
        }
        let places = chosen(&pen, 41);
        let newest: Vec<u64> = (41 - 14..=41).collect();
        assert_eq!(places, [&[1], &newest[..]].concat(), "a slip and fifteen half megabytes");
        // Ten of them are whole for headquarters' sake, and take no room from these.
        let newest: Vec<u64> = (31 - 14..=31).collect();
        assert_eq!(chosen(&pen, 31), [&[1], &newest[..]].concat());
        assert_eq!(chosen(&pen, 1), [1], "without its slip nobody opens them");
    }
}
