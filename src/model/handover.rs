//! A case that another unit reads as well, or takes over: what was said of it, folded from a set of entries, so that the order in which
//! they arrive changes nothing.
//!
//! A unit that was let in stays in: nothing here ever narrows who reads. A transfer moves the case only when somebody of the unit that
//! was asked accepts it; until then the case stays where it is.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    entry::{Content, Entry, Handover, Step},
    ids::{DeviceId, EntryId, UnitId},
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

struct Said<'a> {
    id: EntryId,
    of: Option<EntryId>,
    device: DeviceId,
    told: &'a Handover,
}

/// How a case stands by these entries, of which those that say nothing of it are passed over. `belongs` knows who may answer for a unit,
/// `shares` who may share a case of a unit and, where it is the first word on it, whether that is the unit with which the case began: a
/// word of anybody else lets nobody in.
pub fn handed<'a>(
    entries: impl IntoIterator<Item = &'a Entry>,
    belongs: impl Fn(&DeviceId, &UnitId) -> bool,
    shares: impl Fn(&DeviceId, &UnitId, bool) -> bool,
) -> Handed {
    let mut said: BTreeMap<EntryId, Said<'a>> = BTreeMap::new();
    // One that was kept again is the same word: others may know it under either number.
    let mut first: BTreeMap<EntryId, EntryId> = BTreeMap::new();
    for entry in entries {
        if let Content::Handover(told) = &entry.content {
            let id = entry.ties.as_ref().and_then(|ties| ties.was).map_or(entry.id, |was| was.id());
            first.insert(entry.id, id);
            said.insert(id, Said { id, of: None, device: entry.author.device, told });
        }
    }
    let known = |id: &EntryId| first.get(id).copied().unwrap_or(*id);
    said.values_mut().for_each(|word| word.of = word.told.of.as_ref().map(known));
    let heard = |word: &Said<'_>| counts(word, &said, &belongs, &shares);
    let unheard: Vec<EntryId> = said.values().filter(|word| !heard(word)).map(|word| word.id).collect();
    for id in &unheard {
        said.remove(id);
    }
    fold(&said, belongs)
}

/// Whether a word is of somebody who may say it.
fn counts(
    word: &Said<'_>,
    said: &BTreeMap<EntryId, Said<'_>>,
    belongs: &impl Fn(&DeviceId, &UnitId) -> bool,
    shares: &impl Fn(&DeviceId, &UnitId, bool) -> bool,
) -> bool {
    match word.told.step {
        Step::Accepted | Step::Rejected => belongs(&word.device, &word.told.unit),
        Step::TakenBack => shares(&word.device, &word.told.from, false),
        // Who shares a case that came by a transfer does so for the unit that accepted it.
        Step::Share | Step::Sent => {
            let came = word
                .of
                .and_then(|by| said.get(&by))
                .map(|by| by.told.step == Step::Sent && by.told.unit == word.told.from);
            came.unwrap_or(word.of.is_none()) && shares(&word.device, &word.told.from, word.of.is_none())
        }
    }
}

fn fold(said: &BTreeMap<EntryId, Said<'_>>, belongs: impl Fn(&DeviceId, &UnitId) -> bool) -> Handed {
    let mut handed = Handed::default();
    for word in said.values().filter(|word| matches!(word.told.step, Step::Share | Step::Sent)) {
        handed.units.extend([word.told.from, word.told.unit]);
        handed.sharers.insert(word.device);
    }
    let answers = |id: &EntryId, step: Step| {
        said.values().any(|word| {
            let may = step == Step::TakenBack || belongs(&word.device, &word.told.unit);
            word.told.step == step && word.of == Some(*id) && may
        })
    };
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
            })),
        }
    }

    /// Device n belongs to unit n.
    fn at_home(device: &DeviceId, of: &UnitId) -> bool {
        device.as_bytes()[0] == of.as_bytes()[0]
    }

    /// Every device but the ninth may share, and a case begins with unit 1.
    fn may(device: &DeviceId, of: &UnitId, first: bool) -> bool {
        device.as_bytes()[0] != 9 && (!first || *of == unit(1))
    }

    fn units(handed: &Handed) -> Vec<u8> {
        handed.units.iter().map(|unit| unit.as_bytes()[0]).collect()
    }

    #[test]
    fn a_case_stays_where_it_is_until_the_unit_that_was_asked_accepts() {
        let mut story = vec![entry(1, 1, Step::Share, (1, 4), None), entry(2, 1, Step::Sent, (1, 2), None)];
        let now = handed(&story, at_home, may);
        assert_eq!((now.owner, units(&now)), (Some(unit(1)), vec![1, 2, 4]));
        assert_eq!(now.waiting, Some(Waiting { entry: id(2), unit: unit(2) }));
        story.push(entry(3, 1, Step::Accepted, (1, 2), Some(2)));
        assert_eq!(handed(&story, at_home, may).owner, Some(unit(1)), "the sender cannot accept for the other side");
        story.push(entry(4, 2, Step::Accepted, (1, 2), Some(2)));
        let now = handed(&story, at_home, may);
        assert_eq!((now.owner, now.by, now.waiting), (Some(unit(2)), Some(id(2)), None));
        story.push(entry(5, 2, Step::Sent, (2, 1), Some(2)));
        story.push(entry(6, 1, Step::Accepted, (2, 1), Some(5)));
        let now = handed(&story, at_home, may);
        assert_eq!((now.owner, units(&now)), (Some(unit(1)), vec![1, 2, 4]), "and back again, and nobody was put out");
    }

    #[test]
    fn what_was_rejected_or_taken_back_waits_no_more_and_still_reads() {
        for (device, step) in [(2, Step::Rejected), (1, Step::TakenBack)] {
            let story = [entry(1, 1, Step::Sent, (1, 2), None), entry(2, device, step, (1, 2), Some(1))];
            let now = handed(&story, at_home, may);
            assert_eq!((now.owner, now.waiting, units(&now)), (Some(unit(1)), None, vec![1, 2]));
        }
        let story = [entry(1, 1, Step::Sent, (1, 2), None), entry(2, 3, Step::Rejected, (1, 2), Some(1))];
        assert!(handed(&story, at_home, may).waiting.is_some(), "a third unit cannot reject it");
    }

    #[test]
    fn a_word_of_somebody_who_may_not_share_lets_nobody_in_and_moves_nothing() {
        let officer = entry(1, 9, Step::Share, (1, 4), None);
        let reader = entry(2, 2, Step::Share, (2, 5), None);
        let made_up = entry(3, 2, Step::Sent, (2, 6), Some(7));
        let now = handed(&[officer, reader, made_up], at_home, may);
        assert_eq!(now, Handed::default(), "an officer, a unit that merely reads, a transfer that never was");
        let unasked = [entry(1, 1, Step::Sent, (1, 2), None), entry(2, 3, Step::Share, (3, 5), Some(1))];
        assert_eq!(units(&handed(&unasked, at_home, may)), [1, 2], "nor a unit that the transfer did not name");
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
        assert_eq!(handed([&copy, &answer], at_home, may).owner, Some(unit(2)));
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
            prop_assert_eq!(handed(shuffled, at_home, may), handed(&story, at_home, may));
        }
    }
}
