//! Whoever a case is given to reads it: a rewrap of each of its slips for their devices, and every later entry sealed to them beside the
//! case's own readers, for as long as it is theirs. Nothing narrows: what they have read stays read.

use std::collections::{BTreeSet, HashMap};

use amanat_keys::fingerprint::{CaseId, DeviceId, UnitId};
use amanat_sync::entry::Header;

use super::handing::{LetIn, REWRAPPING};
use crate::{
    failure::Failure,
    model::{self, Casebook, Content, Entry, MemberId, review},
    runtime::homes::home::Home,
};

/// Supervisors' words, as far as they have been opened, folded as the casebook folds them.
#[derive(Debug, Default)]
pub(in crate::runtime) struct GivenWords(Casebook);

impl GivenWords {
    /// Takes in what these say. Order and repetition change nothing.
    pub(in crate::runtime) fn learn(&mut self, entries: &[Entry]) {
        entries.iter().filter(|entry| is_word(entry)).for_each(|entry| self.0.apply(entry.clone()));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.cases().len() == 0
    }

    pub(super) fn knows(&self, case: &CaseId) -> bool {
        self.0.case(&(*case).into()).is_some()
    }

    /// Whose words give a case, and to whom, by the words of devices that `counts` takes.
    pub(super) fn of(&self, case: &CaseId, counts: impl Fn(&DeviceId) -> bool) -> Vec<(DeviceId, MemberId)> {
        let Some(file) = self.0.case(&(*case).into()) else { return Vec::new() };
        let given = self.0.assigned_by(file, |device| counts(&(*device).into()));
        given.into_iter().filter_map(|given| Some((given.by.into(), given.to?))).collect()
    }
}

/// A supervisor's word, or a correction of one.
pub(super) fn is_word(entry: &Entry) -> bool {
    match &entry.content {
        Content::Sheet(sheet) => sheet.form().id.as_str() == review::FORM,
        Content::Amendment(amendment) => {
            amendment.changes.iter().any(|(question, _)| question.as_str().starts_with("review_"))
        }
        _ => false,
    }
}

impl Home {
    /// The devices of those to whom a case is given today by whoever leads the unit that has it, as far as they do not read by one of these
    /// units.
    pub(in crate::runtime) fn assignees(
        &self,
        case: &CaseId,
        unit: &UnitId,
        also: &[UnitId],
    ) -> Result<Vec<DeviceId>, Failure> {
        if !self.given.knows(case) {
            return Ok(Vec::new());
        }
        let (roster, tenure) = (self.trust()?.roster(), self.tenure());
        let words = self.given.of(case, |by| tenure.ever_led(by, unit)).into_iter();
        let members: BTreeSet<MemberId> = words.map(|(_, member)| member).collect();
        let theirs = roster.devices.iter().filter(|device| members.contains(&device.member.into()));
        let shut = theirs.filter(|device| !also.iter().chain([unit]).any(|unit| roster.reads_for(device, unit)));
        let reads = shut.filter(|device| roster.device_reader(device).is_some() && device.id != self.device());
        // Nor one that has handed the case in: what is sealed to it would lie there to be read.
        let case = model::CaseId::from(*case);
        let devices = reads.map(|device| device.id).filter(|device| !self.was_handed_in_by(&case, &(*device).into()));
        Ok(devices.collect())
    }

    /// Where this is a rewrap of a slip of this device's own, takes note of who has its key by now.
    pub(in crate::runtime) fn note_rewrap(&mut self, wrap: &Header) {
        let me = self.device();
        if let Some(target) = wrap.target.filter(|target| wrap.wraps() && target.entry.device == me) {
            self.ring.note_rewrap(wrap.case, &target.entry, &wrap.audience);
        }
    }

    /// After a word was kept: whoever it gives the case to reads it. What is kept is kept; what does not open for them now is tried again
    /// after a pass.
    pub(super) fn open_if_given(&mut self, kept: &[Entry]) {
        if let Some(word) = kept.iter().find(|entry| is_word(entry)) {
            self.open_for_assignees(&word.case).unwrap_or_default();
        }
    }

    /// Opens what is kept of a case for those to whom it is given, as far as this device may and can: how many slips, and how many stay
    /// closed to them. Safe to call again.
    ///
    /// # Errors
    /// What the journal refuses.
    pub fn open_for_assignees(&mut self, case: &model::CaseId) -> Result<(u64, u64), Failure> {
        let case = CaseId::from(*case);
        let devices = self.whom_for(&case, None)?.devices;
        if devices.is_empty() || self.rivals() > 0 {
            return Ok((0, 0));
        }
        let mut lets_in = HashMap::from([(case, LetIn { units: Vec::new(), devices })]);
        let words = self.words_for_both([&case], None);
        lets_in.extend(words.into_iter().map(|(word, (readers, _))| (word, readers)));
        let lacking = self.lacking(&lets_in, &|_, _| true)?;
        let opened = self.rewrap_for(&lacking.jobs, Vec::new(), REWRAPPING)?;
        Ok((opened, lacking.left))
    }
}
