//! The record's first version as it is written. Frozen: `vectors/` holds texts that must read and write the same for
//! ever; another shape is another version.

use std::io::Write as _;

use crate::model::{Answer, Answers, Attached, Content, Given, Handover, Lang, Source, Ties, Times, Value};

/// Writing to memory cannot fail; where `io::Write` still makes us ask, this is the answer.
const IN_MEMORY: &str = "memory takes what is written";

/// Writes one record.
pub(super) fn encode(
    times: &Times,
    source: Option<&Source>,
    ties: Option<&Ties>,
    parts: &[Attached],
    content: &Content,
) -> Vec<u8> {
    let mut out = Text(Vec::with_capacity(512));
    if let Content::Other(other) = content {
        return other.json.as_bytes().to_vec();
    }
    let kind = content.kind();
    out.raw(format_args!(
        "{{\"v\":1,\"k\":\"{kind}\",\"t\":[{},{},{}",
        times.device.unix_ms, times.device.offset_minutes, times.boot_ms
    ));
    match times.hub_ms {
        Some(ms) => out.raw(format_args!(",{ms}]")),
        None => out.raw(format_args!(",null]")),
    }
    if let Some(source) = source {
        out.source(source);
    }
    if let Some(was) = ties.and_then(|ties| ties.was) {
        out.member("was", &was.to_string());
    }
    if let Some(after) = ties.and_then(|ties| ties.after) {
        out.raw(format_args!(",\"after\":[\"{}\",{},\"{}\"]", after.journal, after.seq, after.link));
    }
    if !parts.is_empty() {
        out.raw(format_args!(",\"parts\":"));
        out.list(parts.iter(), |out, part| {
            out.strings([part.commitment.to_string().as_str(), &part.media, &part.name].into_iter());
        });
    }
    match content {
        Content::Sheet(sheet) => {
            out.member("f", &sheet.form().to_string());
            out.member("l", lang(sheet.lang()));
            out.answers(sheet.answers());
        }
        Content::Names(names) => {
            out.member("of", &names.of.to_string());
            out.answers(&names.answers);
        }
        Content::Amendment(amendment) => {
            out.member("to", &amendment.target.to_string());
            if !amendment.seen.is_empty() {
                out.raw(format_args!(",\"seen\":"));
                out.strings(amendment.seen.iter().map(ToString::to_string));
            }
            out.member("why", amendment.reason.as_str());
            if let Some(note) = &amendment.note {
                out.member("note", note);
            }
            out.answers(&amendment.changes);
        }
        Content::Access(access) => {
            out.member("what", access.what.as_str());
            out.raw(format_args!(",\"n\":{}", access.count));
        }
        Content::Opened(opened) => {
            let place = &opened.place;
            out.raw(format_args!(
                ",\"at\":[\"{}\",\"{}\",{}],\"ok\":{}",
                place.device, place.journal, place.seq, opened.opens
            ));
        }
        Content::Handover(told) => out.handover(told),
        Content::Attachments(of) => out.member("of", &of.to_string()),
        Content::Other(_) => {}
    }
    out.0.push(b'}');
    out.0
}

/// How a language is written.
pub(super) const fn lang(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "en",
        Lang::Ur => "ur",
    }
}

struct Text(Vec<u8>);

impl Text {
    #[expect(clippy::expect_used, reason = "writing to memory cannot fail")]
    fn raw(&mut self, parts: std::fmt::Arguments<'_>) {
        self.0.write_fmt(parts).expect(IN_MEMORY);
    }

    #[expect(clippy::expect_used, reason = "text is always JSON, and memory takes it")]
    fn string(&mut self, text: &str) {
        serde_json::to_writer(&mut self.0, text).expect(IN_MEMORY);
    }

    /// One more member with a text.
    fn member(&mut self, name: &str, text: &str) {
        self.raw(format_args!(",\"{name}\":"));
        self.string(text);
    }

    fn handover(&mut self, told: &Handover) {
        self.member("what", told.step.code());
        self.raw(format_args!(",\"unit\":\"{}\",\"from\":\"{}\"", told.unit, told.from));
        if let Some(of) = told.of {
            self.member("of", &of.to_string());
        }
        if let Some(reason) = &told.reason {
            self.member("why", reason.as_str());
        }
        if let Some(note) = &told.note {
            self.member("note", note);
        }
        if let Some(peer) = &told.peer {
            let ids = [peer.agency.to_string(), peer.offer.to_string(), peer.roster.to_string()];
            let [agency, offer, roster] = &ids;
            let texts = [agency, &*peer.name, &*peer.unit, offer, roster];
            self.raw(format_args!(",\"peer\":"));
            self.strings(texts.into_iter().chain(peer.proof.as_deref()));
        }
    }

    fn strings<S: AsRef<str>>(&mut self, texts: impl Iterator<Item = S>) {
        self.list(texts, |out, text| out.string(text.as_ref()));
    }

    fn list<T>(&mut self, items: impl Iterator<Item = T>, write: impl Fn(&mut Self, T)) {
        self.0.push(b'[');
        for (at, item) in items.enumerate() {
            if at > 0 {
                self.0.push(b',');
            }
            write(self, item);
        }
        self.0.push(b']');
    }

    fn pair(&mut self, left: &str, right: &str) {
        self.strings([left, right].into_iter());
    }

    fn source(&mut self, source: &Source) {
        self.raw(format_args!(",\"src\":{{\"name\":"));
        self.string(&source.name);
        self.member("map", &source.map);
        self.raw(format_args!(",\"row\":\""));
        for byte in source.row {
            self.raw(format_args!("{byte:02x}"));
        }
        self.0.push(b'"');
        if !source.cells.is_empty() {
            self.raw(format_args!(",\"cells\":"));
            self.list(source.cells.iter(), |out, (column, cell)| out.pair(column, cell));
        }
        self.0.push(b'}');
    }

    fn answers(&mut self, answers: &Answers) {
        self.raw(format_args!(",\"a\":{{"));
        for (at, (question, given)) in answers.iter().enumerate() {
            if at > 0 {
                self.0.push(b',');
            }
            self.string(question.as_str());
            self.0.push(b':');
            self.given(given);
        }
        self.0.push(b'}');
    }

    /// A bare shape where there is one and the language is not told; else an object that names the shape.
    fn given(&mut self, given: &Given) {
        let tag = match (&given.answer, given.lang) {
            (Answer::Value(Value::Choice(_)), lang) => lang.map(|_| "c"),
            (Answer::Value(Value::Choices(_)), lang) => lang.map(|_| "cs"),
            (Answer::Value(Value::Number(_)), lang) => lang.map(|_| "i"),
            (Answer::Value(Value::Flag(_)), lang) => lang.map(|_| "b"),
            (Answer::Value(Value::Text(_)), _) => Some("t"),
            (Answer::Value(Value::Date(_)), _) => Some("d"),
            (Answer::Value(Value::Moment(_)), _) => Some("m"),
            (Answer::Value(Value::Entry(_)), _) => Some("e"),
            (Answer::Value(Value::Map(_)), _) => Some("p"),
            (Answer::NotAsked | Answer::Refused | Answer::Unknown | Answer::NotRecorded, _) => Some("no"),
        };
        if let Some(tag) = tag {
            self.raw(format_args!("{{\"{tag}\":"));
        }
        self.answer(&given.answer);
        if let Some(given) = given.lang {
            self.member("l", lang(given));
        }
        if tag.is_some() {
            self.0.push(b'}');
        }
    }

    fn answer(&mut self, answer: &Answer) {
        match answer {
            Answer::NotAsked => self.string("asked"),
            Answer::Refused => self.string("refused"),
            Answer::Unknown => self.string("known"),
            Answer::NotRecorded => self.string("recorded"),
            Answer::Value(Value::Text(text)) => self.string(text),
            Answer::Value(Value::Number(number)) => self.raw(format_args!("{number}")),
            Answer::Value(Value::Flag(flag)) => self.raw(format_args!("{flag}")),
            Answer::Value(Value::Date(date)) => self.raw(format_args!("\"{date}\"")),
            Answer::Value(Value::Moment(moment)) => {
                self.raw(format_args!("[{},{}]", moment.unix_ms, moment.offset_minutes));
            }
            Answer::Value(Value::Choice(code)) => self.string(code.as_str()),
            Answer::Value(Value::Choices(codes)) => self.strings(codes.iter().map(crate::model::Code::as_str)),
            Answer::Value(Value::Entry(id)) => self.raw(format_args!("\"{id}\"")),
            Answer::Value(Value::Map(pairs)) => {
                self.list(pairs.iter(), |out, (key, value)| out.pair(key.as_str(), value.as_str()));
            }
        }
    }
}
