//! What was set aside, on the screen: a list with reasons, and the sealed bytes of one saved to a path that is typed.

use amanat::{
    model::{DeviceId, Moment},
    ui::{AsideRow, Effect},
};

use super::stage::{NOW, Stage};

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
