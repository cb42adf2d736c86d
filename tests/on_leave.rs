//! A supervisor goes on leave and somebody stands in, on a live agency: what follows is said before it is signed, the stand-in reads and decides,
//! and when the leave is over and the station has a new key they read nothing that comes after.

use serde_json::Value;

use crate::{
    rotation::{finds, offer_and_list},
    support::{Actor, GUJRAT, TestAgency, jot, record, text},
};

fn sync(actors: &[&Actor]) {
    for actor in actors {
        actor.run(&["sync"]);
    }
}

/// What would follow of a change, of which nothing is signed; then it is signed and handed out.
fn changed(agency: &TestAgency, change: &[&str]) -> String {
    let version = agency.admin.run(&["roster", "show"])["version"].clone();
    let would = agency.admin.run(&[change, &["--dry-run"]].concat());
    assert_eq!((&would["adopted"], &agency.admin.run(&["roster", "show"])["version"]), (&false.into(), &version));
    let signed = agency.admin.run(change);
    assert_eq!((&signed["adopted"], &signed["changes"]), (&true.into(), &would["changes"]), "{signed}");
    agency.admin.run(&["roster", "publish"]);
    would["changes"].to_string()
}

#[test]
fn whoever_stands_in_reads_and_decides_while_the_leave_lasts_and_reads_nothing_that_comes_after_it() {
    let agency = TestAgency::build();
    let (officer, supervisor, reader) = (&agency.officer, &agency.supervisor, &agency.reader);
    let nadia = agency.enrol("nadia", "officer", GUJRAT);
    agency.admin.run(&["roster", "publish"]);
    let before = record(officer, 1, "zukhwendar");
    sync(&[officer, supervisor, reader, &nadia]);
    assert_eq!(finds(&nadia, "zukhwendar"), 0, "officers do not read a colleague's case here");
    let early = nadia.ask(&["review", "approve", before.interview()]);
    assert_ne!(early.code, 0, "{}", early.json);

    let (member, colleague) = (format!("nadia, {GUJRAT}"), format!("supervisor, {GUJRAT}"));
    let said = changed(&agency, &["roster", "stand-in", &member, "--for", &colleague]);
    for line in [
        format!("{member} becomes supervisor at {GUJRAT}"),
        format!("{member} will read what {GUJRAT} keeps, and what it kept before"),
    ] {
        assert!(said.contains(&line), "{line}: {said}");
    }
    // The station's key comes to her with the first contacts; she works on as the officer that she is.
    sync(&[&nadia, supervisor, &nadia]);
    assert_eq!(finds(&nadia, "zukhwendar"), 1, "what was kept before, too");
    let during = record(officer, 2, "palmishto");
    sync(&[officer, &nadia]);
    nadia.run(&["review", "return", during.interview(), "--note", "tarvelish: the date is missing"]);
    record(&nadia, 3, "dunsparrow");
    sync(&[&nadia, officer, supervisor, reader]);
    let shown = officer.run(&["case", "show", &during.case]);
    assert!(shown.to_string().contains("tarvelish"), "her word reaches the officer: {shown}");
    assert_eq!([supervisor, reader].map(|actor| finds(actor, "dunsparrow")), [1, 1], "her own work goes on");

    let said = changed(&agency, &["roster", "withdraw", &member, "supervisor", "--unit", GUJRAT]);
    assert!(said.contains(&format!("{member} no longer reads for {GUJRAT} and still holds its key")), "{said}");
    assert!(said.contains(&format!("then give {GUJRAT} a new key")), "{said}");
    sync(&[supervisor]);
    offer_and_list(&agency);
    sync(&[supervisor]);
    assert_eq!(text(&supervisor.run(&["keys", "rotate", "unit", GUJRAT]), "/state"), "done");
    sync(&[supervisor, reader, supervisor, officer, &nadia]);
    record(officer, 4, "velkommarsh");
    jot(officer, &before.case, 5, "quellanto");
    sync(&[officer, supervisor, reader, &nadia]);
    for mark in ["velkommarsh", "quellanto"] {
        assert_eq!([supervisor, reader, &nadia].map(|actor| finds(actor, mark)), [1, 1, 0], "{mark}");
    }
    let late = nadia.ask(&["review", "approve", during.interview()]);
    assert_ne!(late.code, 0, "she decides nothing any more: {}", late.json);
    // What she said while she stood in counts for ever, and her own case is hers.
    let shown = supervisor.run(&["case", "show", &during.case]);
    assert!(shown.to_string().contains("tarvelish"), "{shown}");
    jot(&nadia, &own_case(&nadia, "dunsparrow"), 6, "merkulqash");
    sync(&[&nadia, supervisor, reader]);
    assert_eq!([supervisor, reader].map(|actor| finds(actor, "merkulqash")), [1, 1]);
    for actor in [officer, supervisor, reader, &nadia] {
        assert_eq!(actor.run(&["verify"])["holds"], Value::from(true), "{}", actor.name);
    }
}

/// The one case in which somebody finds a word.
fn own_case(actor: &Actor, mark: &str) -> String {
    text(&actor.run(&["case", "search", mark]), "/cases/0/case")
}
