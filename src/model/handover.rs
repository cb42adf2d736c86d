//! A case that another unit reads as well, or takes over: what was said of it, folded from a set of entries, so that the order in which
//! they arrive changes nothing.
//!
//! A unit that was let in stays in: nothing here ever narrows who reads. A transfer moves the case only when somebody of the unit that
//! was asked accepts it; until then the case stays where it is.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    entry::{Content, Entry, Handover, Step},
    ids::{Code, DeviceId, EntryId, UnitId},
};

/// How a case stands between units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handed {
    /// The unit that has the case today, where anything was said of it.
    pub owner: Option<UnitId>,
    /// The accepted transfer by which it came there.
    pub by: Option<EntryId>,
    /// Every unit that was ever let in, the first owner among them.
    pub units: BTreeSet<UnitId>,
    /// A transfer that waits for an answer.
    pub waiting: Option<Waiting>,
    /// Devices that let somebody in.
    pub sharers: BTreeSet<DeviceId>,
}

/// A transfer that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The entry that asks.
    pub entry: EntryId,
    /// The unit that is asked.
    pub unit: UnitId,
}

/// What is wished between units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandWish {
    /// What is said.
    pub step: Step,
    /// The unit that is let in or asked; none for answers, which go to the one that the transfer names.
    pub unit: Option<UnitId>,
    /// Why (list `transfer_reason`).
    pub reason: Option<Code>,
    /// In words.
    pub note: Option<String>,
}

struct Said<'a> {
    id: EntryId,
    of: Option<EntryId>,
    device: DeviceId,
    told: &'a Handover,
}

/// For which unit a word is said: who shares, asks or takes back leads the unit that has the case, who answers belongs to the one asked.
/// Whoever else writes such a word, with a program of their own, lets nobody in.
pub fn speaks_for(told: &Handover) -> (&UnitId, bool) {
    match told.step {
        Step::Share | Step::Sent | Step::TakenBack => (&told.from, false),
        Step::Accepted | Step::Rejected => (&told.unit, true),
    }
}

/// How a case stands by these entries, of which those that say nothing of it are passed over. `may_say` knows whose word counts
/// (see [`speaks_for`]), `began` the units with which the case began. A unit that merely reads lets nobody in: a word counts for a unit
/// with which the case began, or that accepted a transfer which counts.
pub fn handed<'a>(
    entries: impl IntoIterator<Item = &'a Entry>,
    may_say: impl Fn(&DeviceId, &Handover) -> bool,
    began: impl Fn(&UnitId) -> bool,
) -> Handed {
    let mut said: BTreeMap<EntryId, Said<'a>> = BTreeMap::new();
    // One that was kept again is the same word: others may know it under either number.
    let mut first: BTreeMap<EntryId, EntryId> = BTreeMap::new();
    for entry in entries {
        if let Content::Handover(told) = &entry.content
            && told.peer.is_none()
            && may_say(&entry.author.device, told)
        {
            let id = entry.ties.as_ref().and_then(|ties| ties.was).map_or(entry.id, |was| was.id());
            first.insert(entry.id, id);
            said.insert(id, Said { id, of: None, device: entry.author.device, told });
        }
    }
    let known = |id: &EntryId| first.get(id).copied().unwrap_or(*id);
    said.values_mut().for_each(|word| word.of = word.told.of.as_ref().map(known));
    let heard = heard(&said, began);
    said.retain(|id, _| heard.contains(id));
    fold(&said)
}

/// The words that count: one after the other, since a later one stands on the transfer that it names.
fn heard(said: &BTreeMap<EntryId, Said<'_>>, began: impl Fn(&UnitId) -> bool) -> BTreeSet<EntryId> {
    let mut heard = BTreeSet::new();
    loop {
        let accepted = |by: &EntryId| said.values().any(|w| w.told.step == Step::Accepted && w.of == Some(*by));
        let came = |by: &EntryId, to: &UnitId| {
            let sent = said.get(by).is_some_and(|by| by.told.step == Step::Sent && by.told.unit == *to);
            sent && heard.contains(by) && accepted(by)
        };
        let counts = |word: &&Said<'_>| match word.told.step {
            Step::Accepted | Step::Rejected | Step::TakenBack => true,
            Step::Share | Step::Sent => word.of.map_or_else(|| began(&word.told.from), |by| came(&by, &word.told.from)),
        };
        let more: Vec<EntryId> =
            said.values().filter(|word| !heard.contains(&word.id)).filter(counts).map(|word| word.id).collect();
        if more.is_empty() {
            return heard;
        }
        heard.extend(more);
    }
}

fn fold(said: &BTreeMap<EntryId, Said<'_>>) -> Handed {
    let mut handed = Handed::default();
    for word in said.values().filter(|word| matches!(word.told.step, Step::Share | Step::Sent)) {
        handed.units.extend([word.told.from, word.told.unit]);
        handed.sharers.insert(word.device);
    }
    let answers = |id: &EntryId, step: Step| said.values().any(|word| word.told.step == step && word.of == Some(*id));
    let sent =
        |after: Option<EntryId>| said.values().filter(move |word| word.told.step == Step::Sent && word.of == after);
    let begins = said.values().filter(|word| word.of.is_none());
    handed.owner = begins.map(|word| word.told.from).min();
    // From one accepted transfer to the next: each names the one by which its unit had come to the case. A set is walked, so no word twice.
    let mut walked = BTreeSet::new();
    loop {
        let next = sent(handed.by).find(|word| answers(&word.id, Step::Accepted) && !walked.contains(&word.id));
        let Some(next) = next else { break };
        walked.insert(next.id);
        (handed.owner, handed.by) = (Some(next.told.unit), Some(next.id));
    }
    let open = |word: &&Said<'_>| !answers(&word.id, Step::Rejected) && !answers(&word.id, Step::TakenBack);
    let waiting = sent(handed.by).find(open).map(|word| Waiting { entry: word.id, unit: word.told.unit });
    handed.waiting = waiting;
    handed
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{Author, CaseId, HeaderHash, JournalId, Moment, Ties, Times};

    fn unit(n: u8) -> UnitId {
        UnitId::from_bytes([n; 32])
    }

    fn id(n: u8) -> EntryId {
        EntryId::from_bytes([n; 16])
    }

    fn entry(n: u8, device: u8, step: Step, (from, to): (u8, u8), of: Option<u8>) -> Entry {
        let (device, journal) = (DeviceId::from_bytes([device; 32]), JournalId::from_bytes([1; 16]));
        Entry {
            id: id(n),
            case: CaseId::from_bytes([1; 16]),
            author: Author { device, journal, seq: u64::from(n) },
            times: Times { device: Moment::pkt(0), boot_ms: 0, hub_ms: None },
            source: None,
            ties: None,
            parts: Box::default(),
            content: Content::Handover(Box::new(Handover {
                step,
                unit: unit(to),
                from: unit(from),
                of: of.map(id),
                reason: None,
                note: None,
                peer: None,
            })),
        }
    }

    /// Device n belongs to unit n and leads it; device 99 leads none.
    fn at_home(device: &DeviceId, told: &Handover) -> bool {
        device.as_bytes()[0] == speaks_for(told).0.as_bytes()[0]
    }

    /// The case began with unit 1.
    fn first(of: &UnitId) -> bool {
        *of == unit(1)
    }

    fn units(handed: &Handed) -> Vec<u8> {
        handed.units.iter().map(|unit| unit.as_bytes()[0]).collect()
    }

    #[test]
    fn a_case_stays_where_it_is_until_the_unit_that_was_asked_accepts() {
        let mut story = vec![entry(1, 1, Step::Share, (1, 4), None), entry(2, 1, Step::Sent, (1, 2), None)];
        let now = handed(&story, at_home, first);
        assert_eq!((now.owner, units(&now)), (Some(unit(1)), vec![1, 2, 4]));
        assert_eq!(now.waiting, Some(Waiting { entry: id(2), unit: unit(2) }));
        story.push(entry(3, 1, Step::Accepted, (1, 2), Some(2)));
        assert_eq!(handed(&story, at_home, first).owner, Some(unit(1)), "the sender cannot accept for the other side");
        story.push(entry(4, 2, Step::Accepted, (1, 2), Some(2)));
        let now = handed(&story, at_home, first);
        assert_eq!((now.owner, now.by, now.waiting), (Some(unit(2)), Some(id(2)), None));
        story.push(entry(5, 2, Step::Sent, (2, 1), Some(2)));
        story.push(entry(6, 1, Step::Accepted, (2, 1), Some(5)));
        let now = handed(&story, at_home, first);
        assert_eq!((now.owner, units(&now)), (Some(unit(1)), vec![1, 2, 4]), "and back again, and nobody was put out");
    }

    #[test]
    fn whoever_does_not_lead_the_unit_lets_nobody_in() {
        let story = [entry(1, 99, Step::Share, (1, 4), None), entry(2, 99, Step::Sent, (1, 2), None)];
        assert_eq!(handed(&story, at_home, first), Handed::default());
        let story = [entry(1, 1, Step::Sent, (1, 2), None), entry(2, 99, Step::TakenBack, (1, 2), Some(1))];
        assert!(handed(&story, at_home, first).waiting.is_some(), "nor takes back what another asked");
    }

    #[test]
    fn what_was_rejected_or_taken_back_waits_no_more_and_still_reads() {
        for (device, step) in [(2, Step::Rejected), (1, Step::TakenBack)] {
            let story = [entry(1, 1, Step::Sent, (1, 2), None), entry(2, device, step, (1, 2), Some(1))];
            let now = handed(&story, at_home, first);
            assert_eq!((now.owner, now.waiting, units(&now)), (Some(unit(1)), None, vec![1, 2]));
        }
        let story = [entry(1, 1, Step::Sent, (1, 2), None), entry(2, 3, Step::Rejected, (1, 2), Some(1))];
        assert!(handed(&story, at_home, first).waiting.is_some(), "a third unit cannot reject it");
    }

    #[test]
    fn a_unit_that_merely_reads_lets_nobody_in_and_moves_nothing() {
        let reader = entry(2, 2, Step::Share, (2, 5), None);
        let made_up = entry(3, 2, Step::Sent, (2, 6), Some(7));
        let now = handed(&[reader, made_up], at_home, first);
        assert_eq!(now, Handed::default(), "a unit that merely reads, a transfer that never was");
        let unasked = [entry(1, 1, Step::Sent, (1, 2), None), entry(2, 3, Step::Share, (3, 5), Some(1))];
        assert_eq!(units(&handed(&unasked, at_home, first)), [1, 2], "nor a unit that the transfer did not name");
        let early = [entry(1, 1, Step::Sent, (1, 2), None), entry(2, 2, Step::Share, (2, 5), Some(1))];
        assert_eq!(units(&handed(&early, at_home, first)), [1, 2], "nor the one that it names, before it accepts");
        let circle = [
            entry(1, 2, Step::Sent, (2, 2), Some(3)),
            entry(2, 2, Step::Accepted, (2, 2), Some(1)),
            entry(3, 2, Step::Sent, (2, 2), Some(1)),
            entry(4, 2, Step::Accepted, (2, 2), Some(3)),
            entry(5, 2, Step::Share, (2, 5), Some(1)),
        ];
        assert_eq!(units(&handed(&circle, at_home, first)), [0_u8; 0], "nor words that only stand on one another");
    }

    #[test]
    fn a_word_that_was_kept_again_is_the_same_word() {
        let asked = HeaderHash::from_bytes([9; 32]);
        let mut copy = entry(1, 1, Step::Sent, (1, 2), None);
        copy.ties = Some(Box::new(Ties { was: Some(asked), after: None }));
        let mut answer = entry(2, 2, Step::Accepted, (1, 2), None);
        if let Content::Handover(told) = &mut answer.content {
            told.of = Some(asked.id());
        }
        assert_eq!(handed([&copy, &answer], at_home, first).owner, Some(unit(2)));
    }

    proptest! {
        #[test]
        fn the_order_of_arrival_changes_nothing(order in Just((0..6_usize).collect::<Vec<_>>()).prop_shuffle()) {
            let story = [
                entry(1, 1, Step::Sent, (1, 2), None),
                entry(2, 2, Step::Accepted, (1, 2), Some(1)),
                entry(3, 1, Step::Sent, (1, 3), None),
                entry(4, 3, Step::Accepted, (1, 3), Some(3)),
                entry(5, 2, Step::Sent, (2, 3), Some(1)),
                entry(6, 2, Step::Share, (2, 4), Some(1)),
            ];
            let shuffled: Vec<&Entry> = order.iter().map(|at| &story[*at]).collect();
            prop_assert_eq!(handed(shuffled, at_home, first), handed(&story, at_home, first));
        }
    }
}
