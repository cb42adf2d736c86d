//! What was set aside, on the screen: a list with reasons, the sealed bytes of one saved to a path that is typed, all of it looked at again,
//! and one dropped after the screen has said what that means.

use amanat::{
    model::{DeviceId, Moment},
    ui::{AsideNews, AsideRow, Effect, Msg, Trouble},
};

use super::stage::{NOW, Stage, urdu};

/// One that came damaged, one that has come whole since, and one of another history whose day nobody noted.
pub(crate) fn rows() -> Vec<AsideRow> {
    let row = |n: u8, why: &str, day: Option<i64>, whole| AsideRow {
        id: format!("{n:064x}"),
        why: why.into(),
        day: day.map(Moment::pkt),
        member: if n == 3 { String::new() } else { "Sana Malik".into() },
        device: DeviceId::from_bytes([n; 32]),
        journal: "5f".into(),
        number: 40 + u64::from(n),
        bytes: 900,
        whole,
    };
    let now = NOW.unix_ms;
    vec![
        row(1, "damaged", Some(now), false),
        row(2, "damaged", Some(now - 86_400_000), true),
        row(3, "fork", None, false),
    ]
}

#[test]
fn the_chosen_one_is_saved_where_the_path_says_and_a_path_that_fails_can_be_corrected() {
    let mut stage = Stage::open();
    stage.keys("F6 F8 Down*2");
    assert!(stage.effects.contains(&Effect::LoadAside));
    stage.keys("F9 \"/nowhere\" Enter");
    let screen = stage.screen(80, 24);
    assert!(screen.contains("Save the sealed bytes") && screen.contains('!'), "{screen}");
    for _ in 0.."/nowhere".len() {
        stage.keys("Backspace");
    }
    stage.keys("\"/out/one.entry\" Enter");
    let saved = Effect::SaveAside { id: format!("{:064x}", 3), path: "/out/one.entry".into() };
    assert_eq!(stage.effects.last(), Some(&saved));
    let screen = stage.screen(80, 24);
    assert!(screen.contains("Saved, still sealed: /out/one.entry"), "{screen}");
    stage.keys("Esc");
    assert!(stage.screen(80, 24).contains("on a stick or on its way"), "back in the outbox");
}

#[test]
fn one_is_dropped_only_after_the_screen_has_said_what_that_means_and_by_a_key_of_its_own() {
    let mut stage = Stage::open();
    let drops =
        |stage: &Stage| stage.effects.iter().filter(|effect| matches!(effect, Effect::DropAside { .. })).count();
    stage.keys("F6 F8 F7");
    let screen = stage.screen(80, 24);
    for told in ["Drop it from this device", "number 41", "F10 drops it. Esc leaves it where it is.", "F10 drop"] {
        assert!(screen.contains(told), "{told}\n{screen}");
    }
    for means in
        ["Dropping takes the only copy of these sealed bytes", "save them first", "what comes again is set aside"]
    {
        assert!(screen.contains(means), "{means}\n{screen}");
    }
    // Neither the key that asked, nor the one that agrees elsewhere, does it.
    stage.keys("F7 Enter Space Esc");
    assert_eq!(drops(&stage), 0);
    assert!(!stage.screen(80, 24).contains("Drop it from this device"), "taken back");
    stage.keys("F7 F10");
    let id = format!("{:064x}", 1);
    assert_eq!((stage.effects.last(), drops(&stage)), (Some(&Effect::DropAside { id }), 1));
    let screen = stage.screen(80, 24);
    assert!(screen.contains("Dropped. Nothing of it is on this device any more."), "{screen}");
    assert!(!screen.contains("number 41") && screen.contains("number 42"), "{screen}");
    stage.keys("Esc");
    assert!(stage.screen(80, 24).contains("! 1 entry from elsewhere was put aside"), "the outbox counts what is left");
}

#[test]
fn one_that_stays_says_why_in_place_and_the_question_can_be_left() {
    let mut stage = Stage::open();
    stage.keys("F6 F8 End F7 F10");
    let screen = stage.screen(80, 24);
    assert!(screen.contains('✗') && screen.contains("number 43"), "{screen}");
    stage.keys("Esc Esc");
    assert!(stage.screen(80, 24).contains("on a stick or on its way"), "back in the outbox");
}

#[test]
fn all_of_it_is_held_against_the_roster_of_today_and_what_came_of_it_is_said() {
    let mut stage = Stage::open();
    stage.keys("F6 F8 End F5");
    assert!(stage.effects.contains(&Effect::TryAside));
    let screen = stage.screen(80, 24);
    let told = "By the roster of today: 1 count now, 0 wait for others, 1 in question.";
    assert!(screen.contains(told), "{screen}");
    assert!(!screen.contains("number 41") && screen.contains("! 1 entry from elsewhere"), "{screen}");
    // The list is shorter now: what is chosen is its last one, and nothing beyond it.
    stage.keys("F7 F10");
    assert_eq!(stage.effects.last(), Some(&Effect::DropAside { id: format!("{:064x}", 3) }));
}

#[test]
fn dropping_is_asked_in_urdu_as_well() {
    let mut stage = Stage::open_with(urdu());
    stage.keys("F6 F8 F7");
    let screen = stage.screen(80, 24);
    assert!(screen.contains("F10") && !screen.contains("Dropping") && !screen.contains("drops"), "{screen}");
    stage.keys("F10");
    assert!(stage.effects.contains(&Effect::DropAside { id: format!("{:064x}", 1) }));
}

/// What the desk says of a look at what was set aside, or of dropping one of it.
pub(crate) fn answer(effect: Effect) -> Vec<Msg> {
    match effect {
        Effect::TryAside => {
            vec![
                Msg::Aside(AsideNews::Tried { stand: 1, wait: 0, left: 1 }),
                Msg::Aside(AsideNews::Are(rows().split_off(1))),
            ]
        }
        Effect::DropAside { id } if id == format!("{:064x}", 3) => {
            vec![Msg::Aside(AsideNews::Stays(Trouble::word("failure.refused")))]
        }
        Effect::DropAside { id } => {
            let left = rows().into_iter().filter(|row| row.id != id).collect();
            vec![Msg::Aside(AsideNews::Dropped), Msg::Aside(AsideNews::Are(left))]
        }
        _ => Vec::new(),
    }
}
