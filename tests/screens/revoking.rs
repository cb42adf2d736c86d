//! An admin ends the trust in a device by keys: what follows is read first, for a device that is lost and for one that was handed back; a wrong
//! passphrase signs nothing, and whoever is no admin is not offered it.

use amanat::{
    model::DeviceId,
    ui::{Bidi, Effect, Msg, Sentence, Settings, Trouble},
};

use super::{
    begun::plain,
    stage::{Stage, urdu},
    told::preview,
};

const ROOT: &str = "the words of the root key";

/// What a desk answers to the two questions of this page.
pub(super) fn answer(effect: Effect) -> Vec<Msg> {
    match effect {
        Effect::PreviewRevocation { device, lost: true } => vec![Msg::PreviewIs { device, lines: preview() }],
        Effect::PreviewRevocation { device, lost: false } => {
            let mut lines = preview();
            lines[0].key = "change.device_left".into();
            vec![Msg::PreviewIs { device, lines }]
        }
        Effect::Revoke { device, passphrase, .. } if passphrase.reveal() == ROOT => {
            let blanks = vec![("version".into(), "8".into(), false)];
            let signed = Sentence { key: "keys.signed".into(), blanks, alarm: false };
            vec![Msg::Revoked { device, lines: std::iter::once(signed).chain(preview()).collect() }]
        }
        Effect::Revoke { .. } => vec![Msg::RevokeFailed(Trouble::word("unlock.wrong"))],
        other => panic!("{other:?}"),
    }
}

/// On the page of a device, with what would follow.
fn before_a_device(mut stage: Stage) -> Stage {
    stage.keys("F8 F6 Down*3 Enter");
    stage
}

fn asked(stage: &Stage) -> Vec<(DeviceId, bool)> {
    let told = stage.effects.iter().filter_map(|effect| match effect {
        Effect::Revoke { device, lost, .. } => Some((*device, *lost)),
        _ => None,
    });
    told.collect()
}

fn bar(stage: &mut Stage) -> String {
    let screen = stage.screen(100, 24);
    screen.lines().rev().nth(1).unwrap().to_owned()
}

#[test]
fn what_follows_is_read_before_it_is_signed_and_a_wrong_passphrase_signs_nothing() {
    let mut stage = before_a_device(Stage::administering(plain()));
    let screen = stage.screen(80, 24);
    assert!(screen.contains("If Sana 5f0c1122 were lost today") && screen.contains("F10 revoke"), "{screen}");
    stage.keys("F7");
    let screen = stage.screen(80, 24);
    assert!(screen.contains("If Sana 5f0c1122 were handed back today"), "{screen}");
    stage.keys("F7 F10 \"wrong words\"");
    let screen = stage.screen(80, 24);
    assert!(screen.contains("Passphrase of the root key") && !screen.contains("wrong words"), "{screen}");
    assert!(screen.contains("trust in it ends"), "what is signed stands above it: {screen}");
    stage.keys("Enter");
    let screen = stage.screen(80, 24);
    assert!(screen.contains("Passphrase of the root key") && !screen.contains("Signed"), "{screen}");
    // Left in the middle, nothing is signed, and the keys of the list mean what they meant.
    stage.keys("Esc Esc F10");
    assert!(stage.screen(80, 24).contains("What each key opens."), "{}", stage.screen(80, 24));

    stage.keys(&format!("Enter F7 F10 \"{ROOT}\" Enter"));
    let screen = stage.screen(80, 24);
    let signed = ["Sana 5f0c1122 is trusted no more", "Signed: roster 8 is in force here"];
    assert!(signed.iter().all(|text| screen.contains(text)), "{screen}");
    let told = asked(&stage);
    assert_eq!(told.iter().map(|(_, lost)| *lost).collect::<Vec<_>>(), [true, false], "as it stood there");
    assert_eq!(told[0].0, told[1].0);
    assert!(matches!(stage.effects.last(), Some(Effect::Sync)), "and it goes out at once");
}

#[test]
fn in_urdu_as_well() {
    let mut stage = before_a_device(Stage::administering(Settings { bidi: Bidi::Terminal, ..urdu() }));
    stage.keys(&format!("F7 F10 \"{ROOT}\""));
    let screen = stage.screen(80, 24);
    assert!(
        screen.contains("اگر Sana 5f0c1122 آج واپس دیا جائے") && screen.contains("روٹ چابی کا پاس فریز"),
        "{screen}"
    );
    stage.keys("Enter");
    let screen = stage.screen(80, 24);
    assert!(screen.contains("Sana 5f0c1122 پر بھروسا ختم") && screen.contains("روسٹر 8 یہاں نافذ ہے"), "{screen}");
}

#[test]
fn whoever_is_no_admin_reads_what_would_follow_and_signs_nothing() {
    let mut stage = before_a_device(Stage::supervising(plain()));
    assert!(!bar(&mut stage).contains("F10") && bar(&mut stage).contains("F7 lost or left"), "{}", bar(&mut stage));
    stage.keys(&format!("F10 \"{ROOT}\" Enter"));
    assert_eq!(asked(&stage), []);
    assert!(stage.screen(80, 24).contains("What each key opens."), "Enter went back: {}", stage.screen(80, 24));
}
