//! What an admin does with keys on the screen: the audit of one is read and saved.

use amanat::{
    model::{CaseId, DeviceId, Lang},
    ui::{AuditCase, AuditHolder, AuditPage, Audited, Effect, Msg, Trouble},
    words::Both,
};

use super::{
    looks::look,
    stage::{NOW, Stage, urdu},
    told::{lost, unit_id},
};

/// What a lost device could read, with something left of it in each place.
pub(crate) fn audit() -> AuditPage {
    let case = |n: u8, could, now| AuditCase { case: CaseId::from_bytes([n; 16]), could, now };
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
