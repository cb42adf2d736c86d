//! Finding cases by the words in them, as one types: folded text in memory, thrown away at every lock.
//!
//! Sealed answers (names, phone, home, the account) are searched only when the caller says so, which is an access that
//! goes on record. It stands here and not in the casebook, because folding needs the tables of `fold`.

use std::collections::{HashMap, HashSet};

use memchr::memmem::Finder;

use crate::model::{Answer, Answers, CaseId, Content, Entry, EntryId, Value};

use super::{find::fold, form::Codebook};

/// Which lists' words are worth finding a case by; the words of all codes would find everything.
const WORDED: [&str; 2] = ["district", "country"];

/// The folded text of all cases.
#[derive(Clone, Debug)]
pub struct SearchIndex {
    rows: Vec<Row>,
    places: HashMap<CaseId, usize>,
    taken: HashSet<EntryId>,
    /// Folded words by code, English and Urdu.
    words: HashMap<Box<str>, Box<str>>,
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
        Self { rows: Vec::new(), places: HashMap::new(), taken: HashSet::new(), words: words.collect() }
    }

    /// Takes one entry in; twice changes nothing. Amended words are found beside those they replace.
    pub fn add(&mut self, entry: &Entry) {
        if !self.taken.insert(entry.id) {
            return;
        }
        let (answers, sealed) = match &entry.content {
            Content::Sheet(sheet) => (sheet.answers(), false),
            Content::Amendment(amendment) => (&amendment.changes, false),
            Content::Names(names) => (&names.answers, true),
            Content::Access(_) | Content::Opened(_) | Content::Handover(_) | Content::Other(_) => return,
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

    /// The cases that hold every one of these words, anywhere. Nothing typed finds nothing. Lazy: the first ones are
    /// there before the last are looked at.
    pub fn search(&self, words: &str, with_names: bool) -> impl Iterator<Item = CaseId> + use<'_> {
        let folded = fold(words);
        // Made ready once for all rows, and not once for each.
        let words = folded.split(' ').filter(|word| !word.is_empty());
        let words: Vec<Finder<'static>> = words.map(|word| Finder::new(word).into_owned()).collect();
        let rows = if words.is_empty() { &[][..] } else { &self.rows };
        let rows = rows.iter().filter(move |row| {
            let holds = |word: &Finder<'_>| {
                let within = |text: &str| word.find(text.as_bytes()).is_some();
                within(&row.open) || with_names && within(&row.sealed)
            };
            words.iter().all(holds)
        });
        rows.map(|row| row.case)
    }
}

fn collect(answers: &Answers, words: &HashMap<Box<str>, Box<str>>, into: &mut String) {
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
    use crate::model::{FormRef, Lang, Names, Sheet, specimen::entry};

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
        let found = |words: &str, names| index.search(words, names).map(|case| case.as_bytes()[0]).collect::<Vec<_>>();
        assert_eq!(found("KILN lahore", false), [1]);
        assert_eq!(found("بھٹہ لاہور 123", false), [1]);
        assert!(found("kiln quetta", false).is_empty());
        assert!(found("زرمينه", false).is_empty(), "a name is not found unasked");
        assert_eq!(found("زرمينه", true), [2]);
        assert!(found("  ", true).is_empty());
    }
}
