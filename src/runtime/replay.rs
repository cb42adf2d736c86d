//! After unlocking, the journal is read once and folded: one thread reads and authenticates rows, two open what they hold.
//!
//! There is no plaintext table to load, so this is the whole way to a casebook. Entries come out in pages, so that a screen
//! fills while the rest is still being opened.

use std::{
    collections::{HashMap, HashSet},
    num::NonZeroUsize,
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, Sender, channel, sync_channel},
    },
    thread,
};

use amanat_keys::fingerprint::{DeviceId, Digest};
use amanat_sync::{
    batch::Limit,
    entry::{Change, EntryRef, Header, Kind, SealedEntry},
    journal::{Cursor, Journal as _, Shelf},
};

use super::{
    again,
    belonging::Belonging,
    cut_off::Unproven,
    erasing::Erasures,
    fault, handing_in,
    home::Home,
    marks,
    opening::{Opened, Opener},
    retention::{self, Words},
    ring::Ring,
    stand_ins::holding,
};
use crate::{
    failure::Failure,
    model::{Entry, Gone},
};

/// Rows read at a time: small enough that the first page is on the screen at once.
const PAGE: Limit = Limit { items: 512, bytes: 4 << 20 };
/// Pages read ahead of the opening threads.
const AHEAD: usize = 8;

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
    pub fn replay(&mut self, mut take: impl FnMut(Vec<Entry>, u64)) -> Result<Replayed, Failure> {
        let mut replayed = Replayed::default();
        let mut belonging = self.trust.as_ref().map(|trust| Belonging::under(trust.roster())).unwrap_or_default();
        let marks =
            self.journal.shelf(Shelf::Marks).map_err(|error| fault::sync("reading the home's notes", &error))?;
        belonging.begin_with(marks::firsts(&marks));
        self.read_orders()?;
        let mut set = Set { erasures: std::mem::take(&mut self.erasures), ..Set::default() };
        let opened = self.open_all(&mut belonging, &mut set, &mut replayed, &mut take);
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
        let done = self.carry_out(std::mem::take(&mut set.named))?;
        replayed.afterwards.extend(done.afterwards);
        // What is not to go is opened after all: its slip first, and then what was read before its slip.
        opened.later.splice(..0, done.stay);
        let identities = self.identities();
        let mut opener = Opener::new(&self.ring, &identities, true);
        let mut rest = opener.open(opened.later);
        let before = rest.entries.len();
        self.open_resealed(&mut opener, &mut set, &mut rest);
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
        self.words.note_failed(replayed.failed.iter().map(|(at, _)| *at).chain(replayed.offered.iter().copied()));
        self.mark_read()?;
        Ok(replayed)
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
        take: &mut impl FnMut(Vec<Entry>, u64),
    ) -> Result<Opened, Failure> {
        let identities = self.identities();
        let unproven = self.unproven().map_err(|error| fault::sync("reading the journal", &error))?;
        let mut gathered = Opened::default();
        let (mut levels, mut handovers) = (std::mem::take(&mut self.levels), std::mem::take(&mut self.handovers));
        let (mut copies, mut words) = (Vec::new(), Words::default());
        let me = self.device();
        let (ring, journal) = (&self.ring, &self.journal);
        let (shut, mut handed_in) = (self.shut(), HashSet::new());
        let sieve = Sieve { ring, unproven, shut: &shut, me };
        let read = thread::scope(|scope| {
            let (work, jobs) = sync_channel::<Vec<SealedEntry>>(AHEAD);
            let (done, results) = channel();
            let jobs = Arc::new(Mutex::new(jobs));
            for _ in 0..openers() {
                let (jobs, done, identities) = (Arc::clone(&jobs), done.clone(), &identities);
                scope.spawn(move || open_pages(&jobs, &done, Opener::new(ring, identities, false)));
            }
            drop(done);
            let mut gather = |opened: Opened, so_far: u64, replayed: &mut Replayed| {
                replayed.opened = replayed.opened.saturating_add(count(opened.entries.len()));
                levels.learn(&opened.entries);
                handovers.learn(&opened.entries);
                copies.extend(again::copies(&opened.entries, me));
                words.learn(&opened.entries);
                handed_in.extend(handing_in::handed_in_by(&opened.entries));
                gathered.keys.extend(opened.keys);
                gathered.later.extend(opened.later);
                gathered.failed.extend(opened.failed);
                take(opened.entries, so_far);
            };
            let mut cursor = Some(Cursor::START);
            while let Some(after) = cursor {
                let page =
                    journal.entries_after(after, PAGE).map_err(|error| fault::sync("reading the journal", &error))?;
                cursor = page.next;
                replayed.elided = replayed.elided.saturating_add(page.elided);
                replayed.total = replayed.total.saturating_add(page.elided).saturating_add(count(page.entries.len()));
                let damaged = !page.damaged.is_empty();
                replayed.failed.extend(page.damaged.into_iter().map(|at| (at, "its row is damaged".to_owned())));
                set.damaged |= damaged;
                let inside = set.sort(page.entries, &sieve, belonging, replayed);
                // Both opening threads gone means both panicked, which the hook has told.
                if work.send(inside).is_err() {
                    return Err(Failure::failed("opening entries — a fault in the program", ""));
                }
                results.try_iter().for_each(|opened| gather(opened, replayed.total, replayed));
            }
            work.send(set.settle(belonging, replayed)).unwrap_or_default();
            drop(work);
            results.iter().for_each(|opened| gather(opened, replayed.total, replayed));
            Ok(())
        });
        drop(sieve);
        drop(shut);
        read?;
        (self.levels, self.words, self.handovers) = (levels, words, handovers);
        for header in set.own_slips.drain(..) {
            self.ring.note_own(&header);
            self.note_level(&header);
        }
        self.let_go_by.extend(handed_in);
        self.again.extend(copies);
        Ok(gathered)
    }

    /// Keeps keys that slips gave, so that no slip is opened twice.
    pub(super) fn take_keys(
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
    /// Whether a row did not open: what it lists is not known then.
    damaged: bool,
    /// By authors who do not belong to the case by anything read so far.
    waiting: Vec<SealedEntry>,
    /// What was handed in.
    shut: Vec<Gone>,
    own_slips: Vec<Header>,
}

/// What decides where an entry goes.
struct Sieve<'a> {
    ring: &'a Ring,
    unproven: Unproven,
    shut: &'a dyn Fn(&Header) -> bool,
    me: DeviceId,
}

impl Set {
    /// Notes what holds something in another's place.
    fn note_stand_in(&mut self, entry: &SealedEntry, ring: &Ring) {
        match holding(&entry.header).map(|target| (target.change, target.entry)) {
            Some((Change::Rewrap, slip)) if !ring.holds(&slip) => self.rewraps.push(entry.clone()),
            Some((Change::Reseal, _)) => self.reseals.push(entry.clone()),
            _ => {}
        }
    }

    /// Those of a page that are to be opened; all else is set apart, and what counts in no case so far waits until all has been read.
    fn sort(
        &mut self,
        page: Vec<SealedEntry>,
        sieve: &Sieve<'_>,
        belonging: &mut Belonging,
        replayed: &mut Replayed,
    ) -> Vec<SealedEntry> {
        let mut inside = Vec::with_capacity(page.len());
        for entry in page {
            if entry.envelope.is_some() {
                self.listed.extend(entry.header.parts.iter().map(|part| part.digest));
            }
            if entry.header.device == sieve.me && entry.header.kind == Kind::Slip {
                self.own_slips.push(entry.header.clone());
            }
            self.note_stand_in(&entry, sieve.ring);
            if let Some(why) = sieve.unproven.word(&entry) {
                replayed.failed.push((entry.at(), why));
                continue;
            }
            let Some(entry) = self.pass(entry, belonging) else { continue };
            let counts = belonging.note(&entry.header) || !entry.header.understood();
            if (sieve.shut)(&entry.header) {
                self.shut.extend(handing_in::handed(&entry));
            } else if counts {
                inside.push(entry);
            } else {
                self.waiting.push(entry);
            }
        }
        inside
    }

    /// What was laid aside and counts after all; what does not is told of as offered.
    fn settle(&mut self, belonging: &mut Belonging, replayed: &mut Replayed) -> Vec<SealedEntry> {
        let (inside, offered) = belonging.settle(std::mem::take(&mut self.waiting));
        replayed.offered.extend(offered.iter().map(SealedEntry::at));
        inside
    }

    /// The entry, unless it is set apart.
    fn pass(&mut self, entry: SealedEntry, belonging: &mut Belonging) -> Option<SealedEntry> {
        if self.erasures.note(&entry.header) {
            return None;
        }
        if entry.envelope.is_none() {
            self.bare.push(entry.clone());
        } else if self.erasures.names(&entry).is_some() {
            belonging.note(&entry.header);
            self.named.push(entry);
            return None;
        }
        Some(entry)
    }
}

fn open_pages(jobs: &Mutex<Receiver<Vec<SealedEntry>>>, done: &Sender<Opened>, mut opener: Opener<'_>) {
    loop {
        let job = jobs.lock().map(|jobs| jobs.recv());
        let Ok(Ok(page)) = job else { return };
        if done.send(opener.open(page)).is_err() {
            return;
        }
    }
}

fn openers() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get).clamp(1, 2)
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
