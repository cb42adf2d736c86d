//! An attachment is looked at from the screen: the program of the settings gets it through a pipe, no file of it is written in the home, it is
//! on record, and the program is gone when the screen is locked.

use std::{fs, path::Path};

use crate::{
    resealed_parts::{Scene, all_sync, sealed_at},
    support::{Actor, Canary, TestAgency, Typist, record},
};

#[test]
fn a_photo_is_shown_through_a_pipe_is_on_record_and_is_closed_when_the_screen_locks() {
    let agency = TestAgency::offline();
    let officer = &agency.officer;
    let case = record(officer, 1, "zukhwendar").case;
    let photo = [b"\xFF\xD8\xFF\xE0".as_slice(), "Canary of a photo. ".repeat(40_000).as_bytes()].concat();
    let (file, out) = (agency.dir.path().join("photo.jpg"), agency.dir.path().join("shown"));
    fs::write(&file, &photo).unwrap();
    officer.run(&["entry", "attach", &case, file.to_str().unwrap()]);
    fs::remove_file(&file).unwrap();
    let script =
        "echo $$ > \"$1.pid\"; cat > \"$1.part\"; echo \"$0\" >> \"$1.part\"; mv \"$1.part\" \"$1\"; exec sleep 1000";
    let settings = officer.file("settings.toml");
    let before = fs::read_to_string(&settings).unwrap_or_default();
    let command = format!("view_command = [\"sh\", \"-c\", '{script}', \"{{media}}\", \"{}\"]\n", out.display());
    fs::write(&settings, format!("{command}{before}")).unwrap();

    let mut typist = Typist::sits_down(&officer.home, &[]);
    let passphrase = fs::read_to_string(&officer.passphrase).unwrap();
    typist.sees("This device is locked");
    typist.does(&format!("\"{}\" Enter", passphrase.trim_end()), "1 case");
    typist.does("Enter", "⊕ 1 file");
    typist.does("End Enter", "Attachments");
    typist.types("F11");
    typist.waits_until("the program has all of it", || out.exists());
    assert!(
        fs::read(&out).unwrap()
            == [
                photo.as_slice(),
                b"image/jpeg
"
            ]
            .concat(),
        "byte for byte, and what it is"
    );
    let running = format!("/proc/{}", fs::read_to_string(agency.dir.path().join("shown.pid")).unwrap().trim());
    assert!(Path::new(&running).exists(), "it stays open while the person looks");
    typist.does("C-l", "This device is locked");
    typist.waits_until("the program is gone", || !Path::new(&running).exists());
    typist.types("C-q");
    assert!(typist.ends().success());
    fs::remove_file(&out).unwrap();
    Canary::of(["Canary of a photo."]).must_be_absent(&officer.home, &[]);
    let shown = officer.run(&["case", "show", &case]);
    let looks = shown["entries"].as_array().unwrap().iter().filter(|entry| entry["what"] == "export").count();
    assert_eq!(looks, 1, "that it was given out is on record: {shown}");
}

/// What is shown on this device is written to a file by the program of its settings, with what it is behind it.
fn writes_to(actor: &Actor, out: &Path) {
    let settings = actor.file("settings.toml");
    let before = fs::read_to_string(&settings).unwrap_or_default();
    let script = "cat > \"$1.part\"; mv \"$1.part\" \"$1\"; exec sleep 1000";
    let command = format!("view_command = [\"sh\", \"-c\", '{script}', \"{{media}}\", \"{}\"]\n", out.display());
    fs::write(&settings, format!("{command}{before}")).unwrap();
}

#[test]
fn an_attachment_that_was_sealed_again_is_shown_from_the_screen_in_both_languages() {
    let scene = Scene::build();
    let (officer, reader, supervisor) = (&scene.agency.officer, &scene.agency.reader, &scene.agency.supervisor);
    reader.run(&["sync", "--parts"]);
    scene.reseals(reader);
    all_sync(&[reader, supervisor, reader, supervisor, officer]);
    assert_eq!(scene.at_hub(), (0, 2));
    assert_eq!(sealed_at(&officer.file("parts")), 2, "the newer alone, on the author's device as well");
    let out = scene.agency.dir.path().join("shown");
    writes_to(officer, &out);
    let mut typist = Typist::sits_down(&officer.home, &[]);
    let passphrase = fs::read_to_string(&officer.passphrase).unwrap();
    typist.sees("This device is locked");
    typist.does(&format!("\"{}\" Enter", passphrase.trim_end()), "1 case");
    typist.does("Enter", "\u{2295} 2 files");
    typist.does("End Enter", "Attachments");
    let shown = |typist: &mut Typist, keys: &str, words: &str, plain: &[u8]| {
        typist.types("F11");
        typist.sees_that(words, |screen| screen.contains('\u{256d}') && screen.contains(words));
        typist.types(keys);
        typist.waits_until("the program has all of it", || out.exists());
        assert!(fs::read(&out).unwrap() == plain, "{words}: byte for byte");
        fs::remove_file(&out).unwrap();
        typist.sees_that("the page again", |screen| !screen.contains('\u{256d}'));
    };
    shown(&mut typist, "Enter", "Show attachment 1 of 2", &scene.plain[0]);
    // The same page in Urdu, and the other attachment.
    typist.does("F2", "UR");
    typist.sees_that("the page in Urdu", |screen| screen.contains("note.txt") && !screen.contains("Attachments"));
    shown(&mut typist, "Down Enter", "application/", &scene.plain[1]);
    typist.types("C-q");
    assert!(typist.ends().success());
    let looks = officer.run(&["case", "show", &scene.story.case]);
    let looks = looks["entries"].as_array().unwrap().iter().filter(|entry| entry["what"] == "export").count();
    assert_eq!(looks, 2, "both are on record");
}
