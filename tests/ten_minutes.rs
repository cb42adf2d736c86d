//! The ten-minute case from end to end, at a real terminal: opened, described, interviewed, screened, charged, referred and kept by keys;
//! carried to headquarters; returned by a supervisor at a terminal of their own; corrected; and seen again.

use std::fs;

use crate::support::{Actor, TestAgency, Typist};

/// What the settings say of an officer, so that a station's forms are filled in beforehand.
const OFFICER: &str = "\n[officer]\nagency = \"PB-POL\"\nprovince = \"PK-PB\"\ndistrict = \"PK617\"\n\
                       police_station = \"Model Town\"\nname = \"SI Sana Malik\"\n";

fn sits_down(actor: &Actor) -> Typist {
    let mut typist = Typist::sits_down(&actor.home, &[]);
    typist.sees("This device is locked");
    let words = fs::read_to_string(&actor.passphrase).unwrap();
    typist.types(&format!("\"{}\" Enter", words.trim_end()));
    typist
}

/// Adds a form by its place in the list, by keys as `screens` reads them, and keeps it.
fn adds(typist: &mut Typist, place: u8, script: &str) -> String {
    typist.does("F4", "Add to this case");
    typist.does(&format!("\"{place}\""), "Part 1 of");
    typist.does(&format!("{script} F10"), "Who will be able to read this");
    typist.keeps()
}

/// The line of the question that is asked; none while a frame is being drawn that shows two, or none yet.
fn asked(screen: &str) -> Option<String> {
    let mut lines = screen.lines().filter(|line| line.contains('▸'));
    lines.next().filter(|_| lines.next().is_none()).map(str::to_owned)
}

#[test]
fn the_ten_minute_case_is_kept_received_returned_corrected_and_seen_again() {
    let agency = TestAgency::build();
    let (officer, supervisor) = (&agency.officer, &agency.supervisor);
    let settings = officer.file("settings.toml");
    let before = fs::read_to_string(&settings).unwrap_or_default();
    fs::write(&settings, format!("{before}{OFFICER}")).unwrap();
    let mut typist = sits_down(officer);
    typist.sees("No case is here yet");
    typist.does("F4", "New case");
    typist.does("\"r\" Enter \"111\" F3 \"3\" F3 \"Raiwind\" F10", "Who will be able to read this");
    typist.keeps();
    adds(&mut typist, 1, "\"11\" Tab \"24\" Enter \"7a\" Enter \"p\" Enter F9");
    adds(
        &mut typist,
        2,
        "\"11p\" Enter Enter \"11111111\" Tab \"11\" F3 \"Canary at the brick kiln.\" F3 \"p\" Enter F3 \"1\"",
    );
    adds(&mut typist, 4, "\"1222131312111133\" \"11\" Tab \"11\"");
    typist.does("F4", "Add to this case");
    typist.does("\"offence\" Enter", "Part 1 of");
    typist.fills(&[("Section", "\"3(1)\" Enter"), ("Stage of investigation", "\"enquiry\" Enter")]);
    typist.keeps();
    let screen = adds(&mut typist, 6, "\"1s\" Enter \"11\"");
    assert!(!screen.contains("Canary"), "an account is in no list\n{screen}");
    typist.sees_that("all of it received", |screen| screen.contains("● received") && !screen.contains("○ kept"));
    typist.types("C-q");
    assert!(typist.ends().success());

    supervisor.run(&["sync"]);
    let mut typist = sits_down(supervisor);
    typist.sees("1 case");
    typist.does("F10", "Amanat · Review");
    typist.sees("new");
    // The oldest stands first: the opening of the case.
    typist.does("Home F5", "Part 1 of 1");
    typist.does("\"Which kiln?\" F10", "Who will be able to read this");
    typist.keeps();
    typist.does("Esc", "Search");
    typist.does("F10", "Amanat · Review");
    typist.sees("returned");
    typist.types("C-q");
    assert!(typist.ends().success());
    supervisor.run(&["sync"]);
    officer.run(&["sync"]);

    let mut typist = sits_down(officer);
    typist.sees("1 case");
    typist.does("F7", "Returned by your supervisor");
    typist.does("Enter", "Which kiln?");
    typist.does("F6", "Correcting");
    for _ in 0..60 {
        // One whole frame for both: a question that is looked for in half a frame is passed by.
        let screen = typist.sees_that("a question", |screen| asked(screen).is_some());
        if screen.contains("▸ Place of exploitation") {
            break;
        }
        let before = asked(&screen);
        typist.types("Tab");
        typist.sees_that("the next question", |screen| asked(screen).is_some_and(|line| Some(line) != before));
    }
    typist.types("\", kiln 7\"");
    typist.does("F10", "What changes");
    typist.sees("and this device, nobody else");
    typist.types("Down*2 Enter F10");
    typist.sees_that("the case with its correction", |screen| screen.contains("When") && screen.contains("Stands at"));
    typist.types("C-q");
    assert!(typist.ends().success());
    officer.run(&["sync"]);
    supervisor.run(&["sync"]);
    let waiting = supervisor.run(&["review", "list"]);
    assert!(waiting["waiting"].as_array().unwrap().iter().any(|row| row["why"] == "answered"), "{waiting}");
    assert_eq!(officer.run(&["verify"])["holds"], true);
}
