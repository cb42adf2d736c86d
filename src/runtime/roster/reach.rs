//! What a key could read, what it can still open now and where: gathered from every slip and stand-in that this device holds.
//!
//! *Could* is what its holder may have opened and copied. *Now* is what is still served to whoever comes with that key: a header that
//! names it and whose envelope has not gone. A device lets an envelope go by the same signed words as the hub, so after a sync both
//! answer alike; what has not been received yet is not at the hub. Another device has the slips that stand in the place of older ones if
//! it made them, or has signed that they open, or that it holds nothing older any more; of one that has done none of it nobody here knows.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use amanat_keys::{
    fingerprint::{CaseId, DeviceId, Digest, KeyId, UnitId},
    roster::Device,
    rotation::{RotationWord, Said},
};
use amanat_sync::entry::{Change, EntryRef, Header, Kind, SealedEntry};

use super::audit::{AskedKey, Audit, CaseAudit, Holder};
use crate::{
    failure::Failure,
    model::{self, Delivery},
    runtime::{entries::stand_ins::holding, homes::home::Home, screen::tellings},
};

/// What one slip's key means for those who ask.
#[derive(Clone, Copy, Debug, Default)]
struct Reach {
    could: bool,
    now: bool,
    hub: bool,
}

/// Content under one slip: how much there is, how much has its envelope, how much of that has been received, how much has ever left
/// its author, and how many attachments those with an envelope have.
#[derive(Clone, Copy, Debug)]
struct Under {
    case: CaseId,
    all: u64,
    here: u64,
    hub: u64,
    away: u64,
    parts: u64,
}

/// Content that was sealed again: what, under which slip, and whether it has its envelope here and at the hub.
#[derive(Clone, Copy, Debug)]
struct Resealed {
    target: EntryRef,
    slip: EntryRef,
    case: CaseId,
    here: bool,
    hub: bool,
}

/// Everything that names the keys asked about, and what lies under it.
#[derive(Debug, Default)]
struct Walk {
    asked: BTreeSet<KeyId>,
    /// Up to where journals have been received.
    received: HashMap<(model::DeviceId, model::JournalId), u64>,
    /// Up to where they have been received, or went on a stick.
    away: HashMap<(model::DeviceId, model::JournalId), u64>,
    served: u64,
    gone: u64,
    slips: HashMap<EntryRef, Reach>,
    under: HashMap<EntryRef, Under>,
    resealed: Vec<Resealed>,
    /// The slip under which content lay that was sealed again.
    contents: HashMap<EntryRef, EntryRef>,
    /// Slips that name a key, by their author and whoever else they name: there are few such groups, and many slips.
    groups: BTreeMap<(DeviceId, Vec<Digest>), BTreeSet<EntryRef>>,
    /// What stands in a slip's place and names none of the keys.
    stand_ins: HashMap<EntryRef, Vec<EntryRef>>,
}

impl Home {
    /// What these keys could read and can still open, by everything that is held here.
    ///
    /// # Errors
    /// What the journal refuses.
    pub fn audit(&self, keys: Vec<AskedKey>) -> Result<Audit, Failure> {
        let mut walk = Walk { asked: keys.iter().map(|key| key.id).collect(), ..Walk::default() };
        for mark in tellings::marks(self)? {
            let received = (mark.delivery == Delivery::Received).then_some(&mut walk.received);
            for far in received.into_iter().chain([&mut walk.away]) {
                let upto = far.entry((mark.device, mark.journal)).or_default();
                *upto = mark.up_to.max(*upto);
            }
        }
        self.each_entry(|entry| walk.take(&entry))?;
        if !walk.contents.is_empty() {
            self.each_entry(|entry| {
                if entry.header.kind == Kind::Sealed && walk.contents.contains_key(&entry.at()) {
                    walk.contents.insert(entry.at(), EntryRef { seq: entry.header.key, ..entry.at() });
                }
            })?;
        }
        let holders = self.holders(&walk)?;
        Ok(Audit { keys, holders, cases: walk.cases(), served: walk.served, gone: walk.gone })
    }

    /// Other devices that hold slips for the keys and have not shown that they hold what stands in their place.
    fn holders(&self, walk: &Walk) -> Result<Vec<Holder>, Failure> {
        let (roster, me) = (self.trust()?.roster(), self.device());
        let mut said: HashMap<DeviceId, Vec<RotationWord>> = HashMap::new();
        let shown = |word: &RotationWord| matches!(word.said, Said::Opened { .. } | Said::LetGo { .. });
        for word in self.rotation_words()?.into_iter().filter(shown) {
            said.entry(word.by).or_default().push(word);
        }
        let names = |device: &Device, id: &Digest| {
            id.as_bytes() == device.id.as_bytes() || roster.reads_for(device, &UnitId::from_bytes(*id.as_bytes()))
        };
        let mut holders = Vec::new();
        for device in roster.devices.iter().filter(|device| device.id != me) {
            let words = said.get(&device.id).map(Vec::as_slice).unwrap_or_default();
            let has = |stand_in: &EntryRef| {
                let of_it = |word: &&RotationWord| (word.device, word.journal) == (stand_in.device, stand_in.journal);
                stand_in.device == device.id || words.iter().filter(of_it).any(|word| word.shows(stand_in.seq))
            };
            let groups = walk.groups.iter().filter(|((author, readers), _)| {
                *author == device.id || readers.iter().any(|reader| names(device, reader))
            });
            // A slip and a rewrap of it may both name a key: it is one slip all the same.
            let slips: BTreeSet<&EntryRef> = groups.flat_map(|(_, slips)| slips).collect();
            let older = slips.into_iter().filter(|slip| {
                let instead = walk.stand_ins.get(slip).map(Vec::as_slice).unwrap_or_default();
                !instead.iter().any(has)
            });
            let under = older.filter_map(|slip| Some((slip, walk.under.get(slip)?)));
            // What has not left its author is nowhere else.
            let entries = under.map(|(slip, it)| if slip.device == device.id { it.all } else { it.away }).sum();
            if entries > 0 {
                holders.push(Holder { device: device.id, entries });
            }
        }
        Ok(holders)
    }
}

impl Walk {
    fn take(&mut self, entry: &SealedEntry) {
        let (header, at) = (&entry.header, entry.at());
        let here = entry.envelope.is_some();
        let (hub, away) = (here && reaches(&self.received, header), reaches(&self.away, header));
        if header.wraps() {
            self.take_wrap(header, here, hub);
        } else if header.kind == Kind::Sealed {
            let slip = EntryRef { seq: header.key, ..at };
            let held = self.under.entry(slip).or_insert(Under {
                case: header.case,
                all: 0,
                here: 0,
                hub: 0,
                away: 0,
                parts: 0,
            });
            held.all += 1;
            held.here += u64::from(here);
            held.hub += u64::from(hub);
            held.away += u64::from(away);
            held.parts += if here { u64::try_from(header.parts.len()).unwrap_or(u64::MAX) } else { 0 };
        } else if let Some(target) = holding(header).filter(|target| target.change == Change::Reseal) {
            let slip = EntryRef { seq: header.key, ..at };
            self.resealed.push(Resealed { target: target.entry, slip, case: header.case, here, hub });
            self.contents.insert(target.entry, target.entry);
        }
    }

    fn take_wrap(&mut self, header: &Header, here: bool, hub: bool) {
        let slip = header.target.map_or(header.at(), |target| target.entry);
        if !header.audience.iter().any(|reader| self.asked.contains(&reader.key)) {
            if header.target.is_some() {
                self.stand_ins.entry(slip).or_default().push(header.at());
            }
            return;
        }
        let reach = self.slips.entry(slip).or_default();
        reach.could = true;
        reach.now |= here;
        reach.hub |= hub;
        *(if here { &mut self.served } else { &mut self.gone }) += 1;
        let readers = header.audience.iter().map(|reader| reader.id).collect();
        self.groups.entry((header.device, readers)).or_default().insert(slip);
    }

    fn reach(&self, slip: &EntryRef) -> Reach {
        self.slips.get(slip).copied().unwrap_or_default()
    }

    fn cases(&self) -> BTreeMap<CaseId, CaseAudit> {
        let mut cases: BTreeMap<CaseId, CaseAudit> = BTreeMap::new();
        for (slip, under) in &self.under {
            let reach = self.reach(slip);
            if reach.could {
                let found = cases.entry(under.case).or_default();
                found.could += under.all;
                found.now += if reach.now { under.here } else { 0 };
                found.hub += if reach.hub { under.hub } else { 0 };
                found.parts += if reach.now { under.parts } else { 0 };
            }
        }
        let mut counted: BTreeSet<EntryRef> = BTreeSet::new();
        for again in &self.resealed {
            let reach = self.reach(&again.slip);
            let before = self.contents.get(&again.target).map(|slip| self.reach(slip)).unwrap_or_default();
            let found = cases.entry(again.case).or_default();
            // Read before under its first slip, it is no other entry.
            found.could += u64::from(reach.could && !before.could && counted.insert(again.target));
            found.now += u64::from(reach.now && again.here);
            found.hub += u64::from(reach.hub && again.hub);
        }
        cases.retain(|_, case| case.could > 0 || case.now > 0);
        cases
    }
}

/// Whether a journal has come so far.
fn reaches(far: &HashMap<(model::DeviceId, model::JournalId), u64>, header: &Header) -> bool {
    let place = (header.device.into(), header.journal.into());
    far.get(&place).is_some_and(|upto| header.seq <= *upto)
}
