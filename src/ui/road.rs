//! What is known of the way to headquarters: what stands how far, and what the courier last said.

use std::collections::HashMap;

use super::msg::{AsideNews, Mark, Msg, Progress, Replay, Trouble};
use crate::model::{Author, Delivery, DeviceId, Entry, JournalId, Moment};

/// How many of this device's entries stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) kept: u64,
    pub(crate) handed_over: u64,
    pub(crate) received: u64,
}

/// The road to headquarters.
#[derive(Clone, Debug, Default)]
pub(crate) struct Road {
    /// Where the courier is.
    pub(crate) progress: Progress,
    /// Why the last pass ended early.
    pub(crate) trouble: Option<Trouble>,
    /// When it tries again.
    pub(crate) next_try: Option<Moment>,
    /// How far the replay has come; `None` when it is done.
    pub(crate) replay: Option<Replay>,
    /// Entries that wait for the passphrase, while locked.
    pub(crate) waiting: u64,
    /// Counted on with every entry, and anew when marks come.
    pub(crate) counts: Counts,
    /// This device's entries, and whether something is attached.
    own: Vec<(Author, bool)>,
    complete: HashMap<(DeviceId, JournalId), u64>,
    marks: HashMap<(DeviceId, JournalId, Delivery), u64>,
}

impl Road {
    /// Takes a new entry of this device into the count.
    pub(crate) fn own(&mut self, author: Author, attached: bool) {
        self.own.push((author, attached));
        self.count(self.whole(&author, attached));
    }

    const fn count(&mut self, delivery: Delivery) {
        match delivery {
            Delivery::Kept => self.counts.kept += 1,
            Delivery::HandedOver => self.counts.handed_over += 1,
            Delivery::Received => self.counts.received += 1,
        }
    }

    /// Notes how far all journals have come, in place of what was noted before: a hub that was restored from a backup may have less.
    pub(crate) fn mark(&mut self, marks: &[Mark]) {
        self.marks.clear();
        self.complete.clear();
        for mark in marks {
            let known = self.marks.entry((mark.device, mark.journal, mark.delivery)).or_default();
            *known = (*known).max(mark.up_to);
            let known = self.complete.entry((mark.device, mark.journal)).or_default();
            *known = (*known).max(mark.complete);
        }
    }

    /// How far an entry has come: arithmetic on its number (`DESIGN.md` section 4, invariant 5).
    pub(crate) fn delivery(&self, author: &Author) -> Delivery {
        let reaches = |delivery| {
            let known = self.marks.get(&(author.device, author.journal, delivery));
            known.is_some_and(|up_to| author.seq <= *up_to)
        };
        match (reaches(Delivery::Received), reaches(Delivery::HandedOver)) {
            (true, _) => Delivery::Received,
            (false, true) => Delivery::HandedOver,
            (false, false) => Delivery::Kept,
        }
    }

    /// The same of an entry with attachments or without: while they are on their way, it is.
    fn whole(&self, author: &Author, attached: bool) -> Delivery {
        let far = self.delivery(author);
        let lacks = || self.complete.get(&(author.device, author.journal)).is_none_or(|upto| author.seq > *upto);
        if far == Delivery::Received && attached && lacks() { Delivery::HandedOver } else { far }
    }

    /// How far an entry of the casebook has come. What came from elsewhere came through the hub, or by a stick: its mark says so.
    pub(crate) fn of(&self, entry: &Entry, me: Option<DeviceId>) -> Delivery {
        let known = self.marks.contains_key(&(entry.author.device, entry.author.journal, Delivery::Received));
        if known || Some(entry.author.device) == me {
            self.whole(&entry.author, !entry.parts.is_empty())
        } else {
            Delivery::Received
        }
    }

    /// Counts again.
    pub(crate) fn recount(&mut self) {
        self.counts = Counts::default();
        let own = std::mem::take(&mut self.own);
        for (author, attached) in &own {
            self.count(self.whole(author, *attached));
        }
        self.own = own;
    }

    /// Hears what the courier and the replay say.
    pub(crate) fn hear(&mut self, msg: &Msg) {
        match msg {
            Msg::Replaying(replay) => self.replay = (replay.done < replay.total).then_some(*replay),
            Msg::Synced(progress) => {
                self.progress = progress.clone();
                self.trouble = None;
                self.next_try = None;
            }
            Msg::Aside(AsideNews::Are(rows)) => {
                let open = rows.iter().filter(|row| !row.whole).count();
                self.progress.quarantined = u64::try_from(open).unwrap_or(u64::MAX);
            }
            Msg::SyncFailed { trouble, next_try } => {
                self.progress.running = false;
                self.trouble = Some(trouble.clone());
                self.next_try = *next_try;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn received_is_arithmetic() {
        let (device, journal) = (DeviceId::from_bytes([1; 32]), JournalId::from_bytes([2; 16]));
        let mut road = Road::default();
        let place = |seq| Author { device, journal, seq };
        (1..=4).for_each(|seq| road.own(place(seq), false));
        let mark = |delivery, up_to| Mark { device, journal, delivery, up_to, complete: 1 };
        road.mark(&[mark(Delivery::HandedOver, 3), mark(Delivery::Received, 2)]);
        assert_eq!(road.counts.kept, 4, "counted as they come");
        road.recount();
        assert_eq!(road.counts, Counts { kept: 1, handed_over: 1, received: 2 });
        road.own(place(5), false);
        assert_eq!(road.counts.kept, 2);
        road.own.pop();
        assert_eq!(road.delivery(&place(3)), Delivery::HandedOver);
        assert_eq!(road.whole(&place(1), true), Delivery::Received);
        assert_eq!(road.whole(&place(2), true), Delivery::HandedOver, "its attachment is on its way");
        assert_eq!(road.whole(&place(2), false), Delivery::Received);
        road.mark(&[mark(Delivery::Received, 1)]);
        road.recount();
        assert_eq!(
            road.counts,
            Counts { kept: 3, handed_over: 0, received: 1 },
            "the hub has lost what it had signed for"
        );
    }
}
