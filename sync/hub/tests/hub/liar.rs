//! What a hub, or whoever answers in its place, may try with a device: each lie is found and named, nothing that was kept is lost, and
//! nothing counts that was not signed. Histories that fall or part are in `distrust`, epochs in `epochs`.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use amanat_keys::device::Signer;
use amanat_keys::fingerprint::{AgencyId, Digest};
use amanat_sync::courier::{Courier, End, Outcome, Trouble, pass};
use amanat_sync::journal::{Journal as _, MemoryJournal};
use amanat_sync::transport::{Transport, TransportError};
use amanat_sync::wire::codec;
use amanat_sync::wire::messages::{PushReply, RunAnswer};

use super::running::road;
use super::support::*;

fn block<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// What becomes of an answer of an honest hub on its way; told which call it answers.
pub(super) type Lie<'a> = Box<dyn Fn(&str, Vec<u8>) -> Vec<u8> + Send + 'a>;

/// A road whose answers somebody changes.
pub(super) struct Liar<'a> {
    pub(super) road: Road<'a>,
    pub(super) lie: Lie<'a>,
}

impl Transport for Liar<'_> {
    fn push(&mut self, checkpoint: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        Ok((self.lie)("push", self.road.push(checkpoint, body)?))
    }
    fn pull(&mut self, checkpoint: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        Ok((self.lie)("pull", self.road.pull(checkpoint, body)?))
    }
    fn documents(&mut self, checkpoint: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        Ok((self.lie)("documents", self.road.documents(checkpoint, body)?))
    }
    fn room(&self) -> usize {
        1 << 20
    }
}

pub(super) fn travels(agency: &Agency, actor: usize, journal: &mut MemoryJournal, road: &mut dyn Transport) -> Outcome {
    pass(&mut Courier::default(), journal, road, agency.party(actor), &mut agency.trust.clone())
}

fn officer(agency: &Agency) -> MemoryJournal {
    let (mut journal, mut pen) = (MemoryJournal::default(), Pen::new(agency, 0, 1));
    let story = pen.story(10);
    keep(&mut journal, &pen, &story);
    journal
}

fn received(agency: &Agency, journal: &MemoryJournal) -> (u64, u64) {
    let status = journal.status(&agency.hub.id).unwrap();
    (status.own[0].kept.seq, status.own[0].received)
}

/// A reply to a push, changed.
fn reply(change: impl Fn(&mut PushReply) + Send + 'static) -> Lie<'static> {
    Box::new(move |call, answer| {
        if call != "push" {
            return answer;
        }
        let mut reply = PushReply::from_bytes(&answer).unwrap();
        change(&mut reply);
        reply.to_bytes()
    })
}

fn instead(bytes: Vec<u8>) -> Lie<'static> {
    Box::new(move |call, answer| if call == "push" { bytes.clone() } else { answer })
}

#[test]
fn a_lie_about_a_push_is_named_and_costs_nothing_that_was_kept() {
    let agency = Agency::new("http://127.0.0.1:7070");
    // The same hub to look at, and signs with a key that the roster does not give it.
    let mut forger = agency.clone();
    forger.hub.signer = Signer::from_seed(&[203; 32]).unwrap();
    let forged = {
        let hub = block(forger.in_memory());
        let body = codec::push_body(&agency.id(), &[run(&Pen::new(&agency, 0, 1).story(10))]);
        PushReply::from_bytes(&block(Client::new(&forger, 0, "/v1/push").send(&hub, &body)).body).unwrap().statements
    };
    let cases: Vec<(&str, Lie<'_>, &str)> = vec![
        ("nothing", instead(Vec::new()), ""),
        ("garbage", instead(vec![0xff; 900]), ""),
        ("endless arrays", instead(vec![0x9f; 4_000]), ""),
        ("forty mebibytes", instead(vec![0; 40 << 20]), ""),
        ("no answer for the run", reply(|reply| reply.answers.clear()), "as many answers as runs"),
        (
            "two answers for one run",
            reply(|reply| reply.answers.push(RunAnswer::Accepted(9, Digest::ZERO))),
            "as many answers",
        ),
        ("taken, and not signed for", reply(|reply| reply.statements.clear()), "signed for none of it"),
        ("signed by another key", reply(move |reply| reply.statements.clone_from(&forged)), "does not prove itself"),
        ("garbage for a receipt", reply(|reply| reply.statements[0] = vec![7; 90]), ""),
        (
            "a receipt with a byte changed",
            reply(|reply| *reply.statements[0].last_mut().unwrap() ^= 1),
            "does not prove itself",
        ),
        ("a refusal of a run never sent", reply(|reply| reply.refused = vec![(7, 1, 1)]), "not sent"),
    ];
    for (what, lie, says) in cases {
        let hub = block(agency.in_memory());
        let mut journal = officer(&agency);
        let outcome = travels(&agency, 0, &mut journal, &mut Liar { road: Road::new(&agency, &hub, 0), lie });
        let End::Nonsense(told) = &outcome.end else { panic!("{what}: {outcome:?}") };
        assert!(told.contains(says), "{what}: {told}");
        assert!(outcome.received.is_empty() || what == "a refusal of a run never sent", "{what}: {outcome:?}");
        let outcome = travels(&agency, 0, &mut journal, &mut Road::new(&agency, &hub, 0));
        assert!(matches!(outcome.end, End::Done) && outcome.trouble.is_empty(), "{what}: {outcome:?}");
        assert_eq!(received(&agency, &journal), (10, 10), "{what}: an honest answer is all it takes");
    }
}

/// What is changed of a page on its way to a reader.
pub(super) fn page(
    change: impl Fn(&mut amanat_sync::wire::v1::PullManifest, &mut Vec<amanat_sync::batch::Run>) + Send + 'static,
) -> Lie<'static> {
    Box::new(move |call, answer| {
        if call != "pull" {
            return answer;
        }
        let (mut manifest, mut runs, _whole) = codec::read_pull(&answer).unwrap();
        change(&mut manifest, &mut runs);
        manifest.runs.clear();
        codec::pull_body(manifest, &runs)
    })
}

#[test]
fn a_lie_about_a_page_is_named_and_what_does_not_verify_is_set_aside() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let hub = block(agency.in_memory());
    travels(&agency, 0, &mut officer(&agency), &mut Road::new(&agency, &hub, 0));
    let reads = |lie: Lie<'static>| {
        let mut reader = MemoryJournal::default();
        let outcome = travels(&agency, 3, &mut reader, &mut Liar { road: Road::new(&agency, &hub, 3), lie });
        (outcome, reader)
    };
    let nonsense: Vec<(&str, Lie<'static>, &str)> = vec![
        ("another agency", page(|manifest, _| manifest.agency = AgencyId::from_bytes([7; 32])), "another agency"),
        ("a shorter list of heads", page(|manifest, _| manifest.heads = vec![0x80]), "list of heads"),
        ("garbage", Box::new(|_, _| vec![0xff; 300]), ""),
        ("nothing", Box::new(|_, _| Vec::new()), ""),
    ];
    for (what, lie, says) in nonsense {
        let (outcome, _) = reads(lie);
        assert!(matches!(&outcome.end, End::Nonsense(told) if told.contains(says)), "{what}: {outcome:?}");
    }
    // Entries withheld: the signed list shows that there is more than came.
    let (outcome, _) = reads(page(|_, runs| runs.clear()));
    assert_eq!((outcome.pulled, outcome.unserved), (0, 10), "{outcome:?}");
    let (outcome, _) = reads(page(|_, runs| runs.iter_mut().for_each(|run| run.items.truncate(6))));
    assert_eq!((outcome.pulled, outcome.unserved), (6, 4), "{outcome:?}");
    // An envelope exchanged for another of the same size.
    let (outcome, reader) = reads(Box::new(|call, mut answer| {
        let text = b"note 4 of the story";
        if let Some(at) = answer.windows(text.len()).position(|window| window == text).filter(|_| call == "pull") {
            answer[at + 5] = b'5';
        }
        answer
    }));
    assert!(outcome.pulled < 10, "{outcome:?}");
    let kept =
        reader.entries_after(amanat_sync::journal::Cursor::START, amanat_sync::batch::Limit::BODY).unwrap().entries;
    let honest = |text: &[u8]| !text.starts_with(b"note 5") || text == b"note 5 of the story";
    assert!(
        kept.iter().filter_map(|entry| entry.envelope.as_deref()).all(honest),
        "nothing forged is among what was kept"
    );
    let (outcome, _) = reads(page(|_, _| {}));
    assert_eq!((outcome.pulled, outcome.unserved, outcome.trouble), (10, 0, vec![]), "an honest page is whole");
}

/// The hub's own keys, other books: its checkpoints part, or the end of one's own journal is hidden.
#[test]
fn books_that_part_or_hide_the_end_of_a_journal_are_found() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let push = |hub: &std::sync::Arc<amanat_hub::Hub>, actor: usize, journal: u8, entries: u64| {
        let body = codec::push_body(&agency.id(), &[run(&Pen::new(&agency, actor, journal).story(entries))]);
        assert_eq!(block(Client::new(&agency, actor, "/v1/push").send(hub, &body)).status, 200);
    };
    let supervisor = || {
        let (mut journal, mut pen) = (MemoryJournal::default(), Pen::new(&agency, 2, 1));
        let story = pen.story(8);
        keep(&mut journal, &pen, &story);
        let honest = block(agency.in_memory());
        travels(&agency, 2, &mut journal, &mut Road::new(&agency, &honest, 2));
        assert_eq!(received(&agency, &journal), (8, 8));
        journal
    };
    let number = |journal: &MemoryJournal| journal.status(&agency.hub.id).unwrap().checkpoint.unwrap().0.number;
    // As many checkpoints, and other ones.
    let mut journal = supervisor();
    let parted = block(agency.in_memory());
    for n in 1..number(&journal) {
        push(&parted, 0, u8::try_from(n).unwrap(), 2);
    }
    let outcome = travels(&agency, 2, &mut journal, &mut Road::new(&agency, &parted, 2));
    // Both of its words for one number are kept as proof, and neither counts.
    assert!(matches!(outcome.trouble[..], [Trouble::TwoStories { .. }, Trouble::HubDenies { .. }]), "{outcome:?}");
    assert_eq!(received(&agency, &journal), (8, 8), "nothing of it was filed");
    // More checkpoints, and less of the journal that it signed for.
    let mut journal = supervisor();
    let hiding = block(agency.in_memory());
    push(&hiding, 2, 1, 5);
    for n in 0..=number(&journal) {
        push(&hiding, 0, u8::try_from(n + 1).unwrap(), 2);
    }
    let outcome = travels(&agency, 2, &mut journal, &mut Road::new(&agency, &hiding, 2));
    let own = journal.status(&agency.hub.id).unwrap().own[0].journal;
    assert!(outcome.trouble.contains(&Trouble::HiddenTail { journal: own }), "{outcome:?}");
    assert_eq!(received(&agency, &journal), (8, 8));
}

/// What is answered, first and without end; and which end of a pass that must be.
type Case = (&'static str, String, &'static [u8], fn(&End) -> bool);

/// Answers each request with these bytes, then with more of them for as long as they are taken; then closes, or is silent.
#[expect(clippy::disallowed_methods, reason = "whoever answers in a hub's place does so on a thread")]
fn answers(head: String, more: &'static [u8], silent: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let mut silences = Vec::new();
        for mut stream in listener.incoming().map_while(Result::ok) {
            stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
            let mut part = [0; 16_384];
            // Until all of the request has come, as far as a tenth of a second tells.
            while matches!(stream.read(&mut part), Ok(1..)) {}
            let mut said = stream.write_all(head.as_bytes());
            while said.is_ok() && !more.is_empty() {
                said = stream.write_all(more);
            }
            if silent {
                silences.push(stream);
            }
        }
    });
    url
}

#[test]
#[expect(clippy::print_stdout, reason = "a run says how much memory that took")]
fn whatever_answers_in_the_hubs_place_is_an_error_of_its_own_kind_and_memory_stays_bounded() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let long = "x".repeat(20_000);
    let ok = "HTTP/1.1 200 OK\r\n";
    let nonces = "amanat-nonce: AAAAAAAAAAAAAAAAAAAAAA\r\n";
    let zeros: &[u8] = &[0; 65_536];
    let cases: Vec<Case> = vec![
        (
            "no HTTP",
            "220 smtp ready\r\n".into(),
            &[],
            |end| matches!(end, End::Unreachable(why) if why.ends_with("does not speak as a hub does")),
        ),
        ("nothing", String::new(), &[], |end| matches!(end, End::Unreachable(_))),
        ("long fields", format!("{ok}x: {long}\r\ncontent-length: 0\r\n\r\n"), &[], |end| {
            matches!(end, End::Unreachable(_))
        }),
        ("endless fields", ok.into(), b"x: y\r\n", |end| matches!(end, End::Unreachable(_))),
        ("an endless body", format!("{ok}\r\n"), zeros, |end| matches!(end, End::Unreachable(_))),
        ("a body said to be huge", format!("{ok}content-length: 99999999999\r\n\r\n"), zeros, |end| {
            matches!(end, End::Unreachable(_))
        }),
        ("half a body", format!("{ok}content-length: 100\r\n\r\nhalf"), &[], |end| matches!(end, End::Unreachable(_))),
        ("garbage inside", format!("{ok}content-length: 4\r\n\r\nhalf"), &[], |end| matches!(end, End::Nonsense(_))),
        (
            "a way elsewhere",
            "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n".into(),
            &[],
            |end| matches!(end, End::Nonsense(told) if told.contains("302")),
        ),
        (
            "sign again, for ever",
            format!("HTTP/1.1 401 No\r\n{nonces}content-length: 0\r\n\r\n"),
            &[],
            |end| matches!(end, End::Nonsense(told) if told.contains("401")),
        ),
        (
            "come again in a thousand years",
            "HTTP/1.1 503 No\r\nretry-after: 31536000000\r\ncontent-length: 0\r\n\r\n".into(),
            &[],
            |end| amanat_sync::courier::next_try(end, 1, 7).is_some_and(|wait| wait <= 23 * 60 * 1_000),
        ),
        (
            "a no with a novel and bells",
            format!(
                "HTTP/1.1 403 No\r\namanat-refusal: revoked\r\ncontent-length: 20000\r\n\r\n\x07\x1b[2J{}",
                &long[..19_995]
            ),
            &[],
            |end| matches!(end, End::Refused(no) if no.sentence.chars().count() <= 300 && !no.sentence.contains('\x1b')),
        ),
    ];
    for (what, head, more, expected) in cases {
        let url = answers(head, more, false);
        let mut journal = officer(&agency);
        let outcome = travels(&agency, 0, &mut journal, &mut road(&agency, 0, &url));
        assert!(expected(&outcome.end), "{what}: {outcome:?}");
        assert_eq!(received(&agency, &journal), (10, 0), "{what}");
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap().trim().trim_end_matches(" kB");
    let peak = peak.parse::<u64>().unwrap() / 1024;
    println!("{peak} MiB at the fullest, two endless answers among them");
    assert!(peak < 200, "{peak}");
}

/// Half an answer and then silence: the device gives up by itself, and what it has kept waits.
#[test]
fn an_answer_that_stops_in_the_middle_is_given_up() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let url = answers("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf".to_owned(), &[], true);
    let mut journal = officer(&agency);
    let outcome = travels(&agency, 0, &mut journal, &mut road(&agency, 0, &url));
    assert!(matches!(outcome.end, End::Unreachable(_)), "{outcome:?}");
    assert_eq!(received(&agency, &journal), (10, 0));
}
