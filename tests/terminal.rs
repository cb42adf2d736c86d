//! The screen from outside: keys go into a real terminal, and what the built program drew there is read back.

use std::{fs, time::Duration};

use rustix::process::Signal;
use serde_json::Value;

use crate::support::{Actor, Canary, TestAgency, Typist, open_case, opening};

/// How an officer answers what a case must have.
const CASE: &[(&str, &str)] = &[
    ("Recording agency", "\"punjab\" Enter"),
    ("Province", "\"punjab\" Enter"),
    ("District", "\"layyah\" Enter"),
    ("Police station", "\"PS Sample\" Enter"),
    ("Officer responsible", "\"SAMPLE officer\" Enter"),
    ("How it came to light", "Down Enter"),
    ("Risk now", "\"high\" Enter"),
    ("Border crossed", "Down Enter"),
    ("Victims counted", "\"1\" Enter"),
];

/// … a person …
const PERSON: &[(&str, &str)] = &[
    ("Role", "Down Enter"),
    ("Sex / gender", "\"man\" Enter"),
    ("Age in years", "\"41\" Enter"),
    ("Nationality", "\"pakistan\" Enter"),
];

/// … and an interview.
const INTERVIEW: &[(&str, &str)] = &[
    ("Person", "Down Enter"),
    ("Kind of statement", "\"follow\" Enter"),
    ("Started", "\"now\" Enter"),
    ("Place", "Down Enter"),
    ("Interviewer", "\"SAMPLE officer\" Enter"),
    ("Others present", "Down Space Enter"),
    ("Private", "Down Enter"),
    ("Safe, fed", "Down Enter"),
    ("Purpose", "Down Enter"),
    ("No promise", "Down Enter"),
    ("Agrees to interview", "Down Enter"),
    ("Who agreed", "Down Enter"),
    ("Account", "\"Canary at the brick kiln.\" Tab"),
    ("Language of the account", "\"english\" Enter"),
];

impl Typist {
    /// Unlocks the device of this actor and sees the cases.
    fn unlocks(home: &Actor, arguments: &[&str]) -> Self {
        let mut typist = Self::sits_down(&home.home, arguments);
        typist.sees("\u{2500}");
        typist.types(&format!("\"{}\" Enter", passphrase(home)));
        typist
    }

    /// The counts of the status line: kept, handed over, received.
    fn counts(screen: &str) -> Option<[u64; 3]> {
        let line = screen.lines().rev().find(|line| line.contains("handed over"))?;
        let number = |word: &str| line.split(word).nth(1)?.split_whitespace().next()?.parse().ok();
        Some([number("kept ")?, number("handed over ")?, number("received ")?])
    }
}

fn passphrase(actor: &Actor) -> String {
    fs::read_to_string(&actor.passphrase).unwrap().trim_end().to_owned()
}

#[test]
fn the_first_start_makes_keys_and_writes_a_request() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    let mut typist = Typist::sits_down(&home, &[]);
    typist.sees("Step 1 of 4");
    typist.does("\"Laptop 7\" Enter \"four quiet river stones\" Enter \"four quiet river stone\" Enter", "differ");
    let screen = typist.does("\"s\" Enter", "Step 2 of 4");
    assert!(!screen.contains("river stones"), "a passphrase is never drawn\n{screen}");
    let shown: Vec<&str> = screen
        .lines()
        .filter_map(|line| {
            let mut parts = line.split_whitespace();
            parts.next()?.parse::<u8>().ok().filter(|at| (1..=8).contains(at))?;
            parts.next()
        })
        .collect();
    assert_eq!(shown.len(), 8, "eight words\n{screen}");
    typist.does("Enter", "Step 3 of 4");
    let written = typist.does(&format!("\"{}\" Enter", folder.path().display()), "Take it to your admin");
    assert!(written.contains(".join"), "{written}");
    let requests = fs::read_dir(folder.path()).unwrap().flatten().filter(|file| {
        let path = file.path();
        path.extension().is_some_and(|end| end == "join") && file.metadata().unwrap().len() > 100
    });
    assert_eq!(requests.count(), 1);
    typist.types("C-q");
    assert!(typist.ends().success());
    for file in ["identity.age", "journal.sqlite"] {
        let bytes = fs::read(home.join(file)).unwrap();
        assert!(!bytes.windows(11).any(|piece| piece == b"quiet river"), "the passphrase lies in {file}");
    }
}

#[test]
fn a_whole_interview_is_typed_kept_and_received() {
    let agency = TestAgency::build();
    let officer = &agency.officer;
    agency.link.cut();
    let mut typist = Typist::sits_down(&officer.home, &[]);
    typist.sees("This device is locked");
    typist.does("\"not the passphrase\" Enter", "does not open this device");
    typist.does(&format!("\"{}\" Enter", passphrase(officer)), "No case is here yet");
    typist.does("F4", "New case");
    typist.fills(CASE);
    let screen = typist.sees("and this device, nobody else");
    assert!(screen.contains("Who will be able to read this") && screen.contains("PS Sample, Gujrat"), "{screen}");
    let screen = typist.keeps();
    assert!(screen.contains("○ kept") && screen.contains("Layyah"), "{screen}");
    add(&mut typist, "Person", PERSON);
    let screen = add(&mut typist, "Interview", INTERVIEW);
    assert!(!screen.contains("Canary"), "an account is not shown in a list\n{screen}");
    let screen = typist.sees_that("all of it kept, and none received", |screen| {
        Typist::counts(screen).is_some_and(|[kept, handed, received]| kept >= 4 && handed == 0 && received == 0)
    });
    assert!(screen.matches("○ kept").count() == 3 && !screen.contains("● received"), "{screen}");
    Canary::of(["Canary at the brick kiln."]).must_be_absent(agency.dir.path(), &[]);
    agency.link.mend();
    typist.does("Esc", "1 case");
    typist.types("F5");
    typist.sees_that("received", |screen| {
        Typist::counts(screen).is_some_and(|[kept, handed, received]| kept == 0 && handed == 0 && received >= 4)
    });
    let screen = typist.does("Enter", "When By Stands at");
    assert!(!screen.contains("○ kept") && screen.matches("● received").count() == 3, "{screen}");
    typist.types("C-q");
    assert!(typist.ends().success());
    agency.reader.run(&["sync"]);
    let cases = agency.reader.run(&["case", "list"]);
    let case = cases["cases"][0]["case"].as_str().unwrap().to_owned();
    let shown = agency.reader.run(&["case", "show", &case]);
    let entries = shown["entries"].as_array().unwrap();
    let interview =
        entries.iter().find(|entry| entry["form"] == "interview@1").expect("the interview is at headquarters");
    let read = agency.reader.run(&["entry", "show", interview["entry"].as_str().unwrap(), "--names"]).to_string();
    assert!(read.contains("Canary at the brick kiln."), "headquarters reads what was told: {read}");
    for entry in entries.iter().filter(|entry| entry["kind"] == "sheet") {
        let ask = ["entry", "show", entry["entry"].as_str().unwrap(), "--names"];
        let (here, there) = (officer.run(&ask), agency.reader.run(&ask));
        assert_eq!((&here["answers"], &here["names"]), (&there["answers"], &there["names"]), "answer for answer");
    }
}

/// What `cargo demo` does, with the program as it was built for the tests.
#[test]
fn the_tour_builds_an_agency_and_opens_its_screen() {
    let folder = tempfile::tempdir().unwrap();
    let demo = std::path::Path::new(env!("CARGO_BIN_EXE_amanat")).with_file_name("amanat-demo");
    let home = folder.path().join("agency");
    let mut typist = Typist::starts(&demo, folder.path(), &["tour", "--cases", "2", "--dir", &home.to_string_lossy()]);
    let told = typist.sees("Press Enter to open it.");
    for who in ["officer-gujrat", "officer-sukkur", "supervisor", "supervisor-sukkur", "reader", "admin", "hub"] {
        assert!(typist.scrolled_back().contains(who), "{who} is not named\n{told}");
    }
    typist.does("Enter", "This device is locked");
    let passphrase = fs::read_to_string(home.join("officer-gujrat.pass")).unwrap();
    typist.does(&format!("\"{}\" Enter", passphrase.trim_end()), "1 case");
    // Somebody else of the agency sits down beside it, while it runs.
    let beside = ["as", "supervisor", "--dir", &home.to_string_lossy()];
    let mut supervisor = Typist::starts(&demo, folder.path(), &beside);
    supervisor.sees("Press Enter to open it.");
    supervisor.does("Enter", "This device is locked");
    let passphrase = fs::read_to_string(home.join("supervisor.pass")).unwrap();
    supervisor.does(&format!("\"{}\" Enter", passphrase.trim_end()), "1 case");
    supervisor.types("C-q");
    assert!(supervisor.ends().success());
    let mut nobody = Typist::starts(&demo, folder.path(), &["as", "nobody", "--dir", &home.to_string_lossy()]);
    nobody.sees("nobody of that name lives in");
    assert!(!nobody.ends().success());
    typist.types("C-q");
    assert!(typist.ends().success());
}

/// Adds a form to the case that is open, filled as an officer would; gives the screen after it.
fn add(typist: &mut Typist, form: &str, answers: &[(&str, &str)]) -> String {
    typist.does("F4", "Add to this case");
    typist.does(&format!("\"{form}\" Enter"), "Part 1 of");
    typist.fills(answers);
    typist.keeps()
}

/// How many sealed drafts lie in a home.
fn drafts(actor: &Actor) -> i64 {
    let journal = rusqlite::Connection::open(actor.file("journal.sqlite")).unwrap();
    journal.query_row("select count(*) from shelf where shelf = 2", [], |row| row.get(0)).unwrap()
}

#[test]
fn a_kill_in_the_middle_of_a_form_loses_nothing_that_was_typed() {
    let agency = TestAgency::offline();
    let officer = &agency.officer;
    let case = open_case(officer, &opening(1, "kill"));
    let mut typist = Typist::unlocks(officer, &[]);
    typist.sees("1 case");
    typist.does("Enter", "When By Stands at");
    typist.does("F4", "Add to this case");
    typist.does("\"note\" Enter", "Part 1 of 1");
    typist.does("\"Typed before the lights went out.\"", "lights went out.");
    typist.waits_until("the draft is on disk", || drafts(officer) == 1);
    typist.signals(Signal::KILL);
    typist.ends();
    Canary::of(["Typed before the lights went out."]).must_be_absent(agency.dir.path(), &[]);
    let mut typist = Typist::unlocks(officer, &[]);
    typist.sees("1 unfinished form");
    typist.does("F9", "Unfinished forms");
    let screen = typist.does("Enter", "Part 1 of 1");
    assert!(
        screen.split_whitespace().collect::<Vec<_>>().join(" ").contains("Typed before the lights went out."),
        "{screen}"
    );
    typist.types("\" And after.\"");
    typist.fills(&[]);
    typist.keeps();
    typist.types("C-q");
    assert!(typist.ends().success());
    let shown = officer.run(&["case", "show", &case]).to_string();
    assert!(shown.contains("Typed before the lights went out. And after."), "{shown}");
    assert_eq!(officer.run(&["verify"])["holds"], true);
}

#[test]
fn a_terminated_program_gives_the_terminal_back() {
    let agency = TestAgency::offline();
    for signal in [Signal::TERM, Signal::HUP] {
        let mut typist = Typist::unlocks(&agency.officer, &[]);
        typist.sees("No case is here yet");
        let taken = typist.asks(|parser| (parser.screen().alternate_screen(), parser.screen().bracketed_paste()));
        assert_eq!(taken, (true, true));
        assert!(!typist.line_is_restored(), "the line is raw while the program draws");
        typist.signals(signal);
        typist.ends();
        typist.asks(|parser| {
            let screen = parser.screen();
            assert!(!screen.alternate_screen(), "{signal:?}: the alternate screen is left");
            assert!(!screen.hide_cursor(), "{signal:?}: the cursor is shown");
            assert!(!screen.bracketed_paste(), "{signal:?}: pastes are plain again");
            assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None, "{signal:?}");
        });
        assert!(typist.line_is_restored(), "{signal:?}: echo and lines as before");
    }
}

#[test]
fn a_window_that_changes_its_size_is_drawn_anew() {
    let agency = TestAgency::offline();
    open_case(&agency.officer, &opening(1, "size"));
    let mut typist = Typist::unlocks(&agency.officer, &[]);
    let rule = |columns: usize| move |screen: &str| screen.lines().any(|line| line == "\u{2500}".repeat(columns));
    let plain = |screen: &str| screen.lines().take(20).map(str::trim_end).collect::<Vec<_>>().join("\n");
    let first = typist.sees("1 case");
    for _again in 0..3 {
        typist.resizes(120, 40);
        let wide = typist.sees_that("120 columns", rule(120));
        assert!(wide.lines().count() >= 38 && wide.contains("1 case"), "{wide}");
        typist.resizes(80, 24);
        typist.sees_that("80 columns", rule(80));
        typist.sees_that("the list as it was", |screen| plain(screen) == plain(&first));
    }
    typist.resizes(30, 6);
    typist.sees_that("a word about the size", |screen| screen.contains("80 × 24"));
    typist.resizes(80, 24);
    typist.does("Enter", "What");
}

/// A window that is dragged small and large again faster than the program looks, and a key in the middle of it: what the terminal
/// forgot is drawn again, and the key is not kept back until the next one.
#[test]
fn a_key_among_changes_of_the_window_is_heard_and_all_is_drawn_again() {
    let agency = TestAgency::offline();
    open_case(&agency.officer, &opening(1, "size"));
    let mut typist = Typist::unlocks(&agency.officer, &[]);
    let first = typist.sees("1 case");
    let plain = |screen: &str| screen.lines().take(20).map(str::trim_end).collect::<Vec<_>>().join("\n");
    for _again in 0..3 {
        typist.signals(Signal::STOP);
        typist.resizes(30, 6);
        typist.resizes(80, 24);
        typist.signals(Signal::CONT);
        typist.sees_that("the list as it was", |screen| plain(screen) == plain(&first));
        typist.signals(Signal::STOP);
        typist.resizes(100, 30);
        typist.types("Enter");
        typist.signals(Signal::CONT);
        typist.sees("What");
        typist.resizes(80, 24);
        typist.does("Esc", "1 case");
        typist.sees_that("the list as it was", |screen| plain(screen) == plain(&first));
    }
}

/// What somebody types on an Urdu keyboard, and how it looks when the program puts it in order: joined, right to left.
const TYPED: &str = "نمونہ";
const SHAPED: &str = "ﮧﻧﻮﻤﻧ";

#[test]
fn urdu_is_shaped_by_the_program_or_by_the_terminal_and_stored_as_typed() {
    let agency = TestAgency::offline();
    let officer = &agency.officer;
    let case = open_case(officer, &opening(1, "urdu"));
    let mut stored = Vec::new();
    let mut screens = Vec::new();
    for (bidi, title, word) in [("app", "ﺲﯿﮐ · ﺖﻧﺎﻣﺍ", SHAPED), ("terminal", "امانت · کیس", TYPED)]
    {
        fs::write(officer.file("settings.toml"), format!("lang = \"en\"\nbidi = \"{bidi}\"\n")).unwrap();
        let mut typist = Typist::unlocks(officer, &[]);
        typist.sees("1 case");
        let screen = typist.does("F2", title);
        assert!(!screen.contains("Cases"), "{screen}");
        let asked = typist.everything().windows(4).any(|piece| piece == b"\x1b[8l");
        assert_eq!(asked, bidi == "app", "a terminal is asked to keep its hands off exactly when the program orders");
        screens.push(typist.cells());
        typist.does("Enter F4", "◂");
        typist.does("\"نوٹ\" Enter", "F10");
        typist.sees_that("the form", |screen| !screen.contains('╭'));
        typist.does(&format!("\"{TYPED}\""), word);
        typist.types("F10");
        typist.sees_that("who will read it", |screen| screen.contains("• HQ") || screen.contains("HQ •"));
        typist.types("Enter");
        let notes = if bidi == "app" { 2 } else { 3 };
        typist.sees_that("the note in the case", |screen| screen.matches('○').count() == notes);
        typist.types("C-q");
        assert!(typist.ends().success());
        let shown = officer.run(&["case", "show", &case]);
        let entries = shown["entries"].as_array().unwrap().clone();
        let said = |entry: &Value| entry["answers"]["note_text"]["value"].as_str().map(str::to_owned);
        stored.push(entries.iter().filter_map(said).collect::<Vec<_>>());
        fs::remove_file(officer.file("settings.toml")).unwrap();
    }
    assert_eq!(stored, [vec![TYPED.to_owned()], vec![TYPED.to_owned(), TYPED.to_owned()]]);
    let joined = |letter: char| ('\u{fb50}'..='\u{feff}').contains(&letter);
    let count = |cells: &[Vec<String>]| cells.iter().flatten().filter(|cell| cell.chars().any(joined)).count();
    let (app, terminal) = (count(&screens[0]), count(&screens[1]));
    println!("cells with joined forms: {app} ordered by the program, {terminal} left to the terminal");
    assert!(app > 60 && terminal == 0, "never both, never neither");
    let side = |cells: &[Vec<String>]| cells[0].iter().position(|cell| !cell.trim().is_empty()).unwrap();
    assert!(side(&screens[0]) <= 2 && side(&screens[1]) <= 2);
    let title = |cells: &[Vec<String>]| cells[0].concat();
    assert!(title(&screens[0]).trim_end().ends_with("ﺖﻧﺎﻣﺍ"), "the title stands on the right: {}", title(&screens[0]));
    assert!(title(&screens[1]).trim_start().starts_with("امانت"), "{}", title(&screens[1]));
}

/// The measured figures are the bench's (`cargo bench --bench idle`); here only that nothing spins.
#[test]
fn an_idle_program_sleeps() {
    let agency = TestAgency::build();
    let mut typist = Typist::unlocks(&agency.officer, &[]);
    typist.sees_that("an answer of the hub", |screen| screen.contains("   HQ "));
    typist.rests(Duration::from_secs(1));
    let before = typist.woke();
    let drawn = typist.rests(Duration::from_secs(10));
    let after = typist.woke();
    let (wakes, ran) = (after.0 - before.0, after.1 - before.1);
    println!("10 s idle: woke {wakes} times, ran {ran} µs, drew {drawn} times");
    assert!(wakes <= 5 && ran <= 10_000, "10 s idle: woke {wakes} times, ran {ran} µs, drew {drawn} times");
    // Behind it a key still works: it slept, it did not hang.
    typist.does("F1", "Esc");
}

#[test]
fn escape_sequences_in_stored_names_do_nothing() {
    let agency = TestAgency::offline();
    let evil = "PS \u{1b}[31mRED\u{1b}]0;owned\u{7}\u{1b}[2J\u{202e}x\u{9b}5n";
    agency.admin.run(&["roster", "unit-add", evil]);
    let officer = agency.enrol("evil", "officer", evil);
    open_case(&officer, &opening(1, "escape"));
    let mut typist = Typist::unlocks(&officer, &[]);
    let screen = typist.sees("1 case");
    assert!(screen.contains("[31mRED"), "the letters are shown as letters\n{screen}");
    let screen = typist.does("F8", "Words of the agency");
    assert!(screen.contains("[31mRED"), "{screen}");
    typist.does("Esc", "1 case");
    typist.does("Enter", "When By Stands at");
    let bytes = String::from_utf8(typist.everything()).unwrap();
    for forbidden in ["\u{1b}[31mRED", "\u{1b}]0;", "\u{7}", "\u{202e}", "\u{9b}", "\u{1b}[5m"] {
        assert!(!bytes.contains(forbidden), "{forbidden:?} reached the terminal");
    }
}

#[test]
fn hiding_locking_and_leaving_take_the_case_off_the_glass() {
    let agency = TestAgency::offline();
    let officer = &agency.officer;
    open_case(officer, &opening(1, "canary"));
    let mut typist = Typist::unlocks(officer, &[]);
    typist.sees("1 case");
    typist.does("Enter", "When By Stands at");
    typist.does("F4", "Add to this case");
    typist.does("\"note\" Enter", "Part 1 of 1");
    typist.does("\"Canary account.\"", "Canary account.");
    let clean =
        |screen: &str| !["Canary", "PS Sample", "Amanat", "Note", "Layyah"].iter().any(|word| screen.contains(word));
    typist.types("F12");
    typist.sees_that("a calendar and nothing else", |screen| screen.contains("Mo  Tu  We") && clean(screen));
    typist.does("F12", "Canary account.");
    typist.types("C-l");
    typist.sees_that("locked", |screen| {
        screen.contains("This device is locked") && !screen.contains("Canary") && !screen.contains("PS Sample")
    });
    let back = typist.scrolled_back();
    assert!(back.starts_with("0 rows") && !back.contains("Canary"), "{back}");
    typist.types("C-q");
    typist.ends();
    let back = typist.scrolled_back();
    assert!(back.starts_with("0 rows") && !back.contains("Canary") && !back.contains("locked"), "{back}");
}
