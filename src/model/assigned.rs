//! To whom a case was given to go on with: supervisors' words, folded as a set, so that the order in which they arrive changes nothing.
//!
//! A word that gives a case names the words of that kind that its author had before them, and stands in their place. Two that did not know
//! of each other both stand until a later one names both. It ends with a later word, or when whoever gave it corrects it.

use std::collections::BTreeSet;

use super::{
    answer::{Answers, Value},
    casebook::{CaseFile, Casebook},
    entry::{Content, Entry},
    ids::{CaseId, DeviceId, EntryId, MemberId},
    review,
};

/// The question that names the member.
pub const ASSIGNEE: &str = "review_assignee";
/// The question that says in words to whom: what was chosen, or in older words what was typed.
pub const ASSIGNED: &str = "review_assigned";
/// The question that names the words in whose place this one stands.
pub const INSTEAD: &str = "review_instead";

/// A case that somebody was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The case.
    pub case: CaseId,
    /// The word that gives it.
    pub word: EntryId,
    /// The entry that the word is on.
    pub of: EntryId,
    /// Whose word it is.
    pub by: DeviceId,
    /// To whom; nobody that a program could know where an older word says it in free text.
    pub to: Option<MemberId>,
    /// The same in words.
    pub name: Box<str>,
    /// What is to be done.
    pub note: Option<Box<str>>,
}

/// The member whom a word names.
pub fn assignee(answers: &Answers) -> Option<MemberId> {
    text(answers, ASSIGNEE)?.parse().ok()
}

/// The words in whose place one stands.
pub fn instead(answers: &Answers) -> BTreeSet<EntryId> {
    text(answers, INSTEAD).into_iter().flat_map(str::split_whitespace).filter_map(|id| id.parse().ok()).collect()
}

fn text<'a>(answers: &'a Answers, question: &str) -> Option<&'a str> {
    match answers.value(question)? {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

impl Casebook {
    /// To whom a case is given today, in the order of the words' ids.
    pub fn assigned(&self, file: &CaseFile) -> Vec<Assignment> {
        self.assigned_by(file, |device| self.heeds(device))
    }

    /// The same by the words of these devices alone: any other gives nothing, and replaces nothing.
    pub fn assigned_by(&self, file: &CaseFile, counts: impl Fn(&DeviceId) -> bool) -> Vec<Assignment> {
        let mut words = self.words_in(file);
        words.retain(|word| counts(&word.device));
        // One that was taken back gives nothing to anybody, and what it stood in the place of stays gone.
        let gone: BTreeSet<EntryId> = words.iter().flat_map(|word| instead(&word.answers)).collect();
        // One that was kept again may be named by either number.
        let named = |id: &EntryId| {
            let was = self.entry(id).and_then(|entry| entry.ties.as_ref()?.was).map(|was| was.id());
            gone.contains(id) || was.is_some_and(|was| gone.contains(&was))
        };
        let assignment = |word: &review::Word| {
            let (to, name) = (assignee(&word.answers), text(&word.answers, ASSIGNED).unwrap_or_default().into());
            let note = word.note().map(Into::into);
            Some(Assignment { case: file.id, word: word.id, of: word.of()?, by: word.device, to, name, note })
        };
        words.iter().filter(|word| word.says() == "ASSIGN" && !named(&word.id)).filter_map(assignment).collect()
    }

    /// Cases that are given to this member.
    pub fn assigned_to(&self, me: &MemberId) -> Vec<Assignment> {
        self.given(|assignment| assignment.to == Some(*me))
    }

    /// Everything that was given and nobody has gone on with yet. A case that is closed waits for nobody. `is_of` knows whose device one
    /// is, and `kept` when an entry was kept: clocks are evidence, and decide no more than whether somebody is still reminded.
    pub fn not_taken_up(
        &self,
        is_of: impl Fn(&MemberId, &DeviceId) -> bool,
        kept: impl Fn(&Entry) -> i64,
    ) -> Vec<Assignment> {
        let taken_up = |assignment: &Assignment| {
            let (Some(to), Some(word)) = (assignment.to, self.entry(&assignment.word)) else { return false };
            let (given, file) = (kept(word), self.case(&assignment.case));
            let entries = file.into_iter().flat_map(|file| file.entries.iter()).filter_map(|id| self.entry(id));
            let acts = |entry: &&Entry| {
                matches!(entry.content, Content::Sheet(_) | Content::Amendment(_) | Content::Handover(_))
                    && is_of(&to, &entry.author.device)
            };
            entries.into_iter().filter(acts).any(|entry| entry.id != word.id && kept(entry) > given)
        };
        self.given(|assignment| !taken_up(assignment) && !self.is_closed(&assignment.case))
    }

    fn is_closed(&self, case: &CaseId) -> bool {
        let status = self.case(case).and_then(|file| file.summary.status.as_ref());
        status.is_some_and(|code| matches!(code.as_str(), "CLO" | "CLR"))
    }

    fn given(&self, wanted: impl Fn(&Assignment) -> bool) -> Vec<Assignment> {
        let mut all: Vec<Assignment> = self.cases().flat_map(|file| self.assigned(file)).filter(wanted).collect();
        all.sort_by_key(|assignment| (assignment.case, assignment.word));
        all
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{answer::Answer, entry::Amendment, ids::Code, same::MayJoin, specimen};
    use super::*;

    const OFFICER: u8 = 1;
    const SUPERVISOR: u8 = 2;
    const OTHER: u8 = 3;

    fn id(n: u8) -> EntryId {
        EntryId::from_bytes([n; 16])
    }

    fn member(n: u8) -> MemberId {
        MemberId::from_bytes([n; 16])
    }

    fn entry(n: u8, device: u8, content: Content) -> Entry {
        let (author, times) = (specimen::author(device, u64::from(n)), specimen::at(i64::from(n)));
        Entry { author, times, ..specimen::entry(n, 7, content) }
    }

    fn sheet(form: &str, told: &[(&str, Value)]) -> Content {
        let answers = told.iter().map(|(id, value)| ((*id).into(), Answer::Value(value.clone()).into())).collect();
        specimen::sheet(form, answers)
    }

    fn word(of: u8, to: u8, instead: &[u8]) -> Content {
        let instead: Vec<String> = instead.iter().map(|n| id(*n).to_string()).collect();
        let told = [
            ("review_of", Value::Entry(id(of))),
            ("review_word", Value::Choice("ASSIGN".into())),
            (ASSIGNEE, Value::Text(member(to).to_string().into())),
            (ASSIGNED, Value::Text(format!("officer {to}").into())),
            (INSTEAD, Value::Text(instead.join(" ").into())),
        ];
        sheet(review::FORM, &told)
    }

    fn change(of: u8, told: &[(&str, Value)]) -> Content {
        Content::Amendment(Amendment {
            target: id(of),
            seen: Vec::new(),
            reason: Code::new("NEWINFO"),
            note: None,
            changes: told.iter().map(|(id, value)| ((*id).into(), Answer::Value(value.clone()).into())).collect(),
        })
    }

    fn book(entries: impl IntoIterator<Item = Entry>) -> Casebook {
        let mut book = Casebook::default();
        entries.into_iter().for_each(|entry| book.apply(entry));
        book
    }

    fn to(book: &Casebook) -> Vec<u8> {
        let file = book.case(&CaseId::from_bytes([7; 16])).unwrap();
        book.assigned(file).iter().filter_map(|given| given.to).map(|to| to.as_bytes()[0]).collect()
    }

    fn opened() -> Entry {
        entry(1, OFFICER, sheet("case", &[("case_status", Value::Choice("ACT".into()))]))
    }

    #[test]
    fn a_later_word_stands_in_the_place_of_those_it_knew_and_two_that_did_not_know_both_stand() {
        let mut book = book([opened(), entry(2, SUPERVISOR, word(1, 5, &[])), entry(3, OTHER, word(1, 6, &[]))]);
        assert_eq!(to(&book), [5, 6]);
        book.apply(entry(4, SUPERVISOR, word(1, 8, &[2, 3])));
        assert_eq!(to(&book), [8]);
        assert_eq!(book.assigned_to(&member(8)).len(), 1);
        assert!(book.assigned_to(&member(5)).is_empty());
        book.apply(entry(5, SUPERVISOR, change(4, &[("review_word", Value::Choice("APPROVE".into()))])));
        assert_eq!(to(&book), [0_u8; 0], "whoever gave it takes it back, and what it replaced stays replaced");
    }

    #[test]
    fn a_word_of_somebody_who_does_not_supervise_gives_nothing_and_takes_nothing_from_anybody() {
        let mut book = book([opened(), entry(2, SUPERVISOR, word(1, 5, &[])), entry(3, OFFICER, word(1, 6, &[2]))]);
        assert_eq!(to(&book), [6], "as long as nobody has said who supervises");
        book.let_join(MayJoin::These([DeviceId::from_bytes([SUPERVISOR; 32])].into()));
        assert_eq!(to(&book), [5]);
    }

    #[test]
    fn an_older_word_in_free_text_is_read_and_names_no_member() {
        let told = [
            ("review_of", Value::Entry(id(1))),
            ("review_word", Value::Choice("ASSIGN".into())),
            (ASSIGNED, Value::Text("SI Rashid".into())),
        ];
        let book = book([opened(), entry(2, SUPERVISOR, sheet(review::FORM, &told))]);
        let given = book.not_taken_up(|_, _| true, |entry| entry.times.device.unix_ms);
        assert_eq!(given.iter().map(|given| (given.to, &*given.name)).collect::<Vec<_>>(), [(None, "SI Rashid")]);
    }

    #[test]
    fn it_waits_until_they_keep_something_in_the_case_or_the_case_is_closed() {
        let clock = |entry: &Entry| entry.times.device.unix_ms;
        let theirs = |member: &MemberId, device: &DeviceId| member.as_bytes()[0] == device.as_bytes()[0];
        let mut book = book([opened(), entry(3, SUPERVISOR, word(1, OFFICER, &[]))]);
        let waits = |book: &Casebook| book.not_taken_up(theirs, clock).len();
        assert_eq!(waits(&book), 1, "what they kept before it was given is no answer");
        book.apply(entry(2, OFFICER, sheet("note", &[])));
        book.apply(entry(4, OTHER, sheet("note", &[])));
        assert_eq!(waits(&book), 1, "nor what they kept before and what others keep");
        let mut closed = book.clone();
        closed.apply(entry(6, OTHER, change(1, &[("case_status", Value::Choice("CLO".into()))])));
        assert_eq!(waits(&closed), 0);
        book.apply(entry(5, OFFICER, sheet("note", &[])));
        assert_eq!(waits(&book), 0);
        assert_eq!(to(&book), [OFFICER], "it is theirs all the same");
    }

    proptest! {
        #[test]
        fn the_order_of_arrival_changes_nothing(order in Just((0..6_usize).collect::<Vec<_>>()).prop_shuffle()) {
            let story = [
                opened(),
                entry(2, SUPERVISOR, word(1, 5, &[])),
                entry(3, OTHER, word(1, 6, &[])),
                entry(4, SUPERVISOR, word(1, 8, &[2])),
                entry(5, OTHER, change(3, &[(ASSIGNEE, Value::Text(member(9).to_string().into()))])),
                entry(6, OFFICER, sheet("note", &[])),
            ];
            let shuffled = book(order.iter().map(|at| story[*at].clone()));
            prop_assert_eq!(to(&shuffled), [9, 8]);
            prop_assert_eq!(shuffled, book(story));
        }
    }
}
