//! What supervisors have said about entries: a word is a sheet of its own, and what it comes to is a set of words, so that the
//! order in which they arrive changes nothing.
//!
//! A word counts while the entry is as its supervisor saw it; once it was corrected since, it waits for another look. Nobody
//! reviews what they wrote themselves. Of several words that count, *returned* goes before *approved*: whoever changes their mind
//! corrects their word.

use std::collections::{BTreeMap, HashMap};

use super::{
    answer::{Answers, Value},
    casebook::{CaseFile, Casebook},
    entry::{Content, Entry},
    ids::{CaseId, DeviceId, EntryId},
    timeline::put_in_order,
};

/// The form of a supervisor's word.
pub const FORM: &str = "review";
/// After so many days somebody should have been heard: the supervisor on what is new or answered, the author on what was returned.
pub const OVERDUE_DAYS: i64 = 7;
const DAY_MS: i64 = 86_400_000;

/// How an entry stands with its supervisors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// Nobody has said anything.
    New,
    /// It was corrected after the last word.
    Answered,
    /// It waits for its author.
    Returned,
    /// Somebody else is to go on with it.
    Assigned,
    /// It is a duplicate.
    Merged,
    /// It is approved as it stands.
    Approved,
}

/// One word on an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The entry that holds it.
    pub id: EntryId,
    /// Whose it is.
    pub device: DeviceId,
    /// What it says today.
    pub answers: Answers,
}

impl Word {
    pub(super) fn of(&self) -> Option<EntryId> {
        match self.answers.value("review_of")? {
            Value::Entry(id) => Some(*id),
            _ => None,
        }
    }

    /// The word itself (list `review_word`).
    pub fn says(&self) -> &str {
        self.answers.choice("review_word").map_or("", |code| code.as_str())
    }

    /// What its author is told.
    pub fn note(&self) -> Option<&str> {
        match self.answers.value("review_note")? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    fn seen(&self) -> usize {
        match self.answers.value("review_seen") {
            Some(Value::Number(seen)) => usize::try_from(*seen).unwrap_or(0),
            _ => 0,
        }
    }
}

/// Why an entry waits for a supervisor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// Two corrections collide.
    Collided,
    /// It was corrected after it was returned or approved.
    Answered,
    /// Nobody has looked at it.
    New,
    /// Its author has not answered yet.
    Returned,
    /// Its case was given to somebody who has not gone on with it yet.
    Assigned,
}

/// One entry that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Why.
    pub why: Why,
    /// The case.
    pub case: CaseId,
    /// The entry.
    pub entry: EntryId,
    /// For how many whole days, by the clocks as far as evidence bears them out; 0 where nothing is known.
    pub days: i64,
}

impl Waiting {
    /// Whether it waits longer than it should. What collides stands before everything anyhow.
    pub fn is_overdue(&self) -> bool {
        self.why != Why::Collided && self.days >= OVERDUE_DAYS
    }
}

impl Casebook {
    /// The words on one entry, by others than its author, in the order of their ids.
    pub fn words_on(&self, id: &EntryId) -> Vec<Word> {
        let Some(entry) = self.entry(id) else { return Vec::new() };
        let Some(file) = self.case(&entry.case) else { return Vec::new() };
        let words = self.words_in(file).into_iter();
        words.filter(|word| word.of() == Some(*id) && word.device != entry.author.device).collect()
    }

    pub(super) fn words_in(&self, file: &CaseFile) -> Vec<Word> {
        let word = |entry: &Entry| Word { id: entry.id, device: entry.author.device, answers: self.own_word(entry) };
        let mut words: Vec<Word> = self.sheets(file, FORM).map(word).collect();
        words.sort_unstable_by_key(|word| word.id);
        words
    }

    /// The words in a case by the entry that each is about.
    fn words_by_entry(&self, file: &CaseFile) -> BTreeMap<EntryId, Vec<Word>> {
        let mut by_entry: BTreeMap<EntryId, Vec<Word>> = BTreeMap::new();
        for word in self.words_in(file) {
            if let Some(of) = word.of() {
                by_entry.entry(of).or_default().push(word);
            }
        }
        by_entry
    }

    /// What the author of a word says in it. A correction by anybody else puts nothing into their mouth: the word then stands as it was given.
    fn own_word(&self, word: &Entry) -> Answers {
        if self.amendments(&word.id).all(|amendment| amendment.author.device == word.author.device) {
            return self.answers(&word.id, false);
        }
        match &word.content {
            Content::Sheet(sheet) => sheet.answers().clone(),
            _ => Answers::default(),
        }
    }

    /// How an entry stands with its supervisors.
    pub fn reviewed(&self, id: &EntryId) -> Standing {
        self.judged(id, &self.words_on(id))
    }

    fn judged(&self, id: &EntryId, words: &[Word]) -> Standing {
        let corrected = self.amendments(id).count();
        let counts = |says: &str| words.iter().any(|word| word.says() == says && word.seen() >= corrected);
        if words.iter().any(|word| word.says() == "MERGE") {
            return Standing::Merged;
        }
        match (counts("RETURN"), counts("ASSIGN"), counts("APPROVE")) {
            (true, ..) => Standing::Returned,
            (false, true, _) => Standing::Assigned,
            (false, false, true) => Standing::Approved,
            (false, false, false) if words.is_empty() => Standing::New,
            (false, false, false) => Standing::Answered,
        }
    }

    /// What waits for a supervisor, the most urgent first: what collides, what is overdue, the rest. These are sheets that others filled;
    /// what was imported is not put to anybody. `kept` says when an entry was kept, Unix milliseconds; 0 or less is not known.
    pub fn waiting(&self, me: Option<DeviceId>, now: i64, kept: impl Fn(&Entry) -> i64) -> Vec<Waiting> {
        let mut waiting = Vec::new();
        for file in self.cases() {
            let mut words = self.words_by_entry(file);
            for entry in file.entries.iter().filter_map(|id| self.entry(id)) {
                let Content::Sheet(sheet) = &entry.content else { continue };
                if sheet.form().id.as_str() == FORM || entry.source.is_some() {
                    continue;
                }
                // Most entries were never corrected: nothing in them can collide.
                let collided = self.amendments(&entry.id).nth(1).is_some() && !self.collisions(&entry.id).is_empty();
                let theirs = Some(entry.author.device) != me;
                let mut on = words.remove(&entry.id).unwrap_or_default();
                on.retain(|word| word.device != entry.author.device);
                let why = match self.judged(&entry.id, &on) {
                    _ if collided => Why::Collided,
                    Standing::New if theirs => Why::New,
                    Standing::Answered if theirs => Why::Answered,
                    Standing::Returned if theirs => Why::Returned,
                    _ => continue,
                };
                let since = self.since(why, entry, &on, &kept);
                let days = if since > 0 { now.saturating_sub(since).max(0) / DAY_MS } else { 0 };
                waiting.push(Waiting { why, case: file.id, entry: entry.id, days });
            }
        }
        let mut order: Vec<&Entry> = waiting.iter().filter_map(|waiting| self.entry(&waiting.entry)).collect();
        put_in_order(&mut order);
        let place: HashMap<EntryId, usize> = order.iter().enumerate().map(|(at, entry)| (entry.id, at)).collect();
        waiting.sort_by_key(|waiting| {
            let collided = waiting.why == Why::Collided;
            (!collided, !waiting.is_overdue(), waiting.why, place.get(&waiting.entry).copied())
        });
        waiting
    }

    /// Since when an entry waits: the last step of whoever is not waited for.
    fn since(&self, why: Why, entry: &Entry, on: &[Word], kept: &impl Fn(&Entry) -> i64) -> i64 {
        let last = match why {
            Why::New | Why::Assigned => None,
            Why::Collided | Why::Answered => self.amendments(&entry.id).map(kept).max(),
            Why::Returned => on.iter().filter_map(|word| self.entry(&word.id)).map(kept).max(),
        };
        last.unwrap_or_else(|| kept(entry))
    }

    /// Every correction and every word in a case: what whoever begins a word now has before them.
    pub fn corrections_in(&self, case: &CaseId) -> Vec<EntryId> {
        let entries = self.case(case).into_iter().flat_map(|file| file.entries.iter());
        let counts = |entry: &&Entry| match &entry.content {
            Content::Amendment(_) => true,
            Content::Sheet(sheet) => sheet.form().id.as_str() == FORM,
            _ => false,
        };
        entries.filter_map(|id| self.entry(id)).filter(counts).map(|entry| entry.id).collect()
    }

    /// Those of these that wait, as a supervisor is told: who was given the case has not gone on with it.
    pub fn waiting_for_others(
        &self,
        given: &[super::assigned::Assignment],
        now: i64,
        kept: impl Fn(&Entry) -> i64,
    ) -> Vec<Waiting> {
        let waiting = given.iter().filter_map(|given| {
            let since = self.entry(&given.word).map(&kept)?;
            let days = if since > 0 { now.saturating_sub(since).max(0) / DAY_MS } else { 0 };
            Some(Waiting { why: Why::Assigned, case: given.case, entry: given.of, days })
        });
        let mut waiting: Vec<Waiting> = waiting.collect();
        waiting.sort_by_key(|waiting| std::cmp::Reverse(waiting.days));
        waiting
    }

    /// What was returned to the author who sits at this device.
    pub fn returned_to(&self, me: DeviceId) -> Vec<(CaseId, EntryId)> {
        let mut returned = Vec::new();
        for file in self.cases() {
            for (id, mut on) in self.words_by_entry(file) {
                let Some(entry) = self.entry(&id).filter(|entry| entry.author.device == me) else { continue };
                on.retain(|word| word.device != entry.author.device);
                if self.judged(&id, &on) == Standing::Returned {
                    returned.push((file.id, id));
                }
            }
        }
        returned
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{answer::Answer, entry::Amendment, ids::Code, specimen};
    use super::*;

    const OFFICER: u8 = 1;
    const SUPERVISOR: u8 = 2;
    const OTHER: u8 = 3;

    fn id(n: u8) -> EntryId {
        EntryId::from_bytes([n; 16])
    }

    fn entry(n: u8, device: u8, content: Content) -> Entry {
        let (author, times) = (specimen::author(device, u64::from(n)), specimen::at(i64::from(200 - n)));
        Entry { author, times, ..specimen::entry(n, 7, content) }
    }

    fn sheet(form: &str, told: &[(&str, Value)]) -> Content {
        let answers = told.iter().map(|(id, value)| ((*id).into(), Answer::Value(value.clone()).into())).collect();
        specimen::sheet(form, answers)
    }

    fn word(of: u8, says: &str, seen: i64) -> Content {
        let told = [
            ("review_of", Value::Entry(id(of))),
            ("review_word", Value::Choice(says.into())),
            ("review_note", Value::Text("say when it began".into())),
            ("review_seen", Value::Number(seen)),
        ];
        sheet(FORM, &told)
    }

    fn change(of: u8, seen: &[u8], question: &str, value: Value) -> Content {
        Content::Amendment(Amendment {
            target: id(of),
            seen: seen.iter().map(|n| id(*n)).collect(),
            reason: Code::new("NEWINFO"),
            note: None,
            changes: [(question.into(), Answer::Value(value).into())].into_iter().collect(),
        })
    }

    fn by_clock(entry: &Entry) -> i64 {
        entry.times.device.unix_ms
    }

    fn book(entries: impl IntoIterator<Item = Entry>) -> Casebook {
        let mut book = Casebook::default();
        entries.into_iter().for_each(|entry| book.apply(entry));
        book
    }

    #[test]
    fn an_entry_is_new_returned_answered_and_approved() {
        let me = DeviceId::from_bytes([SUPERVISOR; 32]);
        let mut book = book([entry(1, OFFICER, sheet("note", &[]))]);
        assert_eq!(book.reviewed(&id(1)), Standing::New);
        assert_eq!(
            book.waiting(Some(me), 0, by_clock).iter().map(|waiting| waiting.why).collect::<Vec<_>>(),
            [Why::New]
        );
        book.apply(entry(2, SUPERVISOR, word(1, "RETURN", 0)));
        assert_eq!(book.reviewed(&id(1)), Standing::Returned);
        assert_eq!(book.returned_to(DeviceId::from_bytes([OFFICER; 32])), [(CaseId::from_bytes([7; 16]), id(1))]);
        assert_eq!(book.words_on(&id(1))[0].note(), Some("say when it began"));
        book.apply(entry(3, OFFICER, change(1, &[], "note_text", Value::Text("in May".into()))));
        assert_eq!(book.reviewed(&id(1)), Standing::Answered);
        assert!(book.returned_to(DeviceId::from_bytes([OFFICER; 32])).is_empty());
        assert_eq!(book.waiting(Some(me), 0, by_clock)[0].why, Why::Answered);
        book.apply(entry(4, SUPERVISOR, word(1, "APPROVE", 1)));
        assert_eq!(book.reviewed(&id(1)), Standing::Approved);
        assert!(book.waiting(Some(me), 0, by_clock).is_empty());
    }

    #[test]
    fn nobody_approves_their_own_and_a_return_goes_before_an_approval() {
        let mut book = book([entry(1, OFFICER, sheet("note", &[])), entry(2, OFFICER, word(1, "APPROVE", 0))]);
        assert_eq!(book.reviewed(&id(1)), Standing::New);
        book.apply(entry(3, SUPERVISOR, word(1, "APPROVE", 0)));
        book.apply(entry(4, OTHER, word(1, "RETURN", 0)));
        assert_eq!(book.reviewed(&id(1)), Standing::Returned);
        book.apply(entry(5, OTHER, change(4, &[], "review_word", Value::Choice("APPROVE".into()))));
        assert_eq!(book.reviewed(&id(1)), Standing::Approved, "whoever changes their mind corrects their word");
        book.apply(entry(6, SUPERVISOR, word(1, "MERGE", 0)));
        assert_eq!(book.reviewed(&id(1)), Standing::Merged);
    }

    #[test]
    fn nobody_turns_a_supervisors_word_into_another() {
        let mut book = book([entry(1, OFFICER, sheet("note", &[])), entry(2, SUPERVISOR, word(1, "RETURN", 0))]);
        book.apply(entry(3, OFFICER, change(2, &[], "review_word", Value::Choice("APPROVE".into()))));
        assert_eq!(book.reviewed(&id(1)), Standing::Returned, "the officer's correction of it says nothing");
    }

    #[test]
    fn whoever_gave_a_word_may_correct_it() {
        let mut book = book([entry(1, OFFICER, sheet("note", &[])), entry(2, SUPERVISOR, word(1, "RETURN", 0))]);
        book.apply(entry(3, SUPERVISOR, change(2, &[], "review_word", Value::Choice("APPROVE".into()))));
        assert_eq!(book.reviewed(&id(1)), Standing::Approved);
    }

    #[test]
    fn corrections_that_collide_wait_whoever_made_them() {
        let book = book([
            entry(1, SUPERVISOR, sheet("note", &[])),
            entry(2, OFFICER, change(1, &[], "note_text", Value::Text("May".into()))),
            entry(3, OTHER, change(1, &[], "note_text", Value::Text("June".into()))),
        ]);
        let waiting = book.waiting(Some(DeviceId::from_bytes([SUPERVISOR; 32])), 0, by_clock);
        assert_eq!(waiting, [Waiting { why: Why::Collided, case: CaseId::from_bytes([7; 16]), entry: id(1), days: 0 }]);
    }

    #[test]
    fn what_waits_a_week_is_overdue_and_goes_up_and_each_step_begins_the_week_anew() {
        let me = Some(DeviceId::from_bytes([SUPERVISOR; 32]));
        let on_day = |n: u8, day: i64, device: u8, content: Content| {
            let times = specimen::at(1 + day * DAY_MS);
            Entry { times, ..entry(n, device, content) }
        };
        let mut book = book([
            on_day(1, 0, OFFICER, sheet("note", &[])),
            on_day(2, 3, OFFICER, sheet("note", &[])),
            on_day(3, 1, OFFICER, sheet("note", &[])),
            on_day(4, 2, SUPERVISOR, word(3, "RETURN", 0)),
        ]);
        let waits = |book: &Casebook, day: i64| {
            let waiting = book.waiting(me, 1 + day * DAY_MS, by_clock).into_iter();
            waiting.map(|row| (row.entry.as_bytes()[0], row.days, row.is_overdue())).collect::<Vec<_>>()
        };
        assert_eq!(waits(&book, 6), [(1, 6, false), (2, 3, false), (3, 4, false)]);
        assert_eq!(
            waits(&book, 9),
            [(1, 9, true), (3, 7, true), (2, 6, false)],
            "the return, and not what was returned"
        );
        book.apply(on_day(5, 9, OFFICER, change(3, &[], "note_text", Value::Text("in May".into()))));
        assert_eq!(waits(&book, 9), [(1, 9, true), (3, 0, false), (2, 6, false)], "answered today");
        let unknown = book.waiting(me, 1 + 9 * DAY_MS, |_| 0);
        assert!(unknown.iter().all(|row| row.days == 0), "no evidence, no charge");
    }

    #[test]
    fn what_collides_goes_before_what_is_overdue() {
        let book = book([
            entry(1, OFFICER, sheet("note", &[])),
            entry(2, OFFICER, sheet("note", &[])),
            entry(3, OFFICER, change(2, &[], "note_text", Value::Text("May".into()))),
            entry(4, OTHER, change(2, &[], "note_text", Value::Text("June".into()))),
        ]);
        let waiting = book.waiting(Some(DeviceId::from_bytes([SUPERVISOR; 32])), 9 * DAY_MS, by_clock);
        let rows: Vec<_> = waiting.iter().map(|row| (row.entry, row.is_overdue())).collect();
        assert_eq!(rows, [(id(2), false), (id(1), true)]);
    }

    /// Everything that a case is made of, told by up to five devices: sheets of each form, corrections that know or do not know of
    /// one another, words, and corrections of words.
    fn life() -> impl Strategy<Value = Vec<Entry>> {
        let forms =
            ["case", "person", "interview", "screening", "offence", "referral", "outcome", "lessons", "return", "note"];
        let one = (1_u8..=5, 0_u8..14, 0_u8..40, any::<u8>(), 0_i64..3);
        prop::collection::vec(one, 2..30).prop_map(move |told| {
            let entries = told.iter().enumerate().map(|(at, (device, what, of, pick, seen))| {
                let n = u8::try_from(at).unwrap() + 1;
                let of = of % n.max(2);
                let code = |codes: &[&str]| Value::Choice(codes[usize::from(*pick) % codes.len()].into());
                let content = match what {
                    10 => change(of, &[], "status", code(&["OFFER", "SENT", "ACC"])),
                    11 => {
                        change(of, &[of.wrapping_add(1), of.wrapping_add(2)], "status", code(&["SENT", "REJ", "DONE"]))
                    }
                    12 => word(of, ["APPROVE", "RETURN", "ASSIGN", "MERGE"][usize::from(*pick) % 4], *seen),
                    13 => change(of, &[], "review_word", code(&["APPROVE", "RETURN"])),
                    form => sheet(
                        forms[usize::from(*form)],
                        &[
                            ("status", code(&["OFFER", "DECL"])),
                            ("case_class", code(&["TIP", "SOM", "UND"])),
                            ("risk_level", code(&["HIGH", "LOW"])),
                        ],
                    ),
                };
                entry(n, *device, content)
            });
            entries.collect()
        })
    }

    proptest! {
        #[test]
        fn whatever_five_devices_keep_folds_to_the_same_casebook_in_any_order((life, seed) in (life(), any::<u64>())) {
            let mut shuffled = life.clone();
            let mut state = seed | 1;
            for at in (1..shuffled.len()).rev() {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                shuffled.swap(at, usize::try_from(state >> 33).unwrap() % (at + 1));
            }
            shuffled.extend(life.iter().take(3).cloned());
            let (one, other) = (book(life.clone()), book(shuffled));
            prop_assert_eq!(&one, &other);
            for told in &life {
                prop_assert_eq!(one.standing(&told.id), other.standing(&told.id));
                prop_assert_eq!(one.reviewed(&told.id), other.reviewed(&told.id));
                prop_assert_eq!(one.collisions(&told.id), other.collisions(&told.id));
            }
            let me = Some(DeviceId::from_bytes([SUPERVISOR; 32]));
            prop_assert_eq!(one.waiting(me, 999, by_clock), other.waiting(me, 999, by_clock));
        }
    }
}
