//! The screens without a screen: lines in, lines out, through a pipe. The same workflow as by keys, for whoever listens.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use serde_json::Value;

use crate::{
    support::{Actor, TestAgency, record, text},
    ten_minutes::{OFFICER, every_answer_is_where_it_belongs},
};

/// Keys as they are pressed on the screen, as lines: what is one letter or words is typed, the rest names keys.
fn lines(script: &str) -> String {
    let line = |word: &str| match word.strip_prefix('"') {
        Some(words) => format!("/type {}\n", words.trim_end_matches('"').replace('_', " ")),
        None if word.chars().count() == 1 => format!("/type {word}\n"),
        None if word == "S-Tab" => "/shift-tab\n".to_owned(),
        None => format!("/{}\n", word.to_lowercase()),
    };
    script.split(' ').map(line).collect()
}

/// Runs the program with these lines on its standard input; what it said.
fn listens(actor: &Actor, arguments: &[&str], lines: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_amanat"));
    command.arg("--home").arg(&actor.home).arg("--plain").args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut into = child.stdin.take().unwrap();
    into.write_all(lines.as_bytes()).unwrap();
    drop(into);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    said
}

/// How long nothing is said before something is wrong.
const PATIENCE: Duration = Duration::from_secs(30);

/// Somebody at the lines, who says one and listens to what comes of it before the next.
struct Listener {
    child: Child,
    into: ChildStdin,
    said: Receiver<String>,
    /// All that was heard.
    heard: Vec<String>,
}

impl Listener {
    fn sits_down(actor: &Actor) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_amanat"));
        command.arg("--home").arg(&actor.home).arg("--plain");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (into, out) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (sender, said) = channel();
        let listens = move || BufReader::new(out).lines().map_while(Result::ok).try_for_each(|line| sender.send(line));
        thread::Builder::new().name("ear".to_owned()).spawn(listens).unwrap();
        let mut listener = Self { child, into, said, heard: Vec::new() };
        listener.hears("This device is locked");
        listener.says(passphrase(actor).trim_end());
        listener.hears("Cases");
        listener
    }

    fn says(&mut self, line: &str) {
        writeln!(self.into, "{line}").unwrap();
    }

    /// Waits for a sentence among what has not been heard yet.
    fn hears(&mut self, phrase: &str) -> String {
        loop {
            let Ok(line) = self.said.recv_timeout(PATIENCE) else {
                panic!("{phrase} was not said, but\n{}", self.heard.join("\n"))
            };
            assert!(!line.contains('\u{1b}'), "no control codes");
            assert!(!line.contains("No key is called"), "{line}");
            self.heard.push(line.clone());
            if line.contains(phrase) {
                return line;
            }
        }
    }

    /// Says a line and waits for what comes of it.
    fn does(&mut self, line: &str, phrase: &str) -> String {
        self.says(line);
        self.hears(phrase)
    }

    /// Goes on by a key, from what is chosen on the page that is being said, until that is this.
    fn goes_to(&mut self, key: &str, wanted: &str) {
        for _ in 0..60 {
            let mut line = self.hears("▸ ");
            // What is chosen among the answers of a question is no row of its own.
            while ["▸ (", "▸ ["].iter().any(|answer| line.starts_with(answer)) {
                line = self.hears("▸ ");
            }
            if line.contains(wanted) {
                return;
            }
            self.says(key);
        }
        panic!("{key} never came to {wanted}:\n{}", self.heard.join("\n"))
    }

    /// Everything that this device kept is received.
    fn has_sent_everything(&mut self) {
        self.says("/f6");
        self.says("/f5");
        self.hears("Headquarters has signed for everything");
        self.says("/esc");
    }

    fn leaves(mut self) {
        self.says("/ctrl-q");
        assert!(self.child.wait().unwrap().success(), "{}", self.heard.join("\n"));
    }
}

fn passphrase(actor: &Actor) -> String {
    fs::read_to_string(&actor.passphrase).unwrap()
}

#[test]
fn the_minimum_record_is_made_line_by_line_as_by_keys() {
    let agency = TestAgency::offline();
    let officer = &agency.officer;
    let settings = officer.file("settings.toml");
    let before = fs::read_to_string(&settings).unwrap_or_default();
    fs::write(&settings, format!("{before}{OFFICER}")).unwrap();
    let secret = passphrase(officer);
    let script = [
        "F4 r Enter 1 1 S-Tab 1 F3 3 F3 \"Raiwind\" F10 Enter",
        "F4 1 1 1 Tab 2 4 Enter 7 a Enter p Enter F9 F10 Enter",
        "F4 2 1 Down Enter p Enter Enter 1 1 1 1 1 1 1 1 Tab 1 1 F3 \"میں_بھٹے_پر_تھی\" F3 p Enter F3 1 F10 Enter",
        "F4 4 1 2 2 2 1 3 1 3 1 2 1 1 1 1 3 3 1 1 Tab 1 1 F10 Enter",
        "F4 6 1 s Enter 1 Enter 1 F10 Enter",
        "Ctrl-Q",
    ];
    let said = listens(officer, &[], &format!("{secret}{}", script.map(lines).concat()));
    assert!(!said.contains('\u{1b}'), "no control codes");
    assert!(!said.contains(secret.trim()), "a passphrase is never said");
    assert!(!said.contains("No key is called"), "{said}");
    for phrase in ["This device is locked", "Who will be able to read this", "How it came to light", "kept"] {
        assert!(said.contains(phrase), "{phrase} was not said\n{said}");
    }
    let cases = officer.run(&["case", "list"]);
    let case = cases["cases"][0]["case"].as_str().unwrap_or_else(|| panic!("no case\n{said}")).to_owned();
    let shown = officer.run(&["case", "show", &case]);
    let forms: Vec<&str> =
        shown["entries"].as_array().unwrap().iter().filter_map(|entry| entry["form"].as_str()).collect();
    assert_eq!(forms, ["case@1", "person@1", "interview@1", "screening@1", "referral@1"], "{said}");
}

#[test]
fn a_line_that_names_no_key_says_which_there_are_and_the_end_of_the_input_ends_the_program() {
    let agency = TestAgency::offline();
    let said = listens(&agency.officer, &[], "/f99\n");
    assert!(said.contains("No key is called f99") && said.contains("/ctrl-z"), "{said}");
}

/// Somebody who has never heard of `/type`: a number and Enter are one line, whatever the number takes by itself.
#[test]
fn a_number_and_its_enter_are_one_answer_and_a_list_over_the_page_is_said_without_what_it_covers() {
    let agency = TestAgency::build();
    let officer = &agency.officer;
    record(officer, 1, "lemtavrosk");
    let mut sitting = Listener::sits_down(officer);
    sitting.does("", "Stands at");
    sitting.does("/f4", "Add to this case");
    assert_eq!(sitting.hears("Person"), "▸ Person", "nothing of the case behind it is said");
    sitting.does("4", "Amanat · Screening");
    sitting.hears("▸ Person *");
    sitting.does("1", "▸ Crossed or meant to cross a border");
    sitting.does("2", "▸ Paid someone to be taken across");
    sitting.says("2");
    sitting.says("2");
    sitting.does("1", "▸ Answers to indicators");
    sitting.does("1", "Yes - told by person");
    sitting.does("3", "▸ Kidnapped, sold");
    sitting.says("/esc");
    sitting.leaves();
}

#[test]
fn urdu_is_said_as_it_was_written_and_the_settings_stay() {
    let agency = TestAgency::offline();
    let officer = &agency.officer;
    let secret = passphrase(officer);
    let said = listens(officer, &["--lang", "ur"], &format!("{secret}/f2\n/f2\n/ctrl-q\n"));
    assert!(said.contains("کیس"), "letters in their own order and form\n{said}");
    let settings = fs::read_to_string(officer.file("settings.toml")).unwrap();
    assert!(settings.contains("bidi = \"app\""), "{settings}");
    assert_ne!(officer.run(&["status"]), Value::Null);
}

/// A supervisor returns an entry with a note; the officer hears what came back, corrects it; the supervisor hears that and approves:
/// three sittings, none of them with a screen.
#[test]
fn an_entry_is_returned_and_corrected_line_by_line() {
    let agency = TestAgency::build();
    let (officer, supervisor) = (&agency.officer, &agency.supervisor);
    let story = record(officer, 1, "lemtavrosk");
    let (case, person) = (story.case.clone(), story.person().to_owned());
    let mut sitting = Listener::sits_down(officer);
    sitting.has_sent_everything();
    sitting.leaves();

    let mut sitting = Listener::sits_down(supervisor);
    sitting.does("/f5", "PB-610");
    sitting.does("/f10", "Review");
    sitting.goes_to("/down", "Person");
    sitting.does("/f5", "What is to be done");
    sitting.says("/type The age is missing.");
    sitting.does("/f10", "Who will be able to read this");
    sitting.does("/f10", "Amanat · Review");
    sitting.does("/esc", "Cases");
    sitting.has_sent_everything();
    sitting.leaves();

    let mut sitting = Listener::sits_down(officer);
    sitting.says("/f7");
    sitting.does("/f5", "Due");
    sitting.says("/esc");
    sitting.says("/f5");
    sitting.does("/f7", "Returned by your supervisor");
    sitting.does("/enter", "The age is missing.");
    sitting.does("/f6", "Correcting");
    sitting.goes_to("/tab", "Age in years");
    sitting.says("/f8");
    sitting.says("/type 43");
    sitting.does("/f10", "Age in years: 41 → 43");
    sitting.says("/type 2");
    sitting.does("/f10", "○ kept");
    sitting.does("/esc", "Cases");
    sitting.has_sent_everything();
    sitting.leaves();

    let mut sitting = Listener::sits_down(supervisor);
    sitting.says("/f5");
    sitting.does("/f10", "corrected since");
    sitting.says("/home");
    sitting.does("/f4", "Approved");
    sitting.does("/f10", "Who will be able to read this");
    sitting.does("/f10", "Amanat · Review");
    sitting.does("/esc", "Cases");
    sitting.has_sent_everything();
    sitting.leaves();
    officer.run(&["sync"]);
    assert_eq!(text(&officer.run(&["entry", "show", &person]), "/review/standing"), "approved");
    let changed = supervisor.run(&["case", "show", &case]).to_string();
    assert!(changed.contains("\"age_years\":43"), "{changed}");
}

/// The ten-minute case of `ten_minutes`, from its opening to its correction, without a screen: intake, safety and consent, screening, charge,
/// referral, headquarters, review, what came back, and the answer to it.
#[test]
fn the_ten_minute_case_is_kept_received_returned_and_corrected_line_by_line() {
    let agency = TestAgency::build();
    let (officer, supervisor) = (&agency.officer, &agency.supervisor);
    let settings = officer.file("settings.toml");
    let before = fs::read_to_string(&settings).unwrap_or_default();
    fs::write(&settings, format!("{before}{OFFICER}")).unwrap();
    let mut sitting = Listener::sits_down(officer);
    for script in [
        "F4 r Enter 1 1 S-Tab 1 F3 3 F3 \"Raiwind\" F10 Enter",
        "F4 1 1 1 Tab 2 4 Enter 7 a Enter p Enter F9 F10 Enter",
        "F4 2 1 Down Enter p Enter Enter 1 1 1 1 1 1 1 1 Tab 1 1 F3 \"Canary_at_the_brick_kiln.\" F3 p Enter F3 1 F10 Enter",
        "F4 4 1 2 2 2 1 3 1 3 1 2 1 1 1 1 3 3 1 1 Tab 1 1 F10 Enter",
        "F4 \"offence\" Enter",
    ] {
        lines(script).lines().for_each(|line| sitting.says(line));
    }
    sitting.hears("▸ Section");
    sitting.says("/type 3(1)");
    sitting.says("/enter");
    sitting.does("/f10", "▸ Stage of investigation");
    sitting.says("/type enquiry");
    sitting.says("/enter");
    sitting.does("/f10", "Who will be able to read this");
    sitting.does("/enter", "Offence");
    lines("F4 6 1 s Enter 1 Enter 1 F10 Enter").lines().for_each(|line| sitting.says(line));
    sitting.does("/esc", "Cases");
    sitting.has_sent_everything();
    sitting.leaves();
    let cases = officer.run(&["case", "list"]);
    let case = text(&cases, "/cases/0/case");
    let shown = officer.run(&["case", "show", &case]);
    every_answer_is_where_it_belongs(&shown);

    supervisor.run(&["sync"]);
    let mut sitting = Listener::sits_down(supervisor);
    sitting.does("/f10", "Review");
    // The oldest stands first: the opening of the case.
    sitting.says("/home");
    sitting.does("/f5", "What is to be done");
    sitting.says("/type Which kiln?");
    sitting.does("/f10", "Who will be able to read this");
    sitting.does("/f10", "Amanat · Review");
    sitting.does("/esc", "Cases");
    sitting.has_sent_everything();
    sitting.leaves();

    officer.run(&["sync"]);
    let mut sitting = Listener::sits_down(officer);
    sitting.does("/f7", "Returned by your supervisor");
    sitting.does("/enter", "Which kiln?");
    sitting.does("/f6", "Correcting");
    sitting.goes_to("/tab", "Place of exploitation");
    sitting.says("/type , kiln 7");
    sitting.does("/f10", "Place of exploitation: Raiwind → Raiwind, kiln 7");
    sitting.says("/type 2");
    sitting.does("/f10", "○ kept");
    sitting.does("/esc", "Cases");
    sitting.has_sent_everything();
    sitting.leaves();
    supervisor.run(&["sync"]);
    let waiting = supervisor.run(&["review", "list"]);
    assert!(waiting["waiting"].as_array().unwrap().iter().any(|row| row["why"] == "answered"), "{waiting}");
    assert!(supervisor.run(&["case", "show", &case]).to_string().contains("Raiwind, kiln 7"));
    assert_eq!(officer.run(&["verify"])["holds"], true);
}
