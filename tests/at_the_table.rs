//! What an officer does beside the forms, by the built program: papers, lists that are narrowed and named, and what ties cases.

use std::{fs, process::Command};

use serde_json::{Value, json};

use crate::support::{Actor, TestAgency, number, open_case, opening, person, record, text};

fn add(officer: &Actor, case: &str, form: &str, answers: &Value) -> String {
    let kept = officer.run_with(&["entry", "add", "--form", form, "--case", case, "--from", "-"], &answers.to_string());
    text(&kept, "/entry")
}

#[test]
fn a_paper_goes_through_a_pipe_leaves_no_file_and_is_on_record() {
    let agency = TestAgency::offline();
    let officer = &agency.officer;
    let story = record(officer, 3, "lemtavrosk");
    let none = officer.ask(&["entry", "paper", story.person(), "--paper", "consent", "--print"]);
    assert!(none.code == 2 && none.message().contains("no command that prints"), "{}", none.json);

    // A printer that says what it was given, outside the home.
    let out = agency.dir.path().join("printed");
    let settings = officer.file("settings.toml");
    let before = fs::read_to_string(&settings).unwrap_or_default();
    let command = format!("print_command = [\"sh\", \"-c\", \"cat > '{}'\"]\n", out.display());
    fs::write(&settings, format!("{command}{before}")).unwrap();
    officer.run(&["entry", "paper", story.person(), "--paper", "consent", "--names", "--print"]);
    let page = fs::read_to_string(&out).unwrap();
    assert!(page.contains("SAMPLE PERSON 3 lemtavrosk") && page.contains("dir=\"rtl\""), "{page}");

    // Asked for again without the name, to stdout, where a pipe takes it on.
    let mut verb: Command = officer.command(["entry", "paper", story.person(), "--paper", "consent", "--out", "-"]);
    let said = verb.output().unwrap();
    let both = officer.ask(&["entry", "paper", story.person(), "--paper", "consent", "--out", "-"]);
    assert!(both.code == 2 && both.message().contains("cannot both go to stdout"), "{}", both.json);
    let page = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(!page.contains("lemtavrosk") || page.contains("PS Sample"), "{page}");
    assert!(!page.contains("SAMPLE PERSON"), "a name only when it is asked for");

    let letter = officer.ask(&["entry", "paper", story.person(), "--paper", "letter", "--out", "x.html"]);
    assert!(letter.code == 2 && letter.message().contains("no such paper"), "{}", letter.json);
    let shown = officer.run(&["case", "show", &story.case]);
    let prints = shown["entries"].as_array().unwrap().iter().filter(|entry| entry["what"] == "print").count();
    assert!(prints >= 1, "each is on record\n{shown}");
}

#[test]
fn cases_are_narrowed_and_a_filter_with_a_name_is_found_again_and_lies_sealed() {
    let agency = TestAgency::offline();
    let officer = &agency.officer;
    let bonded = record(officer, 1, "aaa").case;
    let other = open_case(officer, &opening(2, "bbb"));
    let total = |arguments: &[&str]| number(&officer.run(&[&["case", "list"], arguments].concat()), "total");
    assert_eq!(total(&[]), 2);
    assert_eq!(total(&["--exploitation", "bonded"]), 1, "codes are taken in any case");
    assert_eq!(total(&["--class", "SOM"]), 0);
    assert_eq!(total(&["--open", "--station", "PS Sample"]), 2);
    let unit = officer.run(&["status"])["unit"].as_str().unwrap().to_owned();
    assert_eq!((total(&["--unit", &unit]), total(&["--unit", "HQ"])), (2, 0), "{unit}");
    let wrong = officer.ask(&["case", "list", "--unit", "nobody's"]);
    assert!(wrong.code == 2 && wrong.hint().contains(&unit), "{}", wrong.json);
    assert_eq!((total(&["--unit", "HQ", "--save", "theirs"]), total(&["--filter", "theirs"])), (0, 0));
    let wrong = officer.ask(&["case", "list", "--class", "NOSUCH"]);
    assert!(wrong.code == 2 && wrong.hint().contains("TIP"), "{}", wrong.json);
    assert_eq!(total(&["--exploitation", "BONDED", "--save", "zarvimkiln"]), 1);
    let told = officer.run(&["case", "list", "--filter", "zarvimkiln"]);
    assert_eq!(text(&told, "/cases/0/case"), bonded);
    let none = officer.ask(&["case", "list", "--filter", "nobody"]);
    assert!(none.code == 2 && none.hint().contains("zarvimkiln"), "{}", none.json);
    for entry in
        fs::read_dir(officer.file(".")).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file())
    {
        let bytes = fs::read(&entry).unwrap();
        assert!(!bytes.windows(10).any(|part| part == b"zarvimkiln"), "{} holds the name of a filter", entry.display());
    }
    assert_ne!(bonded, other);
}

#[test]
fn a_suspect_in_two_cases_ties_them_and_no_name_is_told() {
    let agency = TestAgency::offline();
    let officer = &agency.officer;
    let one = open_case(officer, &opening(1, "first kiln"));
    let two = open_case(officer, &opening(2, "second kiln"));
    let mut suspect = person(7, "gulvarenko");
    suspect["role"] = json!("SUS");
    suspect["perp_role"] = json!(["RECRUIT"]);
    suspect["suspect_status"] = json!("WANTED");
    for name in
        ["victim_status", "status_decider", "status_date", "no_liability_check", "exploitation_type", "act", "means"]
    {
        suspect.as_object_mut().unwrap().remove(name);
    }
    for name in ["sector", "debt_pkr", "family_bonded", "safe_contact"] {
        suspect.as_object_mut().unwrap().remove(name);
    }
    suspect["safe_contact"] = json!("NEVER");
    add(officer, &one, "person", &suspect);
    suspect["name_full"] = json!("somebody else entirely");
    add(officer, &two, "person", &suspect);
    let told = officer.run(&["case", "links", &one]);
    assert_eq!((text(&told, "/links/0/why"), text(&told, "/links/0/case")), ("cnic".into(), two));
    assert_eq!(told["links"][0]["roles"], json!(["SUS", "SUS"]));
    assert!(!told.to_string().contains("gulvarenko"), "{told}");
}
