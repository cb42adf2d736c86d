//! Which papers an entry gives, what a paper may say, and the page itself.

use super::{card, consent, html::Page, letter, statement};
use crate::{
    codebook::Codebook,
    model::{Answer, Answers, Casebook, Content, Entry, EntryId, Lang, Moment, Value},
    report::told,
    words,
};

/// A paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paper {
    /// What a person is told and asked before an interview, with boxes.
    Consent,
    /// To who takes somebody in: the least that is needed, and never the account.
    Letter,
    /// A card to take along that gives nothing away when it is found.
    Card,
    /// What was said, to be read back.
    Statement,
}

/// Why a paper is not made: a word of `words/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal(pub &'static str);

/// What is to be put on paper.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Everything that can be read.
    pub book: &'a Casebook,
    /// Forms and lists.
    pub codebook: &'a Codebook,
    /// The person, interview or referral.
    pub entry: EntryId,
    /// Whether names were asked for.
    pub names: bool,
    /// The unit's name.
    pub unit: &'a str,
    /// The officer's name.
    pub officer: &'a str,
    /// Now.
    pub now: Moment,
}

impl Paper {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Consent, Self::Letter, Self::Card, Self::Statement];

    /// Its heading in `words/`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Consent => "paper.consent.title",
            Self::Letter => "paper.letter.title",
            Self::Card => "paper.card.title",
            Self::Statement => "paper.statement.title",
        }
    }

    /// Those that an entry gives, the usual one first.
    pub fn of(book: &Casebook, entry: &EntryId) -> &'static [Self] {
        let Some(Content::Sheet(sheet)) = book.entry(entry).map(|entry| &entry.content) else { return &[] };
        match sheet.form().id.as_str() {
            "interview" => &[Self::Statement, Self::Consent, Self::Card],
            "referral" => &[Self::Letter, Self::Card],
            "person" => &[Self::Consent, Self::Card],
            _ => &[],
        }
    }

    /// The page.
    ///
    /// # Errors
    /// [`Refusal`] where the entry does not give this paper, or what it says forbids it.
    pub fn page(self, request: &Request<'_>) -> Result<String, Refusal> {
        let entry = request.book.entry(&request.entry).ok_or(Refusal("paper.none"))?;
        if !Self::of(request.book, &request.entry).contains(&self) {
            return Err(Refusal("paper.none"));
        }
        let facts = Facts::new(request, entry)?;
        if self == Self::Card && !facts.person_known {
            return Err(Refusal("paper.no_person"));
        }
        let mut page = Page::new();
        match self {
            Self::Consent => consent::write(&facts, &mut page),
            Self::Letter => letter::write(&facts, &mut page)?,
            Self::Card => card::write(&facts, &mut page)?,
            Self::Statement => statement::write(&facts, &mut page)?,
        }
        Ok(page.finish())
    }
}

/// What papers are filled from.
pub(super) struct Facts<'a> {
    pub(super) request: &'a Request<'a>,
    /// The entry's own answers.
    pub(super) own: Answers,
    /// The person's.
    pub(super) person: Answers,
    /// The case's.
    pub(super) case: Answers,
    case_number: String,
    /// Whether it is known about whom the entry is.
    person_known: bool,
}

impl<'a> Facts<'a> {
    /// # Errors
    /// Where corrections collide, no paper chooses between them; and none is made about a person whose sheet is not in the case.
    fn new(request: &'a Request<'a>, entry: &Entry) -> Result<Self, Refusal> {
        let book = request.book;
        let own = book.answers(&entry.id, true);
        let form = match &entry.content {
            Content::Sheet(sheet) => sheet.form().id.as_str().to_owned(),
            _ => String::new(),
        };
        let person = match (form.as_str(), own.value("person_ref")) {
            ("person", _) => Some(entry.id),
            (_, Some(Value::Entry(id))) => Some(*id),
            _ => None,
        };
        if person.is_some_and(|id| book.entry(&id).is_none_or(|person| person.case != entry.case)) {
            return Err(Refusal("paper.no_person"));
        }
        if person.iter().chain([&entry.id]).any(|id| !book.collisions(id).is_empty()) {
            return Err(Refusal("paper.collided"));
        }
        let person_known = person.is_some();
        let person = person.map(|id| book.answers(&id, request.names)).unwrap_or_default();
        let file = book.case(&entry.case);
        let opening = file.and_then(|file| book.opening(file)).map(|opening| opening.id);
        let case = opening.map(|id| book.answers(&id, false)).unwrap_or_default();
        let case_number = text(&case, "case_short").unwrap_or_else(|| entry.case.short());
        Ok(Self { request, own, person, case, case_number, person_known })
    }

    /// What a question of a form is called.
    pub(super) fn label(&self, form: &str, question: &str, lang: Lang) -> String {
        let form = self.request.codebook.newest(form);
        let question = form.and_then(|form| form.question(question));
        question.map(|question| question.label.get(lang).to_owned()).unwrap_or_default()
    }

    /// What is said to a question, in words; empty where nothing is.
    pub(super) fn said(&self, answers: &Answers, form: &str, question: &str, lang: Lang) -> String {
        let form = self.request.codebook.newest(form);
        let Some(question) = form.and_then(|form| form.question(question)) else { return String::new() };
        match answers.answer(question.id.as_str()) {
            Some(answer @ Answer::Value(_)) => told::answer(self.request.codebook, question, answer, lang),
            _ => String::new(),
        }
    }

    /// Label and what is said, as a row.
    pub(super) fn row(&self, answers: &Answers, form: &str, question: &str, lang: Lang) -> (String, String) {
        (self.label(form, question, lang), self.said(answers, form, question, lang))
    }

    /// The same for several, without those that nothing is said to.
    pub(super) fn rows(&self, answers: &Answers, form: &str, questions: &[&str], lang: Lang) -> Vec<(String, String)> {
        let rows = questions.iter().map(|question| self.row(answers, form, question, lang));
        rows.filter(|(_, said)| !said.is_empty()).collect()
    }

    /// Number, day, unit, officer, and who it is about: a name only where it was asked for, else the pseudonym and a line to write on.
    pub(super) fn about(&self, lang: Lang) -> Vec<(String, String)> {
        let say = |key: &str| words::say(told::tongue(lang), key).to_owned();
        let code = text(&self.person, "alias_code").unwrap_or_default();
        let name = text(&self.person, "name_urdu").filter(|_| lang == Lang::Ur);
        let name = name.or_else(|| text(&self.person, "name_full")).filter(|_| self.request.names);
        vec![
            (say("paper.number"), self.case_number.clone()),
            (say("paper.day"), told::clock(self.request.now)),
            (say("paper.unit"), self.request.unit.to_owned()),
            (say("paper.officer"), self.request.officer.to_owned()),
            (say("paper.code"), code),
            (say("paper.name"), name.unwrap_or_default()),
        ]
    }

    pub(super) fn number(&self) -> &str {
        &self.case_number
    }

    pub(super) fn is_child(&self) -> bool {
        self.person.choice("age_group").is_some_and(|code| code.as_str() == "CHILD")
    }
}

/// An answer that is text.
pub(super) fn text(answers: &Answers, question: &str) -> Option<String> {
    match answers.value(question)? {
        Value::Text(text) if !text.trim().is_empty() => Some(text.to_string()),
        _ => None,
    }
}
