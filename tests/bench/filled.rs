//! Interviews filled from the codebook's own form by a seed, every second one in Urdu. Nobody in them is real, and none of their
//! sentences is among those that the dictionary was trained on; the labels of the lists are, because officers will write them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a bench stops at the first surprise")]

use amanat::codebook::{self, Codebook, Form, Origin, Question, QuestionKind, Required, Surroundings};
use amanat::model::{Answer, Answers, Code, Draft, DraftId, EntryId, Lang, ProblemKind, Severity, Sheet, Value};

use crate::figure::Dice;
use crate::note::STARTED;

const EN: [&str; 14] = [
    "She came with two others by bus and was met at the gate.",
    "He says: {}.",
    "The room had one window, and the door was kept shut from outside.",
    "What happened then: {}.",
    "Nobody told them what the work would be until they were there.",
    "On the way they passed {} and slept in a house without beds.",
    "The money was counted in front of the uncle, who signed for it.",
    "When asked again, the answer was the same: {}.",
    "Her younger brother is still there and has a cough.",
    "The driver had a blue shirt and spoke to somebody on the phone.",
    "He was beaten on the second evening because he had asked to go.",
    "It was about {}, as far as can be remembered.",
    "There was a break of ten minutes, tea was brought, and it went on.",
    "The neighbour, a tailor, gave food and at last called the police.",
];
const UR: [&str; 10] = [
    "وہ دو اور لڑکیوں کے ساتھ بس میں آئی اور گیٹ پر ایک آدمی ملا۔",
    "اس نے کہا: {}۔",
    "کمرے میں ایک کھڑکی تھی اور دروازہ باہر سے بند کیا جاتا تھا۔",
    "پھر یہ ہوا: {}۔",
    "راستے میں {} سے گزرے اور ایک خالی مکان میں سوئے۔",
    "رقم چچا کے سامنے گنی گئی اور اس نے انگوٹھا لگایا۔",
    "چھوٹا بھائی ابھی تک وہیں ہے اور اسے کھانسی ہے۔",
    "دوسری شام اسے مارا گیا کیونکہ اس نے جانے کا کہا تھا۔",
    "دس منٹ کا وقفہ ہوا، چائے آئی، پھر بات جاری رہی۔",
    "ساتھ والے درزی نے کھانا دیا اور آخر پولیس کو فون کیا۔",
];
/// Lists whose labels stand in the sentences.
const NAMED: [&str; 6] = ["district", "country", "recruit_method", "control_method", "sector", "means"];

/// A finished interview of this person.
pub(crate) fn interview(codebook: &Codebook, person: EntryId, dice: &mut Dice, lang: Lang) -> Sheet {
    let form = codebook.newest("interview").unwrap();
    let mut around = Surroundings::default();
    around.entries.insert(person, Answers::default());
    let mut answers = Answers::default();
    for question in form.questions().filter(|question| !question.derived && !question.local) {
        if let Some(value) = value(codebook, question, person, dice, lang) {
            answers.set(question.id.clone(), Answer::Value(value));
        }
    }
    for (name, code) in [("consent_interview", "Y"), ("statement_type", "SCREEN")] {
        answers.set(name.into(), Answer::Value(Value::Choice(Code::new(code))));
    }
    for name in ["private_ok", "needs_met", "explained", "no_promises"] {
        answers.set(name.into(), Answer::Value(Value::Flag(true)));
    }
    finished(form, codebook, answers, &around, lang)
}

/// What the form does not put under these answers is left out, what it still wants was not asked.
fn finished(form: &Form, codebook: &Codebook, mut answers: Answers, around: &Surroundings, lang: Lang) -> Sheet {
    for _round in form.questions() {
        let draft = Draft::begun(DraftId::from_bytes([1; 16]), form.form.clone(), answers.clone(), STARTED, lang);
        let problems = match codebook::finish_among(form, codebook, &draft, Origin::Officer, around) {
            Ok((sheet, _)) => return sheet,
            Err(problems) => problems,
        };
        for problem in problems.0.iter().filter(|problem| problem.severity == Severity::Error) {
            if problem.kind == ProblemKind::Missing {
                answers.set(problem.question.clone(), Answer::NotAsked);
            } else {
                let without = answers.iter().filter(|(id, _)| **id != problem.question);
                answers = without.fold(Answers::default(), |mut kept, (id, answer)| {
                    kept.set(id.clone(), answer.clone());
                    kept
                });
            }
        }
    }
    panic!("an interview cannot be finished");
}

fn value(codebook: &Codebook, question: &Question, person: EntryId, dice: &mut Dice, lang: Lang) -> Option<Value> {
    // Officers leave much empty that need not be filled.
    let wanted = !matches!(question.required, Required::No) || dice.roll(3) == 0;
    Some(match &question.kind {
        QuestionKind::Entry { .. } => Value::Entry(person),
        _ if !wanted => return None,
        QuestionKind::LongText => Value::Text(account(codebook, dice, lang).into()),
        QuestionKind::Text => Value::Text(sentence(codebook, dice, lang).into()),
        QuestionKind::Number { .. } => Value::Number(i64::try_from(dice.roll(4)).unwrap()),
        QuestionKind::Flag => Value::Flag(dice.roll(5) > 0),
        QuestionKind::Date | QuestionKind::PartialDate => {
            Value::Date(format!("2026-{:02}-{:02}", 1 + dice.roll(11), 1 + dice.roll(28)).parse().unwrap())
        }
        QuestionKind::Moment => Value::Moment(STARTED),
        QuestionKind::Choice { list } => Value::Choice(code(codebook, list, dice)),
        QuestionKind::Choices { list } => Value::Choices([code(codebook, list, dice)].into()),
        _ => return None,
    })
}

fn code(codebook: &Codebook, list: &str, dice: &mut Dice) -> Code {
    let items = &codebook.list(list).unwrap().items;
    items.get(dice.roll(items.len())).unwrap().code.clone()
}

/// Some 900 bytes of what was said.
fn account(codebook: &Codebook, dice: &mut Dice, lang: Lang) -> String {
    let mut said = String::new();
    while said.len() < 850 {
        said.push_str(&sentence(codebook, dice, lang));
        said.push(' ');
    }
    said.trim_end().to_owned()
}

fn sentence(codebook: &Codebook, dice: &mut Dice, lang: Lang) -> String {
    let list = dice.pick(&NAMED);
    let label = codebook.list(list).map_or_else(String::new, |list| {
        let item = list.items.get(dice.roll(list.items.len()));
        item.map_or_else(String::new, |item| item.label.get(lang).to_owned())
    });
    let template = if lang == Lang::Ur { dice.pick(&UR) } else { dice.pick(&EN) };
    template.replace("{}", &label)
}
