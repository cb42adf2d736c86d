//! The casebook of an open home, and what the command line asks of it.

use super::context::Context;
use crate::{
    codebook::Codebook,
    failure::Failure,
    model::{
        CaseFile, Casebook, Clocks, Content, Delivery, DeviceId, Entry, Late, MemberId, put_in_order,
        review::Waiting,
        same::{MayJoin, Same},
    },
    runtime::{clock, entries::replay::Replayed, homes::home::Home, screen::tellings::marks},
};

/// Everything readable, folded.
pub(super) struct Book {
    /// The fold.
    pub(super) casebook: Casebook,
    /// What supervisors said is one and the same.
    pub(super) same: Same,
    /// What could not be read, and why.
    pub(super) replayed: Replayed,
    /// What came in after its device had left.
    pub(super) late: Late,
}

impl Book {
    /// Replays the journal of an open home.
    ///
    /// # Errors
    /// What the journal refuses.
    pub(super) fn open(context: &Context, home: &mut Home) -> Result<Self, Failure> {
        let mut casebook = Casebook::default();
        casebook.let_join(supervisors(home)?);
        let output = context.output;
        let mut shown = 0;
        let replayed = home.replay(|entries, so_far| {
            entries.into_iter().for_each(|entry| casebook.apply(entry));
            if so_far >= shown + 5_000 {
                shown = so_far;
                output.progress(&format!("Opening entries: {so_far}"));
            }
        })?;
        if shown > 0 {
            output.progress_done();
        }
        if !replayed.failed.is_empty() {
            output.note(&format!("{} entries do not open; `amanat verify` names them.", replayed.failed.len()));
        }
        casebook.forget(replayed.gone.iter().copied());
        for failure in &replayed.afterwards {
            output.note(&failure.message);
        }
        let same = casebook.same();
        let mut book = Self { casebook, same, replayed, late: home.late() };
        book.mark(home)?;
        Ok(book)
    }

    /// Marks what headquarters has signed for, and what is on a stick.
    fn mark(&mut self, home: &Home) -> Result<(), Failure> {
        for mark in marks(home)? {
            match mark.delivery {
                Delivery::Received => {
                    self.casebook.receive(mark.device, mark.journal, mark.up_to);
                    self.casebook.complete(mark.device, mark.journal, mark.complete);
                }
                Delivery::HandedOver => self.casebook.hand_over(mark.device, mark.journal, mark.up_to),
                Delivery::Kept => {}
            }
        }
        Ok(())
    }

    /// Cases, those with the newest entry first.
    pub(super) fn newest_first(&self) -> Vec<&CaseFile> {
        let (clocks, now) = (self.clocks(), clock::now().unix_ms);
        let newest = |case: &CaseFile| {
            let entries = case.entries.iter().filter_map(|id| self.casebook.entry(id));
            entries.map(|entry| clocks.kept(entry, now)).max().unwrap_or(i64::MIN)
        };
        // A reader's words on what opens stand in cases of their own, which are nobody's case.
        let is_case = |case: &&CaseFile| {
            let entries = case.entries.iter().filter_map(|id| self.casebook.entry(id));
            let told = entries.into_iter().any(|entry| !matches!(entry.content, Content::Opened(_)));
            told || self.casebook.gone(&case.id).len() > 0
        };
        // A duplicate is shown with the case that stands for it.
        let cases = self.casebook.cases().filter(|case| self.same.stands_for(&case.id).is_none()).filter(is_case);
        let mut cases: Vec<(i64, &CaseFile)> = cases.map(|case| (newest(case), case)).collect();
        cases.sort_by_key(|(when, case)| (std::cmp::Reverse(*when), case.id));
        cases.into_iter().map(|(_, case)| case).collect()
    }

    /// What waits for the supervisor at this device, and then for those to whom cases were given.
    ///
    /// # Errors
    /// Refused when the roster does not list this device.
    pub(super) fn waiting(&self, home: &Home, me: DeviceId) -> Result<Vec<Waiting>, Failure> {
        let (clocks, now) = (self.clocks(), clock::now().unix_ms);
        let kept = |entry: &Entry| clocks.kept(entry, now);
        let roster = home.trust()?.roster();
        let is_of = |member: &MemberId, device: &DeviceId| {
            roster.device(&(*device).into()).is_some_and(|device| MemberId::from(device.member) == *member)
        };
        let given = self.casebook.not_taken_up(is_of, kept);
        let mut waiting = self.casebook.waiting(Some(me), now, kept);
        waiting.extend(self.casebook.waiting_for_others(&given, now, kept));
        Ok(waiting)
    }

    /// What is known of the clocks by which the entries were kept.
    fn clocks(&self) -> Clocks {
        let mut clocks = Clocks::default();
        let mut all: Vec<&Entry> = self.entries().collect();
        all.sort_unstable_by_key(|entry| entry.author);
        for entry in all {
            clocks.note(entry);
        }
        clocks
    }

    /// The entries of a case in the order in which they are shown.
    pub(super) fn entries_of(&self, case: &CaseFile) -> Vec<&Entry> {
        let mut entries: Vec<&Entry> = case.entries.iter().filter_map(|id| self.casebook.entry(id)).collect();
        put_in_order(&mut entries);
        entries
    }

    /// All entries.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        let ids = self.casebook.cases().flat_map(|case| case.entries.iter());
        ids.filter_map(|id| self.casebook.entry(id)).chain(self.casebook.same_entries())
    }

    /// A case and the duplicates that are folded beneath it.
    pub(super) fn with_duplicates(&self, case: &CaseFile) -> Vec<&CaseFile> {
        let all = [case.id].into_iter().chain(self.same.beneath(&case.id));
        all.filter_map(|id| self.casebook.case(&id)).collect()
    }
}

/// Whose words on what is one and the same count: those of devices whose member supervises, or did.
fn supervisors(home: &Home) -> Result<MayJoin, Failure> {
    let (roster, tenure) = (home.trust()?.roster(), home.tenure());
    let leads = |device: &DeviceId| roster.units.iter().any(|unit| tenure.ever_led(&(*device).into(), &unit.id));
    let devices = roster.devices.iter().map(|device| DeviceId::from(device.id));
    Ok(MayJoin::These(devices.filter(leads).collect()))
}

/// The codebook in use.
///
/// # Errors
/// Failed when it cannot be read, which tests of the program exclude.
pub(super) fn codebook() -> Result<&'static Codebook, Failure> {
    Codebook::builtin().map_err(|error| Failure::failed(format!("reading the built-in codebook — {error}"), ""))
}
