//! Every rule of every form that ships, looked at by search: some answers make it hold and some do not, an officer can come to both,
//! and where nothing has a value it says nothing.

use std::collections::BTreeSet;

use super::{
    around::Surroundings,
    finish::{Origin, check_draft, checked_value},
    form::{Codebook, Form, Question, QuestionKind, Required},
    rule::{BEFORE, CASE, CnicSays, Expr, Facts, Path, Rule, Term},
};
use crate::model::{Answer, Answers, Code, Draft, DraftId, EntryId, FormRef, Lang, Moment, ProblemKind, Value};

/// The entry that can be named.
const ENTRY: EntryId = EntryId::from_bytes([7; 16]);

/// Each rule of a form: what it is, and the rule.
fn rules(form: &Form) -> Vec<(String, &Rule)> {
    let mut all = Vec::new();
    for question in form.questions() {
        let id = question.id.as_str();
        all.extend(question.show_if.as_ref().map(|rule| (format!("show_if of {id}"), rule)));
        if let Required::When(rule) = &question.required {
            all.push((format!("required of {id}"), rule));
        }
    }
    all.extend(form.rules.iter().map(|rule| (format!("rule {}", rule.key), &rule.must)));
    all
}

/// Every question that a rule turns on, and what it compares it with.
#[derive(Debug, Default)]
struct Turns {
    paths: Vec<Path>,
    codes: BTreeSet<Code>,
    numbers: BTreeSet<i64>,
}

impl Turns {
    fn of(expr: &Expr) -> Self {
        let mut turns = Self::default();
        turns.add(expr);
        turns
    }

    fn add(&mut self, expr: &Expr) {
        match expr {
            Expr::And(parts) | Expr::Or(parts) => parts.iter().for_each(|part| self.add(part)),
            Expr::Not(part) => self.add(part),
            Expr::Any(path, codes) | Expr::All(path, codes) => {
                self.path(path);
                self.codes.extend(codes.iter().cloned());
            }
            Expr::Flag(path, _) | Expr::Stands(path, _) | Expr::WholeMonth(path) => self.path(path),
            Expr::Compare(left, _, right) => [left, right].into_iter().for_each(|term| self.term(term)),
            Expr::Cnic(path, CnicSays::Province(other)) | Expr::Same(path, other) => {
                self.path(path);
                self.path(other);
            }
            Expr::Cnic(path, _) => self.path(path),
        }
    }

    fn term(&mut self, term: &Term) {
        match term {
            Term::Path(path) | Term::Count(path) | Term::Year(path) => self.path(path),
            Term::Sum(paths) => paths.iter().for_each(|path| self.path(path)),
            Term::Number(number) => self.numbers.extend([number - 1, *number, number + 1]),
            Term::Date(_) => {}
        }
    }

    fn path(&mut self, path: &Path) {
        if !self.paths.contains(path) {
            self.paths.push(path.clone());
        }
    }
}

/// The question of a path, and the form that has it.
fn question_of<'a>(codebook: &'a Codebook, form: &'a Form, path: &Path) -> (&'a Form, &'a Question) {
    let other = match path.of.as_ref().map(|of| of.as_str()) {
        None | Some(BEFORE) => form,
        Some(CASE) => codebook.newest("case").unwrap(),
        Some(names) => match &form.question(names).unwrap().kind {
            QuestionKind::Entry { form } => codebook.newest(form.as_str()).unwrap(),
            other => panic!("{names} names no entry but is {other:?}"),
        },
    };
    (other, other.question(path.question.as_str()).unwrap())
}

/// Answers that this kind of question can have, with those that a rule compares it with among them.
fn candidates(codebook: &Codebook, question: &Question, turns: &Turns) -> Vec<Answer> {
    let text = |text: &str| Value::Text(text.into());
    let day = |text: &str| Value::Date(text.parse().unwrap());
    let mut values: Vec<Value> = match &question.kind {
        QuestionKind::Text | QuestionKind::LongText => vec![text("SAMPLE")],
        QuestionKind::Phone => vec![text("+923001234567")],
        QuestionKind::Cnic => {
            ["3520212345671", "3520212345672", "4210112345671", "1730112345672"].map(text).into_iter().collect()
        }
        QuestionKind::Number { .. } | QuestionKind::Money => {
            let compared = turns.numbers.iter().copied();
            compared.chain([0, 1, 2, 3, 15, 30, 2025, 2026]).map(Value::Number).collect()
        }
        QuestionKind::Flag => vec![Value::Flag(true), Value::Flag(false)],
        QuestionKind::Date | QuestionKind::PartialDate => {
            ["2025-06-15", "2026-01-31", "2026-10", "2025", "~2004"].map(day).into_iter().collect()
        }
        QuestionKind::Moment => [1_782_000_000_000, 1_795_322_868_000].map(|ms| Value::Moment(Moment::pkt(ms))).into(),
        QuestionKind::Entry { .. } => vec![Value::Entry(ENTRY)],
        QuestionKind::Choice { list } | QuestionKind::Choices { list } => {
            let items = &codebook.list(list).unwrap().items;
            let (compared, others): (Vec<_>, Vec<_>) = items.iter().partition(|item| turns.codes.contains(&item.code));
            let codes = compared.into_iter().chain(others.into_iter().take(2));
            let codes: BTreeSet<Code> = codes.map(|item| item.code.clone()).collect();
            match question.kind {
                QuestionKind::Choice { .. } => codes.into_iter().map(Value::Choice).collect(),
                _ => {
                    let pairs = codes.iter().zip(codes.iter().skip(1)).map(|(a, b)| Box::from([a.clone(), b.clone()]));
                    codes.iter().map(|code| Box::from([code.clone()])).chain(pairs).map(Value::Choices).collect()
                }
            }
        }
        QuestionKind::Map { .. } => Vec::new(),
    };
    values.retain(|value| checked_value(&question.kind, codebook, value).is_ok());
    // Who was handed in cannot be named: there a firm question takes *unknown*, and no other word.
    let away = Surroundings { away: true, ..Surroundings::default() };
    let wordless = [Answer::Unknown, Answer::Refused, Answer::NotAsked].into_iter();
    let wordless = wordless.filter(|word| !question.firm || away.excuses(question, word));
    values.into_iter().map(Answer::Value).chain(wordless).collect()
}

/// Draws that are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n
    }
}

/// A place of answers: this form's own, or those around it.
type Slot = (Option<Box<str>>, Box<str>, Vec<Answer>);

/// Answers for these places, drawn; about one in five stays empty.
fn drawn(slots: &[Slot], dice: &mut Dice) -> (Answers, Surroundings) {
    let (mut own, mut around, mut entry) = (Answers::default(), Surroundings::default(), Answers::default());
    for (of, question, candidates) in slots {
        if candidates.is_empty() || dice.below(5) == 0 {
            continue;
        }
        let answer = candidates[dice.below(candidates.len())].clone();
        match of.as_deref() {
            None => own.set(question.as_ref().into(), answer),
            Some(CASE) => around.case.set(question.as_ref().into(), answer),
            Some(BEFORE) => around.before.set(question.as_ref().into(), answer),
            Some(names) => {
                own.set(names.into(), Answer::Value(Value::Entry(ENTRY)));
                entry.set(question.as_ref().into(), answer);
            }
        }
    }
    around.entries.insert(ENTRY, entry);
    (own, around)
}

fn slot(codebook: &Codebook, form: &Form, path: &Path, turns: &Turns) -> Slot {
    let (_, question) = question_of(codebook, form, path);
    let of = path.of.as_ref().map(|of| of.as_str().into());
    (of, path.question.as_str().into(), candidates(codebook, question, turns))
}

/// A rule that nothing can fulfil, or nothing break, is a slip of the pen: it would never speak, or always.
#[test]
fn every_rule_of_every_form_can_hold_and_can_fail() {
    let codebook = Codebook::builtin().unwrap();
    let (mut dead, mut seen) = (Vec::new(), 0);
    for form in codebook.forms.values() {
        for (what, rule) in rules(form) {
            let turns = Turns::of(rule.expr());
            let slots: Vec<Slot> = turns.paths.iter().map(|path| slot(codebook, form, path, &turns)).collect();
            let mut dice = Dice(1);
            let mut met = BTreeSet::new();
            for _ in 0..20_000 {
                let (own, around) = drawn(&slots, &mut dice);
                met.insert(format!("{:?}", rule.judge(Facts::among(&own, &around))));
                if met.contains("Yes") && met.contains("No") {
                    break;
                }
            }
            seen += 1;
            if !(met.contains("Yes") && met.contains("No")) {
                dead.push(format!("{} {what}: only {met:?} of {}", form.form.id.as_str(), rule.as_str()));
            }
        }
    }
    assert!(seen > 200, "{seen} rules");
    assert!(dead.is_empty(), "{}", dead.join("\n"));
}

/// The paths of a rule and, one after another, of whatever puts their questions.
fn closure(form: &Form, rule: &Rule) -> (Turns, bool) {
    let mut turns = Turns::of(rule.expr());
    let (mut at, mut derived) = (0, false);
    while let Some(path) = turns.paths.get(at).cloned() {
        at += 1;
        let own = path.of.is_none().then(|| form.question(path.question.as_str()).unwrap());
        let naming = path.of.as_ref().and_then(|of| form.question(of.as_str()));
        for question in own.into_iter().chain(naming) {
            derived |= question.derived;
            if let Some(shown) = &question.show_if {
                turns.add(shown.expr());
            }
        }
    }
    (turns, derived)
}

/// What a form finds wrong with answers that an officer could have given, question after question, is found for some and not for
/// others: the questions that a rule turns on can be put together.
#[test]
fn every_rule_of_a_form_is_broken_by_some_answers_of_an_officer_and_not_by_others() {
    let codebook = Codebook::builtin().unwrap();
    let (mut dead, mut seen, mut worked_out) = (Vec::new(), 0, 0);
    for form in codebook.forms.values() {
        for rule in &form.rules {
            let (turns, derived) = closure(form, &rule.must);
            if derived {
                // What the program works out follows from other answers, and from the law: `law.rs` and `derive.rs` show it.
                worked_out += 1;
                continue;
            }
            let slots: Vec<Slot> = turns.paths.iter().map(|path| slot(codebook, form, path, &turns)).collect();
            let (mut dice, mut broken, mut held) = (Dice(1), false, false);
            for _ in 0..40_000 {
                let (answers, around) = drawn(&slots, &mut dice);
                let draft = draft(form.form.clone(), answers);
                let problems = check_draft(form, codebook, &draft, Origin::Officer, &around);
                let found = problems.0.iter().any(|problem| problem.kind == ProblemKind::Rule(rule.key.clone()));
                broken |= found;
                held |= !found && rule.must.holds(Facts::among(&draft.answers, &around));
                if broken && held {
                    break;
                }
            }
            seen += 1;
            if !(broken && held) {
                dead.push(format!("{} {}: broken {broken}, held {held}", form.form.id.as_str(), rule.key));
            }
        }
    }
    assert!(seen > 50, "{seen} rules, and {worked_out} that turn on what is worked out");
    assert!(dead.is_empty(), "{}", dead.join("\n"));
}

/// On an empty sheet nothing is wrong yet, and on one full of *not asked*, *refused* or *unknown* nothing is: no error, and no warning.
#[test]
fn no_rule_of_a_form_speaks_where_nothing_has_a_value() {
    let codebook = Codebook::builtin().unwrap();
    for form in codebook.forms.values() {
        for word in
            [None, Some(Answer::NotAsked), Some(Answer::Refused), Some(Answer::Unknown), Some(Answer::NotRecorded)]
        {
            let mut answers = Answers::default();
            if let Some(word) = &word {
                form.questions().filter(|q| !q.derived).for_each(|q| answers.set(q.id.clone(), word.clone()));
            }
            let draft = draft(form.form.clone(), answers);
            let problems = check_draft(form, codebook, &draft, Origin::Officer, &Surroundings::default());
            let spoke = problems.0.iter().filter(|problem| matches!(problem.kind, ProblemKind::Rule(_)));
            assert_eq!(
                spoke.collect::<Vec<_>>(),
                Vec::<&crate::model::Problem>::new(),
                "{} {word:?}",
                form.form.id.as_str()
            );
        }
    }
}

fn draft(form: FormRef, answers: Answers) -> Draft {
    Draft::begun(DraftId::from_bytes([9; 16]), form, answers, Moment::pkt(1_795_322_868_000), Lang::En)
}
