//! Two cases are said to be one, through the built programs and a hub: whoever reads both sees one and counts one, whoever reads one of
//! them learns nothing of the other, nothing is lost, and a later word takes it back.

use serde_json::{Value, json};

use crate::support::{Actor, GUJRAT, TestAgency, number, open_case, opening, record, text};

const SUKKUR: &str = "PS Sample, Sukkur";

fn cases(actor: &Actor) -> Vec<String> {
    let told = actor.run(&["case", "list"]);
    told["cases"].as_array().unwrap().iter().map(|case| text(case, "/case")).collect()
}

fn sorted(mut ids: Vec<String>) -> Vec<String> {
    ids.sort();
    ids
}

fn sync(actors: &[&Actor]) {
    for actor in actors {
        actor.run(&["sync"]);
    }
}

/// Cases and victims of the month, as a return counts them.
fn counted(supervisor: &Actor) -> (i64, i64) {
    let said = json!({"period": "2026-10", "nil_return": false, "unit": "Saddar", "signed_by": "SI"}).to_string();
    let kept = supervisor.run_with(&["entry", "add", "--form", "return", "--from", "-"], &said);
    let told = supervisor.run(&["entry", "show", &text(&kept, "/entry")]);
    let figure = |name: &str| told["answers"][name].as_i64().unwrap_or_else(|| panic!("{name}: {told}"));
    (figure("count_cases"), figure("count_victims"))
}

#[test]
fn whoever_reads_both_sees_one_and_counts_one_and_whoever_reads_one_learns_nothing() {
    let agency = TestAgency::build();
    let far = Actor::new(agency.dir.path(), "supervisor-sukkur", agency.dir.path().join("supervisor-sukkur"));
    let (officer, supervisor, reader) = (&agency.officer, &agency.supervisor, &agency.reader);
    sync(&[officer, supervisor, &far, reader]);
    let (one, two) = (record(officer, 1, "lemtavrosk"), record(officer, 2, "pulmashtir"));
    sync(&[officer, supervisor]);
    supervisor.run(&["case", "share", &two.case, "--unit", SUKKUR]);
    sync(&[supervisor, &far, reader]);
    assert_eq!(cases(&far), std::slice::from_ref(&two.case));
    let before = far.run(&["case", "show", &two.case])["entries"].as_array().unwrap().len();
    assert_eq!(counted(supervisor), (2, 2));

    let own = officer.ask(&["review", "merge", &two.case, "--into", &one.case, "--note", "The same FIR."]);
    assert_eq!(own.code, 5, "an officer says nothing of the kind: {}", own.json);
    let said = supervisor.run(&["review", "merge", &two.case, "--into", &one.case, "--note", "The same FIR."]);
    assert!(!said["readers"].to_string().contains(SUKKUR), "who reads one of them is not told: {said}");
    supervisor.run(&["review", "merge", two.person(), "--into", one.person(), "--note", "One card."]);
    sync(&[supervisor, &far, reader, officer]);
    for actor in [supervisor, reader] {
        assert_eq!(
            cases(actor).iter().filter(|case| [&one.case, &two.case].contains(case)).count(),
            1,
            "{}",
            actor.name
        );
        let shown = actor.run(&["case", "show", &one.case]);
        assert_eq!(text(&shown, "/beneath/0/case"), two.case, "{}", actor.name);
        assert_eq!(text(&actor.run(&["case", "show", &two.case]), "/duplicate_of"), one.case);
        let found = actor.run(&["case", "search", "pulmashtir"]);
        assert!(found.to_string().contains(&one.case), "what the duplicate says finds the one that stands: {found}");
    }
    assert_eq!(counted(supervisor), (1, 1));
    // Who reads the duplicate alone has it as it was, and no sign of the other.
    assert_eq!(cases(&far), std::slice::from_ref(&two.case));
    let shown = far.run(&["case", "show", &two.case]);
    assert_eq!(shown["duplicate_of"], Value::Null);
    assert_eq!(shown["entries"].as_array().unwrap().iter().filter(|entry| entry["kind"] != "access").count(), before);
    let words = far.run(&["case", "search", "lemtavrosk"]);
    assert_eq!(words["cases"].as_array().map(Vec::len), Some(0), "{words}");
    assert_eq!(far.ask(&["entry", "show", &text(&said, "/entry")]).code, 2);

    supervisor.run(&["review", "apart", &two.case, &one.case, "--note", "Two kilns after all."]);
    sync(&[supervisor, reader]);
    for actor in [supervisor, reader] {
        let both = cases(actor).into_iter().filter(|case| [&one.case, &two.case].contains(&case)).collect();
        assert_eq!(sorted(both), sorted(vec![one.case.clone(), two.case.clone()]), "{}", actor.name);
    }
    assert_eq!(counted(supervisor), (2, 1), "the person is one still");
    for actor in [officer, supervisor, reader, &far] {
        assert_eq!(actor.run(&["verify"])["holds"], true, "{}", actor.name);
    }
}

#[test]
fn headquarters_is_not_told_where_one_of_the_two_is_its_own_units_alone() {
    let agency = TestAgency::build();
    let (supervisor, reader) = (&agency.supervisor, &agency.reader);
    sync(&[supervisor, reader]);
    let open = open_case(supervisor, &opening(1, "lemtavrosk"));
    let mut shut = opening(2, "pulmashtir");
    shut["handling_code"] = json!("H1");
    let shut = open_case(supervisor, &shut);
    let said = supervisor.run(&["review", "merge", &shut, "--into", &open, "--note", "The same FIR."]);
    assert_eq!(said["readers"].as_array().map(Vec::len), Some(1), "{said}");
    sync(&[supervisor, reader]);
    assert_eq!(reader.ask(&["entry", "show", &text(&said, "/entry")]).code, 2);
    assert!(cases(reader).contains(&open) && number(&reader.run(&["case", "list"]), "total") == 1);
    let odd = supervisor.ask(&["review", "merge", &shut, "--into", &shut, "--note", "x"]);
    assert_eq!(odd.code, 2, "{}", odd.json);
}

/// Which case of the two somebody is shown, and what is beneath it.
fn folded(actor: &Actor, stands: &str) -> (Vec<String>, Value) {
    (cases(actor), actor.run(&["case", "show", stands])["beneath"].clone())
}

fn merge(supervisor: &Actor, gone: &str, stands: &str) -> String {
    text(&supervisor.run(&["review", "merge", gone, "--into", stands, "--note", "The same FIR."]), "/entry")
}

/// Two stations are let in after the word: the one that comes to read both reads the word, the one that reads one of them learns nothing.
#[test]
fn whoever_comes_to_read_both_later_reads_what_was_said_of_them_before() {
    let agency = TestAgency::build();
    agency.admin.run(&["roster", "unit-add", "PS Sample, Layyah"]);
    let other = agency.enrol("supervisor-layyah", "supervisor", "PS Sample, Layyah");
    agency.admin.run(&["roster", "publish"]);
    let far = Actor::new(agency.dir.path(), "supervisor-sukkur", agency.dir.path().join("supervisor-sukkur"));
    let (officer, supervisor) = (&agency.officer, &agency.supervisor);
    sync(&[officer, supervisor, &far, &other]);
    let (one, two) = (record(officer, 1, "lemtavrosk"), record(officer, 2, "pulmashtir"));
    sync(&[officer, supervisor]);
    let word = merge(supervisor, &two.case, &one.case);
    let persons = merge(supervisor, two.person(), one.person());
    supervisor.run(&["case", "share", &two.case, "--unit", SUKKUR]);
    supervisor.run(&["case", "share", &one.case, "--unit", "PS Sample, Layyah"]);
    sync(&[supervisor, &far, &other]);
    for (actor, case) in [(&far, &two.case), (&other, &one.case)] {
        assert_eq!(folded(actor, case), (vec![case.clone()], json!([])), "{}", actor.name);
        for said in [&word, &persons] {
            assert_eq!(actor.ask(&["entry", "show", said]).code, 2, "{}", actor.name);
        }
    }
    supervisor.run(&["case", "transfer", &one.case, "--to", SUKKUR, "--reason", "OTHERDIST"]);
    sync(&[supervisor, &far, &other]);
    let (listed, beneath) = folded(&far, &one.case);
    assert_eq!((listed, &beneath[0]["case"]), (vec![one.case.clone()], &json!(two.case)), "{beneath}");
    assert_eq!(text(&far.run(&["case", "show", &two.case]), "/duplicate_of"), one.case);
    assert_eq!(far.ask(&["entry", "show", &persons]).code, 0, "and who in them is one");
    assert_eq!(
        folded(&other, &one.case),
        (vec![one.case.clone()], json!([])),
        "who reads one of them still learns nothing"
    );
    for said in [&word, &persons] {
        assert_eq!(other.ask(&["entry", "show", said]).code, 2);
    }
    for actor in [officer, supervisor, &far, &other] {
        assert_eq!(actor.run(&["verify"])["holds"], true, "{}", actor.name);
    }
}

/// The word is said by somebody who has not heard yet that another station reads both.
#[test]
fn a_word_that_was_said_before_its_author_heard_who_reads_both_reaches_them_with_the_next_pass() {
    let agency = TestAgency::build();
    let colleague = agency.enrol("colleague", "supervisor", GUJRAT);
    agency.admin.run(&["roster", "publish"]);
    let far = Actor::new(agency.dir.path(), "supervisor-sukkur", agency.dir.path().join("supervisor-sukkur"));
    let (officer, supervisor) = (&agency.officer, &agency.supervisor);
    sync(&[officer, supervisor, &far, &colleague]);
    let (one, two) = (record(officer, 1, "lemtavrosk"), record(officer, 2, "pulmashtir"));
    sync(&[officer, supervisor, &colleague]);
    for case in [&one.case, &two.case] {
        supervisor.run(&["case", "share", case, "--unit", SUKKUR]);
    }
    let word = merge(&colleague, &two.case, &one.case);
    sync(&[supervisor, &far]);
    assert_eq!(sorted(cases(&far)), sorted(vec![one.case.clone(), two.case.clone()]));
    // The word goes up, and whoever shared them opens it to those who read both.
    sync(&[&colleague, supervisor, &far]);
    let (listed, beneath) = folded(&far, &one.case);
    assert_eq!((listed, &beneath[0]["case"]), (vec![one.case.clone()], &json!(two.case)), "{beneath}");
    assert_eq!(far.ask(&["entry", "show", &word]).code, 0);
}

/// Who is given one case after the other reads the word with the second; what is said when both are theirs, at once.
#[test]
fn whoever_both_cases_are_given_to_reads_what_is_said_of_them() {
    let agency = TestAgency::build();
    let colleague = agency.enrol("colleague", "officer", GUJRAT);
    agency.admin.run(&["roster", "publish"]);
    let (officer, supervisor) = (&agency.officer, &agency.supervisor);
    sync(&[officer, supervisor, &colleague]);
    let (one, two) = (record(officer, 1, "lemtavrosk"), record(officer, 2, "pulmashtir"));
    sync(&[officer, supervisor]);
    let word = merge(supervisor, &two.case, &one.case);
    let give = |case: &str| supervisor.run(&["review", "assign", case, "--to", "colleague", "--note", "Go on."]);
    give(&one.case);
    sync(&[supervisor, &colleague]);
    assert_eq!(folded(&colleague, &one.case), (vec![one.case.clone()], json!([])));
    assert_eq!(colleague.ask(&["entry", "show", &word]).code, 2, "who has one of them learns nothing");
    give(&two.case);
    sync(&[supervisor, &colleague]);
    let (listed, beneath) = folded(&colleague, &one.case);
    assert_eq!((listed, &beneath[0]["case"]), (vec![one.case.clone()], &json!(two.case)), "{beneath}");
    supervisor.run(&["review", "apart", &two.case, &one.case, "--note", "Two kilns after all."]);
    sync(&[supervisor, &colleague]);
    assert_eq!(sorted(cases(&colleague)), sorted(vec![one.case.clone(), two.case.clone()]));
    assert_eq!(colleague.run(&["verify"])["holds"], true);
}
