//! A supervisor's word, through the built programs and a hub: it reaches the officer with the next sync, whoever may read the unit's
//! cases; what the officer does about it comes back; and casework entries of every form are kept and corrected by the rules.

use serde_json::{Value, json};

use crate::bundle::{hub_reads, hub_writes, reads, writes};
use crate::support::{Actor, GUJRAT, TestAgency, number, open_case, opening, record, text};

fn waiting(supervisor: &Actor) -> Vec<(String, String)> {
    let told = supervisor.run(&["review", "list"]);
    let rows = told["waiting"].as_array().unwrap();
    rows.iter().map(|row| (text(row, "/why"), text(row, "/entry"))).collect()
}

fn standing(actor: &Actor, entry: &str) -> Value {
    actor.run(&["entry", "show", entry])["review"].clone()
}

#[test]
fn a_word_reaches_the_officer_with_the_next_sync_and_the_answer_comes_back() {
    let agency = TestAgency::build();
    // From now on only supervisors read the unit's cases: the officer gets the word because it is sealed to that device too.
    agency.admin.run(&["roster", "policy", "readers", "supervisors"]);
    agency.admin.run(&["roster", "publish"]);
    agency.officer.run(&["sync"]);
    let story = record(&agency.officer, 1, "lemtavrosk");
    agency.officer.run(&["sync"]);
    agency.supervisor.run(&["sync"]);
    let person = story.person().to_owned();
    assert!(waiting(&agency.supervisor).contains(&("new".into(), person.clone())), "{:?}", waiting(&agency.supervisor));

    let own = agency.officer.ask(&["review", "approve", &person]);
    assert_eq!((own.code, text(&own.json, "/error/kind")), (5, "refused".to_owned()), "an officer says no word");
    agency.supervisor.run(&["review", "return", &person, "--note", "The age is missing."]);
    agency.supervisor.run(&["sync"]);
    agency.officer.run(&["sync"]);
    let back = standing(&agency.officer, &person);
    assert_eq!(
        (text(&back, "/standing"), text(&back, "/words/0/note")),
        ("returned".into(), "The age is missing.".into())
    );

    let change = json!({"occupation": "weaver"}).to_string();
    agency.officer.run_with(&["entry", "amend", &person, "--from", "-", "--reason", "NEWINFO"], &change);
    agency.officer.run(&["sync"]);
    agency.supervisor.run(&["sync"]);
    assert!(waiting(&agency.supervisor).contains(&("answered".into(), person.clone())));
    agency.supervisor.run(&["review", "approve", &person]);
    agency.supervisor.run(&["sync"]);
    agency.officer.run(&["sync"]);
    assert_eq!(text(&standing(&agency.officer, &person), "/standing"), "approved");
    assert!(!waiting(&agency.supervisor).iter().any(|(_, entry)| *entry == person));
}

#[test]
fn everything_a_case_is_made_of_is_kept_and_its_steps_are_corrections() {
    let agency = TestAgency::offline();
    let officer = &agency.officer;
    let case = open_case(officer, &opening(1, "lemtavrosk"));
    let add = |form: &str, answers: Value| -> String {
        let told =
            officer.run_with(&["entry", "add", "--form", form, "--case", &case, "--from", "-"], &answers.to_string());
        text(&told, "/entry")
    };
    let ask = |form: &str, answers: Value| {
        officer.ask_with(&["entry", "add", "--form", form, "--case", &case, "--from", "-"], &answers.to_string())
    };
    let accused = add(
        "person",
        json!({
            "role": "SUS", "gender": "M", "age_years": 40, "age_basis": "SELF", "nationality": "PAK", "language": "pan",
            "name_full": "unknown to us", "perp_role": ["RECRUIT"], "suspect_status": "WANTED",
        }),
    );
    let early =
        ask("offence", json!({"offence_section": "PTPA-3-1", "investigation_status": "INV", "suspect_ref": accused}));
    assert_eq!(early.code, 2);
    assert!(early.message().contains("Police Rules 24.5"), "the law is named: {}", early.json);
    let offence =
        add("offence", json!({"offence_section": "PTPA-3-1", "investigation_status": "ENQ", "suspect_ref": accused}));
    let outcome = add(
        "outcome",
        json!({
            "offence_ref": offence, "suspect_ref": accused, "stage": "DEC", "verdict": "CONV", "verdict_date": "2026-11-20",
            "convicted_section": "PTPA-3-1", "sentence_type": "FINE", "fine_pkr": 50_000,
        }),
    );
    let told = officer.run(&["entry", "show", &outcome])["answers"].to_string();
    assert!(told.contains("below_law") && told.contains("fine_only_flag"), "{told}");
    let referral = add(
        "referral",
        json!({"person_ref": accused, "service": "LEGAL", "urgency": "D1", "consent_refer": "Y", "offered_on": "2026-11-01"}),
    );
    let step = |status: &str, more: Value| {
        let mut change = more;
        change["status"] = json!(status);
        officer.ask_with(&["entry", "amend", &referral, "--from", "-", "--reason", "NEWINFO"], &change.to_string())
    };
    let sent = json!({"provider_type": "LEGAID", "provider_name": "Legal aid", "info_shared": "name", "sent_on": "2026-11-25"});
    let jump = step("START", sent.clone());
    assert!(jump.code == 2 && jump.message().contains("one step at a time"), "{}", jump.json);
    let bare = step("SENT", json!({}));
    assert!(bare.code == 2 && bare.message().contains("provider_name"), "{}", bare.json);
    let kept = step("SENT", sent);
    assert_eq!(kept.code, 0, "{}", kept.json);
    assert_eq!(step("ACC", json!({})).code, 0);
    let back = step("OFFER", json!({}));
    assert!(back.code == 2 && back.message().contains("one step at a time"), "{}", back.json);
    assert_eq!(ask("officer", json!({})).code, 2, "no entry by itself");

    // A month that has something in it is no nil return, and its figures are counted.
    let month = "2026-10";
    let nil = json!({"period": month, "nil_return": true, "unit": "Saddar", "signed_by": "SI"}).to_string();
    let refused = officer.ask_with(&["entry", "add", "--form", "return", "--from", "-"], &nil);
    assert!(refused.code == 2 && refused.message().contains("something to report"), "{}", refused.json);
    let said = json!({"period": month, "nil_return": false, "unit": "Saddar", "signed_by": "SI"}).to_string();
    let kept = officer.run_with(&["entry", "add", "--form", "return", "--from", "-"], &said);
    let told = officer.run(&["entry", "show", &text(&kept, "/entry")])["answers"].to_string();
    assert!(told.contains("count_accused"), "{told}");
}

/// An FIR is one case's: the number, the year, the station and the district name it, and the rule that stops a second one is named.
#[test]
fn an_fir_that_another_case_has_is_refused_under_the_rule_it_breaks() {
    let agency = TestAgency::offline();
    let officer = &agency.officer;
    let fir = |number: u32, district: &str| {
        let mut case = opening(1, "lemtavrosk");
        let more = json!({
            "investigation_status": "FIR", "fir_no": number, "fir_year": 2026, "fir_station": "PS Saddar",
            "fir_date": "2026-10-03", "district": district,
        });
        case.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        officer.ask_with(&["entry", "add", "--form", "case", "--from", "-"], &case.to_string())
    };
    let first = fir(123, "PK610");
    assert_eq!(first.code, 0, "{}", first.json);
    let second = fir(123, "PK610");
    assert_eq!(second.code, 2);
    assert!(second.message().contains("Police Rules 24.5"), "{}", second.json);
    for (number, district) in [(124, "PK610"), (123, "PK617")] {
        assert_eq!(fir(number, district).code, 0, "{number} {district}");
    }
    let high = fir(10_000, "PK610");
    assert!(high.code == 2 && high.message().contains("Police Rules 24.5"), "{}", high.json);
    // What else the first case says can still be corrected.
    let case = text(&first.json, "/entry");
    officer.run_with(
        &["entry", "amend", &case, "--from", "-", "--reason", "NEWINFO"],
        &json!({"risk_level": "HIGH"}).to_string(),
    );
}

/// The words on an officer's entry as the officer's device tells them: what was said, and that it waits for an answer.
fn told(officer: &Actor, entry: &str) -> (String, String) {
    let back = standing(officer, entry);
    let note = back["words"].as_array().and_then(|words| words.last()).and_then(|word| word["note"].as_str());
    (text(&back, "/standing"), note.unwrap_or_default().to_owned())
}

/// The officer never has a network. The supervisor has one, so that headquarters has signed for each word before it goes on a stick.
#[test]
fn a_word_that_headquarters_has_already_reaches_an_officer_whom_only_sticks_reach() {
    let agency = TestAgency::build();
    let (officer, supervisor) = (&agency.officer, &agency.supervisor);
    let story = record(officer, 1, "lemtavrosk");
    let (to_station, _) = writes(officer, &agency, "to-station.age", Some(GUJRAT));
    reads(supervisor, &to_station);
    supervisor.run(&["sync"]);
    let (person, interview) = (story.person().to_owned(), story.typed[2].0.clone());
    supervisor.run(&["review", "return", &person, "--note", "The age is missing."]);
    supervisor.run(&["sync"]);
    let (first, wrote) = writes(supervisor, &agency, "first.age", Some(GUJRAT));
    assert_eq!(number(&wrote, "entries"), 0, "headquarters has all of it: {wrote}");
    supervisor.run(&["review", "approve", &interview]);
    supervisor.run(&["sync"]);
    let (second, _) = writes(supervisor, &agency, "second.age", Some(GUJRAT));
    // The newer one first: it has the older word too. Then the older one, and the newer one once more.
    for (stick, new) in [(&second, true), (&first, false), (&second, false)] {
        let read = reads(officer, stick);
        assert_eq!((number(&read, "new") > 0, number(&read, "carried")), (new, 0), "{read}");
        assert_eq!(read["trouble"], Value::Array(vec![]), "{read}");
        assert_eq!(told(officer, &person), ("returned".into(), "The age is missing.".into()));
        assert_eq!(told(officer, &interview).0, "approved");
    }
    // The answer goes the same way, and headquarters has nothing twice.
    let change = json!({"occupation": "weaver"}).to_string();
    officer.run_with(&["entry", "amend", &person, "--from", "-", "--reason", "NEWINFO"], &change);
    let (answer, _) = writes(officer, &agency, "answer.age", Some(GUJRAT));
    reads(supervisor, &answer);
    assert!(waiting(supervisor).contains(&("answered".into(), person)));
    supervisor.run(&["sync"]);
    for actor in [officer, supervisor] {
        assert_eq!(actor.run(&["verify"])["holds"], true, "{}", actor.name);
    }
}

/// Where only supervisors read the unit's cases, the word is sealed to the officer's device beside them.
#[test]
fn a_word_reaches_the_officer_by_a_stick_of_the_hub() {
    let agency = TestAgency::build();
    agency.admin.run(&["roster", "policy", "readers", "supervisors"]);
    agency.admin.run(&["roster", "publish"]);
    agency.officer.run(&["sync"]);
    let story = record(&agency.officer, 1, "lemtavrosk");
    let (to_hub, _) = writes(&agency.officer, &agency, "to-hub.age", None);
    hub_reads(&agency, &to_hub);
    agency.supervisor.run(&["sync"]);
    let person = story.person().to_owned();
    agency.supervisor.run(&["review", "return", &person, "--note", "The age is missing."]);
    agency.supervisor.run(&["sync"]);
    let (of_supervisor, _) = writes(&agency.supervisor, &agency, "of-supervisor.age", Some(GUJRAT));
    let stick = hub_writes(&agency, "from-hub.age", GUJRAT);
    for stick in [&stick, &of_supervisor] {
        let read = reads(&agency.officer, stick);
        assert_eq!((number(&read, "carried"), &read["trouble"]), (0, &Value::Array(vec![])), "{read}");
        assert_eq!(told(&agency.officer, &person), ("returned".into(), "The age is missing.".into()));
    }
}
