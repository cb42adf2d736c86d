//! One row of a table becomes a case and a person, or a fault with its place.

use std::collections::{BTreeMap, HashMap};

use super::{
    fault::{BadRow, MapError, Reason},
    map::{self, Column, Map},
};
use crate::{
    codebook::{self, CodeList, Codebook, Form, Origin, Question, QuestionKind, Surroundings},
    model::{
        Answer, Answers, Code, Draft, DraftId, Lang, Moment, PartialDate, ProblemKind, QuestionId, Severity, Sheet,
        Source, Value,
    },
};

/// Gives 32 bytes for some parts, each part apart; the program's hash.
pub type RowDigest = fn(&[&[u8]]) -> [u8; 32];

/// A row that became sheets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Line of the file, from 1.
    pub line: u64,
    /// The opening of its case.
    pub case: Sheet,
    /// The person.
    pub person: Sheet,
    /// Where it came from: map, identity and carried cells.
    pub source: Source,
}

/// What became of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Sheets.
    Row(Box<Imported>),
    /// A fault.
    Bad(BadRow),
}

/// Reads the rows of one table under one map. It remembers how often each content has occurred, because equal rows are
/// different people: the second of two equal rows has the identity *(map, digest, 2)* wherever it stands in the file.
pub struct RowReader<'a> {
    map: &'a Map,
    codebook: &'a Codebook,
    plan: Vec<Plan<'a>>,
    forms: [&'a Form; 2],
    constants: [Answers; 2],
    digest: RowDigest,
    seen: HashMap<[u8; 32], u32>,
}

/// What to do with the cells of one column.
struct Plan<'a> {
    name: String,
    column: Option<&'a Column>,
    target: Option<(usize, &'a Question)>,
    list: Option<&'a CodeList>,
    words: HashMap<String, Answer>,
    otherwise: Option<Answer>,
}

const ENTITIES: [&str; 2] = ["case", "person"];

impl<'a> RowReader<'a> {
    /// Binds a map to the columns that a table has.
    ///
    /// # Errors
    /// [`MapError`] where columns and map do not fit.
    pub fn bind(map: &'a Map, codebook: &'a Codebook, header: &[String], digest: RowDigest) -> Result<Self, MapError> {
        let form =
            |name: &str| codebook.newest(name).map(AsRef::as_ref).ok_or_else(|| MapError::NoSuchForm(name.to_owned()));
        let forms = [form("case")?, form("person")?];
        let mut plan = Vec::with_capacity(header.len());
        let mut used = BTreeMap::new();
        for name in header {
            let found = map.columns.iter().find(|(key, column)| *key == name || column.also.contains(name));
            if found.is_none() && !map.carry_unknown {
                return Err(MapError::UnmappedColumn(name.clone()));
            }
            let key = found.map_or(name.as_str(), |(key, _)| key.as_str());
            if used.insert(key.to_owned(), ()).is_some() {
                return Err(MapError::DoubleColumn(name.clone()));
            }
            plan.push(Plan::new(key, found.map(|(_, column)| column), codebook));
        }
        if !map.partial
            && let Some(missing) = map.columns.keys().find(|key| !used.contains_key(*key))
        {
            return Err(MapError::MissingColumn(missing.clone()));
        }
        let mut constants = [Answers::default(), Answers::default()];
        for ((answers, form), words) in constants.iter_mut().zip(forms).zip([&map.case, &map.person]) {
            for (id, word) in words {
                let answer = form.question(id).and_then(|question| map::answer_of(codebook, question, word));
                answers.set(id.as_str().into(), answer.ok_or_else(|| MapError::NoSuchForm(id.clone()))?);
            }
        }
        Ok(Self { map, codebook, plan, forms, constants, digest, seen: HashMap::new() })
    }

    /// Reads one row.
    pub fn read(&mut self, line: u64, cells: &[&str]) -> Outcome {
        let bad =
            |column: Option<&str>, reason| Outcome::Bad(BadRow { line, column: column.map(str::to_owned), reason });
        if cells.len() != self.plan.len() {
            return bad(None, Reason::Width { wanted: self.plan.len(), found: cells.len() });
        }
        let row = self.identity(cells);
        let mut answers = self.constants.clone();
        let mut carried = Vec::new();
        for (plan, cell) in self.in_order(cells) {
            if let Err(reason) = plan.take(self.map, cell, &mut answers, &mut carried) {
                return bad(Some(&plan.name), reason);
            }
        }
        let mut sheets: Vec<Sheet> = Vec::with_capacity(ENTITIES.len());
        for (which, answers) in answers.into_iter().enumerate() {
            let mut idle = Vec::new();
            let case = sheets.first().map(|case| case.answers().clone()).unwrap_or_default();
            let around = Surroundings { case, ..Surroundings::default() };
            match self.finish(which, answers, &around, &row, &mut idle) {
                Ok(sheet) => sheets.push(sheet),
                Err((column, reason)) => return bad(column.as_deref(), reason),
            }
            self.carry_idle(which, &idle, cells, &mut carried);
        }
        let Ok([case, person]) = <[Sheet; 2]>::try_from(sheets) else { return bad(None, Reason::Kind) };
        let source =
            Source { name: self.map.source.as_str().into(), map: self.map.id().into(), row, cells: carried.into() };
        Outcome::Row(Box::new(Imported { line, case, person, source }))
    }

    /// Map, cells and how many-th time these cells occur.
    fn identity(&mut self, cells: &[&str]) -> [u8; 32] {
        let id = self.map.id();
        let parts: Vec<&[u8]> =
            std::iter::once(id.as_bytes()).chain(cells.iter().map(|cell| cell.as_bytes())).collect();
        let content = (self.digest)(&parts);
        let times = self.seen.entry(content).or_default();
        *times += 1;
        (self.digest)(&[&content, &times.to_be_bytes()])
    }

    /// Cells with their plans, joined texts in the order the map wants.
    fn in_order<'s>(&'s self, cells: &'s [&'s str]) -> Vec<(&'s Plan<'a>, &'s str)> {
        let mut all: Vec<_> = self.plan.iter().zip(cells.iter().copied()).collect();
        all.sort_by_key(|(plan, _)| plan.column.map_or(0, |column| column.order));
        all
    }

    /// What the form wants and the table does not have is *not recorded*; an answer to a question that is not put under
    /// the other answers steps back, and its cell is carried instead (`idle`).
    fn finish(
        &self,
        which: usize,
        answers: Answers,
        around: &Surroundings,
        row: &[u8; 32],
        idle: &mut Vec<QuestionId>,
    ) -> Result<Sheet, (Option<String>, Reason)> {
        let Some(form) = self.forms.get(which) else { return Err((None, Reason::Kind)) };
        // Codes that are drawn at random come from the row's identity here: the same row gives the same code.
        let id = DraftId::from_bytes(row.first_chunk().copied().unwrap_or_default());
        let mut draft = Draft::begun(id, form.form.clone(), answers, Moment::pkt(0), Lang::En);
        // Each round mends at least one question, so the rounds are as many as the questions at most.
        for _round in form.questions() {
            let problems = match codebook::finish_among(form, self.codebook, &draft, Origin::Imported, around) {
                Ok((sheet, _warnings)) => return Ok(sheet),
                Err(problems) => problems,
            };
            let mut mended = false;
            for problem in &problems.0 {
                match problem.kind {
                    ProblemKind::Missing => draft.answers.set(problem.question.clone(), Answer::NotRecorded),
                    ProblemKind::NotAskedHere => {
                        draft.answers.remove(&problem.question);
                        idle.push(problem.question.clone());
                    }
                    _ => continue,
                }
                mended = true;
            }
            if !mended {
                let first = problems.0.iter().find(|problem| problem.severity == Severity::Error);
                let place = first.map(|problem| self.column_of(which, problem.question.as_str()));
                return Err((place, first.map_or(Reason::Kind, |problem| Reason::of(&problem.kind))));
            }
        }
        Err((None, Reason::Kind))
    }

    /// Carries the cells whose answers had to step back; a sealed question's cell never leaves its seal, so it is left
    /// out here and the row would have been refused by its form before.
    fn carry_idle(&self, which: usize, idle: &[QuestionId], cells: &[&str], carried: &mut Vec<(Box<str>, Box<str>)>) {
        for (plan, cell) in self.plan.iter().zip(cells) {
            let Some((entity, question)) = plan.target else { continue };
            let open = entity == which && !question.sealed && idle.contains(&question.id);
            if open && !cell.trim().is_empty() && !carried.iter().any(|(name, _)| **name == *plan.name) {
                carried.push((plan.name.as_str().into(), (*cell).into()));
            }
        }
    }

    /// The column that answers a question, or the question itself where no column does.
    fn column_of(&self, which: usize, question: &str) -> String {
        let answers = |plan: &&Plan<'_>| {
            plan.target.is_some_and(|(entity, target)| entity == which && target.id.as_str() == question)
        };
        self.plan.iter().find(answers).map_or_else(|| question.to_owned(), |plan| plan.name.clone())
    }
}

impl<'a> Plan<'a> {
    fn new(name: &str, column: Option<&'a Column>, codebook: &'a Codebook) -> Self {
        let target = column.and_then(|column| column.to.as_deref()).and_then(|target| {
            let entity = ENTITIES.iter().position(|entity| target.starts_with(&format!("{entity}.")))?;
            Some((entity, map::find(codebook, target)?))
        });
        let list = target
            .and_then(|(_, question)| map::list_of(&question.kind))
            .and_then(|name| codebook.list(name))
            .map(AsRef::as_ref);
        let mut words = HashMap::new();
        for item in list.into_iter().flat_map(|list| &list.items) {
            let spellings = [Some(item.code.as_str()), item.htcds.as_deref(), Some(item.label.en.as_ref())];
            for spelling in spellings.into_iter().flatten() {
                words.entry(plain(spelling)).or_insert_with(|| Answer::Value(Value::Choice(item.code.clone())));
            }
        }
        for item in list.into_iter().flat_map(|list| &list.answers) {
            let spellings = [Some(item.code.as_str()), item.htcds.as_deref(), Some(item.label.en.as_ref())];
            for spelling in spellings.into_iter().flatten() {
                words.entry(plain(spelling)).or_insert_with(|| item.means.clone());
            }
        }
        let ours = |word: &String| target.and_then(|(_, question)| map::answer_of(codebook, question, word));
        for (theirs, word) in column.into_iter().flat_map(|column| &column.values) {
            words.extend(ours(word).map(|answer| (plain(theirs), answer)));
        }
        let otherwise = column.and_then(|column| column.otherwise.as_ref()).and_then(ours);
        Self { name: name.to_owned(), column, target, list, words, otherwise }
    }

    /// Adds what one cell says.
    fn take(
        &self,
        map: &Map,
        cell: &str,
        answers: &mut [Answers; 2],
        carried: &mut Vec<(Box<str>, Box<str>)>,
    ) -> Result<(), Reason> {
        let text = cell.trim();
        if text.is_empty() {
            return Ok(());
        }
        if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            return Err(Reason::Control);
        }
        if self.column.is_none_or(|column| column.carry || column.to.is_none()) {
            carried.push((self.name.as_str().into(), cell.into()));
        }
        let Some((entity, question)) = self.target else { return Ok(()) };
        let Some(answers) = answers.get_mut(entity) else { return Ok(()) };
        let before = answers.answer(question.id.as_str()).cloned();
        let answer = self.answer(map, question, text, before)?;
        answers.set(question.id.clone(), answer);
        Ok(())
    }

    fn answer(&self, map: &Map, question: &Question, text: &str, before: Option<Answer>) -> Result<Answer, Reason> {
        let value = match &question.kind {
            QuestionKind::Text | QuestionKind::LongText | QuestionKind::Phone | QuestionKind::Cnic => match before {
                Some(Answer::Value(Value::Text(first))) => Value::Text(format!("{first} {text}").into()),
                _ => Value::Text(text.into()),
            },
            QuestionKind::Number { .. } | QuestionKind::Money => {
                Value::Number(text.parse().map_err(|_not_a_number| Reason::Number)?)
            }
            QuestionKind::Flag => Value::Flag(match plain(text).as_str() {
                "1" | "yes" | "true" | "y" => true,
                "0" | "no" | "false" | "n" => false,
                _ => return Err(Reason::Flag),
            }),
            QuestionKind::Date | QuestionKind::PartialDate => {
                Value::Date(text.parse::<PartialDate>().map_err(|_not_a_date| Reason::Date)?)
            }
            QuestionKind::Choice { .. } => return self.one(map, text),
            QuestionKind::Choices { .. } => return self.several(map, text, before),
            QuestionKind::Moment | QuestionKind::Entry { .. } | QuestionKind::Map { .. } => return Err(Reason::Kind),
        };
        Ok(Answer::Value(value))
    }

    fn one(&self, map: &Map, text: &str) -> Result<Answer, Reason> {
        let values: Vec<_> = parts(map, text).collect();
        match values.as_slice() {
            [only] => self.word(only),
            [first, ..] if self.column.is_some_and(|column| column.first) => self.word(first),
            several => Err(Reason::Several(several.len())),
        }
    }

    fn several(&self, map: &Map, text: &str, before: Option<Answer>) -> Result<Answer, Reason> {
        let mut codes: Vec<Code> = match before {
            Some(Answer::Value(Value::Choices(codes))) => codes.into_vec(),
            _ => Vec::new(),
        };
        let mut without = None;
        for part in parts(map, text) {
            match self.word(part)? {
                Answer::Value(Value::Choice(code)) if codes.contains(&code) => {}
                Answer::Value(Value::Choice(code)) => codes.push(code),
                other => without = Some(other),
            }
        }
        match without {
            Some(answer) if codes.is_empty() => Ok(answer),
            _ => Ok(Answer::Value(Value::Choices(codes.into()))),
        }
    }

    fn word(&self, text: &str) -> Result<Answer, Reason> {
        if let Some(answer) = self.words.get(&plain(text)) {
            return Ok(answer.clone());
        }
        self.otherwise.clone().ok_or_else(|| Reason::UnknownValue {
            list: self.list.map_or_else(String::new, |list| list.name.to_string()),
        })
    }
}

/// The values of a cell that joins several.
fn parts<'s>(map: &'s Map, text: &'s str) -> impl Iterator<Item = &'s str> {
    text.split(map.delimiter.as_str()).map(str::trim).filter(|part| !part.is_empty())
}

/// Letters and digits only, in lower case: “Physical threats” and `PhysicalThreats ` are one word.
fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
