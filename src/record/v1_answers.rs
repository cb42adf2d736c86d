//! The answers of a record as they are read: each shape of `RECORD.md` to the answer that it stands for.

use std::{borrow::Cow, fmt};

use serde::{
    Deserializer,
    de::{DeserializeSeed, MapAccess, SeqAccess, Visitor},
};

use crate::model::{Answer, Answers, Given, Moment, PartialDate, QuestionId, Value};

use super::v1_read::{Desk, Word, lang, once};

/// Reads the object of answers.
pub(super) struct AnswersSeed<'d, 'i>(pub(super) &'d mut Desk<'i>);

impl<'de> DeserializeSeed<'de> for AnswersSeed<'_, '_> {
    type Value = Answers;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Answers, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for AnswersSeed<'_, '_> {
    type Value = Answers;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("answers")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Answers, A::Error> {
        let desk = self.0;
        let mut answers = desk.interner.room();
        while let Some(question) = map.next_key_seed(Word(|text| desk.interner.get(text)))? {
            let given = map.next_value_seed(GivenSeed(desk))?;
            answers.push((QuestionId::shared(question), given));
        }
        let count = answers.len();
        let answers = desk.interner.gathered(answers);
        if answers.len() == count { Ok(answers) } else { Err(desk.wrong("a question is answered twice")) }
    }
}

struct GivenSeed<'d, 'i>(&'d mut Desk<'i>);

impl<'de> DeserializeSeed<'de> for GivenSeed<'_, '_> {
    type Value = Given;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Given, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for GivenSeed<'_, '_> {
    type Value = Given;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an answer")
    }

    fn visit_str<E>(self, code: &str) -> Result<Given, E> {
        Ok(bare(Value::Choice(self.0.code(code))))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Given, E> {
        Ok(bare(Value::Flag(flag)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Given, E> {
        Ok(bare(Value::Number(number)))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Given, E> {
        let number = i64::try_from(number).map_err(|_too_large| self.0.wrong("a number is too large"))?;
        Ok(bare(Value::Number(number)))
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<Given, E> {
        Err(self.0.newer())
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Given, E> {
        Err(self.0.newer())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Given, A::Error> {
        let desk = self.0;
        let mut codes = Vec::new();
        while let Some(code) = items.next_element_seed(Word(|text| desk.code(text)))? {
            codes.push(code);
        }
        Ok(bare(Value::Choices(codes.into())))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Given, A::Error> {
        let desk = self.0;
        let (mut answer, mut told_in) = (None, None);
        while let Some(tag) = map.next_key_seed(Word(tag))? {
            if let Tag::Lang = tag {
                let lang = map.next_value_seed(Word(lang))?.ok_or_else(|| desk.newer())?;
                once(desk, &mut told_in, lang)?;
                continue;
            }
            let read = tagged(desk, tag, &mut map)?;
            once(desk, &mut answer, read)?;
        }
        let answer = answer.ok_or_else(|| desk.wrong("an answer is empty"))?;
        Ok(Given { answer, lang: told_in })
    }
}

const fn bare(value: Value) -> Given {
    Given { answer: Answer::Value(value), lang: None }
}

enum Tag {
    Text,
    Code,
    Codes,
    Number,
    Flag,
    Date,
    Moment,
    Entry,
    Pairs,
    No,
    Lang,
    Newer,
}

fn tag(name: &str) -> Tag {
    match name {
        "t" => Tag::Text,
        "c" => Tag::Code,
        "cs" => Tag::Codes,
        "i" => Tag::Number,
        "b" => Tag::Flag,
        "d" => Tag::Date,
        "m" => Tag::Moment,
        "e" => Tag::Entry,
        "p" => Tag::Pairs,
        "no" => Tag::No,
        "l" => Tag::Lang,
        _ => Tag::Newer,
    }
}

fn tagged<'de, A: MapAccess<'de>>(desk: &mut Desk<'_>, tag: Tag, map: &mut A) -> Result<Answer, A::Error> {
    let value = match tag {
        Tag::Text => Value::Text(map.next_value()?),
        Tag::Code => Value::Choice(map.next_value_seed(Word(|text| desk.code(text)))?),
        Tag::Number => Value::Number(map.next_value()?),
        Tag::Flag => Value::Flag(map.next_value()?),
        Tag::Entry => Value::Entry(map.next_value_seed(Word(|text| desk.hex(text)))??),
        Tag::Moment => {
            let (unix_ms, offset_minutes) = map.next_value()?;
            Value::Moment(Moment { unix_ms, offset_minutes })
        }
        Tag::Date => {
            let date = map.next_value_seed(Word(|text| {
                text.parse::<PartialDate>().ok().filter(|date| date.to_string() == text)
            }))?;
            Value::Date(date.ok_or_else(|| desk.wrong("a date is not as dates are written"))?)
        }
        Tag::Codes => {
            let codes: Vec<Cow<'_, str>> = map.next_value()?;
            Value::Choices(codes.iter().map(|code| desk.code(code)).collect())
        }
        Tag::Pairs => {
            let pairs: Vec<(Cow<'_, str>, Cow<'_, str>)> = map.next_value()?;
            Value::Map(pairs.iter().map(|(key, value)| (desk.code(key), desk.code(value))).collect())
        }
        Tag::No => {
            let answer = map.next_value_seed(Word(|text| match text {
                "asked" => Some(Answer::NotAsked),
                "refused" => Some(Answer::Refused),
                "known" => Some(Answer::Unknown),
                "recorded" => Some(Answer::NotRecorded),
                _ => None,
            }))?;
            return answer.ok_or_else(|| desk.newer());
        }
        Tag::Lang | Tag::Newer => return Err(desk.newer()),
    };
    Ok(Answer::Value(value))
}
