//! Answers in words, on the screen and on paper: codes by their labels, dates and numbers as people read them, the four silences by name.

use crate::{
    codebook::{Codebook, Question, QuestionKind, shape},
    model::{Answer, Code, Lang, Moment, Value},
    words::{self, Tongue},
};

/// The language of the words for an answer's language.
pub(crate) const fn tongue(lang: Lang) -> Tongue {
    match lang {
        Lang::En => Tongue::En,
        Lang::Ur => Tongue::Ur,
    }
}

/// An answer as one line of text.
pub(crate) fn answer(codebook: &Codebook, question: &Question, answer: &Answer, lang: Lang) -> String {
    let silent = |key: &str| words::say(tongue(lang), key).to_owned();
    match answer {
        Answer::Value(found) => value(codebook, question, found, lang),
        Answer::NotAsked => silent("answer.not_asked"),
        Answer::Refused => silent("answer.refused"),
        Answer::Unknown => silent("answer.unknown"),
        Answer::NotRecorded => silent("answer.not_recorded"),
    }
}

/// A value as one line of text.
pub(crate) fn value(codebook: &Codebook, question: &Question, value: &Value, lang: Lang) -> String {
    match (value, &question.kind) {
        (Value::Text(text), QuestionKind::Cnic) => shape::show_cnic(text),
        (Value::Text(text), _) => text.to_string(),
        (Value::Number(number), QuestionKind::Money) => format!("Rs {}", grouped(*number)),
        (Value::Number(number), _) => number.to_string(),
        (Value::Flag(flag), _) => words::say(tongue(lang), if *flag { "answer.yes" } else { "answer.no" }).to_owned(),
        (Value::Date(date), _) if date.about() => {
            let plain = date.to_string();
            words::fill(tongue(lang), "answer.about", &[("date", plain.trim_start_matches('~'))])
        }
        (Value::Date(date), _) => date.to_string(),
        (Value::Moment(moment), _) => clock(*moment),
        (Value::Choice(code), kind) => label(codebook, list_of(kind), code, lang),
        (Value::Choices(codes), _) if codes.is_empty() => words::say(tongue(lang), "answer.none").to_owned(),
        (Value::Choices(codes), kind) => {
            let labels: Vec<_> = codes.iter().map(|code| label(codebook, list_of(kind), code, lang)).collect();
            labels.join(if lang == Lang::Ur { "، " } else { ", " })
        }
        (Value::Entry(id), _) => id.short(),
        (Value::Map(pairs), kind) => {
            let (keys, values) = match kind {
                QuestionKind::Map { keys, values } => (&**keys, &**values),
                _ => ("", ""),
            };
            let told = pairs.iter().map(|(key, value)| {
                format!("{}: {}", label(codebook, keys, key, lang), label(codebook, values, value, lang))
            });
            told.collect::<Vec<_>>().join("; ")
        }
    }
}

fn list_of(kind: &QuestionKind) -> &str {
    match kind {
        QuestionKind::Choice { list } | QuestionKind::Choices { list } => list,
        _ => "",
    }
}

/// A code's words, or the code itself where the list does not have it.
pub(crate) fn label(codebook: &Codebook, list: &str, code: &Code, lang: Lang) -> String {
    let item = codebook.list(list).and_then(|list| list.item(code.as_str()));
    item.map_or_else(|| code.as_str().to_owned(), |item| item.called(lang).into_owned())
}

/// `1250000` as `1,250,000`.
fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut out = String::from(if number < 0 { "-" } else { "" });
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Day and time in Pakistan, whatever offset was noted: `2026-11-22 09:47`.
pub(crate) fn clock(moment: Moment) -> String {
    let (year, month, day, hour, minute, _) = Moment::pkt(moment.unix_ms).civil();
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_grouped() {
        for (number, shown) in [(0, "0"), (999, "999"), (1_000, "1,000"), (-1_250_000, "-1,250,000")] {
            assert_eq!(grouped(number), shown);
        }
    }

    #[test]
    fn times_are_shown_in_pakistan() {
        let noted = Moment { unix_ms: 1_795_322_868_000, offset_minutes: 0 };
        assert_eq!(clock(noted), "2026-11-22 09:47");
    }
}
