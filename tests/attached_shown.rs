//! An attachment is looked at from the screen: the program of the settings gets it through a pipe, no file of it is written in the home, it is
//! on record, and the program is gone when the screen is locked.

use std::{fs, path::Path};

use crate::support::{Canary, TestAgency, Typist, record};

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
