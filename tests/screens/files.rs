//! Attachments on the screens: a path is typed, the work is seen and can be stopped, lists show how many and how large, and saving
//! warns.

use amanat::{
    model::Delivery,
    ui::{Effect, Msg, Progress},
};

use super::stage::{Stage, code, urdu};

/// A case open on its page.
fn on_case(mut stage: Stage) -> Stage {
    stage.case(1, &[("case_class", code("TIP")), ("risk_level", code("LOW"))]);
    stage.keys("Enter");
    stage
}

fn last(stage: &Stage) -> &Effect {
    let about_files = |effect: &&Effect| {
        let shows = matches!(effect, Effect::ViewPart(_));
        shows || matches!(effect, Effect::Attach { .. } | Effect::SavePart { .. } | Effect::StopSealing)
    };
    stage.effects.iter().rev().find(about_files).expect("something about files was asked for")
}

fn shows(stage: &mut Stage, phrases: &[&str]) {
    let screen = stage.screen(80, 24);
    for phrase in phrases {
        assert!(screen.contains(phrase), "{phrase:?} is not on\n{screen}");
    }
}

#[test]
fn a_file_is_attached_by_its_path_and_the_case_shows_how_many_and_how_large() {
    let mut stage = on_case(Stage::open());
    stage.keys("F9 \"/media/stick/scan.jpg\"");
    shows(&mut stage, &["Attach a file to this case", "unprotected", "/media/stick/scan.jpg"]);
    stage.keys("Enter");
    assert!(matches!(last(&stage), Effect::Attach { path, .. } if path == "/media/stick/scan.jpg"));
    shows(&mut stage, &["⊕ 2 files, 2.3 MB"]);
    let list = stage.screen(80, 24);
    assert!(!list.contains("passport"), "a file's name may be a person's, and stands in no list\n{list}");
    assert!(!list.contains("Attach a file"), "{list}");
}

#[test]
fn a_path_that_leads_nowhere_can_be_corrected_and_nothing_is_typed_into_work_that_goes_on() {
    let mut stage = on_case(Stage::open());
    stage.keys("F9 \"/nowhere\" Enter");
    shows(&mut stage, &["Attach a file to this case", "no such file", "/nowhere"]);
    for _ in 0.."/nowhere".len() {
        stage.keys("Backspace");
    }
    stage.keys("\"/slow\" Enter \"more\"");
    shows(&mut stage, &["41 %", "/slow"]);
    assert!(!stage.screen(80, 24).contains("/slowmore"));
    stage.keys("Esc");
    assert_eq!(*last(&stage), Effect::StopSealing);
    shows(&mut stage, &["stopped"]);
    stage.keys("Esc");
    assert!(!stage.screen(80, 24).contains("Attach a file"));
}

#[test]
fn an_entry_lists_its_attachments_and_saves_one_with_a_warning() {
    let mut stage = on_case(Stage::open());
    stage.keys("F9 \"/scan\" Enter End Enter");
    shows(&mut stage, &["Attachments", "image/jpeg, 2.3 MB", "passport zarmina.jpg", "audio/ogg, 812 B", "tape.ogg"]);
    stage.keys("F9");
    shows(&mut stage, &["Save attachment 1 of 2: image/jpeg, 2.3 MB", "The copy is NOT protected"]);
    stage.keys("Down \"/later\" Enter");
    assert!(
        matches!(last(&stage), Effect::SavePart { listed, path } if path == "/later" && &*listed.part.media == "audio/ogg")
    );
    shows(&mut stage, &["Save attachment 2 of 2", "not on this device yet"]);
    stage.keys("Esc F9 \"/out/photo.jpg\" Enter");
    assert!(
        matches!(last(&stage), Effect::SavePart { listed, path } if path == "/out/photo.jpg" && &*listed.part.media == "image/jpeg")
    );
    shows(&mut stage, &["Saved to /out/photo.jpg. This copy is not protected"]);
}

#[test]
fn an_entry_has_one_of_its_attachments_shown_and_says_what_that_means_before() {
    let mut stage = on_case(Stage::open());
    stage.keys("F9 \"/scan\" Enter End Enter F11");
    shows(&mut stage, &["F11 shows one", "Show attachment 1 of 2: image/jpeg, 2.3 MB", "program that the settings"]);
    stage.keys("\"/typed\" Down");
    let page = stage.screen(80, 24);
    assert!(page.contains("Show attachment 2 of 2") && !page.contains("/typed"), "no path is asked for\n{page}");
    assert!(!stage.effects.iter().any(|effect| matches!(effect, Effect::ViewPart(_))), "nothing before it is chosen");
    stage.keys("Enter");
    assert!(matches!(last(&stage), Effect::ViewPart(listed) if &*listed.part.media == "audio/ogg"));
    shows(&mut stage, &["not on this device yet"]);
    stage.keys("Up Enter");
    assert!(matches!(last(&stage), Effect::ViewPart(listed) if &*listed.part.media == "image/jpeg"));
    assert!(!stage.screen(80, 24).contains("Show attachment"), "it stands in a window of its own");
}

#[test]
fn an_entry_whose_attachment_is_on_its_way_is_not_called_received() {
    let mut stage = on_case(Stage::open());
    stage.keys("F9 \"/scan\" Enter");
    let mut mark = stage.mark(Delivery::Received);
    mark.complete = mark.up_to - 1;
    stage.send(Msg::Marks(vec![mark]));
    let line = |stage: &mut Stage| {
        let screen = stage.screen(80, 24);
        screen.lines().find(|line| line.contains("2 files")).unwrap_or_else(|| panic!("{screen}")).to_owned()
    };
    assert!(line(&mut stage).contains("handed over"), "{}", line(&mut stage));
    let mark = stage.mark(Delivery::Received);
    stage.send(Msg::Marks(vec![mark]));
    assert!(line(&mut stage).contains("received"), "{}", line(&mut stage));
}

#[test]
fn the_outbox_says_how_much_of_attachments_is_left() {
    let mut stage = Stage::open();
    stage.keys("F6");
    assert!(!stage.screen(80, 24).contains("Attachments:"));
    stage.send(Msg::Synced(Progress { files_left: 31_457_280, ..Progress::default() }));
    shows(&mut stage, &["Attachments: 31.4 MB still to go or come"]);
}

#[test]
fn the_outbox_says_that_attachments_wait_here_while_the_hub_cannot_keep_any() {
    let mut stage = Stage::open();
    stage.keys("F6");
    let waits = |files_wait| Msg::Synced(Progress { files_wait, ..Progress::default() });
    stage.send(waits(0));
    assert!(!stage.screen(80, 24).contains("cannot keep attachments"));
    stage.send(waits(31_457_280));
    shows(&mut stage, &["! The hub cannot keep attachments just now; they wait here (31.4 MB)."]);
    let mut stage = Stage::open_with(urdu());
    stage.keys("F6");
    let before = stage.screen(80, 24);
    stage.send(waits(31_457_280));
    let page = stage.screen(80, 24);
    assert!(page.contains("31.4") && !before.contains("31.4") && !page.contains("attachments"), "{page}");
}

#[test]
fn the_outbox_says_where_only_the_clock_notices_a_network_that_is_back() {
    for (stage, words) in [(Stage::open(), "noticed by the clock alone here"), (Stage::open_with(urdu()), "F5 ")] {
        let mut stage = stage;
        stage.keys("F6");
        let says = |stage: &mut Stage, by_clock| {
            stage.send(Msg::Synced(Progress { by_clock, ..Progress::default() }));
            stage.screen(80, 24)
        };
        let (heard, alone) = (says(&mut stage, false), says(&mut stage, true));
        assert_eq!(alone.matches(words).count(), heard.matches(words).count() + 1, "{alone}");
    }
}

#[test]
fn attachments_speak_urdu() {
    let mut stage = on_case(Stage::open_with(urdu()));
    stage.keys("F9 \"/scan\" Enter");
    let page = stage.screen(80, 24);
    assert!(page.contains('⊕') && page.contains("2.3") && !page.contains("files"), "{page}");
    stage.keys("End Enter F9");
    assert!(!stage.screen(80, 24).contains("Save attachment"));
    stage.keys("Esc F11");
    let page = stage.screen(80, 24);
    assert!(page.contains("image/jpeg, 2.3 MB") && !page.contains("Show attachment"), "{page}");
}

#[test]
fn the_stick_page_says_which_attachments_leave_which_had_no_room_and_which_came() {
    let mut stage = Stage::open();
    stage.attached = true;
    let (out, written, read) = ("F6 F4", "Down Enter", "F6 Enter");
    stage.keys(out);
    shows(&mut stage, &["2 entries have", "attachments: they leave too,", "as far as the stick has"]);
    stage.keys(written);
    shows(&mut stage, &["2 entries left. 3 attachments with them.", "! 1 attachment had no room", "handed over"]);
    stage.keys(read);
    shows(&mut stage, &["1 attachment came whole.", "! 2 attachments did not come whole", "ends too early"]);
    let mut plain = Stage::open();
    plain.keys("F6 F4 Down Enter");
    assert!(!plain.screen(80, 24).contains("attachment"), "nothing is said where there are none");
}
