//! What follows from the law tables: which text was in force, by whom a section is investigated and tried, when the report is
//! due, and whether a sentence lies within its section's limits.
//!
//! Sections, their limits and the day from which the text of 2025 holds are facts of the lists `offence_section` and
//! `law_version`: a signed codebook can correct them without a new program.

use crate::model::{Answer, Answers, Code, PartialDate, Value};

use super::{
    around::Surroundings,
    derive::choice,
    form::{CodeItem, Codebook},
};

/// Days after the FIR within which the report goes to court (CrPC s.173).
pub const REPORT_DAYS: i64 = 14;
/// Days after those within which an interim report goes instead (CrPC s.173).
pub const INTERIM_DAYS: i64 = 3;

/// What the program works out from: the lists, the answers so far, and what stands around them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scene<'a> {
    pub(super) codebook: &'a Codebook,
    pub(super) own: &'a Answers,
    pub(super) around: &'a Surroundings,
    pub(super) today: Option<PartialDate>,
}

impl<'a> Scene<'a> {
    fn section(&self, question: &str) -> Option<&'a CodeItem> {
        self.codebook.list("offence_section")?.item(self.own.choice(question)?.as_str())
    }

    /// The answers of the entry that a question names.
    pub(super) fn named(&self, question: &str) -> Option<&'a Answers> {
        match self.own.value(question)? {
            Value::Entry(id) => self.around.entries.get(id),
            _ => None,
        }
    }

    fn case_date(&self, question: &str) -> Option<PartialDate> {
        match self.around.case.value(question)? {
            Value::Date(date) => Some(*date),
            _ => None,
        }
    }
}

/// Works out a question on the law; `None` for a question that is none of these.
pub(super) fn work_out(question: &str, scene: &Scene<'_>) -> Option<Option<Answer>> {
    Some(match question {
        "statute" => statute(scene),
        "law_version" => law_version(scene),
        "wrong_text" => wrong_text(scene),
        "tip_charge_missing" => tip_charge_missing(scene),
        "victim_charged_warning" => victim_charged(scene).map(flag),
        "cognizable_by" => cognizable_by(scene),
        "court_type" => court_type(scene),
        "challan_due" => challan_due(scene),
        "non_compoundable" => non_compoundable(scene),
        "below_law" => below_law(scene).map(flag),
        "fine_only_flag" => scene.own.choice("sentence_type").map(|kind| flag(kind.as_str() == "FINE")),
        "days_fir_to_decision" => days_to_decision(scene),
        _ => return None,
    })
}

const fn flag(flag: bool) -> Answer {
    Answer::Value(Value::Flag(flag))
}

fn statute(scene: &Scene<'_>) -> Option<Answer> {
    match scene.own.answer("offence_section")? {
        Answer::Value(_) => Some(choice(scene.section("offence_section")?.fact("statute")?)),
        // The section is named in words.
        Answer::Unknown => Some(choice("OTHER")),
        other => Some(other.clone()),
    }
}

/// The day on which an offence ended, as far as it is known; one that goes on is judged by today.
fn offence_day(scene: &Scene<'_>) -> Option<PartialDate> {
    match (scene.case_date("offence_to"), scene.case_date("offence_from")) {
        (Some(end), _) => Some(end),
        (None, Some(_)) => scene.today,
        (None, None) => None,
    }
}

/// Which text was in force when the offence ended; *unknown* where the dates leave it open.
fn text_in_force(scene: &Scene<'_>) -> Option<&'static str> {
    let from = scene.codebook.list("law_version")?.item("ACT2025")?.fact("from")?.parse::<PartialDate>().ok()?;
    let from = from.day_number()?;
    let (first, last) = offence_day(scene)?.bounds();
    if first >= from {
        return Some("ACT2025");
    }
    (last < from).then_some("PRE2025")
}

fn law_version(scene: &Scene<'_>) -> Option<Answer> {
    let section = scene.section("offence_section")?;
    if section.fact("law_version") == Some("ALL") {
        return Some(choice("ALL"));
    }
    Some(text_in_force(scene).map_or(Answer::Unknown, choice))
}

/// The section chosen belongs to another text than was in force.
fn wrong_text(scene: &Scene<'_>) -> Option<Answer> {
    let version = scene.section("offence_section")?.fact("law_version").filter(|version| *version != "ALL")?;
    Some(flag(text_in_force(scene)? != version))
}

fn tip_charge_missing(scene: &Scene<'_>) -> Option<Answer> {
    let section = scene.section("offence_section")?;
    let tip = scene.around.case.choice("case_class").is_some_and(|class| matches!(class.as_str(), "TIP" | "BOTH"));
    let ptpa = |code: &Code| {
        let item = scene.codebook.list("offence_section").and_then(|list| list.item(code.as_str()));
        item.and_then(|item| item.fact("statute")) == Some("PTPA18")
    };
    let mut others = scene.around.entries.values().filter_map(|answers| answers.choice("offence_section"));
    Some(flag(tip && section.fact("statute") != Some("PTPA18") && !others.any(ptpa)))
}

/// The section is one that is turned against travellers, or the accused is a victim or a migrant here.
fn victim_charged(scene: &Scene<'_>) -> Option<bool> {
    let section = scene.section("offence_section")?;
    let role = scene.named("suspect_ref").and_then(|person| person.choice("role"));
    let protected = role.is_some_and(|role| matches!(role.as_str(), "VIC" | "SMG"));
    Some(protected || section.fact("beware").is_some())
}

fn cognizable_by(scene: &Scene<'_>) -> Option<Answer> {
    let section = scene.section("offence_section")?;
    let movement = scene.around.case.choice("movement").map(Code::as_str);
    let federal = if section.fact("about") == Some("TIP") { "FIA_TIP" } else { "FIA_SOM" };
    let crossed = matches!(movement, Some("OUT" | "INTO" | "TRANS"));
    Some(choice(match (section.fact("investigates")?, movement) {
        ("POLICE", _) => "POLICE",
        ("FIA", _) => federal,
        (_, Some("INT")) => "POLICE",
        ("POLICE_or_FIA", _) if crossed => "FIA_TIP",
        (_, _) if crossed => federal,
        _ => "DECIDE",
    }))
}

/// The court, where the Act itself names one (PTPA s.10, POSOMA ss.9–11, BLSA s.16).
fn court_type(scene: &Scene<'_>) -> Option<Answer> {
    let section = scene.section("offence_section")?;
    let movement = scene.around.case.choice("movement").map(Code::as_str);
    match (section.fact("statute")?, movement) {
        ("POSOMA18", _) | ("PTPA18", Some("OUT" | "INTO" | "TRANS")) => Some(choice("SPC")),
        ("PTPA18", Some("INT")) | ("BLSA92", _) => Some(choice("JMFC")),
        _ => Some(Answer::Unknown),
    }
}

fn challan_due(scene: &Scene<'_>) -> Option<Answer> {
    let due = scene.case_date("fir_date")?.day_number()? + REPORT_DAYS;
    PartialDate::from_day_number(due).map(|date| Answer::Value(Value::Date(date)))
}

/// The offence that is decided, or of which somebody is convicted, cannot be compounded (PTPA s.9, POSOMA s.9).
fn non_compoundable(scene: &Scene<'_>) -> Option<Answer> {
    let charged = scene.named("offence_ref").and_then(|offence| offence.choice("offence_section"));
    let section = scene.codebook.list("offence_section")?.item(charged?.as_str())?;
    Some(flag(matches!(section.fact("statute"), Some("PTPA18" | "POSOMA18"))))
}

fn days_to_decision(scene: &Scene<'_>) -> Option<Answer> {
    let Some(Value::Date(decided)) = scene.own.value("verdict_date") else { return None };
    let days = decided.day_number()? - scene.case_date("fir_date")?.day_number()?;
    (days >= 0).then_some(Answer::Value(Value::Number(days)))
}

/// Whether a sentence lies outside what its section allows. `None` where the table does not say: a section that refers to
/// another, a sentence that is no punishment of the section (probation, suspended).
fn below_law(scene: &Scene<'_>) -> Option<bool> {
    let section = scene.section("convicted_section")?;
    let rule = section.fact("fine_rule")?;
    let limits = |least: &str, most: &str| (section.number(least), section.number(most));
    let number = |question: &str| match scene.own.value(question) {
        Some(Value::Number(number)) => Some(*number),
        _ => None,
    };
    if rule == "REF" {
        return None;
    }
    let outside = |number: Option<i64>, (least, most): (Option<i64>, Option<i64>)| {
        let number = number?;
        Some(least.is_some_and(|least| number < least) || most.is_some_and(|most| number > most))
    };
    let prison = || outside(number("prison_months"), limits("min_months", "max_months"));
    let fine = || outside(number("fine_pkr"), limits("min_fine_pkr", "max_fine_pkr"));
    match scene.own.choice("sentence_type")?.as_str() {
        // Where the section says prison *and* fine, one without the other is less than it says.
        "IMP" if rule == "AND" => Some(true),
        "IMP" => prison(),
        "FINE" if rule != "OR" => Some(true),
        "FINE" => fine(),
        "IMPF" => Some(prison()? || fine()?),
        "LIFE" => Some(section.fact("life") != Some("Y")),
        "DEATH" => Some(section.fact("death") != Some("Y")),
        "TILL" => Some(rule == "AND" || section.number("min_months").is_some_and(|least| least > 0)),
        "NONE" => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::EntryId;

    fn code(code: &str) -> Answer {
        choice(code)
    }

    fn date(text: &str) -> Answer {
        Answer::Value(Value::Date(text.parse().unwrap()))
    }

    fn number(number: i64) -> Answer {
        Answer::Value(Value::Number(number))
    }

    fn told(answers: &[(&str, Answer)]) -> Answers {
        answers.iter().map(|(id, answer)| ((*id).into(), answer.clone().into())).collect()
    }

    fn work(question: &str, own: &[(&str, Answer)], case: &[(&str, Answer)]) -> Option<Answer> {
        let around = Surroundings { case: told(case), ..Surroundings::default() };
        among(question, own, &around)
    }

    fn among(question: &str, own: &[(&str, Answer)], around: &Surroundings) -> Option<Answer> {
        let (codebook, own) = (Codebook::builtin().unwrap(), told(own));
        let today = Some("2026-11-25".parse().unwrap());
        work_out(question, &Scene { codebook, own: &own, around, today }).unwrap()
    }

    #[test]
    fn the_text_in_force_is_picked_by_the_date_of_the_offence() {
        let of = |section: &str, case: &[(&str, Answer)]| {
            let own = [("offence_section", code(section))];
            (work("law_version", &own, case), work("wrong_text", &own, case))
        };
        let (new, old, open) = (code("ACT2025"), code("PRE2025"), Answer::Unknown);
        let is = |answer: &Answer, wrong| (Some(answer.clone()), wrong);
        assert_eq!(of("PTPA-3-1", &[("offence_to", date("2026-01"))]), is(&new, Some(flag(false))));
        assert_eq!(of("PTPA-3-1", &[("offence_to", date("2024"))]), is(&old, Some(flag(true))));
        assert_eq!(of("PTPA-3-1-OLD", &[("offence_to", date("2024"))]), is(&old, Some(flag(false))));
        assert_eq!(of("PTPA-3-1", &[("offence_to", date("2025"))]), is(&open, None), "a year that has both texts");
        assert_eq!(of("PTPA-3-1", &[("offence_from", date("2019"))]), is(&new, Some(flag(false))), "it goes on");
        assert_eq!(of("PTPA-3-1", &[]), is(&open, None));
        assert_eq!(of("BLSA-11", &[("offence_to", date("2024"))]), is(&code("ALL"), None));
    }

    #[test]
    fn sections_know_their_law_their_agency_and_their_court() {
        let inside = [("movement", code("INT"))];
        let out = [("movement", code("OUT"))];
        let is = |question: &str, section: &str, case: &[(&str, Answer)]| {
            work(question, &[("offence_section", code(section))], case)
        };
        assert_eq!(is("statute", "PTPA-3-1", &[]), Some(code("PTPA18")));
        assert_eq!(work("statute", &[("offence_section", Answer::Unknown)], &[]), Some(code("OTHER")));
        for (section, case, agency, court) in [
            ("PTPA-3-1", &inside, "POLICE", Some("JMFC")),
            ("PTPA-3-1", &out, "FIA_TIP", Some("SPC")),
            ("POSOMA-3", &out, "FIA_SOM", Some("SPC")),
            ("BLSA-11", &inside, "POLICE", Some("JMFC")),
            ("FA-14-2", &inside, "POLICE", None),
            ("FA-14-2", &out, "FIA_SOM", None),
        ] {
            assert_eq!(is("cognizable_by", section, case), Some(code(agency)), "{section}");
            assert_eq!(is("court_type", section, case), Some(court.map_or(Answer::Unknown, code)), "{section}");
        }
        assert_eq!(is("challan_due", "PTPA-3-1", &[("fir_date", date("2026-02-20"))]), Some(date("2026-03-06")));
    }

    #[test]
    fn a_charge_that_would_hit_a_victim_and_a_charge_that_is_missing_are_seen() {
        let tip = [("case_class", code("TIP"))];
        let own = |section: &str| [("offence_section", code(section))];
        assert_eq!(work("tip_charge_missing", &own("PPC-370"), &tip), Some(flag(true)));
        assert_eq!(work("tip_charge_missing", &own("PTPA-3-1"), &tip), Some(flag(false)));
        assert_eq!(work("tip_charge_missing", &own("PPC-370"), &[("case_class", code("REL"))]), Some(flag(false)));
        let mut around = Surroundings { case: told(&tip), ..Surroundings::default() };
        around.entries.insert(EntryId::from_bytes([1; 16]), told(&own("PTPA-3-2")));
        assert_eq!(among("tip_charge_missing", &own("PPC-370"), &around), Some(flag(false)), "it stands beside");
        around.entries.insert(EntryId::from_bytes([2; 16]), told(&[("role", code("SMG"))]));
        let accused = |id: u8| ("suspect_ref", Answer::Value(Value::Entry(EntryId::from_bytes([id; 16]))));
        let [section] = own("POSOMA-3");
        assert_eq!(among("victim_charged_warning", &[section.clone(), accused(2)], &around), Some(flag(true)));
        assert_eq!(among("victim_charged_warning", &[section, accused(1)], &around), Some(flag(false)));
        assert_eq!(
            work("victim_charged_warning", &own("EO-17-1"), &[]),
            Some(flag(true)),
            "the traveller's own section"
        );
    }

    #[test]
    fn a_sentence_outside_its_section_is_seen_and_a_fine_alone_where_the_text_allows_it_is_not() {
        let of = |section: &str, kind: &str, months: Option<i64>, fine: Option<i64>| {
            let mut own = vec![("convicted_section", code(section)), ("sentence_type", code(kind))];
            own.extend(months.map(|months| ("prison_months", number(months))));
            own.extend(fine.map(|fine| ("fine_pkr", number(fine))));
            (work("below_law", &own, &[]), work("fine_only_flag", &own, &[]))
        };
        let yes = Some(flag(true));
        let no = Some(flag(false));
        for (section, kind, months, fine, outside, alone) in [
            ("PTPA-3-1", "FINE", None, Some(50_000), &yes, &yes),
            ("PTPA-3-1-OLD", "FINE", None, Some(50_000), &no, &yes),
            ("PTPA-3-1-OLD", "FINE", None, Some(2_000_000), &yes, &yes),
            ("PTPA-3-1", "IMPF", Some(60), Some(500_000), &no, &no),
            ("PTPA-3-1", "IMPF", Some(121), Some(500_000), &yes, &no),
            ("PTPA-3-1", "IMP", Some(60), None, &yes, &no),
            ("PTPA-4", "IMPF", Some(120), Some(0), &yes, &no),
            ("PTPA-4", "IMPF", Some(168), Some(0), &no, &no),
            ("BLSA-11", "FINE", None, Some(50_000), &no, &yes),
            ("BLSA-11", "FINE", None, Some(49_999), &yes, &yes),
            ("BLSA-11", "TILL", None, None, &yes, &no),
            ("PPC-376", "LIFE", None, None, &no, &no),
            ("PTPA-3-1", "DEATH", None, None, &yes, &no),
            ("PTPA-5-1", "FINE", None, Some(1), &None, &yes),
            ("PTPA-3-1", "PROB", None, None, &None, &no),
        ] {
            assert_eq!(of(section, kind, months, fine), (outside.clone(), alone.clone()), "{section} {kind}");
        }
    }
}
