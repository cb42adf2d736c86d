//! The form that IOM's Human Trafficking Case Data Standard 2.0 ships for Kobo, by its names and types: taken in whole, filled, and read at
//! headquarters. The names are the standard's (CC BY 4.0, IOM); lists and answers are made up. The file itself imports the same way:
//! `amanat form import xlsform htcds_xlsform.xlsx`.

use std::{fs, path::Path};

use serde_json::{Map, Value, json};

use crate::support::held_workbook as held;
use crate::support::{TestAgency, open_case, opening};
use crate::xlsform::workbook;

/// Type and name of each question, in the standard's order. Two of them carry the label “Second Name”, as the standard's own file does.
const QUESTIONS: [(&str, &str); 31] = [
    ("select_one consent", "con_Consent"),
    ("text", "prs_Salutation"),
    ("text", "prs_First_Name"),
    ("text", "prs_Second_Name"),
    ("date", "prs_Birthdate"),
    ("select_one gender", "prs_Gender"),
    ("select_one citizenship", "prs_Citizenship"),
    ("text", "prs_Title"),
    ("text", "prs_Email"),
    ("text", "prs_HomePhone"),
    ("text", "prs_MobilePhone"),
    ("text", "prs_MailingCity"),
    ("text", "prs_MailingCountry"),
    ("text", "prs_MailingState"),
    ("text", "prs_MailingStreet"),
    ("text", "prs_MailingPostalCode"),
    ("select_multiple methodofrecruitment", "vic_MethodOfRecruitment"),
    ("text", "vic_LocationOfRecruitment"),
    ("select_one traffickingstatus", "vic_TraffickingStatus"),
    ("select_one traffickingstatusdecisionmakingorg", "vic_TraffickingStatusDecisionMakingOrg"),
    ("select_multiple methodsofcontrol", "vic_Methods_of_Control"),
    ("select_multiple typeofexploitation", "vic_TypeOfExploitation"),
    ("select_multiple forcedlabourindustry", "vic_ForcedLabourIndustry"),
    ("select_multiple typeofsexexploitation", "vic_TypeOfSexExploitation"),
    ("text", "vic_LocationOfExploitation"),
    ("select_one status", "cas_Status"),
    ("text", "cas_ReferringOrganisation"),
    ("date", "cas_IncomingReferralDate"),
    ("text", "cas_ReferringPrimaryCaseWorker"),
    ("text", "cas_ReasonForIncomingReferral"),
    ("text", "cas_IncomingReferralDetails"),
];

fn label(name: &str) -> &str {
    if name == "prs_Title" { "Second Name" } else { name.split_once('_').map_or(name, |(_, label)| label) }
}

fn lists() -> impl Iterator<Item = &'static str> {
    QUESTIONS
        .iter()
        .filter_map(|(kind, _)| kind.strip_prefix("select_").and_then(|kind| kind.split_once(' ')))
        .map(|it| it.1)
}

/// What an officer gives to a question of this type.
fn given(kind: &str, at: usize) -> Value {
    match kind.split(' ').next() {
        Some("select_one") => json!("First"),
        Some("select_multiple") => json!(["First", "Second-2"]),
        Some("date") => json!(format!("2020-03-{:02}", at % 28 + 1)),
        _ => json!(format!("a sample, {at}")),
    }
}

#[test]
fn the_standards_own_form_is_taken_in_whole_filled_and_read_at_headquarters() {
    let agency = TestAgency::build();
    let file = agency.dir.path().join("htcds_xlsform.xlsx");
    let mut survey =
        vec![vec!["type", "name", "label", "required", "calculation"], vec!["start", "start"], vec!["end", "end"]];
    survey.extend(QUESTIONS.iter().map(|(kind, name)| vec![*kind, *name, label(name), "false"]));
    survey.push(vec!["calculate", "__version__", "", "", "'v1'"]);
    let mut choices = vec![vec!["list_name", "name", "label"]];
    choices.extend(
        lists().flat_map(|list| [vec![list, "First", "The first\u{a0}"], vec![list, "Second-2", "The second"]]),
    );
    let survey: Vec<&[&str]> = survey.iter().map(Vec::as_slice).collect();
    let choices: Vec<&[&str]> = choices.iter().map(Vec::as_slice).collect();
    workbook(&file, &[("survey", &survey), ("choices", &choices)]);

    let taken = agency.admin.run(&["form", "import", "xlsform", file.to_str().unwrap()]);
    assert_eq!(
        (&taken["forms"], &taken["questions"]),
        (&json!(["htcds_xlsform@1"]), &json!(QUESTIONS.len())),
        "{taken}"
    );
    let left: Vec<&Value> = taken["left_out"].as_array().unwrap().iter().map(|left| &left["row"]).collect();
    assert_eq!(left, [2, 3, 35], "what every entry says by itself, and a mark of the tool that made it: {taken}");
    assert_eq!(taken["files"].as_array().unwrap().len(), lists().count() + 1);
    agency.admin.run(&["form", "publish"]);
    agency.officer.run(&["sync"]);

    let id = |name: &str| format!("htcds_xlsform_{}", name.to_lowercase());
    let answers: Map<String, Value> =
        QUESTIONS.iter().enumerate().map(|(at, (kind, name))| (id(name), given(kind, at))).collect();
    let case = open_case(&agency.officer, &opening(1, "standard"));
    let add = |answers: &Map<String, Value>| {
        let add = ["entry", "add", "--form", "htcds_xlsform", "--case", &case, "--from", "-"];
        agency.officer.ask_with(&add, &Value::Object(answers.clone()).to_string())
    };
    for (kind, name) in QUESTIONS.iter().filter(|(kind, _)| kind.starts_with("select")) {
        let mut strange = answers.clone();
        strange.insert(id(name), if kind.starts_with("select_one") { json!("Third") } else { json!(["Third"]) });
        let refused = add(&strange);
        assert!(refused.code == 2 && refused.message().contains(&id(name)), "{name}: {}", refused.json);
    }
    // Filled at the screen, question by question, and read at headquarters.
    let plan = held::plan(&file);
    let mut typist = held::at_the_case(&agency.officer.home, &agency.officer.passphrase);
    let opened = held::types(&mut typist, &plan);
    assert!(opened.lines().any(|line| line.trim_end() == " ▸ Consent"), "in one language, and so said once\n{opened}");
    drop(typist);
    for answers in plan["added"].as_array().unwrap() {
        let kept = add(answers.as_object().unwrap());
        assert_eq!(kept.code, 0, "{}", kept.json);
    }
    agency.officer.run(&["sync"]);
    agency.reader.run(&["sync"]);
    let read = agency.reader.run(&["case", "show", &case]);
    holds(&file, &agency.admin.home.join("codebook-draft"), &taken, &read);
}

/// The script finds the workbook in what was taken in and read, and each of these faults.
fn holds(file: &Path, drafts: &Path, taken: &Value, read: &Value) {
    let folder = file.parent().unwrap();
    let compare = |taken: &Value, read: &Value| {
        for (name, what) in [("taken.json", taken), ("read.json", read)] {
            fs::write(folder.join(name), what.to_string()).unwrap();
        }
        let output = held::compare(file, &folder.join("taken.json"), drafts, Some(&folder.join("read.json")));
        (
            output.status.code(),
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)),
        )
    };
    let (code, said) = compare(taken, read);
    assert!(code == Some(0) && said.contains("carried whole, or named"), "{said}");
    assert!(said.contains("31 questions, 22 choices of 11 lists"), "{said}");
    assert!(said.contains("31 answers typed, 2 entries more"), "{said}");

    let finds = |what: &str, (code, said): (Option<i32>, String)| {
        assert!(code == Some(1) && said.contains(what), "not found: {what}\n{said}");
    };
    let mut silent = taken.clone();
    silent["left_out"].as_array_mut().unwrap().pop();
    finds("survey, row 35: calculate", compare(&silent, read));
    let mut other = read.clone();
    let entries = other["entries"].as_array_mut().unwrap();
    let sheet = entries.iter_mut().find(|entry| entry["form"] == "htcds_xlsform@1").unwrap();
    sheet["answers"]["htcds_xlsform_prs_title"] = json!("another");
    finds("read and never given", compare(taken, &other));
    for (draft, from, to, what) in [
        ("forms/htcds_xlsform@1.toml", "kind = \"date\"", "kind = \"text\"", "prs_Birthdate is asked as text"),
        ("forms/htcds_xlsform@1.toml", "en = \"Salutation\"", "en = \"Saluting\"", "prs_Salutation reads “Saluting”"),
        ("lists/htcds_xlsform_gender.toml", "Second-2", "Third", "gender “Second-2” is neither offered nor named"),
    ] {
        let path = drafts.join(draft);
        let whole = fs::read_to_string(&path).unwrap();
        let spoilt = whole.replacen(from, to, 1);
        assert_ne!(whole, spoilt, "{draft} holds {from}");
        fs::write(&path, spoilt).unwrap();
        finds(what, compare(taken, read));
        fs::write(&path, whole).unwrap();
    }
}
