//! The ten-minute case from end to end, at a real terminal: opened, described, interviewed, screened, charged, referred and kept by keys;
//! carried to headquarters; returned by a supervisor at a terminal of their own; corrected; and seen again.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Actor, TestAgency, Typist, text};

/// What the settings say of an officer, so that a station's forms are filled in beforehand.
pub(crate) const OFFICER: &str = "\n[officer]\nagency = \"PB-POL\"\nprovince = \"PK-PB\"\ndistrict = \"PK617\"\n\
                       police_station = \"Model Town\"\nname = \"SI Sana Malik\"\n";

fn sits_down(actor: &Actor) -> Typist {
    let mut typist = Typist::sits_down(&actor.home, &[]);
    typist.sees("This device is locked");
    let words = fs::read_to_string(&actor.passphrase).unwrap();
    typist.types(&format!("\"{}\" Enter", words.trim_end()));
    typist
}

/// Adds a form by its place in the list, by keys as `screens` reads them, and keeps it.
fn adds(typist: &mut Typist, place: u8, script: &str) -> String {
    typist.does("F4", "Add to this case");
    typist.does(&format!("\"{place}\""), "Part 1 of");
    typist.does(&format!("{script} F10"), "Who will be able to read this");
    typist.keeps()
}

/// What the clock, chance or the order of the entries gave: not the officer's.
const GIVEN: [&str; 9] = [
    "opened_on",
    "case_short",
    "alias_code",
    "started_at",
    "screened_on",
    "status_as_of",
    "offered_on",
    "next_check",
    "person_ref",
];

/// The entries of the ten-minute case hold each answer of its script at its own question and nothing else, whichever way it was typed.
pub(crate) fn every_answer_is_where_it_belongs(shown: &Value) {
    let entries = shown["entries"].as_array().unwrap();
    let sheets = entries.iter().filter(|entry| entry["kind"] == "sheet");
    let told = sheets.map(|entry| {
        let mut answers = entry["answers"].as_object().unwrap().clone();
        GIVEN.iter().for_each(|given| drop(answers.remove(*given)));
        answers.retain(|_, answer| answer["answer"] != "not_asked");
        if let Some(table) = answers.get_mut("answer").and_then(Value::as_object_mut) {
            table.retain(|_, value| value != "X");
        }
        // What follows from the indicators is `screening`'s to show.
        ["dimension_result", "indicator_weight_used"].iter().for_each(|derived| drop(answers.remove(*derived)));
        (text(entry, "/form"), Value::Object(answers))
    });
    let told: Vec<(String, Value)> = told.collect();
    let wanted = typed().map(|(form, answers)| (form.to_owned(), answers));
    assert_eq!(told, wanted, "{shown}");
    let apart = entries.iter().filter(|entry| entry["kind"] == "names").map(|entry| &entry["questions"]);
    assert_eq!(apart.collect::<Vec<_>>(), [&json!(["name_full"]), &json!(["narrative"])], "{shown}");
}

fn typed() -> [(&'static str, Value); 6] {
    [
        (
            "case@1",
            json!({
                "agency_route": "POLICE", "aspect": [], "case_class": "TIP", "case_owner": "SI Sana Malik",
                "case_status": "ACT", "detection_source": "RAID", "district": "PK617", "handling_code": "H2",
                "lead_agency": "PB-POL", "movement": "INT", "place_exploit": {"value": "Raiwind", "lang": "en"},
                "police_station": "Model Town", "province": "PK-PB", "risk_level": "HIGH", "victims_seen": 3,
            }),
        ),
        (
            "person@1",
            json!({
                "age_band": "A24_26", "age_basis": "SELF", "age_group": "ADULT", "age_years": 24, "gender": "F",
                "language": "pan", "nationality": "AFG", "role": "VIC",
            }),
        ),
        (
            "interview@1",
            json!({
                "closure_given": true, "consent_giver": "SELF", "consent_interview": "Y", "consent_method": "VERBAL",
                "consent_share_named": "Y", "consent_share_services": "Y", "explained": true,
                "female_officer_present": true, "narrative_lang": "pan", "needs_met": true, "no_promises": true,
                "officer_ref": "SI Sana Malik", "present": [], "private_ok": true, "setting": "PSROOM",
                "statement_type": "SCREEN",
            }),
        ),
        (
            "screening@1",
            json!({
                "agency_suggested": "POLICE",
                "answer": {
                    "D1_JOB": "N", "D2_VIOL": "Y", "D2_TAKEN": "N", "D2_DEBT": "Y", "D4_HOURS": "O", "D4_PAY": "Y",
                    "D5_DOCS": "Y", "D5_DEBT": "Y", "D5_ISOL": "Y", "D5_VIOL": "N", "D5_THREAT": "N", "D5_TASKS": "Y",
                    "D5_WAGE": "Y",
                },
                "class_officer": "TIP", "class_suggested": "TIP", "form_used": "SHORT", "q_border": "N",
                "q_exploited": "Y", "q_free": "N", "q_paid": "N", "result_officer": "TIPLIKELY",
                "result_suggested": "TIPLIKELY",
            }),
        ),
        (
            "offence@1",
            json!({
                "cognizable_by": "POLICE", "court_type": "JMFC", "investigation_status": "ENQ",
                "io_name": "SI Sana Malik", "law_version": {"answer": "unknown"}, "offence_section": "PTPA-3-1",
                "statute": "PTPA18", "tip_charge_missing": false, "victim_charged_warning": false,
            }),
        ),
        ("referral@1", json!({"consent_refer": "Y", "service": "SHELTER", "status": "OFFER", "urgency": "H1"})),
    ]
}

/// The line of the question that is asked; none while a frame is being drawn that shows two, or none yet.
fn asked(screen: &str) -> Option<String> {
    let mut lines = screen.lines().filter(|line| line.contains('▸'));
    lines.next().filter(|_| lines.next().is_none()).map(str::to_owned)
}

/// Goes on from question to question until this one is asked.
fn goes_to(typist: &mut Typist, wanted: &str) {
    for _ in 0..60 {
        // One whole frame for both: a question that is looked for in half a frame is passed by.
        let screen = typist.sees_that("a question", |screen| asked(screen).is_some());
        if screen.contains(&format!("▸ {wanted}")) {
            return;
        }
        let before = asked(&screen);
        typist.types("Tab");
        typist.sees_that("the next question", |screen| asked(screen).is_some_and(|line| Some(line) != before));
    }
    panic!("{wanted} is never asked\n{}", typist.screen());
}

#[test]
fn the_ten_minute_case_is_kept_received_returned_corrected_and_seen_again() {
    let agency = TestAgency::build();
    let (officer, supervisor) = (&agency.officer, &agency.supervisor);
    let settings = officer.file("settings.toml");
    let before = fs::read_to_string(&settings).unwrap_or_default();
    fs::write(&settings, format!("{before}{OFFICER}")).unwrap();
    let mut typist = sits_down(officer);
    typist.sees("No case is here yet");
    typist.does("F4", "New case");
    typist.does("\"r\" Enter \"11\" S-Tab \"1\" F3 \"3\" F3 \"Raiwind\" F10", "Who will be able to read this");
    typist.keeps();
    adds(&mut typist, 1, "\"11\" Tab \"24\" Enter \"7a\" Enter \"p\" Enter F9");
    adds(
        &mut typist,
        2,
        "\"1\" Down Enter \"p\" Enter Enter \"11111111\" Tab \"11\" F3 \"Canary at the brick kiln.\" F3 \"p\" Enter F3 \"1\"",
    );
    adds(&mut typist, 4, "\"1222131312111133\" \"11\" Tab \"11\"");
    typist.does("F4", "Add to this case");
    typist.does("\"offence\" Enter", "Part 1 of");
    typist.fills(&[("Section", "\"3(1)\" Enter"), ("Stage of investigation", "\"enquiry\" Enter")]);
    typist.keeps();
    let screen = adds(&mut typist, 6, "\"1s\" Enter \"1\" Enter \"1\"");
    assert!(!screen.contains("Canary"), "an account is in no list\n{screen}");
    typist.sees_that("all of it received", |screen| screen.contains("● received") && !screen.contains("○ kept"));
    typist.types("C-q");
    assert!(typist.ends().success());
    let case = text(&officer.run(&["case", "list"]), "/cases/0/case");
    every_answer_is_where_it_belongs(&officer.run(&["case", "show", &case]));

    supervisor.run(&["sync"]);
    let mut typist = sits_down(supervisor);
    typist.sees("1 case");
    typist.does("F10", "Amanat · Review");
    typist.sees("new");
    // The oldest stands first: the opening of the case.
    typist.does("Home F5", "Part 1 of 1");
    typist.does("\"Which kiln?\" F10", "Who will be able to read this");
    typist.sees("and this device, nobody else");
    typist.does("Enter", "Amanat · Review");
    typist.sees("returned");
    typist.types("C-q");
    assert!(typist.ends().success());
    supervisor.run(&["sync"]);
    officer.run(&["sync"]);

    let mut typist = sits_down(officer);
    typist.sees("1 case");
    typist.does("F7", "Returned by your supervisor");
    typist.does("Enter", "Which kiln?");
    typist.does("F6", "Correcting");
    goes_to(&mut typist, "Place of exploitation");
    typist.types("\", kiln 7\"");
    typist.does("F10", "What changes");
    typist.sees("and this device, nobody else");
    typist.types("Down*2 Enter F10");
    typist.sees_that("the case with its correction", |screen| screen.contains("When") && screen.contains("Stands at"));
    typist.types("C-q");
    assert!(typist.ends().success());
    officer.run(&["sync"]);
    supervisor.run(&["sync"]);
    let waiting = supervisor.run(&["review", "list"]);
    assert!(waiting["waiting"].as_array().unwrap().iter().any(|row| row["why"] == "answered"), "{waiting}");
    let corrected = supervisor.run(&["case", "show", &case]).to_string();
    assert!(corrected.contains("\"Raiwind, kiln 7\""), "{corrected}");
    assert_eq!(officer.run(&["verify"])["holds"], true);
}
