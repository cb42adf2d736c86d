//! The sheet *choices* as code lists.

use std::collections::{BTreeMap, HashSet};

use super::{
    labels::{Words, words},
    notes::Note,
    sheets::Row,
    written::{ItemFile, ListFile, answer_file},
};

/// The codes that a codebook keeps beside values (`DESIGN.md` section 9), and what each means.
const BESIDE: [(&str, &str); 3] = [("U", "unknown"), ("UNK", "unknown"), ("X", "not_asked")];

/// The lists of a workbook by the names that it gives them.
#[derive(Debug, Default)]
pub(super) struct Lists {
    lists: BTreeMap<String, ListFile>,
    /// Which of their codes stand for an answer without a value.
    beside: BTreeMap<String, Vec<String>>,
    /// The row in which each begins.
    begins: BTreeMap<String, usize>,
}

impl Lists {
    /// Reads the sheet. `form` stands before each name, so that no list of the codebook is meant by accident.
    pub(super) fn read(rows: &[Row], form: &str, language: &str, notes: &mut Vec<Note>) -> Self {
        let mut read = Self::default();
        // Remembered apart: a list of a hundred thousand choices is not to be walked for each of them.
        let mut known: HashSet<(&str, &str)> = HashSet::new();
        for row in rows {
            let (list, code) = (row.cell("list_name"), row.cell("name"));
            if list.is_empty() || code.is_empty() {
                notes.push(Note::choices(row.number, "a choice needs a list and a name; left out"));
                continue;
            }
            let mut label = words(row, "label", language);
            if label.is_empty() {
                label = Words::both(code);
            }
            read.begins.entry(list.to_owned()).or_insert(row.number);
            let to = format!("{form}_{}", super::names::plain(list));
            let file = read.lists.entry(list.to_owned()).or_insert_with(|| ListFile::new(to));
            if !known.insert((list, code)) {
                notes.push(Note::choices(
                    row.number,
                    &format!("“{code}” stands twice in list {list}; the first counts"),
                ));
                continue;
            }
            match BESIDE.iter().find(|(known, _)| *known == code) {
                Some((_, means)) => {
                    let what = format!("“{code}” is an answer beside a value here: {means}, never counted as a choice");
                    notes.push(Note::choices(row.number, &what));
                    file.answers.push(answer_file(code, means, label));
                    read.beside.entry(list.to_owned()).or_default().push(code.to_owned());
                }
                None => file.items.push(ItemFile::new(code, label)),
            }
        }
        read
    }

    /// A list of the workbook that has items.
    pub(super) fn list(&self, name: &str) -> Option<&ListFile> {
        self.lists.get(name).filter(|list| !list.items.is_empty())
    }

    /// Whether the list has this code as a value.
    pub(super) fn has(&self, list: &str, code: &str) -> bool {
        self.list(list).is_some_and(|list| list.items.iter().any(|item| item.code == code))
    }

    /// Adds *other* to a list (`select_one LIST or_other`).
    pub(super) fn with_other(&mut self, name: &str) {
        if let Some(list) = self.lists.get_mut(name).filter(|list| !list.has("other")) {
            list.items.push(ItemFile::new("other", Words::of("Other", "دیگر")));
        }
    }

    /// What is said of those that no question takes.
    pub(super) fn unused(&self, names: &[String]) -> impl Iterator<Item = Note> {
        let unused = self.begins.iter().filter(|(name, _)| !names.contains(name));
        unused.map(|(name, row)| {
            Note::choices(*row, &format!("no question chooses of list “{name}”; all of it is left out"))
        })
    }

    /// The files of those that a question takes.
    pub(super) fn used<'a>(&'a self, names: &'a [String]) -> impl Iterator<Item = &'a ListFile> {
        self.lists.iter().filter(|(name, _)| names.contains(name)).map(|(_, list)| list)
    }
}
