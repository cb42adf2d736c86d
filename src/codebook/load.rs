//! From TOML to a codebook, with errors that a person who writes forms can act on: the file, the line, what was meant.

use std::{
    collections::BTreeMap,
    fmt,
    ops::Range,
    sync::{Arc, OnceLock},
};

use include_dir::{Dir, include_dir};
use serde::Deserialize;
use toml::Spanned;

use crate::model::{Answer, FormId, FormRef, Severity};

use super::{
    form::{
        AnswerItem, CodeItem, CodeList, Codebook, Form, FormRule, Question, QuestionKind, Required, Section, Stands,
        Text,
    },
    rule::Rule,
};

static FORMS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/src/codebook/forms");
static LISTS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/src/codebook/lists");
static BUILTIN: OnceLock<Result<Codebook, LoadError>> = OnceLock::new();

/// Why a file is no part of a codebook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadError {
    /// The file, as it was named.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there, and what was meant where that can be guessed.
    pub what: String,
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, line {}: {}", self.file, self.line, self.what)
    }
}

impl std::error::Error for LoadError {}

/// The files of a codebook as text: name and content.
#[derive(Clone, Debug, Default)]
pub struct Sources<'a> {
    /// Form files.
    pub forms: Vec<(&'a str, &'a str)>,
    /// List files.
    pub lists: Vec<(&'a str, &'a str)>,
}

impl Codebook {
    /// The codebook that is built in, read once per process.
    ///
    /// # Errors
    /// None in a program whose tests passed: they read it.
    pub fn builtin() -> Result<&'static Self, LoadError> {
        BUILTIN.get_or_init(|| Self::load(&builtin_sources()?)).as_ref().map_err(Clone::clone)
    }

    /// Reads a whole codebook. Its promises are `check`'s matter.
    ///
    /// # Errors
    /// The first [`LoadError`], files taken in the order given.
    pub fn load(sources: &Sources<'_>) -> Result<Self, LoadError> {
        let mut codebook = Self::default();
        for (file, text) in &sources.lists {
            let list = read_list(&Page { file, text })?;
            if codebook.lists.insert(list.name.clone(), Arc::new(list)).is_some() {
                return Err(Page { file, text }.wrong(0..0, "another file already holds the list of this name"));
            }
        }
        for (file, text) in &sources.forms {
            let form = read_form(&Page { file, text })?;
            if codebook.forms.insert(form.form.clone(), Arc::new(form)).is_some() {
                return Err(Page { file, text }.wrong(0..0, "another file already holds this form and version"));
            }
        }
        Ok(codebook)
    }
}

/// Whether a file means to be a list; anything else is read as a form, which names what is wrong with it.
pub(super) fn is_list(text: &str) -> bool {
    text.parse::<toml::Table>().is_ok_and(|table| table.contains_key("list") && !table.contains_key("form"))
}

fn builtin_sources() -> Result<Sources<'static>, LoadError> {
    let texts = |dir: &'static Dir<'static>| -> Result<Vec<_>, LoadError> {
        let mut texts = Vec::new();
        for file in dir.files().filter(|file| file.path().extension().is_some_and(|end| end == "toml")) {
            let name = file.path().to_str().unwrap_or("?");
            let text = file.contents_utf8().ok_or_else(|| LoadError {
                file: name.to_owned(),
                line: 1,
                what: "not UTF-8 text".to_owned(),
            })?;
            texts.push((name, text));
        }
        Ok(texts)
    };
    Ok(Sources { forms: texts(&FORMS)?, lists: texts(&LISTS)? })
}

/// One file on the table.
struct Page<'a> {
    file: &'a str,
    text: &'a str,
}

impl Page<'_> {
    fn wrong(&self, span: Range<usize>, what: impl Into<String>) -> LoadError {
        let line = self.text.bytes().take(span.start).filter(|byte| *byte == b'\n').count() + 1;
        LoadError { file: self.file.to_owned(), line, what: what.into() }
    }

    fn read<T: for<'de> Deserialize<'de>>(&self) -> Result<T, LoadError> {
        toml::from_str(self.text).map_err(|error| self.wrong(error.span().unwrap_or(0..0), error.message()))
    }

    fn rule(&self, text: &Spanned<String>) -> Result<Rule, LoadError> {
        self.rule_at(text.get_ref(), text.span())
    }

    fn rule_at(&self, text: &str, span: Range<usize>) -> Result<Rule, LoadError> {
        Rule::parse(text).map_err(|error| self.wrong(span, format!("in this rule, {error}")))
    }
}

#[derive(Deserialize)]
struct TextFile {
    en: Box<str>,
    ur: Box<str>,
}

impl From<TextFile> for Text {
    fn from(text: TextFile) -> Self {
        Self { en: text.en, ur: text.ur }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FormFile {
    form: Box<str>,
    version: u16,
    stands: Option<Spanned<String>>,
    title: TextFile,
    section: Vec<SectionFile>,
    #[serde(default)]
    rule: Vec<RuleFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SectionFile {
    title: TextFile,
    question: Vec<QuestionFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QuestionFile {
    id: Spanned<Box<str>>,
    label: TextFile,
    hint: Option<TextFile>,
    kind: Spanned<String>,
    list: Option<Box<str>>,
    keys: Option<Box<str>>,
    values: Option<Box<str>>,
    form: Option<Box<str>>,
    min: Option<i64>,
    max: Option<i64>,
    required: Option<Spanned<toml::Value>>,
    show_if: Option<Spanned<String>>,
    #[serde(default)]
    firm: bool,
    #[serde(default)]
    may_be_empty: bool,
    #[serde(default)]
    sealed: bool,
    #[serde(default)]
    local: bool,
    #[serde(default)]
    derived: bool,
    preset: Option<Box<str>>,
    #[serde(default)]
    again: Vec<Box<str>>,
    #[serde(default)]
    htcds: Vec<Box<str>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    key: Box<str>,
    must: Spanned<String>,
    at: Box<str>,
    severity: Spanned<String>,
    message: TextFile,
}

fn read_form(page: &Page<'_>) -> Result<Form, LoadError> {
    let file: FormFile = page.read()?;
    let sections = file.section.into_iter().map(|section| {
        let questions = section.question.into_iter().map(|question| read_question(page, question));
        Ok(Section { title: section.title.into(), questions: questions.collect::<Result<_, _>>()? })
    });
    let rules = file.rule.into_iter().map(|rule| {
        Ok(FormRule {
            must: page.rule(&rule.must)?,
            severity: match rule.severity.get_ref().as_str() {
                "error" => Severity::Error,
                "warning" => Severity::Warning,
                other => {
                    let what = format!("`{other}` is no severity: write \"error\" or \"warning\"");
                    return Err(page.wrong(rule.severity.span(), what));
                }
            },
            key: rule.key,
            at: (*rule.at).into(),
            message: rule.message.into(),
        })
    });
    let stands = match file.stands.as_ref().map(|stands| (stands.get_ref().as_str(), stands.span())) {
        None | Some(("in_case", _)) => Stands::InCase,
        Some(("opens", _)) => Stands::Opens,
        Some(("apart", _)) => Stands::Apart,
        Some((other, span)) => {
            let what = format!("`{other}` is no place for a form: write \"in_case\", \"opens\" or \"apart\"");
            return Err(page.wrong(span, what));
        }
    };
    Ok(Form {
        stands,
        form: FormRef { id: FormId::new(&file.form), version: file.version },
        title: file.title.into(),
        sections: sections.collect::<Result<_, _>>()?,
        rules: rules.collect::<Result<_, _>>()?,
    })
}

fn read_question(page: &Page<'_>, mut file: QuestionFile) -> Result<Question, LoadError> {
    Ok(Question {
        kind: read_kind(page, &mut file)?,
        id: file.id.get_ref().as_ref().into(),
        label: file.label.into(),
        hint: file.hint.map(Into::into),
        required: file.required.as_ref().map_or(Ok(Required::No), |value| read_required(page, value))?,
        show_if: file.show_if.as_ref().map(|text| page.rule(text)).transpose()?,
        firm: file.firm,
        may_be_empty: file.may_be_empty,
        sealed: file.sealed,
        local: file.local,
        derived: file.derived,
        preset: file.preset,
        again: file.again.into(),
        htcds: file.htcds,
    })
}

fn read_required(page: &Page<'_>, value: &Spanned<toml::Value>) -> Result<Required, LoadError> {
    match value.get_ref() {
        toml::Value::Boolean(true) => Ok(Required::Yes),
        toml::Value::Boolean(false) => Ok(Required::No),
        toml::Value::String(text) => page.rule_at(text, value.span()).map(Required::When),
        _ => Err(page.wrong(value.span(), "`required` is true, false, or a rule in quotes")),
    }
}

/// The names of the kinds in a form file, in the order of [`QuestionKind`].
const KINDS: [&str; 14] = [
    "text",
    "long_text",
    "number",
    "money",
    "flag",
    "date",
    "partial_date",
    "moment",
    "choice",
    "choices",
    "cnic",
    "phone",
    "entry",
    "map",
];

fn read_kind(page: &Page<'_>, file: &mut QuestionFile) -> Result<QuestionKind, LoadError> {
    let span = file.kind.span();
    let id = file.id.get_ref();
    let needs = |part: Option<Box<str>>, name: &str| {
        part.ok_or_else(|| page.wrong(span.clone(), format!("question `{id}` of this kind needs `{name} = …`")))
    };
    let kind = match file.kind.get_ref().as_str() {
        "text" => QuestionKind::Text,
        "long_text" => QuestionKind::LongText,
        "number" => QuestionKind::Number { min: file.min.take(), max: file.max.take() },
        "money" => QuestionKind::Money,
        "flag" => QuestionKind::Flag,
        "date" => QuestionKind::Date,
        "partial_date" => QuestionKind::PartialDate,
        "moment" => QuestionKind::Moment,
        "choice" => QuestionKind::Choice { list: needs(file.list.take(), "list")? },
        "choices" => QuestionKind::Choices { list: needs(file.list.take(), "list")? },
        "cnic" => QuestionKind::Cnic,
        "phone" => QuestionKind::Phone,
        "entry" => QuestionKind::Entry { form: FormId::new(needs(file.form.take(), "form")?) },
        "map" => {
            QuestionKind::Map { keys: needs(file.keys.take(), "keys")?, values: needs(file.values.take(), "values")? }
        }
        other => {
            let meant = nearest(other, &KINDS);
            let what =
                format!("`{other}` is no kind of question; did you mean `{meant}`? One of: {}", KINDS.join(", "));
            return Err(page.wrong(file.kind.span(), what));
        }
    };
    let stray = [
        ("list", file.list.is_some()),
        ("form", file.form.is_some()),
        ("keys", file.keys.is_some()),
        ("values", file.values.is_some()),
        ("min", file.min.is_some()),
        ("max", file.max.is_some()),
    ];
    match stray.iter().find(|(_, there)| *there) {
        Some((name, _)) => Err(page.wrong(
            span,
            format!("`{name}` means nothing for question `{id}`, which is of kind `{}`", file.kind.get_ref()),
        )),
        None => Ok(kind),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListFile {
    list: Box<str>,
    items: Vec<ItemFile>,
    #[serde(default)]
    answers: Vec<AnswerFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ItemFile {
    code: Spanned<Box<str>>,
    en: Box<str>,
    ur: Box<str>,
    htcds: Option<Box<str>>,
    parent: Option<Box<str>>,
    #[serde(default)]
    aliases: Vec<Box<str>>,
    #[serde(default)]
    facts: BTreeMap<Box<str>, FactFile>,
}

/// A fact: a word, or a whole number.
#[derive(Deserialize)]
#[serde(untagged)]
enum FactFile {
    Word(Box<str>),
    Number(i64),
}

impl From<FactFile> for Box<str> {
    fn from(fact: FactFile) -> Self {
        match fact {
            FactFile::Word(word) => word,
            FactFile::Number(number) => number.to_string().into(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerFile {
    code: Box<str>,
    means: Spanned<String>,
    en: Box<str>,
    ur: Box<str>,
    htcds: Option<Box<str>>,
}

/// The codes that source lists use for *unknown* and *not asked* (`DESIGN.md` section 9).
const BESIDE: [&str; 3] = ["U", "X", "UNK"];

fn read_list(page: &Page<'_>) -> Result<CodeList, LoadError> {
    let file: ListFile = page.read()?;
    if let Some(item) = file.items.iter().find(|item| BESIDE.contains(&item.code.get_ref().as_ref())) {
        let what = "this code is an answer beside a value, never a value: write it under `answers`";
        return Err(page.wrong(item.code.span(), what));
    }
    let items = file.items.into_iter().map(|item| CodeItem {
        code: item.code.get_ref().as_ref().into(),
        label: Text { en: item.en, ur: item.ur },
        aliases: item.aliases,
        parent: item.parent.map(|parent| parent.as_ref().into()),
        htcds: item.htcds,
        facts: item.facts.into_iter().map(|(name, fact)| (name, fact.into())).collect(),
    });
    let items = items.collect();
    let answers = file.answers.into_iter().map(|answer| {
        let means = match answer.means.get_ref().as_str() {
            "unknown" => Answer::Unknown,
            "refused" => Answer::Refused,
            "not_asked" => Answer::NotAsked,
            other => {
                let meant = nearest(other, &["unknown", "refused", "not_asked"]);
                let what = format!("`{other}` is no answer beside a value; did you mean `{meant}`?");
                return Err(page.wrong(answer.means.span(), what));
            }
        };
        Ok(AnswerItem {
            code: answer.code.as_ref().into(),
            means,
            label: Text { en: answer.en, ur: answer.ur },
            htcds: answer.htcds,
        })
    });
    Ok(CodeList { name: file.list, items, answers: answers.collect::<Result<_, _>>()? })
}

/// The word that was most likely meant: fewest letters to change.
pub(super) fn nearest<'a>(word: &str, among: &[&'a str]) -> &'a str {
    among.iter().min_by_key(|known| distance(word, known)).copied().unwrap_or_default()
}

/// Levenshtein's distance, one row at a time.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: BTreeMap<usize, usize> = (0..=right.len()).map(|at| (at, at)).collect();
    for (from, l) in left.chars().enumerate() {
        let mut diagonal = from;
        row.insert(0, from + 1);
        for (at, r) in right.iter().enumerate() {
            let above = row.get(&(at + 1)).copied().unwrap_or(usize::MAX - 1);
            let before = row.get(&at).copied().unwrap_or(usize::MAX - 1);
            let here = (diagonal + usize::from(l != *r)).min(above + 1).min(before + 1);
            diagonal = above;
            row.insert(at + 1, here);
        }
    }
    row.get(&right.len()).copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = r#"
list = "yes_no"
items = [{ code = "Y", en = "Yes", ur = "ہاں" }, { code = "N", en = "No", ur = "نہیں", htcds = "No" }]
answers = [{ code = "U", means = "unknown", en = "Not known", ur = "معلوم نہیں" }]
"#;

    const FORM: &str = r#"form = "small"
version = 2
title = { en = "Small", ur = "چھوٹا" }
[[section]]
title = { en = "One", ur = "ایک" }
[[section.question]]
id = "sure"
label = { en = "Sure?", ur = "یقینی؟" }
kind = "choice"
list = "yes_no"
required = true
[[section.question]]
id = "why"
label = { en = "Why", ur = "کیوں" }
kind = "text"
show_if = "sure = N"
required = "sure = N"
[[rule]]
key = "never"
must = "sure = Y"
at = "sure"
severity = "warning"
message = { en = "Be sure", ur = "یقینی بنیں" }
"#;

    fn load(form: &str, list: &str) -> Result<Codebook, LoadError> {
        Codebook::load(&Sources { forms: vec![("small.toml", form)], lists: vec![("yes_no.toml", list)] })
    }

    #[test]
    fn a_form_and_its_list_are_read() {
        let codebook = load(FORM, LIST).unwrap();
        let form = codebook.newest("small").unwrap();
        assert_eq!(form.form.to_string(), "small@2");
        assert_eq!(form.question("why").unwrap().show_if.as_ref().unwrap().as_str(), "sure = N");
        assert!(matches!(form.question("sure").unwrap().required, Required::Yes));
        assert_eq!(form.rules[0].severity, Severity::Warning);
        let list = codebook.list("yes_no").unwrap();
        assert_eq!(list.read("U"), Some(Answer::Unknown));
        assert_eq!(list.read("N"), Some(Answer::Value(crate::model::Value::Choice("N".into()))));
        assert_eq!(list.read("Q"), None);
        assert!(list.item("U").is_none(), "an answer beside a value is never a value");
    }

    #[test]
    fn an_error_names_file_line_and_what_was_meant() {
        for (from, to, line, what) in [
            ("kind = \"choice\"", "kind = \"chioce\"", 9, "did you mean `choice`?"),
            ("kind = \"choice\"", "kind = \"text\"", 9, "`list` means nothing"),
            ("list = \"yes_no\"", "", 9, "needs `list"),
            ("show_if = \"sure = N\"", "show_if = \"sure < N\"", 16, "codes have no order"),
            ("required = \"sure = N\"", "required = \"sure = \"", 17, "question was expected"),
            ("severity = \"warning\"", "severity = \"warn\"", 22, "is no severity"),
            ("label = { en = \"Why\", ur = \"کیوں\" }", "label = { en = \"Why\" }", 14, "missing field `ur`"),
            ("kind = \"text\"", "knid = \"text\"", 15, "unknown field `knid`"),
            ("must = \"sure = Y\"", "must = 3", 20, "invalid type"),
        ] {
            assert!(FORM.contains(from), "{from}");
            let error = load(&FORM.replacen(from, to, 1), LIST).unwrap_err();
            assert_eq!((error.file.as_str(), error.line), ("small.toml", line), "{error}");
            assert!(error.what.contains(what), "{error}");
        }
        let error = load(FORM, &LIST.replace("code = \"N\"", "code = \"UNK\"")).unwrap_err();
        assert!(error.what.contains("never a value") && error.line == 3, "{error}");
        let error = load(FORM, &LIST.replace("\"unknown\"", "\"unkown\"")).unwrap_err();
        assert!(error.what.contains("did you mean `unknown`?"), "{error}");
        assert_eq!((error.file.as_str(), error.line), ("yes_no.toml", 4));
    }
}
