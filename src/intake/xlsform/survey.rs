//! The sheet *survey* as forms: questions, pages out of groups, and a form of its own for every repeat, whose sheets name the sheet they
//! belong to.

use std::collections::BTreeMap;

use super::{
    expression::{Around, Asked, Coded, Takes, translate},
    labels::{Words, words},
    lists::Lists,
    names::{Names, plain},
    notes::Note,
    sheets::{Row, Sheets, XlsFormError},
    written::{FormFile, QuestionFile, RequiredFile, RuleFile, SectionFile, toml_of},
};

/// A workbook as files of a codebook.
#[derive(Clone, Debug, Default)]
pub struct Converted {
    /// The texts of list files, then of form files, each as `form import` takes it.
    pub files: Vec<String>,
    /// The forms with their versions: the first is the workbook's own, the others its repeats.
    pub forms: Vec<String>,
    /// How many questions they ask.
    pub questions: usize,
    /// What was left out or taken otherwise, by sheet and row.
    pub notes: Vec<Note>,
    /// How many texts stand in one language only.
    pub untranslated: usize,
}

/// Converts a workbook. The form is called as its settings say, else by `name`; its version is theirs where that is a number, unless one is
/// given.
///
/// # Errors
/// [`XlsFormError`] when nothing is left to ask, or when its groups do not close.
pub fn convert(sheets: &Sheets, name: &str, version: Option<u16>) -> Result<Converted, XlsFormError> {
    let settings = &sheets.settings;
    let id = plain(if settings.cell("form_id").is_empty() { name } else { settings.cell("form_id") });
    let language = settings.cell("default_language");
    let mut title = words(settings, "form_title", language);
    if title.is_empty() {
        title = Words::both(&id);
    }
    let version = version.or_else(|| settings.cell("version").parse().ok()).filter(|version| *version > 0).unwrap_or(1);
    let mut notes = Vec::new();
    let lists = Lists::read(&sheets.choices, &id, language, &mut notes);
    let main = FormFile { form: id.clone(), version, title, section: Vec::new(), rule: Vec::new() };
    let mut survey = Survey { id, language, lists, notes, forms: vec![Part::new(main, None)], ..Survey::default() };
    for row in &sheets.survey {
        survey.row(row)?;
    }
    survey.end()
}

/// Columns of a question that a codebook has no place for, and what comes of it.
const WITHOUT_COUNTERPART: [(&str, &str); 11] = [
    ("choice_filter", "all choices are offered"),
    ("calculation", "nothing is worked out"),
    ("guidance_hint", "left out"),
    ("required_message", "left out"),
    ("read_only", "it can be answered"),
    ("readonly", "it can be answered"),
    ("parameters", "left out"),
    ("appearance", "it looks like every other question"),
    ("media", "left out"),
    ("image", "left out"),
    ("audio", "left out"),
];

/// Deepest nesting of groups and repeats.
const MAX_OPEN: usize = 20;

/// A form that is being filled with questions.
struct Part {
    file: FormFile,
    /// For a repeat: the part that it repeats in, and the question that names its sheet.
    parent: Option<(usize, String)>,
    /// The groups that the last section stands for.
    groups: Vec<usize>,
}

impl Part {
    const fn new(file: FormFile, parent: Option<(usize, String)>) -> Self {
        Self { file, parent, groups: Vec::new() }
    }
}

/// A group or repeat that is open.
struct Open {
    row: usize,
    title: Words,
    relevant: String,
    /// The part that it is, for a repeat.
    part: Option<usize>,
}

/// A question that was placed.
struct Placed {
    part: usize,
    asked: Asked,
}

#[derive(Default)]
struct Survey<'a> {
    id: String,
    language: &'a str,
    lists: Lists,
    notes: Vec<Note>,
    forms: Vec<Part>,
    open: Vec<Open>,
    names: Names,
    placed: BTreeMap<String, Placed>,
    used: Vec<String>,
    /// Words that stand before the next question, and the row of the last of them.
    said: Option<(usize, Words)>,
}

impl Survey<'_> {
    /// What an expression says, as a rule.
    fn rule(&self, text: &str, own: Option<&Asked>) -> Result<String, String> {
        let around = Around { question: &|name| self.asked(name), code: &|list, code| self.coded(list, code) };
        translate(text, own, &around)
    }

    fn asked(&self, name: &str) -> Result<Asked, String> {
        let placed = self.placed.get(name).ok_or_else(|| format!("`{name}` is not asked before it"))?;
        if placed.part == self.part() {
            return Ok(placed.asked.clone());
        }
        match self.forms.get(self.part()).and_then(|part| part.parent.as_ref()) {
            Some((parent, of)) if *parent == placed.part => {
                Ok(Asked { path: format!("{of}.{}", placed.asked.path), ..placed.asked.clone() })
            }
            _ => Err(format!("`{name}` stands in another part of the form")),
        }
    }

    fn coded(&self, list: &str, code: &str) -> Coded {
        match self.lists.list(list) {
            Some(_) if self.lists.has(list, code) => Coded::Value,
            Some(file) if file.has(code) && code == "X" => Coded::NotAsked,
            Some(file) if file.has(code) => Coded::Unknown,
            _ => Coded::Nothing,
        }
    }
}

impl Survey<'_> {
    /// The part that questions go to now.
    fn part(&self) -> usize {
        self.open.iter().rev().find_map(|open| open.part).unwrap_or(0)
    }

    fn note(&mut self, row: usize, what: impl Into<String>) {
        let note = Note { sheet: "survey", row, what: what.into() };
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    fn row(&mut self, row: &Row) -> Result<(), XlsFormError> {
        if self.open.len() > MAX_OPEN {
            let what = format!("groups and repeats stand more than {MAX_OPEN} deep");
            return Err(XlsFormError::Unbalanced { row: row.number, what });
        }
        let told = row.cell("type").to_lowercase().replace("select one", "select_one");
        let told =
            told.replace("select multiple", "select_multiple").replace("begin ", "begin_").replace("end ", "end_");
        let mut told = told.split_whitespace();
        match told.next().unwrap_or_default() {
            "" => {}
            "begin_group" => self.begin(row, None),
            "begin_repeat" => self.repeat(row),
            kind @ ("end_group" | "end_repeat") => self.close(row, kind == "end_repeat")?,
            "note" => self.say(row),
            "start" | "end" | "today" | "deviceid" | "username" => {
                self.note(row.number, format!("`{}` is known of every entry here; left out", row.cell("type")));
            }
            kind => {
                // The list's name is not a word of the type: it keeps its letters.
                let rest: Vec<String> = row.cell("type").split_whitespace().skip(1).map(str::to_owned).collect();
                let rest = if row.cell("type").to_lowercase().starts_with("select ") {
                    rest.get(1..).unwrap_or_default()
                } else {
                    &rest
                };
                self.question_row(row, kind, rest);
            }
        }
        Ok(())
    }

    /// A note stands with the question after it.
    fn say(&mut self, row: &Row) {
        let said = words(row, "label", self.language);
        if !row.cell("relevant").is_empty() {
            self.note(row.number, "relevant: a note stands with the question after it, whatever the answers are");
        }
        let said = self.said.take().map_or(said.clone(), |(_, before)| said.behind(&before, " "));
        self.said = Some((row.number, said));
    }

    fn begin(&mut self, row: &Row, part: Option<usize>) {
        let title = words(row, "label", self.language);
        let relevant = row.cell("relevant").to_owned();
        self.open.push(Open { row: row.number, title, relevant, part });
    }

    /// A repeat is a form of its own: each of its sheets names the sheet that it belongs to.
    fn repeat(&mut self, row: &Row) {
        let parent = self.part();
        let Some(above) = self.forms.get(parent).map(|part| part.file.clone()) else { return };
        let id = format!("{}_{}", above.form, plain(row.cell("name")));
        let label = words(row, "label", self.language);
        let label = if label.is_empty() { Words::both(row.cell("name")) } else { label };
        let of = self.names.give(&format!("{id}_of"));
        let mut title = label.behind(&above.title, " · ");
        if title.is_empty() {
            title = Words::both(&id);
        }
        let belongs = QuestionFile {
            id: of.clone(),
            label: Some(Words::of("Belongs to", "کس سے متعلق")),
            kind: "entry",
            form: Some(above.form),
            required: Some(RequiredFile::Always(true)),
            ..QuestionFile::default()
        };
        let section = vec![SectionFile { title: label, question: vec![belongs] }];
        let file = FormFile { form: id, version: above.version, title, section, rule: Vec::new() };
        self.forms.push(Part::new(file, Some((parent, of))));
        self.begin(row, Some(self.forms.len() - 1));
        if !row.cell("repeat_count").is_empty() {
            self.note(row.number, "how often it repeats is the officer's to say; repeat_count is left out");
        }
    }

    fn close(&mut self, row: &Row, repeat: bool) -> Result<(), XlsFormError> {
        match self.open.pop() {
            Some(open) if open.part.is_some() == repeat => Ok(()),
            Some(open) => Err(XlsFormError::Unbalanced {
                row: row.number,
                what: format!("this does not end what begins in row {}", open.row),
            }),
            None => Err(XlsFormError::Unbalanced { row: row.number, what: "this ends what never began".to_owned() }),
        }
    }

    fn question_row(&mut self, row: &Row, kind: &str, rest: &[String]) {
        let several = kind == "select_multiple";
        let (kind, takes) = match kind {
            "text" if row.cell("appearance").contains("multiline") => ("long_text", Takes::Text),
            "text" => ("text", Takes::Text),
            "integer" | "int" => ("number", Takes::Number),
            "decimal" | "time" => {
                self.note(row.number, format!("`{kind}` is asked as text"));
                ("text", Takes::Text)
            }
            "date" => ("date", Takes::Day),
            "datetime" => ("moment", Takes::Day),
            "acknowledge" | "trigger" => ("flag", Takes::Flag),
            "select_one" | "select_multiple" => {
                let list = rest.first().cloned().unwrap_or_default();
                if rest.iter().skip(1).any(|word| word.eq_ignore_ascii_case("or_other")) {
                    self.lists.with_other(&list);
                }
                if self.lists.list(&list).is_none() {
                    return self.note(row.number, format!("list “{list}” has no choices; the question is left out"));
                }
                if several { ("choices", Takes::Several(list)) } else { ("choice", Takes::One(list)) }
            }
            other => return self.note(row.number, format!("`{other}` has no counterpart; left out")),
        };
        if row.cell("name").is_empty() {
            return self.note(row.number, "a question needs a name; left out");
        }
        let id = self.names.give(&format!("{}_{}", self.id, plain(row.cell("name"))));
        let asked = Asked { path: id.clone(), takes };
        let mut label = words(row, "label", self.language);
        if label.is_empty() {
            label = Words::both(row.cell("name"));
        }
        let hint = words(row, "hint", self.language);
        let hint = self.said.take().map_or(hint.clone(), |(_, said)| hint.behind(&said, " "));
        let (list, form) = (self.list_of(&asked), None);
        let show_if = self.relevant(row);
        let question = QuestionFile {
            required: self.required(row),
            preset: self.preset(row, &asked, show_if.is_some()),
            hint: (!hint.is_empty()).then_some(hint),
            label: Some(label),
            id,
            kind,
            list,
            form,
            show_if,
        };
        for (column, what) in WITHOUT_COUNTERPART {
            // `appearance` says also what has one: a text of several lines.
            let carried = column == "appearance" && kind == "long_text";
            if !carried && (!row.cell(column).is_empty() || row.translations(column).next().is_some()) {
                self.note(row.number, format!("{column} has no counterpart; {what}"));
            }
        }
        self.place(row, question, asked, rest);
    }

    fn place(&mut self, row: &Row, question: QuestionFile, asked: Asked, rest: &[String]) {
        let show_if = question.show_if.clone();
        self.ask(question);
        let part = self.part();
        self.placed.insert(row.cell("name").to_owned(), Placed { part, asked: asked.clone() });
        if let (true, Takes::One(_) | Takes::Several(_)) =
            (rest.iter().skip(1).any(|word| word.eq_ignore_ascii_case("or_other")), &asked.takes)
        {
            let chosen = if matches!(asked.takes, Takes::One(_)) {
                format!("{} = 'other'", asked.path)
            } else {
                format!("any({}, 'other')", asked.path)
            };
            let id = self.names.give(&format!("{}_other", asked.path));
            self.ask(QuestionFile {
                id,
                label: Some(Words::of("Other, in words", "دیگر، الفاظ میں")),
                kind: "text",
                show_if: Some(show_if.map_or(chosen.clone(), |rule| format!("{rule} and {chosen}"))),
                ..QuestionFile::default()
            });
        }
        self.constraint(row, &asked);
    }

    /// Puts a question on the page of its groups.
    fn ask(&mut self, question: QuestionFile) {
        let inner = self.open.iter().rposition(|open| open.part.is_some()).map_or(0, |at| at + 1);
        let groups = self.open.get(inner..).unwrap_or_default();
        let rows: Vec<usize> = groups.iter().map(|open| open.row).collect();
        let title = groups.iter().fold(Words::both(""), |title, open| open.title.behind(&title, " · "));
        let part = self.part();
        let Some(part) = self.forms.get_mut(part) else { return };
        let title = if title.is_empty() { part.file.title.clone() } else { title };
        match part.file.section.last_mut().filter(|_| part.groups == rows) {
            Some(section) => section.question.push(question),
            None => part.file.section.push(SectionFile { title, question: vec![question] }),
        }
        part.groups = rows;
    }

    fn list_of(&mut self, asked: &Asked) -> Option<String> {
        let (Takes::One(list) | Takes::Several(list)) = &asked.takes else { return None };
        if !self.used.contains(list) {
            self.used.push(list.clone());
        }
        self.lists.list(list).map(|file| file.list.clone())
    }

    /// The conditions of its groups and its own, inside the repeat that it stands in.
    fn relevant(&mut self, row: &Row) -> Option<String> {
        let inner = self.open.iter().rposition(|open| open.part.is_some()).unwrap_or(0);
        let around = self.open.get(inner..).unwrap_or_default().iter().map(|open| (open.row, open.relevant.clone()));
        let told: Vec<(usize, String)> = around.chain([(row.number, row.cell("relevant").to_owned())]).collect();
        let mut rules = Vec::new();
        for (at, text) in told.into_iter().filter(|(_, text)| !text.is_empty()) {
            match self.rule(&text, None) {
                Ok(rule) => rules.push(rule),
                Err(why) => self.note(at, format!("relevant: {why}; it is always asked")),
            }
        }
        (!rules.is_empty()).then(|| rules.join(" and "))
    }

    fn required(&mut self, row: &Row) -> Option<RequiredFile> {
        match row.cell("required").to_lowercase().as_str() {
            "" | "no" | "false" | "false()" | "0" => None,
            "yes" | "true" | "true()" | "1" => Some(RequiredFile::Always(true)),
            _ => match self.rule(row.cell("required"), None) {
                Ok(rule) => Some(RequiredFile::When(rule)),
                Err(why) => {
                    self.note(row.number, format!("required: {why}; it may stay empty"));
                    None
                }
            },
        }
    }

    fn preset(&mut self, row: &Row, asked: &Asked, conditional: bool) -> Option<String> {
        let told = row.cell("default");
        if told.is_empty() {
            return None;
        }
        let preset = match &asked.takes {
            Takes::Day if told == "today()" => Some("today".to_owned()),
            Takes::Day if told == "now()" => Some("now".to_owned()),
            Takes::One(list) if self.lists.has(list, told) => Some(told.to_owned()),
            _ => None,
        };
        match preset {
            Some(preset) if !conditional => Some(preset),
            _ => {
                self.note(row.number, "its default is not filled in");
                None
            }
        }
    }

    fn constraint(&mut self, row: &Row, asked: &Asked) {
        let text = row.cell("constraint");
        if text.is_empty() {
            return;
        }
        match self.rule(text, Some(asked)) {
            Ok(must) => {
                let message = words(row, "constraint_message", self.language);
                let told = Words::of("This answer is not allowed by the form", "فارم میں اس جواب کی اجازت نہیں");
                let message = if message.is_empty() { told } else { message };
                let rule =
                    RuleFile { key: asked.path.clone(), must, at: asked.path.clone(), severity: "error", message };
                let part = self.part();
                self.forms.get_mut(part).into_iter().for_each(|part| part.file.rule.push(rule.clone()));
            }
            Err(why) => self.note(row.number, format!("constraint: {why}; every answer is taken")),
        }
    }

    fn end(mut self) -> Result<Converted, XlsFormError> {
        if let Some(open) = self.open.last() {
            return Err(XlsFormError::Unbalanced { row: open.row, what: "what begins here never ends".to_owned() });
        }
        if let Some((row, _)) = self.said.take() {
            self.note(row, "no question comes after this note; left out");
        }
        self.notes.extend(self.lists.unused(&self.used));
        // A repeat asks at least to whom it belongs.
        let forms: Vec<&FormFile> =
            self.forms.iter().map(|part| &part.file).filter(|file| !file.section.is_empty()).collect();
        if self.forms.first().is_none_or(|part| part.file.section.is_empty()) {
            return Err(XlsFormError::Empty);
        }
        let questions = || forms.iter().flat_map(|form| &form.section).flat_map(|section| &section.question);
        let lists: Vec<_> = self.lists.used(&self.used).collect();
        let texts = forms.iter().map(|form| form.title.clone());
        let texts = texts.chain(forms.iter().flat_map(|form| form.section.iter().map(|section| section.title.clone())));
        let texts = texts.chain(questions().flat_map(|question| question.label.iter().chain(&question.hint)).cloned());
        let items = lists.iter().flat_map(|list| &list.items).map(|item| Words::of(&item.en, &item.ur));
        self.notes.sort();
        Ok(Converted {
            untranslated: texts.chain(items).filter(Words::is_one).count(),
            questions: questions().count(),
            forms: forms.iter().map(|form| format!("{}@{}", form.form, form.version)).collect(),
            files: lists.into_iter().map(toml_of).chain(forms.iter().copied().map(toml_of)).collect(),
            notes: self.notes.clone(),
        })
    }
}
