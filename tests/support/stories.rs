//! A made-up case as an officer would record it by commands: the opening, a victim with sealed answers, an interview, a note.

use serde_json::{Value, json};

use super::actor::{Actor, text};

/// What was recorded, as it was typed.
#[derive(Clone, Debug)]
pub(crate) struct Story {
    /// The case's id.
    pub(crate) case: String,
    /// The entries that the officer asked for, with what was typed: opening, person, interview, note.
    pub(crate) typed: Vec<(String, Value)>,
    /// Which of the answers their forms seal.
    pub(crate) sealed: Vec<String>,
    /// How many places of the journal it takes: sheets, names and slips.
    pub(crate) places: u64,
}

impl Story {
    /// The entry of the person.
    pub(crate) fn person(&self) -> &str {
        &self.typed[1].0
    }

    /// The entry of the interview.
    pub(crate) fn interview(&self) -> &str {
        &self.typed[2].0
    }
}

/// Answers that travel under the second key: who it is and what they told.
const SEALED: [&str; 7] = ["name_full", "name_urdu", "parent_name", "cnic", "home_address", "phone", "narrative"];

/// Opens a case and keeps nothing else in it; gives its id.
pub(crate) fn open_case(officer: &Actor, answers: &Value) -> String {
    text(&add(officer, "case", answers, None), "/case")
}

/// Records story `number` in this home. `mark` is woven into every text, so that a search can tell where it went.
pub(crate) fn record(officer: &Actor, number: usize, mark: &str) -> Story {
    let (before, _) = officer.counts();
    let opening = opening(number, mark);
    let kept = add(officer, "case", &opening, None);
    let case = text(&kept, "/case");
    let mut typed = vec![(text(&kept, "/entry"), opening)];
    let person = person(number, mark);
    typed.push((text(&add(officer, "person", &person, Some(&case)), "/entry"), person));
    let interview = interview(&typed[1].0, number, mark);
    typed.push((text(&add(officer, "interview", &interview, Some(&case)), "/entry"), interview));
    let note = note(number, mark);
    typed.push((text(&add(officer, "note", &note, Some(&case)), "/entry"), note));
    let (after, _) = officer.counts();
    let sealed = SEALED.map(str::to_owned).to_vec();
    Story { case, typed, sealed, places: after - before }
}

/// One more note in a case: a single entry, quickly made. Gives its id.
pub(crate) fn jot(officer: &Actor, case: &str, number: usize, mark: &str) -> String {
    text(&add(officer, "note", &note(number, mark), Some(case)), "/entry")
}

fn add(officer: &Actor, form: &str, answers: &Value, case: Option<&str>) -> Value {
    let mut arguments = vec!["entry", "add", "--form", form, "--from", "-"];
    arguments.extend(case.into_iter().flat_map(|case| ["--case", case]));
    officer.run_with(&arguments, &answers.to_string())
}

/// The opening of a case.
pub(crate) fn opening(number: usize, mark: &str) -> Value {
    json!({
        "province": "PK-PB", "district": "PK610", "police_station": "PS Sample", "lead_agency": "PB-POL",
        "opened_on": format!("2026-10-{:02}", 1 + number % 27), "case_status": "ACT", "handling_code": "H2",
        "case_owner": "sample officer", "case_class": "TIP", "movement": "INT", "detection_source": "LABOUR",
        "risk_level": "MED", "victims_seen": 1, "victims_men": 1, "place_exploit": format!("brick kiln {mark}"),
        "organised_group": "N", "summary": format!("SAMPLE {number}, made up. {mark}"),
    })
}

/// A grown man who was found at a kiln, with all that a form seals.
pub(crate) fn person(number: usize, mark: &str) -> Value {
    json!({
        "role": "VIC", "gender": "M", "age_years": 41, "age_basis": "SELF", "nationality": "PAK", "language": "pan",
        "victim_status": "POSS", "status_decider": "POLICE", "status_date": "2026-10-02", "no_liability_check": "Y",
        "safe_contact": {"answer": "not_asked"}, "exploitation_type": ["BONDED"], "act": ["RECR"],
        "means": ["VULN", "COERC"], "sector": "KILN", "debt_pkr": 250_000, "family_bonded": 2,
        "name_full": format!("SAMPLE PERSON {number} {mark}"), "name_urdu": format!("فرضی شخص {mark}"),
        "parent_name": format!("SAMPLE PARENT {mark}"), "cnic": cnic(number), "phone": phone(number),
        "home_address": format!("SAMPLE HOUSE, {mark}"),
    })
}

/// Thirteen digits that look like a national identity number and are nobody's.
pub(crate) fn cnic(number: usize) -> String {
    format!("89902{:07}7", 7_310_264 + number)
}

/// Digits that look like a mobile number and are nobody's.
pub(crate) fn phone(number: usize) -> String {
    format!("+92399{:07}", 5_501_300 + number)
}

fn interview(person: &str, number: usize, mark: &str) -> Value {
    json!({
        "person_ref": person, "statement_type": "FOLLOW",
        "started_at": format!("2026-10-{:02} 10:30", 1 + number % 27), "setting": "PSROOM",
        "officer_ref": "sample officer", "present": [], "private_ok": true, "needs_met": true, "explained": true,
        "no_promises": true, "consent_interview": "Y", "consent_giver": "SELF", "consent_method": "VERBAL",
        "consent_share_named": "N", "consent_share_services": "Y", "narrative": narrative(number, mark),
        "narrative_lang": "urd", "closure_given": true,
        "self_review": format!("SAMPLE, to myself: ask again about the register. {mark}"),
    })
}

/// What the person says: two languages and digits.
fn narrative(number: usize, mark: &str) -> Value {
    let account = format!(
        "SAMPLE {number}, made up. The family took an advance four years ago; the clerk kept the identity cards. {mark} \
         نمونہ، فرضی۔ خاندان نے چار سال پہلے پیشگی لی۔ منشی نے شناختی کارڈ رکھ لیے۔"
    );
    json!({"value": account, "lang": "ur"})
}

fn note(number: usize, mark: &str) -> Value {
    json!({
        "noted_on": format!("2026-10-{:02}", 1 + number % 27),
        "note_text": format!("SAMPLE {number}: call the shelter on Monday. {mark}"),
    })
}
