//! Attachments in an object store, from end to end: the built hub serves over a real server that speaks S3, the built app brings a file, the
//! hub is started anew, the store is away for a while, and headquarters saves what was attached.

use std::fs;

use crate::attached::{attach, delivery, file, noise};
use crate::support::{Link, TestAgency, files_below, number, record, write_private};

#[path = "../sync/hub/tests/hub/s3_server.rs"]
mod s3_server;

use s3_server::{CREDENTIALS, Server};

/// Saves an entry's attachment at headquarters; what is in it.
fn saved(agency: &TestAgency, entry: &str, name: &str) -> Vec<u8> {
    let out = agency.dir.path().join(name);
    agency.reader.run(&["sync"]);
    agency.reader.run(&["entry", "save-part", entry, "1", "--out", &out.to_string_lossy()]);
    fs::read(out).unwrap()
}

#[test]
fn a_hub_process_keeps_attachments_in_an_object_store_over_a_restart_and_a_store_that_was_away() {
    let mut agency = TestAgency::build();
    let served = agency.dir.path().join("s3");
    fs::create_dir(&served).unwrap();
    let server = Server::start(&served);
    server.bucket("case-files");
    // Between hub and store lies a road that can break.
    let road = Link::to(server.address).unwrap();
    agency.kill_hub();
    let settings = agency.hub_home.join("settings.toml");
    let place = format!("s3://case-files/hq?endpoint=http://{}&region=us-east-1", road.address());
    let before = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, format!("parts = \"{place}\"\nparts_credentials = \"s3\"\n{before}")).unwrap();
    write_private(&agency.hub_home.join("s3"), CREDENTIALS.as_bytes());
    agency.start_hub();

    let officer = agency.officer.clone();
    let story = record(&officer, 1, "zukhwendar");
    let first = noise(1, 3 << 20);
    let entry = attach(&officer, &story, &[&file(&agency, "first.pdf", &first)]);
    officer.run(&["sync"]);
    assert_eq!(delivery(&officer, &entry), "received");
    let folder = agency.hub_home.join("parts");
    assert!(!folder.exists() || files_below(&folder).is_empty(), "it lies in the hub's folder");
    agency.kill_hub();
    agency.start_hub();
    assert!(saved(&agency, &entry, "first.saved") == first, "what the store gave is not what was attached");
    let unread = noise(3, 70_000);
    let asked = attach(&officer, &story, &[&file(&agency, "third.pdf", &unread)]);
    officer.run(&["sync"]);
    agency.reader.run(&["sync"]);

    // The store is away: everything arrives at the hub, and nothing is called received that is not in its place.
    road.cut();
    let second = noise(2, 2 << 20);
    let later = attach(&officer, &story, &[&file(&agency, "second.pdf", &second)]);
    let away = officer.run(&["sync"]);
    assert_eq!(delivery(&officer, &later), "handed over", "{away}");
    assert!(number(&away["parts"], "waits") >= 2 << 20, "whoever waits is told why: {away}");
    assert_eq!(number(&away["parts"], "left"), 0, "nothing could move meanwhile: {away}");
    // Entries go and come all the same, and a second attachment is not carried to a hub that cannot keep the first.
    let story_goes_on = record(&officer, 2, "berghallen");
    let small = attach(&officer, &story_goes_on, &[&file(&agency, "small.pdf", &noise(4, 9_000))]);
    let away = officer.run(&["sync"]);
    assert!(number(&away["parts"], "waits") >= (2 << 20) + 9_000, "{away}");
    assert_eq!(number(&away["parts"], "sent"), 0, "{away}");
    assert_eq!(delivery(&officer, story_goes_on.interview()), "received");
    // Whoever asks for what lies there is told as well.
    let out = agency.dir.path().join("third.early");
    let early = agency.reader.ask(&["entry", "save-part", &asked, "1", "--out", &out.to_string_lossy()]);
    assert_eq!((early.code, out.exists()), (4, false), "{}", early.json);
    assert!(early.json.to_string().contains("cannot give attachments just now"), "{}", early.json);
    agency.kill_hub();
    agency.start_hub();
    road.mend();
    officer.run(&["sync"]);
    assert_eq!(delivery(&officer, &later), "received");
    assert_eq!(delivery(&officer, &small), "received");
    assert!(saved(&agency, &later, "second.saved") == second, "what the store gave is not what was attached");
    assert!(saved(&agency, &asked, "third.saved") == unread, "what the store gave is not what was attached");
    assert_eq!(agency.reader.run(&["verify"])["holds"], true);
}
