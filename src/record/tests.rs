//! Frozen texts, written by hand from `RECORD.md`, and what must hold for every other.

use proptest::{collection::vec, option, prelude::*};

use super::*;
use crate::model::{
    Access, After, AgencyId, Amendment, Answer, Answers, Attached, Author, CaseId, Code, Content, DeviceId, Entry,
    EntryId, FormRef, Given, Handover, HeaderHash, JournalId, Lang, Link, Moment, Names, OfferId, Opened, Other,
    PartHash, PartialDate, Peer, QuestionId, RosterHash, Sheet, Source, Step, Ties, Times, UnitId, Value,
};

fn read(json: &[u8]) -> Result<Entry, RecordError> {
    let author = Author { device: DeviceId::from_bytes([1; 32]), journal: JournalId::from_bytes([2; 16]), seq: 3 };
    decode(json, EntryId::from_bytes([4; 16]), CaseId::from_bytes([5; 16]), author, &mut Interner::default())
}

fn ascending() -> EntryId {
    EntryId::from_bytes(std::array::from_fn(|at| u8::try_from(at).unwrap()))
}

fn times(unix_ms: i64, offset_minutes: i16, boot_ms: u64, hub_ms: Option<i64>) -> Times {
    Times { device: Moment { unix_ms, offset_minutes }, boot_ms, hub_ms }
}

fn given(value: Value, lang: Option<Lang>) -> Given {
    Given { answer: Answer::Value(value), lang }
}

/// What `vectors/sheet.json` says, by hand.
fn sheet() -> Answers {
    let codes = |codes: &[&str]| Value::Choices(codes.iter().map(Code::new).collect());
    let mut answers = Answers::default();
    let mut set = |id: &str, given: Given| answers.set(id.into(), given);
    set("act", given(codes(&["RECR", "HARB"]), None));
    set("age_years", given(Value::Number(15), None));
    set("arrest_date", Answer::NotAsked.into());
    set("cpo_informed_at", given(Value::Moment(Moment::pkt(1_795_322_868_000)), None));
    set("debt_pkr", given(Value::Number(-5), Some(Lang::En)));
    set("deceased", given(Value::Flag(false), None));
    set("dob", given(Value::Date(PartialDate::new(2011, None, None, true).unwrap()), None));
    set("education", Answer::Unknown.into());
    set("endangerment", given(codes(&[]), None));
    set("gender", given(Value::Choice("F".into()), None));
    set("marital_status", Answer::Refused.into());
    set("occupation", given(Value::Text("بھٹہ \"مزدور\"\nC:\\".into()), Some(Lang::Ur)));
    set("person_ref", given(Value::Entry(ascending()), None));
    set("role", given(Value::Choice("VIC".into()), Some(Lang::En)));
    let pairs = [("D1_JOB".into(), "Y".into()), ("D2_VIOL".into(), "N".into())];
    set("screening", given(Value::Map(pairs.into()), None));
    set("sector", Given { answer: Answer::NotRecorded, lang: Some(Lang::Ur) });
    set("vulnerability", given(codes(&["POVERTY"]), Some(Lang::Ur)));
    set("wages", given(Value::Flag(true), Some(Lang::Ur)));
    answers
}

type Vector = (&'static [u8], Times, Option<Source>, Content);

/// A transfer within an agency, and an answer of another one.
fn handovers() -> [Box<Handover>; 2] {
    let handover = Box::new(Handover {
        step: Step::Sent,
        unit: UnitId::from_bytes([0x55; 32]),
        from: UnitId::from_bytes([0x66; 32]),
        of: Some(ascending()),
        reason: Some("OTHERDIST".into()),
        note: Some("seen at 3".into()),
        peer: None,
    });
    let peer = Peer {
        agency: AgencyId::from_bytes([0x77; 32]),
        name: "Agency B".into(),
        unit: "Circle 1".into(),
        offer: OfferId::from_bytes([0x88; 32]),
        roster: RosterHash::from_bytes([0x99; 32]),
        proof: Some("8401".into()),
    };
    let abroad = Box::new(Handover {
        step: Step::Rejected,
        of: Some(ascending()),
        reason: None,
        peer: Some(Box::new(peer)),
        ..(*handover).clone()
    });
    [handover, abroad]
}

fn vectors() -> Vec<Vector> {
    let form = |id: &str, version| FormRef { id: id.into(), version };
    let mut row = [0; 32];
    for (at, byte) in row.iter_mut().enumerate() {
        *byte = u8::try_from(at % 16).unwrap() * 0x11;
    }
    let cells = [("IP_Role".into(), "Broker;Owner".into()), ("".into(), "-99".into())];
    let source = Source { name: "CTDC 2024".into(), map: "ctdc@3".into(), row, cells: cells.into() };
    let mut name = Answers::default();
    name.set("name_full".into(), given(Value::Text("زرمینہ گل".into()), None));
    let mut age = Answers::default();
    age.set("age_years".into(), given(Value::Number(16), None));
    let descending = EntryId::from_bytes(std::array::from_fn(|at| 15 - u8::try_from(at).unwrap()));
    let amendment = Amendment {
        target: ascending(),
        seen: vec![descending, EntryId::from_bytes([0xFF; 16])],
        reason: "NEWINFO".into(),
        note: Some("seen at 3".into()),
        changes: age,
    };
    let place =
        Author { device: DeviceId::from_bytes([0x11; 32]), journal: JournalId::from_bytes([0x22; 16]), seq: u64::MAX };
    let [handover, abroad] = handovers();
    vec![
        (
            include_bytes!("vectors/sheet.json"),
            times(1_795_322_868_000, 300, 86_400_123, Some(1_795_322_800_000)),
            None,
            Content::Sheet(Sheet::new(form("person", 1), Lang::Ur, sheet())),
        ),
        (
            include_bytes!("vectors/imported.json"),
            times(0, 0, 0, None),
            Some(source),
            Content::Sheet(Sheet::new(form("case", 12), Lang::En, Answers::default())),
        ),
        (
            include_bytes!("vectors/names.json"),
            times(1, -60, 2, Some(3)),
            None,
            Content::Names(Names { of: ascending(), answers: name }),
        ),
        (include_bytes!("vectors/amendment.json"), times(1, 300, 2, None), None, Content::Amendment(amendment)),
        (
            include_bytes!("vectors/access.json"),
            times(1, 300, 2, None),
            None,
            Content::Access(Access { what: "export".into(), count: u32::MAX }),
        ),
        (
            include_bytes!("vectors/opened.json"),
            times(1, 300, 2, None),
            None,
            Content::Opened(Opened { place, opens: false }),
        ),
        (include_bytes!("vectors/carried.json"), times(1, 300, 2, None), None, Content::Attachments(ascending())),
        (include_bytes!("vectors/handover.json"), times(1, 300, 2, None), None, Content::Handover(handover)),
        (include_bytes!("vectors/abroad.json"), times(1, 300, 2, None), None, Content::Handover(abroad)),
    ]
}

#[test]
fn the_frozen_texts_read_and_write_the_same_for_ever() {
    for (json, times, source, content) in vectors() {
        let text = std::str::from_utf8(json).unwrap();
        let entry = read(json).unwrap();
        assert_eq!((entry.times, &entry.source, &entry.content), (times, &source, &content), "{text}");
        assert_eq!(entry.ties, None);
        assert_eq!(std::str::from_utf8(&encode(&times, source.as_ref(), None, &[], &content)).unwrap(), text);
        let slotted = text.replacen('{', "{\"slot\":\"AAAAAAAAAAAAAAAAAAAAAA==\",", 1);
        assert_eq!(read(slotted.as_bytes()).unwrap(), entry, "the slot is passed over");
    }
}

#[test]
fn what_was_kept_again_names_what_it_was_and_the_first_of_a_journal_the_one_before() {
    let json = include_bytes!("vectors/kept_again.json");
    let entry = read(json).unwrap();
    let ties = entry.ties.as_deref().unwrap();
    let mut was = [0; 32];
    for (at, byte) in was.iter_mut().enumerate() {
        *byte = u8::try_from(at % 16).unwrap() * 0x11;
    }
    let journal = JournalId::from_bytes([0x33; 16]);
    let after = After { journal, seq: 7, link: Link::from_bytes([0x44; 32]) };
    assert_eq!(*ties, Ties { was: Some(HeaderHash::from_bytes(was)), after: Some(after) });
    assert_eq!(ties.was.unwrap().id().as_bytes(), &was[..16]);
    assert_eq!(encode(&entry.times, None, Some(ties), &[], &entry.content), json);
    let cut = std::str::from_utf8(json).unwrap().replacen("0011", "00", 1);
    assert_eq!(read(cut.as_bytes()).unwrap_err().what, "an id is not hex of its width");
}

#[test]
fn attachments_are_listed_beside_what_they_belong_to() {
    let json = include_bytes!("vectors/attached.json");
    let entry = read(json).unwrap();
    let part = |byte: u8, media: &str, name: &str| Attached {
        commitment: PartHash::from_bytes([byte; 32]),
        media: media.into(),
        name: name.into(),
        digest: PartHash::from_bytes([0; 32]),
        sealed: 0,
        size: 0,
    };
    let expected = [part(0xAB, "image/jpeg", "صفحہ \"1\".jpg"), part(0xCD, "audio/ogg", "")];
    assert_eq!(*entry.parts, expected, "hash and size of the sealed bytes come from the header");
    assert_eq!(encode(&entry.times, None, None, &entry.parts, &entry.content), json);
    let cut = std::str::from_utf8(json).unwrap().replacen("abab", "ab", 1);
    assert_eq!(read(cut.as_bytes()).unwrap_err().what, "an id is not hex of its width");
}

#[test]
fn what_is_newer_is_kept_whole() {
    let of_time = times(5, 300, 6, Some(7));
    for (json, kind, times) in [
        (&include_bytes!("vectors/newer_kind.json")[..], "verdict", of_time),
        (include_bytes!("vectors/newer_version.json"), "sheet", times(0, 0, 0, None)),
        (include_bytes!("vectors/newer_answer.json"), "sheet", of_time),
        (include_bytes!("vectors/newer_member.json"), "names", of_time),
    ] {
        let text = std::str::from_utf8(json).unwrap();
        let slotted = text.replacen('{', "{\"slot\":\"AAAAAAAAAAAAAAAAAAAAAA==\",", 1);
        for bytes in [json, slotted.as_bytes()] {
            let entry = read(bytes).unwrap();
            let other = Other { kind: kind.into(), json: text.into() };
            assert_eq!((entry.content.clone(), entry.times), (Content::Other(other), times));
            assert_eq!(
                encode(&entry.times, entry.source.as_ref(), entry.ties.as_deref(), &entry.parts, &entry.content),
                json
            );
        }
    }
}

#[test]
fn broken_records_say_where_and_never_what() {
    let good = std::str::from_utf8(include_bytes!("vectors/sheet.json")).unwrap();
    for (from, to, what) in [
        ("{\"v\":1,", "", "no kind"),
        ("\"f\":\"person@1\",", "", "a member is missing"),
        ("\"l\":\"ur\",\"a\"", "\"l\":\"ur\",\"l\":\"ur\",\"a\"", "a member stands twice"),
        ("person@1", "person", "a form is not name@version"),
        ("\"d\":\"~2011\"", "\"d\":\"~2011-02-30\"", "a date is not as dates are written"),
        ("\"d\":\"~2011\"", "\"d\":\"02-2011\"", "a date is not as dates are written"),
        ("\"e\":\"0001", "\"e\":\"00", "an id is not hex of its width"),
        ("\"age_years\":15", "\"act\":15", "a question is answered twice"),
        ("\"age_years\":15", "\"age_years\":9223372036854775808", "a number is too large"),
        ("\"age_years\":15", "\"age_years\":{}", "an answer is empty"),
        ("\"no\":\"asked\"", "\"no\":\"asked\",\"t\":\"زرمینہ\"", "a member stands twice"),
        ("\"deceased\":false", "\"deceased\":fal", "not JSON of this shape"),
        ("[\"RECR\",", "[3,", "not JSON of this shape"),
    ] {
        assert!(good.contains(from), "{from}");
        let broken = if to.is_empty() && from.starts_with('{') {
            good.replacen(from, "{", 1).replace("\"k\":\"sheet\",", "")
        } else {
            good.replacen(from, to, 1)
        };
        let error = read(broken.as_bytes()).unwrap_err();
        assert_eq!(error.what, what, "{from} {to}");
        assert!(!error.to_string().contains("زرمینہ"));
    }
    for bytes in [&b""[..], b"[]", b"{", b"{}", b"nonsense", b"{\"v\":1,\"k\":\"sheet\"}x", b"\xFF"] {
        assert!(read(bytes).is_err(), "{bytes:?}");
    }
}

#[test]
fn words_are_shared_between_entries() {
    let mut interner = Interner::default();
    let author = Author { device: DeviceId::from_bytes([1; 32]), journal: JournalId::from_bytes([2; 16]), seq: 3 };
    let mut codes = Vec::new();
    for id in 0..2 {
        let json = include_bytes!("vectors/sheet.json");
        let entry =
            decode(json, EntryId::from_bytes([id; 16]), CaseId::from_bytes([5; 16]), author, &mut interner).unwrap();
        let Content::Sheet(sheet) = entry.content else { panic!("a sheet") };
        codes.push(sheet.answers().choice("gender").unwrap().as_str().as_ptr());
    }
    assert_eq!(codes[0], codes[1]);
    assert_eq!(interner.len(), 18 + 9 + 1, "questions, codes, the form");
}

fn value() -> impl Strategy<Value = Value> {
    let code = || "[A-Z][A-Z0-9_-]{0,5}".prop_map(|code| Code::new(code.as_str()));
    let date = (1900_i16..=2200, option::of((1_u8..=12, option::of(1_u8..=28))), any::<bool>()).prop_map(
        |(year, rest, about)| {
            let (month, day) = rest.map_or((None, None), |(month, day)| (Some(month), day));
            PartialDate::new(year, month, day, about).unwrap()
        },
    );
    prop_oneof![
        any::<String>().prop_map(|text| Value::Text(text.into())),
        any::<i64>().prop_map(Value::Number),
        any::<bool>().prop_map(Value::Flag),
        date.prop_map(Value::Date),
        any::<(i64, i16)>().prop_map(|(unix_ms, offset_minutes)| Value::Moment(Moment { unix_ms, offset_minutes })),
        code().prop_map(Value::Choice),
        vec(code(), 0..4).prop_map(|codes| Value::Choices(codes.into())),
        any::<[u8; 16]>().prop_map(|id| Value::Entry(EntryId::from_bytes(id))),
        vec((code(), code()), 0..4).prop_map(|pairs| Value::Map(pairs.into())),
    ]
}

fn answers() -> impl Strategy<Value = Answers> {
    let answer = prop_oneof![
        8 => value().prop_map(Answer::Value),
        1 => Just(Answer::NotAsked),
        1 => Just(Answer::Refused),
        1 => Just(Answer::Unknown),
        1 => Just(Answer::NotRecorded),
    ];
    let lang = option::of(prop_oneof![Just(Lang::En), Just(Lang::Ur)]);
    let given = (answer, lang).prop_map(|(answer, lang)| Given { answer, lang });
    vec(("[a-z_]{1,8}|\\PC{1,3}".prop_map(|id| QuestionId::new(id.as_str())), given), 0..12)
        .prop_map(|all| all.into_iter().collect())
}

fn content() -> impl Strategy<Value = Content> {
    let id = || any::<[u8; 16]>().prop_map(EntryId::from_bytes);
    prop_oneof![
        ("[a-z]{1,8}", any::<u16>(), any::<bool>(), answers()).prop_map(|(form, version, urdu, answers)| {
            let lang = if urdu { Lang::Ur } else { Lang::En };
            Content::Sheet(Sheet::new(FormRef { id: form.as_str().into(), version }, lang, answers))
        }),
        (id(), answers()).prop_map(|(of, answers)| Content::Names(Names { of, answers })),
        (id(), vec(id(), 0..3), "[A-Z]{1,5}", option::of(any::<String>()), answers()).prop_map(
            |(target, seen, reason, note, changes)| {
                Content::Amendment(Amendment {
                    target,
                    seen,
                    reason: reason.as_str().into(),
                    note: note.map(Into::into),
                    changes,
                })
            }
        ),
        ("[a-z]{1,6}", any::<u32>())
            .prop_map(|(what, count)| Content::Access(Access { what: what.as_str().into(), count })),
    ]
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        content in content(),
        time in any::<(i64, i16, u64, Option<i64>)>(),
        ties in option::of((any::<[u8; 32]>(), option::of((any::<[u8; 16]>(), any::<u64>(), any::<[u8; 32]>())))),
        source in option::of((any::<String>(), any::<String>(), any::<[u8; 32]>(), vec(any::<(String, String)>(), 0..3))),
    ) {
        let times = times(time.0, time.1, time.2, time.3);
        let source = source.map(|(name, map, row, cells)| {
            let cells = cells.into_iter().map(|(column, cell)| (column.into(), cell.into()));
            Source { name: name.into(), map: map.into(), row, cells: cells.collect() }
        });
        let ties = ties.map(|(was, after)| Ties {
            was: Some(HeaderHash::from_bytes(was)),
            after: after.map(|(journal, seq, link)| After {
                journal: JournalId::from_bytes(journal),
                seq,
                link: Link::from_bytes(link),
            }),
        });
        let bytes = encode(&times, source.as_ref(), ties.as_ref(), &[], &content);
        let entry = read(&bytes).unwrap();
        prop_assert_eq!(&entry.content, &content);
        prop_assert_eq!((entry.times, entry.source, entry.ties.as_deref()), (times, source, ties.as_ref()));
    }

    #[test]
    fn no_bytes_break_the_reader(at in 0_usize..600, byte: u8) {
        let mut json = include_bytes!("vectors/sheet.json").to_vec();
        let at = at % json.len();
        json[at] = byte;
        // Read, kept whole or refused: all three are answers.
        let _read = read(&json);
    }
}
