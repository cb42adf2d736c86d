//! The built program as a keeper starts it: made, enrolled, served, called over a socket, stopped, started again.

use std::path::Path;

use amanat_keys::device::Signer;
use amanat_keys::tls_key::TlsKeys;
use amanat_sync::batch::Why;
use amanat_sync::courier::{Courier, End, pass};
use amanat_sync::http::{HttpSettings, HttpTransport};
use amanat_sync::journal::{Journal as _, MemoryJournal};
use amanat_sync::transport::{RefusalReason, Transport as _, TransportError};
use amanat_sync::wire::codec;
use amanat_sync::wire::messages::{PushReply, RunAnswer};

use super::running::*;
use super::support::*;

#[test]
fn a_keeper_makes_enrols_serves_stops_and_serves_again() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("hub");
    let mut agency = enrolled(&home);

    let early = hub(&["serve"], &home);
    assert!(!early.status.success());
    assert!(String::from_utf8_lossy(&early.stderr).contains("no roster yet"), "{early:?}");
    let file = folder.path().join("agency.roster");
    std::fs::write(&file, agency.trust.statement_bytes()).unwrap();
    let file = file.to_str().unwrap();
    let wrong = hub(&["roster", file, "--fingerprint", "one two three four five six seven eight"], &home);
    assert!(!wrong.status.success());
    let words = agency.trust.fingerprint_words().to_string();
    let taken = hub(&["roster", file, "--fingerprint", &words], &home);
    assert!(taken.status.success(), "{taken:?}");
    assert_eq!(String::from_utf8(taken.stdout).unwrap(), "roster 2\n");

    let running = Running::start(&home);
    let second = hub(&["serve", "--listen", "127.0.0.1:0"], &home);
    assert!(String::from_utf8_lossy(&second.stderr).contains("another hub runs"), "{second:?}");
    let mut officer = MemoryJournal::default();
    let mut pen = Pen::new(&agency, 0, 1);
    let story = pen.story(300);
    keep(&mut officer, &pen, &story);
    let mut courier = Courier::default();
    let mut to_hub = road(&agency, 0, &running.url);
    let outcome = pass(&mut courier, &mut officer, &mut to_hub, agency.party(0), &mut agency.trust.clone());
    assert!(matches!(outcome.end, End::Done) && outcome.trouble.is_empty(), "{outcome:?}");
    assert_eq!(officer.status(&agency.hub.id).unwrap().own[0].received, 300);
    assert_eq!(running.terminate(), Some(0), "drained and left in order");

    // Another life on the same folder, another port, another nonce: everything goes on.
    let status: serde_json::Value = serde_json::from_slice(&hub(&["status", "--json"], &home).stdout).unwrap();
    assert_eq!((&status["entries"], &status["running"], &status["listed"]), (&300.into(), &false.into(), &true.into()));
    let running = Running::start(&home);
    let more = pen.story(20);
    keep_more(&mut officer, &more);
    let mut to_hub = road(&agency, 0, &running.url);
    let outcome = pass(&mut courier, &mut officer, &mut to_hub, agency.party(0), &mut agency.trust.clone());
    assert!(matches!(outcome.end, End::Done), "{outcome:?}");
    let mut reader = MemoryJournal::default();
    let outcome = pass(
        &mut Courier::default(),
        &mut reader,
        &mut road(&agency, 3, &running.url),
        agency.party(3),
        &mut agency.trust,
    );
    assert_eq!((outcome.pulled, outcome.set_aside), (320, 0), "{outcome:?}");
}

pub(crate) fn keep_more(journal: &mut MemoryJournal, entries: &[amanat_sync::entry::SealedEntry]) {
    let entries = entries.to_vec();
    journal.append(&amanat_sync::journal::Keep { entries, ..Default::default() }).unwrap();
}

#[test]
fn a_hub_that_is_not_there_loses_nothing_and_a_wrong_one_is_refused() {
    let agency = Agency::new("http://127.0.0.1:1");
    let mut officer = MemoryJournal::default();
    let mut pen = Pen::new(&agency, 0, 1);
    let story = pen.story(3);
    keep(&mut officer, &pen, &story);
    let mut nowhere = road(&agency, 0, "http://127.0.0.1:1");
    let outcome = pass(&mut Courier::default(), &mut officer, &mut nowhere, agency.party(0), &mut agency.trust.clone());
    assert!(matches!(outcome.end, End::Unreachable(_)), "{outcome:?}");
    assert_eq!(officer.status(&agency.hub.id).unwrap().waiting(), 3);

    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("hub");
    let other = enrolled(&home);
    let file = folder.path().join("agency.roster");
    std::fs::write(&file, other.trust.statement_bytes()).unwrap();
    let words = other.trust.fingerprint_words().to_string();
    assert!(hub(&["roster", file.to_str().unwrap(), "--fingerprint", &words], &home).status.success());
    let running = Running::start(&home);
    let mut wrong = road(&agency, 0, &running.url);
    let outcome = pass(&mut Courier::default(), &mut officer, &mut wrong, agency.party(0), &mut agency.trust.clone());
    let End::Refused(refusal) = outcome.end else { panic!("{outcome:?}") };
    assert_eq!(refusal.reason, RefusalReason::WrongHub);
    assert!(!refusal.request.is_empty() && refusal.sentence.contains("another hub"), "{refusal}");
    assert!(matches!(
        HttpTransport::new(HttpSettings {
            url: "http://hub.example".to_owned(),
            tls_keys: TlsKeys::default(),
            agency: agency.id(),
            device: agency.actors[0].id,
            hub: agency.hub.signer.key_id(),
            sign: Box::new(|_| [0; 64]),
            ticks: Box::new(|| 0),
        }),
        Err(TransportError::Refused(refusal)) if refusal.reason == RefusalReason::Address
    ));
}

#[test]
fn a_device_five_rosters_behind_catches_up_with_a_hub_that_was_given_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("hub");
    let mut agency = enrolled(&home);
    let file = folder.path().join("agency.roster");
    let path = file.to_str().unwrap().to_owned();
    std::fs::write(&file, agency.trust.statement_bytes()).unwrap();
    let words = agency.trust.fingerprint_words().to_string();
    assert!(hub(&["roster", &path, "--fingerprint", &words], &home).status.success());

    let mut behind = agency.trust.clone();
    std::fs::write(&file, super::lineage::moves_on(&mut agency, 5).concat()).unwrap();
    let taken = hub(&["roster", &path], &home);
    assert_eq!(String::from_utf8(taken.stdout).unwrap(), "roster 7\n");
    let running = Running::start(&home);
    let mut journal = MemoryJournal::default();
    let mut to_hub = road(&agency, 0, &running.url);
    let outcome = pass(&mut Courier::default(), &mut journal, &mut to_hub, agency.party(0), &mut behind);
    assert!(matches!(outcome.end, End::Done) && outcome.trouble.is_empty(), "{outcome:?}");
    assert_eq!(behind.roster_version(), 7);
}

#[test]
fn a_rival_roster_in_a_file_is_refused_and_told_in_the_status() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("hub");
    let agency = enrolled(&home);
    let (file, rival) = (folder.path().join("agency.roster"), folder.path().join("rival.roster"));
    let words = agency.trust.fingerprint_words().to_string();
    let next = agency.next(|roster| roster.name = "One".to_owned());
    std::fs::write(&file, [agency.trust.statement_bytes(), next].concat()).unwrap();
    std::fs::write(&rival, agency.next(|roster| roster.name = "Other".to_owned())).unwrap();
    let taken = hub(&["roster", file.to_str().unwrap(), "--fingerprint", &words], &home);
    assert_eq!(String::from_utf8(taken.stdout).unwrap(), "roster 3\n", "{:?}", String::from_utf8(taken.stderr));
    let refused = hub(&["roster", rival.to_str().unwrap()], &home);
    assert!(!refused.status.success(), "{refused:?}");
    let status: serde_json::Value = serde_json::from_slice(&hub(&["status", "--json"], &home).stdout).unwrap();
    assert_eq!((&status["roster"], &status["rival_rosters"]), (&3.into(), &1.into()));
    let status = hub(&["status"], &home);
    assert!(String::from_utf8_lossy(&status.stdout).contains("DISPUTE"), "{status:?}");
}

#[test]
fn what_a_hub_makes_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("hub");
    // A folder that the keeper made beforehand, open to everybody.
    std::fs::create_dir(&home).unwrap();
    std::fs::set_permissions(&home, std::fs::Permissions::from_mode(0o755)).unwrap();
    let (_agency, running) = serving(folder.path());
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&home), 0o700);
    let files: Vec<_> = std::fs::read_dir(&home).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.iter().any(|path| path.ends_with("hub.sqlite-wal")), "{files:?}");
    for path in files {
        let own = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode(&path), own, "{}", path.display());
    }
    assert_eq!(running.terminate(), Some(0));
}

/// The headers of a push in an officer's name that a stranger signed, as they stand on the wire.
fn forged_headers(agency: &Agency, length: usize) -> String {
    let mut client = Client::new(agency, 0, "/v1/push");
    client.parts.hub = agency.roster.hubs[0].receipt_key.key_id().to_string();
    client.actor.signer = Signer::from_seed(&[99; 32]).unwrap();
    let request = client.request(b"another body");
    let fields = request.headers().iter().map(|(name, value)| format!("{name}: {}\r\n", value.to_str().unwrap()));
    format!("POST /v1/push HTTP/1.1\r\n{}content-length: {length}\r\n\r\n", fields.collect::<String>())
}

#[test]
fn strangers_with_large_and_slow_bodies_cost_no_memory_and_keep_nobody_out() {
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream;
    use std::time::Duration;
    let folder = tempfile::tempdir().unwrap();
    let (agency, running) = serving(folder.path());
    let address = running.url.strip_prefix("http://").unwrap().to_owned();
    let length = 8 * 1024 * 1024;
    let headers = forged_headers(&agency, length);
    // Twenty that never end their headers, twenty that stop in the middle of the body, twenty that send it whole but for a byte.
    let connect = |text: &str| {
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.set_write_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        stream
    };
    let mut silent: Vec<TcpStream> = (0..20).map(|_| connect(&headers[..300])).collect();
    let garbage = vec![7_u8; length];
    let (connect, garbage) = (&connect, &garbage);
    let held: Vec<TcpStream> = std::thread::scope(|scope| {
        let headers = &headers;
        let send = move |most: usize| {
            let mut stream = connect(headers);
            // A hub may also close the door: that is as good.
            let _shut = stream.write_all(&garbage[..most]);
            stream
        };
        let senders: Vec<_> =
            (0..40).map(|n| scope.spawn(move || send(if n % 2 == 0 { length / 2 } else { length - 1 }))).collect();
        senders.into_iter().map(|sender| sender.join().unwrap()).collect()
    });

    let mut officer = MemoryJournal::default();
    let mut pen = Pen::new(&agency, 0, 1);
    let story = pen.story(50);
    keep(&mut officer, &pen, &story);
    let mut to_hub = road(&agency, 0, &running.url);
    let outcome = pass(&mut Courier::default(), &mut officer, &mut to_hub, agency.party(0), &mut agency.trust.clone());
    assert!(matches!(outcome.end, End::Done), "{outcome:?}");
    assert_eq!(officer.status(&agency.hub.id).unwrap().own[0].received, 50);

    let status = std::fs::read_to_string(format!("/proc/{}/status", running.child.id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak < 100 * 1024, "the hub held {peak} kB at its fullest");
    drop(held);
    // Whoever never ends the headers is sent away.
    for stream in &mut silent {
        stream.set_read_timeout(Some(amanat_hub::limits::HEADER_TIME * 3)).unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
    }
}

/// Whoever looks at a long sync sees it move: each piece that the system takes is told, and the last word is all of it.
#[test]
fn a_push_says_how_far_it_has_come() {
    let folder = tempfile::tempdir().unwrap();
    let (agency, running) = serving(folder.path());
    let mut officer = MemoryJournal::default();
    let mut pen = Pen::new(&agency, 0, 1);
    let mut story = vec![pen.slip(&[*HQ.as_bytes()])];
    story.extend((0..900).map(|n| pen.note(1, &format!("{n} ").repeat(200))));
    keep(&mut officer, &pen, &story);
    let (said, heard) = std::sync::mpsc::channel();
    let mut road = road(&agency, 0, &running.url);
    road.tell(Box::new(move |entries| said.send(entries).unwrap_or_default()));
    road.sets_out();
    let mut trust = agency.trust.clone();
    let outcome = pass(&mut Courier::default(), &mut officer, &mut road, agency.party(0), &mut trust);
    assert!(matches!(outcome.end, End::Done), "{outcome:?}");
    let told: Vec<u64> = heard.try_iter().collect();
    assert!(told.is_sorted() && told.last() == Some(&outcome.handed_over), "{told:?} of {}", outcome.handed_over);
    assert!(told.len() >= 4 && told[0] < outcome.handed_over, "{told:?}");
}

/// Megabytes lie behind an item that cannot be read: whoever sent them hears which one it was, and not a broken line.
#[test]
fn a_push_that_cannot_be_read_on_is_answered_to_whoever_still_sends() {
    let folder = tempfile::tempdir().unwrap();
    let (agency, running) = serving(folder.path());
    let mut pen = Pen::new(&agency, 0, 1);
    let mut story = vec![pen.slip(&[*HQ.as_bytes()])];
    story.extend((0..12_000).map(|n| pen.note(1, &format!("{n} ").repeat(200))));
    let mut frames = codec::Frames::default();
    frames.feed(&codec::push_body(&agency.id(), &[run(&story)])).unwrap();
    let mut contents: Vec<Vec<u8>> = std::iter::from_fn(|| frames.next(1 << 21).unwrap()).collect();
    contents[2][0] = 0xff;
    let body: Vec<u8> = contents.iter().flat_map(|content| codec::frame(content)).collect();
    let answer = road(&agency, 0, &running.url).push(&amanat_keys::fingerprint::Digest::ZERO, &body).unwrap();
    let reply = PushReply::from_bytes(&answer).unwrap();
    assert_eq!(reply.refused, [(0, 2, Why::Malformed.number())]);
    assert!(matches!(reply.answers[0], RunAnswer::Accepted(1, _)), "{:?}", reply.answers);
}
