//! Which cases are listed, by keys: the usual ones, by parts, and under a name; and which other cases share something.

use amanat::{
    model::CaseId,
    ui::{Effect, Msg, RosterPage, Settings, Theme},
};

use super::stage::{Stage, code, number, text};

fn stage() -> Stage {
    let mut stage = Stage::open_with(Settings { theme: Theme::Plain, ..Settings::default() });
    stage.case(1, &[("case_class", code("TIP")), ("victims_seen", number(1)), ("police_station", text("Raiwind"))]);
    stage.case(2, &[("case_class", code("SOM")), ("victims_seen", number(1)), ("police_station", text("Cantt"))]);
    let case = CaseId::from_bytes([1; 16]);
    let bonded = amanat::model::Answer::Value(amanat::model::Value::Choices(["BONDED".into()].into()));
    stage.sheet(3, case, "person", &[("role", code("VIC")), ("exploitation_type", bonded)]);
    stage
}

#[test]
fn cases_are_narrowed_by_parts_and_each_part_is_said() {
    let mut stage = stage();
    assert!(stage.screen(120, 30).contains("2 cases"), "{}", stage.screen(120, 30));
    stage.keys("F3 \"6\" \"2\" \"bonded\" Enter");
    let screen = stage.screen(120, 30);
    assert!(screen.contains("1 case") && screen.contains("Raiwind") && !screen.contains("Cantt"), "{screen}");
    stage.keys("F3 \"6\" \"1\" \"smuggling\" Enter");
    assert!(stage.screen(120, 30).contains("0 cases"), "all of it holds at once\n{}", stage.screen(120, 30));
    stage.keys("F3 \"1\"");
    assert!(stage.screen(120, 30).contains("2 cases"));
    stage.keys("F3 \"6\" \"4\" \"cantt\" Enter");
    let screen = stage.screen(120, 30);
    assert!(screen.contains("1 case") && screen.contains("Cantt") && !screen.contains("Raiwind"), "{screen}");
    // A case that arrives meanwhile is let through or not, and the place in the list stays.
    stage.case(4, &[("case_class", code("SOM")), ("victims_seen", number(1)), ("police_station", text("Cantt"))]);
    assert!(stage.screen(120, 30).contains("2 cases"), "{}", stage.screen(120, 30));
}

/// By whose it is, not by how somebody spelled the station.
#[test]
fn cases_are_narrowed_by_the_unit_that_has_them_and_a_saved_filter_keeps_it() {
    let mut stage = stage();
    let mut page = super::told::roster();
    stage.send(Msg::RosterIs(Box::new(page.clone())));
    let listed = |stage: &mut Stage, unit: &str| {
        stage.keys(&format!("F3 \"1\" F3 \"6\" \"7\" \"{unit}\" Enter"));
        stage.screen(120, 30)
    };
    let screen = listed(&mut stage, "model");
    assert!(screen.contains("2 cases") && screen.contains("Model Town Police Station"), "{screen}");
    assert!(listed(&mut stage, "saddar").contains("0 cases"), "{}", stage.screen(120, 30));
    page.members[1].roles[0].1 = "Saddar Police Station".into();
    stage.send(Msg::RosterIs(Box::new(page)));
    assert!(listed(&mut stage, "model").contains("0 cases"), "{}", stage.screen(120, 30));
    assert!(listed(&mut stage, "saddar").contains("2 cases"), "{}", stage.screen(120, 30));
    stage.keys("F3 \"8\" \"theirs\" Enter F3 \"1\"");
    assert!(!stage.screen(120, 30).contains("Saddar"), "{}", stage.screen(120, 30));
    stage.keys("F3 \"7\" \"1\"");
    let screen = stage.screen(120, 30);
    assert!(screen.contains("2 cases") && screen.contains("Saddar Police Station"), "{screen}");
}

#[test]
fn a_device_whose_clock_is_ten_years_ahead_does_not_pin_its_cases_on_top() {
    let mut stage = stage();
    let case = CaseId::from_bytes([7; 16]);
    let told = [("case_class", code("TIP")), ("victims_seen", number(1)), ("police_station", text("Fastclock"))];
    stage.sheet_by_clock(7, 87_600, case, "case", &told);
    let screen = stage.screen(120, 30);
    let place = |station: &str| screen.find(station).unwrap_or_else(|| panic!("{station} is not on\n{screen}"));
    assert!(place("Raiwind") < place("Fastclock") && place("Cantt") < place("Fastclock"), "{screen}");
}

#[test]
fn an_old_roster_is_amber_on_every_page_and_red_after_a_month_and_stops_nothing() {
    let mut stage = stage();
    assert!(!stage.screen(80, 24).contains("stale"), "{}", stage.screen(80, 24));
    stage.set_clock(81 * 86_400_000);
    for keys in ["", "Enter", "Esc F7", "Esc F8", "F1"] {
        stage.keys(keys);
        let screen = stage.screen(80, 24);
        assert!(screen.contains("! Roster stale since 2027-02-10"), "{keys}\n{screen}");
    }
    stage.set_clock(30 * 86_400_000);
    stage.keys("Esc Esc F2");
    assert!(!stage.screen(80, 24).contains("stale"), "it is told in Urdu too\n{}", stage.screen(80, 24));
    stage.keys("F2");
    let screen = stage.screen(80, 24);
    assert!(screen.contains("✗ Roster stale") && screen.contains("who reads may have changed"), "{screen}");
    stage.keys("F4");
    assert!(stage.screen(80, 24).contains("Part 1"), "{}", stage.screen(80, 24));
}

#[test]
fn a_roster_that_is_in_force_and_has_not_come_is_red_on_every_page_and_how_fresh_ours_is_stands_on_its_own() {
    let mut stage = stage();
    let page = |withheld, confirmed| RosterPage { withheld, confirmed, ..super::told::roster() };
    // The page asks for the roster when it is opened, and is told of another afterwards.
    stage.keys("F8");
    let told = |stage: &mut Stage, withheld, confirmed| {
        stage.send(Msg::RosterIs(Box::new(page(withheld, confirmed))));
        stage.screen(80, 24)
    };
    let screen = told(&mut stage, None, Some(12));
    assert!(screen.contains("confirmed 12 days ago") && !screen.contains("in force"), "{screen}");
    let screen = told(&mut stage, Some(8), None);
    assert!(!screen.contains("confirmed"), "nobody has said so\n{screen}");
    for keys in ["", "Esc", "Enter", "Esc F7", "Esc F1"] {
        stage.keys(keys);
        let screen = stage.screen(80, 24);
        assert!(
            screen.contains("✗ Roster 8 is in force and has not come: sync, or ask your admin"),
            "{keys}\n{screen}"
        );
    }
    stage.keys("Esc F2");
    let screen = stage.screen(80, 24);
    assert!(!screen.contains("in force") && screen.contains('✗'), "in Urdu too\n{screen}");
    stage.keys("F2 C-l");
    assert!(!stage.screen(80, 24).contains("in force"), "a locked screen says nothing of the agency");
}

#[test]
fn a_program_older_than_the_agency_wants_is_amber_on_every_page_beside_an_old_roster() {
    let mut stage = stage();
    assert!(!stage.screen(80, 24).contains("is wanted"));
    let page = RosterPage { wanted: Some("9.8.7".into()), ..super::told::roster() };
    stage.send(Msg::RosterIs(Box::new(page)));
    for keys in ["", "Enter", "Esc F7", "Esc F6", "F1"] {
        stage.keys(keys);
        let screen = stage.screen(80, 24);
        assert!(screen.contains("! Program 9.8.7 or newer is wanted"), "{keys}\n{screen}");
    }
    stage.set_clock(81 * 86_400_000);
    let screen = stage.screen(80, 24);
    assert!(screen.contains("9.8.7 or newer") && screen.contains("! Roster stale since"), "both fit\n{screen}");
    stage.keys("F2");
    let screen = stage.screen(80, 24);
    assert!(screen.contains("9.8.7") && !screen.contains("wanted"), "in Urdu too\n{screen}");
    stage.keys("F2 C-l");
    assert!(!stage.screen(80, 24).contains("9.8.7"), "a locked screen says nothing of the agency");
}

#[test]
fn a_filter_is_saved_under_a_name_with_its_words_and_forgotten() {
    let mut stage = stage();
    stage.keys("\"raiwind\" F3 \"2\" F3 \"8\" \"my kilns\" Enter");
    let Some(Effect::KeepFilters(saved)) =
        stage.effects.iter().rev().find(|effect| matches!(effect, Effect::KeepFilters(_)))
    else {
        panic!("{}", stage.screen(120, 30))
    };
    assert_eq!((&*saved[0].name, &*saved[0].filter.words), ("my kilns", "raiwind"));
    stage.keys("Esc F3 \"1\"");
    assert!(stage.screen(120, 30).contains("2 cases"), "{}", stage.screen(120, 30));
    stage.keys("F3 \"7\" \"1\"");
    let screen = stage.screen(120, 30);
    assert!(screen.contains("1 case") && screen.contains("open") && screen.contains("raiwind"), "{screen}");
    stage.keys("F3 \"9\" \"1\" F3 \"7\"");
    assert!(!stage.screen(120, 30).contains("my kilns"), "{}", stage.screen(120, 30));
}

#[test]
fn the_same_card_leads_to_the_other_case_and_no_name_is_shown() {
    let mut stage = stage();
    let card = [("role", code("SUS")), ("cnic", text("3520212345672")), ("name_full", text("Akram Butt"))];
    stage.sheet(5, CaseId::from_bytes([1; 16]), "person", &card);
    stage.sheet(6, CaseId::from_bytes([2; 16]), "person", &card);
    stage.keys("\"cantt\" Enter F5");
    let screen = stage.screen(120, 30);
    assert!(screen.contains("same CNIC") && !screen.contains("Akram"), "{screen}");
    let small = stage.screen(80, 24);
    assert!(
        small.contains("└═══● ") && small.contains("◆ ") && small.contains("CNIC"),
        "the graph stands beside it\n{small}"
    );
    stage.keys("F2");
    let urdu = stage.screen(80, 24);
    assert!(urdu.contains(" ●═══┘") && !urdu.contains("same"), "from right to left in Urdu\n{urdu}");
    stage.keys("F2 Enter");
    let looked = stage.effects.iter().filter(|effect| matches!(effect, Effect::NoteAccess { .. })).count();
    assert_eq!(looked, 2, "opening the other one is on record too");
    assert!(stage.screen(120, 30).contains("Raiwind"), "{}", stage.screen(120, 30));
}
