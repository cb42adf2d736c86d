//! A new key for a unit: offered by a custodian's device, listed by the admins, and every slip of the unit's cases rewrapped to it
//! (`FORMATS.md` sections 4 and 5, `DESIGN.md` section 4, invariant 11).
//!
//! ```text
//! look    every slip that names the unit's key is opened; nothing is written
//! offer   a new identity: durable, read back and tried; its request goes to the admins        [kill: the same request again]
//! listed  their next roster names it; wrapped to the unit's readers and to recovery, read back
//! rewrap  slips in batches; each batch and how far it goes are one transaction                [kill: goes on with the next batch]
//! certify signed: how many, how many are left, who has not heard of it yet
//! ```
//!
//! Older envelopes go only when another reader's device has opened the new ones (`stand_ins`). Whom a slip is wrapped to comes from the
//! adopted roster alone; an officer who is offline seals to the old key, and what comes late is rewrapped when it comes.

use std::collections::BTreeMap;

use amanat_keys::{
    case_key::CaseKey,
    error::KeysError,
    fingerprint::{CaseId, DeviceId, Digest, KeyId, UnitId},
    recipient::{Recipient, RecipientKind},
    roster::{Roster, Unit},
    rotation::RotationWord,
    slip::Slip,
    statement::Statement,
};
use amanat_sync::{
    batch::{Item, Limit},
    chain,
    entry::{Change, Header, Kind, Reader, SealedEntry, Slot, Target},
    journal::{Journal as _, Keep, KnownHead, Line, Wanted},
};

use super::{
    fault,
    home::Home,
    marks::{self, Mark},
    opening::open_wrap,
    parallel,
    pen::Readers,
    rotation_work::Work,
    sealing::blank_header,
    stand_ins::{Newest, StoodIn},
};
use crate::failure::Failure;

pub(super) const DOING: &str = "rotating the unit's key";
/// Rewraps in one transaction: a tenth of a second's work, so that a kill or a cancel costs no more.
const BATCH: usize = 1024;
/// Rows read at a time.
const PAGE: Limit = Limit { items: 2048, bytes: 4 << 20 };

/// How far it has come, for whoever waits; the answer says whether to go on.
pub type Tell<'a> = &'a mut dyn FnMut(u64, u64) -> bool;

/// What looking at all slips of a unit found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// Slips that open and that this device may rewrap.
    pub open: u64,
    /// Slips that do not open here.
    pub shut: u64,
    /// Slips that another custodian must rewrap.
    pub others: u64,
}

/// What came of a call.
#[derive(Debug)]
pub enum Rotated {
    /// The key is made, and waits for the admins.
    Offered {
        /// For `roster approve`.
        request: Statement,
        /// Read aloud.
        words: String,
        /// What was looked at first.
        looked: Looked,
    },
    /// Stopped by whoever waits; the same call goes on.
    Stopped {
        /// Slips rewrapped so far.
        rewrapped: u64,
        /// Of so many.
        total: u64,
    },
    /// All that is held has been rewrapped.
    Done {
        /// What was signed.
        word: RotationWord,
        /// Slips rewrapped by this call.
        now: u64,
        /// Whether the recovery identity can open the unit's new key.
        escrowed: bool,
    },
}

/// One slip to rewrap.
pub(super) struct Job {
    hash: Digest,
    target: Header,
    replaces: Option<Digest>,
    key: CaseKey,
    /// For whom.
    pub readers: Readers,
}

impl Job {
    /// The case of its slip.
    pub(super) const fn case(&self) -> CaseId {
        self.target.case
    }
}

/// What to do about a slip that names an older key.
pub(super) enum Found {
    Job(Box<Job>),
    Shut,
    Others,
}

impl Home {
    /// Rotates a unit's key as far as it can go now: offers a new one, or rewraps once a roster lists it. Safe to call again whatever
    /// stopped it.
    ///
    /// # Errors
    /// Refused where this device may not, where the roster is forked or where the unit's present key is not held; what the journal
    /// refuses.
    pub fn rotate_unit(&mut self, unit: UnitId, tell: Tell<'_>) -> Result<Rotated, Failure> {
        self.rotate_unit_to(None, unit, tell)
    }

    /// The same, with a next key of a kind that is asked for and stronger than the agency's: for the roster that raises it.
    ///
    /// # Errors
    /// As [`Home::rotate_unit`]; refused for a kind that falls.
    pub fn rotate_unit_to(
        &mut self,
        kind: Option<RecipientKind>,
        unit: UnitId,
        tell: Tell<'_>,
    ) -> Result<Rotated, Failure> {
        let kind = self.kind_asked(kind)?;
        let unit = self.may_rotate(unit)?;
        let current = unit.recipient.as_ref().map(Recipient::key_id);
        match self.work_on(&unit.id)? {
            Some(work) if work.epoch == 0 && Some(work.offered) != current => self.offer_again(&unit, &work),
            Some(work) if !work.done && (work.epoch == 0 || work.epoch == unit.epoch) => self.rewrap(&unit, work, tell),
            Some(work) if work.done && Some(work.offered) == current => self.offer(&unit, kind),
            // Another custodian has rotated it since this device last did, or it never did.
            Some(_) | None if self.is_unfinished(&unit)? => {
                let work = self.take_up(&unit)?;
                self.rewrap(&unit, work, tell)
            }
            Some(_) | None => self.offer(&unit, kind),
        }
    }

    fn may_rotate(&self, unit: UnitId) -> Result<Unit, Failure> {
        let refused = |what: &str, hint: &str| Failure::refused(format!("{DOING} — {what}"), hint);
        let (me, roster) = (self.listed()?, self.trust()?.roster());
        let held =
            roster.unit(&unit).ok_or_else(|| refused("the roster has no such unit", "See: amanat roster show"))?;
        if !roster.may_stand_in(&me.id, &unit) {
            return Err(refused(
                "this device is no custodian of it",
                "A supervisor rotates the key of their station, a custodian at headquarters that of headquarters.",
            ));
        }
        if self.rivals() > 0 {
            return Err(refused("two valid rosters of one number are about", "Let the admins settle that first."));
        }
        if held.recipient.is_none() {
            return Err(refused("it has no key yet", "Its first reader brings one."));
        }
        Ok(held.clone())
    }

    fn work_on(&self, unit: &UnitId) -> Result<Option<Work>, Failure> {
        let marks = marks::few(&self.journal).map_err(|error| fault::sync(DOING, &error))?;
        Ok(marks::rotations(&marks).find(|(of, _)| of == unit).and_then(|(_, row)| Work::read(row)))
    }

    /// Everything is opened before anything is made.
    ///
    /// # Errors
    /// What the journal refuses.
    pub fn look_at_slips(&self, unit: &Unit) -> Result<Looked, Failure> {
        let mut looked = Looked::default();
        let names = |header: &Header| names_unit(header, unit);
        let stood = self.stood_in(names)?;
        let heads = self.journal.heads().map_err(|error| fault::sync(DOING, &error))?;
        for known in heads {
            self.each_after((known.device, known.journal), 0, |_, _, items| {
                for found in self.find(&items, &stood, &names)? {
                    match found {
                        Found::Job(_) => looked.open += 1,
                        Found::Shut => looked.shut += 1,
                        Found::Others => looked.others += 1,
                    }
                }
                Ok(())
            })?;
        }
        Ok(looked)
    }

    /// Whether slips still name an older key of the unit: another custodian's rotation, which this device can end as well.
    fn is_unfinished(&self, unit: &Unit) -> Result<bool, Failure> {
        Ok(!unit.retired.is_empty() && self.count_stale(unit)? > 0)
    }

    fn count_stale(&self, unit: &Unit) -> Result<u64, Failure> {
        let stale = |header: &Header| is_stale(header, unit);
        let stood = self.stood_in(stale)?;
        let (mut count, me) = (0, self.device());
        for known in self.journal.heads().map_err(|error| fault::sync(DOING, &error))? {
            self.each_after((known.device, known.journal), 0, |_, _, items| {
                let slips = items.iter().filter_map(Item::entry).filter(|entry| needs(entry, &stood, &stale).is_some());
                let mine = slips.filter(|entry| self.may_stand_in(&me, &entry.header.device)).count();
                count += u64::try_from(mine).unwrap_or(u64::MAX);
                Ok(())
            })?;
        }
        Ok(count)
    }

    fn take_up(&self, unit: &Unit) -> Result<Work, Failure> {
        let offered = unit.recipient.as_ref().map_or(KeyId::from_bytes([0; 32]), |current| current.key_id());
        Ok(Work {
            unit: unit.id,
            offered,
            request: Vec::new(),
            epoch: unit.epoch,
            total: self.count_stale(unit)?,
            rewrapped: 0,
            left: 0,
            done: false,
            passed: BTreeMap::new(),
        })
    }

    /// Rewraps what is held, from where it was left.
    fn rewrap(&mut self, unit: &Unit, mut work: Work, tell: Tell<'_>) -> Result<Rotated, Failure> {
        let escrowed = self.wrapped_and_read_back(unit)?;
        if work.epoch == 0 {
            work.epoch = unit.epoch;
            work.total = self.count_stale(unit)?;
            self.remember(&Mark::Rotation(&unit.id, work.row()))?;
        }
        let before = work.rewrapped;
        if !self.go_through(unit, &mut work, tell)? {
            return Ok(Rotated::Stopped { rewrapped: work.rewrapped, total: work.total });
        }
        // The word first: killed between the two, the same command says it again; the other way round it would never be said.
        let word = self.certify(unit, &work)?;
        work.done = true;
        self.remember(&Mark::Rotation(&unit.id, work.row()))?;
        Ok(Rotated::Done { word, now: work.rewrapped.saturating_sub(before), escrowed })
    }

    /// Goes through every journal from where it was left to where it ends now. False when whoever waits has had enough.
    fn go_through(&mut self, unit: &Unit, work: &mut Work, tell: Tell<'_>) -> Result<bool, Failure> {
        let stale = |header: &Header| is_stale(header, unit);
        let heads = self.journal.heads().map_err(|error| fault::sync(DOING, &error))?;
        let ahead =
            |known: &&KnownHead| work.passed.get(&(known.device, known.journal)).is_none_or(|at| *at < known.head.seq);
        let heads: Vec<KnownHead> = heads.iter().filter(ahead).copied().collect();
        if heads.is_empty() {
            return Ok(true);
        }
        // Looked up when the first slip needs it: a pass that brings none costs no walk through what was rewrapped.
        let mut stood: Option<StoodIn> = None;
        for known in heads {
            let place = (known.device, known.journal);
            loop {
                let seq = work.passed.get(&place).copied().unwrap_or(0);
                let wanted = Wanted::After { device: place.0, journal: place.1, seq };
                let runs = self.journal.pending(&wanted, PAGE).map_err(|error| fault::sync(DOING, &error))?;
                let last = runs.iter().filter(|run| !run.items.is_empty()).map(|run| run.last()).max();
                // What this writes itself stands behind the head that it began with.
                let Some(last) = last.filter(|_| seq < known.head.seq) else { break };
                let items: Vec<Item> = runs.into_iter().flat_map(|run| run.items).collect();
                let (mut jobs, mut left) = (Vec::new(), 0);
                // A slip whose newest rewrap names an older key names an older one itself.
                let older = |entry: &SealedEntry| entry.header.kind == Kind::Slip && stale(&entry.header);
                if !items.iter().filter_map(Item::entry).any(older) {
                    work.passed.insert(place, last);
                    continue;
                }
                let known_stood = match &mut stood {
                    Some(known) => known,
                    none => none.insert(self.stood_in(stale)?),
                };
                for found in self.find(&items, known_stood, &stale)? {
                    match found {
                        Found::Job(job) => jobs.push(*job),
                        Found::Shut | Found::Others => left += 1,
                    }
                }
                let mut batches = jobs.chunks(BATCH).peekable();
                while let Some(batch) = batches.next() {
                    // Where a page is not through, its slips are found again, and passed over by what stands in for them already.
                    if batches.peek().is_none() {
                        work.passed.insert(place, last);
                        work.left += left;
                    }
                    work.rewrapped += u64::try_from(batch.len()).unwrap_or(u64::MAX);
                    self.keep_rewraps(batch, work)?;
                    if !tell(work.rewrapped, work.total) {
                        return Ok(false);
                    }
                }
                if work.passed.insert(place, last) != Some(last) {
                    work.left += left;
                }
            }
        }
        Ok(true)
    }

    /// The slips among these that need a rewrap, each with its key: known here, or opened now.
    pub(super) fn find(
        &self,
        items: &[Item],
        stood: &StoodIn,
        stale: &impl Fn(&Header) -> bool,
    ) -> Result<Vec<Found>, Failure> {
        let me = self.device();
        let slips: Vec<(&SealedEntry, Option<Newest>)> = items
            .iter()
            .filter_map(Item::entry)
            .filter_map(|entry| Some((entry, needs(entry, stood, stale)?)))
            .collect();
        let identities = self.identities();
        let mut wraps: Vec<Option<SealedEntry>> = Vec::with_capacity(slips.len());
        for (slip, newest) in &slips {
            let known = self.ring.holds(&slip.at()) || slip.envelope.is_some();
            wraps.push(match newest {
                Some(newest) if !known => self.header_at(&newest.at)?,
                _ => None,
            });
        }
        let work: Vec<_> = slips.iter().zip(&wraps).collect();
        let known = &self.ring;
        let keys = parallel::each(&work, |((slip, _), wrap)| {
            let place = slip.header.place();
            let held = known.key(&slip.at()).map(|(key, _)| key.clone());
            let held = held.filter(|key| key.id(&place).as_bytes() == slip.header.commitment.as_bytes());
            let wrap = wrap.as_ref().unwrap_or(slip);
            held.or_else(|| open_wrap(&wrap.header, &slip.header, wrap.envelope.as_ref()?, &identities)?.ok())
        });
        let roster = self.trust()?.roster();
        let agency = self.agency()?;
        let mut found = Vec::with_capacity(slips.len());
        for (((slip, newest), wrap), key) in slips.iter().zip(&wraps).zip(keys) {
            let audience = match newest {
                Some(newest) if wrap.is_none() => self.header_at(&newest.at)?.map(|entry| entry.header.audience),
                Some(_) => wrap.as_ref().map(|wrap| wrap.header.audience.clone()),
                None => Some(slip.header.audience.clone()),
            };
            let readers = audience.and_then(|audience| readers_today(roster, &audience));
            found.push(match (key, readers) {
                _ if !self.may_stand_in(&me, &slip.header.device) || slip.header.agency != agency => Found::Others,
                (Some(key), Some(readers)) => Found::Job(Box::new(Job {
                    hash: slip.hash(),
                    target: slip.header.clone(),
                    replaces: newest.map(|newest| newest.hash),
                    key,
                    readers,
                })),
                _ => Found::Shut,
            });
        }
        Ok(found)
    }

    /// Seals a batch and keeps it together with how far it goes.
    fn keep_rewraps(&mut self, jobs: &[Job], work: &Work) -> Result<(), Failure> {
        let failed = |error| fault::sync(DOING, &error);
        self.next = None;
        let slot = self.journal.next_slot(Line::Cases).map_err(failed)?;
        let (entries, _next) = self.seal_rewraps(slot, jobs)?;
        let rows = vec![Mark::Rotation(&work.unit, work.row()).row()];
        let heads = self.journal.append(&Keep { entries, rows, drop: Vec::new() }).map_err(failed)?;
        // The entries are kept; a file beside the database that could not be written changes nothing about it.
        self.note_heads(&heads).unwrap_or_default();
        Ok(())
    }

    /// Rewraps at a place and after it, signed and not kept yet; and the place behind them.
    pub(super) fn seal_rewraps(&self, mut slot: Slot, jobs: &[Job]) -> Result<(Vec<SealedEntry>, Slot), Failure> {
        let failed = |error| fault::sync(DOING, &error);
        let pen = self.pen()?;
        let slips = parallel::each(jobs, |job| Slip::make(&job.key, &job.readers.recipients));
        let mut unsigned = Vec::with_capacity(jobs.len());
        for (job, slip) in jobs.iter().zip(slips) {
            let slip = slip.map_err(|fault| fault::keys(DOING, &KeysError::from(fault)))?;
            let header = rewrap_header(pen.roster, &slot, job, &slip);
            let bytes = header.encode().map_err(failed)?;
            let prev = chain::link(&slot.prev, &Digest::of(&bytes));
            slot = Slot { seq: slot.seq.saturating_add(1), prev, ..slot };
            unsigned.push((header, slip));
        }
        let signed =
            parallel::each(&unsigned, |(header, slip)| SealedEntry::sign(header.clone(), slip.clone(), &pen.signer));
        let entries = signed.into_iter().collect::<Result<Vec<_>, _>>().map_err(failed)?;
        Ok((entries, slot))
    }

    /// After a pass: slips to an older key that came late are rewrapped where this device has rotated it. How many.
    ///
    /// # Errors
    /// What the journal refuses.
    pub(super) fn rewrap_late(&mut self) -> Result<u64, Failure> {
        let marks = marks::few(&self.journal).map_err(|error| fault::sync(DOING, &error))?;
        let works: Vec<Work> = marks::rotations(&marks).filter_map(|(_, row)| Work::read(row)).collect();
        let mut late = 0;
        for mut work in works.into_iter().filter(|work| work.done) {
            let Ok(unit) = self.may_rotate(work.unit) else { continue };
            // Where another custodian has rotated it since, what is late is theirs: two rewraps of one slip help nobody.
            if unit.recipient.as_ref().is_none_or(|key| key.key_id() != work.offered) {
                continue;
            }
            let (before, passed) = (work.rewrapped, work.passed.clone());
            self.go_through(&unit, &mut work, &mut |_, _| true)?;
            let now = work.rewrapped.saturating_sub(before);
            if now > 0 || work.passed != passed {
                self.remember(&Mark::Rotation(&unit.id, work.row()))?;
                self.certify(&unit, &work)?;
            }
            late += now;
        }
        Ok(late)
    }
}

/// The unit, by whichever of its keys.
fn names_unit(header: &Header, unit: &Unit) -> bool {
    header.audience.iter().any(|reader| reader.id.as_bytes() == unit.id.as_bytes())
}

/// Whether a slip or a rewrap names an older key of the unit.
fn is_stale(header: &Header, unit: &Unit) -> bool {
    let current = unit.recipient.as_ref().map(|recipient| recipient.key_id());
    let older = |reader: &Reader| reader.id.as_bytes() == unit.id.as_bytes() && Some(reader.key) != current;
    header.audience.iter().any(older)
}

/// Whether a slip needs a rewrap, and which stand-in that replaces.
fn needs(entry: &SealedEntry, stood: &StoodIn, stale: &impl Fn(&Header) -> bool) -> Option<Option<Newest>> {
    if entry.header.kind != Kind::Slip {
        return None;
    }
    let newest = stood.of.get(&entry.at()).copied();
    let needs = newest.map_or_else(|| stale(&entry.header), |newest| newest.marked);
    needs.then_some(newest)
}

/// The same readers with the keys that the adopted roster names for them today; who is not in it any more goes. `None` when nobody is
/// left, or somebody belongs to another agency, of which this roster says nothing.
pub(super) fn readers_today(roster: &Roster, audience: &[Reader]) -> Option<Readers> {
    let mut today = BTreeMap::new();
    for reader in audience {
        if reader.agency != roster.agency_id() {
            return None;
        }
        let unit = roster.unit(&UnitId::from_bytes(*reader.id.as_bytes())).and_then(|unit| unit.recipient.clone());
        let device = || roster.device(&DeviceId::from_bytes(*reader.id.as_bytes())).filter(|device| device.is_active());
        let recipient = unit.or_else(|| device().map(|device| device.recipient.clone()));
        if let Some(recipient) = recipient {
            today.insert(Reader { key: recipient.key_id(), ..*reader }, recipient);
        }
    }
    let (audience, recipients): (Vec<_>, Vec<_>) = today.into_iter().unzip();
    (!audience.is_empty()).then_some(Readers { audience, recipients })
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
