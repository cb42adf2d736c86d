//! A supervisor's team: what is known of officers who are away, through the built programs, and that it is never more than was said.

use serde_json::Value;

use crate::support::{Actor, TestAgency, Way, number, record, text};

/// The row of a person whose name this is.
fn row(supervisor: &Actor, name: &str) -> Value {
    let told = supervisor.run(&["status", "--team"]);
    let rows = told["team"].as_array().unwrap();
    let of_them: Vec<&Value> =
        rows.iter().filter(|row| text(row, "/member").starts_with(&format!("{name}, "))).collect();
    assert_eq!(of_them.len(), 1, "{told}");
    of_them[0].clone()
}

#[test]
fn a_supervisor_sees_contact_what_waits_at_least_roster_and_clock() {
    let mut agency = TestAgency::build();
    let version = number(&agency.admin.run(&["roster", "show"]), "version");
    // So much that the hub is asked where it is before any of it is sent.
    (1..=6).for_each(|story| drop(record(&agency.officer, story, "lemtavrosk")));
    let (kept, _) = agency.officer.counts();
    agency.kill_hub();
    agency.start_hub();
    let silent = row(&agency.supervisor, "officer");
    for unknown in ["unsent_at_least", "roster_version", "quarantined", "clock_ahead_seconds"] {
        assert_eq!(silent[unknown], Value::Null, "{unknown}: nobody knows");
    }
    // A little further each time, until the road breaks behind the place where it has said what waits.
    let said = (1..30).find_map(|further| {
        agency.link.cut_after(Way::Up, further * 700);
        assert_eq!(agency.officer.ask(&["sync"]).code, 4, "{further}");
        agency.link.mend();
        Some(row(&agency.supervisor, "officer")).filter(|told| told["unsent_at_least"] != Value::Null)
    });
    let told = said.expect("it said what waits before all of it had arrived");
    assert!((1..=kept).contains(&number(&told, "unsent_at_least")), "{told} of {kept}");
    assert_eq!(number(&told, "roster_version"), version, "{told}");
    assert!(number(&told, "quarantined") == 0 && told["clock_ahead_seconds"].as_i64().unwrap().abs() < 60, "{told}");
    assert!(text(&told, "/last_contact").starts_with("20"), "{told}");

    agency.officer.run(&["sync"]);
    assert_eq!(number(&row(&agency.supervisor, "officer"), "unsent_at_least"), 0);
    // What is kept after that is the officer's to know.
    record(&agency.officer, 7, "lemtavrosk");
    assert_eq!(number(&row(&agency.supervisor, "officer"), "unsent_at_least"), 0);
    let whole = agency.supervisor.run(&["status", "--team"]).to_string();
    assert!(!whole.contains("stranger, ") && !whole.contains("reader, "), "people of other units: {whole}");

    let refused = agency.officer.ask(&["status", "--team"]);
    assert_eq!((refused.code, text(&refused.json, "/error/kind")), (5, "refused".to_owned()));
    assert!(refused.message().contains("not the supervisor of any unit"), "{}", refused.json);
    agency.kill_hub();
    assert_eq!(agency.supervisor.ask(&["status", "--team"]).code, 4);
}
