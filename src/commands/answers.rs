//! Answers as the command line reads and shows them: `{"question": answer, …}`.
//!
//! This is for people and scripts, and is no format of record: what is sealed is `record`'s.

use serde_json::{Map, Value as Json, json};

use crate::{
    codebook::{Form, Question, QuestionKind},
    failure::Failure,
    model::{Answer, Answers, Code, EntryId, Given, Lang, Moment, PartialDate, QuestionId, Value},
};

/// Reads the answers of one form.
///
/// # Errors
/// Usage, naming the question and what was expected; never the answer itself.
pub(super) fn read(form: &Form, json: &Json) -> Result<Answers, Failure> {
    let Some(object) = json.as_object() else {
        return Err(wrong(form, "the file", "an object {\"question\": answer, …}"));
    };
    let mut answers = Answers::default();
    for (name, value) in object {
        let Some(question) = form.question(name) else {
            return Err(Failure::usage(
                format!("reading the answers of form {} — it has no question {name}", form.form),
                format!("See the form's questions with: amanat form check --json (form {}).", form.form.id),
            ));
        };
        let given = given(question, value).map_err(|expected| wrong(form, name, expected))?;
        if let Some(given) = given {
            answers.set(QuestionId::new(name), given);
        }
    }
    Ok(answers)
}

fn wrong(form: &Form, at: &str, expected: &str) -> Failure {
    Failure::usage(
        format!("reading the answers of form {} — {at}: expected {expected}", form.form),
        "Correct the file.",
    )
}

/// One answer; `null` is no answer at all.
fn given(question: &Question, json: &Json) -> Result<Option<Given>, &'static str> {
    let (inner, lang) = match json.as_object() {
        Some(object) if object.contains_key("answer") => {
            let answer = match object.get("answer").and_then(Json::as_str) {
                Some("not_asked") => Answer::NotAsked,
                Some("refused") => Answer::Refused,
                Some("unknown") => Answer::Unknown,
                _ => return Err("\"answer\" to be not_asked, refused or unknown"),
            };
            return Ok(Some(answer.into()));
        }
        Some(object) if object.contains_key("value") => {
            let lang = match object.get("lang").and_then(Json::as_str) {
                None => None,
                Some("en") => Some(Lang::En),
                Some("ur") => Some(Lang::Ur),
                Some(_) => return Err("\"lang\" to be en or ur"),
            };
            (object.get("value").unwrap_or(&Json::Null), lang)
        }
        _ => (json, None),
    };
    if inner.is_null() {
        return Ok(None);
    }
    let value = value(&question.kind, inner)?;
    Ok(Some(Given { answer: Answer::Value(value), lang }))
}

fn value(kind: &QuestionKind, json: &Json) -> Result<Value, &'static str> {
    let text = |what| json.as_str().ok_or(what);
    let code = |json: &Json| json.as_str().map(Code::new).ok_or("codes as text");
    match kind {
        QuestionKind::Text | QuestionKind::LongText | QuestionKind::Cnic | QuestionKind::Phone => {
            Ok(Value::Text(text("text")?.into()))
        }
        QuestionKind::Number { .. } | QuestionKind::Money => json.as_i64().map(Value::Number).ok_or("a whole number"),
        QuestionKind::Flag => json.as_bool().map(Value::Flag).ok_or("true or false"),
        QuestionKind::Date | QuestionKind::PartialDate => {
            let date =
                text("a date")?.parse::<PartialDate>().map_err(|_reason| "a date such as 2026-11-22 or ~1999")?;
            Ok(Value::Date(date))
        }
        QuestionKind::Moment => {
            moment(text("a day and time")?).map(Value::Moment).ok_or("a day and time such as 2026-11-22 09:30")
        }
        QuestionKind::Choice { .. } => Ok(Value::Choice(code(json)?)),
        QuestionKind::Choices { .. } => {
            let items = json.as_array().ok_or("a list of codes")?;
            Ok(Value::Choices(items.iter().map(code).collect::<Result<_, _>>()?))
        }
        QuestionKind::Entry { .. } => {
            text("an entry's id")?.parse::<EntryId>().map(Value::Entry).map_err(|()| "an entry's full id")
        }
        QuestionKind::Map { .. } => {
            let object = json.as_object().ok_or("an object of code to code")?;
            let pairs = object.iter().map(|(key, value)| Ok((Code::new(key), code(value)?)));
            Ok(Value::Map(pairs.collect::<Result<_, &'static str>>()?))
        }
    }
}

/// A moment with its offset, or without one in Pakistan Standard Time.
pub(super) fn moment(text: &str) -> Option<Moment> {
    if let Ok(instant) = text.parse::<jiff::Timestamp>() {
        return Some(Moment::pkt(instant.as_millisecond()));
    }
    let civil = text.parse::<jiff::civil::DateTime>().ok()?;
    let zoned = jiff::tz::Offset::constant(5).to_timestamp(civil).ok()?;
    Some(Moment::pkt(zoned.as_millisecond()))
}

/// Answers as an object, in the order of their question ids.
pub(super) fn show(answers: &Answers) -> Json {
    let object: Map<String, Json> =
        answers.iter().map(|(question, given)| (question.to_string(), show_given(given))).collect();
    Json::Object(object)
}

fn show_given(given: &Given) -> Json {
    let value = match &given.answer {
        Answer::NotAsked => return json!({"answer": "not_asked"}),
        Answer::Refused => return json!({"answer": "refused"}),
        Answer::Unknown => return json!({"answer": "unknown"}),
        Answer::NotRecorded => return json!({"answer": "not_recorded"}),
        Answer::Value(value) => show_value(value),
    };
    match given.lang {
        None => value,
        Some(Lang::En) => json!({"value": value, "lang": "en"}),
        Some(Lang::Ur) => json!({"value": value, "lang": "ur"}),
    }
}

fn show_value(value: &Value) -> Json {
    match value {
        Value::Text(text) => json!(text),
        Value::Number(number) => json!(number),
        Value::Flag(flag) => json!(flag),
        Value::Date(date) => json!(date.to_string()),
        Value::Moment(moment) => json!(moment.to_string()),
        Value::Choice(code) => json!(code.as_str()),
        Value::Choices(codes) => codes.iter().map(|code| json!(code.as_str())).collect(),
        Value::Entry(entry) => json!(entry.to_string()),
        Value::Map(pairs) => {
            Json::Object(pairs.iter().map(|(key, value)| (key.to_string(), json!(value.as_str()))).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_without_offset_is_pakistani() {
        assert_eq!(moment("2026-11-22 09:47").unwrap().to_string(), "2026-11-22 09:47 +05:00");
        assert_eq!(moment("2026-11-22T04:47:00Z").unwrap().to_string(), "2026-11-22 09:47 +05:00");
        assert!(moment("yesterday").is_none());
    }

    #[test]
    fn having_no_value_is_said_in_words_and_null_is_nothing() {
        let question = |kind| Question {
            id: QuestionId::new("q"),
            label: crate::codebook::Text { en: "".into(), ur: "".into() },
            hint: None,
            kind,
            required: crate::codebook::Required::No,
            show_if: None,
            firm: false,
            may_be_empty: false,
            sealed: false,
            local: false,
            derived: false,
            preset: None,
            again: Box::default(),
            htcds: Vec::new(),
        };
        let flag = question(QuestionKind::Flag);
        assert_eq!(given(&flag, &json!({"answer": "refused"})), Ok(Some(Answer::Refused.into())));
        assert_eq!(given(&flag, &Json::Null), Ok(None));
        assert_eq!(given(&flag, &json!("yes")), Err("true or false"));
        let map = question(QuestionKind::Map { keys: "a".into(), values: "b".into() });
        let pairs = Value::Map([(Code::new("k"), Code::new("v"))].into());
        assert_eq!(given(&map, &json!({"k": "v"})).unwrap().unwrap().answer, Answer::Value(pairs));
    }
}
