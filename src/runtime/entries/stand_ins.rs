//! Stand-ins that hold something in another's place (`FORMATS.md` section 4): a rewrap gives a case key anew, a reseal holds an entry's
//! content. What they give is taken over here; that they open is said here, for those who may then let the older envelopes go; and what
//! others have said so of goes here.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use amanat_keys::{
    case_key::CaseKey,
    envelope,
    erasure::Doomed,
    error::KeysError,
    fingerprint::{DeviceId, Digest, JournalId, KeyId, UnitId},
    recipient::ReadIdentity,
    rotation::{MAX_EXCEPT, RotationWord, Said},
    slip::SlipFault,
};
use amanat_sync::{
    batch::{Item, Limit},
    chain,
    documents::{Document, DocumentKind},
    entry::{Change, EntryRef, Header, Kind, Reader, SealedEntry, Target},
    journal::{Journal as _, Wanted},
    part_files::PartFiles,
};

use super::{
    opening::{NewKey, Opened, open_wrap},
    parallel,
    parts_again::{self, Beside},
    ring::{self, Purpose, Ring},
};
use crate::{
    failure::Failure,
    runtime::{erasure::erasing::doomed, fault, homes::home::Home, rotation::units::readers_today},
};

const READING: &str = "reading the journal";
/// Stand-ins that are looked at again at a time.
const CHUNK: usize = 512;

/// One of a device's journals.
pub(in crate::runtime) type Place = (DeviceId, JournalId);

/// The newest stand-in for an entry, as far as this device knows.
#[derive(Clone, Copy, Debug)]
pub(in crate::runtime) struct Newest {
    /// Where it stands.
    pub at: EntryRef,
    /// The hash of its header.
    pub hash: Digest,
    /// Whether it is what was asked about.
    pub marked: bool,
    /// How many it replaces, one after the other: the longest chain wins.
    depth: u32,
}

/// Stand-ins by what they stand in for, and by their own hash.
#[derive(Debug, Default)]
pub(in crate::runtime) struct StoodIn {
    /// By the entry.
    pub of: HashMap<EntryRef, Newest>,
    /// By hash, those that one of them replaces.
    pub(super) older: HashMap<Digest, Doomed>,
}

/// What a reader finds of a stand-in that is for its keys.
struct Judged {
    seq: u64,
    /// Whether it counts, whatever it holds.
    stands: bool,
    opens: bool,
}

/// The change of a stand-in that holds something.
pub(in crate::runtime) fn holding(header: &Header) -> Option<Target> {
    header.target.filter(|target| header.kind == Kind::StandIn && target.change != Change::Erasure)
}

impl Home {
    /// Whether a stand-in counts: its author wrote the entry, or may stand in for whoever did, or might when it was made. That people
    /// leave takes nothing from what they sealed again while they might.
    pub(in crate::runtime) fn stands(&self, header: &Header) -> bool {
        let author = header.target.map(|target| target.entry.device);
        author.is_some_and(|author| {
            let tenure = self.tenure();
            header.device == author
                || tenure.may_today(&header.device, &author)
                || tenure.may_stand_in(&header.device, header.roster.version, &author)
        })
    }

    /// The same for reading, whenever it was: what opens is held to the author's own commitment.
    pub(in crate::runtime) fn stood(&self) -> impl Fn(&Header) -> bool {
        move |header| {
            let author = holding(header).map(|target| target.entry.device);
            let once = |author| self.tenure().ever(&header.device, &author);
            self.stands(header) || author.is_some_and(once)
        }
    }

    /// Goes through what is held of a journal after a number, with the link before each item.
    pub(super) fn each_after(
        &self,
        (device, journal): Place,
        mut seq: u64,
        mut take: impl FnMut(u64, Digest, Vec<Item>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        loop {
            let wanted = Wanted::After { device, journal, seq };
            let runs = self.journal.pending(&wanted, Limit::BODY).map_err(|error| fault::sync(READING, &error))?;
            let Some(last) = runs.iter().filter(|run| !run.items.is_empty()).map(|run| run.last()).max() else {
                return Ok(());
            };
            seq = last;
            for run in runs {
                take(run.first, run.before, run.items)?;
            }
        }
    }

    /// The keys that rewraps among these give and that are not known yet. The slip's own signed header decides which key it is: a rewrap
    /// with another one opens nothing.
    pub(super) fn rewrapped_keys<'a>(
        &self,
        entries: impl IntoIterator<Item = &'a SealedEntry>,
    ) -> Result<Opened, Failure> {
        let (mut wanted, stood) = (Vec::new(), self.stood());
        for entry in entries {
            let Some(target) = holding(&entry.header).filter(|target| target.change == Change::Rewrap) else {
                continue;
            };
            if entry.envelope.is_some() && !self.ring.holds(&target.entry) && stood(&entry.header) {
                let slip = self.header_at(&target.entry)?.filter(|slip| slip.hash() == target.hash);
                wanted.extend(slip.map(|slip| (entry, slip.header)));
            }
        }
        let identities = self.identities();
        let given = parallel::each(&wanted, |(entry, slip)| open_rewrap(entry, slip, &identities));
        let mut opened = Opened::default();
        for ((entry, slip), given) in wanted.iter().zip(given) {
            match given {
                None => {}
                Some(Ok(key)) => {
                    let id = KeyId::from_bytes(*slip.commitment.as_bytes());
                    let row = ring::row(&slip.at(), slip.case, id, &key, Purpose::Foreign);
                    opened.keys.push(NewKey { slip: slip.at(), case: slip.case, key, row });
                }
                Some(Err(fault)) => opened.failed.push((entry.at(), fault::told(&KeysError::from(fault)))),
            }
        }
        Ok(opened)
    }

    /// Whether something that arrived can only be told by going through the journal again: content without its envelope, a key or an
    /// envelope for what was closed before.
    pub(in crate::runtime) fn opens_older(&self, new: &[SealedEntry]) -> Result<bool, Failure> {
        let bare = |entry: &&SealedEntry| {
            entry.envelope.is_none()
                && matches!(entry.header.kind, Kind::Sealed | Kind::Slip)
                && self.erasures.names(entry).is_none()
        };
        if new.iter().any(|entry| bare(&entry)) {
            return Ok(true);
        }
        let stood = self.stood();
        for entry in new.iter().filter(|entry| stood(&entry.header)) {
            let Some(target) = holding(&entry.header) else { continue };
            let opens = match target.change {
                Change::Rewrap => !self.ring.holds(&target.entry),
                _ => self.header_at(&target.entry)?.is_some_and(|held| held.envelope.is_none()),
            };
            if opens {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The stand-ins that this device made, and those of others who may that it has opened. `mark` says of each whether it is one that the caller looks for.
    pub(in crate::runtime) fn stood_in(&self, mark: impl Fn(&Header) -> bool) -> Result<StoodIn, Failure> {
        let mut stood = StoodIn::default();
        let mut depths: HashMap<Digest, u32> = HashMap::new();
        let heads = self.journal.heads().map_err(|error| fault::sync(READING, &error))?;
        let (me, tenure) = (self.device(), self.tenure());
        let (words, identities) = (self.rotation_words()?, self.identities());
        for known in heads.iter().filter(|known| known.device == me || tenure.is_custodian(&known.device)) {
            let place = (known.device, known.journal);
            let mut mine = words.iter().filter(|word| word.by == me && (word.device, word.journal) == place);
            let mine = mine.find(|word| matches!(word.said, Said::Opened { .. }));
            self.each_held(place, 0, |entries| {
                for entry in entries {
                    let Some(target) = holding(&entry.header).filter(|_| self.stands(&entry.header)) else { continue };
                    // Another's counts once this device has opened it: else garbage could hide what must be done.
                    let opened = mine.is_some_and(|word| word.opens(entry.header.seq));
                    if known.device != me && !(opened && self.is_for_us(&entry.header, &identities)) {
                        continue;
                    }
                    let hash = entry.hash();
                    let depth = target.replaces.and_then(|older| depths.get(&older)).map_or(1, |depth| depth + 1);
                    depths.insert(hash, depth);
                    stood.older.insert(hash, doomed(&entry));
                    let newest = Newest { at: entry.at(), hash, marked: mark(&entry.header), depth };
                    let held = stood.of.entry(target.entry).or_insert(newest);
                    if depth > held.depth {
                        *held = newest;
                    }
                }
                Ok(())
            })?;
        }
        Ok(stood)
    }

    /// The newest stand-in that holds what an entry without its envelope held.
    ///
    /// # Errors
    /// What the journal refuses.
    pub fn held_instead(&self, entry: &SealedEntry) -> Result<Option<SealedEntry>, Failure> {
        let newest = self.stood_in(|_| false)?.of.get(&entry.at()).copied();
        let held = newest.map(|newest| self.header_at(&newest.at)).transpose()?.flatten();
        let meant = |held: &SealedEntry| held.header.target.is_some_and(|target| target.hash == entry.hash());
        Ok(held.filter(|held| held.envelope.is_some() && meant(held)))
    }

    /// A reader's word on the stand-ins that others made: that they open, but for those that it names. One statement a journal, however
    /// many there are. `anew`: whether what earlier words except may open by now, so that they are said anew without it; else what was
    /// replaced for a reader whose key came late would lie beside it for ever. Whether there was anything to say.
    pub(in crate::runtime) fn say_stand_ins_open(&mut self, new: &[SealedEntry], anew: bool) -> Result<bool, Failure> {
        let me = self.device();
        let by_others = new.iter().filter(|entry| entry.header.device != me && holding(&entry.header).is_some());
        let mut places: BTreeSet<Place> = by_others.map(|entry| (entry.header.device, entry.header.journal)).collect();
        if (places.is_empty() && !anew) || self.listed().is_err() {
            return Ok(false);
        }
        let excepts = |word: &RotationWord| match &word.said {
            Said::Opened { except } => Some(except.len()),
            _ => None,
        };
        let words = self.rotation_words()?.into_iter();
        let said: BTreeMap<Place, RotationWord> = words
            .filter(|word| word.by == me && excepts(word).is_some())
            .map(|word| ((word.device, word.journal), word))
            .collect();
        if anew {
            places.extend(said.iter().filter(|(_, word)| excepts(word) > Some(0)).map(|(place, _)| *place));
            // Killed between the entries and the word on them, this device has said nothing of them yet.
            let reached = |place| said.get(place).map_or(0, |word| word.last);
            places.extend(self.stand_ins_read.iter().filter(|(place, last)| **last > reached(place)).map(|it| *it.0));
        }
        let mut spoke = false;
        for place in places {
            let Some(word) = self.word_on(place, said.get(&place), anew)? else { continue };
            let (about, version) = (word.about(), word.serial);
            let bytes = word.sign(&self.signer()).to_bytes();
            self.file(&Document { kind: DocumentKind::RotationCertificate, about, version, bytes })?;
            spoke = true;
        }
        Ok(spoke)
    }

    fn word_on(
        &self,
        place: Place,
        before: Option<&RotationWord>,
        anew: bool,
    ) -> Result<Option<RotationWord>, Failure> {
        let (from, begins, excepted) = match before.map(|word| (word.last, word.link, &word.said)) {
            Some((last, link, Said::Opened { except })) => (last, link, &except[..]),
            _ => (0, Digest::ZERO, &[][..]),
        };
        let mut except = if anew { self.still_shut(place, excepted)? } else { excepted.to_vec() };
        let freed = except.len() < excepted.len();
        let identities = self.identities();
        let (mut last, mut link, mut mine, mut full) = (from, begins, 0_usize, false);
        self.each_after(place, from, |first, before, items| {
            if full {
                return Ok(());
            }
            let judged = self.judged(items.iter().filter_map(Item::entry), &identities)?;
            let shut: Vec<u64> = judged.iter().filter(|judged| !judged.opens).map(|judged| judged.seq).collect();
            // No more than a word may name: it reaches as far as that, and goes on once they open.
            let ends = shut.get(MAX_EXCEPT - except.len()).copied();
            full = ends.is_some();
            let ends = ends.unwrap_or(u64::MAX);
            (last, link) = items
                .iter()
                .zip(first..ends)
                .fold((last, before), |(_, link), (item, seq)| (seq, chain::link(&link, &item.hash())));
            mine += judged.iter().filter(|judged| judged.stands && judged.seq < ends).count();
            except.extend(shut.into_iter().filter(|seq| *seq < ends));
            Ok(())
        })?;
        if mine == 0 && !freed {
            return Ok(None);
        }
        let (agency, by) = (self.agency()?, self.device());
        let (device, journal) = place;
        let serial = before.map_or(last, |word| last.max(word.serial.saturating_add(1)));
        Ok(Some(RotationWord { agency, by, serial, device, journal, last, link, said: Said::Opened { except } }))
    }

    /// What of a journal's stand-ins that were excepted does not open now either.
    fn still_shut(&self, (device, journal): Place, excepted: &[u64]) -> Result<Vec<u64>, Failure> {
        let (identities, mut open) = (self.identities(), BTreeSet::new());
        for chunk in excepted.chunks(CHUNK) {
            let held = chunk.iter().map(|seq| self.header_at(&EntryRef { device, journal, seq: *seq }));
            let held = held.collect::<Result<Vec<_>, Failure>>()?;
            let judged = self.judged(held.iter().flatten(), &identities)?;
            open.extend(judged.into_iter().filter(|judged| judged.opens).map(|judged| judged.seq));
        }
        Ok(excepted.iter().copied().filter(|seq| !open.contains(seq)).collect())
    }

    /// Which of these stand in for something that is for this device, and whether they open.
    fn judged<'a>(
        &self,
        entries: impl Iterator<Item = &'a SealedEntry>,
        identities: &HashMap<KeyId, ReadIdentity>,
    ) -> Result<Vec<Judged>, Failure> {
        let mut ours = Vec::new();
        for entry in entries {
            let Some(target) = holding(&entry.header) else { continue };
            // Also what is for a unit that this device reads for and whose key has not come: it does not open, and is said so.
            let readers = self.readers_by(&entry.header)?;
            if self.is_for_us(&entry.header, identities) || self.reads(&self.device(), &readers) {
                let held = self.header_at(&target.entry)?.filter(|held| held.hash() == target.hash);
                let held = match held {
                    Some(held) if self.keeps_readers(&readers, &self.readers_by(&held.header)?) => Some(held),
                    _ => None,
                };
                // What does not count here is not vouched for either, whoever it may count for elsewhere.
                let stands = self.stands(&entry.header);
                let held = held.filter(|_| stands);
                let beside = held.as_ref().map(|held| self.beside(&entry.header, &held.header)).transpose()?;
                ours.push((entry, held.zip(beside), stands));
            }
        }
        let (ring, files) = (&self.ring, self.part_files());
        let opens = parallel::each(&ours, |(entry, held, _)| {
            held.as_ref().is_some_and(|held| opens((ring, &files), entry, held, identities))
        });
        let judged = |((entry, _, stands), opens): (&(&SealedEntry, _, bool), bool)| Judged {
            seq: entry.header.seq,
            stands: *stands,
            opens,
        };
        Ok(ours.iter().zip(opens).map(judged).collect())
    }

    fn is_for_us(&self, header: &Header, identities: &HashMap<KeyId, ReadIdentity>) -> bool {
        if header.wraps() {
            return header.audience.iter().any(|reader| identities.contains_key(&reader.key));
        }
        self.ring.holds(&EntryRef { seq: header.key, ..header.at() })
    }

    /// Every word on a rotation that is on the shelf and holds.
    pub(in crate::runtime) fn rotation_words(&self) -> Result<Vec<RotationWord>, Failure> {
        let filed = self.journal.documents().map_err(|error| fault::sync("reading the documents", &error))?;
        let trust = self.trust()?;
        let words = filed.iter().filter(|it| it.document.kind == DocumentKind::RotationCertificate && !it.rival);
        let verified = words.filter_map(|it| RotationWord::verify(&it.document.bytes, trust).ok());
        Ok(verified.map(amanat_keys::statement::Verified::into_value).collect())
    }

    /// Who opens an entry: the slip's audience, its own or that of the slip it lies under.
    pub(super) fn readers_by(&self, header: &Header) -> Result<Vec<Reader>, Failure> {
        if header.wraps() {
            return Ok(header.audience.clone());
        }
        let slip = self.header_at(&EntryRef { seq: header.key, ..header.at() })?;
        Ok(slip.map(|slip| slip.header.audience).unwrap_or_default())
    }

    /// Whether everybody whom the roster still names among the readers before is among those now: a stand-in that leaves one out replaces
    /// nothing for them.
    pub(super) fn keeps_readers(&self, now: &[Reader], before: &[Reader]) -> bool {
        let Some(roster) = self.trust.as_ref().map(|trust| trust.roster()) else { return false };
        let today = readers_today(roster, before);
        today.is_some_and(|today| today.audience.iter().all(|reader| now.iter().any(|kept| kept.id == reader.id)))
    }

    /// Whether a device is among these readers: itself, or by a unit that it reads for.
    pub(super) fn reads(&self, device: &DeviceId, readers: &[Reader]) -> bool {
        let Some(roster) = self.trust.as_ref().map(|trust| trust.roster()) else { return false };
        let Some(listed) = roster.device(device) else { return false };
        readers.iter().any(|reader| {
            reader.id.as_bytes() == device.as_bytes()
                || roster.reads_for(listed, &UnitId::from_bytes(*reader.id.as_bytes()))
        })
    }
}

fn open_rewrap(
    entry: &SealedEntry,
    slip: &Header,
    identities: &HashMap<KeyId, ReadIdentity>,
) -> Option<Result<CaseKey, SlipFault>> {
    let same = slip.kind == Kind::Slip && slip.case == entry.header.case && slip.commitment == entry.header.commitment;
    if !same {
        return Some(Err(SlipFault::KeyIdMismatch));
    }
    open_wrap(&entry.header, slip, entry.envelope.as_ref()?, identities)
}

/// Whether a stand-in holds what its target commits to. It is really opened: nothing else would be worth a word.
pub(super) fn opens(
    (ring, files): (&Ring, &PartFiles),
    entry: &SealedEntry,
    (held, beside): &(SealedEntry, Beside),
    identities: &HashMap<KeyId, ReadIdentity>,
) -> bool {
    let (Some(envelope), target) = (&entry.envelope, &held.header) else { return false };
    if entry.header.wraps() {
        return matches!(open_rewrap(entry, target, identities), Some(Ok(_)));
    }
    let slip = EntryRef { seq: entry.header.key, ..entry.at() };
    let Some((key, case)) = ring.key(&slip) else { return false };
    let place = target.place();
    let Ok(json) = envelope::open(envelope, &place, key, &target.commitment, &entry.header.digest) else {
        return false;
    };
    case == target.case
        && match beside {
            Beside::Nothing => true,
            Beside::Here(parts) => parts_again::open_to(files, parts, key, &json, held),
            Beside::Missing => false,
        }
}
