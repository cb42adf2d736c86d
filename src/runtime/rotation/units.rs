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
    fingerprint::{CaseId, DeviceId, KeyId, UnitId},
    recipient::{Recipient, RecipientKind},
    roster::{Roster, Unit},
    rotation::RotationWord,
    statement::Statement,
};
use amanat_sync::{
    entry::{EntryRef, Header, Reader},
    journal::Journal as _,
};

use super::{
    rewrapping::{Found, needs},
    work::Work,
};
use crate::{
    failure::Failure,
    runtime::{
        fault,
        homes::{
            home::Home,
            marks::{self, Mark},
            pen::Readers,
        },
    },
};

pub(in crate::runtime) const DOING: &str = "rotating the unit's key";

/// How far it has come, for whoever waits; the answer says whether to go on.
pub type Tell<'a> = &'a mut dyn FnMut(u64, u64) -> bool;

/// What looking at all slips of a unit found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// Slips that open and that this device may rewrap.
    pub open: u64,
    /// Slips that this device should rewrap and cannot open, each with its case.
    pub shut: Vec<(EntryRef, CaseId)>,
    /// Slips that another custodian must rewrap.
    pub others: u64,
}

/// What the next call would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ahead {
    /// Make a key and offer it to the admins.
    Offer(Looked),
    /// Offer the same key again: no roster lists it yet.
    Waits(Looked),
    /// Rewrap, or go on with it.
    Rewrap {
        /// Slips rewrapped so far.
        rewrapped: u64,
        /// Of so many.
        total: u64,
    },
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

    /// What [`Home::rotate_unit`] would do now; nothing is changed.
    ///
    /// # Errors
    /// As [`Home::rotate_unit`].
    pub fn look_ahead(&self, unit: UnitId) -> Result<Ahead, Failure> {
        let unit = self.may_rotate(unit)?;
        let current = unit.recipient.as_ref().map(Recipient::key_id);
        let rewrap = |rewrapped, total| Ahead::Rewrap { rewrapped, total };
        Ok(match self.work_on(&unit.id)? {
            Some(work) if work.epoch == 0 && Some(work.offered) != current => Ahead::Waits(self.look_at_slips(&unit)?),
            Some(work) if !work.done && work.epoch == 0 => rewrap(0, self.count_stale(&unit)?),
            Some(work) if !work.done && work.epoch == unit.epoch => rewrap(work.rewrapped, work.total),
            Some(work) if work.done && Some(work.offered) == current => Ahead::Offer(self.look_at_slips(&unit)?),
            Some(_) | None if self.is_unfinished(&unit)? => rewrap(0, self.count_stale(&unit)?),
            Some(_) | None => Ahead::Offer(self.look_at_slips(&unit)?),
        })
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
        // A unit that was split off has no key until one who reads for it makes the first; nobody else would hold that.
        if held.recipient.is_none() && !roster.reads_for(me, &unit) {
            return Err(refused("it has no key yet", "Whoever reads for it makes the first one."));
        }
        Ok(held.clone())
    }

    pub(in crate::runtime) fn work_on(&self, unit: &UnitId) -> Result<Option<Work>, Failure> {
        let marks = marks::few(&self.journal).map_err(|error| fault::sync(DOING, &error))?;
        Ok(marks::rotations(&marks).find(|(of, _)| of == unit).and_then(|(_, row)| Work::read(row)))
    }

    /// Everything is opened before anything is made.
    ///
    /// # Errors
    /// What the journal refuses.
    pub fn look_at_slips(&self, unit: &Unit) -> Result<Looked, Failure> {
        self.look_through_slips(|header| names_unit(header, &unit.id))
    }

    /// After a rotation: the slips that keep an older key because they do not open here, each with its case.
    ///
    /// # Errors
    /// What the journal refuses.
    pub fn shut_slips(&self, unit: &Unit) -> Result<Vec<(EntryRef, CaseId)>, Failure> {
        Ok(self.look_through_slips(stale_to(unit))?.shut)
    }

    fn look_through_slips(&self, names: impl Fn(&Header) -> bool) -> Result<Looked, Failure> {
        let mut looked = Looked::default();
        let stood = self.stood_in(&names)?;
        let heads = self.journal.heads().map_err(|error| fault::sync(DOING, &error))?;
        for known in heads {
            self.each_held((known.device, known.journal), 0, |entries| {
                for found in self.find(&entries, &stood, &names)? {
                    match found {
                        Found::Job(_) => looked.open += 1,
                        Found::Shut(at, case) => looked.shut.push((at, case)),
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
        let stale = stale_to(unit);
        let stood = self.stood_in(&stale)?;
        let (mut count, me) = (0, self.device());
        for known in self.journal.heads().map_err(|error| fault::sync(DOING, &error))? {
            // An author's slips are all theirs to rewrap, or none.
            if !self.may_stand_in(&me, &known.device) {
                continue;
            }
            self.each_held((known.device, known.journal), 0, |entries| {
                let slips = entries.iter().filter(|entry| needs(entry, &stood, &stale).is_some());
                count += u64::try_from(slips.count()).unwrap_or(u64::MAX);
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

    /// After a pass: slips to an older key that came late are rewrapped where this device has rotated it. How many.
    ///
    /// # Errors
    /// What the journal refuses.
    pub(in crate::runtime) fn rewrap_late(&mut self) -> Result<u64, Failure> {
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
pub(in crate::runtime) fn names_unit(header: &Header, unit: &UnitId) -> bool {
    header.audience.iter().any(|reader| reader.id.as_bytes() == unit.as_bytes())
}

/// Whether a slip or a rewrap names an older key of the unit.
pub(super) fn stale_to(unit: &Unit) -> impl Fn(&Header) -> bool + use<> {
    let (id, current) = (unit.id, unit.recipient.as_ref().map(Recipient::key_id));
    move |header| {
        let older = |reader: &Reader| reader.id.as_bytes() == id.as_bytes() && Some(reader.key) != current;
        header.audience.iter().any(older)
    }
}

/// The same readers with the keys that the adopted roster names for them today; who is not in it any more goes. `None` when nobody is
/// left, or somebody belongs to another agency, of which this roster says nothing.
pub(in crate::runtime) fn readers_today(roster: &Roster, audience: &[Reader]) -> Option<Readers> {
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
