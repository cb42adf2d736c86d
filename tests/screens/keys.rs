//! What people do with keys on the screen: the audit of one is read and saved, and a unit gets a new one.

use amanat::{
    model::{CaseId, DeviceId, Lang},
    ui::{
        AuditCase, AuditHolder, AuditPage, Audited, Effect, KeepTheirKey, Msg, Renewed, RotationNews, Sentence, Trouble,
    },
    words::Both,
};

use super::{
    looks::look,
    stage::{NOW, Stage, urdu},
    told::{lost, unit_id},
};

/// What a lost device could read, with something left of it in each place.
pub(crate) fn audit() -> AuditPage {
    let case = |n: u8, could, now| AuditCase { case: CaseId::from_bytes([n; 16]), could, now, parts: 0 };
    let holder = |n: u8, name: &str, trusted| AuditHolder {
        device: DeviceId::from_bytes([n; 32]),
        name: Both::fill("audit.key_of_device", &[("device", Both::same("77aa3344")), ("name", Both::same(name))]),
        entries: 4,
        trusted,
    };
    let unit = [("unit", Both::same("PS Sample")), ("epoch", Both::same(1))];
    AuditPage {
        asked: lost().to_string(),
        written: NOW,
        keys: vec![("aa".repeat(32), Both::fill("audit.key_of_unit", &unit))],
        could: 60,
        here: 2,
        hub: 1,
        served: 3,
        gone: 31,
        holders: vec![holder(5, "Nadia Qureshi", true), holder(6, "Omar <Khan>", false)],
        due: vec!["PS Sample".into()],
        cases: (1..=20).map(|n| case(n, 3, u64::from(n < 3))).collect(),
    }
}

/// What the stage's desk answers.
pub(crate) fn audited(effect: Effect) -> Vec<Msg> {
    match effect {
        Effect::Audit(Audited::Unit(unit)) if unit == unit_id("PS Sample") => {
            let page = AuditPage { asked: "PS Sample".into(), holders: Vec::new(), due: Vec::new(), ..audit() };
            let page = AuditPage { served: 0, here: 0, hub: 0, cases: Vec::new(), ..page };
            vec![Msg::AuditIs { whose: Audited::Unit(unit), page: Ok(Box::new(page)) }]
        }
        Effect::Audit(whose) => vec![Msg::AuditIs { whose, page: Ok(Box::new(audit())) }],
        Effect::SaveAudit { path, .. } if path == "/nowhere" => vec![Msg::SaveFailed(Trouble::word("stick.cut"))],
        Effect::SaveAudit { path, .. } => vec![Msg::PartSaved { path }],
        _ => Vec::new(),
    }
}

#[test]
fn what_a_key_could_read_and_where_it_still_opens_anything_is_read_on_a_page_that_scrolls() {
    let mut stage = Stage::open();
    let shows = ["! Entries at the hub: 1", "trusted no more: 4.", "! If it is revoked, PS Sample needs a new key"];
    look(&mut stage, "audit", "F8 F6 Down*3 F5", shows);
    assert!(stage.effects.contains(&Effect::Audit(Audited::Device(lost()))));
    look(&mut stage, "audit_scrolled", "PgDn End", ["Case 14141414", "could read 3", "What a key opens"]);
    stage.keys("Home");
    assert!(stage.screen(80, 24).contains("Could read 60 entries of 20 cases"));
    stage.keys("Esc");
    let shows = ["Now it opens nothing", "Entries on this device: none", "other devices: none that this one knows of"];
    look(&mut stage, "audit_of_a_unit", "Up F5", shows);
    // A root key opens nothing: there is nothing to ask.
    let asked = |stage: &Stage| stage.effects.iter().filter(|effect| matches!(effect, Effect::Audit(_))).count();
    stage.keys("Esc Up F5");
    assert_eq!(asked(&stage), 2);
    let mut stage = Stage::open_with(urdu());
    look(&mut stage, "urdu_audit", "F8 F6 Down*3 F5", ["UR", "60", "PS Sample"]);
}

#[test]
fn the_page_that_was_read_is_saved_to_a_path_that_is_proposed_or_typed() {
    let mut stage = Stage::open();
    stage.keys("F8 F6 Down*3 F5 F9");
    let screen = stage.screen(80, 24);
    assert!(screen.contains("Save this as a page") && screen.contains("audit-5f5f5f5f.html"), "{screen}");
    stage.keys("C-u \"/nowhere\" Enter");
    assert!(stage.screen(80, 24).contains('!'), "what went wrong stands there");
    stage.keys("C-u \"/out/a.html\" Enter");
    let saved = |programs, lang, path: &str| Effect::SaveAudit {
        page: Box::new(audit()),
        programs,
        lang,
        path: path.to_owned(),
    };
    assert_eq!(stage.effects.last(), Some(&saved(false, Lang::En, "/out/a.html")));
    assert!(stage.screen(80, 24).contains("Saved to /out/a.html."));
    stage.keys("F8 Enter");
    assert_eq!(stage.effects.last(), Some(&saved(true, Lang::En, "audit-5f5f5f5f.json")));
    let mut stage = Stage::open_with(urdu());
    stage.keys("F8 F6 Down*3 F5 F9 Enter");
    assert_eq!(stage.effects.last(), Some(&saved(false, Lang::Ur, "audit-5f5f5f5f.html")));
}

fn said(key: &str, blanks: &[(&str, &str)]) -> Sentence {
    let blanks = blanks.iter().map(|(blank, text)| ((*blank).to_owned(), (*text).to_owned(), false)).collect();
    Sentence { key: format!("rotation.{key}"), blanks, alarm: key == "others" }
}

/// The station of the stage.
fn sample() -> Renewed {
    Renewed::Unit(unit_id("PS Sample"))
}

/// What is said of a case.
fn of_case(key: &str, blanks: &[(&str, &str)], alarm: bool) -> Sentence {
    Sentence { key: format!("reseal.{key}"), alarm, ..said(key, blanks) }
}

fn resealed(effect: &Effect) -> RotationNews {
    if matches!(effect, Effect::Rotate(_)) {
        return RotationNews::Ended {
            told: vec![of_case("stopped", &[("n", "512"), ("total", "1300")], false)],
            keep: KeepTheirKey::default(),
            more: true,
        };
    }
    let whose = [("device", Both::same("77aa3344")), ("name", Both::same("Nadia Qureshi"))];
    let name = Both::fill("audit.key_of_device", &whose);
    let told = vec![
        of_case("open", &[("n", "1300"), ("slips", "2")], false),
        of_case("before", &[("n", "5")], false),
        of_case("shut", &[("n", "1")], true),
        of_case("others", &[("n", "3")], true),
        of_case("attached", &[("n", "2"), ("parts", "4"), ("mib", "9")], true),
        of_case("straggler", &[("name", &name.joined())], true),
        of_case("means", &[], false),
    ];
    RotationNews::Ahead(told, KeepTheirKey::default())
}

fn ended(told: Sentence, more: bool) -> RotationNews {
    RotationNews::Ended { told: vec![told], keep: KeepTheirKey::default(), more }
}

/// What the stage's desk answers: what it begins goes on until it is stopped.
pub(crate) fn rotation(effect: Effect) -> Vec<Msg> {
    if let Effect::LookAtRotation(Renewed::Case(case)) | Effect::Rotate(Renewed::Case(case)) = effect {
        return vec![Msg::Rotation(Renewed::Case(case), resealed(&effect))];
    }
    let news = match effect {
        Effect::LookAtRotation(_) => {
            let told = vec![
                said("rewrap", &[("epoch", "2"), ("n", "3000"), ("done", "0")]),
                said("others", &[("n", "4")]),
                said("means", &[]),
            ];
            RotationNews::Ahead(told, KeepTheirKey::default())
        }
        Effect::Rotate(_) => RotationNews::At { done: 1500, total: 3000, rate: 500, bytes: 0, all_bytes: 0 },
        _ => ended(said("stopped", &[("n", "1500"), ("total", "3000")]), true),
    };
    vec![Msg::Rotation(sample(), news)]
}

#[test]
fn a_unit_gets_a_new_key_after_its_consequences_were_read_and_it_can_be_stopped_and_gone_on_with() {
    let mut stage = Stage::open();
    let began = |stage: &Stage| stage.effects.iter().filter(|effect| matches!(effect, Effect::Rotate(_))).count();
    let shows = ["3000 slips are to be rewrapped", "! 4 slips were written at headquarters", "Enter begins."];
    look(&mut stage, "rotation", "F8 F6 Down*2 F8", shows);
    assert_eq!((stage.effects.last(), began(&stage)), (Some(&Effect::LookAtRotation(sample())), 0));
    let shows = ["▰▰▰▰▰▰▰▰▰▰▱", "1500 of 3000, 500 a second, 3 s left", "Esc stops after the batch at hand"];
    look(&mut stage, "rotation_running", "Enter", shows);
    stage.keys("Enter");
    assert_eq!(began(&stage), 1, "it goes on already");
    stage.keys("Esc");
    assert_eq!(stage.effects.last(), Some(&Effect::StopRotating));
    let screen = stage.screen(80, 24);
    assert!(screen.contains("Stopped: 1500 of 3000") && !screen.contains('▰'), "{screen}");
    stage.keys("Enter");
    assert_eq!(began(&stage), 2);
    // What another unit's rotation says is none of this page's.
    let over = ended(said("left", &[("n", "9")]), false);
    stage.send(Msg::Rotation(Renewed::Unit(unit_id("other")), over.clone()));
    assert!(!stage.screen(80, 24).contains("9 slips keep an older key"));
    stage.send(Msg::Rotation(sample(), over));
    let screen = stage.screen(80, 24);
    assert!(screen.contains("9 slips keep an older key") && !screen.contains("Enter begins."), "{screen}");
    stage.keys("Enter Esc");
    assert_eq!(began(&stage), 2, "what is done is not begun again");
    assert!(stage.screen(80, 24).contains("▸ PS Sample"), "back at the keys");
    // A device's key is no unit's.
    stage.keys("Down F8");
    assert_eq!(stage.effects.iter().filter(|effect| matches!(effect, Effect::LookAtRotation(_))).count(), 1);
    let mut stage = Stage::open_with(urdu());
    look(&mut stage, "urdu_rotation", "F8 F6 Down*2 F8", ["UR", "3000", "Enter"]);
}

#[test]
fn a_case_with_large_attachments_shows_how_many_bytes_are_sealed_again_and_can_be_stopped_in_both_languages() {
    let case = |effect: &Effect| match effect {
        Effect::Rotate(of) => Some(*of),
        _ => None,
    };
    for (mut stage, words) in [
        (Stage::supervising(amanat::ui::Settings::default()), "3 of 10, 512 of 1024 MiB of attachments"),
        (Stage::supervising(urdu()), "1024"),
    ] {
        stage.case(1, &[]);
        stage.keys("Enter F11 Enter");
        let of = stage.effects.iter().find_map(case).unwrap();
        let (bytes, all_bytes) = (512 << 20, 1 << 30);
        stage.send(Msg::Rotation(of, RotationNews::At { done: 3, total: 10, rate: 2, bytes, all_bytes }));
        let screen = stage.screen(80, 24);
        assert!(screen.contains(words) && screen.contains("512"), "{screen}");
        assert_eq!(screen.matches('\u{25b0}').count(), 10, "half of the bytes, and not of the entries: {screen}");
        stage.keys("Esc");
        assert_eq!(stage.effects.last(), Some(&Effect::StopRotating), "while one attachment is sealed");
    }
}

/// So many slips that do not open, of which the desk names some.
fn shut(n: u64, named: u64) -> RotationNews {
    let slip = |nth: u64| {
        let (case, at) = (format!("c0ffee{nth:02}"), (nth + 100).to_string());
        let blanks = [("case", case.as_str()), ("n", at.as_str()), ("name", "device 77aa3344 of Nadia Qureshi")];
        Sentence { alarm: true, ..said("shut_at", &blanks) }
    };
    let told = vec![
        said("offer", &[("unit", "PS Sample")]),
        said("slips", &[("n", "3000")]),
        Sentence { alarm: true, ..said("shut", &[("n", &n.to_string())]) },
        said("means", &[]),
    ];
    RotationNews::Ahead(told, KeepTheirKey { named: (0..named).map(slip).collect(), n, after: 3 })
}

#[test]
fn slips_that_do_not_open_are_shown_by_entry_and_case_as_far_as_there_is_room_and_the_rest_as_a_number() {
    let mut stage = Stage::open();
    stage.keys("F8 F6 Down*2 F8");
    let shown = |stage: &mut Stage, height| {
        let screen = stage.screen(80, height);
        (0..99_u64)
            .filter(|nth| screen.contains(&format!("case c0ffee{nth:02}, entry {},", nth + 100)))
            .collect::<Vec<_>>()
    };
    // All of them where they fit, and then no number.
    stage.send(Msg::Rotation(sample(), shut(2, 2)));
    let screen = stage.screen(80, 24);
    for phrase in
        ["! 2 slips do not open here", "! Does not open: case c0ffee01, entry 101, device 77aa3344", "Enter begins."]
    {
        assert!(screen.contains(phrase), "{phrase}: {screen}");
    }
    assert_eq!(shown(&mut stage, 24), [0, 1]);
    assert!(!stage.screen(80, 24).contains("more"), "{}", stage.screen(80, 24));
    // Of many, those for which there is room, on this page and on a taller one; always as many as are said to be more.
    stage.send(Msg::Rotation(sample(), shut(1000, 60)));
    for height in [24, 30, 50] {
        let (screen, some) = (stage.screen(80, height), shown(&mut stage, height).len());
        assert!((2..60).contains(&some), "{screen}");
        assert!(
            screen.contains(&format!("! and {} more", 1000 - some)) && screen.contains("Enter begins."),
            "{screen}"
        );
    }
    assert!(shown(&mut stage, 50).len() > shown(&mut stage, 24).len());
    // The next are read by going down, and after the last that is named the rest is still said.
    stage.keys("Down*10");
    let next = shown(&mut stage, 24);
    assert!(next.first() > Some(&2), "{next:?}");
    stage.keys("Down*90 Up");
    assert_eq!(shown(&mut stage, 24), [59]);
    assert!(stage.screen(80, 24).contains("! and 940 more"), "{}", stage.screen(80, 24));
    // In Urdu as well.
    let mut stage = Stage::open_with(urdu());
    stage.keys("F8 F6 Down*2 F8");
    stage.send(Msg::Rotation(sample(), shut(1000, 60)));
    let screen = stage.screen(80, 24);
    let some = (0..60).filter(|nth| screen.contains(&format!("c0ffee{nth:02}"))).count();
    assert!((2..60).contains(&some) && screen.contains(&(1000 - some).to_string()), "{screen}");
    assert!(screen.contains("77aa3344") && !screen.contains("Does not open"), "{screen}");
}

#[test]
fn a_unit_that_is_owed_a_new_key_stands_among_what_is_due_and_enter_goes_there() {
    let mut stage = Stage::supervising(urdu());
    let owed = || Msg::KeysOwed(vec![(unit_id("PS Sample"), "PS Sample".into())]);
    stage.send(owed());
    stage.keys("F2");
    let shows = ["Give PS Sample a new key", "Return of last month", "today"];
    look(&mut stage, "today_new_key", "F7", shows);
    stage.keys("F2");
    assert!(stage.screen(80, 24).contains("PS Sample"), "in Urdu as well");
    stage.keys("F2 End Enter");
    assert_eq!(stage.effects.last(), Some(&Effect::LookAtRotation(sample())));
    stage.send(Msg::KeysOwed(Vec::new()));
    stage.keys("Esc");
    assert!(!stage.screen(80, 24).contains("PS Sample"), "what is paid is due no more");
    stage.send(owed());
    assert!(stage.screen(80, 24).contains("Give PS Sample a new key"));
}

#[test]
fn a_case_is_sealed_again_from_its_page_after_what_stays_was_read_and_it_can_be_gone_on_with() {
    let mut stage = Stage::supervising(amanat::ui::Settings::default());
    let case = stage.case(1, &[]);
    let of = Renewed::Case(case);
    let shows = ["1300 entries open under 2 slips", "! 1 entries do not open here", "Enter begins."];
    look(&mut stage, "reseal", "Enter F11", shows);
    assert_eq!(stage.effects.last(), Some(&Effect::LookAtRotation(of)));
    let screen = stage.screen(80, 24);
    assert!(screen.contains('\u{2193}') && !screen.contains("stays copied"), "there is more than fits\n{screen}");
    assert!(stage.screen(120, 40).contains("device 77aa3344 of Nadia Qureshi."), "a name in the language of the page");
    stage.keys("Down*4");
    let screen = stage.screen(80, 24);
    assert!(screen.contains("stays copied") && !screen.contains('\u{2193}'), "it scrolls\n{screen}");
    assert!(stage.screen(80, 24).contains(&format!("Case {} sealed again", case.short())));
    stage.keys("Enter");
    assert_eq!(stage.effects.last(), Some(&Effect::Rotate(of)));
    assert!(stage.screen(80, 24).contains("Stopped: 512 of 1300 entries"));
    // A unit's rotation says nothing to this page.
    stage.send(Msg::Rotation(sample(), ended(said("left", &[("n", "9")]), false)));
    assert!(!stage.screen(80, 24).contains("9 slips"));
    stage.send(Msg::Rotation(of, ended(of_case("done", &[("n", "1300")], false), false)));
    assert!(stage.screen(80, 24).contains("Done: 1300 entries are sealed again"));
    stage.keys("Esc");
    assert!(!stage.screen(80, 24).contains("Done: 1300"), "back at the case");
    let mut stage = Stage::supervising(urdu());
    stage.case(1, &[]);
    look(&mut stage, "urdu_reseal", "Enter F11", ["UR", "1300", "Enter"]);
}
