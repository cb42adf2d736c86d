//! What the screens get when a home has been unlocked: the list of cases as it was kept, where one fits; what was kept last, whole; and then,
//! behind it, everything. Whoever opens a case before the fold has come to it gets that one first.
//!
//! A case is told as whole when every entry of it that stood in the list, and every one kept since, has been opened; any other waits for the
//! end of the fold. So what lies above the list in the journals is looked at first: anything in it that is more than further content, and
//! the list is not shown at all.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use amanat_keys::fingerprint::{DeviceId, JournalId};
use amanat_sync::{
    batch::Limit,
    chain,
    entry::{EntryRef, Kind, SealedEntry},
    journal::{Journal as _, SqliteJournal},
};

use super::{
    kept_list::{Kept, Reached},
    opening::Opener,
    replay::Replayed,
    ring::Ring,
};
use crate::{
    failure::Failure,
    model::{CaseId, Entry, Listed},
    runtime::{fault, homes::home::Home, screen::seat::for_screens},
    ui::{Msg, Replay},
};

/// The case that a person wants to see before the rest.
pub type Asked = Arc<Mutex<Option<CaseId>>>;

/// Lines that are told at a time, and cases that are opened at a time: no key has to wait for more.
const LINES: usize = 2_048;
const CASES: usize = 256;
/// Cases that are opened before anybody asks: some pages of the list.
const NEWEST: usize = 128;
/// More than this above the list, and reading it first would be half the fold.
const TAIL: Limit = Limit { items: 20_000, bytes: 16 << 20 };

/// What opens single entries while the journal is read.
pub(in crate::runtime) struct Alone<'a> {
    pub(in crate::runtime) journal: &'a SqliteJournal,
    pub(in crate::runtime) ring: &'a Ring,
}

impl Alone<'_> {
    fn read(&self, places: &[EntryRef], counts: &Counts<'_>) -> Option<Vec<Entry>> {
        let mut page = self.journal.sealed_at(places).ok()?.open();
        page.entries.retain(counts);
        // Slips are left for the replay, and with them every identity.
        Some(Opener::new(self.ring, &HashMap::new(), true).open(page.entries).entries)
    }
}

/// Whether an entry counts, as far as that is known of it alone.
type Counts<'a> = dyn Fn(&SealedEntry) -> bool + 'a;

/// Where the entries of cases stand that have not been told as whole.
struct Unread {
    journals: Vec<Reached>,
    /// Whether what counted when the list was kept counts now.
    ahead: bool,
    listed: HashMap<CaseId, Box<[(u32, u64)]>>,
    /// What was kept in a case since.
    since: HashMap<CaseId, Vec<EntryRef>>,
    /// They are whole when the fold is through, and not before.
    waiting: HashSet<CaseId>,
}

impl Unread {
    /// Where everything of a case stands; nothing where it was told already, or has to wait.
    fn take(&mut self, case: &CaseId) -> Option<Vec<EntryRef>> {
        let (listed, since) = (self.listed.remove(case), self.since.remove(case));
        if self.waiting.contains(case) || (listed.is_none() && since.is_none()) {
            return None;
        }
        let place = |(at, seq): &(u32, u64)| {
            let Reached { device, journal, .. } = *self.journals.get(usize::try_from(*at).ok()?)?;
            Some(EntryRef { device, journal, seq: *seq })
        };
        let listed = listed.iter().flat_map(|places| places.iter()).filter_map(place);
        Some(listed.chain(since.into_iter().flatten()).collect())
    }

    /// Opens these cases: those of which everything counts and opened are told as whole.
    fn open(&mut self, alone: &Alone<'_>, cases: &[CaseId], counts: &Counts<'_>) -> Option<Msg> {
        let (mut places, mut wanted) = (Vec::new(), HashMap::new());
        for case in cases {
            if let Some(own) = self.take(case) {
                wanted.insert(*case, own.len());
                places.extend(own);
            }
        }
        let mut entries = alone.read(&places, counts)?;
        for entry in &entries {
            if let Some(left) = wanted.get_mut(&entry.case) {
                *left = left.saturating_sub(1);
            }
        }
        let (whole, half): (Vec<_>, Vec<_>) = wanted.into_iter().partition(|(_, left)| *left == 0);
        self.waiting.extend(half.into_iter().map(|(case, _)| case));
        entries.retain(|entry| !self.waiting.contains(&entry.case));
        let cases: Vec<CaseId> = whole.into_iter().map(|(case, _)| case).collect();
        (!cases.is_empty()).then(|| Msg::Whole { entries: for_screens(entries), cases })
    }
}

/// What lies above a list.
#[derive(Default)]
struct Tail {
    since: HashMap<CaseId, Vec<EntryRef>>,
    waiting: HashSet<CaseId>,
    /// Cases with a slip in it.
    slips: HashSet<CaseId>,
}

impl Home {
    /// Tells the screens what is here: what is usable at once first, then everything, with how far it is.
    ///
    /// # Errors
    /// What the journal refuses.
    pub fn show(&mut self, asked: &Asked, tell: &mut dyn FnMut(Msg)) -> Result<Replayed, Failure> {
        let heads = self.journal.heads().map_err(|error| fault::sync("reading the journal", &error))?;
        let total: u64 = heads.iter().map(|known| known.head.seq).sum();
        // What the screens have been told in full is known when it has been.
        self.shown.clear();
        let mut unread = self.show_list(tell);
        if unread.is_none() {
            // What does not come now comes with the rest, and the replay says why.
            tell(Msg::Arrived(for_screens(self.newest().unwrap_or_default())));
        }
        tell(Msg::Replaying(Replay { done: 0, total }));
        let tell = RefCell::new(tell);
        let say = |msg| (tell.borrow_mut())(msg);
        let page = |entries, done: u64| {
            say(Msg::Arrived(for_screens(entries)));
            // Rows are counted when they are read, and some are still being opened then: only the last word says that all is told.
            say(Msg::Replaying(Replay { done: done.min(total.saturating_sub(1)), total }));
        };
        let between = |alone: &Alone<'_>| {
            let case = asked.lock().unwrap_or_else(PoisonError::into_inner).take();
            // Under another roster it waits for the end: what counts is being found out.
            let ahead = unread.as_mut().filter(|unread| unread.ahead);
            let opened = case.zip(ahead).and_then(|(case, unread)| unread.open(alone, &[case], &|_| true));
            opened.into_iter().for_each(&say);
        };
        let (mut replayed, own) = self.replay_beside(page, between)?;
        say(Msg::Gone(std::mem::take(&mut replayed.gone)));
        say(Msg::Replaying(Replay { done: total, total }));
        self.note_own(own);
        self.shown = heads.iter().map(Reached::from).collect();
        Ok(replayed)
    }

    /// The list as it was kept, and whole what was kept last and since; nothing where there is none that fits.
    fn show_list(&mut self, tell: &mut dyn FnMut(Msg)) -> Option<Unread> {
        let kept = self.kept_list()?;
        let orders = self.read_orders();
        let unread = orders.ok().and_then(|()| self.show_kept(kept, tell));
        if unread.is_none() {
            self.throw_list_away();
        }
        unread
    }

    fn show_kept(&self, kept: Kept, tell: &mut dyn FnMut(Msg)) -> Option<Unread> {
        let Kept { mut lines, journals, ahead } = kept;
        let counts = self.counts_alone().ok()?;
        let Tail { since, mut waiting, slips } = self.tail(&journals, &counts)?;
        // What is gone of a case is known at the end alone.
        // A slip above the list may let in what was only offered below it.
        let let_in = |line: &Listed| !line.places.is_empty() && slips.contains(&line.id);
        let waits = |line: &&Listed| !line.whole() || let_in(line);
        waiting.extend(lines.iter().filter(waits).map(|line| line.id));
        let mut newest: Vec<(i64, CaseId)> = lines.iter().map(|line| (line.newest, line.id)).collect();
        if newest.len() > NEWEST {
            newest.select_nth_unstable_by(NEWEST, |one, other| other.0.cmp(&one.0).then(one.1.cmp(&other.1)));
            newest.truncate(NEWEST);
        }
        let first: Vec<CaseId> = since.keys().copied().chain(newest.into_iter().map(|(_, id)| id)).collect();
        let listed = lines.iter_mut().map(|line| (line.id, std::mem::take(&mut line.places))).collect();
        tell_lines(lines, tell);
        let mut unread = Unread { journals, ahead, listed, since, waiting };
        let alone = Alone { journal: &self.journal, ring: &self.ring };
        let counts = |entry: &SealedEntry| ahead || counts(entry);
        for cases in first.chunks(CASES) {
            unread.open(&alone, cases, &counts).into_iter().for_each(&mut *tell);
        }
        Some(unread)
    }

    /// What was kept since; nothing where that is too much, or anything but further content.
    fn tail(&self, journals: &[Reached], counts: &Counts<'_>) -> Option<Tail> {
        let known = self.journal.heads().ok()?;
        let place = |device: &DeviceId, journal: &JournalId| {
            journals.iter().find(|reached| (reached.device, reached.journal) == (*device, *journal))
        };
        let (mut tail, mut left) = (Tail::default(), TAIL);
        let mut found = 0;
        for known in &known {
            let from = place(&known.device, &known.journal);
            found += usize::from(from.is_some());
            let begin = || chain::Head { seq: 0, link: chain::link0(&known.agency, &known.device, &known.journal) };
            let from = from.map_or_else(begin, |reached| reached.head);
            let above = known.head.seq.checked_sub(from.seq)?;
            left.items = left.items.checked_sub(above)?;
            let page = self.journal.sealed_beyond((&known.device, &known.journal), from, TAIL).ok()??;
            if page.next.is_some() {
                return None;
            }
            let page = page.open();
            if !page.damaged.is_empty() {
                return None;
            }
            for entry in &page.entries {
                let case = CaseId::from(entry.header.case);
                match entry.header.kind {
                    Kind::Slip => drop(tail.slips.insert(case)),
                    Kind::Sealed if entry.envelope.is_some() && entry.header.target.is_none() => {
                        if counts(entry) {
                            tail.since.entry(case).or_default().push(entry.at());
                        } else {
                            tail.waiting.insert(case);
                        }
                    }
                    Kind::Sealed | Kind::StandIn | Kind::Later(_) => return None,
                }
            }
        }
        (found == journals.len()).then_some(tail)
    }
}

fn tell_lines(mut lines: Vec<Listed>, tell: &mut dyn FnMut(Msg)) {
    loop {
        let rest = lines.split_off(lines.len().min(LINES));
        let last = rest.is_empty();
        tell(Msg::Listed { lines, last });
        if last {
            return;
        }
        lines = rest;
    }
}
