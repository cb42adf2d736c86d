//! The bar offers what can be had and nothing else, and what a list has no room for is said whole somewhere on the same page.

use amanat::{
    model::{Answer, Value},
    ui::{Msg, Progress, Settings, Trouble},
};

use super::{
    begun::{CASE, plain, with_statement, with_victim},
    stage::{Stage, code, number, text, urdu},
};

/// The line of the keys.
fn bar(stage: &mut Stage) -> String {
    let screen = stage.screen(80, 24);
    screen.lines().rev().nth(1).unwrap().to_owned()
}

#[test]
fn a_key_that_would_do_nothing_is_not_in_the_bar() {
    let mut officer = with_victim(Stage::open_with(plain()));
    assert!(!bar(&mut officer).contains("F10"), "no officer reviews: {}", bar(&mut officer));
    officer.keys("Enter Home Enter");
    for key in ["F9", "F4", "F5", "F10"] {
        assert!(!bar(&mut officer).contains(key), "{key}: {}", bar(&mut officer));
    }
    officer.correction(7, CASE, "person", ("age_years", number(17)));
    assert!(bar(&mut officer).contains("F10 side by side"), "{}", bar(&mut officer));
    officer.keys("Esc F9 \"/media/stick/scan.jpg\" Enter End Enter");
    assert!(bar(&mut officer).contains("F9 save file"), "{}", bar(&mut officer));
    let mut supervisor = with_victim(Stage::supervising(plain()));
    assert!(bar(&mut supervisor).contains("F10 review"), "{}", bar(&mut supervisor));
    supervisor.keys("Enter Home Enter");
    assert!(bar(&mut supervisor).contains("F4 approve  F5 return"), "{}", bar(&mut supervisor));
    supervisor.keys("Esc*3 F6");
    assert!(!bar(&mut supervisor).contains("F7"), "nothing runs that could be stopped: {}", bar(&mut supervisor));
}

#[test]
fn a_person_and_a_station_that_their_columns_cut_stand_whole_above_them() {
    let mut stage = Stage::open_with(plain());
    stage.case(
        1,
        &[("case_class", code("UND")), ("victims_seen", number(1)), ("police_station", text("Model Town Circle"))],
    );
    let screen = stage.screen(80, 24);
    assert!(screen.lines().nth(3).unwrap().ends_with("Lahore · Model Town Circle"), "{screen}");
    let name = "Zarmina Bibi, daughter of Muhammad Akram of Kot Lakhpat";
    let role = [("role", code("VIC")), ("gender", code("F")), ("age_years", number(30)), ("name_full", text(name))];
    stage.sheet(2, CASE, "person", &role);
    stage.keys("Enter Home");
    let screen = stage.screen(80, 24);
    assert!(screen.contains("Victim · Woman / girl ") && !screen.contains('…'), "{screen}");
    stage.keys("F8");
    let screen = stage.screen(80, 24);
    assert!(screen.lines().nth(5).unwrap().contains(name), "{screen}");
}

#[test]
fn the_longest_line_of_a_list_over_the_page_is_not_cut() {
    for (settings, ends) in [(plain(), "day…"), (urdu(), "…")] {
        let mut stage = Stage::open_with(settings);
        stage.keys("F3");
        let screen = stage.screen(80, 24);
        let longest = screen.lines().nth(12).unwrap();
        assert!(longest.contains(ends), "{screen}");
        assert_eq!(longest.matches('…').count(), 1, "{screen}");
    }
}

#[test]
fn the_titles_beside_a_wide_form_are_not_cut_and_a_click_below_a_long_one_finds_its_part() {
    let mut stage = with_victim(Stage::open_with(plain()));
    stage.size(120, 40);
    stage.keys("Enter F4 \"interview\" Enter");
    let screen = stage.screen(120, 40);
    assert!(screen.contains("Reading over and") && !screen.contains('…'), "{screen}");
    let row = screen.lines().position(|line| line.trim_start().starts_with("Closing")).unwrap();
    stage.click(4, u16::try_from(row).unwrap());
    assert!(stage.screen(120, 40).contains("Part 7 of 7"), "{}", stage.screen(120, 40));
}

#[test]
fn while_headquarters_is_asked_and_nothing_waits_to_be_sent_no_numbers_are_shown() {
    let asks = |settings: Settings, says: &str| {
        let mut stage = Stage::open_with(settings);
        stage.send(Msg::Synced(Progress { running: true, hub: "hub.example.pk".into(), ..Progress::default() }));
        assert!(stage.screen(80, 24).contains(says), "{}", stage.screen(80, 24));
        stage.keys("F6");
        let screen = stage.screen(80, 24);
        assert!(screen.contains(says) && !screen.contains("0 of 0"), "{screen}");
    };
    asks(plain(), "asking HQ");
    asks(Settings { bidi: amanat::ui::Bidi::Terminal, ..urdu() }, "ہیڈکوارٹر سے رابطہ ہو رہا ہے");
}

#[test]
fn a_long_correction_is_read_beside_what_it_corrects_to_its_last_word() {
    let words = |what: &str| (0..300).map(|number| format!("{what}{number:03}")).collect::<Vec<_>>();
    let (first, now) = (words("was"), words("now"));
    let mut stage = with_victim(Stage::open_with(plain()));
    stage.sheet(3, CASE, "note", &[("note_text", text(&first.join(" ")))]);
    stage.correction(7, CASE, "note", ("note_text", text(&now.join(" "))));
    stage.keys("Enter Home Enter F10");
    let mut seen = stage.screen(80, 24);
    for _ in 0..12 {
        stage.keys("PgDn");
        let screen = stage.screen(80, 24);
        assert!(screen.contains("As first kept"), "which half is which stays on the page\n{screen}");
        seen.push_str(&screen);
    }
    let lost: Vec<&String> = first.iter().chain(&now).filter(|word| !seen.contains(word.as_str())).collect();
    assert!(lost.is_empty(), "{} words cannot be reached: {:?} …\n{}", lost.len(), lost.first(), stage.screen(80, 24));
    // Two that collide are both read to their end.
    stage.correction(8, CASE, "note", ("note_text", Answer::Value(Value::Text("other".into()))));
    stage.keys("Home");
    assert!(stage.screen(80, 24).contains("✗ now000"), "{}", stage.screen(80, 24));
    stage.keys("End");
    assert!(stage.screen(80, 24).contains('↳'), "{}", stage.screen(80, 24));
}

/// A screening of a child, with what most kilns show, up to the officer's own finding.
fn screened(settings: Settings) -> Stage {
    let mut stage = Stage::open_with(settings);
    stage.case(1, &[("case_class", code("UND")), ("movement", code("INT")), ("victims_seen", number(1))]);
    stage.sheet(2, CASE, "person", &[("role", code("VIC")), ("gender", code("M")), ("age_years", number(15))]);
    stage.keys("Enter F4 Down*3 Enter \"1\" \"2\" \"2\" \"2\" \"1\"");
    stage
}

#[test]
fn an_indicators_answer_is_not_cut_and_a_number_stays_with_its_words() {
    let mut stage = screened(plain());
    stage.keys("\"1\" \"2\"");
    let screen = stage.screen(80, 24);
    assert!(screen.contains("place or employer") && screen.contains("Yes - told by person\n"), "{screen}");
    assert!(screen.contains("shown by evidence\n") && screen.contains("     3 No   4 Does not know"), "{screen}");
}

#[test]
fn beside_a_finding_stands_what_is_wrong_with_it_then_every_reason_of_the_advice_and_dimensions_have_names() {
    let mut stage = screened(plain());
    stage.keys("\"1\" \"3\" \"3\" \"1\" \"1\" \"1\" \"5\" \"2\" \"1\" \"1\" \"1\" \"1\" \"1\" Tab");
    let screen = stage.screen(80, 24);
    for phrase in ["Exploitation found: 1 strong", "Coercion at destination found", "Police investigate"] {
        assert!(screen.contains(phrase), "{phrase} is not on\n{screen}");
    }
    // What differs from the advice wants a reason, and the page of the class says that it is missing.
    stage.keys("\"2\" F10");
    let screen = stage.screen(80, 24);
    assert!(screen.contains("✗ Only a value will do here") && screen.contains("≈ Suggested"), "{screen}");
    stage.keys("\"5\"");
    let screen = stage.screen(80, 24);
    let last = "Inside Pakistan: the Police investigate (PTPA s.8(1))";
    assert!(screen.contains("Reason if different") && super::whole::flat(&screen).contains(last), "{screen}");
}

#[test]
fn a_warning_is_read_to_its_end_before_anything_is_kept() {
    for (settings, end) in
        [(plain(), "before anybody is charged"), (Settings { bidi: amanat::ui::Bidi::Terminal, ..urdu() }, "۔")]
    {
        let mut stage = screened(settings);
        stage.keys("\"1\" Tab \"1\" \"1\" \"why\" Enter \"1\" F10");
        let screen = super::whole::flat(&stage.screen(80, 24));
        assert!(screen.contains(end), "{screen}");
    }
}

/// Seven reasons and five changes are more than a page of 24 lines: what is said scrolls, and no reason is covered.
#[test]
fn no_reason_of_a_correction_is_covered_and_every_change_can_be_read_before_it_is_kept() {
    let mut stage = Stage::open_with(plain());
    stage.case_with_fir(1, "2026-11-10");
    let (was, now) = ("A short account. ".repeat(12), "word ".repeat(60));
    stage.sheet(3, CASE, "note", &[("note_text", text(was.trim()))]);
    stage.size(80, 24);
    stage.keys(&format!("Enter Home F6 Tab C-End C-u \"{now}last\" F10"));
    let screen = stage.screen(80, 24);
    let reasons = ["Typing mistake", "Duplicate merged", "Consent withdrawn", "Court order", "Other"];
    for phrase in reasons.iter().chain(&["Enter keeps it"]) {
        assert!(screen.contains(phrase), "{phrase} is not on\n{screen}");
    }
    let mut seen = screen;
    for _ in 0..6 {
        stage.keys("PgDn");
        seen.push_str(&stage.screen(80, 24));
    }
    assert!(seen.contains("last"), "{seen}");
}

#[test]
fn what_is_due_is_said_whole_of_the_row_that_is_chosen() {
    let mut stage = Stage::open_with(plain());
    stage.case(1, &[("case_class", code("UND")), ("victims_seen", number(1))]);
    stage.sheet(2, CASE, "person", &[("role", code("VIC")), ("gender", code("M")), ("age_years", number(9))]);
    stage.keys("F7 Home");
    let screen = stage.screen(80, 24);
    assert!(screen.lines().nth(2).unwrap().ends_with("ZARRA within 2 hours"), "{screen}");
}

#[test]
fn an_offence_is_called_by_the_whole_number_of_its_section_and_a_case_in_the_outbox_by_its_own() {
    let mut stage = with_victim(Stage::open_with(plain()));
    stage.sheet(3, CASE, "offence", &[("offence_section", code("PTPA-3-2")), ("investigation_status", code("ENQ"))]);
    stage.keys("Enter");
    let screen = stage.screen(80, 24);
    assert!(screen.contains("PTPA18 s.3(2) Traffick"), "{screen}");
    stage.keys("F4 \"note\" Enter \"Call.\" F10 Enter Esc F6");
    let screen = stage.screen(80, 24);
    assert!(screen.contains("PB-617-26-843009-8 ○ kept"), "{screen}");
}

#[test]
fn a_list_over_the_page_that_is_longer_than_its_box_says_so() {
    let mut stage = Stage::open_with(plain());
    stage.keys("F3 \"6\" \"2\"");
    let screen = stage.screen(80, 24);
    assert!(screen.contains(" 1/16 │"), "{screen}");
    stage.keys("Down");
    assert!(stage.screen(80, 24).contains(" 2/16 │"), "{}", stage.screen(80, 24));
}

#[test]
fn whoever_says_a_word_from_the_queue_stands_in_the_queue_again_on_what_waits_next() {
    let mut stage = with_victim(Stage::supervising(plain()));
    stage.keys("F10 Home F4 F10 Enter");
    let screen = stage.screen(80, 24);
    assert!(screen.contains("Amanat · Review") && screen.matches("PB-617-26-843009-8").count() == 1, "{screen}");
    stage.keys("Enter F4 F10 Enter");
    assert!(stage.screen(80, 24).contains("Nothing waits for your review."), "{}", stage.screen(80, 24));
    // On the page of the case itself the word ends where it began.
    stage.sheet(3, CASE, "note", &[("note_text", text("Call."))]);
    stage.keys("Esc Enter Home Enter F4 F10 Enter");
    assert!(stage.screen(80, 24).contains("Amanat · Case PB-617-26-843009-8"), "{}", stage.screen(80, 24));
}

#[test]
fn the_queue_shows_whole_numbers_and_whose_entry_it_is_and_links_offer_a_supervisors_word_to_a_supervisor() {
    let mut stage = with_victim(Stage::supervising(plain()));
    stage.keys("F10");
    let screen = stage.screen(80, 24);
    assert!(screen.contains("Person · Imran Shah") && screen.contains("PB-617-26-843009-8"), "{screen}");
    assert!(!screen.contains('…'), "{screen}");
    stage.keys("Esc Enter F5");
    assert!(
        !bar(&mut stage).contains("F7") && !bar(&mut stage).contains("Enter"),
        "nothing ties it: {}",
        bar(&mut stage)
    );
}

#[test]
fn nobody_is_told_off_before_they_have_typed_and_the_end_of_a_long_answer_is_read_by_pointing_at_it() {
    let mut stage = with_victim(Stage::supervising(plain()));
    stage.keys("Enter C-g");
    assert!(!stage.screen(80, 24).contains('✗'), "{}", stage.screen(80, 24));
    stage.keys("F10");
    assert!(stage.screen(80, 24).contains("✗ Only a value will do here"), "{}", stage.screen(80, 24));
    let mut stage = with_victim(Stage::open_with(plain()));
    stage.keys("Enter Home F4 \"offence\" Enter \"3(2)\" Down");
    let screen = stage.screen(80, 24);
    assert!(super::whole::flat(&screen).contains("[text before 2025] Aggravating"), "{screen}");
}

#[test]
fn the_return_of_last_month_begins_with_last_month() {
    let mut stage = Stage::supervising(plain());
    stage.keys("F7 Home Enter");
    let screen = stage.screen(80, 24);
    assert!(screen.contains("Monthly return") && screen.contains("2026-10"), "{screen}");
    // Once it is kept it is no longer due, and can be found again.
    stage.keys("PgDn F3 \"1\" F10 Enter Esc F7 End");
    assert!(stage.screen(80, 24).contains("Return of last month, kept"), "{}", stage.screen(80, 24));
    stage.keys("Enter");
    assert!(stage.screen(80, 24).contains("Cases recorded"), "{}", stage.screen(80, 24));
}

#[test]
fn an_urdu_screen_calls_a_section_by_its_number_in_the_order_in_which_it_is_read() {
    let mut stage = with_victim(Stage::open_with(urdu()));
    stage.keys("Enter F4 \"offence\" Enter");
    let screen = stage.screen(80, 24);
    assert!(screen.contains("371-A") && screen.contains(" 3(1)") && !screen.contains("(1)3"), "{screen}");
    stage.keys("\"3(2)\" Enter");
    assert!(stage.screen(80, 24).contains("PTPA18 3(2)"), "{}", stage.screen(80, 24));
}

#[test]
fn a_stick_that_nobody_reads_offers_nothing_to_stop_and_no_way_to_where_one_is() {
    let mut stage = Stage::open_with(plain());
    stage.keys("F6 F6");
    let shown = bar(&mut stage);
    assert!(shown.contains("F4 write stick") && !shown.contains("F7") && !shown.contains("F6"), "{shown}");
    stage.keys("F4");
    let shown = bar(&mut stage);
    assert!(shown.contains("F6 read stick") && shown.contains("F3 for whom") && !shown.contains("F7"), "{shown}");
}

#[test]
fn the_timeline_says_of_which_kind_an_interview_is() {
    let mut stage = with_statement(Stage::open_with(plain()));
    stage.keys("Enter");
    assert!(stage.screen(80, 24).contains("Interview  Statement to police"), "{}", stage.screen(80, 24));
}

#[test]
fn who_plays_which_part_in_two_cases_with_one_card_is_said_whole() {
    let mut stage = Stage::open_with(plain());
    for at in [1, 3] {
        let case = stage.case(at, &[("case_class", code("UND")), ("victims_seen", number(1))]);
        let card = text("3410112345671");
        let told = [("role", code("WIT")), ("gender", code("M")), ("age_years", number(40)), ("cnic", card)];
        stage.sheet(at + 1, case, "person", &told);
    }
    stage.keys("Enter F5");
    let screen = stage.screen(80, 24);
    assert!(screen.contains("same CNIC") && screen.contains("Witness ↔ Witness"), "{screen}");
}

#[test]
fn enter_where_nothing_is_typed_says_what_to_do() {
    for (settings, says) in [(plain(), "Nothing is typed yet"), (urdu(), "Esc")] {
        let mut stage = with_victim(Stage::open_with(settings));
        stage.keys("F3 \"8\"");
        let before = stage.screen(80, 24);
        stage.keys("Enter");
        let screen = stage.screen(80, 24);
        assert!(screen != before && screen.contains(says), "{screen}");
        // It goes with the first letter.
        stage.keys("\"kilns\" Enter F3 \"7\"");
        assert!(stage.screen(80, 24).contains("kilns"), "{}", stage.screen(80, 24));
    }
}

#[test]
fn a_notice_that_is_longer_than_the_last_line_is_read_to_its_end() {
    let mut stage = Stage::open_with(plain());
    stage.send(Msg::Notice(Trouble { word: "start.not_utf8".into(), detail: String::new() }));
    let screen = stage.screen(80, 24);
    assert!(screen.contains("LC_ALL=C.UTF-8 amanat") && bar(&mut stage).contains("F4 new case"), "{screen}");
    stage.keys("Down");
    assert!(!stage.screen(80, 24).contains("LC_ALL"), "{}", stage.screen(80, 24));
}

#[test]
fn the_counts_of_an_urdu_outbox_stand_apart_from_their_signs_and_are_not_cut() {
    let mut stage = with_victim(Stage::open_with(urdu()));
    stage.keys("Enter F4 \"note\" Enter \"Call.\" F10 Enter Esc F6");
    let screen = stage.screen(80, 24);
    assert!(screen.contains("○  2") && !screen.contains('…'), "{screen}");
}

#[test]
fn which_offence_is_meant_is_chosen_by_its_section() {
    for (settings, section) in [(plain(), "Offence 1  PTPA18 s.3(2)"), (urdu(), "PTPA18 3(2)")] {
        let mut stage = with_victim(Stage::open_with(settings));
        stage.sheet(
            3,
            CASE,
            "offence",
            &[("offence_section", code("PTPA-3-2")), ("investigation_status", code("ENQ"))],
        );
        stage.keys("Enter F4 Down*6 Enter");
        assert!(stage.screen(80, 24).contains(section), "{}", stage.screen(80, 24));
    }
}

#[test]
fn a_victim_who_stands_before_the_court_as_the_accused_is_said_to_be_not_liable() {
    let mut stage = with_victim(Stage::open_with(plain()));
    stage.sheet(3, CASE, "person", &[("role", code("SUS")), ("gender", code("M")), ("age_years", number(45))]);
    stage.sheet(4, CASE, "offence", &[("offence_section", code("PTPA-3-1")), ("investigation_status", code("ENQ"))]);
    for (whom, warned) in [("victim", true), ("suspect", false)] {
        stage.keys(&format!("Esc*3 Enter F4 Down*6 Enter \"1\" \"{whom}\" Enter Tab Tab \"evid\" Enter F10"));
        let screen = stage.screen(80, 24);
        assert!(screen.contains("Before it is kept"), "{screen}");
        let said = screen.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(said.contains("who is not liable"), warned, "{screen}");
    }
}
