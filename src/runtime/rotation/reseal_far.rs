//! How far sealing a case again has come, for whoever waits: entries that are kept, and, since one attachment may be as large as all the rest, bytes
//! of attachments that are sealed.

use super::reseal_look::Job;

/// Bytes between two times that it is told.
const EACH: u64 = 1 << 20;

/// How far it has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Far {
    /// Entries that are kept sealed again.
    pub done: u64,
    /// Of so many.
    pub total: u64,
    /// Bytes of attachments that were sealed again this time.
    pub bytes: u64,
    /// Of so many.
    pub all_bytes: u64,
}

/// Hears how far it is, and says whether to go on.
pub type TellFar<'a> = &'a mut dyn FnMut(Far) -> bool;

/// Bytes of the attachments of an entry.
pub(super) fn bytes_of(job: &Job) -> u64 {
    job.parts.iter().fold(0, |sum, part| sum.saturating_add(part.told.sealed))
}

impl Far {
    /// With so many kept before, and these to do.
    pub(super) fn of(before: u64, jobs: &[Job]) -> Self {
        let total = before.saturating_add(u64::try_from(jobs.len()).unwrap_or(u64::MAX));
        let all_bytes = jobs.iter().map(bytes_of).fold(0, u64::saturating_add);
        Self { done: before, total, bytes: 0, all_bytes }
    }
}

/// Tells of it, not oftener than is worth it, and remembers that it was enough.
pub(super) struct Listener<'t> {
    far: Far,
    /// Bytes when it was told last.
    told: u64,
    stopped: bool,
    tell: TellFar<'t>,
}

impl<'t> Listener<'t> {
    pub(super) const fn new(far: Far, tell: TellFar<'t>) -> Self {
        Self { far, told: 0, stopped: false, tell }
    }

    /// Whether it was enough while an attachment was sealed.
    pub(super) const fn stopped(&self) -> bool {
        self.stopped
    }

    /// So many entries more are kept. Whether to go on.
    pub(super) fn kept(&mut self, entries: u64) -> bool {
        self.far.done = self.far.done.saturating_add(entries);
        (self.tell)(self.far)
    }

    /// An attachment whose sealing began at so many bytes has come so far. Whether to go on.
    pub(super) fn sealed(&mut self, began: u64, bytes: u64) -> bool {
        self.far.bytes = began.saturating_add(bytes);
        if self.far.bytes >= self.told.saturating_add(EACH) || self.far.bytes == self.far.all_bytes {
            self.told = self.far.bytes;
            self.stopped = !(self.tell)(self.far);
        }
        !self.stopped
    }

    /// Bytes that are sealed so far.
    pub(super) const fn bytes(&self) -> u64 {
        self.far.bytes
    }
}
