//! Slips rewrapped in batches, one after the other and several at once: while one batch is written, the one before it in the line is
//! signed and the next is wrapped, on all cores.
//!
//! ```text
//! found     slips of a page that name an older key, each with its case key
//! wrapped   each in a new age header                                     (all cores)
//! chained   each at its place, which names the one before it
//! signed                                                                 (all cores)
//! kept      in order, and how far that is with them, in one transaction
//! ```
//!
//! The last step alone leaves a trace. What was wrapped and signed and not kept yet when the program was killed, or whoever waits had enough,
//! is dropped; its slips are found again.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use amanat_keys::{
    case_key::CaseKey,
    error::KeysError,
    fingerprint::{CaseId, DeviceId, Digest},
    roster::Unit,
    slip::{SlipFault, SlipMaker},
};
use amanat_sync::{
    batch::{Item, Limit},
    entry::{Change, EntryRef, Header, Kind, Reader, SealedEntry, Slot, Target},
    error::SyncError,
    journal::{Journal as _, Keep, KnownHead, Line, Wanted},
};

use super::{
    units::{DOING, Tell, readers_today, stale_to},
    work::Work,
};
use crate::{
    failure::Failure,
    runtime::{
        entries::{
            opening::open_wrap,
            parallel,
            sealing::blank_header,
            stand_ins::{Newest, StoodIn},
        },
        fault,
        homes::{
            home::Home,
            marks::Mark,
            pen::{Pen, Readers},
        },
    },
};

/// Rewraps in one transaction: a twentieth of a second's work, so that a kill or a cancel costs no more than three of these.
const BATCH: usize = 512;
/// From so many slips on it is worth laying their readers' keys out first.
const MANY: usize = 128;
/// Rows read at a time.
const PAGE: Limit = Limit { items: 2048, bytes: 4 << 20 };

/// One slip to rewrap.
pub(in crate::runtime) struct Job {
    hash: Digest,
    target: Header,
    replaces: Option<Digest>,
    key: CaseKey,
    /// For whom.
    pub readers: Arc<Readers>,
}

impl Job {
    /// The case of its slip.
    pub(in crate::runtime) const fn case(&self) -> CaseId {
        self.target.case
    }
}

/// What to do about a slip that names an older key.
pub(in crate::runtime) enum Found {
    Job(Box<Job>),
    /// It does not open here, or nobody would read it: its place and its case.
    Shut(EntryRef, CaseId),
    Others,
}

/// The slips of one transaction, and how far the rotation has come with it.
struct Batch {
    jobs: Vec<Job>,
    work: Work,
}

/// An entry before it is signed: its header, and the envelope that this describes.
type Unsigned = (Header, Vec<u8>);

/// The same, each wrapped and at its place.
struct Chained {
    unsigned: Vec<Unsigned>,
    work: Work,
}

/// The same, ready to be kept.
struct Signed {
    entries: Vec<SealedEntry>,
    work: Work,
}

/// What any core can do for the line.
enum Task<'a> {
    Sign(Box<Unsigned>),
    Wrap(&'a Job, &'a SlipMaker),
}

enum Done {
    Signed(Box<Result<SealedEntry, SyncError>>),
    Wrapped(Result<Vec<u8>, SlipFault>),
}

impl Task<'_> {
    fn run(self, pen: &Pen) -> Done {
        match self {
            Self::Sign(unsigned) => {
                let (header, slip) = *unsigned;
                Done::Signed(Box::new(SealedEntry::sign(header, slip, &pen.signer)))
            }
            Self::Wrap(job, maker) => Done::Wrapped(maker.make(&job.key)),
        }
    }
}

/// The way through what every journal held when it began, batch by batch.
struct Walk<'a> {
    unit: &'a Unit,
    heads: VecDeque<KnownHead>,
    /// How far it is, once all that was found is kept.
    ahead: Work,
    /// Looked up when the first slip needs it: a pass that brings none costs no walk through what was rewrapped. A rotation knows it from the
    /// beginning: a case that was shared names the unit in the rewrap alone.
    stood: Option<StoodIn>,
    waiting: VecDeque<Batch>,
}

impl Walk<'_> {
    fn next(&mut self, home: &Home) -> Result<Option<Batch>, Failure> {
        loop {
            if let Some(batch) = self.waiting.pop_front() {
                return Ok(Some(batch));
            }
            let Some(known) = self.heads.front().copied() else { return Ok(None) };
            if !self.look_on(home, &known)? {
                self.heads.pop_front();
            }
        }
    }

    /// Looks through the next page of a journal. False at its end.
    fn look_on(&mut self, home: &Home, known: &KnownHead) -> Result<bool, Failure> {
        let stale = stale_to(self.unit);
        let place = (known.device, known.journal);
        let seq = self.ahead.passed.get(&place).copied().unwrap_or(0);
        if seq >= known.head.seq {
            return Ok(false);
        }
        let wanted = Wanted::After { device: place.0, journal: place.1, seq };
        let runs = home.journal.pending(&wanted, PAGE).map_err(|error| fault::sync(DOING, &error))?;
        let Some(last) = runs.iter().filter(|run| !run.items.is_empty()).map(|run| run.last()).max() else {
            return Ok(false);
        };
        let items: Vec<Item> = runs.into_iter().flat_map(|run| run.items).collect();
        let (mut jobs, mut left) = (Vec::new(), 0);
        let older = |entry: &SealedEntry| entry.header.kind == Kind::Slip && stale(&entry.header);
        if self.stood.is_some() || items.iter().filter_map(Item::entry).any(older) {
            let stood = match &mut self.stood {
                Some(known) => known,
                none => none.insert(home.stood_in(&stale)?),
            };
            for found in home.find(items.iter().filter_map(Item::entry), stood, &stale)? {
                match found {
                    Found::Job(job) => jobs.push(*job),
                    Found::Shut(..) | Found::Others => left += 1,
                }
            }
        }
        while !jobs.is_empty() {
            let rest = jobs.split_off(jobs.len().min(BATCH));
            // Where a page is not through, its slips are found again, and passed over by what stands in for them already.
            if rest.is_empty() {
                self.ahead.left += std::mem::take(&mut left);
                self.ahead.passed.insert(place, last);
            }
            self.ahead.rewrapped += u64::try_from(jobs.len()).unwrap_or(u64::MAX);
            self.waiting.push_back(Batch { jobs, work: self.ahead.clone() });
            jobs = rest;
        }
        self.ahead.left += left;
        self.ahead.passed.insert(place, last);
        Ok(true)
    }
}

impl Home {
    /// Goes through every journal from where it was left to where it ends now. False when whoever waits has had enough.
    pub(super) fn go_through(&mut self, unit: &Unit, work: &mut Work, tell: Tell<'_>) -> Result<bool, Failure> {
        let failed = |error| fault::sync(DOING, &error);
        // What this writes itself stands behind the heads that it begins with.
        let heads = self.journal.heads().map_err(failed)?.into();
        let stood = if work.done { None } else { Some(self.stood_in(stale_to(unit))?) };
        let waiting = VecDeque::new();
        let mut walk = Walk { unit, heads, ahead: work.clone(), stood, waiting };
        let mut found = walk.next(self)?;
        if found.is_none() {
            *work = walk.ahead;
            return Ok(true);
        }
        let pen = self.pen()?;
        let (mut slot, mut makers) = (None, Makers::default());
        let (mut chained, mut signed) = (None::<Chained>, None::<Signed>);
        while found.is_some() || chained.is_some() || signed.is_some() {
            let jobs = found.as_ref().map_or(&[][..], |batch| &batch.jobs);
            makers.prepare(jobs)?;
            let (unsigned, behind) = chained.take().map(|Chained { unsigned, work }| (unsigned, work)).unzip();
            let tasks = signs(unsigned.unwrap_or_default()).chain(makers.wraps(jobs)).collect();
            let (done, next) = parallel::beside(
                tasks,
                |task: Task<'_>| task.run(&pen),
                || {
                    if let Some(Signed { entries, work: upto }) = signed.take() {
                        self.keep_rewraps(entries, &upto)?;
                        *work = upto;
                        if !tell(work.rewrapped, work.total) {
                            return Ok(None);
                        }
                    }
                    walk.next(self).map(Some)
                },
            );
            let Some(next) = next? else { return Ok(false) };
            let (entries, slips) = parted(done)?;
            signed = behind.map(|work| Signed { entries, work });
            if let Some(Batch { jobs, work }) = found {
                let from = match slot {
                    Some(slot) => slot,
                    None => self.first_slot()?,
                };
                let (unsigned, after) = chain_rewraps(&pen, from, &jobs, slips)?;
                slot = Some(after);
                chained = Some(Chained { unsigned, work });
            }
            found = next;
        }
        *work = walk.ahead;
        Ok(true)
    }

    fn first_slot(&mut self) -> Result<Slot, Failure> {
        self.next = None;
        self.journal.next_slot(Line::Cases).map_err(|error| fault::sync(DOING, &error))
    }

    /// Keeps a batch together with how far it goes.
    fn keep_rewraps(&mut self, entries: Vec<SealedEntry>, work: &Work) -> Result<(), Failure> {
        self.next = None;
        let rows = vec![Mark::Rotation(&work.unit, work.row()).row()];
        let keep = Keep { entries, rows, drop: Vec::new() };
        let heads = self.journal.append(&keep).map_err(|error| fault::sync(DOING, &error))?;
        // The entries are kept; a file beside the database that could not be written changes nothing about it.
        self.note_heads(&heads).unwrap_or_default();
        Ok(())
    }

    /// The slips among these that need a rewrap, each with its key: known here, or opened now.
    pub(in crate::runtime) fn find<'e>(
        &self,
        entries: impl IntoIterator<Item = &'e SealedEntry>,
        stood: &StoodIn,
        stale: &impl Fn(&Header) -> bool,
    ) -> Result<Vec<Found>, Failure> {
        let needs = |entry| Some((entry, needs(entry, stood, stale)?));
        let slips: Vec<(&SealedEntry, Option<Newest>)> = entries.into_iter().filter_map(needs).collect();
        // A rewrap is read where it says who reads, or gives the key.
        let mut wraps: Vec<Option<SealedEntry>> = Vec::with_capacity(slips.len());
        for (_, newest) in &slips {
            wraps.push(newest.map(|newest| self.header_at(&newest.at)).transpose()?.flatten());
        }
        let keys = self.keys_of(&slips, &wraps);
        let (me, agency, roster) = (self.device(), self.agency()?, self.trust()?.roster());
        let mut today: HashMap<Vec<Reader>, Option<Arc<Readers>>> = HashMap::new();
        let mut may: HashMap<DeviceId, bool> = HashMap::new();
        let mut found = Vec::with_capacity(slips.len());
        for (((slip, newest), wrap), key) in slips.iter().zip(&wraps).zip(keys) {
            let audience = match newest {
                Some(_) => wrap.as_ref().map(|wrap| &wrap.header.audience),
                None => Some(&slip.header.audience),
            };
            let readers = audience.and_then(|audience| {
                if let Some(known) = today.get(audience) {
                    return known.clone();
                }
                let readers = readers_today(roster, audience).map(Arc::new);
                today.insert(audience.clone(), readers.clone());
                readers
            });
            let author = slip.header.device;
            let mine = *may.entry(author).or_insert_with(|| self.may_stand_in(&me, &author));
            found.push(match (key, readers) {
                _ if !mine || slip.header.agency != agency => Found::Others,
                (Some(key), Some(readers)) => Found::Job(Box::new(Job {
                    hash: slip.hash(),
                    target: slip.header.clone(),
                    replaces: newest.map(|newest| newest.hash),
                    key,
                    readers,
                })),
                _ => Found::Shut(slip.at(), slip.header.case),
            });
        }
        Ok(found)
    }

    /// The key of each slip: known here, if it is the one that the slip commits to, or opened out of the slip or its newest rewrap.
    fn keys_of(&self, slips: &[(&SealedEntry, Option<Newest>)], wraps: &[Option<SealedEntry>]) -> Vec<Option<CaseKey>> {
        let (identities, ring) = (self.identities(), &self.ring);
        let work: Vec<_> = slips.iter().zip(wraps).collect();
        parallel::each(&work, |((slip, _), wrap)| {
            let held = ring.key(&slip.at()).map(|(key, _)| key);
            let held = held.filter(|key| key.id(&slip.header.place()).as_bytes() == slip.header.commitment.as_bytes());
            if let Some(held) = held {
                return Some(held.clone());
            }
            // As long as its own envelope is there, nobody's rewrap is needed for it.
            let wrap = wrap.as_ref().filter(|_| slip.envelope.is_none()).unwrap_or(slip);
            open_wrap(&wrap.header, &slip.header, wrap.envelope.as_ref()?, &identities)?.ok()
        })
    }

    /// Rewraps at a place and after it, signed and not kept yet; and the place behind them.
    pub(in crate::runtime) fn seal_rewraps(
        &self,
        slot: Slot,
        jobs: &[Job],
    ) -> Result<(Vec<SealedEntry>, Slot), Failure> {
        let (pen, mut makers) = (self.pen()?, Makers::default());
        makers.prepare(jobs)?;
        let all = |tasks: Vec<Task<'_>>| parted(parallel::beside(tasks, |task| task.run(&pen), || ()).0);
        let (_, slips) = all(makers.wraps(jobs).collect())?;
        let (unsigned, slot) = chain_rewraps(&pen, slot, jobs, slips)?;
        let (entries, _) = all(signs(unsigned).collect())?;
        Ok((entries, slot))
    }
}

/// Who makes slips, by their readers.
#[derive(Default)]
struct Makers(HashMap<Vec<Reader>, (SlipMaker, bool)>);

impl Makers {
    /// Has one ready for each of these.
    fn prepare(&mut self, jobs: &[Job]) -> Result<(), Failure> {
        let many = jobs.len() >= MANY;
        for job in jobs {
            let Readers { audience, recipients } = &*job.readers;
            if self.0.get(audience).is_none_or(|(_, for_many)| many && !for_many) {
                let maker = if many { SlipMaker::for_many(recipients) } else { SlipMaker::new(recipients) };
                let maker = maker.map_err(|fault| fault::keys(DOING, &KeysError::from(fault)))?;
                self.0.insert(audience.clone(), (maker, many));
            }
        }
        Ok(())
    }

    fn wraps<'a>(&'a self, jobs: &'a [Job]) -> impl Iterator<Item = Task<'a>> {
        jobs.iter().filter_map(|job| Some(Task::Wrap(job, &self.0.get(&job.readers.audience)?.0)))
    }
}

fn signs<'a>(unsigned: Vec<Unsigned>) -> impl Iterator<Item = Task<'a>> {
    unsigned.into_iter().map(|unsigned| Task::Sign(Box::new(unsigned)))
}

/// What was signed and what was wrapped, each in its order.
fn parted(all: Vec<Done>) -> Result<(Vec<SealedEntry>, Vec<Vec<u8>>), Failure> {
    let (mut entries, mut slips) = (Vec::new(), Vec::new());
    for done in all {
        match done {
            Done::Signed(entry) => entries.push(entry.map_err(|error| fault::sync(DOING, &error))?),
            Done::Wrapped(slip) => slips.push(slip.map_err(|fault| fault::keys(DOING, &KeysError::from(fault)))?),
        }
    }
    Ok((entries, slips))
}

/// Gives each its place: every header names the link before it.
fn chain_rewraps(
    pen: &Pen,
    mut slot: Slot,
    jobs: &[Job],
    slips: Vec<Vec<u8>>,
) -> Result<(Vec<Unsigned>, Slot), Failure> {
    let mut unsigned = Vec::with_capacity(jobs.len());
    for (job, slip) in jobs.iter().zip(slips) {
        let header = rewrap_header(pen.roster, &slot, job, &slip);
        let bytes = header.encode().map_err(|error| fault::sync(DOING, &error))?;
        slot = slot.behind(&Digest::of(&bytes));
        unsigned.push((header, slip));
    }
    Ok((unsigned, slot))
}

fn rewrap_header((version, roster): (u64, Digest), slot: &Slot, job: &Job, slip: &[u8]) -> Header {
    let mut header = blank_header(version, slot, job.target.case, Kind::StandIn);
    header.audience = job.readers.audience.clone();
    header.roster.hash = Some(roster);
    header.commitment = job.target.commitment;
    header.digest = Digest::of(slip);
    header.size = u64::try_from(slip.len()).unwrap_or(u64::MAX);
    header.target = Some(Target {
        agency: job.target.agency,
        entry: job.target.at(),
        hash: job.hash,
        change: Change::Rewrap,
        replaces: job.replaces,
    });
    header
}

/// Whether a slip needs a rewrap, and which stand-in that replaces.
pub(in crate::runtime) fn needs(
    entry: &SealedEntry,
    stood: &StoodIn,
    stale: &impl Fn(&Header) -> bool,
) -> Option<Option<Newest>> {
    if entry.header.kind != Kind::Slip {
        return None;
    }
    let newest = stood.of.get(&entry.at()).copied();
    let needs = newest.map_or_else(|| stale(&entry.header), |newest| newest.marked);
    needs.then_some(newest)
}
