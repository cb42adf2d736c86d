//! Entries that were kept again after a fork (`FORMATS.md` section 2): where original and copy can both be read, one is shown.
//!
//! A copy stands for the entry that its `was` names only if the same device signed both, in the same case, with equal answers:
//! otherwise anybody could make another's word disappear. Which of several copies stands is decided by their ids, so that the
//! order of arrival changes nothing, and what is hidden once stays hidden.

use super::{
    answer::{Answer, Answers, Value},
    casebook::Casebook,
    entry::{Content, Entry},
    ids::EntryId,
};

impl Casebook {
    /// Hides what this entry stands for, or this entry where another stands for it. `was` is what it says that it was.
    pub(super) fn settle_copies(&mut self, id: &EntryId, was: Option<EntryId>) {
        if was.is_none() && !self.copies.contains_key(id) {
            return;
        }
        if let Some(was) = was {
            let copies = self.copies.entry(was).or_default();
            copies.insert(copies.partition_point(|other| other < id), *id);
        }
        if self.is_hidden(id) {
            self.hide(id);
        }
        // Only pairs that this entry makes: all others have been judged, and what is hidden once stays hidden.
        let siblings = was.and_then(|was| self.copies.get(&was)).into_iter().flatten().filter(|other| *other > id);
        let touched: Vec<EntryId> = siblings.chain(&was).filter(|other| self.stands_for(id, other)).copied().collect();
        touched.iter().for_each(|other| self.hide(other));
    }

    /// Whether one entry says the same as another that it repeats, or that is a later copy of what both repeat.
    fn stands_for(&self, copy: &EntryId, other: &EntryId) -> bool {
        self.entry(copy).zip(self.entry(other)).is_some_and(|(copy, other)| repeats(copy, other))
    }

    fn is_hidden(&self, id: &EntryId) -> bool {
        let Some(entry) = self.entry(id) else { return false };
        let copies = |of: &EntryId| self.copies.get(of).into_iter().flatten().filter_map(|copy| self.entry(copy));
        let mut own = copies(id);
        let mut siblings = original(entry).into_iter().flat_map(|was| copies(&was)).filter(|other| other.id < entry.id);
        own.any(|copy| repeats(copy, entry)) || siblings.any(|other| repeats(other, entry))
    }

    /// Takes an entry out of what its case shows. It is still found by its id.
    fn hide(&mut self, id: &EntryId) {
        let Some(entry) = self.entries.get(id) else { return };
        let (case, about) = (entry.case, about(&entry.content));
        let person = matches!(&entry.content, Content::Sheet(sheet) if sheet.form().id.as_str() == "person");
        let Some(file) = self.cases.get_mut(&case) else { return };
        let Some(place) = file.entries.iter().position(|shown| shown == id) else { return };
        file.entries.remove(place);
        file.attached.retain(|other| other != id);
        file.summary.entries -= 1;
        file.summary.persons -= usize::from(person);
        file.journals.clear();
        for author in file.entries.clone().iter().filter_map(|id| self.entries.get(id)).map(|entry| entry.author) {
            file.note_author(&author);
        }
        if let Some(list) = about.and_then(|target| self.about.get_mut(&target)) {
            list.retain(|other| other != id);
        }
        if about.is_some_and(|target| self.about.get(&target).is_some_and(Vec::is_empty)) {
            about.map(|target| self.about.remove(&target));
        }
        self.summarise(&case, id);
    }
}

/// The entry that an amendment or sealed answers belong to.
pub(super) fn about(content: &Content) -> Option<EntryId> {
    match content {
        Content::Amendment(amendment) => Some(amendment.target),
        Content::Names(names) => Some(names.of),
        Content::Sheet(_)
        | Content::Access(_)
        | Content::Opened(_)
        | Content::Handover(_)
        | Content::Attachments(_)
        | Content::Other(_) => None,
    }
}

pub(super) fn original(entry: &Entry) -> Option<EntryId> {
    entry.ties.as_ref()?.was.map(|was| was.id())
}

fn repeats(copy: &Entry, entry: &Entry) -> bool {
    (copy.author.device, copy.case) == (entry.author.device, entry.case) && same(&copy.content, &entry.content)
}

/// Whether both say the same. Ids of entries are not compared: those of entries kept again differ, and mean the same.
fn same(one: &Content, other: &Content) -> bool {
    match (one, other) {
        (Content::Sheet(one), Content::Sheet(other)) => {
            (one.form(), one.lang()) == (other.form(), other.lang()) && same_answers(one.answers(), other.answers())
        }
        (Content::Names(one), Content::Names(other)) => same_answers(&one.answers, &other.answers),
        (Content::Amendment(one), Content::Amendment(other)) => {
            (&one.reason, &one.note) == (&other.reason, &other.note) && same_answers(&one.changes, &other.changes)
        }
        (one, other) => one == other,
    }
}

fn same_answers(one: &Answers, other: &Answers) -> bool {
    let equal = |one: &Answer, other: &Answer| {
        one == other || matches!((one, other), (Answer::Value(Value::Entry(_)), Answer::Value(Value::Entry(_))))
    };
    let mut pairs = one.iter().zip(other.iter());
    one.iter().count() == other.iter().count()
        && pairs.all(|((q, one), (p, other))| q == p && one.lang == other.lang && equal(&one.answer, &other.answer))
}

/// What is said with the ids of entries kept again in place of the old ones.
pub fn with_new_ids(content: &mut Content, new: impl Fn(&EntryId) -> Option<EntryId>) {
    let put = |id: &mut EntryId| *id = new(id).unwrap_or(*id);
    let in_answers = |answers: &mut Answers| {
        let changed = answers.iter().filter_map(|(question, given)| match &given.answer {
            Answer::Value(Value::Entry(id)) => new(id).map(|id| (question.clone(), id, given.lang)),
            _ => None,
        });
        for (question, id, lang) in changed.collect::<Vec<_>>() {
            answers.set(question, super::answer::Given { answer: Answer::Value(Value::Entry(id)), lang });
        }
    };
    match content {
        Content::Sheet(sheet) => {
            let mut answers = sheet.answers().clone();
            in_answers(&mut answers);
            *sheet = super::sheet::Sheet::new(sheet.form().clone(), sheet.lang(), answers);
        }
        Content::Names(names) => {
            put(&mut names.of);
            in_answers(&mut names.answers);
        }
        Content::Amendment(amendment) => {
            put(&mut amendment.target);
            amendment.seen.iter_mut().for_each(put);
            in_answers(&mut amendment.changes);
        }
        Content::Handover(handover) => handover.of.iter_mut().for_each(put),
        Content::Attachments(of) => put(of),
        Content::Access(_) | Content::Opened(_) | Content::Other(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{
        casebook::Delivery,
        entry::{Amendment, Author, Names, Ties},
        ids::{CaseId, DeviceId, HeaderHash, JournalId},
        specimen,
        summary::Sort,
    };
    use super::*;

    const CASE: CaseId = CaseId::from_bytes([1; 16]);

    fn id(n: u8) -> EntryId {
        EntryId::from_bytes([n; 16])
    }

    /// Journal 1 is behind a fork, journal 2 goes on.
    fn entry(n: u8, device: u8, was: Option<u8>, content: Content) -> Entry {
        let journal = JournalId::from_bytes([if was.is_some() { 2 } else { 1 }; 16]);
        let ties = was.map(|was| Box::new(Ties { was: Some(HeaderHash::from_bytes([was; 32])), after: None }));
        let author = Author { journal, ..specimen::author(device, u64::from(n)) };
        Entry { author, ties, ..specimen::entry(n, 1, content) }
    }

    fn person(gender: &str) -> Content {
        let answers = [("gender".into(), Answer::Value(Value::Choice(gender.into())).into())];
        specimen::sheet("person", answers.into_iter().collect())
    }

    fn names(of: u8) -> Content {
        let answers = [("name_full".into(), Answer::Value(Value::Text("GUL".into())).into())];
        Content::Names(Names { of: id(of), answers: answers.into_iter().collect() })
    }

    fn correction(of: u8) -> Content {
        let changes = [("gender".into(), Answer::Value(Value::Choice("TF".into())).into())].into_iter().collect();
        Content::Amendment(Amendment {
            target: id(of),
            seen: Vec::new(),
            reason: "NEWINFO".into(),
            note: None,
            changes,
        })
    }

    /// Two originals and an amendment, kept again; a stranger's and a changed copy; a second copy of the first.
    fn story() -> Vec<Entry> {
        vec![
            entry(1, 1, None, person("F")),
            entry(2, 1, None, names(1)),
            entry(3, 1, None, correction(1)),
            entry(11, 1, Some(1), person("F")),
            entry(12, 1, Some(2), names(11)),
            entry(13, 1, Some(3), correction(11)),
            entry(14, 1, Some(1), person("F")),
            entry(20, 1, None, person("M")),
            entry(21, 9, Some(20), person("M")),
            entry(22, 1, Some(20), person("TF")),
        ]
    }

    fn book(entries: impl IntoIterator<Item = Entry>) -> Casebook {
        let mut book = Casebook::default();
        entries.into_iter().for_each(|entry| book.apply(entry));
        book
    }

    #[test]
    fn what_was_kept_again_is_shown_once_and_only_the_signers_equal_copy_stands_for_it() {
        let mut book = book(story());
        let shown = &book.case(&CASE).unwrap().entries;
        let mut seen: Vec<u8> = shown.iter().map(|id| id.as_bytes()[0]).collect();
        seen.sort_unstable();
        assert_eq!(seen, [11, 12, 13, 20, 21, 22]);
        assert_eq!(book.names(&id(11)).count(), 1);
        assert_eq!(book.names(&id(1)).count(), 0);
        assert_eq!(book.standing(&id(11))[0].from, Some(id(13)));
        assert!(book.entry(&id(1)).is_some(), "the original is still found");
        let row = book.list(|_| true, Sort::Touched).remove(0);
        assert_eq!((row.entries, row.persons), (6, 4));
        // What stands behind the fork is never received, and does not hold the case back.
        book.receive(DeviceId::from_bytes([1; 32]), JournalId::from_bytes([2; 16]), 22);
        book.receive(DeviceId::from_bytes([9; 32]), JournalId::from_bytes([2; 16]), 22);
        book.receive(DeviceId::from_bytes([1; 32]), JournalId::from_bytes([1; 16]), 0);
        assert_eq!(book.list(|_| true, Sort::Touched)[0].delivery, Delivery::Kept, "20 is not received");
    }

    #[test]
    fn a_case_whose_copies_are_received_is_received() {
        let mut book = book(story().into_iter().take(6));
        book.receive(DeviceId::from_bytes([1; 32]), JournalId::from_bytes([2; 16]), 22);
        assert_eq!(book.list(|_| true, Sort::Touched)[0].delivery, Delivery::Received);
    }

    proptest! {
        #[test]
        fn the_order_of_arrival_changes_nothing(order in Just((0..10_usize).collect::<Vec<_>>()).prop_shuffle()) {
            let story = story();
            prop_assert_eq!(book(order.iter().map(|at| story[*at].clone())), book(story));
        }
    }
}
