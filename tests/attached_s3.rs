//! Attachments in an object store, from end to end: the built hub serves over a real server that speaks S3, the built app brings a file, the
//! hub is started anew, the store is away for a while, and headquarters saves what was attached.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
};

use crate::attached::{attach, delivery, file, noise};
use crate::resealed_parts::{Scene, all_sync};
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

/// A served store in a folder, a road to it that can break, and the agency's hub set to keep attachments there.
fn with_store(agency: &mut TestAgency) -> (Server, PathBuf, Link) {
    let served = agency.dir.path().join("s3");
    fs::create_dir(&served).unwrap();
    let server = Server::start(&served);
    server.bucket("case-files");
    let road = Link::to(server.address).unwrap();
    agency.kill_hub();
    let settings = agency.hub_home.join("settings.toml");
    let place = format!("s3://case-files/hq?endpoint=http://{}&region=us-east-1", road.address());
    let before = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, format!("parts = \"{place}\"\nparts_credentials = \"s3\"\n{before}")).unwrap();
    write_private(&agency.hub_home.join("s3"), CREDENTIALS.as_bytes());
    agency.start_hub();
    (server, served, road)
}

#[test]
fn a_hub_process_keeps_attachments_in_an_object_store_over_a_restart_and_a_store_that_was_away() {
    let mut agency = TestAgency::build();
    // Between hub and store lies a road that can break.
    let (_server, _, road) = with_store(&mut agency);

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

/// The names of what lies in the bucket, as the server lists them; one that lists for nobody keeps them as files.
fn objects(server: &Server, served: &Path) -> Vec<String> {
    let mut to = TcpStream::connect(server.address).unwrap();
    let host = server.address;
    write!(to, "GET /case-files?list-type=2 HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    to.read_to_string(&mut answer).unwrap();
    if answer.contains("<ListBucketResult") {
        return answer.split("<Key>").skip(1).filter_map(|key| Some(key.split_once('<')?.0.to_owned())).collect();
    }
    files_below(&served.join("case-files")).iter().map(|path| path.to_string_lossy().into_owned()).collect()
}

#[test]
fn what_was_sealed_again_lies_in_the_object_store_alone_also_when_the_store_was_away_meanwhile() {
    let mut agency = TestAgency::build();
    let (server, served, road) = with_store(&mut agency);
    let mut scene = Scene::of(agency);
    let of_case = |scene: &Scene| objects(&server, &served).into_iter().filter(|name| scene.is_older(name)).count();
    assert_eq!((of_case(&scene), objects(&server, &served).len()), (2, 2), "the search finds what is there");
    let (reader, supervisor) = (scene.agency.reader.clone(), scene.agency.supervisor.clone());
    reader.run(&["sync", "--parts"]);
    scene.reseals(&reader);
    reader.run(&["sync"]);
    assert_eq!((of_case(&scene), objects(&server, &served).len()), (2, 4), "nobody else has opened them");
    supervisor.run(&["sync"]);
    assert_eq!(of_case(&scene), 2, "they came, and the word has not gone yet");
    // The word on them reaches a hub whose store is away: what it cannot remove now goes when the store is there again.
    road.cut();
    all_sync(&[&supervisor]);
    scene.agency.kill_hub();
    road.mend();
    scene.agency.start_hub();
    all_sync(&[&reader, &supervisor, &scene.agency.officer]);
    assert_eq!((of_case(&scene), objects(&server, &served).len()), (0, 2), "the newer alone");
    assert_eq!(scene.at_hub().0, 0, "and no older envelope");
    for actor in [&scene.agency.officer, &reader, &supervisor] {
        scene.opens_on(actor, "afterwards");
    }
    assert_eq!(number(&scene.agency.hub_status(), "missing"), 0);
}
