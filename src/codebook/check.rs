//! The promises of a codebook. One that breaks them is refused before anyone is asked by it.
//!
//! An id means one thing for ever; rules look backward and name what there is; lists and labels are complete in both
//! languages, in Urdu letters. A test holds the built-in codebook to them; `form check` and `form import` hold others.

use std::{
    collections::{BTreeMap, HashSet},
    fmt,
};

use crate::model::{Code, Moment};

use super::{
    finish::day_preset,
    form::{ANY_FORM, CodeList, Codebook, Form, Question, QuestionKind, Required, Text},
    rule::{BEFORE, CASE, CnicSays, Expr, Path, Rule, Term},
};

/// One broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The form and version, or the list.
    pub place: String,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

/// Everything that is wrong with a codebook; empty when all promises hold.
pub fn check(codebook: &Codebook) -> Vec<Finding> {
    look(codebook).found
}

/// The texts that have the same words in both languages, because nobody has translated them: forms that others wrote are asked in the
/// language they have.
pub fn untranslated(codebook: &Codebook) -> Vec<Finding> {
    look(codebook).untranslated
}

fn look(codebook: &Codebook) -> Findings {
    let mut findings = Findings { place: String::new(), found: Vec::new(), untranslated: Vec::new() };
    for list in codebook.lists.values() {
        findings.place = format!("list {}", list.name);
        check_list(codebook, list, &mut findings);
    }
    let mut meanings = BTreeMap::new();
    for form in codebook.forms.values() {
        findings.place = format!("form {}", form.form);
        Page { codebook, form }.check(&mut findings);
        for question in form.questions() {
            let meaning = meaning(&question.kind);
            if *meanings.entry(question.id.clone()).or_insert_with(|| meaning.clone()) != meaning {
                findings.add(format!(
                    "question `{}` is of another kind elsewhere: an id means one thing for ever",
                    question.id
                ));
            }
        }
    }
    findings
}

struct Findings {
    place: String,
    found: Vec<Finding>,
    untranslated: Vec<Finding>,
}

impl Findings {
    fn add(&mut self, what: impl Into<String>) {
        self.found.push(Finding { place: self.place.clone(), what: what.into() });
    }

    fn text(&mut self, text: &Text, of: &str) {
        if text.en.trim().is_empty() || text.ur.trim().is_empty() {
            self.add(format!("{of} has no words in one language"));
        } else if text.ur == text.en && text.en.chars().any(char::is_alphabetic) {
            let what = format!("{of} has the same words in both languages");
            self.untranslated.push(Finding { place: self.place.clone(), what });
        } else if !text.ur.chars().any(is_urdu_letter) && text.en.chars().any(char::is_alphabetic) {
            self.add(format!("{of} has no Urdu letters in its Urdu words"));
        }
        if text.ur.contains(['ي', 'ك']) {
            self.add(format!("{of} is written with Arabic ي or ك; Urdu has ی and ک"));
        }
    }
}

const fn is_urdu_letter(c: char) -> bool {
    matches!(c, '\u{0600}'..='\u{06FF}' | '\u{0750}'..='\u{077F}')
}

/// What may never change under an id: limits may, the kind and its list may not.
fn meaning(kind: &QuestionKind) -> String {
    match kind {
        QuestionKind::Number { .. } => "number".to_owned(),
        other => format!("{other:?}"),
    }
}

fn check_list(codebook: &Codebook, list: &CodeList, findings: &mut Findings) {
    if list.items.is_empty() {
        findings.add("no items");
    }
    let mut seen = HashSet::new();
    for (code, label) in list
        .items
        .iter()
        .map(|item| (&item.code, &item.label))
        .chain(list.answers.iter().map(|item| (&item.code, &item.label)))
    {
        if !seen.insert(code) {
            findings.add(format!("code `{code}` stands twice"));
        }
        findings.text(label, &format!("code `{code}`"));
    }
    for item in &list.items {
        for (name, fact) in &item.facts {
            if codebook.list(name).is_some_and(|list| list.item(fact).is_none()) {
                findings.add(format!("fact `{name}` of `{}` is `{fact}`, which that list does not have", item.code));
            }
        }
        let Some(parent) = &item.parent else { continue };
        if !codebook.lists.values().any(|list| list.item(parent.as_str()).is_some()) {
            findings.add(format!("`{parent}`, under which `{}` stands, is in no list", item.code));
        }
    }
}

struct Page<'a> {
    codebook: &'a Codebook,
    form: &'a Form,
}

impl Page<'_> {
    fn check(&self, findings: &mut Findings) {
        findings.text(&self.form.title, "the title");
        for section in &self.form.sections {
            findings.text(&section.title, &format!("section `{}`", section.title.en));
        }
        let mut before: Vec<&Question> = Vec::new();
        for question in self.form.questions() {
            if before.iter().any(|earlier| earlier.id == question.id) {
                findings.add(format!("question `{}` stands twice", question.id));
            }
            self.question(question, &before, findings);
            before.push(question);
        }
        let mut keys = HashSet::new();
        for rule in &self.form.rules {
            let of = format!("rule `{}`", rule.key);
            if !keys.insert(&rule.key) {
                findings.add(format!("{of} stands twice"));
            }
            if self.form.question(rule.at.as_str()).is_none() {
                findings.add(format!("{of} is shown at `{}`, which is no question here", rule.at));
            }
            findings.text(&rule.message, &format!("the message of {of}"));
            self.rule(&rule.must, &before, &of, findings);
        }
    }

    fn question(&self, question: &Question, before: &[&Question], findings: &mut Findings) {
        let of = format!("question `{}`", question.id);
        findings.text(&question.label, &of);
        if let Some(hint) = &question.hint {
            findings.text(hint, &format!("the hint of {of}"));
        }
        for list in lists_of(&question.kind) {
            if self.codebook.list(list).is_none() {
                findings.add(format!("{of} takes its answers from list `{list}`, which is not there"));
            }
        }
        if let QuestionKind::Entry { form } = &question.kind
            && form.as_str() != ANY_FORM
            && self.codebook.newest(form.as_str()).is_none()
        {
            findings.add(format!("{of} names entries of form `{form}`, which is not there"));
        }
        if let (QuestionKind::Choice { list } | QuestionKind::Choices { list }, Some(preset)) =
            (&question.kind, &question.preset)
            && !preset.starts_with("officer.")
            && self.codebook.list(list).is_some_and(|list| list.item(preset).is_none())
        {
            findings.add(format!("{of} is preset to `{preset}`, which list `{list}` does not have"));
        }
        if question.preset.is_some() && question.show_if.is_some() && !question.derived {
            findings.add(format!("{of} is preset and may be out of sight: nobody would see what was filled in"));
        }
        if question.again.iter().any(|day| day_preset(&question.kind, day, Moment::pkt(0)).is_none()) {
            findings.add(format!("{of} is renewed by something that is no day like `today+30`"));
        }
        if let Some(rule) = &question.show_if {
            self.rule(rule, before, &format!("show_if of {of}"), findings);
        }
        if let Required::When(rule) = &question.required {
            self.rule(rule, before, &format!("required of {of}"), findings);
        }
    }

    fn rule(&self, rule: &Rule, before: &[&Question], of: &str, findings: &mut Findings) {
        self.expr(rule.expr(), &mut |path, wants| {
            let question = match self.resolve(path, before) {
                Ok(question) => question,
                Err(what) => return findings.add(format!("{of}: {what}")),
            };
            if let Some(what) = self.unfit(question, wants) {
                findings.add(format!("{of}: {what}"));
            }
        });
    }

    /// The question that a path means, among those that stand before.
    fn resolve<'b>(&'b self, path: &Path, before: &[&'b Question]) -> Result<&'b Question, String> {
        let id = path.question.as_str();
        let form = match &path.of {
            None => {
                let found = before.iter().find(|question| question.id == path.question).copied();
                return found.ok_or_else(|| match self.form.question(id) {
                    Some(_) => format!("`{id}` comes later; rules look backward"),
                    None => format!("`{id}` is no question of this form"),
                });
            }
            Some(of) if of.as_str() == CASE => "case",
            Some(of) if of.as_str() == BEFORE => self.form.form.id.as_str(),
            Some(of) => match before.iter().find(|question| question.id == *of).map(|question| &question.kind) {
                Some(QuestionKind::Entry { form }) => form.as_str(),
                _ => return Err(format!("`{of}` before the dot names no entry")),
            },
        };
        let form_here = (form == self.form.form.id.as_str()).then_some(self.form);
        let other = form_here.or_else(|| self.codebook.newest(form).map(|form| &**form));
        let other = other.and_then(|form| form.question(id));
        other.ok_or_else(|| format!("form `{form}` has no question `{id}`"))
    }

    fn unfit(&self, question: &Question, wants: &Wants<'_>) -> Option<String> {
        let id = &question.id;
        let fits = match (&question.kind, wants) {
            (_, Wants::Anything) | (QuestionKind::Flag, Wants::Flag) | (QuestionKind::Cnic, Wants::Cnic) => true,
            (QuestionKind::Number { .. } | QuestionKind::Money, Wants::Size) => true,
            (QuestionKind::Date | QuestionKind::PartialDate | QuestionKind::Moment, Wants::Size | Wants::Day) => true,
            (QuestionKind::Choice { list } | QuestionKind::Choices { list }, Wants::Codes(codes)) => {
                let list = self.codebook.list(list)?;
                let stranger = codes.iter().find(|code| list.item(code.as_str()).is_none())?;
                return Some(format!("`{stranger}` is no code of list `{}`, which `{id}` takes", list.name));
            }
            _ => false,
        };
        (!fits).then(|| format!("`{id}` is of another kind than is asked of it here"))
    }

    fn expr(&self, expr: &Expr, meet: &mut impl FnMut(&Path, &Wants<'_>)) {
        match expr {
            Expr::And(parts) | Expr::Or(parts) => parts.iter().for_each(|part| self.expr(part, meet)),
            Expr::Not(part) => self.expr(part, meet),
            Expr::Any(path, codes) | Expr::All(path, codes) => meet(path, &Wants::Codes(codes)),
            Expr::Flag(path, _) => meet(path, &Wants::Flag),
            Expr::Stands(path, _) => meet(path, &Wants::Anything),
            Expr::WholeMonth(path) => meet(path, &Wants::Day),
            Expr::Same(one, other) => [one, other].into_iter().for_each(|path| meet(path, &Wants::Codes(&[]))),
            Expr::Compare(left, _, right) => {
                for term in [left, right] {
                    match term {
                        Term::Path(path) => meet(path, &Wants::Size),
                        Term::Sum(paths) => paths.iter().for_each(|path| meet(path, &Wants::Size)),
                        Term::Count(path) => meet(path, &Wants::Codes(&[])),
                        Term::Year(path) => meet(path, &Wants::Day),
                        Term::Number(_) | Term::Date(_) => {}
                    }
                }
            }
            Expr::Cnic(path, says) => {
                meet(path, &Wants::Cnic);
                if let CnicSays::Province(other) = says {
                    meet(other, &Wants::Codes(&[]));
                }
            }
        }
    }
}

/// What a rule asks of a question.
enum Wants<'a> {
    Anything,
    Flag,
    Size,
    Day,
    Codes(&'a [Code]),
    Cnic,
}

fn lists_of(kind: &QuestionKind) -> Vec<&str> {
    match kind {
        QuestionKind::Choice { list } | QuestionKind::Choices { list } => vec![list],
        QuestionKind::Map { keys, values } => vec![keys, values],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::load::Sources;
    use super::*;

    #[test]
    fn the_built_in_codebook_keeps_its_promises() {
        let findings: Vec<String> = check(Codebook::builtin().unwrap()).iter().map(ToString::to_string).collect();
        assert!(findings.is_empty(), "{findings:#?}");
        let untranslated: Vec<String> =
            untranslated(Codebook::builtin().unwrap()).iter().map(ToString::to_string).collect();
        assert!(untranslated.is_empty(), "{untranslated:#?}");
    }

    const LIST: &str = "list = \"yes\"\nitems = [{ code = \"Y\", en = \"Yes\", ur = \"ہاں\" }]\n";
    const FORM: &str = r#"
form = "small"
version = 1
title = { en = "Small", ur = "چھوٹا" }
[[section]]
title = { en = "One", ur = "ایک" }
question = [
    { id = "sure", label = { en = "Sure?", ur = "یقینی؟" }, kind = "choice", list = "yes", preset = "Y" },
    { id = "why", label = { en = "Why", ur = "کیوں" }, kind = "text", show_if = "sure = Y" },
    { id = "years", label = { en = "Years", ur = "سال" }, kind = "number", required = "answered(why)" },
]
[[rule]]
key = "one"
must = "years > 3"
at = "years"
severity = "error"
message = { en = "More", ur = "زیادہ" }
"#;

    fn findings(forms: &[&str], list: &str) -> String {
        let forms = forms.iter().map(|form| ("form", *form)).collect();
        let codebook = Codebook::load(&Sources { forms, lists: vec![("list", list)] }).unwrap();
        check(&codebook).iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn each_broken_promise_is_named() {
        assert_eq!(findings(&[FORM], LIST), "");
        for (from, to, what) in [
            ("list = \"yes\"", "list = \"yse\"", "list `yse`, which is not there"),
            ("preset = \"Y\"", "preset = \"N\"", "preset to `N`"),
            ("sure = Y", "sure = N", "`N` is no code of list `yes`"),
            ("sure = Y", "years = 3", "`years` comes later"),
            ("sure = Y", "yaers = 3", "`yaers` is no question"),
            ("sure = Y", "sure.age = 3", "`sure` before the dot names no entry"),
            ("sure = Y", "case.age = 3", "form `case` has no question `age`"),
            ("sure = Y", "sure > 3", "of another kind than is asked"),
            ("years > 3", "why", "of another kind than is asked"),
            ("id = \"why\"", "id = \"sure\"", "`sure` stands twice"),
            ("ur = \"کیوں\"", "ur = \" \"", "`why` has no words in one language"),
            ("ur = \"کیوں\"", "ur = \"Kyun\"", "no Urdu letters"),
            ("ur = \"زیادہ\"", "ur = \"كم\"", "Arabic ي or ك"),
            ("id = \"years\"", "id = \"years\", again = [\"today+30\"]", "no day like"),
            ("show_if = \"sure = Y\"", "show_if = \"sure = Y\", preset = \"x\"", "may be out of sight"),
            ("at = \"years\"", "at = \"yaers\"", "which is no question here"),
        ] {
            assert!(FORM.contains(from), "{from}");
            let found = findings(&[&FORM.replacen(from, to, 1)], LIST);
            assert!(found.contains(what), "{to}: {found}");
        }
        let found = findings(
            &[FORM],
            &LIST.replace("ہاں\" }", "ہاں\", parent = \"Q\" }, { code = \"Y\", en = \"\", ur = \"\" }"),
        );
        assert!(
            found.contains("stands twice") && found.contains("in no list") && found.contains("no words"),
            "{found}"
        );
    }

    #[test]
    fn an_id_means_one_thing_for_ever() {
        let later = FORM.replace("version = 1", "version = 2").replace("kind = \"text\"", "kind = \"long_text\"");
        assert!(findings(&[FORM, &later], LIST).contains("`why` is of another kind elsewhere"));
        let later =
            FORM.replace("version = 1", "version = 2").replace("kind = \"number\"", "kind = \"number\", max = 9");
        assert_eq!(findings(&[FORM, &later], LIST), "");
    }
}
