//! All readable entries folded into cases, in memory only.
//!
//! The fold is a set of entries: applying them in any order, or twice, gives the same casebook. What a case shows is
//! computed from its entries when asked for; only what lists and filters need is kept beside them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use foldhash::fast::RandomState;

use super::{
    again,
    answer::{Answers, Given},
    entry::{Author, Content, Entry},
    gone::Gone,
    ids::{CaseId, DeviceId, EntryId, JournalId, QuestionId},
    same::{self, MayJoin},
    summary::{CaseSummary, Sort},
};

/// How far an entry has come: three words only (`DESIGN.md` section 4, invariant 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Delivery {
    /// On this device.
    Kept,
    /// On a stick, or in flight.
    HandedOver,
    /// Headquarters signed for it.
    Received,
}

/// One case and the entries that belong to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseFile {
    /// The case.
    pub id: CaseId,
    /// Its entries, by what their clocks said; how they are shown is for [`super::put_in_order`] to say.
    pub entries: Vec<EntryId>,
    pub(super) summary: CaseSummary,
    /// The last place of each journal that wrote in this case, sorted: one or two, and a hundred thousand trees would be memory.
    pub(super) journals: Vec<((DeviceId, JournalId), u64)>,
    /// Entries with attachments, in no order.
    pub(super) attached: Vec<EntryId>,
}

/// Two amendments that did not know of each other and touch the same question: both are shown until a supervisor chooses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collision {
    /// The entry both amend.
    pub target: EntryId,
    /// The question.
    pub question: QuestionId,
    /// The amendments.
    pub amendments: Vec<EntryId>,
}

/// What one question of an entry says today, and which amendment said so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The question.
    pub question: QuestionId,
    /// The standing answer.
    pub given: Given,
    /// The amendment it comes from; `None` for the sheet itself.
    pub from: Option<EntryId>,
}

/// The form that opens a case.
const OPENS: &str = "case";

/// One amendment's new answer to a question, and the amendments its author had seen.
type Change<'a> = (EntryId, &'a Given, &'a [EntryId]);

/// The fold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Casebook {
    /// Each in a place of its own: a table of four hundred thousand entries that grows moves their addresses and not them.
    pub(super) entries: HashMap<EntryId, Box<Entry>, RandomState>,
    pub(super) cases: HashMap<CaseId, CaseFile, RandomState>,
    /// Amendments and sealed answers by the entry they belong to, sorted.
    pub(super) about: HashMap<EntryId, Vec<EntryId>, RandomState>,
    /// Entries kept again, by the one that they say they were, sorted.
    pub(super) copies: HashMap<EntryId, Vec<EntryId>, RandomState>,
    /// Words on what is one and the same: they are nobody's case.
    pub(super) joins: BTreeSet<EntryId>,
    pub(super) may_join: MayJoin,
    rows: HashSet<[u8; 32], RandomState>,
    /// Entries whose content is gone, by case.
    pub(super) gone: HashMap<CaseId, BTreeMap<EntryId, Gone>, RandomState>,
    pub(super) received: HashMap<(DeviceId, JournalId), u64, RandomState>,
    pub(super) handed_over: HashMap<(DeviceId, JournalId), u64, RandomState>,
    /// Up to where headquarters has the attachments of a journal too; where nothing is said, all of them.
    pub(super) complete: HashMap<(DeviceId, JournalId), u64, RandomState>,
}

impl CaseFile {
    pub(super) fn empty(id: CaseId) -> Self {
        Self { id, entries: Vec::new(), summary: CaseSummary::empty(id), journals: Vec::new(), attached: Vec::new() }
    }

    /// Notes that an author wrote in it.
    pub(super) fn note_author(&mut self, author: &Author) {
        let journal = (author.device, author.journal);
        match self.journals.binary_search_by_key(&journal, |(known, _)| *known) {
            Ok(at) => self.journals.iter_mut().skip(at).take(1).for_each(|(_, last)| *last = author.seq.max(*last)),
            Err(at) => self.journals.insert(at, (journal, author.seq)),
        }
    }
}

impl Casebook {
    /// Takes one entry in. Applying one twice changes nothing.
    pub fn apply(&mut self, entry: Entry) {
        if self.entries.contains_key(&entry.id) || self.is_gone(&entry.case, &entry.id) {
            return;
        }
        if matches!(&entry.content, Content::Sheet(sheet) if sheet.form().id.as_str() == same::FORM) {
            self.joins.insert(entry.id);
            self.entries.insert(entry.id, Box::new(entry));
            return;
        }
        let (id, case, author) = (entry.id, entry.case, entry.author);
        if let Some(source) = &entry.source {
            self.rows.insert(source.row);
        }
        let person = matches!(&entry.content, Content::Sheet(sheet) if sheet.form().id.as_str() == "person");
        if let Some(target) = again::about(&entry.content) {
            let list = self.about.entry(target).or_default();
            list.insert(list.partition_point(|other| *other < id), id);
        }
        let (moment, attached) = (entry.times.device, !entry.parts.is_empty());
        let was = again::original(&entry);
        let mine = (moment.unix_ms, author, id);
        self.entries.insert(id, Box::new(entry));
        let entries = &self.entries;
        let before = |id: &EntryId| entries.get(id).is_none_or(|it| (it.times.device.unix_ms, it.author, it.id) < mine);
        let file = self.cases.entry(case).or_insert_with(|| CaseFile::empty(case));
        // Most entries are the newest of their case when they come.
        let place = match file.entries.last() {
            Some(last) if !before(last) => file.entries.partition_point(before),
            _ => file.entries.len(),
        };
        file.entries.insert(place, id);
        file.note_author(&author);
        if attached {
            file.attached.push(id);
        }
        file.summary.entries += 1;
        file.summary.persons += usize::from(person);
        file.summary.touched = file.summary.touched.max(Some(moment));
        self.summarise(&case, &id);
        self.settle_copies(&id, was);
    }

    /// Works out anew what the list shows of a case, where this entry can change it.
    pub(super) fn summarise(&mut self, case: &CaseId, changed: &EntryId) {
        let Some(target) = self.target_of(changed) else { return };
        // What is amended may arrive after its amendments, or lie in another case, where amendments do not reach.
        // Nor does a correction of a correction change what is shown of anything.
        let Some(entry) = self.entry(&target).filter(|entry| entry.case == *case) else { return };
        let Content::Sheet(sheet) = &entry.content else { return };
        // Only what opens a case says what the list shows of it: other sheets need not be looked for among all of it.
        let opens = sheet.form().id.as_str() == OPENS;
        let file = self.cases.get(case).filter(|_| opens);
        let opening = file
            .and_then(|file| self.opening(file))
            .map(|opening| opening.id)
            .filter(|opening| *opening == target || *changed == target);
        // Few entries are amended: the others say what their sheet says, and nothing collides over them.
        let amended = |id: &EntryId| self.amendments(id).next().is_some();
        let lines = opening.filter(amended).map(|opening| self.standing(&opening));
        let collides = amended(&target) && !self.collisions(&target).is_empty();
        let (entries, Some(file)) = (&self.entries, self.cases.get_mut(case)) else { return };
        let sheet = opening.and_then(|id| entries.get(&id)).map(|entry| &entry.content);
        match (lines, sheet) {
            (Some(lines), _) => {
                let standing = |question: &str| lines.iter().find(|line| line.question.as_str() == question);
                file.summary.open(|question| standing(question).map(|line| &line.given.answer));
            }
            (None, Some(Content::Sheet(sheet))) => file.summary.open(|question| sheet.answers().answer(question)),
            (None, _) => {}
        }
        file.summary.mark(target, collides);
    }

    /// The sheet whose standing an entry can change; itself, if it is a sheet.
    fn target_of(&self, id: &EntryId) -> Option<EntryId> {
        match &self.entries.get(id)?.content {
            Content::Sheet(_) => Some(*id),
            Content::Amendment(amendment) => Some(amendment.target),
            Content::Names(names) => match self.entries.get(&names.of).map(|entry| &entry.content) {
                Some(Content::Amendment(amendment)) => Some(amendment.target),
                _ => None,
            },
            Content::Access(_)
            | Content::Opened(_)
            | Content::Handover(_)
            | Content::Attachments(_)
            | Content::Other(_) => None,
        }
    }

    /// Forgets how far journals have come: whoever notes all of it anew begins with this, because a hub may have lost some.
    pub fn forget_marks(&mut self) {
        self.received.clear();
        self.handed_over.clear();
        self.complete.clear();
    }

    /// Notes a verified receipt: everything of that journal up to `seq` is received.
    pub fn receive(&mut self, device: DeviceId, journal: JournalId, seq: u64) {
        let mark = self.received.entry((device, journal)).or_default();
        *mark = (*mark).max(seq);
    }

    /// Notes that everything of that journal up to `seq` is on a stick or in flight.
    pub fn hand_over(&mut self, device: DeviceId, journal: JournalId, seq: u64) {
        let mark = self.handed_over.entry((device, journal)).or_default();
        *mark = (*mark).max(seq);
    }

    /// Notes that headquarters has every attachment of a journal up to `seq`, and none above it that is known of.
    pub fn complete(&mut self, device: DeviceId, journal: JournalId, seq: u64) {
        let mark = self.complete.entry((device, journal)).or_default();
        *mark = (*mark).max(seq);
    }

    /// How far an entry has come. One whose attachments are still on their way is on its way.
    pub fn delivery(&self, entry: &Entry) -> Delivery {
        let journal = (entry.author.device, entry.author.journal);
        let far = self.delivery_at(journal, entry.author.seq);
        let lacks = || self.complete.get(&journal).is_some_and(|upto| entry.author.seq > *upto);
        if far == Delivery::Received && !entry.parts.is_empty() && lacks() { Delivery::HandedOver } else { far }
    }

    fn delivery_at(&self, journal: (DeviceId, JournalId), seq: u64) -> Delivery {
        let reaches = |marks: &HashMap<_, u64, RandomState>| marks.get(&journal).is_some_and(|mark| seq <= *mark);
        match (reaches(&self.received), reaches(&self.handed_over)) {
            (true, _) => Delivery::Received,
            (false, true) => Delivery::HandedOver,
            (false, false) => Delivery::Kept,
        }
    }

    /// One entry.
    pub fn entry(&self, id: &EntryId) -> Option<&Entry> {
        self.entries.get(id).map(AsRef::as_ref)
    }

    /// One case.
    pub fn case(&self, id: &CaseId) -> Option<&CaseFile> {
        self.cases.get(id)
    }

    /// All cases, in no order.
    pub fn cases(&self) -> impl ExactSizeIterator<Item = &CaseFile> {
        self.cases.values()
    }

    /// Whether an imported row with this identity is there already.
    pub fn has_row(&self, row: &[u8; 32]) -> bool {
        self.rows.contains(row)
    }

    /// The sheets of a case filled with one form.
    pub fn sheets<'a>(&'a self, case: &'a CaseFile, form: &'a str) -> impl Iterator<Item = &'a Entry> {
        case.entries
            .iter()
            .filter_map(|id| self.entry(id))
            .filter(move |entry| matches!(&entry.content, Content::Sheet(sheet) if sheet.form().id.as_str() == form))
    }

    /// The sheet that opens a case. There is one; where somebody put another beside it, no clock decides which is meant: it is the first by
    /// author and place, everywhere the same.
    pub fn opening(&self, case: &CaseFile) -> Option<&Entry> {
        let sheets = case.entries.iter().filter_map(|id| self.entry(id));
        let opens =
            |entry: &&Entry| matches!(&entry.content, Content::Sheet(sheet) if sheet.form().id.as_str() == OPENS);
        sheets.filter(opens).min_by_key(|entry| (entry.author, entry.id))
    }

    /// The amendments of an entry, in no order that means anything. An amendment from another case does not count.
    pub fn amendments<'a>(&'a self, target: &EntryId) -> impl Iterator<Item = &'a Entry> {
        let case = self.entries.get(target).map(|entry| entry.case);
        self.belonging(target)
            .filter(move |entry| Some(entry.case) == case && matches!(entry.content, Content::Amendment(_)))
    }

    fn belonging<'a>(&'a self, target: &EntryId) -> impl Iterator<Item = &'a Entry> {
        self.about.get(target).into_iter().flatten().filter_map(|id| self.entry(id))
    }

    /// The sealed answers that were kept with an entry by its own author; another's would be a name put on someone.
    pub fn names<'a>(&'a self, of: &EntryId) -> impl Iterator<Item = &'a Answers> {
        let owner = self.entries.get(of).map(|entry| (entry.case, entry.author.device));
        self.belonging(of).filter_map(move |entry| match &entry.content {
            Content::Names(names) if Some((entry.case, entry.author.device)) == owner => Some(&names.answers),
            _ => None,
        })
    }

    /// What an entry says today, in the order of question ids. A question over which amendments collide has a line
    /// for each of them.
    pub fn standing(&self, id: &EntryId) -> Vec<Line> {
        self.lines(id, false)
    }

    /// What an entry says today, one answer a question: where corrections collide, the first of them. Names only when asked for.
    pub fn answers(&self, id: &EntryId, with_names: bool) -> Answers {
        let mut answers = Answers::default();
        for line in self.lines(id, with_names) {
            if answers.get(line.question.as_str()).is_none() {
                answers.set(line.question, line.given);
            }
        }
        answers
    }

    /// As [`Casebook::standing`], with the sealed answers that can be read.
    pub fn standing_with_names(&self, id: &EntryId) -> Vec<Line> {
        self.lines(id, true)
    }

    fn lines(&self, id: &EntryId, with_names: bool) -> Vec<Line> {
        let mut lines: Vec<Line> = Vec::new();
        for (question, heads) in self.heads(id, with_names) {
            for (from, given) in heads {
                let repeats = lines.last().is_some_and(|last| last.question == *question && last.given == *given);
                if !repeats {
                    lines.push(Line { question: question.clone(), given: given.clone(), from });
                }
            }
        }
        lines
    }

    /// The answers as they stood, sealed ones too, when these were all the amendments.
    pub fn answers_as_seen(&self, id: &EntryId, seen: &[EntryId]) -> Answers {
        let mut answers = Answers::default();
        for (question, heads) in self.heads_among(id, true, |amendment| seen.contains(amendment)) {
            if let Some((_, given)) = heads.first() {
                answers.set(question.clone(), (*given).clone());
            }
        }
        answers
    }

    /// By question, the answers that no other has replaced: the newest amendments, or the sheet's own.
    fn heads<'a>(
        &'a self,
        id: &EntryId,
        with_names: bool,
    ) -> BTreeMap<&'a QuestionId, Vec<(Option<EntryId>, &'a Given)>> {
        self.heads_among(id, with_names, |_amendment| true)
    }

    fn heads_among<'a>(
        &'a self,
        id: &EntryId,
        with_names: bool,
        counts: impl Fn(&EntryId) -> bool,
    ) -> BTreeMap<&'a QuestionId, Vec<(Option<EntryId>, &'a Given)>> {
        let mut told: BTreeMap<&QuestionId, Vec<(Option<EntryId>, &Given)>> = BTreeMap::new();
        let own = match self.entries.get(id).map(|entry| &entry.content) {
            Some(Content::Sheet(sheet)) => Some(sheet.answers()),
            Some(Content::Names(names)) => Some(&names.answers),
            _ => None,
        };
        let sealed = |of: &EntryId| self.names(of).filter(|_| with_names).flat_map(Answers::iter).collect::<Vec<_>>();
        for (question, given) in own.into_iter().flat_map(Answers::iter).chain(sealed(id)) {
            told.insert(question, vec![(None, given)]);
        }
        let mut changed: BTreeMap<&QuestionId, Vec<Change<'_>>> = BTreeMap::new();
        for entry in self.amendments(id).filter(|entry| counts(&entry.id)) {
            let Content::Amendment(amendment) = &entry.content else { continue };
            for (question, given) in amendment.changes.iter().chain(sealed(&entry.id)) {
                changed.entry(question).or_default().push((entry.id, given, &amendment.seen));
            }
        }
        for (question, all) in changed {
            let replaced: HashSet<&EntryId> = all.iter().flat_map(|(_, _, seen)| seen.iter()).collect();
            let standing = all.iter().filter(|(id, ..)| !replaced.contains(id));
            told.insert(question, standing.map(|(id, given, _)| (Some(*id), *given)).collect());
        }
        told
    }

    /// The questions over which amendments of an entry collide: neither knew of the other, and they differ.
    pub fn collisions(&self, target: &EntryId) -> Vec<Collision> {
        let differ = |heads: &[(Option<EntryId>, &Given)]| {
            heads.windows(2).any(|two| matches!(two, [(_, one), (_, other)] if one != other))
        };
        let heads = self.heads(target, true).into_iter().filter(|(_, heads)| differ(heads));
        heads
            .map(|(question, heads)| Collision {
                target: *target,
                question: question.clone(),
                amendments: heads.into_iter().filter_map(|(from, _)| from).collect(),
            })
            .collect()
    }

    /// One line of the list of cases.
    pub fn summary(&self, case: &CaseFile) -> CaseSummary {
        let far = case.journals.iter().map(|(journal, seq)| self.delivery_at(*journal, *seq)).min();
        let mut summary = case.summary.clone();
        let attached = case.attached.iter().filter_map(|id| self.entry(id)).map(|entry| self.delivery(entry)).min();
        summary.delivery = far.into_iter().chain(attached).min().unwrap_or(Delivery::Kept);
        summary
    }

    /// The cases that a filter lets through, sorted; equals keep the order of their ids.
    pub fn list(&self, filter: impl Fn(&CaseSummary) -> bool, sort: Sort) -> Vec<CaseSummary> {
        let mut rows: Vec<CaseSummary> = self.cases.values().map(|case| self.summary(case)).filter(filter).collect();
        rows.sort_unstable_by(|one, other| sort.compare(one, other));
        rows
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{
        answer::{Answer, Value},
        date::Moment,
        entry::{Amendment, Names, Source, Times},
        gone::Absence,
        ids::Code,
        specimen,
    };
    use super::*;

    fn code(code: &str) -> Answer {
        Answer::Value(Value::Choice(code.into()))
    }

    fn answers(told: &[(&str, &str)]) -> Answers {
        told.iter().map(|(id, value)| ((*id).into(), code(value).into())).collect()
    }

    fn entry(id: u8, device: u8, content: Content) -> Entry {
        let source =
            (id == 1).then(|| Source { name: "s".into(), map: "m".into(), row: [id; 32], cells: Box::default() });
        let (author, times) = (specimen::author(device, u64::from(id)), specimen::at(i64::from(id % 3)));
        Entry { author, times, source, ..specimen::entry(id, 1, content) }
    }

    fn sheet(form: &str, told: &[(&str, &str)]) -> Content {
        specimen::sheet(form, answers(told))
    }

    fn amend(target: u8, seen: &[u8], told: &[(&str, &str)]) -> Content {
        Content::Amendment(Amendment {
            target: EntryId::from_bytes([target; 16]),
            seen: seen.iter().map(|id| EntryId::from_bytes([*id; 16])).collect(),
            reason: "NEWINFO".into(),
            note: None,
            changes: answers(told),
        })
    }

    fn story() -> Vec<Entry> {
        let names = |of, name| {
            Content::Names(Names { of: EntryId::from_bytes([of; 16]), answers: answers(&[("name_full", name)]) })
        };
        vec![
            entry(1, 1, sheet("case", &[("case_class", "UND"), ("risk_level", "LOW"), ("district", "PK617")])),
            entry(2, 1, sheet("person", &[("gender", "F")])),
            entry(3, 1, names(2, "GUL")),
            entry(4, 2, amend(1, &[], &[("case_class", "TIP")])),
            entry(5, 3, amend(1, &[], &[("case_class", "SOM"), ("risk_level", "HIGH")])),
            entry(6, 4, amend(2, &[], &[("gender", "M")])),
            entry(7, 5, amend(2, &[6], &[("gender", "TF")])),
            entry(8, 2, names(2, "STRANGER")),
        ]
    }

    fn told(lines: &[Line], question: &str) -> Vec<String> {
        let of = |line: &&Line| line.question.as_str() == question;
        lines.iter().filter(of).filter_map(|line| line.given.answer.choice().map(Code::to_string)).collect()
    }

    fn book(entries: impl IntoIterator<Item = Entry>) -> Casebook {
        let mut book = Casebook::default();
        entries.into_iter().for_each(|entry| book.apply(entry));
        book
    }

    #[test]
    fn corrections_stand_and_what_collides_is_shown_twice_until_someone_chooses() {
        let mut book = book(story());
        let (case, person) = (EntryId::from_bytes([1; 16]), EntryId::from_bytes([2; 16]));
        assert_eq!(told(&book.standing(&person), "gender"), ["TF"], "the later one knew the earlier");
        assert_eq!(told(&book.standing(&case), "case_class"), ["TIP", "SOM"]);
        assert_eq!(told(&book.standing(&case), "risk_level"), ["HIGH"]);
        let collisions = book.collisions(&case);
        assert_eq!(collisions.len(), 1);
        assert_eq!(collisions[0].amendments, [4, 5].map(|id| EntryId::from_bytes([id; 16])));
        let row = |book: &Casebook| book.list(|_| true, Sort::Touched).remove(0);
        assert!(row(&book).collided);
        book.apply(entry(9, 6, amend(1, &[4, 5], &[("case_class", "BOTH")])));
        assert_eq!(told(&book.standing(&case), "case_class"), ["BOTH"]);
        let row = row(&book);
        assert!(!row.collided);
        assert_eq!((row.persons, row.entries), (1, 9));
        assert_eq!(row.class.as_ref().map(Code::as_str), Some("BOTH"));
        assert_eq!(row.risk.as_ref().map(Code::as_str), Some("HIGH"));
    }

    #[test]
    fn names_come_only_when_asked_for_and_only_from_the_author() {
        let book = book(story());
        let person = EntryId::from_bytes([2; 16]);
        assert!(told(&book.standing(&person), "name_full").is_empty());
        assert_eq!(told(&book.standing_with_names(&person), "name_full"), ["GUL"]);
    }

    #[test]
    fn a_case_is_as_far_as_its_last_entry() {
        let mut book = book(story());
        let delivery = |book: &Casebook| book.list(|_| true, Sort::Short)[0].delivery;
        for device in 1..=5 {
            assert_eq!(delivery(&book), Delivery::Kept, "{device}");
            book.hand_over(DeviceId::from_bytes([device; 32]), JournalId::from_bytes([device; 16]), 8);
        }
        assert_eq!(delivery(&book), Delivery::HandedOver);
        for device in 1..=5 {
            book.receive(DeviceId::from_bytes([device; 32]), JournalId::from_bytes([device; 16]), 8);
        }
        assert_eq!(delivery(&book), Delivery::Received);
        assert!(book.has_row(&[1; 32]) && !book.has_row(&[2; 32]));
    }

    #[test]
    fn a_second_opening_with_another_clock_does_not_become_the_case() {
        let opens = |id, device, class, at| {
            let content = sheet("case", &[("case_class", class), ("case_status", "ACT")]);
            Entry { times: Times { device: Moment::pkt(at), boot_ms: 0, hub_ms: None }, ..entry(id, device, content) }
        };
        for clock in [0, 50, 100] {
            let book = book(vec![opens(1, 1, "TIP", 50), opens(2, 2, "SOM", clock)]);
            let class = book.list(|_| true, Sort::Touched)[0].class.clone();
            assert_eq!(class, Some(Code::new("TIP")), "its clock said {clock}");
            let file = book.case(&CaseId::from_bytes([1; 16])).unwrap();
            assert_eq!(book.opening(file).map(|entry| entry.id), Some(EntryId::from_bytes([1; 16])));
        }
    }

    #[test]
    fn what_is_gone_says_nothing_more_and_its_case_stays() {
        let gone = |id: u8| Gone {
            id: EntryId::from_bytes([id; 16]),
            case: CaseId::from_bytes([1; 16]),
            author: entry(id, 1, sheet("note", &[])).author,
            why: Absence::Erased((id == 2).then(|| Moment::pkt(7))),
        };
        let mut late = book(story());
        late.forget((1..=3).map(gone));
        let mut early = Casebook::default();
        early.forget((1..=3).map(gone));
        story().into_iter().for_each(|entry| early.apply(entry));
        assert_eq!(late, early, "whichever comes first");
        let case = CaseId::from_bytes([1; 16]);
        assert_eq!(late.erased(&case), (3, Some(Moment::pkt(7))));
        assert!((1..=3).all(|id| late.entry(&EntryId::from_bytes([id; 16])).is_none()));
        assert!(!late.has_row(&[1; 32]), "nor is it a row that was imported");
        let row = late.list(|_| true, Sort::Touched).remove(0);
        assert_eq!((row.persons, row.entries, row.class), (0, 5, None));
        late.forget((4..=8).map(gone));
        assert_eq!(late.list(|_| true, Sort::Touched)[0].entries, 0, "the case is still listed");
    }

    proptest! {
        /// After every entry, however many are still to come.
        #[test]
        fn the_list_says_what_the_opening_says_today(order in Just((0..10_usize).collect::<Vec<_>>()).prop_shuffle()) {
            let mut story = story();
            story.push(entry(10, 7, amend(1, &[4, 5], &[("risk_level", "MED"), ("case_status", "CLO")])));
            story.push(entry(11, 9, sheet("case", &[("case_class", "BOTH")])));
            let (mut book, case) = (Casebook::default(), CaseId::from_bytes([1; 16]));
            for at in order {
                book.apply(story[at].clone());
                let file = book.case(&case).unwrap();
                let opening = book.opening(file).map(|opening| opening.id);
                let said = |question| {
                    let lines = opening.map(|opening| book.standing(&opening)).unwrap_or_default();
                    lines.iter().find(|line| line.question.as_str() == question).and_then(|line| line.given.answer.choice().cloned())
                };
                let row = book.summary(file);
                prop_assert_eq!((row.class, row.risk, row.status), (said("case_class"), said("risk_level"), said("case_status")));
                let collided = file.entries.iter().any(|id| !book.collisions(id).is_empty());
                prop_assert_eq!(row.collided, collided);
            }
        }

        #[test]
        fn the_order_of_arrival_changes_nothing(order in Just((0..8_usize).collect::<Vec<_>>()).prop_shuffle(), twice in 0..8_usize) {
            let story = story();
            let mut shuffled: Vec<Entry> = order.iter().map(|at| story[*at].clone()).collect();
            shuffled.push(story[twice].clone());
            prop_assert_eq!(book(shuffled), book(story));
        }
    }
}
