//! The record's first version as it is read: one pass over the bytes, ids and codes shared, nothing built in between.
//!
//! Three endings: understood; not of this version, and then kept whole; broken.

use std::{borrow::Cow, fmt, str::FromStr};

use serde::{
    Deserializer,
    de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor},
};

use crate::model::{
    Access, After, Amendment, Answers, Attached, Author, Code, Content, EntryId, FormId, FormRef, Handover, HeaderHash,
    Lang, Moment, Names, Opened, Other, Peer, Sheet, Source, Step, Ties, Times, UnitId,
};

use super::{
    codec::RecordError,
    interner::Interner,
    v1_answers::AnswersSeed,
    v1_source::{self, SourceSeed},
};

/// Kinds of version 1.
const KINDS: [&str; 7] = ["sheet", "names", "amendment", "access", "opened", "handover", "attachments"];

type Read = (Times, Option<Source>, Option<Box<Ties>>, Box<[Attached]>, Content);

/// Reads one record.
/// Most corrections that the author of one has seen.
const MAX_SEEN: usize = 10_000;

pub(super) fn decode(json: &[u8], interner: &mut Interner) -> Result<Read, RecordError> {
    let mut desk = Desk { interner, newer: false, what: None };
    let mut input = serde_json::Deserializer::from_slice(json);
    let read = RecordSeed(&mut desk).deserialize(&mut input).and_then(|parts| input.end().map(|()| parts));
    let broken = |column: usize, what: Option<&'static str>| RecordError {
        column,
        what: what.unwrap_or("not JSON of this shape"),
    };
    match read {
        Ok(parts) if parts.version == Some(1) && !desk.newer => parts.finish().map_err(|what| broken(0, Some(what))),
        Ok(parts) => keep_whole(json, parts.kind.as_deref(), parts.times),
        Err(_) if desk.newer => {
            let parts = Outline::read(json).ok_or_else(|| broken(0, None))?;
            keep_whole(json, parts.kind.as_deref(), parts.times)
        }
        Err(error) => Err(broken(error.column(), desk.what)),
    }
}

/// What this version does not know, as it came, without the slot that sealing put in front.
fn keep_whole(json: &[u8], kind: Option<&str>, times: Option<Times>) -> Result<Read, RecordError> {
    let text = std::str::from_utf8(json)
        .map_err(|error| RecordError { column: error.valid_up_to() + 1, what: "not UTF-8" })?;
    let text = match text.strip_prefix("{\"slot\":\"").and_then(|rest| rest.split_once("\",")) {
        Some((_, members)) => Cow::Owned(format!("{{{members}")),
        None => Cow::Borrowed(text),
    };
    let kind = kind.ok_or(RecordError { column: 0, what: "no kind" })?;
    let times = times.unwrap_or(Times { device: Moment { unix_ms: 0, offset_minutes: 0 }, boot_ms: 0, hub_ms: None });
    Ok((times, None, None, Box::default(), Content::Other(Other { kind: kind.into(), json: text.into() })))
}

/// Kind and times of a record whose other members mean nothing to us.
#[derive(serde::Deserialize)]
struct Outline {
    k: String,
    t: Option<(i64, i16, u64, Option<i64>)>,
}

#[derive(serde::Deserialize)]
struct Kind {
    k: String,
}

struct OutlineParts {
    kind: Option<String>,
    times: Option<Times>,
}

impl Outline {
    fn read(json: &[u8]) -> Option<OutlineParts> {
        let timeless = || serde_json::from_slice(json).ok().map(|Kind { k }| Self { k, t: None });
        let outline: Self = serde_json::from_slice(json).ok().or_else(timeless)?;
        let times = outline.t.map(|(unix_ms, offset_minutes, boot_ms, hub_ms)| Times {
            device: Moment { unix_ms, offset_minutes },
            boot_ms,
            hub_ms,
        });
        Some(OutlineParts { kind: Some(outline.k), times })
    }
}

/// What the readers of the parts share.
pub(super) struct Desk<'i> {
    pub(super) interner: &'i mut Interner,
    /// A shape that version 1 does not have was met.
    newer: bool,
    /// What was wrong, in words that hold nothing of the record.
    what: Option<&'static str>,
}

impl Desk<'_> {
    pub(super) fn code(&mut self, word: &str) -> Code {
        Code::shared(self.interner.get(word))
    }

    pub(super) fn wrong<E: serde::de::Error>(&mut self, what: &'static str) -> E {
        self.what = Some(what);
        E::custom(what)
    }

    pub(super) fn newer<E: serde::de::Error>(&mut self) -> E {
        self.newer = true;
        E::custom("of a newer version")
    }

    pub(super) fn hex<T: FromStr, E: serde::de::Error>(&mut self, text: &str) -> Result<T, E> {
        text.parse().map_err(|_not_hex| self.wrong("an id is not hex of its width"))
    }
}

/// A text taken apart where it stands: borrowed if it has no escapes, else unescaped for a moment.
pub(super) struct Word<T, F: FnOnce(&str) -> T>(pub(super) F);

impl<'de, T, F: FnOnce(&str) -> T> DeserializeSeed<'de> for Word<T, F> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<T, D::Error> {
        from.deserialize_str(self)
    }
}

impl<T, F: FnOnce(&str) -> T> Visitor<'_> for Word<T, F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E>(self, text: &str) -> Result<T, E> {
        Ok((self.0)(text))
    }
}

/// All members that version 1 has, whichever kind they belong to.
#[derive(Default)]
struct Parts {
    slot: Option<()>,
    version: Option<u64>,
    kind: Option<Cow<'static, str>>,
    times: Option<Times>,
    source: Option<Source>,
    was: Option<HeaderHash>,
    after: Option<After>,
    form: Option<FormRef>,
    lang: Option<Lang>,
    of: Option<EntryId>,
    target: Option<EntryId>,
    seen: Option<Vec<EntryId>>,
    why: Option<Code>,
    note: Option<Box<str>>,
    what: Option<Code>,
    count: Option<u32>,
    at: Option<Author>,
    opens: Option<bool>,
    answers: Option<Answers>,
    parts: Option<Vec<Attached>>,
    unit: Option<UnitId>,
    from: Option<UnitId>,
    peer: Option<Box<Peer>>,
}

impl Parts {
    fn finish(self) -> Result<Read, &'static str> {
        const GAP: &str = "a member is missing";
        let content = match self.kind.as_deref() {
            Some("sheet") => {
                Content::Sheet(Sheet::new(self.form.ok_or(GAP)?, self.lang.ok_or(GAP)?, self.answers.ok_or(GAP)?))
            }
            Some("names") => Content::Names(Names { of: self.of.ok_or(GAP)?, answers: self.answers.ok_or(GAP)? }),
            Some("amendment") => Content::Amendment(Amendment {
                target: self.target.ok_or(GAP)?,
                seen: self.seen.unwrap_or_default(),
                reason: self.why.ok_or(GAP)?,
                note: self.note,
                changes: self.answers.ok_or(GAP)?,
            }),
            Some("access") => Content::Access(Access { what: self.what.ok_or(GAP)?, count: self.count.ok_or(GAP)? }),
            Some("opened") => Content::Opened(Opened { place: self.at.ok_or(GAP)?, opens: self.opens.ok_or(GAP)? }),
            Some("attachments") => Content::Attachments(self.of.ok_or(GAP)?),
            Some("handover") => {
                let what = self.what.ok_or(GAP)?;
                let step = Step::ALL.into_iter().find(|step| step.code() == what.as_str()).ok_or("no step")?;
                Content::Handover(Box::new(Handover {
                    step,
                    unit: self.unit.ok_or(GAP)?,
                    from: self.from.ok_or(GAP)?,
                    of: self.of,
                    reason: self.why,
                    note: self.note,
                    peer: self.peer,
                }))
            }
            _ => return Err("no kind"),
        };
        let ties = Ties { was: self.was, after: self.after };
        let ties = (ties != Ties::default()).then(|| Box::new(ties));
        let parts = self.parts.unwrap_or_default().into();
        Ok((self.times.ok_or(GAP)?, self.source, ties, parts, content))
    }
}

struct RecordSeed<'d, 'i>(&'d mut Desk<'i>);

impl<'de> DeserializeSeed<'de> for RecordSeed<'_, '_> {
    type Value = Parts;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Parts, D::Error> {
        from.deserialize_map(self)
    }
}

/// Keeps a member once; a second one of the same name would let two readers read two records.
pub(super) fn once<T, E: serde::de::Error>(desk: &mut Desk<'_>, slot: &mut Option<T>, value: T) -> Result<(), E> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(desk.wrong("a member stands twice")),
    }
}

impl<'de> Visitor<'de> for RecordSeed<'_, '_> {
    type Value = Parts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Parts, A::Error> {
        let (desk, mut parts) = (self.0, Parts::default());
        while let Some(member) = map.next_key_seed(Word(member))? {
            parts.take(desk, member, &mut map)?;
        }
        Ok(parts)
    }
}

impl Parts {
    fn take<'de, A: MapAccess<'de>>(
        &mut self,
        desk: &mut Desk<'_>,
        member: Member,
        map: &mut A,
    ) -> Result<(), A::Error> {
        match member {
            Member::Slot => {
                map.next_value::<IgnoredAny>()?;
                once(desk, &mut self.slot, ())
            }
            Member::Version => {
                let version = map.next_value()?;
                desk.newer |= version != 1;
                once(desk, &mut self.version, version)
            }
            Member::Kind => {
                let known = |text: &str| KINDS.into_iter().find(|kind| *kind == text);
                let kind = map
                    .next_value_seed(Word(|text| known(text).map_or_else(|| text.to_owned().into(), Cow::Borrowed)))?;
                desk.newer |= !KINDS.contains(&&*kind);
                once(desk, &mut self.kind, kind)
            }
            Member::Times => {
                let (unix_ms, offset_minutes, boot_ms, hub_ms) = map.next_value()?;
                let times = Times { device: Moment { unix_ms, offset_minutes }, boot_ms, hub_ms };
                once(desk, &mut self.times, times)
            }
            Member::Source => map.next_value_seed(SourceSeed(desk)).and_then(|it| once(desk, &mut self.source, it)),
            Member::Form => {
                let form = map.next_value_seed(Word(|text| form_ref(desk, text)))?;
                let form = form.ok_or_else(|| desk.wrong("a form is not name@version"))?;
                once(desk, &mut self.form, form)
            }
            Member::Lang => {
                let lang = map.next_value_seed(Word(lang))?.ok_or_else(|| desk.newer())?;
                once(desk, &mut self.lang, lang)
            }
            Member::Of => id(desk, map).and_then(|it| once(desk, &mut self.of, it)),
            Member::Target => id(desk, map).and_then(|it| once(desk, &mut self.target, it)),
            Member::Seen => {
                let seen: Vec<Cow<'_, str>> = map.next_value()?;
                if seen.len() > MAX_SEEN {
                    return Err(desk.wrong("more corrections seen than a case can have"));
                }
                let seen = seen.iter().map(|text| desk.hex(text)).collect::<Result<_, _>>()?;
                once(desk, &mut self.seen, seen)
            }
            Member::Was => {
                let was = map.next_value_seed(Word(|text| desk.hex(text)))??;
                once(desk, &mut self.was, was)
            }
            Member::After => v1_source::after(desk, map).and_then(|it| once(desk, &mut self.after, it)),
            Member::Parts => v1_source::parts(desk, map).and_then(|it| once(desk, &mut self.parts, it)),
            Member::Why => code(desk, map).and_then(|it| once(desk, &mut self.why, it)),
            Member::Note => once(desk, &mut self.note, map.next_value()?),
            Member::What => code(desk, map).and_then(|it| once(desk, &mut self.what, it)),
            Member::Count => once(desk, &mut self.count, map.next_value()?),
            Member::At => {
                let (device, journal, seq): (String, String, u64) = map.next_value()?;
                let at = Author { device: desk.hex(&device)?, journal: desk.hex(&journal)?, seq };
                once(desk, &mut self.at, at)
            }
            Member::Opens => once(desk, &mut self.opens, map.next_value()?),
            Member::Answers => map.next_value_seed(AnswersSeed(desk)).and_then(|it| once(desk, &mut self.answers, it)),
            Member::Unit => unit(desk, map).and_then(|it| once(desk, &mut self.unit, it)),
            Member::From => unit(desk, map).and_then(|it| once(desk, &mut self.from, it)),
            Member::Peer => v1_source::peer(desk, map).and_then(|it| once(desk, &mut self.peer, Box::new(it))),
            Member::Newer => {
                desk.newer = true;
                map.next_value::<IgnoredAny>().map(drop)
            }
        }
    }
}

fn id<'de, A: MapAccess<'de>>(desk: &mut Desk<'_>, map: &mut A) -> Result<EntryId, A::Error> {
    map.next_value_seed(Word(|text| desk.hex(text)))?
}

fn unit<'de, A: MapAccess<'de>>(desk: &mut Desk<'_>, map: &mut A) -> Result<UnitId, A::Error> {
    map.next_value_seed(Word(|text| desk.hex(text)))?
}

fn code<'de, A: MapAccess<'de>>(desk: &mut Desk<'_>, map: &mut A) -> Result<Code, A::Error> {
    map.next_value_seed(Word(|text| desk.code(text)))
}

enum Member {
    Slot,
    Version,
    Kind,
    Times,
    Source,
    Was,
    After,
    Parts,
    Form,
    Lang,
    Of,
    Target,
    Seen,
    Why,
    Note,
    What,
    Count,
    At,
    Opens,
    Answers,
    Unit,
    From,
    Peer,
    Newer,
}

fn member(name: &str) -> Member {
    match name {
        "slot" => Member::Slot,
        "v" => Member::Version,
        "k" => Member::Kind,
        "t" => Member::Times,
        "src" => Member::Source,
        "was" => Member::Was,
        "after" => Member::After,
        "parts" => Member::Parts,
        "f" => Member::Form,
        "l" => Member::Lang,
        "of" => Member::Of,
        "to" => Member::Target,
        "seen" => Member::Seen,
        "why" => Member::Why,
        "note" => Member::Note,
        "what" => Member::What,
        "n" => Member::Count,
        "at" => Member::At,
        "ok" => Member::Opens,
        "a" => Member::Answers,
        "unit" => Member::Unit,
        "from" => Member::From,
        "peer" => Member::Peer,
        _ => Member::Newer,
    }
}

pub(super) fn lang(text: &str) -> Option<Lang> {
    match text {
        "en" => Some(Lang::En),
        "ur" => Some(Lang::Ur),
        _ => None,
    }
}

fn form_ref(desk: &mut Desk<'_>, text: &str) -> Option<FormRef> {
    let (id, version) = text.split_once('@')?;
    Some(FormRef { id: FormId::shared(desk.interner.get(id)), version: version.parse().ok()? })
}
