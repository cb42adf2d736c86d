//! Slips that a device cannot open are wrapped for it by another one while its screen is open: the case stands on the page with the next sync.

use crate::support::{GUJRAT, TestAgency, Typist, record};

#[test]
fn what_another_wraps_for_somebody_while_their_screen_is_open_stands_on_the_page_with_the_next_sync() {
    let agency = TestAgency::build();
    agency.admin.run(&["roster", "policy", "readers", "supervisors"]);
    let colleague = agency.enrol("colleague", "officer", GUJRAT);
    agency.admin.run(&["roster", "publish"]);
    let (officer, supervisor) = (&agency.officer, &agency.supervisor);
    for actor in [officer, supervisor, &colleague] {
        actor.run(&["sync"]);
    }
    let own = record(&colleague, 1, "zukhwendar");
    let given = record(officer, 2, "palmishto");
    for actor in [officer, supervisor, &colleague] {
        actor.run(&["sync"]);
    }

    let mut typist = Typist::sits_down(&colleague.home, &[]);
    typist.sees("This device is locked");
    let passphrase = std::fs::read_to_string(&colleague.passphrase).unwrap();
    let screen = typist.does(&format!("\"{}\" Enter", passphrase.trim_end()), "1 case");
    assert!(!screen.contains("palmishto"), "{screen}");
    supervisor.run(&["review", "assign", &given.case, "--to", "colleague", "--note", "Hear the driver."]);
    supervisor.run(&["sync"]);
    typist.does("F5", "2 cases");
    // Found by what was sealed under the slips that were not for it, and open on its page.
    let found = typist.does("\"palmishto\"", "1 case");
    assert!(!found.contains("nearly"), "{found}");
    let shown = typist.does("Enter", "When By Stands at");
    assert!(shown.contains("Interview"), "{shown}");
    typist.types("C-q");
    typist.ends();
    let cases = colleague.run(&["case", "list"]);
    let cases: Vec<&str> = cases["cases"].as_array().unwrap().iter().filter_map(|case| case["case"].as_str()).collect();
    assert!(cases.len() == 2 && cases.contains(&own.case.as_str()), "where it stands after a restart: {cases:?}");
}
