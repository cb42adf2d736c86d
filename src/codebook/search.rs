//! Finding cases by the words in them, as one types: folded text in memory, thrown away at every lock.
//!
//! Sealed answers (names, phone, home, the account) are searched only when the caller says so, which is an access that
//! goes on record. It stands here and not in the casebook, because folding needs the tables of `fold`.

use std::collections::{HashMap, HashSet};

use foldhash::fast::RandomState;
use memchr::memmem::Finder;

use crate::model::{Answer, Answers, CaseId, Content, Entry, Value};

use super::{find::fold, form::Codebook, near::Near};

/// Which lists' words are worth finding a case by; the words of all codes would find everything.
const WORDED: [&str; 2] = ["district", "country"];

/// With so many cases that hold what was typed, nobody meant another word.
pub const FEW: usize = 5;
/// A word that is nearly so in more cases than this finds nothing.
const MANY: usize = 200;

/// The folded text of all cases.
#[derive(Clone, Debug)]
pub struct SearchIndex {
    rows: Vec<Row>,
    places: HashMap<CaseId, usize, RandomState>,
    /// Folded words by code, English and Urdu.
    words: HashMap<Box<str>, Box<str>, RandomState>,
}

#[derive(Clone, Debug)]
struct Row {
    case: CaseId,
    open: String,
    sealed: String,
}

impl SearchIndex {
    /// An empty index that knows the words of districts and countries.
    pub fn new(codebook: &Codebook) -> Self {
        let lists = WORDED.iter().filter_map(|name| codebook.list(name));
        let words = lists.flat_map(|list| list.items.iter()).map(|item| {
            let words = format!("{} {}", fold(&item.label.en), fold(&item.label.ur));
            (item.code.as_str().into(), words.into_boxed_str())
        });
        Self { rows: Vec::new(), places: HashMap::default(), words: words.collect() }
    }

    /// Takes one entry in. One that is taken in twice is found as before, from text that is twice as long: the casebook knows what it holds.
    /// Amended words are found beside those they replace.
    pub fn add(&mut self, entry: &Entry) {
        let (answers, sealed) = match &entry.content {
            Content::Sheet(sheet) => (sheet.answers(), false),
            Content::Amendment(amendment) => (&amendment.changes, false),
            Content::Names(names) => (&names.answers, true),
            Content::Access(_)
            | Content::Opened(_)
            | Content::Handover(_)
            | Content::Attachments(_)
            | Content::Other(_) => return,
        };
        let at = *self.places.entry(entry.case).or_insert(self.rows.len());
        if at == self.rows.len() {
            self.rows.push(Row { case: entry.case, open: String::new(), sealed: String::new() });
        }
        if let Some(row) = self.rows.get_mut(at) {
            collect(answers, &self.words, if sealed { &mut row.sealed } else { &mut row.open });
            if let Content::Amendment(amendment) = &entry.content
                && let Some(note) = &amendment.note
            {
                line(&mut row.open, &fold(note));
            }
        }
    }

    /// The cases that hold every one of these words, anywhere, and while those are few the cases where a word is one edit away. Nothing
    /// typed finds nothing. One walk for both, because the walk through memory is what takes the time.
    pub fn search(&self, wanted: &Wanted, with_names: bool) -> Found {
        let mut found = Found::default();
        let rows = if wanted.is_empty() { &[][..] } else { &self.rows };
        for row in rows {
            let texts = [&*row.open, if with_names { &*row.sealed } else { "" }];
            if wanted.all(texts, Word::is_in) {
                found.exact.insert(row.case);
            } else if found.exact.len() < FEW && found.near.len() < MANY && wanted.all(texts, Word::is_nearly_in) {
                found.near.insert(row.case);
            }
        }
        found
    }
}

/// What a search has found.
#[derive(Debug, Default)]
pub struct Found {
    /// The cases that hold what was typed.
    pub exact: HashSet<CaseId>,
    /// Others that nearly do; of no use where [`FEW`] are exact, and never more than two hundred.
    pub near: HashSet<CaseId>,
}

/// What is looked for: folded and made ready once for all rows, and not once for each.
#[derive(Debug)]
pub struct Wanted {
    words: Vec<Word>,
}

#[derive(Debug)]
struct Word {
    exact: Finder<'static>,
    near: Option<Near>,
}

impl Word {
    fn is_in(&self, text: &str) -> bool {
        self.exact.find(text.as_bytes()).is_some()
    }

    fn is_nearly_in(&self, text: &str) -> bool {
        self.is_in(text) || self.near.as_ref().is_some_and(|near| near.is_in(text))
    }
}

impl Wanted {
    /// The words of what was typed.
    pub fn new(typed: &str) -> Self {
        let folded = fold(typed);
        let words = folded.split(' ').filter(|word| !word.is_empty());
        let words = words.map(|word| Word { exact: Finder::new(word).into_owned(), near: Near::new(word) }).collect();
        Self { words }
    }

    /// Whether nothing was typed.
    pub const fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Whether a folded text holds every word.
    pub fn is_in(&self, text: &str) -> bool {
        self.all([text, ""], Word::is_in)
    }

    /// Whether a folded text holds every word, or one that is an edit away from it.
    pub fn is_nearly_in(&self, text: &str) -> bool {
        self.all([text, ""], Word::is_nearly_in)
    }

    fn all(&self, texts: [&str; 2], holds: impl Fn(&Word, &str) -> bool) -> bool {
        self.words.iter().all(|word| texts.iter().any(|text| holds(word, text)))
    }
}

fn collect(answers: &Answers, words: &HashMap<Box<str>, Box<str>, RandomState>, into: &mut String) {
    for (question, given) in answers.iter() {
        match &given.answer {
            Answer::Value(Value::Text(text)) => line(into, &fold(text)),
            Answer::Value(Value::Choice(code)) => {
                if let Some(words) = words.get(code.as_str()) {
                    line(into, words);
                }
            }
            Answer::Value(Value::Number(number)) if question.as_str().ends_with("_no") => {
                line(into, &number.to_string())
            }
            _ => {}
        }
    }
}

fn line(into: &mut String, text: &str) {
    into.push_str(text);
    into.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{EntryId, FormRef, Lang, Names, Sheet, specimen::entry};

    fn text(id: &str, text: &str) -> Answers {
        let mut answers = Answers::default();
        answers.set(id.into(), Answer::Value(Value::Text(text.into())));
        answers.set("district".into(), Answer::Value(Value::Choice("PK617".into())));
        answers.set("fir_no".into(), Answer::Value(Value::Number(123)));
        answers
    }

    #[test]
    fn cases_are_found_by_their_words_and_names_only_when_asked_for() {
        let mut index = SearchIndex::new(Codebook::builtin().unwrap());
        let form = FormRef { id: "case".into(), version: 1 };
        index.add(&entry(1, 1, Content::Sheet(Sheet::new(form, Lang::En, text("summary", "Brick kiln, بهٹہ مزدوری")))));
        index.add(&entry(
            2,
            2,
            Content::Names(Names { of: EntryId::from_bytes([1; 16]), answers: text("name_full", "زرمینہ") }),
        ));
        let numbers = |cases: HashSet<CaseId>| cases.iter().map(|case| case.as_bytes()[0]).collect::<Vec<_>>();
        let found = |words: &str, names| numbers(index.search(&Wanted::new(words), names).exact);
        assert_eq!(found("KILN lahore", false), [1]);
        assert_eq!(found("بھٹہ لاہور 123", false), [1]);
        assert!(found("kiln quetta", false).is_empty());
        assert!(found("زرمينه", false).is_empty(), "a name is not found unasked");
        assert_eq!(found("زرمينه", true), [2]);
        assert!(found("  ", true).is_empty());
        let near = |words: &str, names| numbers(index.search(&Wanted::new(words), names).near);
        assert_eq!(near("kilm lahroe", false), [1], "a word of the text and one of a district");
        assert_eq!(near("مزودر", false), [1]);
        assert!(
            near("klin quetta", false).is_empty() && near("زرمنیہ", false).is_empty(),
            "a name is not found unasked"
        );
        assert_eq!(near("زرمنیہ", true), [2]);
    }

    #[test]
    fn with_enough_that_hold_what_was_typed_nobody_meant_another_word() {
        let mut index = SearchIndex::new(Codebook::builtin().unwrap());
        let form = FormRef { id: "note".into(), version: 1 };
        let mut note = |at: u8, said: &str| {
            index.add(&entry(at, at, Content::Sheet(Sheet::new(form.clone(), Lang::En, text("note_text", said)))));
            let found = index.search(&Wanted::new("tailor"), false);
            (found.exact.len(), found.near.len())
        };
        let few = u8::try_from(FEW).unwrap();
        for at in 1..few {
            note(at, "a tailor");
        }
        assert_eq!(note(few, "a tailer"), (FEW - 1, 1));
        note(few + 1, "two tailors");
        assert_eq!(note(few + 2, "a tailer"), (FEW, 1), "what came before is for the caller to leave out");
    }
}
