//! Retention: what a field device kept long enough goes from it, once a reader at headquarters has opened it (`DESIGN.md` section 4,
//! invariant 13). Time is the hub's, never this machine's (invariant 14).
//!
//! A reader's word on a journal (`opened`) says that everything up to a place opens, but for what another word names. Where the roster has a
//! policy `retention-days`, these words are sealed to the author's device as well. They count only from a device that reads for
//! headquarters, and the days run from the hub time that stands in the earliest of them that covers an entry. A device that only writes is in
//! no audience: what readers have to tell it is a signed statement, which names numbers and nothing else, and its days run from the hub time
//! at which it heard of it.

use std::collections::{HashMap, HashSet};

use amanat_keys::{
    fingerprint::{CaseId, DeviceId, Digest, JournalId},
    roster::{Roster, UnitKind},
    rotation::{MAX_EXCEPT, RotationWord, Said},
};
use amanat_sync::{
    batch::{Item, Limit},
    chain,
    documents::{Document, DocumentKind},
    entry::{EntryRef, Header, Kind, SealedEntry},
    journal::{Cursor, Journal as _, State, Wanted},
};

use super::erasing::{doomed, rows_of};
use crate::{
    failure::Failure,
    model::{Absence, Author, Content, Entry, Gone},
    runtime::{
        fault,
        homes::{
            home::Home,
            marks::{self, Mark},
        },
        rotation::units::names_unit,
    },
};

/// A day of the hub's, in milliseconds.
pub(in crate::runtime) const DAY_MS: i64 = 86_400_000;

/// That a journal opens: who says so, up to where, and the hub time that they knew.
type Word = (DeviceId, u64, i64);

/// Readers' words that were opened here.
#[derive(Debug, Default)]
pub(in crate::runtime) struct Words {
    /// By journal.
    opened: HashMap<(DeviceId, JournalId), Vec<Word>>,
    /// What does not open, and who said it.
    shut: HashSet<(EntryRef, DeviceId)>,
    /// Places that did not open on this device, and have to be named when it speaks of their journal.
    failed: HashSet<EntryRef>,
    /// The hub's day and the number of words when it was last looked what may go.
    looked: Option<(i64, usize)>,
}

impl Words {
    /// Takes in what opened entries say.
    pub(in crate::runtime) fn learn(&mut self, entries: &[Entry]) {
        for entry in entries {
            let Content::Opened(word) = &entry.content else { continue };
            let (reader, place) = (entry.author.device.into(), at(&word.place));
            match (word.opens, entry.times.hub_ms) {
                (false, _) => drop(self.shut.insert((place, reader))),
                (true, Some(ms)) => {
                    self.opened.entry((place.device, place.journal)).or_default().push((reader, place.seq, ms));
                }
                // Nobody can say how old such a word is.
                (true, None) => {}
            }
        }
    }

    /// Notes what does not open here.
    pub(in crate::runtime) fn note_failed(&mut self, places: impl IntoIterator<Item = EntryRef>) {
        self.failed.extend(places);
    }

    /// Takes in what a reader says of a journal in a statement, heard at this hub time.
    fn hear(&mut self, word: &RotationWord, ms: i64) {
        let Said::Read { except } = &word.said else { return };
        let place = |seq: &u64| EntryRef { device: word.device, journal: word.journal, seq: *seq };
        self.shut.extend(except.iter().map(|seq| (place(seq), word.by)));
        let heard = self.opened.entry((word.device, word.journal)).or_default();
        if !heard.contains(&(word.by, word.last, ms)) {
            heard.push((word.by, word.last, ms));
        }
    }

    /// Numbers of a journal up to a place that do not open here.
    fn failed_in(&self, device: &DeviceId, journal: &JournalId, upto: u64) -> Vec<u64> {
        let of_it = |place: &&EntryRef| (place.device, place.journal) == (*device, *journal) && place.seq <= upto;
        self.failed.iter().filter(of_it).map(|place| place.seq).collect()
    }

    /// What has to be named of a journal up to a place before its author may rely on the word that the rest opens.
    pub(in crate::runtime) fn untold(
        &self,
        journal: &(DeviceId, JournalId),
        upto: u64,
        me: &DeviceId,
    ) -> Vec<EntryRef> {
        let of_it = |place: &&EntryRef| (place.device, place.journal) == *journal && place.seq <= upto;
        let untold = self.failed.iter().filter(of_it).filter(|place| !self.shut.contains(&(**place, *me)));
        untold.copied().collect()
    }

    /// The hub time of the earliest word of a reader at headquarters that covers an entry and its slip.
    fn since(&self, header: &Header, roster: &Roster) -> Option<i64> {
        let reads = |reader: &DeviceId| reads_for_hq(roster, reader);
        let (entry, slip) = (header.at(), EntryRef { seq: header.key, ..header.at() });
        if self.shut.iter().any(|(place, reader)| (*place == entry || *place == slip) && reads(reader)) {
            return None;
        }
        let words = self.opened.get(&(header.device, header.journal))?.iter();
        words.filter(|(reader, upto, _)| *upto >= header.seq && reads(reader)).map(|(_, _, ms)| *ms).min()
    }
}

/// Whether a device reads for headquarters today.
pub(in crate::runtime) fn reads_for_hq(roster: &Roster, device: &DeviceId) -> bool {
    let hq = roster.unit_of_kind(UnitKind::Headquarters);
    roster.device(device).zip(hq).is_some_and(|(device, hq)| device.is_active() && roster.reads_for(device, &hq.id))
}

/// What keeps an entry on this device, or does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stays {
    /// Headquarters has not signed for it.
    NotReceived,
    /// It is sealed to nobody at headquarters.
    NotForHeadquarters,
    /// No reader at headquarters has said that it opens.
    NotOpened,
    /// Opened so many days ago by the hub's clock: not long enough.
    Young(u64),
    /// It may go.
    MayGo(u64),
}

/// An own entry with content, and what keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its place.
    pub at: EntryRef,
    /// Its case.
    pub case: CaseId,
    /// What keeps it.
    pub stays: Stays,
}

/// What the policy means on this device today.
#[derive(Debug, Default)]
pub struct Retention {
    /// The policy: days.
    pub days: u64,
    /// Own entries with content, in the order of the journals.
    pub entries: Vec<Kept>,
    going: Vec<SealedEntry>,
}

impl Home {
    /// What may go from this device by the roster's policy; `None` where there is no policy, or this device reads for headquarters.
    ///
    /// # Errors
    /// What the journal refuses.
    pub fn retention(&self) -> Result<Option<Retention>, Failure> {
        let Some(days) = self.trust()?.roster().retention_days().filter(|_| !self.reads_for_hq()) else {
            return Ok(None);
        };
        let mut plan = Retention { days, ..Retention::default() };
        let (mut cursor, mut slips, mut under) = (Some(Cursor::START), Vec::new(), HashMap::new());
        let received: HashMap<JournalId, (u64, u64)> = {
            let own = self.status()?.own.into_iter().filter(|own| own.state != State::Forked);
            own.map(|own| (own.journal, (own.received, own.complete))).collect()
        };
        let mut hq_slips: HashMap<EntryRef, bool> = HashMap::new();
        while let Some(after) = cursor {
            let page = self.journal.entries_after(after, Limit::BODY);
            let page = page.map_err(|error| fault::sync("reading the journal", &error))?;
            cursor = page.next;
            for entry in page.entries.into_iter().filter(|entry| entry.header.device == self.device()) {
                let slip = EntryRef { seq: entry.header.key, ..entry.at() };
                match entry.header.kind {
                    Kind::Slip => {
                        hq_slips.insert(entry.at(), self.is_for_hq(&entry.header));
                        slips.push(entry);
                    }
                    Kind::Sealed if entry.envelope.is_some() => {
                        let (entries, whole) = received.get(&entry.header.journal).copied().unwrap_or((0, 0));
                        // What an entry lists stays here until headquarters has it.
                        let upto = if entry.header.parts.is_empty() { entries } else { entries.min(whole) };
                        let stays = self.stays(&entry.header, upto, hq_slips.get(&slip) == Some(&true), days);
                        let goes = matches!(stays, Stays::MayGo(_));
                        *under.entry(slip).or_insert(true) &= goes;
                        plan.entries.push(Kept { at: entry.at(), case: entry.header.case, stays });
                        if goes {
                            plan.going.push(entry);
                        }
                    }
                    Kind::Sealed | Kind::StandIn | Kind::Later(_) => {}
                }
            }
        }
        // A slip goes with the last of what lies under it.
        plan.going.extend(slips.into_iter().filter(|slip| under.get(&slip.at()) == Some(&true)));
        Ok(Some(plan))
    }

    fn is_for_hq(&self, slip: &Header) -> bool {
        let hq = self.trust.as_ref().and_then(|trust| trust.roster().unit_of_kind(UnitKind::Headquarters));
        hq.is_some_and(|hq| names_unit(slip, &hq.id))
    }

    /// Whether this device reads for headquarters, a slip is for headquarters, and its key is not here: wrapped to a key that has not come,
    /// or that never will.
    pub(in crate::runtime) fn is_shut_to_hq(&self, slip: &Header) -> bool {
        slip.kind == Kind::Slip && self.reads_for_hq() && self.is_for_hq(slip) && !self.ring.holds(&slip.at())
    }

    fn stays(&self, header: &Header, received: u64, for_hq: bool, days: u64) -> Stays {
        if header.seq > received {
            return Stays::NotReceived;
        }
        if !for_hq {
            return Stays::NotForHeadquarters;
        }
        let since = self.trust.as_ref().and_then(|trust| self.words.since(header, trust.roster()));
        let Some((since, now)) = since.zip(self.hub_ms) else { return Stays::NotOpened };
        let age = u64::try_from(now.saturating_sub(since) / DAY_MS).unwrap_or(0);
        if age >= days { Stays::MayGo(age) } else { Stays::Young(age) }
    }

    /// Drops what may go.
    ///
    /// # Errors
    /// What the journal refuses.
    pub fn apply_retention(&mut self, plan: Retention) -> Result<Vec<Gone>, Failure> {
        let targets: Vec<_> = plan.going.iter().map(doomed).collect();
        let dropped = self.journal.erase(&targets, &rows_of(&plan.going));
        dropped.map_err(|error| fault::sync("dropping what headquarters has opened", &error))?;
        self.drop_parts(&plan.going);
        for slip in plan.going.iter().filter(|entry| entry.header.wraps()).map(SealedEntry::at) {
            self.ring.retire(&slip);
            self.ring.forget(&slip);
        }
        Ok(plan.going.iter().filter_map(at_headquarters).collect())
    }

    /// After a pass: drops what may go, when there is a new word or a new day.
    ///
    /// # Errors
    /// What the journal refuses.
    pub(in crate::runtime) fn retain(&mut self) -> Result<Vec<Gone>, Failure> {
        let Some(now) =
            self.hub_ms.filter(|_| self.trust.as_ref().is_some_and(|t| t.roster().retention_days().is_some()))
        else {
            return Ok(Vec::new());
        };
        self.hear_readers()?;
        let seen = (now / DAY_MS, self.words.opened.values().map(Vec::len).sum());
        if self.words.looked == Some(seen) {
            return Ok(Vec::new());
        }
        let gone = self.retention()?.map(|plan| self.apply_retention(plan)).transpose()?.unwrap_or_default();
        self.words.looked = Some(seen);
        Ok(gone)
    }

    /// Tells authors whose devices only write that their journals open here up to these places, but for what does not: a statement each, since
    /// nothing can be sealed to them. Whether there was anything to tell.
    pub(in crate::runtime) fn tell_those_who_only_write(
        &mut self,
        up_to: &std::collections::BTreeMap<(DeviceId, JournalId), u64>,
    ) -> Result<bool, Failure> {
        let (agency, by, mut told) = (self.agency()?, self.device(), false);
        for ((device, journal), last) in up_to {
            let roster = self.trust()?.roster();
            let listed = roster.device(device).filter(|listed| listed.is_active());
            if listed.is_none_or(|listed| roster.device_reader(listed).is_some()) {
                continue;
            }
            let (device, journal, last) = (*device, *journal, *last);
            let Some(link) = self.place_link(device, journal, last)? else { continue };
            let mut except = self.bare_in(&device, &journal, last)?;
            except.extend(self.words.failed_in(&device, &journal, last));
            except.sort_unstable();
            except.dedup();
            // More fit in no word, and would leave little to rely on.
            if except.len() > MAX_EXCEPT {
                continue;
            }
            let said = Said::Read { except };
            let word = RotationWord { agency, by, serial: last, device, journal, last, link, said };
            let (about, bytes) = (word.about(), word.sign(&self.signer()).to_bytes());
            self.file(&Document { kind: DocumentKind::RotationCertificate, about, version: last, bytes })?;
            told = true;
        }
        Ok(told)
    }

    /// Hears what readers at headquarters say of this device's journals in statements, and notes when that was: of each only the newest is
    /// handed on, and what it covered first would become young again with every new one.
    ///
    /// # Errors
    /// What the journal refuses.
    pub(in crate::runtime) fn hear_readers(&mut self) -> Result<(), Failure> {
        let retains = self.trust.as_ref().is_some_and(|trust| trust.roster().retention_days().is_some());
        if !retains || !self.writes_only() {
            return Ok(());
        }
        let rows = marks::few(&self.journal).map_err(|error| fault::sync("reading the home's notes", &error))?;
        let mut heard: Vec<(RotationWord, i64)> = marks::read_by(&rows).collect();
        let me = self.device();
        let of_ours = |word: &RotationWord| word.device == me && matches!(word.said, Said::Read { .. });
        for word in self.rotation_words()?.into_iter().filter(of_ours) {
            let known =
                heard.iter().any(|(held, _)| (held.by, held.journal, held.last) == (word.by, word.journal, word.last));
            let ours = || self.place_link(word.device, word.journal, word.last).map(|link| link == Some(word.link));
            if let (false, Some(ms)) = (known, self.hub_ms)
                && ours()?
            {
                self.remember(&Mark::ReadBy(&word, ms))?;
                heard.push((word, ms));
            }
        }
        heard.iter().for_each(|(word, ms)| self.words.hear(word, *ms));
        Ok(())
    }

    /// Numbers of a journal up to a place of which nothing but the hash came: what a hub holds back was read by nobody here.
    fn bare_in(&self, device: &DeviceId, journal: &JournalId, upto: u64) -> Result<Vec<u64>, Failure> {
        let (mut bare, mut seq) = (Vec::new(), 0);
        while seq < upto {
            let page = self.journal.sealed_of((*device, *journal), seq, Limit::BODY);
            let page = page.map_err(|error| fault::sync("reading the journal", &error))?;
            let Some(last) = page.last() else { break };
            bare.extend(page.bare().filter(|at| *at <= upto));
            seq = last;
        }
        Ok(bare)
    }

    /// The link of a journal at a place that is held.
    pub(in crate::runtime) fn place_link(
        &self,
        device: DeviceId,
        journal: JournalId,
        seq: u64,
    ) -> Result<Option<Digest>, Failure> {
        let wanted = Wanted::After { device, journal, seq: seq.saturating_sub(1) };
        let runs = self.journal.pending(&wanted, Limit { items: 1, bytes: 1 });
        let runs = runs.map_err(|error| fault::sync("reading the journal", &error))?;
        let run = runs.first().filter(|run| run.first == seq);
        Ok(run.and_then(|run| run.items.first().map(Item::hash).map(|hash| chain::link(&run.before, &hash))))
    }

    /// Whether a reader at headquarters has said that an own entry, or what an own slip is for, opens.
    pub fn headquarters_opened(&self, header: &Header) -> bool {
        self.trust.as_ref().is_some_and(|trust| self.words.since(header, trust.roster()).is_some())
    }
}

/// An own entry without its envelope that no order names.
pub(in crate::runtime) fn at_headquarters(entry: &SealedEntry) -> Option<Gone> {
    let EntryRef { device, journal, seq } = entry.at();
    (entry.header.kind == Kind::Sealed).then(|| Gone {
        id: crate::runtime::border::entry_id(&entry.hash()),
        case: entry.header.case.into(),
        author: Author { device: device.into(), journal: journal.into(), seq },
        why: Absence::AtHeadquarters,
    })
}

fn at(place: &Author) -> EntryRef {
    EntryRef { device: place.device.into(), journal: place.journal.into(), seq: place.seq }
}
