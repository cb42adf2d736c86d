//! What a keeper reads of a hub that serves: the live screen in a window of any size, and where devices call it.

use std::fs;

use crate::support::{HubProcess, TestAgency, Typist, beside_us, hub_says, text};

#[test]
fn the_live_screen_keeps_its_head_in_a_small_window_and_counts_what_does_not_fit() {
    let agency = TestAgency::build();
    agency.officer.run(&["sync"]);
    let home = agency.hub_home.to_string_lossy().into_owned();
    let arguments = ["status", "--watch", "--every", "1", "--home", &home];
    let mut typist = Typist::starts(&beside_us("amanat-hub"), agency.dir.path(), &arguments);
    let screen = typist.sees("last heard");
    assert!(screen.trim_start().starts_with("hub "), "{screen}");
    typist.resizes(80, 9);
    let screen = typist.sees_that("what fits", |screen| screen.contains("more lines: amanat-hub status"));
    assert!(screen.trim_start().starts_with("hub "), "{screen}");
    // In a window of one size the same again, and not below it.
    typist.resizes(80, 24);
    typist.sees_that("all of it again", |screen| screen.contains("last heard"));
    typist.types("C-c");
    typist.ends();
}

#[test]
fn a_hub_is_called_where_the_roster_says_and_an_approval_says_that_it_asks_for_another_address() {
    let agency = TestAgency::build();
    let listed = || text(&agency.admin.run(&["roster", "show"]), "/hubs/0/url");
    let (held, asked) = (listed(), "http://127.0.0.1:9".to_owned());
    assert!(agency.hub_status()["asked_url"].is_null(), "{}", agency.hub_status());
    // Its keeper writes another address into the settings, and nothing else.
    let settings = agency.hub_home.join("settings.toml");
    let before = fs::read_to_string(&settings).unwrap();
    assert_eq!(before.matches(&held).count(), 1, "{before}");
    fs::write(&settings, before.replace(&held, &asked)).unwrap();
    let status = agency.hub_status();
    assert_eq!((text(&status, "/url"), text(&status, "/asked_url")), (held.clone(), asked.clone()));
    let said = hub_says(&agency.hub_home, &["status"]);
    assert!(said.contains(&format!("called     {held}, as the roster says; the settings say {asked}")), "{said}");

    let (request, words) = HubProcess::asks(&agency.hub_home, &["request"]);
    let approve = ["roster", "approve", &request, "--role", "hub", "--fingerprint", &words];
    let approved = agency.admin.run(&approve);
    assert_eq!(
        (text(&approved, "/asked_url"), listed()),
        (asked.clone(), held),
        "what an admin gave stays: {approved}"
    );
    let approved = agency.admin.run(&[&approve[..], &["--url", &asked]].concat());
    assert!(approved["asked_url"].is_null(), "{approved}");
    assert_eq!(listed(), asked);
}
