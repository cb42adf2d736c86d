//! The form that IOM's Human Trafficking Case Data Standard 2.0 ships for Kobo, by its names and types: taken in whole, filled, and read at
//! headquarters. The names are the standard's (CC BY 4.0, IOM); lists and answers are made up. The file itself imports the same way:
//! `amanat form import xlsform htcds_xlsform.xlsx`.

use serde_json::{Map, Value, json};

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
    let kept = add(&answers);
    assert_eq!(kept.code, 0, "{}", kept.json);
    agency.officer.run(&["sync"]);
    agency.reader.run(&["sync"]);
    let read = agency.reader.run(&["case", "show", &case]);
    let entries = read["entries"].as_array().unwrap();
    let read = &entries.iter().find(|entry| entry["form"] == "htcds_xlsform@1").unwrap()["answers"];
    for (id, given) in &answers {
        assert_eq!(&read[id], given, "{id}");
    }
}
