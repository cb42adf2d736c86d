//! TLS between a device and the built hub: which keys count, what others on the road get to see, and that whoever shakes hands
//! badly keeps nobody out.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use amanat_hub::tls::{Files, Tls};
use amanat_hub::{limits, serve};
use amanat_keys::fingerprint::Digest;
use amanat_keys::join::JoinRequest;
use amanat_keys::tls_key::TlsKeys;
use amanat_sync::courier::{Courier, End, pass};
use amanat_sync::journal::{Journal as _, MemoryJournal};
use amanat_sync::transport::{RefusalReason, Transport as _, TransportError};
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustix::process::Signal;
use rustls::version::{TLS12, TLS13};
use rustls::{HandshakeKind, NamedGroup};

use super::running::*;
use super::stranger::{Stranger, shaken};
use super::support::*;

/// A hub on loopback that speaks TLS.
const BY_TLS: [&str; 2] = ["--url", "https://127.0.0.1:7070"];

/// Somebody writes a story of so many entries and hands it over.
fn hands_over(agency: &Agency, url: &str, actor: usize, entries: u64) {
    let mut officer = MemoryJournal::default();
    let mut pen = Pen::new(agency, actor, 1);
    let story = pen.story(entries);
    keep(&mut officer, &pen, &story);
    let mut to_hub = road(agency, actor, url);
    let mut trust = agency.trust.clone();
    let outcome = pass(&mut Courier::default(), &mut officer, &mut to_hub, agency.party(actor), &mut trust);
    assert!(matches!(outcome.end, End::Done) && outcome.trouble.is_empty(), "{outcome:?}");
    assert_eq!(officer.status(&agency.hub.id).unwrap().own[0].received, entries);
}

fn asks(agency: &Agency, url: &str) -> Result<Vec<u8>, TransportError> {
    road(agency, 0, url).documents(&Digest::ZERO, b"a body")
}

/// Refused for the key, in one sentence that says so.
fn refused_for_its_key(asked: Result<Vec<u8>, TransportError>) {
    let Err(TransportError::Refused(refusal)) = asked else { panic!("{asked:?}") };
    assert_eq!(refusal.reason, RefusalReason::OtherKey, "{refusal}");
    assert!(refusal.sentence.contains("No entry was sent") && refusal.request.is_empty(), "{refusal}");
}

/// A second hub's home, of which only the certificate is wanted.
fn another_certificate(folder: &Path) -> std::path::PathBuf {
    let home = folder.join("another");
    assert!(hub(&["init", "--listen", "127.0.0.1:7071"], &home).status.success());
    home.join("tls.pem")
}

#[test]
fn a_whole_journal_goes_by_tls_and_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let (agency, running) = serving_with(folder.path(), &BY_TLS);
    assert!(running.url.starts_with("https://127.0.0.1:"), "{}", running.url);
    let status: serde_json::Value =
        serde_json::from_slice(&hub(&["status", "--json"], &folder.path().join("hub")).stdout).unwrap();
    assert_eq!((&status["tls_key_listed"], &status["url"]), (&true.into(), &BY_TLS[1].into()), "{status}");
    hands_over(&agency, &running.url, 0, 300);
    let mut reader = MemoryJournal::default();
    let mut to_hub = road(&agency, 3, &running.url);
    let mut trust = agency.trust.clone();
    let outcome = pass(&mut Courier::default(), &mut reader, &mut to_hub, agency.party(3), &mut trust);
    assert!(matches!(outcome.end, End::Done), "{outcome:?}");
    assert_eq!((outcome.pulled, outcome.set_aside), (300, 0), "{outcome:?}");
    assert_eq!(running.terminate(), Some(0));
}

#[test]
fn another_key_in_the_way_is_refused_and_hears_no_request() {
    let folder = tempfile::tempdir().unwrap();
    let agency = enrolled_with(&folder.path().join("hub"), &BY_TLS);
    let (theirs, ours) = (another_certificate(folder.path()), folder.path().join("hub/tls.pem"));
    for versions in [&[&TLS13][..], &[&TLS12]] {
        // A certificate of their own; and ours, copied from the road, without its key.
        for shown in [&theirs, &ours] {
            let stranger = Stranger::at(shown, &theirs, versions);
            refused_for_its_key(asks(&agency, &format!("https://{}", stranger.address)));
            let met = stranger.next();
            assert_eq!((met.handshake, met.inside.len()), (None, 0), "{met:?}");
        }
        // The key that is listed, and the same road: so it is the key that decides.
        let hub = Stranger::at(&ours, &ours, versions);
        assert_eq!(asks(&agency, &format!("https://{}", hub.address)), Err(TransportError::Busy(5)));
        let met = hub.next();
        assert!(met.handshake.is_some() && met.inside.starts_with(b"POST /v1/documents "), "{met:?}");
        assert_eq!(met.told, None, "the hub's name is not told in the clear");
    }
}

#[test]
fn a_new_connection_goes_on_with_the_session_and_keys_are_agreed_hybrid() {
    let folder = tempfile::tempdir().unwrap();
    let agency = enrolled_with(&folder.path().join("hub"), &BY_TLS);
    let ours = folder.path().join("hub/tls.pem");
    let stranger = Stranger::at(&ours, &ours, &[&TLS13, &TLS12]);
    let mut to_hub = road(&agency, 0, &format!("https://{}", stranger.address));
    let mut met = || {
        assert_eq!(to_hub.documents(&Digest::ZERO, b"a body"), Err(TransportError::Busy(5)));
        stranger.next()
    };
    let (first, second) = (met(), met());
    assert_eq!(first.group, Some(NamedGroup::X25519MLKEM768));
    assert_eq!((first.handshake, second.handshake), (Some(HandshakeKind::Full), Some(HandshakeKind::Resumed)));
}

#[test]
fn a_certificate_counts_by_its_key_whatever_else_stands_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("expired.pem"), folder.path().join("key.pem"));
    let pair = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["someone.else.example".to_owned()]).unwrap();
    (params.not_before, params.not_after) = (date_time_ymd(2001, 1, 1), date_time_ymd(2002, 1, 1));
    std::fs::write(&certificate, params.self_signed(&pair).unwrap().pem()).unwrap();
    std::fs::write(&key, pair.serialize_pem()).unwrap();
    let named = ["--certificate", certificate.to_str().unwrap(), "--key", key.to_str().unwrap()];
    let (agency, running) = serving_with(folder.path(), &[&BY_TLS[..], &named].concat());
    assert!(!folder.path().join("hub/tls.pem").exists(), "none is made beside the one that is named");
    hands_over(&agency, &running.url, 0, 3);
    // The newest and best certificate, for another key.
    let (mut other, listed) = (agency.clone(), agency.roster.hubs[0].tls_keys.clone());
    let theirs = another_certificate(folder.path());
    let files = Files { certificate: theirs.clone(), key: theirs };
    other.roster.hubs[0].tls_keys = TlsKeys::new(vec![Tls::read(files).unwrap().key()]).unwrap();
    assert_ne!(other.roster.hubs[0].tls_keys, listed);
    refused_for_its_key(asks(&other, &running.url));
}

/// Asks by connections of their own until the hub shows this key.
fn shows(running: &Running, key: &[u8]) -> bool {
    let address = running.url.strip_prefix("https://").unwrap();
    let (_never, wait) = std::sync::mpsc::channel::<()>();
    (0..100).any(|_| {
        let _pause = wait.recv_timeout(Duration::from_millis(50));
        shaken(address, &[&TLS13]).1 == key
    })
}

#[test]
fn a_key_listed_ahead_takes_over_and_one_that_is_not_listed_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("hub");
    let mut agency = enrolled_with(&home, &BY_TLS);
    let before = agency.clone();
    let asked = hub(&["request", "--next"], &home);
    assert!(asked.status.success(), "{asked:?}");
    let request = JoinRequest::verify(&std::fs::read(home.join("join-request")).unwrap()).unwrap().into_value();
    assert_eq!(request.tls_keys.iter().count(), 2);
    assert!(String::from_utf8_lossy(&asked.stdout).contains(&request.words().to_string()), "{asked:?}");
    let next = agency.next(|roster| roster.hubs[0].tls_keys = request.tls_keys.clone());
    agency.trust.adopt(&next).unwrap();
    agency.roster = agency.trust.roster().clone();
    let running = starts(folder.path(), &agency, &before);
    let keys: Vec<&[u8]> = request.tls_keys.iter().collect();
    hands_over(&agency, &running.url, 0, 3);

    // A certificate whose key no roster lists: the hub goes on with the one before.
    let held = std::fs::read(home.join("tls.pem")).unwrap();
    std::fs::copy(another_certificate(folder.path()), home.join("tls.pem")).unwrap();
    running.tell(Signal::HUP);
    hands_over(&agency, &running.url, 1, 3);
    assert!(shows(&running, keys[0]));
    std::fs::write(home.join("tls.pem"), held).unwrap();

    let mut standing = road(&agency, 0, &running.url);
    assert!(matches!(standing.documents(&Digest::ZERO, b"a body"), Err(TransportError::Refused(_))));
    std::fs::rename(home.join("tls-next.pem"), home.join("tls.pem")).unwrap();
    running.tell(Signal::HUP);
    assert!(shows(&running, keys[1]));
    hands_over(&agency, &running.url, 2, 3);
    // What stood before stands on; whoever knows the old key alone learns nothing and tells nothing.
    let Err(TransportError::Refused(refusal)) = standing.documents(&Digest::ZERO, b"a body") else { panic!() };
    assert_eq!(refusal.reason, RefusalReason::Malformed, "the hub answered: {refusal}");
    refused_for_its_key(asks(&before, &running.url));
    assert_eq!(running.terminate(), Some(0));
}

/// Gives the hub both rosters and starts it.
fn starts(folder: &Path, agency: &Agency, before: &Agency) -> Running {
    let (file, home) = (folder.join("agency.roster"), folder.join("hub"));
    std::fs::write(&file, [before.trust.statement_bytes(), agency.trust.statement_bytes()].concat()).unwrap();
    let words = before.trust.fingerprint_words().to_string();
    let taken = hub(&["roster", file.to_str().unwrap(), "--fingerprint", &words], &home);
    assert!(taken.status.success(), "{taken:?}");
    Running::start(&home)
}

/// A ClientHello of TLS 1.1, which offers nothing newer.
fn hello_of_tls_1_1() -> Vec<u8> {
    // Two ciphers, no compression, and the signatures it knows: what it lacks is the version alone.
    let rest = [0, 0, 4, 0xc0, 0x13, 0x00, 0x2f, 1, 0, 0, 8, 0, 13, 0, 4, 0, 2, 4, 1];
    let body = [&[3, 2][..], &[7; 32], &rest].concat();
    let length = u8::try_from(body.len()).unwrap();
    [&[22, 3, 1, 0, length + 4, 1, 0, 0, length][..], &body].concat()
}

#[test]
fn older_versions_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (_agency, running) = serving_with(folder.path(), &BY_TLS);
    let address = running.url.strip_prefix("https://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(&hello_of_tls_1_1()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    // One record: an alert, fatal, protocol version.
    assert_eq!((answer.first(), &answer[answer.len() - 2..]), (Some(&21), &[2, 70][..]), "{answer:02x?}");
    // The two that are spoken, side by side.
    for versions in [&[&TLS13][..], &[&TLS12]] {
        let (mut stream, _key) = shaken(address, versions);
        stream.write_all(b"GET /v1/health HTTP/1.1\r\nhost: hub\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }
}

#[test]
fn whoever_shakes_hands_badly_or_not_at_all_stops_nobody_and_is_sent_away() {
    let folder = tempfile::tempdir().unwrap();
    let (agency, running) = serving_with(folder.path(), &BY_TLS);
    let address = running.url.strip_prefix("https://").unwrap().to_owned();
    let say = |bytes: &[u8]| {
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.set_read_timeout(Some(limits::HANDSHAKE_TIME * 2)).unwrap();
        // A hub may also have closed the door already: that is as good.
        let _shut = stream.write_all(bytes);
        stream
    };
    let mut garbage: Vec<TcpStream> = (0..20_u8).map(|n| say(&[n; 9_000])).collect();
    garbage.push(say(b"GET /v1/health HTTP/1.1\r\nhost: hub\r\n\r\n"));
    let unfinished = [&[22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3][..], &[5; 40]].concat();
    let mut slow: Vec<TcpStream> = (0..20).map(|n| say(if n % 2 == 0 { &unfinished } else { &[] })).collect();
    let mut silent: Vec<_> = (0..5).map(|_| shaken(&address, &[&TLS13]).0).collect();
    hands_over(&agency, &running.url, 0, 50);

    for stream in &mut garbage {
        let mut answer = Vec::new();
        let _reset = stream.read_to_end(&mut answer);
        assert!(answer.len() < 16 && !answer.starts_with(b"HTTP"), "{answer:02x?}");
    }
    // Neither a handshake without an end nor headers that never come hold a place for longer than their time.
    let ends = |stream: &mut dyn std::io::Read| {
        let ended = stream.read_to_end(&mut Vec::new());
        assert!(!matches!(&ended, Err(fault) if fault.kind() == std::io::ErrorKind::WouldBlock), "{ended:?}");
    };
    for stream in &mut slow {
        ends(stream);
    }
    for stream in &mut silent {
        stream.sock.set_read_timeout(Some(limits::HEADER_TIME * 2)).unwrap();
        ends(stream);
    }
}

#[expect(clippy::disallowed_methods, reason = "how long leaving takes is what is measured")]
#[test]
fn a_hub_leaves_at_once_though_connections_idle_and_handshakes_hang() {
    let folder = tempfile::tempdir().unwrap();
    let (agency, running) = serving_with(folder.path(), &BY_TLS);
    let address = running.url.strip_prefix("https://").unwrap().to_owned();
    let _hanging: Vec<TcpStream> = (0..3).map(|_| TcpStream::connect(&address).unwrap()).collect();
    let _idle = shaken(&address, &[&TLS13]);
    let mut to_hub = road(&agency, 0, &running.url);
    assert!(to_hub.documents(&Digest::ZERO, b"a body").is_err());
    let told = std::time::Instant::now();
    assert_eq!(running.terminate(), Some(0));
    assert!(told.elapsed() < limits::DRAIN / 2, "{:?}", told.elapsed());
    drop(to_hub);
}

#[tokio::test]
async fn plain_http_is_served_on_loopback_only() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let everywhere = "0.0.0.0:0".parse().unwrap();
    assert!(serve::start(agency.in_memory().await, everywhere, None).await.is_err());
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("hub");
    let plain = ["--listen", "0.0.0.0:7070", "--url", "http://hub.example:7070"];
    for (arguments, says) in [(&plain[..], "plain HTTP"), (&plain[..2], "add the url")] {
        let refused = hub(&[&["init"][..], arguments].concat(), &home);
        assert!(!refused.status.success() && !home.exists(), "{refused:?}");
        assert!(String::from_utf8_lossy(&refused.stderr).contains(says), "{refused:?}");
    }
    let far = ["init", "--listen", "0.0.0.0:0", "--url", "https://hub.example:7070"];
    assert!(hub(&far, &home).status.success());
    let files = Files { certificate: home.join("tls.pem"), key: home.join("tls.pem") };
    let tls = Arc::new(Tls::read(files).unwrap());
    let serving = serve::start(agency.in_memory().await, everywhere, Some(tls)).await.unwrap();
    assert!(!serving.address.ip().is_loopback());
    serving.drain().await.unwrap();
}
