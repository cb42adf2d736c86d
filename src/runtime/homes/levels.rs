//! The sharing level of each case: what its sheets and their corrections say, whatever the order in which they were read.
//!
//! A correction stands in for what its author had seen and for nothing else. Where two did not know of each other, the level with the
//! fewest readers counts until somebody who has seen both decides: a case that was shut must not be opened by the order of a list.

use std::collections::{HashMap, HashSet};

use amanat_keys::{audience::Sharing, fingerprint::CaseId};
use foldhash::fast::RandomState;

use super::home::Home;
use crate::{
    model::{Answers, Code, Content, Entry, EntryId, Value},
    runtime::entries::again,
};

/// The form that opens a case, and its question for the sharing level.
const CASE_FORM: &str = "case";
const LEVEL: &str = "handling_code";

/// What was said of each case.
#[derive(Debug, Default)]
pub(in crate::runtime) struct Levels {
    said: HashMap<CaseId, Vec<Said>, RandomState>,
    /// By whom this device's newest slip in a case lets in.
    slips: HashMap<CaseId, Sharing, RandomState>,
}

#[derive(Debug)]
struct Said {
    entry: EntryId,
    /// What it corrects; none for a sheet.
    target: Option<EntryId>,
    /// The entry that it is once more.
    was: Option<EntryId>,
    seen: Box<[EntryId]>,
    level: Option<Sharing>,
}

impl Home {
    /// What opened entries say.
    pub(in crate::runtime) fn learn(&mut self, entries: &[Entry]) {
        self.learn_readers(entries);
        self.again.extend(again::copies(entries, self.device()));
        self.words.learn(entries);
        self.note_handed_in(entries);
    }

    /// What they say about who reads which case.
    pub(in crate::runtime) fn learn_readers(&mut self, entries: &[Entry]) {
        self.levels.learn(entries);
        self.handovers.learn(entries);
        self.given.learn(entries);
        self.joins.learn(entries);
    }
}

impl Levels {
    /// Takes in what these say. Order and repetition change nothing.
    pub(in crate::runtime) fn learn(&mut self, entries: &[Entry]) {
        for entry in entries {
            let Some(said) = said(entry) else { continue };
            let of_case = self.said.entry(entry.case.into()).or_default();
            if !of_case.iter().any(|held| held.entry == said.entry) {
                of_case.push(said);
            }
        }
    }

    /// Notes whom an own slip lets in; the newest of a case counts.
    pub(super) fn note_slip(&mut self, case: CaseId, level: Sharing) {
        self.slips.insert(case, level);
    }

    /// The level that the newest own slip of a case says: H4 lets in whom H2 does.
    pub(super) fn of_slip(&self, case: &CaseId) -> Option<Sharing> {
        self.slips.get(case).copied()
    }

    /// The level of a case, where its sheets say one.
    pub(in crate::runtime) fn of(&self, case: &CaseId) -> Option<Sharing> {
        let all = self.said.get(case)?;
        let repeated: HashSet<EntryId> = all.iter().filter_map(|said| said.was).collect();
        let sheets: HashSet<EntryId> = all.iter().filter(|said| said.target.is_none()).map(|said| said.entry).collect();
        let counts = |said: &&Said| {
            let known = said.target.is_none_or(|target| sheets.contains(&target) || repeated.contains(&target));
            known && !repeated.contains(&said.entry) && said.level.is_some()
        };
        let corrections: Vec<&Said> = all.iter().filter(counts).filter(|said| said.target.is_some()).collect();
        let replaced: HashSet<EntryId> = corrections.iter().flat_map(|said| said.seen.iter().copied()).collect();
        let newest = corrections.iter().filter(|said| !replaced.contains(&said.entry));
        // A sheet that was corrected says no more what its corrections replaced.
        let corrected: HashSet<Option<EntryId>> = corrections.iter().map(|said| said.target).collect();
        let stands = |said: &&Said| {
            said.target.is_none()
                && !corrected.contains(&Some(said.entry))
                && !corrected.contains(&said.was.or(Some(said.entry)))
        };
        let sheets = all.iter().filter(counts).filter(stands);
        newest.copied().chain(sheets).filter_map(|said| said.level).min_by_key(|level| readers(*level))
    }
}

/// Few readers first.
const fn readers(level: Sharing) -> u8 {
    match level {
        Sharing::H1 => 0,
        Sharing::H2 => 1,
        Sharing::H4 => 2,
        Sharing::H3 => 3,
    }
}

fn said(entry: &Entry) -> Option<Said> {
    let was = again::repeats(entry);
    let (target, seen, answers) = match &entry.content {
        Content::Sheet(sheet) if sheet.form().id.as_str() == CASE_FORM => (None, Box::default(), sheet.answers()),
        Content::Amendment(amendment) => {
            level_of(&amendment.changes)?;
            (Some(amendment.target), amendment.seen.iter().copied().collect(), &amendment.changes)
        }
        _ => return None,
    };
    Some(Said { entry: entry.id, target, was, seen, level: level_of(answers) })
}

/// The level that a case's answers say.
pub(in crate::runtime) fn level_of(answers: &Answers) -> Option<Sharing> {
    match answers.value(LEVEL)? {
        Value::Choice(code) => level(code),
        _ => None,
    }
}

/// Whether a form is the one that opens a case.
pub(in crate::runtime) fn opens(form: &str) -> bool {
    form == CASE_FORM
}

/// The sharing level of a code of the list `handling_code`.
pub(in crate::runtime) fn level(code: &Code) -> Option<Sharing> {
    match code.as_str() {
        "H1" => Some(Sharing::H1),
        "H2" => Some(Sharing::H2),
        "H3" => Some(Sharing::H3),
        "H4" => Some(Sharing::H4),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{Amendment, FormRef, Lang, Sheet, specimen};

    fn id(n: u8) -> EntryId {
        EntryId::from_bytes([n; 16])
    }

    fn entry(n: u8, content: Content) -> Entry {
        Entry { author: specimen::author(n, 1), ..specimen::entry(n, 1, content) }
    }

    fn says(level: &str) -> Answers {
        let mut answers = Answers::default();
        answers.set(LEVEL.into(), crate::model::Answer::Value(Value::Choice(level.into())));
        answers
    }

    fn sheet(n: u8, level: &str) -> Entry {
        let form = FormRef { id: CASE_FORM.into(), version: 1 };
        entry(n, Content::Sheet(Sheet::new(form, Lang::En, says(level))))
    }

    fn amend(n: u8, target: u8, seen: &[u8], level: &str) -> Entry {
        let seen = seen.iter().map(|n| id(*n)).collect();
        let changes = says(level);
        entry(
            n,
            Content::Amendment(Amendment { target: id(target), seen, reason: "LEVEL".into(), note: None, changes }),
        )
    }

    fn level_of_all(story: &[Entry]) -> Option<Sharing> {
        let mut levels = Levels::default();
        levels.learn(story);
        levels.learn(story);
        levels.of(&CaseId::from_bytes([1; 16]))
    }

    #[test]
    fn a_correction_counts_whether_it_is_read_before_or_after_what_it_corrects() {
        let (opening, shut) = (sheet(1, "H3"), amend(2, 1, &[], "H1"));
        assert_eq!(level_of_all(&[opening.clone(), shut.clone()]), Some(Sharing::H1));
        assert_eq!(level_of_all(&[shut, opening]), Some(Sharing::H1));
        let wider = [amend(3, 1, &[2], "H2"), sheet(1, "H3"), amend(2, 1, &[], "H1")];
        assert_eq!(level_of_all(&wider), Some(Sharing::H2), "somebody who had seen it shut opened it again");
    }

    #[test]
    fn where_two_did_not_know_of_each_other_the_fewest_read_it() {
        let story = [sheet(1, "H2"), amend(2, 1, &[], "H3"), amend(3, 1, &[], "H1")];
        assert_eq!(level_of_all(&story), Some(Sharing::H1));
        let decided = [&story[..], &[amend(4, 1, &[2, 3], "H3")]].concat();
        assert_eq!(level_of_all(&decided), Some(Sharing::H3));
        assert_eq!(level_of_all(&[sheet(1, "H3"), sheet(2, "H4")]), Some(Sharing::H4), "H4 is read by as many as H2");
    }

    #[test]
    fn a_correction_of_something_else_opens_no_case() {
        assert_eq!(level_of_all(&[sheet(1, "H1"), amend(3, 2, &[1], "H3")]), Some(Sharing::H1));
    }

    proptest! {
        #[test]
        fn the_order_of_reading_changes_nothing(order in Just((0..5_usize).collect::<Vec<_>>()).prop_shuffle()) {
            let story = [sheet(1, "H2"), amend(2, 1, &[], "H3"), amend(3, 1, &[2], "H1"), amend(4, 1, &[], "H4"), sheet(5, "H3")];
            let shuffled: Vec<Entry> = order.iter().map(|at| story[*at].clone()).collect();
            prop_assert_eq!(level_of_all(&shuffled), level_of_all(&story));
        }
    }
}
