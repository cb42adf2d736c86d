//! A network that comes back, told by the system itself: in a network namespace of its own the test gives the machine a new address, and
//! whoever waited a quarter of an hour for the next try comes at once. Nobody presses a key.

use std::{os::fd::OwnedFd, process::Command, time::Duration};

use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socket_with};

use crate::support::{Actor, TestAgency, Typist, flat, forbidding};

/// Message types and flags of the routing socket (rtnetlink(7)): a request to make something, answered.
const NEW_LINK: u16 = 16;
const NEW_ADDRESS: u16 = 20;
const ASKS: u16 = 0x1 | 0x4;
const MAKES: u16 = 0x400 | 0x200;
/// The loopback interface of a new namespace.
const LOOPBACK: u32 = 1;

/// The machine's network, as somebody with rights over it changes it.
struct Machine(OwnedFd);

impl Machine {
    /// A machine whose loopback is up.
    fn plugged_in() -> Self {
        let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None).unwrap();
        let machine = Self(socket);
        let up = 1_u32.to_ne_bytes();
        machine.asks(NEW_LINK, ASKS, &[&[0; 4][..], &LOOPBACK.to_ne_bytes(), &up, &up].concat());
        machine
    }

    /// One more address.
    fn gets_address(&self, last: u8) {
        let attribute = |kind: u16| [&8_u16.to_ne_bytes()[..], &kind.to_ne_bytes(), &[127, 0, 9, last]].concat();
        // IPv4, its prefix, no flags, good on this machine alone.
        let head = [&[2, 8, 0, 254][..], &LOOPBACK.to_ne_bytes()].concat();
        self.asks(NEW_ADDRESS, ASKS | MAKES, &[head, attribute(2), attribute(1)].concat());
    }

    fn asks(&self, kind: u16, flags: u16, body: &[u8]) {
        let length = u32::try_from(16 + body.len()).unwrap();
        let head = [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), &flags.to_ne_bytes(), &[0; 8]].concat();
        send(&self.0, &[&head, body].concat(), SendFlags::empty()).unwrap();
        let mut answer = [0_u8; 256];
        let (_, read) = recv(&self.0, answer.as_mut_slice(), RecvFlags::empty()).unwrap();
        // An answer is an error number behind a head; zero is done.
        assert!(read >= 20 && answer[16..20] == [0; 4], "the system does as it is asked: {:?}", &answer[16..20]);
    }
}

/// Runs the test of that name once more, in a namespace of its own, where the system lets us make one.
fn in_a_network_of_its_own(name: &str, story: impl FnOnce(&Machine)) {
    if std::env::args().any(|argument| argument == "network_back::in_its_own_network") {
        return story(&Machine::plugged_in());
    }
    let own = ["-r", "-n", "--"];
    if !Command::new("unshare").args(own).arg("true").status().is_ok_and(|status| status.success()) {
        println!("no network namespace may be made here: what the system would say is tested as bytes alone");
        return;
    }
    // The name that nothing has tells the test where it is.
    let (exact, here) = (format!("network_back::{name}"), "network_back::in_its_own_network");
    let arguments = [exact.as_str(), here, "--exact", "--nocapture"];
    let status = Command::new("unshare").args(own).arg(std::env::current_exe().unwrap()).args(arguments).status();
    assert!(status.unwrap().success(), "the test in a namespace of its own");
}

#[test]
fn an_open_screen_tries_at_once_when_a_network_is_back() {
    in_a_network_of_its_own("an_open_screen_tries_at_once_when_a_network_is_back", |machine| {
        let agency = TestAgency::build();
        let officer = &agency.officer;
        let mut typist = Typist::sits_down(&officer.home, &[]);
        typist.sees("\u{2500}");
        let before = agency.link.asked();
        typist.types(&format!("\"{}\" Enter", std::fs::read_to_string(&officer.passphrase).unwrap().trim_end()));
        typist.waits_until("the first pass", || agency.link.asked() > before);
        // Passes that follow the first one are over, and the next is a quarter of an hour away.
        typist.rests(Duration::from_secs(4));
        let before = agency.link.asked();
        machine.gets_address(1);
        typist.waits_until("a pass that nobody asked for", || agency.link.asked() > before);
    });
}

#[test]
fn a_watching_sync_tries_at_once_when_a_network_is_back() {
    in_a_network_of_its_own("a_watching_sync_tries_at_once_when_a_network_is_back", |machine| {
        let agency = TestAgency::build();
        let officer = &agency.officer;
        let passphrase = officer.passphrase.to_string_lossy().into_owned();
        let typist = Typist::sits_down(&officer.home, &["--passphrase-file", &passphrase, "sync", "--watch"]);
        let times = |count: usize| move |screen: &str| screen.matches("Synced.").count() == count;
        typist.sees_that("the first pass", times(1));
        // The next would come after a minute: longer than anybody waits here.
        machine.gets_address(1);
        typist.sees_that("a pass that nobody asked for", times(2));
    });
}

/// The socket that tells of networks, and no other.
const NO_NEWS: &str = "socket:16";

/// What `status` says, for a person and for a program, where these calls are refused, if any.
fn status(actor: &Actor, refused: Option<&str>) -> (String, serde_json::Value) {
    let asked = |json: &[&str]| {
        let program = env!("CARGO_BIN_EXE_amanat").to_owned();
        let line = [refused.map(forbidding).unwrap_or_default(), vec![program]].concat();
        let mut command = Command::new(&line[0]);
        command.args(&line[1..]).arg("--home").arg(&actor.home).arg("--passphrase-file").arg(&actor.passphrase);
        let run = command.args(json).arg("status").output().unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        String::from_utf8(run.stdout).unwrap()
    };
    (asked(&[]), serde_json::from_str(&asked(&["--json"])).unwrap())
}

#[test]
fn where_nothing_tells_of_networks_status_and_the_outbox_say_that_the_clock_alone_does() {
    let agency = TestAgency::build();
    let officer = &agency.officer;
    let word = "noticed by the clock alone";
    let (told, said) = status(officer, Some(NO_NEWS));
    assert!(told.contains(word) && said["network_heard"] == false, "{told}\n{said}");
    // Here as the system has it.
    let heard = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None).is_ok();
    let (told, said) = status(officer, None);
    assert_eq!((told.contains(word), &said["network_heard"]), (!heard, &heard.into()), "{told}\n{said}");

    let passphrase = std::fs::read_to_string(&officer.passphrase).unwrap();
    let home = officer.home.to_string_lossy().into_owned();
    for (refused, says) in [(Some(NO_NEWS), true), (None, !heard)] {
        let program = vec![env!("CARGO_BIN_EXE_amanat").to_owned(), "--home".to_owned(), home.clone()];
        let line = [refused.map(forbidding).unwrap_or_default(), program].concat();
        let arguments: Vec<&str> = line[1..].iter().map(String::as_str).collect();
        let mut typist = Typist::starts(std::path::Path::new(&line[0]), officer.home.parent().unwrap(), &arguments);
        typist.sees("\u{2500}");
        let before = agency.link.asked();
        typist.types(&format!("\"{}\" Enter", passphrase.trim_end()));
        typist.waits_until("the first pass", || agency.link.asked() > before);
        let screen = typist.does("F6", "Last contact with");
        assert_eq!(flat(&screen).contains(word), says, "{screen}");
        typist.types("C-q");
        typist.ends();
    }
}
