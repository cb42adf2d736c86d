//! Sample cases: a story, completed from the codebook so that its forms can be finished, and recorded by an officer.

use std::path::{Path, PathBuf};

use amanat::{
    codebook::{self, Codebook, Form, Origin, QuestionKind, Surroundings, derive},
    model::{Answer, Answers, Code, Draft, DraftId, Lang, Moment, PartialDate, ProblemKind, Severity, Value as Given},
};
use serde_json::{Map, Value, json};

use crate::{
    actor::{Actor, want},
    scenarios::{self, merge},
    tell::Fault,
};

/// What was recorded, and words that may be found nowhere but at a reader's.
pub(crate) struct Recorded {
    /// The case's id.
    pub(crate) case: String,
    /// The interview's entry.
    pub(crate) interview: String,
    /// Words of its account, unlike any other case's.
    pub(crate) canaries: Vec<String>,
}

/// Records sample case `number`: its opening, its persons, an interview and a note.
pub(crate) fn record(officer: &Actor, number: usize, province: &str, district: &str) -> Result<Recorded, Fault> {
    let story = scenarios::scenario(number);
    let day = 1 + number % 27;
    let mut opening = json!({
        "province": province, "district": district, "police_station": "PS Sample", "lead_agency": "POLICE",
        "opened_on": format!("2026-10-{day:02}"), "case_status": "ACT", "handling_code": "H2",
        "case_owner": officer.name, "summary": format!("SAMPLE {number:04}, made by the demo; nobody in it is real."),
    });
    merge(&mut opening, story.case);
    let opening = complete("case", opening, &Surroundings::default())?;
    let kept = add(officer, "case", &opening.json, None)?;
    let case = want(&kept, "/case")?;
    let around = Surroundings { case: opening.answers, ..Surroundings::default() };
    let mut first = None;
    for (place, mut person) in story.persons.into_iter().enumerate() {
        merge(&mut person, json!({"name_full": format!("SAMPLE PERSON {number:04}-{place}")}));
        let person = complete("person", person, &around)?;
        let kept = add(officer, "person", &person.json, Some(&case))?;
        let mut answers = person.answers;
        if let Some(group) =
            PartialDate::new(2026, Some(10), Some(1), false).ok().and_then(|day| derive::age_group(&answers, day))
        {
            answers.set("age_group".into(), group);
        }
        first.get_or_insert((want(&kept, "/entry")?, answers));
    }
    let canary = format!("canary-{number:04}-{}", word(number));
    let canary_ur = format!("نمونہ-{number:04}-{}", word(number * 7 + 3));
    if let Some((person, answers)) = first {
        let account = format!("{} {canary} {} {canary_ur}", story.account, story.account_ur);
        let mut around = around;
        let mut asked = interview(&person, &account, day);
        if answers.choice("age_group").is_some_and(|group| group.as_str() == "CHILD") {
            merge(
                &mut asked,
                json!({"consent_giver": "CHILD_C", "child_support_person": "SAMPLE officer of child protection"}),
            );
        }
        around.entries.insert(person.parse().map_err(|()| Fault::new("reading an entry's id", &person))?, answers);
        let interview = complete("interview", asked, &around)?;
        let kept = add(officer, "interview", &interview.json, Some(&case))?;
        return Ok(Recorded { case, interview: want(&kept, "/entry")?, canaries: vec![canary, canary_ur] });
    }
    Err(Fault::new("recording a sample case", "its story has no person"))
}

fn interview(person: &str, account: &str, day: usize) -> Value {
    json!({
        "person_ref": person, "statement_type": "SCREEN", "started_at": format!("2026-10-{day:02}T10:30+05:00"),
        "setting": "PSROOM", "officer_ref": "sample officer", "present": [], "private_ok": true, "needs_met": true,
        "explained": true, "no_promises": true, "consent_interview": "Y", "consent_giver": "SELF",
        "consent_method": "VERBAL", "consent_share_named": "N", "consent_share_services": "Y", "narrative": account,
        "narrative_lang": "urd", "closure_given": true,
    })
}

/// A form filled so that it can be finished.
struct Complete {
    json: Value,
    answers: Answers,
}

/// Fills what the form still wants with *not asked*, and leaves out what it does not put under these answers. A code that
/// the list does not have is replaced by the list's first: the stories must outlive a change of the lists.
fn complete(form: &str, json: Value, around: &Surroundings) -> Result<Complete, Fault> {
    let doing = format!("completing a sample {form}");
    let book = Codebook::builtin().map_err(|error| Fault::new(&doing, error))?;
    let form = book.newest(form).ok_or_else(|| Fault::new(&doing, "no such form"))?;
    let Value::Object(mut json) = json else { return Err(Fault::new(&doing, "not an object")) };
    json.retain(|name, _| form.question(name).is_some_and(|question| !question.derived));
    for (name, value) in &mut json {
        mend_codes(form, book, name, value);
    }
    for _round in form.questions() {
        let answers = answers(form, &json);
        let draft =
            Draft::begun(DraftId::from_bytes([0; 16]), form.form.clone(), answers.clone(), Moment::pkt(0), Lang::En);
        let problems = match codebook::finish_among(form, book, &draft, Origin::Officer, around) {
            Ok(_) => return Ok(Complete { json: Value::Object(json), answers }),
            Err(problems) => problems,
        };
        for problem in problems.0.iter().filter(|problem| problem.severity == Severity::Error) {
            let name = problem.question.as_str();
            match problem.kind {
                ProblemKind::Missing => drop(json.insert(name.to_owned(), json!({"answer": "not_asked"}))),
                ProblemKind::NotAskedHere => drop(json.remove(name)),
                _ => return Err(Fault::new(&doing, format!("{name}: {:?}", problem.kind))),
            }
        }
    }
    Err(Fault::new(&doing, "it cannot be finished"))
}

fn mend_codes(form: &Form, book: &Codebook, name: &str, value: &mut Value) {
    let list = match form.question(name).map(|question| &question.kind) {
        Some(QuestionKind::Choice { list } | QuestionKind::Choices { list }) => book.list(list),
        _ => None,
    };
    let Some(list) = list else { return };
    let several = matches!(form.question(name).map(|question| &question.kind), Some(QuestionKind::Choices { .. }));
    let first = list.items.first().map_or("", |item| item.code.as_str());
    let mend = |code: &mut Value| {
        if code.as_str().is_some_and(|text| list.read(text).is_none()) {
            *code = json!(first);
        }
    };
    match &mut *value {
        Value::Array(codes) => codes.iter_mut().for_each(mend),
        code => mend(code),
    }
    if !several && let Value::Array(codes) = value {
        *value = codes.first().cloned().unwrap_or(Value::Null);
    }
}

fn answers(form: &Form, json: &Map<String, Value>) -> Answers {
    let mut answers = Answers::default();
    for (name, value) in json {
        let Some(question) = form.question(name) else { continue };
        let answer = match value.get("answer").and_then(Value::as_str) {
            Some("refused") => Answer::Refused,
            Some("unknown") => Answer::Unknown,
            Some(_) => Answer::NotAsked,
            None => match given(&question.kind, value) {
                Some(given) => Answer::Value(given),
                None => continue,
            },
        };
        answers.set(question.id.clone(), answer);
    }
    answers
}

fn given(kind: &QuestionKind, value: &Value) -> Option<Given> {
    Some(match kind {
        QuestionKind::Number { .. } | QuestionKind::Money => Given::Number(value.as_i64()?),
        QuestionKind::Flag => Given::Flag(value.as_bool()?),
        QuestionKind::Date | QuestionKind::PartialDate => Given::Date(value.as_str()?.parse().ok()?),
        QuestionKind::Moment => Given::Moment(Moment::pkt(0)),
        QuestionKind::Choice { .. } => Given::Choice(Code::new(value.as_str()?)),
        QuestionKind::Choices { .. } => {
            Given::Choices(value.as_array()?.iter().filter_map(Value::as_str).map(Code::new).collect())
        }
        QuestionKind::Entry { .. } => Given::Entry(value.as_str()?.parse().ok()?),
        _ => Given::Text(value.as_str()?.into()),
    })
}

fn add(officer: &Actor, form: &str, json: &Value, case: Option<&str>) -> Result<Value, Fault> {
    let mut arguments = vec!["entry", "add", "--form", form, "--from", "-"];
    arguments.extend(case.into_iter().flat_map(|case| ["--case", case]));
    officer.run_with(&arguments, Some(&json.to_string()))
}

/// A made-up word that no text has by chance.
fn word(number: usize) -> String {
    const SYLLABLES: [&str; 8] = ["zor", "mek", "tal", "vik", "dun", "pash", "qel", "ruj"];
    let syllable = |place: usize| SYLLABLES.iter().cycle().nth((number >> (3 * place)) % SYLLABLES.len() + place * 3);
    (0..4).filter_map(syllable).copied().collect()
}

/// Every file below a folder, the commands' own log of the demo included; the files with sample passphrases too.
pub(crate) fn files(dir: &Path) -> Result<Vec<PathBuf>, Fault> {
    let mut files = Vec::new();
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let listing = std::fs::read_dir(&folder).map_err(|error| Fault::new("reading a folder", error))?;
        for item in listing {
            let path = item.map_err(|error| Fault::new("reading a folder", error))?.path();
            // A socket of a hub that runs holds nothing.
            if path.is_dir() {
                folders.push(path);
            } else if path.is_file() {
                files.push(path);
            }
        }
    }
    Ok(files)
}

/// Whether some bytes stand in others.
pub(crate) fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len().max(1)).any(|window| window == needle)
}
