//! The built program as a keeper starts it: made, enrolled, served, called over a socket, stopped, started again.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use amanat_hub::HubIdentity;
use amanat_keys::device::Signer;
use amanat_keys::join::JoinRequest;
use amanat_sync::courier::{Courier, End, pass};
use amanat_sync::http::{HttpSettings, HttpTransport};
use amanat_sync::journal::{Journal as _, MemoryJournal};
use amanat_sync::transport::{RefusalReason, TransportError};

use super::support::*;

fn hub(arguments: &[&str], home: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_amanat-hub"));
    command.args(arguments).arg("--home").arg(home).output().unwrap()
}

/// A hub that serves; killed when dropped, so that a failing test leaves nothing running.
struct Running {
    child: Child,
    url: String,
}

impl Running {
    fn start(home: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_amanat-hub"))
            .args(["serve", "--listen", "127.0.0.1:0", "--home"])
            .arg(home)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("{line:?}")).to_owned();
        Self { child, url }
    }

    fn terminate(mut self) -> Option<i32> {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Makes a hub and enrols it: the agency's roster lists the key of its join request.
fn enrolled(home: &Path) -> Agency {
    let made = hub(&["init", "--name", "HQ", "--listen", "127.0.0.1:7070"], home);
    assert!(made.status.success(), "{made:?}");
    let printed = String::from_utf8(made.stdout).unwrap();
    let request = JoinRequest::verify(&std::fs::read(home.join("join-request")).unwrap()).unwrap().into_value();
    assert!(printed.contains(&request.words().to_string()), "{printed}");
    // Only the public half is known outside; the signer here is a stand-in that never signs.
    let mut agency = Agency::new("http://127.0.0.1:7070");
    let next = agency.next(|roster| {
        roster.hubs[0].id = request.device_id();
        roster.hubs[0].receipt_key = request.signing_key;
        roster.hubs[0].transport = request.recipient.clone();
    });
    agency.trust.adopt(&next).unwrap();
    agency.roster = agency.trust.roster().clone();
    agency.hub = HubIdentity { id: request.device_id(), signer: Signer::from_seed(&[222; 32]).unwrap(), epoch: 1 };
    agency
}

#[expect(clippy::disallowed_methods, reason = "the road measures a real link")]
fn road(agency: &Agency, actor: usize, url: &str) -> HttpTransport {
    let signer = agency.actors[actor].signer.clone();
    let began = std::time::Instant::now();
    HttpTransport::new(HttpSettings {
        url: url.to_owned(),
        agency: agency.id(),
        device: agency.actors[actor].id,
        hub: agency.roster.hubs[0].receipt_key.key_id(),
        sign: Box::new(move |base| signer.sign_request(base).unwrap()),
        ticks: Box::new(move || u64::try_from(began.elapsed().as_millis()).unwrap()),
    })
    .unwrap()
}

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

fn keep_more(journal: &mut MemoryJournal, entries: &[amanat_sync::entry::SealedEntry]) {
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
            agency: agency.id(),
            device: agency.actors[0].id,
            hub: agency.hub.signer.key_id(),
            sign: Box::new(|_| [0; 64]),
            ticks: Box::new(|| 0),
        }),
        Err(TransportError::Refused(refusal)) if refusal.reason == RefusalReason::Address
    ));
}
