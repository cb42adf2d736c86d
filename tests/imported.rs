//! An imported table is read at headquarters as it stands in the file: a script that shares nothing with the program works out from
//! table, map and forms what each row must have become, and holds it against what the reader's home shows.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::{Value, json};

use crate::support::{Actor, TestAgency, record};

/// Made up, and small: equal rows, empty cells and an empty row, several values in a cell, spaces, a comma, a line's end and Urdu
/// in cells, and words for *no* in cells that are carried.
const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/imported/sample.csv");
const MAP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/intake/maps/ctdc_victim_perpetrator.toml");
const FORMS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/codebook/forms");
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/imported/equal.py");
const ROWS: usize = 38;

/// Runs the script over a table and what was read.
fn compare(folder: &Path, table: &Path, read: &Value) -> Output {
    let file = folder.join("read.json");
    fs::write(&file, read.to_string()).unwrap();
    let mut script = Command::new("python3");
    script.arg(SCRIPT).arg("--table").arg(table).args(["--map", MAP, "--forms", FORMS]).arg("--read").arg(file);
    script.output().expect("python3 is there")
}

/// The table imported by the officer, and what headquarters reads of it in its own home.
fn imported(agency: &TestAgency) -> Value {
    let kept = agency.officer.run(&["import", "csv", TABLE, "--map", MAP]);
    assert_eq!((&kept["kept"], &kept["bad"]), (&ROWS.into(), &json!([])), "{kept}");
    agency.officer.run(&["sync"]);
    agency.reader.run(&["sync"]);
    agency.reader.run(&["case", "show", "--all"])
}

/// The answers of the n-th sheet of this form.
fn answers<'a>(read: &'a mut Value, form: &str, n: usize) -> &'a mut Value {
    let cases = read["cases"].as_array_mut().unwrap();
    let entries = cases.iter_mut().flat_map(|case| case["entries"].as_array_mut().unwrap());
    &mut entries.filter(|entry| entry["form"] == form).nth(n).unwrap()["answers"]
}

#[test]
fn what_headquarters_reads_is_the_table_field_for_field_and_a_planted_difference_is_found() {
    let agency = TestAgency::build();
    // A case that was typed stands beside the imported ones and is not taken for one of them.
    record(&agency.officer, 1, "semlokrind");
    let read = imported(&agency);
    let folder = agency.dir.path();
    let same = compare(folder, Path::new(TABLE), &read);
    let said = String::from_utf8_lossy(&same.stdout);
    assert!(same.status.success(), "{said}{}", String::from_utf8_lossy(&same.stderr));
    for line in [
        "table      38, of which 34 differ",
        "38, of which 34 differ from each other; from elsewhere: 1",
        "798: 16 columns",
    ] {
        assert!(said.contains(line), "no “{line}” in {said}");
    }

    for (what, told, spoil) in planted() {
        let mut spoilt = read.clone();
        spoil(&mut spoilt);
        found(&compare(folder, Path::new(TABLE), &spoilt), what, told);
    }
    let text = fs::read_to_string(TABLE).unwrap();
    let other = folder.join("other.csv");
    for (what, told, spoilt) in [
        ("a changed cell of the table", "person.gender", text.replace("female ", "Male")),
        ("a row that was not read", "line 41", format!("{text}2031,Female,,,,,,,,,,,,,,\n")),
        (
            "an empty cell that is said to be no",
            "cells.IP_RecruiterBroker",
            text.replacen("Yes;No,1,,", "Yes;No,,,", 1),
        ),
    ] {
        assert_ne!(spoilt, text, "{what} was not planted");
        fs::write(&other, spoilt).unwrap();
        found(&compare(folder, &other, &read), what, told);
    }
}

fn found(output: &Output, what: &str, told: &str) {
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(
        output.status.code(),
        Some(1),
        "{what} was not found: {said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(said.contains("DIFFERENT: ") && said.contains(told), "{what}: “{told}” is not in {said}");
}

type Plant = (&'static str, &'static str, fn(&mut Value));

/// Differences as they could come about on the way, with a word that names each.
fn planted() -> [Plant; 10] {
    fn cases(read: &mut Value) -> &mut Vec<Value> {
        read["cases"].as_array_mut().unwrap()
    }
    fn imported_at(read: &mut Value) -> usize {
        cases(read).iter().position(|case| case["entries"][0]["source"].is_object()).unwrap()
    }
    [
        ("another code", "person.gender", |read| {
            let first = (0..ROWS).find(|n| answers(read, "person@1", *n)["gender"] == "F").unwrap();
            answers(read, "person@1", first)["gender"] = "TF".into();
        }),
        ("not recorded that became no", "person.exploitation_type", |read| {
            let silent = json!({"answer": "not_recorded"});
            let first = (0..ROWS).find(|n| answers(read, "person@1", *n)["exploitation_type"] == silent).unwrap();
            answers(read, "person@1", first)["exploitation_type"] = json!([]);
        }),
        ("one of two values", "person.exploitation_type", |read| {
            let both = (0..ROWS).find(|n| {
                answers(read, "person@1", *n)["exploitation_type"].as_array().is_some_and(|all| all.len() == 2)
            });
            answers(read, "person@1", both.unwrap())["exploitation_type"].as_array_mut().unwrap().pop();
        }),
        ("an answer that no cell gave", "person.nationality", |read| {
            answers(read, "person@1", 20)["nationality"] = "PAK".into();
        }),
        ("a required question that says nothing", "neither answered nor said", |read| {
            answers(read, "person@1", 3).as_object_mut().unwrap().remove("language");
        }),
        ("an answer of the map", "case.handling_code", |read| {
            let sheet = (0..=ROWS).find(|n| answers(read, "case@1", *n)["case_owner"].is_object()).unwrap();
            answers(read, "case@1", sheet)["handling_code"] = "H1".into();
        }),
        ("a carried cell", "cells.", |read| {
            let entries = cases(read).iter_mut().flat_map(|case| case["entries"].as_array_mut().unwrap());
            let mut carried = entries.filter(|entry| entry["source"]["cells"]["IP_Gender"] == "Female;Male");
            carried.next().unwrap()["source"]["cells"]["IP_Gender"] = "Male".into();
        }),
        ("a missing row", "stands", |read| {
            let at = imported_at(read);
            cases(read).remove(at);
        }),
        ("a row read twice", "is read 2 times", |read| {
            let at = imported_at(read);
            let again = cases(read)[at].clone();
            cases(read).push(again);
        }),
        ("one row in the place of another", "reads otherwise", |read| {
            let at = imported_at(read);
            let mut again = cases(read)[at].clone();
            for (n, entry) in again["entries"].as_array_mut().unwrap().iter_mut().enumerate() {
                entry["entry"] = format!("{n:032}").into();
            }
            let mine = again["entries"][1]["source"].clone();
            let others =
                |case: &Value| case["entries"][1]["source"].is_object() && case["entries"][1]["source"] != mine;
            let other = cases(read).iter().rposition(others);
            cases(read)[other.unwrap()] = again;
        }),
    ]
}

/// How many openings of cases this home reads as noted by that device.
fn openings(actor: &Actor, device: &Value) -> usize {
    let read = actor.run(&["case", "show", "--all"]);
    let entries = read["cases"].as_array().unwrap().iter().flat_map(|case| case["entries"].as_array().unwrap());
    entries.filter(|entry| entry["kind"] == "access" && entry["what"] == "case" && entry["device"] == *device).count()
}

#[test]
fn reading_all_cases_is_on_record_in_each_that_is_anothers_once() {
    let agency = TestAgency::build();
    let read = imported(&agency);
    assert_eq!((&read["total"], &read["closed"]), (&ROWS.into(), &0.into()));
    let (reader, station) = (&agency.reader, &agency.supervisor);
    let (kept, _) = reader.counts();
    reader.run(&["case", "show", "--all"]);
    let one = read["cases"][0]["case"].as_str().unwrap();
    reader.run(&["case", "show", one]);
    assert_eq!(reader.counts().0, kept, "a case that was opened is not opened again");
    reader.run(&["sync"]);
    station.run(&["sync"]);
    assert_eq!(openings(station, &reader.run(&["status"])["device"]), ROWS);
    assert_eq!(openings(&agency.officer, &agency.officer.run(&["status"])["device"]), 0, "an officer's own cases");
}

/// A cell at the far corner of what a spreadsheet can be: a few kilobytes that claim the world are read as what stands in them.
#[test]
fn a_workbook_of_the_standard_that_claims_the_world_costs_what_stands_in_it() {
    use amanat::{codebook::Codebook, intake};
    let map = intake::htcds_map(Codebook::builtin().unwrap()).unwrap();
    let book = |far: (u32, u16)| {
        let mut book = rust_xlsxwriter::Workbook::new();
        let sheet = book.add_worksheet();
        for (at, name) in (0..).zip(["prs_FirstName", "prs_Gender", "cas_Status"]) {
            sheet.write_string(0, at, name).unwrap();
            sheet.write_string(1, at, "x").unwrap();
        }
        sheet.write_string(far.0, far.1, "far").unwrap();
        book.save_to_buffer().unwrap()
    };
    let long = intake::htcds_table(&book((1_048_575, 1)), &map).unwrap();
    assert_eq!(long.header, ["prs_FirstName", "prs_Gender", "cas_Status"]);
    let wide = intake::htcds_table(&book((1, 16_383)), &map);
    assert!(matches!(wide, Err(intake::MapError::NoHeader(why)) if why.contains("row 2, column 16384")));
}

/// The columns of the standard's spreadsheet in the template's own spelling or the XLSForm's, and what a cell of each must become.
const STANDARD: &[(&str, &str, &str, &str)] = &[
    ("prs_FirstName", "SAMPLE", "name_full", "\"SAMPLE PERSON\""),
    ("prs_SecondName", "PERSON", "name_full", "\"SAMPLE PERSON\""),
    ("prs_Gender", "Feminine", "gender", "\"F\""),
    ("prs_Citizenship", "AF;PK", "nationality", "\"AFG\""),
    // The labels of the mailing columns stand against one another: whatever stands in them is one address.
    ("prs_MailingCity", "Sample Street 1", "home_address", "\"Sample Street 1 Sampletown\""),
    ("prs_MailingCountry", "Sampletown", "home_address", "\"Sample Street 1 Sampletown\""),
    ("vic_TraffickinStatusDecisionMakingOrg", "Police", "status_decider", "\"POLICE\""),
    ("vic_RelationshipToTrafficker", "Unaquainted", "recruiter_relation", "\"STRANGER\""),
    (
        "vic_MethodsOfControl",
        "RestrictsMovement;UsesChildren;DebtBondage ",
        "control_method",
        "[\"MOVE\",\"CHILD\",\"DEBT\"]",
    ),
    ("vic_TypeOfExploitation", "ForcedLabour", "exploitation_type", "[\"FORCEDLAB\"]"),
    ("cas_Status", "Active", "case_status", "\"ACT\""),
];

/// As the standard's XLSForm, and so an export of what was filled with it, spells a column.
fn as_the_form_spells(column: &str) -> &str {
    match column {
        "prs_FirstName" => "prs_First_Name",
        "prs_SecondName" => "prs_Second_Name",
        "vic_TraffickinStatusDecisionMakingOrg" => "vic_TraffickingStatusDecisionMakingOrg",
        "vic_MethodsOfControl" => "vic_Methods_of_Control",
        same => same,
    }
}

#[test]
fn a_spreadsheet_of_the_standard_becomes_a_case_with_its_person() {
    for spelling in [str::trim as fn(&str) -> &str, as_the_form_spells] {
        comes_in("htcds.xlsx", |file| {
            let mut book = rust_xlsxwriter::Workbook::new();
            let sheet = book.add_worksheet();
            for (at, (name, cell, ..)) in (0..).zip(STANDARD) {
                sheet.write_string(0, at, spelling(name)).unwrap();
                sheet.write_string(1, at, *cell).unwrap();
            }
            sheet.write_string(2, 2, "Martian").unwrap();
            book.save(file).unwrap();
        });
    }
}

#[test]
fn the_same_columns_in_a_text_file_become_the_same() {
    comes_in("htcds.csv", |file| {
        let header: Vec<&str> = STANDARD.iter().map(|(name, ..)| as_the_form_spells(name)).collect();
        let cells: Vec<&str> = STANDARD.iter().map(|(_, cell, ..)| *cell).collect();
        let strange = format!(",,Martian{}", ",".repeat(STANDARD.len() - 3));
        fs::write(file, format!("{}\n{}\n{strange}\n", header.join(","), cells.join(","))).unwrap();
    });
}

/// Whatever `write` put into a file of this name comes in as [`STANDARD`] says, once.
fn comes_in(name: &str, write: impl Fn(&Path)) {
    let agency = TestAgency::offline();
    let officer = &agency.officer;
    let file = agency.dir.path().join(name);
    write(&file);
    let arguments = ["import", "htcds", file.to_str().unwrap()];
    let before = officer.counts();
    let dry = officer.run(&[&arguments[..], &["--dry-run"]].concat());
    assert_eq!((&dry["rows"], officer.counts()), (&json!(2), before), "a dry run writes nothing: {dry}");
    let kept = officer.run(&arguments);
    assert_eq!((&kept["kept"], &kept["bad"]), (&json!(2), &json!([])), "{kept}");
    assert_eq!(officer.run(&arguments)["kept"], 0, "and not again");
    let read = officer.run(&["case", "show", "--all"]);
    let sheets: Vec<&Value> =
        read["cases"].as_array().unwrap().iter().flat_map(|case| case["entries"].as_array().unwrap()).collect();
    let person = sheets.iter().find(|entry| entry["answers"]["nationality"] == "AFG").expect("the person came in");
    let named = officer.run(&["entry", "show", person["entry"].as_str().unwrap(), "--names"]);
    for (column, cell, question, wanted) in STANDARD {
        let wanted: Value = serde_json::from_str(wanted).unwrap();
        let found = [&named["answers"][question], &named["names"][0][question]];
        let case = sheets.iter().any(|entry| entry["form"] == "case@1" && entry["answers"][question] == wanted);
        assert!(found.contains(&&wanted) || case, "{column} = {cell} must be {question} = {wanted}: {named}");
    }
}
