//! Answers that the program works out and nobody is asked: pure functions, and the one place that knows which derived
//! question each of them answers.

use crate::model::{Answer, Answers, Code, Draft, Given, PartialDate, Value, assigned, screening};

use super::{
    around::Surroundings,
    finish::{Origin, today},
    form::{Codebook, Question},
    law, procedure, screened,
};

/// Works out one derived question from the answers before it. An imported draft keeps a value of its own where none
/// comes out here (some sources give an age band and no age); what only others know (a short number, the sex of the
/// interviewer) is kept from any draft.
pub(super) fn into(
    question: &Question,
    codebook: &Codebook,
    (draft, clean): (&Draft, &Answers),
    origin: Origin,
    around: &Surroundings,
) -> Option<Given> {
    let on = || match around.case.value("opened_on") {
        Some(Value::Date(date)) => Some(*date),
        _ => today(draft.started),
    };
    let own = draft.answers.get(question.id.as_str());
    let found = match question.id.as_str() {
        "age_group" => match (age_group(clean, on()?), draft.answers.choice("age_band"), origin) {
            (None | Some(Answer::Unknown | Answer::NotRecorded), Some(band), Origin::Imported) => {
                Some(choice(if matches!(band.as_str(), "A00_08" | "A09_17") { "CHILD" } else { "ADULT" }))
            }
            (found, _, _) => found,
        },
        "age_band" => age_band(clean, on()?),
        "agency_route" => agency_route(clean.choice("case_class"), clean.choice("movement")),
        "aspect" => Some(aspect(clean.choice("case_class"), around.entries.values())),
        "purpose_ptpa" => purpose_ptpa(clean.answer("exploitation_type")?),
        "alias_code" => {
            let new = alias_code(clean.choice("role")?, draft.id.as_bytes());
            // A correction keeps the pseudonym under which the person is known, unless the role's letter changes.
            let letter = |answer: Option<&Answer>| match answer.and_then(Answer::value) {
                Some(Value::Text(code)) => code.chars().next(),
                _ => None,
            };
            let known = own.map(|given| &given.answer).filter(|known| letter(Some(known)) == letter(new.as_ref()));
            known.cloned().or(new)
        }
        "review_seen" => match clean.value("review_of") {
            // What came in while the word was being written had not been seen.
            Some(Value::Entry(of)) => around.corrected.get(of).map(|all| {
                let seen = all.iter().filter(|id| draft.seen.contains(id)).count();
                Answer::Value(Value::Number(i64::try_from(seen).unwrap_or(i64::MAX)))
            }),
            _ => None,
        },
        assigned::ASSIGNEE => match clean.value(assigned::ASSIGNED) {
            Some(Value::Text(name)) => around.people.get(name).map(|member| text(&member.to_string())),
            _ => None,
        },
        assigned::INSTEAD if clean.choice("review_word").is_some_and(|word| word.as_str() == "ASSIGN") => {
            instead(draft, around)
        }
        "case_short" if own.is_none() => short_of(clean, draft),
        id => {
            let scene = law::Scene { codebook, own: clean, around, today: today(draft.started) };
            let counted = || around.months.as_ref()?.work_out(id, clean.value("period"));
            let by_law = law::work_out(id, &scene).or_else(|| procedure::work_out(id, &scene));
            match by_law.or_else(|| screened::work_out(id, &scene)).or_else(counted) {
                Some(found) => found,
                None => return own.cloned(),
            }
        }
    };
    match (found, origin) {
        (Some(answer @ Answer::Value(_)), _) => Some(answer.into()),
        (found, Origin::Imported) => {
            let value = own.filter(|given| given.answer.value().is_some());
            value.or(own).cloned().or(found.map(Given::from))
        }
        (found, Origin::Officer) => found.map(Given::from),
    }
}

fn text(text: &str) -> Answer {
    Answer::Value(Value::Text(text.into()))
}

/// The words in whose place this one stands: those that were there when it was begun, and for a correction those before it too.
fn instead(draft: &Draft, around: &Surroundings) -> Option<Answer> {
    let mut words = assigned::instead(&around.before);
    words
        .extend(around.assigned.iter().filter(|word| draft.seen.contains(word) && draft.target.as_ref() != Some(word)));
    let words: Vec<String> = words.iter().map(ToString::to_string).collect();
    (!words.is_empty()).then(|| text(&words.join(" ")))
}

/// Fewest and most whole years between a birth and a day, as far as both are known.
fn years_between(birth: PartialDate, day: PartialDate) -> (i64, i64) {
    let years = i64::from(day.year()) - i64::from(birth.year());
    let slack = i64::from(birth.about());
    let turned = match (birth.month(), day.month()) {
        (Some(born), Some(now)) if born != now => Some(born < now),
        (Some(_), Some(_)) => birth.day().zip(day.day()).map(|(born, now)| born <= now),
        _ => None,
    };
    let (least, most) = match turned {
        Some(true) => (years, years),
        Some(false) => (years - 1, years - 1),
        None => (years - 1, years),
    };
    ((least - slack).max(0), (most + slack).max(0))
}

/// The least age that these answers allow, which is the one that protects: in doubt a person is a child.
fn least_age(answers: &Answers, on: PartialDate) -> Option<i64> {
    let told = match answers.value("age_years") {
        Some(Value::Number(years)) => Some(*years),
        _ => None,
    };
    match answers.value("dob") {
        Some(Value::Date(birth)) => {
            let (least, most) = years_between(*birth, on);
            Some(told.filter(|years| (least..=most).contains(years)).unwrap_or(least))
        }
        _ => told,
    }
}

/// Both questions on age without a value: why, so that *not recorded* stays apart from *unknown*.
fn ageless(answers: &Answers) -> Option<Answer> {
    let answer = answers.answer("age_years").or_else(|| answers.answer("dob"))?;
    Some(if *answer == Answer::NotRecorded { Answer::NotRecorded } else { Answer::Unknown })
}

/// `CHILD` or `ADULT` on a day (list `age_group`); PTPA s.2: a child is under 18.
pub fn age_group(answers: &Answers, on: PartialDate) -> Option<Answer> {
    let Some(age) = least_age(answers, on) else { return ageless(answers) };
    Some(choice(if age < 18 { "CHILD" } else { "ADULT" }))
}

/// The age band that CTDC publishes (list `age_band`).
pub fn age_band(answers: &Answers, on: PartialDate) -> Option<Answer> {
    let Some(age) = least_age(answers, on) else { return ageless(answers) };
    Some(choice(match age {
        ..=8 => "A00_08",
        9..=17 => "A09_17",
        18..=20 => "A18_20",
        21..=23 => "A21_23",
        24..=26 => "A24_26",
        27..=29 => "A27_29",
        30..=38 => "A30_38",
        39..=47 => "A39_47",
        48.. => "A48_UP",
    }))
}

/// Who must investigate (`DOMAIN.md` section 7.3; PTPA s.8, POSOMA s.11). Nothing comes out while the class has no value.
pub fn agency_route(class: Option<&Code>, movement: Option<&Code>) -> Option<Answer> {
    Some(choice(screening::agency(class?.as_str(), movement)))
}

/// The aspects a case is filed under: of all its victims' exploitation, and of its class. In the order of the list.
pub fn aspect<'a>(class: Option<&Code>, persons: impl IntoIterator<Item = &'a Answers>) -> Answer {
    let mut found = [("BL", false), ("SX", false), ("OB", false), ("MS", false), ("FL", false), ("OE", false)];
    let mut mark = |aspect: &str| {
        for (code, there) in &mut found {
            *there |= *code == aspect;
        }
    };
    if class.is_some_and(|class| matches!(class.as_str(), "SOM" | "BOTH")) {
        mark("MS");
    }
    for person in persons {
        for code in codes(person.value("exploitation_type")) {
            mark(match code.as_str() {
                "BONDED" => "BL",
                "SEXPROST" | "SEXIMG" | "SEXOTH" => "SX",
                "BEGGING" => "OB",
                "FORCEDLAB" | "DOMESTIC" | "CHILDLAB" => "FL",
                "INTENDED" => continue,
                _ => "OE",
            });
        }
    }
    let there = found.iter().filter(|(_, there)| *there).map(|(code, _)| Code::new(code));
    Answer::Value(Value::Choices(there.collect()))
}

/// The purposes in the words of PTPA s.3: what lies outside needs another law. *Unknown* where a type names no purpose.
pub fn purpose_ptpa(exploitation: &Answer) -> Option<Answer> {
    let mut found: Vec<Code> = Vec::new();
    for code in codes(exploitation.value()) {
        let purpose = match code.as_str() {
            "BONDED" | "FORCEDLAB" | "DOMESTIC" | "CHILDLAB" | "CRIME" => "CL",
            "SEXPROST" | "SEXIMG" | "SEXOTH" => "SX",
            "BEGGING" => "OB",
            "MARRIAGE" | "ORGAN" | "ARMED" | "ADOPT" | "SURRO" => "NOTP",
            _ => continue,
        };
        if !found.iter().any(|code| code.as_str() == purpose) {
            found.push(purpose.into());
        }
    }
    Some(match exploitation {
        Answer::NotAsked | Answer::NotRecorded => exploitation.clone(),
        _ if found.is_empty() => Answer::Unknown,
        _ => Answer::Value(Value::Choices(found.into())),
    })
}

pub(super) fn codes(value: Option<&Value>) -> &[Code] {
    match value {
        Some(Value::Choices(codes)) => codes,
        Some(Value::Choice(code)) => std::slice::from_ref(code),
        _ => &[],
    }
}

/// Digits and capitals that are not mistaken for one another when read aloud (Crockford's base 32).
const READABLE: [char; 32] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'J', 'K', 'M', 'N', 'P',
    'Q', 'R', 'S', 'T', 'V', 'W', 'X', 'Y', 'Z',
];

/// The code that stands for a person in lists and exports, for example `V-7QK2`: the role's letter and twenty random
/// bits of the draft. Two devices at one case cannot give the same one by counting.
pub fn alias_code(role: &Code, random: &[u8; 16]) -> Option<Answer> {
    let letter = match role.as_str() {
        "VIC" => 'V',
        "SMG" => 'M',
        "WIT" => 'W',
        "SUS" => 'S',
        "CMP" => 'C',
        "GRD" => 'G',
        "INT" => 'I',
        _ => 'P',
    };
    let [a, b, c, ..] = *random;
    let bits = u32::from_be_bytes([0, a, b, c]);
    let mut code = format!("{letter}-");
    for shift in [19, 14, 9, 4] {
        code.push(*READABLE.get(usize::try_from(bits >> shift & 31).ok()?)?);
    }
    Some(Answer::Value(Value::Text(code.into())))
}

/// How many short numbers a district has in a year. Offline nobody hands out numbers, so they are drawn at random: a
/// thousand cases of one district and year share one by chance twice in five years, and then only on paper, because
/// everything else refers to the case's id.
const SHORT_NUMBERS: u32 = 1_000_000;

/// The short number of a case that is opened now, drawn from the random bits of its draft.
fn short_of(clean: &Answers, draft: &Draft) -> Option<Answer> {
    let Some(Value::Date(opened)) = clean.value("opened_on") else { return None };
    let (province, district) = (clean.choice("province")?, clean.choice("district")?);
    let number = draft.id.as_bytes().first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes)) % SHORT_NUMBERS;
    Some(Answer::Value(Value::Text(case_short(province, district, opened.year(), number).into())))
}

/// The readable number of a case: province, district, year, number and check digit, for example `PB-617-26-0042-7`.
///
/// Codes are those of the lists `province` and `district`; a district without an OCHA code gives the first letters of its
/// name.
pub fn case_short(province: &Code, district: &Code, year: i16, number: u32) -> String {
    let province: String = province.as_str().rsplit('-').next().unwrap_or_default().chars().take(2).collect();
    let district = match district.as_str().split_once('-') {
        Some((_, name)) => name.chars().take(3).collect(),
        None => district.as_str().trim_start_matches("PK").to_owned(),
    };
    let body = format!("{province}-{district}-{:02}-{number:04}", year.rem_euclid(100));
    let check = check_digit(&body);
    format!("{body}-{check}")
}

/// Whether a readable number was copied without a slip.
pub fn case_short_holds(text: &str) -> bool {
    text.rsplit_once('-').is_some_and(|(body, check)| check == check_digit(body).to_string())
}

/// Damm's quasigroup of order ten (2004): finds every wrong digit and every pair of neighbours swapped.
const DAMM: [[u8; 10]; 10] = [
    [0, 3, 1, 7, 5, 9, 8, 6, 4, 2],
    [7, 0, 9, 2, 1, 5, 4, 8, 6, 3],
    [4, 2, 0, 6, 8, 7, 1, 3, 5, 9],
    [1, 7, 5, 0, 9, 8, 3, 4, 2, 6],
    [6, 1, 2, 3, 0, 4, 5, 9, 7, 8],
    [3, 6, 7, 4, 2, 0, 9, 5, 8, 1],
    [5, 8, 6, 9, 7, 2, 0, 1, 3, 4],
    [8, 9, 4, 5, 3, 6, 2, 0, 1, 7],
    [9, 4, 3, 8, 6, 1, 7, 2, 0, 5],
    [2, 5, 8, 1, 4, 3, 6, 7, 9, 0],
];

/// Letters count as two digits each, so that `PB` and `PS` differ.
fn check_digit(body: &str) -> u8 {
    let mut state = 0;
    for byte in body.bytes().filter(u8::is_ascii_alphanumeric) {
        let number = if byte.is_ascii_digit() { byte - b'0' } else { byte.to_ascii_uppercase() - b'A' + 10 };
        for digit in [number / 10, number % 10].into_iter().skip(usize::from(number < 10)) {
            state = DAMM.get(usize::from(state)).and_then(|row| row.get(usize::from(digit))).copied().unwrap_or(0);
        }
    }
    state
}

pub(super) fn choice(code: &str) -> Answer {
    Answer::Value(Value::Choice(code.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(dob: Option<&str>, years: Option<i64>) -> Answers {
        let mut answers = Answers::default();
        if let Some(dob) = dob {
            answers.set("dob".into(), Answer::Value(Value::Date(dob.parse().unwrap())));
        }
        if let Some(years) = years {
            answers.set("age_years".into(), Answer::Value(Value::Number(years)));
        }
        answers
    }

    #[test]
    fn in_doubt_a_person_is_a_child() {
        let on: PartialDate = "2026-11-22".parse().unwrap();
        for (dob, years, group, band) in [
            (Some("2008-11-22"), None, "ADULT", "A18_20"),
            (Some("2008-11-23"), None, "CHILD", "A09_17"),
            (Some("2008-11"), None, "CHILD", "A09_17"),
            (Some("2008"), None, "CHILD", "A09_17"),
            (Some("2008"), Some(18), "ADULT", "A18_20"),
            (Some("2008"), Some(40), "CHILD", "A09_17"),
            (Some("~2007"), None, "CHILD", "A09_17"),
            (Some("2030"), None, "CHILD", "A00_08"),
            (Some("1970-01"), None, "ADULT", "A48_UP"),
            (None, Some(17), "CHILD", "A09_17"),
            (None, Some(47), "ADULT", "A39_47"),
        ] {
            let answers = told(dob, years);
            assert_eq!(age_group(&answers, on), Some(choice(group)), "{dob:?} {years:?}");
            assert_eq!(age_band(&answers, on), Some(choice(band)), "{dob:?} {years:?}");
        }
        let mut answers = Answers::default();
        assert_eq!(age_group(&answers, on), None);
        answers.set("age_years".into(), Answer::Refused);
        assert_eq!(age_group(&answers, on), Some(Answer::Unknown));
        answers.set("age_years".into(), Answer::NotRecorded);
        assert_eq!(age_band(&answers, on), Some(Answer::NotRecorded));
    }

    #[test]
    fn the_agency_follows_class_and_movement() {
        for (class, movement, agency) in [
            ("SOM", Some("OUT"), "FIA_SOM"),
            ("SOM", None, "FIA_SOM"),
            ("TIP", Some("OUT"), "FIA_TIP"),
            ("BOTH", Some("TRANS"), "FIA_TIP"),
            ("TIP", Some("INT"), "POLICE"),
            ("TIP", Some("ATTOUT"), "DECIDE"),
            ("TIP", None, "DECIDE"),
            ("UND", Some("INT"), "DECIDE"),
            ("REL", Some("OUT"), "DECIDE"),
        ] {
            let movement = movement.map(Code::from);
            assert_eq!(
                agency_route(Some(&class.into()), movement.as_ref()),
                Some(choice(agency)),
                "{class} {movement:?}"
            );
        }
        assert_eq!(agency_route(None, Some(&"INT".into())), None);
    }

    #[test]
    fn aspects_and_purposes_gather_what_was_done() {
        let chosen = |codes: &[&str]| Answer::Value(Value::Choices(codes.iter().map(Code::new).collect()));
        let mut first = Answers::default();
        first.set("exploitation_type".into(), chosen(&["SEXIMG", "BONDED", "ORGAN"]));
        let mut second = Answers::default();
        second.set("exploitation_type".into(), chosen(&["BONDED", "INTENDED"]));
        assert_eq!(aspect(Some(&"BOTH".into()), [&first, &second]), chosen(&["BL", "SX", "MS", "OE"]));
        assert_eq!(aspect(None, [&Answers::default()]), chosen(&[]));
        assert_eq!(purpose_ptpa(&chosen(&["BONDED", "CRIME", "MARRIAGE"])), Some(chosen(&["CL", "NOTP"])));
        assert_eq!(purpose_ptpa(&chosen(&["INTENDED"])), Some(Answer::Unknown));
        assert_eq!(purpose_ptpa(&Answer::NotAsked), Some(Answer::NotAsked));
    }

    #[test]
    fn a_short_number_is_drawn_where_district_and_day_are_known() {
        let date = |text: &str| Answer::Value(Value::Date(text.parse().unwrap()));
        let draft = |byte: u8| {
            Draft::begun(
                crate::model::DraftId::from_bytes([byte; 16]),
                crate::model::FormRef { id: "case".into(), version: 1 },
                Answers::default(),
                crate::model::Moment::pkt(0),
                crate::model::Lang::En,
            )
        };
        let mut answers = Answers::default();
        answers.set("opened_on".into(), date("2026-10-03"));
        answers.set("province".into(), Answer::Value(Value::Choice("PK-PB".into())));
        assert_eq!(short_of(&answers, &draft(7)), None);
        answers.set("district".into(), Answer::Value(Value::Choice("PK610".into())));
        let Some(Answer::Value(Value::Text(short))) = short_of(&answers, &draft(7)) else { panic!("a number") };
        assert!(short.starts_with("PB-610-26-") && case_short_holds(&short), "{short}");
        assert_ne!(short_of(&answers, &draft(8)), short_of(&answers, &draft(7)));
    }

    #[test]
    fn a_short_number_finds_slips_of_the_pen() {
        let short = case_short(&"PK-PB".into(), &"PK617".into(), 2026, 42);
        assert!(short.starts_with("PB-617-26-0042-") && short.len() == 16, "{short}");
        assert!(case_short_holds(&short));
        assert!(case_short(&"PK-PB".into(), &"X6-MURREE".into(), 2026, 42).starts_with("PB-MUR-26-0042-"));
        let bytes = short.as_bytes();
        for at in 0..bytes.len() - 2 {
            let mut wrong = bytes.to_vec();
            wrong[at] = match bytes[at] {
                b'-' => continue,
                b'9' => b'8',
                b'B' => b'D',
                other => other + 1,
            };
            assert!(!case_short_holds(std::str::from_utf8(&wrong).unwrap()), "{at}");
        }
        assert!(!case_short_holds("") && !case_short_holds("-"));
    }

    #[test]
    fn an_alias_is_short_and_tells_the_role() {
        let mut random = [0; 16];
        random[..3].copy_from_slice(&[0xFF, 0x00, 0x10]);
        assert_eq!(alias_code(&"VIC".into(), &random), Some(Answer::Value(Value::Text("V-ZW01".into()))));
    }
}
