//! After unlocking, the journal is read once and folded: one thread reads rows and judges what counts, in order; others open them, first
//! the rows and then what counts of them (`crew`).
//!
//! There is no plaintext table to load, so this is the whole way to a casebook. Entries come out in pages, so that a screen
//! fills while the rest is still being opened.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use amanat_keys::{
    fingerprint::{CaseId, DeviceId, Digest, JournalId, UnitId},
    roster::UnitKind,
    tenure::Tenure,
};
use amanat_sync::{
    batch::Limit,
    courier::Covers,
    entry::{Change, EntryRef, Header, Kind, Reader, SealedEntry},
    journal::{Cursor, Journal as _, Page},
};

use super::{
    again,
    crew::{self, Done},
    cut_off::Unproven,
    list_first::Alone,
    opening::{Opened, Opener},
    ring::{OwnSlip, Ring},
    stand_ins::holding,
};
use crate::{
    failure::Failure,
    model::{Entry, Gone},
    runtime::{
        erasure::{erasing::Erasures, handing_in, heard::Words, retention},
        fault,
        homes::{belonging::Belonging, home::Home, marks},
        rotation::units::names_unit,
    },
};

/// Rows read at first: so few that they are on the screen at once. Each page has twice as many as the one before it.
const FIRST_PAGE: Limit = Limit { items: 64, bytes: 1 << 20 };
/// Rows read at a time: each page is a drawing of the screen, and no key may have to wait for it.
const PAGE: Limit = Limit { items: 1024, bytes: 4 << 20 };

/// How much is read at a time, page after page.
pub(in crate::runtime) fn pages() -> impl Iterator<Item = Limit> {
    let larger = |size: &Limit| Some(Limit { items: size.items.saturating_mul(2).min(PAGE.items), ..PAGE });
    std::iter::successors(Some(FIRST_PAGE), larger)
}

/// What a replay found.
#[derive(Debug, Default)]
pub struct Replayed {
    /// Places in the journal.
    pub total: u64,
    /// Entries opened.
    pub opened: u64,
    /// Those of them that a reseal holds, their own envelope being gone.
    pub resealed: u64,
    /// Entries that others may read and this device may not.
    pub closed: u64,
    /// Places of which only the hash is held.
    pub elided: u64,
    /// Entries written into a case by somebody who does not belong to it.
    pub offered: Vec<EntryRef>,
    /// Rows or entries that should have opened and did not, with the reason.
    pub failed: Vec<(EntryRef, String)>,
    /// Keys that slips gave and that were not known before.
    pub new_keys: u64,
    /// Entries whose content is gone.
    pub gone: Vec<Gone>,
    /// What could not be done beside the reading.
    pub afterwards: Vec<Failure>,
}

impl Home {
    /// Opens everything readable, page by page; `take` gets each page's entries and how many places have been read.
    ///
    /// # Errors
    /// What the journal refuses; a damaged row is told of in [`Replayed::failed`] and stops nothing.
    pub fn replay(&mut self, take: impl FnMut(Vec<Entry>, u64)) -> Result<Replayed, Failure> {
        let (replayed, own) = self.replay_beside(take, |_alone| {})?;
        self.note_own(own);
        Ok(replayed)
    }

    /// The same, with something done between two pages by whoever can open a few entries alone, and what this device seals under still to be
    /// noted: nobody who reads has to wait for it.
    ///
    /// # Errors
    /// As [`Home::replay`].
    pub(super) fn replay_beside(
        &mut self,
        mut take: impl FnMut(Vec<Entry>, u64),
        mut between: impl FnMut(&Alone<'_>),
    ) -> Result<(Replayed, OwnSlips), Failure> {
        let mut replayed = Replayed::default();
        let mut belonging = self.trust.as_ref().map(|trust| Belonging::under(trust.roster())).unwrap_or_default();
        let firsts = marks::firsts(&self.journal).map_err(|error| fault::sync("reading the home's notes", &error))?;
        belonging.begin_with(firsts);
        self.read_orders()?;
        let mut set = Set { erasures: std::mem::take(&mut self.erasures), ..Set::default() };
        let opened = self.open_all(&mut belonging, &mut set, &mut replayed, (&mut take, &mut between));
        self.erasures = std::mem::take(&mut set.erasures);
        let mut opened = opened?;
        self.belonging = belonging;
        self.file_firsts()?;
        self.take_keys(opened.keys, &mut replayed)?;
        let given = self.rewrapped_keys(&set.rewraps)?;
        self.take_keys(given.keys, &mut replayed)?;
        opened.failed.extend(given.failed);
        if !set.damaged {
            replayed.afterwards.extend(self.sweep_parts(&set.listed).err());
        }
        self.lock_key_pages();
        let done = self.carry_out(std::mem::take(&mut set.named))?;
        replayed.afterwards.extend(done.afterwards);
        // What is not to go is opened after all: its slip first, and then what was read before its slip.
        opened.later.splice(..0, done.stay);
        let identities = self.identities();
        let mut opener = Opener::new(&self.ring, &identities, true);
        let mut rest = opener.open(opened.later);
        let before = rest.entries.len();
        self.open_resealed(&mut opener, &mut set, &mut rest);
        set.bare.retain(|entry| !self.went_along(entry).unwrap_or_default());
        replayed.resealed = count(rest.entries.len().saturating_sub(before));
        let me = self.device();
        let absent = |entry: &SealedEntry| {
            let own = || Some(entry).filter(|entry| entry.header.device == me).and_then(retention::at_headquarters);
            self.erasures.was_erased(entry).or_else(own)
        };
        let shut = std::mem::take(&mut set.shut);
        replayed.gone = shut.into_iter().chain(set.bare.iter().filter_map(absent)).chain(done.gone).collect();
        let lost = |entry: &&SealedEntry| {
            let opens = entry.header.kind == Kind::Slip && self.ring.holds(&entry.at());
            entry.header.device != me && !opens && self.erasures.names(entry).is_none()
        };
        let unread = set.bare.iter().filter(lost);
        self.words.note_failed(unread.map(SealedEntry::at));
        take(done.again, replayed.total);
        self.take_keys(rest.keys, &mut replayed)?;
        replayed.closed = replayed.closed.saturating_add(rest.closed);
        replayed.failed.extend(opened.failed.into_iter().chain(rest.failed));
        replayed.opened = replayed.opened.saturating_add(count(rest.entries.len()));
        self.learn(&rest.entries);
        take(rest.entries, replayed.total);
        let unheld = std::mem::take(&mut set.slips_to_hq).into_iter().filter(|at| !self.ring.holds(at));
        let apart = replayed.failed.iter().map(|(at, _)| *at).chain(replayed.offered.iter().copied());
        self.words.note_failed(unheld.chain(apart));
        self.stand_ins_read = std::mem::take(&mut set.stand_ins);
        self.mark_read()?;
        self.hear_readers(Covers::Nothing)?;
        Ok((replayed, set.own))
    }

    /// Notes under which slips this device seals on. Before that it begins a new one for every case.
    pub(super) fn note_own(&mut self, own: OwnSlips) {
        let me = self.device();
        for (case, slip) in own.slips {
            self.note_level(case, &slip.audience);
            self.ring.note_found(me, case, slip);
        }
        for (case, slip, readers) in own.rewraps {
            self.ring.note_rewrap(case, &slip, &readers);
        }
    }

    /// Content whose envelope is gone because a second reader opened the one that a reseal holds. What opens so is not bare any more.
    fn open_resealed(&self, opener: &mut Opener<'_>, set: &mut Set, opened: &mut Opened) {
        let mut reseals: HashMap<(EntryRef, Digest), Vec<SealedEntry>> = HashMap::new();
        let stood = self.stood();
        for reseal in set.reseals.drain(..).filter(|reseal| stood(&reseal.header)) {
            let target = reseal.header.target.map(|target| (target.entry, target.hash));
            if let Some(target) = target {
                reseals.entry(target).or_default().push(reseal);
            }
        }
        if reseals.is_empty() {
            return;
        }
        set.bare.retain(|entry| {
            if self.erasures.names(entry).is_some() {
                return true;
            }
            let held = reseals.get(&(entry.at(), entry.hash()));
            let mut failed = Vec::new();
            for reseal in held.into_iter().flatten().rev() {
                let mut one = Opened::default();
                if opener.resealed(entry, reseal, &mut one) {
                    opened.entries.append(&mut one.entries);
                    return false;
                }
                failed.append(&mut one.failed);
            }
            // Only where none of them opens is there anything to tell.
            opened.failed.append(&mut failed);
            true
        });
    }

    fn open_all(
        &mut self,
        belonging: &mut Belonging,
        set: &mut Set,
        replayed: &mut Replayed,
        (take, between): (&mut impl FnMut(Vec<Entry>, u64), &mut impl FnMut(&Alone<'_>)),
    ) -> Result<Opened, Failure> {
        let refused = |error| fault::sync("reading the journal", &error);
        let identities = self.identities();
        let unproven = self.unproven().map_err(refused)?;
        let me = self.device();
        let hq = self.trust.as_ref().and_then(|trust| trust.roster().unit_of_kind(UnitKind::Headquarters));
        let hq = hq.filter(|_| self.reads_for_hq()).map(|hq| hq.id);
        let (ring, journal) = (&self.ring, &self.journal);
        let (mut levels, mut handovers) = (std::mem::take(&mut self.levels), std::mem::take(&mut self.handovers));
        let (mut given, mut joins) = (std::mem::take(&mut self.given), std::mem::take(&mut self.joins));
        let (mut gathered, mut copies, mut words) = (Opened::default(), Vec::new(), Words::default());
        let (shut, mut handed_in) = (self.shut(), HashSet::new());
        let mut judge = Judge { ring, me, unproven, shut: &shut, hq, belonging, set, replayed };
        let mut gather = |opened: Opened, so_far: u64| {
            levels.learn(&opened.entries);
            handovers.learn(&opened.entries);
            given.learn(&opened.entries);
            joins.learn(&opened.entries);
            copies.extend(again::copies(&opened.entries, me));
            words.learn(&opened.entries);
            handed_in.extend(handing_in::handed_in_by(&opened.entries));
            gathered.keys.extend(opened.keys);
            gathered.later.extend(opened.later);
            gathered.failed.extend(opened.failed);
            take(opened.entries, so_far);
        };
        let (mut cursor, mut sizes, mut settled) = (Some(Cursor::START), pages(), false);
        let read = crew::work(ring, &identities, |crew| {
            loop {
                between(&Alone { journal, ring });
                // What is done comes before what is to be done: the first page is on the screen before the third is read.
                if let Some(done) = crew.next(cursor.is_some())? {
                    match done {
                        Done::Rows(page) => crew.open(judge.judge(page))?,
                        Done::Entries(opened) => {
                            let more = count(opened.entries.len());
                            judge.replayed.opened = judge.replayed.opened.saturating_add(more);
                            gather(opened, judge.replayed.total);
                        }
                    }
                } else if let Some(after) = cursor {
                    let size = sizes.next().unwrap_or(PAGE);
                    let page = journal.sealed_within(after, size, crew.room()).map_err(refused)?;
                    cursor = page.next;
                    crew.unseal(page)?;
                } else if !settled {
                    settled = true;
                    crew.open_besides(judge.settle(|| self.tenure()))?;
                } else {
                    return Ok(());
                }
            }
        });
        drop(shut);
        (self.levels, self.words, self.handovers) = (levels, words, handovers);
        (self.given, self.joins) = (given, joins);
        read?;
        self.let_go_by.extend(handed_in);
        self.again.extend(copies);
        Ok(gathered)
    }

    /// Keeps keys that slips gave, so that no slip is opened twice.
    pub(in crate::runtime) fn take_keys(
        &mut self,
        keys: Vec<super::opening::NewKey>,
        replayed: &mut Replayed,
    ) -> Result<(), Failure> {
        replayed.new_keys = replayed.new_keys.saturating_add(count(keys.len()));
        let mut rows = Vec::with_capacity(keys.len());
        for new in keys {
            self.ring.put(new.slip, new.case, new.key, super::ring::Purpose::Foreign);
            rows.push(new.row);
        }
        if rows.is_empty() {
            return Ok(());
        }
        self.journal.shelve(&rows, &[]).map_err(|error| fault::sync("keeping case keys", &error))
    }
}

/// What was found of slips that this device made.
#[derive(Default)]
#[must_use = "without it every case begins a new slip"]
pub(super) struct OwnSlips {
    slips: Vec<(CaseId, OwnSlip)>,
    /// Whom they name, each company once.
    audiences: HashSet<Arc<[Reader]>>,
    /// For whom they were wrapped anew.
    rewraps: Vec<(CaseId, EntryRef, Box<[Reader]>)>,
}

impl OwnSlips {
    fn note(&mut self, slip: &Header) {
        let audience = self.audiences.get(slip.audience.as_slice()).cloned().unwrap_or_else(|| {
            let audience: Arc<[Reader]> = slip.audience.as_slice().into();
            self.audiences.insert(Arc::clone(&audience));
            audience
        });
        self.slips.push((slip.case, OwnSlip::of(slip, audience)));
    }
}

/// What is set apart while the journal is read.
#[derive(Default)]
struct Set {
    erasures: Erasures,
    /// Named by an order: not opened before it is known whether it stays.
    named: Vec<SealedEntry>,
    /// Without an envelope.
    bare: Vec<SealedEntry>,
    /// Attachments of entries that are held.
    listed: HashSet<Digest>,
    /// Rewraps of slips whose key is not known.
    rewraps: Vec<SealedEntry>,
    /// Content in another envelope.
    reseals: Vec<SealedEntry>,
    /// By journal the last stand-in of others.
    stand_ins: HashMap<(DeviceId, JournalId), u64>,
    /// Whether a row did not open: what it lists is not known then.
    damaged: bool,
    /// By authors who do not belong to the case by anything read so far.
    waiting: Vec<SealedEntry>,
    /// What was handed in.
    shut: Vec<Gone>,
    own: OwnSlips,
    /// Slips for headquarters whose key was not known, on a device that reads for it.
    slips_to_hq: Vec<EntryRef>,
}

impl Set {
    /// Notes what holds something in another's place.
    fn note_stand_in(&mut self, entry: &SealedEntry, ring: &Ring, me: &DeviceId) {
        let header = &entry.header;
        if let Some(target) = header.target.filter(|target| header.wraps() && target.entry.device == *me) {
            self.own.rewraps.push((header.case, target.entry, header.audience.clone().into()));
        }
        if holding(header).is_some() && header.device != *me {
            let last = self.stand_ins.entry((header.device, header.journal)).or_default();
            *last = header.seq.max(*last);
        }
        match holding(header).map(|target| (target.change, target.entry)) {
            Some((Change::Rewrap, slip)) if !ring.holds(&slip) => self.rewraps.push(entry.clone()),
            Some((Change::Reseal, _)) => self.reseals.push(entry.clone()),
            _ => {}
        }
    }

    /// Whether the entry goes on; it is set apart otherwise.
    fn pass(&mut self, entry: &SealedEntry, belonging: &mut Belonging) -> bool {
        if self.erasures.note(&entry.header) {
            return false;
        }
        if entry.envelope.is_none() {
            self.bare.push(entry.clone());
        } else if self.erasures.names(entry).is_some() {
            belonging.note(&entry.header);
            self.named.push(entry.clone());
            return false;
        }
        true
    }
}

/// Whoever says what of the journal counts, in the order in which it was written.
struct Judge<'a> {
    ring: &'a Ring,
    me: DeviceId,
    unproven: Unproven,
    /// What stands here sealed and is not to be opened.
    shut: &'a dyn Fn(&Header) -> bool,
    /// Headquarters, where this device reads for it.
    hq: Option<UnitId>,
    belonging: &'a mut Belonging,
    set: &'a mut Set,
    replayed: &'a mut Replayed,
}

impl Judge<'_> {
    /// What of a page is to be opened.
    fn judge(&mut self, mut page: Page) -> Vec<SealedEntry> {
        let Self { replayed, set, .. } = self;
        replayed.elided = replayed.elided.saturating_add(page.elided);
        replayed.total = replayed.total.saturating_add(page.elided).saturating_add(count(page.entries.len()));
        set.damaged |= !page.damaged.is_empty();
        replayed.failed.extend(page.damaged.into_iter().map(|at| (at, "its row is damaged".to_owned())));
        // Nearly all of them stay where they are: few are set apart, and those are copied.
        page.entries.retain(|entry| self.counts(entry));
        page.entries
    }

    /// Whether the entry is to be opened. What counts in no case so far waits until all has been read.
    fn counts(&mut self, entry: &SealedEntry) -> bool {
        if entry.envelope.is_some() {
            self.set.listed.extend(entry.header.parts.iter().map(|part| part.digest));
        }
        if entry.header.device == self.me && entry.header.kind == Kind::Slip {
            self.set.own.note(&entry.header);
        }
        self.set.note_stand_in(entry, self.ring, &self.me);
        let whole_slip = entry.header.kind == Kind::Slip && entry.envelope.is_some();
        let for_hq = || self.hq.as_ref().is_some_and(|hq| names_unit(&entry.header, hq));
        if whole_slip && for_hq() && !self.ring.holds(&entry.at()) {
            self.set.slips_to_hq.push(entry.at());
        }
        if let Some(why) = self.unproven.word(entry) {
            self.replayed.failed.push((entry.at(), why));
            return false;
        }
        if !self.set.pass(entry, self.belonging) {
            return false;
        }
        let counts = self.belonging.note(&entry.header) || !entry.header.understood();
        if (self.shut)(&entry.header) {
            self.set.shut.extend(handing_in::handed(entry));
            return false;
        }
        if !counts {
            self.set.waiting.push(entry.clone());
        }
        counts
    }

    /// What was laid aside and counts after all; what does not is told of as offered.
    fn settle<'t>(&mut self, tenure: impl Fn() -> &'t Tenure) -> Vec<SealedEntry> {
        let (inside, offered) = self.belonging.settle(std::mem::take(&mut self.set.waiting), tenure);
        self.replayed.offered.extend(offered.iter().map(SealedEntry::at));
        inside
    }
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
