//! Forms that others wrote: a workbook as ODK and Kobo users write it is taken in by headquarters, signed, published, and filled by an
//! officer; what has no counterpart is named with its row.

use std::path::Path;

use rust_xlsxwriter::Workbook;
use serde_json::{Value, json};

use crate::support::{TestAgency, number, open_case, opening};

pub(crate) type Sheet<'a> = (&'a str, &'a [&'a [&'a str]]);

pub(crate) fn workbook(path: &Path, sheets: &[Sheet<'_>]) {
    let mut book = Workbook::new();
    for (name, rows) in sheets {
        let sheet = book.add_worksheet().set_name(*name).unwrap();
        for (at, row) in rows.iter().enumerate() {
            for (column, cell) in row.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
                sheet.write_string(u32::try_from(at).unwrap(), u16::try_from(column).unwrap(), *cell).unwrap();
            }
        }
    }
    book.save(path).unwrap();
}

const SURVEY: &[&[&str]] = &[
    &[
        "type",
        "name",
        "label::English (en)",
        "label::Urdu (ur)",
        "required",
        "relevant",
        "constraint",
        "constraint_message",
    ],
    &["start", "start"],
    &["begin_group", "stay", "The stay", "قیام"],
    &["note", "", "Ask gently.", "نرمی سے پوچھیں۔"],
    &["select_one yesno", "Sheltered", "In a shelter?", "پناہ گاہ میں؟", "yes"],
    &["integer", "nights", "Nights", "راتیں", "${Sheltered} = 'y'", "${Sheltered} = 'y'", ". <= 365", "A year at most"],
    &["select_multiple need or_other", "needs", "Needs", "ضروریات", "", "${nights} > 3"],
    &["end_group"],
    &["geopoint", "where", "Where"],
    &["text", "remark", "Remark", "", "", "string-length(${needs}) > 2"],
    &["begin_repeat", "child", "Child", "بچہ"],
    &["text", "nick", "Called", "نام"],
    &["integer", "age", "Age", "عمر", "yes", "", ". < 18"],
    &["end_repeat"],
];

const CHOICES: &[&[&str]] = &[
    &["list_name", "name", "label::English (en)", "label::Urdu (ur)"],
    &["yesno", "y", "Yes", "ہاں"],
    &["yesno", "n", "No", "نہیں"],
    &["need", "food", "Food", "خوراک"],
    &["need", "doctor", "Doctor", "ڈاکٹر"],
    &["need", "food", "Food again", "پھر خوراک"],
];

const SETTINGS: &[&[&str]] = &[&["form_title", "form_id", "version"], &["Shelter stay", "Shelter-Stay", "3"]];

#[test]
fn a_workbook_is_taken_in_published_and_filled_with_its_conditions_and_repeats() {
    let agency = TestAgency::build();
    let (admin, officer) = (&agency.admin, &agency.officer);
    let file = agency.dir.path().join("stay.xlsx");
    workbook(&file, &[("survey", SURVEY), ("choices", CHOICES), ("settings", SETTINGS)]);
    let taken = admin.run(&["form", "import", "xlsform", file.to_str().unwrap()]);
    assert_eq!(taken["forms"], json!(["shelter_stay@3", "shelter_stay_child@3"]), "{taken}");
    let left: Vec<(&str, u64)> = taken["left_out"]
        .as_array()
        .unwrap()
        .iter()
        .map(|note| (note["sheet"].as_str().unwrap(), number(note, "row")))
        .collect();
    // `start`; a place; a condition with a function; a choice that stands twice.
    assert_eq!(left, [("choices", 6), ("survey", 2), ("survey", 9), ("survey", 10)], "{taken}");
    admin.run(&["form", "publish"]);
    officer.run(&["sync"]);

    let case = open_case(officer, &opening(1, "xlsform"));
    let add = |form: &str, answers: &Value| {
        let arguments = ["entry", "add", "--form", form, "--case", &case, "--from", "-"];
        officer.ask_with(&arguments, &answers.to_string())
    };
    let late = add("shelter_stay", &json!({"shelter_stay_sheltered": "y"}));
    assert!(late.code == 2 && late.message().contains("shelter_stay_nights (required)"), "{}", late.json);
    let long = add("shelter_stay", &json!({"shelter_stay_sheltered": "y", "shelter_stay_nights": 366}));
    assert!(long.code == 2 && long.message().contains("A year at most"), "{}", long.json);
    let stray = add("shelter_stay", &json!({"shelter_stay_sheltered": "n", "shelter_stay_nights": 2}));
    let told = &stray.json["warnings"][0];
    assert_eq!(
        (&told["question"], &told["what"]),
        (&json!("shelter_stay_nights"), &json!("not asked under these answers"))
    );
    let stay = add(
        "shelter_stay",
        &json!({"shelter_stay_sheltered": "y", "shelter_stay_nights": 5, "shelter_stay_needs": ["food", "other"],
            "shelter_stay_needs_other": "a telephone", "shelter_stay_remark": "none"}),
    );
    assert_eq!(stay.code, 0, "{}", stray.json);
    let child = add("shelter_stay_child", &json!({"shelter_stay_child_of": stay.json["entry"], "shelter_stay_age": 7}));
    assert_eq!(child.code, 0, "{}", child.json);
    officer.run(&["sync"]);
    agency.reader.run(&["sync"]);
    let read = agency.reader.run(&["case", "show", &case]);
    let entries = read["entries"].as_array().unwrap();
    let answers =
        |form: &str| entries.iter().rfind(|entry| entry["form"] == form).map(|entry| entry["answers"].clone());
    assert_eq!(answers("shelter_stay@3").unwrap()["shelter_stay_needs_other"], "a telephone");
    assert_eq!(answers("shelter_stay_child@3").unwrap()["shelter_stay_child_of"], stay.json["entry"]);
}

#[test]
fn nothing_of_a_workbook_is_left_out_without_its_row() {
    let agency = TestAgency::offline();
    let file = agency.dir.path().join("quiet.xlsx");
    let survey: &[&[&str]] = &[
        &[
            "type",
            "name",
            "label",
            "relevant",
            "appearance",
            "guidance_hint::English (en)",
            "read_only",
            "media::image",
        ],
        &["note", "first", "Ask gently.", "${where} = 'home'"],
        &["text", "where", "Where", "", "", "Not aloud"],
        &["text", "account", "Account", "", "multiline"],
        &["select_one yesno", "again", "Again?", "", "minimal", "", "yes", "map.png"],
        &["note", "last", "Thank them."],
    ];
    let choices: &[&[&str]] = &[
        &["list_name", "name", "label"],
        &["yesno", "y", "Yes"],
        &["forgotten", "a", "A"],
        &["forgotten", "b", "B"],
        &["yesno", "n", "No"],
    ];
    workbook(&file, &[("survey", survey), ("choices", choices)]);
    let taken = agency.admin.run(&["form", "import", "xlsform", file.to_str().unwrap()]);
    let left: Vec<String> = taken["left_out"]
        .as_array()
        .unwrap()
        .iter()
        .map(|note| format!("{} {}: {}", note["sheet"].as_str().unwrap(), note["row"], note["what"].as_str().unwrap()))
        .collect();
    let wanted = [
        "choices 3: no question chooses of list “forgotten”; all of it is left out",
        "survey 2: relevant: a note stands with the question after it, whatever the answers are",
        "survey 3: guidance_hint has no counterpart; left out",
        "survey 5: appearance has no counterpart; it looks like every other question",
        "survey 5: media has no counterpart; left out",
        "survey 5: read_only has no counterpart; it can be answered",
        "survey 6: no question comes after this note; left out",
    ];
    assert_eq!(left, wanted, "{taken}");
}

#[test]
fn a_workbook_that_is_no_form_is_refused_and_nothing_is_kept() {
    let agency = TestAgency::offline();
    let admin = &agency.admin;
    let file = agency.dir.path().join("odd.xlsx");
    let path = file.to_str().unwrap();
    let header: &[&str] = &["type", "name", "label"];
    let refused = |sheets: &[Sheet<'_>], why: &str| {
        workbook(&file, sheets);
        let answer = admin.ask(&["form", "import", "xlsform", path]);
        assert!(answer.code == 5 && answer.message().contains(why), "{why}: {}", answer.json);
    };
    refused(&[("data", &[header])], "no sheet “survey”");
    refused(&[("survey", &[&["question", "answer"], &["a", "b"]])], "no column “type”");
    refused(&[("survey", &[header, &["geopoint", "where", "Where"]])], "asks nothing");
    refused(
        &[("survey", &[header, &["begin_group", "g", "G"], &["text", "a", "A"]])],
        "row 2: what begins here never ends",
    );
    refused(&[("survey", &[header, &["text", "a", "A"], &["end_repeat"]])], "row 3: this ends what never began");
    refused(
        &[("survey", &[header, &["begin_group", "g", "G"], &["text", "a", "A"], &["end_repeat"]])],
        "row 4: this does not end what begins in row 2",
    );
    // A cell at the far corner of what a spreadsheet can be: a few kilobytes that claim the world.
    let mut far = Workbook::new();
    let sheet = far.add_worksheet().set_name("survey").unwrap();
    for (row, column, cell) in [(0, 0, "type"), (0, 1, "name"), (1_048_575, 16_383, "far")] {
        sheet.write_string(row, column, cell).unwrap();
    }
    far.save(&file).unwrap();
    let answer = admin.ask(&["form", "import", "xlsform", path]);
    assert!(answer.code == 5 && answer.message().contains("larger than a form can be"), "{}", answer.json);
    let deep: Vec<&[&str]> =
        std::iter::once(header).chain(std::iter::repeat_n(&["begin_group", "g", "G"][..], 40)).collect();
    refused(&[("survey", &deep)], "more than 20 deep");
    std::fs::write(&file, b"PK\x03\x04 and then nothing").unwrap();
    let answer = admin.ask(&["form", "import", "xlsform", path]);
    assert!(answer.code == 5 && answer.message().contains("not a readable spreadsheet"), "{}", answer.json);
    let answer = admin.ask(&["form", "import", "xlsform", "/nowhere.xlsx"]);
    assert_eq!(answer.code, 1, "{}", answer.json);
    assert!(!admin.home.join("codebook-draft").exists());
}
