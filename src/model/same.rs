//! Two cases, or two persons of different cases, that a supervisor says are one: signed words, folded as a set, so that the order in which
//! they arrive changes nothing.
//!
//! Such a word destroys nothing: both stay as they are, sealed to their own readers, and a later word takes it back. It names the words on
//! the same two that its author knew, and stands in their place; of words that did not know of each other none counts until a later one
//! names them all. It stands in a case of its own that only those read who read both, so whoever reads one of the two learns nothing here.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    answer::{Answers, Value},
    casebook::Casebook,
    entry::{Content, Entry},
    ids::{CaseId, DeviceId, EntryId},
};

/// The form of such a word.
pub const FORM: &str = "same";

/// Whose words on what is one and the same, and on whom a case is given to, count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum MayJoin {
    /// Everybody's, while nobody has said.
    #[default]
    Anybody,
    /// Those of these devices: who supervises, or did.
    These(BTreeSet<DeviceId>),
}

/// What two things are one, by whose word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pair {
    /// Two cases, the lower id first.
    Cases(CaseId, CaseId),
    /// Two persons, the lower id first.
    Persons(EntryId, EntryId),
}

/// One word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SameWord {
    /// The entry that holds it.
    pub id: EntryId,
    /// Whose it is.
    pub device: DeviceId,
    /// Whether they are one; otherwise that they are not.
    pub same: bool,
    /// What is a duplicate: the sheet that opens its case, or a person's.
    pub gone: EntryId,
    /// What stands.
    pub stands: EntryId,
    /// Why.
    pub note: Box<str>,
    /// The words in whose place it stands.
    instead: BTreeSet<EntryId>,
}

/// What is one today.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Same {
    /// Duplicates, each with the case that stands in the end.
    cases: BTreeMap<CaseId, CaseId>,
    /// Persons who are counted with another.
    persons: BTreeMap<EntryId, EntryId>,
    /// Pairs over which words differ that did not know of each other, or that lead in a circle: they are shown apart until somebody chooses.
    collided: BTreeSet<Pair>,
}

impl Same {
    /// The case that stands for this one, where it is a duplicate.
    pub fn stands_for(&self, case: &CaseId) -> Option<CaseId> {
        self.cases.get(case).copied()
    }

    /// The duplicates that are folded beneath a case.
    pub fn beneath(&self, case: &CaseId) -> impl Iterator<Item = CaseId> {
        self.cases.iter().filter(move |(_, stands)| *stands == case).map(|(gone, _)| *gone)
    }

    /// The person with whom this one is counted, where that is another.
    pub fn counted_with(&self, person: &EntryId) -> Option<EntryId> {
        self.persons.get(person).copied()
    }

    /// Whether two persons are one.
    pub fn is_one(&self, one: &EntryId, other: &EntryId) -> bool {
        let root = |id: &EntryId| self.counted_with(id).unwrap_or(*id);
        root(one) == root(other)
    }

    /// Pairs over which words differ.
    pub fn collided(&self) -> impl Iterator<Item = &Pair> {
        self.collided.iter()
    }

    /// Whether nothing is anything else.
    pub fn is_empty(&self) -> bool {
        self.cases.is_empty() && self.persons.is_empty() && self.collided.is_empty()
    }

    /// Persons, each with the one that they are counted with.
    pub fn persons(&self) -> impl Iterator<Item = (&EntryId, &EntryId)> {
        self.persons.iter()
    }

    /// Duplicates and the cases that stand for them.
    pub fn cases(&self) -> impl Iterator<Item = (&CaseId, &CaseId)> {
        self.cases.iter()
    }
}

fn pair<T: Ord>(one: T, other: T) -> (T, T) {
    if one <= other { (one, other) } else { (other, one) }
}

impl Casebook {
    /// Whose words on what is one and the same, and on whom a case is given to, count from now on.
    pub fn let_join(&mut self, may_join: MayJoin) {
        self.may_join = may_join;
    }

    /// The entries that hold such words. They belong to nobody's case.
    pub fn same_entries(&self) -> impl Iterator<Item = &Entry> {
        self.joins.iter().filter_map(|id| self.entry(id))
    }

    /// Whether the words of a device count.
    pub(super) fn heeds(&self, device: &DeviceId) -> bool {
        match &self.may_join {
            MayJoin::Anybody => true,
            MayJoin::These(devices) => devices.contains(device),
        }
    }

    /// Every word that counts, in the order of their ids.
    fn same_words(&self) -> Vec<SameWord> {
        let heeded = self.same_entries().filter(|entry| self.heeds(&entry.author.device));
        let mut words: Vec<SameWord> = heeded.filter_map(word).collect();
        words.sort_unstable_by_key(|word| word.id);
        words
    }

    /// The words on a pair in whose place no other stands, in the order of their ids.
    pub fn same_words_on(&self, wanted: &Pair) -> Vec<SameWord> {
        let words = self.same_words();
        let gone = self.replaced(&words);
        words.into_iter().filter(|word| !gone.contains(&word.id) && self.pair_of(word) == Some(*wanted)).collect()
    }

    /// One that was kept again may be named by either number.
    fn replaced(&self, words: &[SameWord]) -> BTreeSet<EntryId> {
        let named: BTreeSet<EntryId> = words.iter().flat_map(|word| word.instead.iter().copied()).collect();
        let was = |id: &EntryId| self.entry(id).and_then(|entry| entry.ties.as_ref()?.was).map(|was| was.id());
        let gone = |word: &&SameWord| named.contains(&word.id) || was(&word.id).is_some_and(|was| named.contains(&was));
        words.iter().filter(gone).map(|word| word.id).collect()
    }

    /// What a word is about: two cases by the sheets that open them, or two persons of different cases, all of it readable here.
    fn pair_of(&self, word: &SameWord) -> Option<Pair> {
        self.pair(&word.gone, &word.stands)
    }

    /// Two entries as a pair that can be one.
    pub fn pair(&self, one: &EntryId, other: &EntryId) -> Option<Pair> {
        let (one, other) = (self.entry(one)?, self.entry(other)?);
        if one.case == other.case {
            return None;
        }
        let opens = |entry: &Entry| self.opening(self.case(&entry.case)?).map(|opening| opening.id == entry.id);
        let is_person =
            |entry: &Entry| matches!(&entry.content, Content::Sheet(sheet) if sheet.form().id.as_str() == "person");
        if opens(one)? && opens(other)? {
            let (one, other) = pair(one.case, other.case);
            return Some(Pair::Cases(one, other));
        }
        let (first, second) = pair(one.id, other.id);
        (is_person(one) && is_person(other)).then_some(Pair::Persons(first, second))
    }

    /// What is one today.
    pub fn same(&self) -> Same {
        let mut same = Same::default();
        if self.joins.is_empty() {
            return same;
        }
        let words = self.same_words();
        let gone = self.replaced(&words);
        let mut standing: BTreeMap<Pair, Vec<&SameWord>> = BTreeMap::new();
        for word in words.iter().filter(|word| !gone.contains(&word.id)) {
            if let Some(pair) = self.pair_of(word) {
                standing.entry(pair).or_default().push(word);
            }
        }
        let (mut cases, mut persons) = (BTreeMap::<CaseId, BTreeSet<CaseId>>::new(), Vec::new());
        for (pair, words) in &standing {
            let said: BTreeSet<(bool, Option<EntryId>)> = words
                .iter()
                .map(|word| (word.same, (word.same && matches!(pair, Pair::Cases(..))).then_some(word.gone)))
                .collect();
            match (pair, words.first()) {
                _ if said.len() > 1 => _ = same.collided.insert(*pair),
                (Pair::Cases(..), Some(word)) if word.same => {
                    let of = |id: &EntryId| self.entry(id).map(|entry| entry.case);
                    if let (Some(gone), Some(stands)) = (of(&word.gone), of(&word.stands)) {
                        cases.entry(gone).or_default().insert(stands);
                    }
                }
                (Pair::Persons(..), Some(word)) if word.same => persons.push((word.gone, word.stands)),
                _ => {}
            }
        }
        same.fold_cases(&cases);
        same.fold_persons(persons);
        same
    }
}

impl Same {
    /// A case that is said to be a duplicate of two others, and cases that are duplicates of one another in a circle, stay apart.
    fn fold_cases(&mut self, said: &BTreeMap<CaseId, BTreeSet<CaseId>>) {
        let collide = |gone: &CaseId, stands: &BTreeSet<CaseId>| {
            let pairs: Vec<Pair> =
                stands.iter().map(|other| pair(*gone, *other)).map(|(a, b)| Pair::Cases(a, b)).collect();
            pairs
        };
        let (one, many): (BTreeMap<_, _>, BTreeMap<_, _>) = said.iter().partition(|(_, stands)| stands.len() == 1);
        self.collided.extend(many.into_iter().flat_map(|(gone, stands)| collide(gone, stands)));
        let next: BTreeMap<CaseId, CaseId> =
            one.iter().filter_map(|(gone, stands)| Some((**gone, *stands.first()?))).collect();
        for (gone, first) in &next {
            let (mut at, mut walked) = (*first, BTreeSet::from([*gone]));
            while let Some(on) = next.get(&at).filter(|_| walked.insert(at)) {
                at = *on;
            }
            if walked.contains(&at) {
                let (a, b) = pair(*gone, *first);
                self.collided.insert(Pair::Cases(a, b));
            } else {
                self.cases.insert(*gone, at);
            }
        }
    }

    /// Everybody who is the same is counted with one of them: one who was never called the duplicate, the lowest id of several.
    fn fold_persons(&mut self, said: Vec<(EntryId, EntryId)>) {
        let duplicates: BTreeSet<EntryId> = said.iter().map(|(gone, _)| *gone).collect();
        let mut groups: Vec<BTreeSet<EntryId>> = Vec::new();
        for (one, other) in said {
            let (with, apart): (Vec<_>, Vec<_>) =
                groups.into_iter().partition(|group| group.contains(&one) || group.contains(&other));
            groups = apart;
            groups.push(with.into_iter().flatten().chain([one, other]).collect());
        }
        for group in groups {
            let Some(counts) = group.iter().find(|id| !duplicates.contains(id)).or_else(|| group.first()).copied()
            else {
                continue;
            };
            self.persons.extend(group.into_iter().filter(|id| *id != counts).map(|id| (id, counts)));
        }
    }
}

/// The two that a word is about, where this entry is one: what is a duplicate or is none, and what stands.
pub fn named(entry: &Entry) -> Option<[EntryId; 2]> {
    let is_word = matches!(&entry.content, Content::Sheet(sheet) if sheet.form().id.as_str() == FORM);
    word(entry).filter(|_| is_word).map(|word| [word.gone, word.stands])
}

/// What an entry of this kind says.
fn word(entry: &Entry) -> Option<SameWord> {
    let Content::Sheet(sheet) = &entry.content else { return None };
    let answers = sheet.answers();
    let named = |question: &str| match answers.value(question)? {
        Value::Entry(id) => Some(*id),
        _ => None,
    };
    Some(SameWord {
        id: entry.id,
        device: entry.author.device,
        same: answers.choice("same_word")?.as_str() == "SAME",
        gone: named("same_gone")?,
        stands: named("same_stands")?,
        note: text(answers, "same_note").unwrap_or_default().into(),
        instead: text(answers, "same_instead")
            .into_iter()
            .flat_map(str::split_whitespace)
            .filter_map(|id| id.parse().ok())
            .collect(),
    })
}

fn text<'a>(answers: &'a Answers, question: &str) -> Option<&'a str> {
    match answers.value(question)? {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

/// The answers of a word on these two that stands in the place of what was said of them before.
pub fn answers(book: &Casebook, same: bool, (gone, stands): (EntryId, EntryId), note: &str) -> Option<Answers> {
    use super::answer::Answer;
    let pair = book.pair(&gone, &stands)?;
    let before: Vec<String> = book.same_words_on(&pair).iter().map(|word| word.id.to_string()).collect();
    let mut answers = Answers::default();
    let mut set = |question: &str, value: Value| answers.set(question.into(), Answer::Value(value));
    set("same_word", Value::Choice(if same { "SAME" } else { "APART" }.into()));
    set("same_gone", Value::Entry(gone));
    set("same_stands", Value::Entry(stands));
    set("same_note", Value::Text(note.into()));
    if !before.is_empty() {
        set("same_instead", Value::Text(before.join(" ").into()));
    }
    Some(answers)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::specimen;
    use super::*;

    fn id(n: u8) -> EntryId {
        EntryId::from_bytes([n; 16])
    }

    fn case(n: u8) -> CaseId {
        CaseId::from_bytes([n; 16])
    }

    /// The opening of case n is entry n0, its persons are n1, n2…
    fn story() -> Vec<Entry> {
        let sheet = |n: u8, form: &str| specimen::entry(n, n / 10, specimen::sheet(form, Answers::default()));
        [(10, "case"), (11, "person"), (20, "case"), (21, "person"), (30, "case"), (31, "person"), (40, "case")]
            .map(|(n, form)| sheet(n, form))
            .into()
    }

    fn said(n: u8, device: u8, same: bool, (gone, stands): (u8, u8), instead: &[u8]) -> Entry {
        use super::super::answer::Answer;
        let instead: Vec<String> = instead.iter().map(|n| id(*n).to_string()).collect();
        let told = [
            ("same_word", Value::Choice(if same { "SAME" } else { "APART" }.into())),
            ("same_gone", Value::Entry(id(gone))),
            ("same_stands", Value::Entry(id(stands))),
            ("same_note", Value::Text("One FIR.".into())),
            ("same_instead", Value::Text(instead.join(" ").into())),
        ];
        let answers = told.into_iter().map(|(id, value)| (id.into(), Answer::Value(value).into())).collect();
        Entry {
            author: specimen::author(device, u64::from(n)),
            ..specimen::entry(n, n, specimen::sheet(FORM, answers))
        }
    }

    fn book(entries: impl IntoIterator<Item = Entry>) -> Casebook {
        let mut book = Casebook::default();
        entries.into_iter().for_each(|entry| book.apply(entry));
        book
    }

    fn folded(book: &Casebook) -> Vec<(u8, u8)> {
        book.same().cases().map(|(gone, stands)| (gone.as_bytes()[0], stands.as_bytes()[0])).collect()
    }

    fn with(words: impl IntoIterator<Item = Entry>) -> Casebook {
        book(story().into_iter().chain(words))
    }

    #[test]
    fn a_duplicate_is_folded_beneath_the_case_that_stands_and_a_later_word_takes_it_out_again() {
        let mut book = with([said(200, 1, true, (20, 10), &[])]);
        assert_eq!(folded(&book), [(2, 1)]);
        assert_eq!(book.same().beneath(&case(1)).collect::<Vec<_>>(), [case(2)]);
        assert!(book.case(&case(200)).is_none(), "the word is nobody's case");
        assert!(book.case(&case(2)).is_some(), "and nothing of the duplicate is gone");
        book.apply(said(201, 2, false, (20, 10), &[200]));
        assert_eq!(folded(&book), []);
        book.apply(said(202, 1, true, (10, 20), &[201]));
        assert_eq!(folded(&book), [(1, 2)], "and a word after that one puts it the other way round");
    }

    #[test]
    fn a_chain_ends_at_the_last_and_a_circle_and_two_that_stand_leave_everything_apart() {
        let chain = with([said(200, 1, true, (20, 10), &[]), said(201, 1, true, (30, 20), &[])]);
        assert_eq!(folded(&chain), [(2, 1), (3, 1)]);
        let circle = with([
            said(200, 1, true, (20, 10), &[]),
            said(201, 1, true, (30, 20), &[]),
            said(202, 1, true, (10, 30), &[]),
            said(203, 1, true, (40, 10), &[]),
        ]);
        assert_eq!(folded(&circle), [], "what leads into it too");
        assert_eq!(circle.same().collided().count(), 4);
        let two = with([said(200, 1, true, (20, 10), &[]), said(201, 1, true, (20, 30), &[])]);
        assert_eq!((folded(&two), two.same().collided().count()), (vec![], 2));
    }

    #[test]
    fn words_that_did_not_know_of_each_other_count_for_nothing_until_somebody_names_both() {
        let mut book = with([said(200, 1, true, (20, 10), &[]), said(201, 2, false, (20, 10), &[])]);
        assert_eq!((folded(&book), book.same().collided().count()), (vec![], 1));
        book.apply(said(202, 1, true, (20, 10), &[200, 201]));
        assert_eq!((folded(&book), book.same().collided().count()), (vec![(2, 1)], 0));
        let agreed = with([said(200, 1, true, (20, 10), &[]), said(201, 2, true, (20, 10), &[])]);
        assert_eq!(folded(&agreed), [(2, 1)], "two who say the same do not differ");
        let turned = with([said(200, 1, true, (20, 10), &[]), said(201, 2, true, (10, 20), &[])]);
        assert_eq!(folded(&turned), [], "which of them stands is part of what is said");
    }

    #[test]
    fn only_whoever_supervises_joins_and_nothing_of_one_case_is_joined_with_itself() {
        let mut book = with([said(200, 9, true, (20, 10), &[])]);
        book.let_join(MayJoin::These([DeviceId::from_bytes([1; 32])].into()));
        assert_eq!(folded(&book), []);
        book.apply(said(201, 1, true, (20, 10), &[]));
        assert_eq!(folded(&book), [(2, 1)]);
        let odd = with([
            said(200, 1, true, (11, 10), &[]),
            said(201, 1, true, (20, 11), &[]),
            said(202, 1, true, (99, 10), &[]),
        ]);
        assert!(odd.same().is_empty(), "a person is no case, and what is not readable here is nothing");
    }

    #[test]
    fn persons_of_different_cases_are_counted_with_one_of_them() {
        let mut book = with([said(200, 1, true, (21, 11), &[]), said(201, 1, true, (31, 21), &[])]);
        let same = book.same();
        assert_eq!((same.counted_with(&id(21)), same.counted_with(&id(31))), (Some(id(11)), Some(id(11))));
        assert!(same.counted_with(&id(11)).is_none() && same.is_one(&id(31), &id(11)));
        book.apply(said(202, 2, false, (21, 11), &[200]));
        let same = book.same();
        assert_eq!((same.counted_with(&id(21)), same.counted_with(&id(31))), (None, Some(id(21))));
        assert!(!same.is_one(&id(31), &id(11)));
    }

    #[test]
    fn a_new_word_names_what_was_said_of_the_two_before() {
        let book = with([said(200, 1, true, (20, 10), &[])]);
        let told = answers(&book, false, (id(20), id(10)), "Two kilns.").unwrap();
        assert_eq!(text(&told, "same_instead"), Some(id(200).to_string().as_str()));
        assert!(answers(&book, true, (id(11), id(10)), "x").is_none(), "nor can it be about a person and a case");
    }

    proptest! {
        /// Any words, in any order, with repeats, come to the same.
        #[test]
        fn the_order_of_arrival_changes_nothing(
            words in proptest::collection::vec((0..4_u8, 0..4_u8, any::<bool>(), any::<bool>(), proptest::collection::vec(0..8_u8, 0..3)), 1..8),
            order in Just((0..15_usize).collect::<Vec<_>>()).prop_shuffle(),
        ) {
            let mut all = story();
            for (n, (one, other, same, person, instead)) in (0_u8..).zip(&words) {
                let entry = |case: &u8| (case + 1) * 10 + u8::from(*person && *case < 3);
                let instead: Vec<u8> = instead.iter().filter(|before| **before < n).map(|before| 200 + before).collect();
                all.push(said(200 + n, 1 + n % 3, *same, (entry(one), entry(other)), &instead));
            }
            let shuffled: Vec<Entry> = order.iter().chain(&[0, 7]).filter_map(|at| all.get(*at).cloned()).collect();
            let (shuffled, straight) = (book(shuffled), book(all));
            prop_assert_eq!(shuffled.same(), straight.same());
            prop_assert_eq!(&shuffled, &straight);
            // Nothing is folded beneath what is folded itself, nor counted with who is counted with another.
            let same = straight.same();
            prop_assert!(same.cases.values().all(|stands| same.stands_for(stands).is_none()));
            prop_assert!(same.persons.values().all(|with| same.counted_with(with).is_none()));
        }
    }
}
