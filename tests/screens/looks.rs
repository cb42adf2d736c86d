//! Whole screens at two sizes, each kept with the keys that led to it and the three phrases that must be on it.
//!
//! A snapshot that changed is looked at by a person before it is taken (`INSTA_UPDATE=always` writes them anew).

use amanat::ui::{Msg, Progress, Settings, Stage as Where, Theme};

use super::{
    stage::{PASSPHRASE, Stage, code, number, text, urdu},
    told::team,
};

/// Draws the screen at both sizes, checks the phrases and compares the whole.
pub(crate) fn look(stage: &mut Stage, name: &str, keys: &str, phrases: [&str; 3]) {
    stage.keys(keys);
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for (columns, rows) in [(80, 24), (120, 40)] {
            let screen = stage.screen(columns, rows);
            for phrase in phrases {
                assert!(screen.contains(phrase), "{name}, {columns}×{rows}: {phrase:?} is not on\n{screen}");
            }
            let page = format!("keys: {keys}\nmust show: {}\n\n{screen}", phrases.join(" | "));
            insta::assert_snapshot!(format!("{name}_{columns}x{rows}"), page);
        }
    });
}

fn plain() -> Settings {
    Settings { theme: Theme::Plain, ..Settings::default() }
}

/// Four cases from other devices, the newest with a person in it.
fn peopled() -> Stage {
    let mut stage = Stage::open();
    people(&mut stage);
    stage
}

fn people(stage: &mut Stage) {
    for (at, class, risk, district) in [
        (4, "BOTH", "HIGH", "PK617"),
        (3, "UND", "MED", "PK202"),
        (2, "SOM", "LOW", "PK617"),
        (1, "TIP", "HIGH", "PK617"),
    ] {
        let case = stage.case(
            at,
            &[
                ("case_class", code(class)),
                ("risk_level", code(risk)),
                ("district", code(district)),
                ("victims_seen", number(2)),
            ],
        );
        if at == 1 {
            let person = [
                ("role", code("VIC")),
                ("gender", code("F")),
                ("age_years", number(24)),
                ("name_full", text("Ayesha Bibi")),
            ];
            stage.sheet(5, case, "person", &person);
        }
    }
}

#[test]
fn first_start() {
    let mut stage = Stage::start(plain(), Where::New);
    let keys = "\"Model Town laptop\" Tab \"four quiet river stones\"";
    look(&mut stage, "welcome_keys", keys, ["Step 1 of 4", "cannot be reset", "▰▰▰▰"]);
    look(&mut stage, "welcome_words", "Tab \"four quiet river stones\" Enter", ["Step 2 of 4", "river", "harbour"]);
    look(
        &mut stage,
        "welcome_join",
        "Enter \"/media/stick\" Enter",
        ["Step 4 of 4", "/media/stick/amanat-join", "by voice"],
    );
}

#[test]
fn locked() {
    let mut stage = Stage::locked(plain());
    look(&mut stage, "unlock", "\"wrong\" Enter", ["This device is locked", "does not open", "2 entries wait"]);
}

#[test]
fn cases_and_one_case() {
    let mut stage = peopled();
    look(&mut stage, "caseload", "", ["4 cases", "Barkhan", "● received"]);
    look(&mut stage, "caseload_search", "\"lahore\" F3 \"3\"", ["high risk · 2 cases", "TIP", "BOTH"]);
    look(&mut stage, "case", "F3 \"1\" Esc Home Enter", ["Trafficking in persons", "Victim", "▲ risk"]);
    look(&mut stage, "case_add", "F4", ["Add to this case", "Interview", "Note"]);
    look(&mut stage, "entry", "Esc Home Enter", ["sealed: F8 shows it", "Woman / girl", "How age is known"]);
    look(&mut stage, "entry_names", "F8", ["Ayesha Bibi", "names are shown", "Pakistan"]);
}

#[test]
fn a_form_is_filled() {
    let mut stage = peopled();
    look(&mut stage, "form_choice", "Home Enter F4 Enter", ["▸ Role *", "( ) Suspect / accused", "F5 not asked"]);
    look(&mut stage, "form_silences", "Down Enter F6 F7", ["— refused", "— not known", "Age in years"]);
    look(&mut stage, "form_long_list", "\"24\" Tab*2 \"pak\"", ["(", "Pakistan", "of"]);
    look(&mut stage, "form_problems", "Enter F10", ["answers to look at", "✗", "This must be answered"]);
}

#[test]
fn an_interview_is_begun() {
    let mut stage = peopled();
    let keys = "Home Enter F4 \"interview\" Enter Down Enter";
    look(&mut stage, "form_interview", keys, ["Interview", "Part 1 of", "Kind of statement"]);
}

#[test]
fn a_note_is_kept_and_corrected() {
    let mut stage = peopled();
    let keys = "Home Enter F4 \"note\" Enter \"She is safe at Dar-ul-Aman.\" Tab F5";
    look(&mut stage, "form_note", keys, ["Note", "She is safe", "2026-11-22"]);
    look(&mut stage, "confirm", "F10", ["Who will be able to read this", "3 people today", "counted facts only"]);
    look(&mut stage, "case_after", "Enter", ["She is safe", "○ kept", "me"]);
    look(
        &mut stage,
        "confirm_correction",
        "End F6 Tab \" Since noon.\" Tab F10",
        ["What changes", "Since noon", "Typing mistake"],
    );
    look(&mut stage, "case_corrected", "Down Enter F10", ["(corrected)", "Note corrected", "Typing mistake"]);
}

#[test]
fn the_road() {
    let mut stage = peopled();
    stage.keys("Home Enter F4 \"note\" Enter \"Followed up.\" F10 Enter Esc");
    look(&mut stage, "outbox_offline", "F6 F5", ["was not reached", "tried again at", "○ kept"]);
    look(&mut stage, "stick_out", "F4", ["What will leave", "of colleagues", "can read nothing"]);
    look(&mut stage, "stick_whom", "F3*2 Down", ["Model Town Police Station", "▸ /media/sana/BLUE", "F6 read stick"]);
    stage.busy = true;
    look(&mut stage, "stick_busy", "Enter", ["1 of 2", "▰▰▰▰▰▰▰▰▰▰▱", "F7 stop"]);
    look(&mut stage, "stick_stopped", "F7", ["Stopped.", "Nothing half is left", "What will leave"]);
    stage.busy = false;
    look(&mut stage, "stick_written", "Enter", ["2 entries left", "handed over", "/media/sana/BLUE/amanat-to-hub.age"]);
    look(&mut stage, "outbox_handed_over", "Esc", ["◐ handed over", "Waiting for headquarters", "2  ◐"]);
    look(
        &mut stage,
        "stick_read",
        "F6 Down Enter",
        ["3 new entries came", "2 entries that it announces", "ends too early"],
    );
    stage.keys("Esc");
    stage.send(Msg::Synced(Progress {
        running: true,
        sent: 30,
        to_send: 120,
        pulled: 7,
        quarantined: 0,
        files_left: 0,
        files_wait: 0,
        last_contact: None,
        hub: "hub.example.pk".into(),
        by_clock: false,
    }));
    look(&mut stage, "outbox_running", "", ["▰▰▰▰▰▱▱▱", "30 of 120", "7"]);
    stage.online = true;
    look(&mut stage, "outbox_received", "F5", ["Headquarters has signed for everything", "hub.example.pk", "received"]);
}

#[test]
fn roster_due_help_and_hidden() {
    let mut stage = peopled();
    look(&mut stage, "roster", "F8", ["Sana Malik", "river saddle", "waiting for a key"]);
    look(&mut stage, "today", "Esc Home Enter F4 Enter Down Enter Esc*2 F7", ["not finished", "Person", "Due"]);
    look(&mut stage, "help", "Esc F1", ["letters search at once", "open a new case", "Everywhere"]);
    look(&mut stage, "hidden", "Esc F12", ["2026-11", "Mo", "22"]);
    assert!(!stage.screen(80, 24).contains("Amanat"));
}

#[test]
fn a_team_is_shown_to_its_supervisor_and_to_nobody_else() {
    let mut stage = peopled();
    look(&mut stage, "team_not_yours", "F8 F4", ["for the supervisors", "nothing of any case", "Team"]);
    let mut stage = Stage::supervising(Settings { theme: Theme::Plain, ..Settings::default() });
    look(&mut stage, "team_not_asked", "F8 F4", ["has not been asked", "F5", "Team"]);
    stage.send(Msg::TeamIs(Box::new(team())));
    look(&mut stage, "team", "", ["at least 3 not sent", "clock 3 d 4 h fast", "no contact since the hub was started"]);
    let mut stage = Stage::supervising(urdu());
    stage.send(Msg::TeamIs(Box::new(team())));
    look(&mut stage, "urdu_team", "F8 F4", ["UR", "F5", "Sana Malik"]);
}

#[test]
fn what_was_set_aside_is_shown_with_its_reason() {
    look(&mut peopled(), "aside", "F6 F8", ["Not what its author signed", "number 41", "day unknown"]);
    look(&mut Stage::open_with(urdu()), "urdu_aside", "F6 F8", ["UR", "F9", "Sana Malik"]);
}

#[test]
fn urdu_by_the_program_and_by_the_terminal() {
    let mut stage = Stage::open_with(urdu());
    people(&mut stage);
    look(&mut stage, "urdu_caseload", "", ["UR", "TIP", "●"]);
    look(&mut stage, "urdu_form", "Home Enter F4 Enter", ["◂", "F5", "( )"]);
    look(&mut stage, "urdu_stick", "Esc*2 F6 F4 Down", ["UR", "/media/sana/BLUE", "F6"]);
    let mut stage = Stage::locked(Settings { bidi: amanat::ui::Bidi::Terminal, ..urdu() });
    look(&mut stage, "urdu_terminal", &format!("\"{PASSPHRASE}\" Enter"), ["امانت", "کیس", "UR"]);
}

#[test]
fn an_admin_sees_what_each_key_opens_and_what_follows_if_a_device_is_lost() {
    let mut stage = Stage::open();
    let shows = ["0 of 9 are hybrid", "! 400 days old, overdue by 35 days", "no longer trusted"];
    look(&mut stage, "keys", "F8 F6", shows);
    look(&mut stage, "keys_of_a_unit", "Down*2 Enter", ["▸ PS Sample", "Keys", "what if it is lost"]);
    let shows = ["If Sana 5f0c1122 were lost today", "trust in it ends", "! nobody is left who reads for PS Sample"];
    look(&mut stage, "keys_preview", "Down Enter", shows);
    let mut stage = Stage::open_with(urdu());
    look(&mut stage, "urdu_keys", "F8 F6", ["UR", "PS Sample", "Sana 5f0c1122"]);
}
