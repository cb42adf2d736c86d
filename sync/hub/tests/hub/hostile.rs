//! What comes to the hub's door with bad intent, over real sockets and with real signatures: each shape is refused as what it is, memory
//! stays bounded, and whoever comes honestly is served meanwhile.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use amanat_hub::limits;
use amanat_keys::fingerprint::{AgencyId, Digest};
use amanat_sync::batch::Why;
use amanat_sync::courier::End;
use amanat_sync::transport::{Transport as _, TransportError};
use amanat_sync::wire::codec;
use amanat_sync::wire::messages::{PushReply, RunAnswer};

use super::crowd::{Crowd, descriptors, peak};
use super::keeping::Writer;
use super::running::*;
use super::support::*;

/// Honest work, to the end.
fn served(agency: &Agency, writer: &mut Writer, url: &str) {
    writer.writes(20);
    let outcome = writer.syncs(agency, url);
    assert!(matches!(outcome.end, End::Done) && outcome.trouble.is_empty(), "{outcome:?}");
    assert_eq!(writer.received(agency), writer.written);
}

#[test]
#[expect(clippy::print_stdout, reason = "a run says how many connections there were")]
fn thousands_of_strangers_cost_little_memory_and_keep_nobody_out() {
    let folder = tempfile::tempdir().unwrap();
    let many = descriptors().saturating_sub(200).min(6_000);
    let (agency, running) = serving(folder.path());
    let mut writer = Writer::new(&agency, 0);
    let address = running.url.strip_prefix("http://").unwrap().to_owned();
    let mut held = Vec::new();
    for n in 0..many {
        // The system may have its fill of them too.
        let Ok(mut stream) = TcpStream::connect(&address) else { break };
        let said: &[u8] = match n % 4 {
            0 => b"",
            1 => b"POST /v1/push HTTP/1.1\r\nhost: hub\r\nx: ",
            2 => b"POST /v1/push HTTP/1.1\r\nhost: hub\r\ncontent-length: 5000000\r\n\r\n",
            _ => b"\x16\x03\x01\x02\x00",
        };
        let _cut = stream.write_all(said);
        held.push(stream);
        if n % 500 == 499 {
            served(&agency, &mut writer, &running.url);
        }
    }
    served(&agency, &mut writer, &running.url);
    println!(
        "{} connections of strangers of {many} that the descriptors allow; the hub held {} MiB at its fullest",
        held.len(),
        peak(&running)
    );
    assert!(many > limits::CONNECTIONS, "raise the limit of open files: {many} are too few to crowd a hub");
    assert_eq!(held.len(), many, "as many as descriptors allow");
    assert!(many >= 2_000 || descriptors() < 2_200);
    assert!(peak(&running) <= 100);
    assert_eq!(running.terminate(), Some(0));
}

#[test]
#[expect(clippy::print_stdout, reason = "a run says how much memory that took")]
fn five_hundred_devices_connected_at_once_fit_into_a_hundred_mebibytes() {
    let folder = tempfile::tempdir().unwrap();
    let crowd = Crowd::of_devices(folder.path());
    println!(
        "{} of {} connections open at once; the hub held {} MiB at its fullest",
        crowd.devices,
        crowd.connected.len(),
        crowd.mebibytes()
    );
    assert_eq!((crowd.devices, crowd.connected.len()), (500, 500), "each of them is connected");
    assert!(crowd.mebibytes() <= 100);
    let Crowd { agency, running, connected, .. } = crowd;
    drop(connected);
    served(&agency, &mut Writer::new(&agency, 1), &running.url);
}

/// What the hub says to bytes on a connection, until it closes or is silent.
fn says(address: &str, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(400))).unwrap();
    // The hub may have closed the door before all is said.
    let _cut = stream.write_all(bytes);
    let (mut said, mut part) = (Vec::new(), [0; 4096]);
    while let Ok(count @ 1..) = stream.read(&mut part) {
        said.extend_from_slice(&part[..count]);
    }
    String::from_utf8_lossy(&said).into_owned()
}

/// Requests in which two readers can see two ends, each with another request hidden behind: that one is never answered.
#[test]
fn a_request_hidden_behind_another_is_never_answered() {
    let folder = tempfile::tempdir().unwrap();
    let (agency, running) = serving(folder.path());
    let address = running.url.strip_prefix("http://").unwrap().to_owned();
    let hidden = "GET /v1/health HTTP/1.1\r\nhost: hub\r\n\r\n";
    let size = hidden.len();
    let chunked = format!("{size:x}\r\n{hidden}\r\n0\r\n\r\n");
    let shapes: Vec<(String, String)> = [
        (format!("content-length: {size}\r\ntransfer-encoding: chunked"), format!("0\r\n\r\n{hidden}")),
        (format!("transfer-encoding: chunked\r\ncontent-length: {size}"), format!("0\r\n\r\n{hidden}")),
        (format!("content-length: 0\r\ncontent-length: {size}"), hidden.to_owned()),
        (format!("content-length: {size}\r\ncontent-length: 0"), hidden.to_owned()),
        (format!("content-length: {size}, 0"), hidden.to_owned()),
        (format!("content-length: +{size}"), hidden.to_owned()),
        (format!("content-length: -{size}"), hidden.to_owned()),
        (format!("content-length: 0x{size:x}"), hidden.to_owned()),
        ("content-length: 99999999999999999999999".to_owned(), hidden.to_owned()),
        ("transfer-encoding: xchunked".to_owned(), format!("0\r\n\r\n{hidden}")),
        ("transfer-encoding: chunked, identity".to_owned(), format!("0\r\n\r\n{hidden}")),
        ("transfer-encoding: gzip".to_owned(), hidden.to_owned()),
        (format!("content-length : {size}"), hidden.to_owned()),
        ("transfer-encoding : chunked".to_owned(), format!("0\r\n\r\n{hidden}")),
        (format!("x: y\r\n content-length: {size}"), hidden.to_owned()),
        (format!("content-length: {size}\0"), hidden.to_owned()),
        ("transfer-encoding: chunked".to_owned(), format!("fffffffffffffffff\r\n{hidden}")),
        ("transfer-encoding: chunked".to_owned(), format!("-1\r\n{hidden}")),
        (format!("content-length: {size}"), hidden.to_owned()),
        ("transfer-encoding: chunked".to_owned(), chunked),
    ]
    .into();
    // The net catches what there is to catch: a request that is truly behind another is answered.
    let behind = format!("POST /elsewhere HTTP/1.1\r\nhost: hub\r\ncontent-length: 0\r\n\r\n{hidden}");
    assert!(says(&address, behind.as_bytes()).contains("alive"));
    for (fields, body) in shapes {
        for path in ["/v1/push", "/v1/pull", "/elsewhere"] {
            let said =
                says(&address, format!("POST {path} HTTP/1.1\r\nhost: hub\r\n{fields}\r\n\r\n{body}").as_bytes());
            assert!(!said.contains("alive"), "{fields:?} {path}: what was hidden was answered: {said}");
            assert!(said.is_empty() || said.starts_with("HTTP/1.1 4"), "{fields:?} {path}: {said}");
        }
    }
    served(&agency, &mut Writer::new(&agency, 0), &running.url);
}

#[test]
fn garbage_is_answered_with_a_no_or_a_closed_door_and_never_reaches_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let (agency, running) = serving(folder.path());
    assert_eq!(running.terminate(), Some(0));
    let log = folder.path().join("log");
    let running = Running::logging(&folder.path().join("hub"), &log);
    let address = running.url.strip_prefix("http://").unwrap().to_owned();
    let mark = "velkommarsh";
    let many_fields: String = (0..400).map(|n| format!("x{n}: {mark}\r\n")).collect();
    let garbage: Vec<Vec<u8>> = vec![
        vec![0; 5_000],
        vec![0xff; 70_000],
        format!("{mark}\r\n\r\n").into_bytes(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        b"GET /\r\n\r\n".to_vec(),
        b"GET / HTTP/9.9\r\n\r\n".to_vec(),
        format!("GET /{} HTTP/1.1\r\nhost: h\r\n\r\n", mark.repeat(10_000)).into_bytes(),
        format!("GET /{mark}?{mark} HTTP/1.1\r\nhost: {mark}\r\n\r\n").into_bytes(),
        format!("POST /v1/push HTTP/1.1\r\nhost: h\r\n{many_fields}\r\n").into_bytes(),
        format!("POST /v1/push HTTP/1.1\r\nhost: h\r\nsignature: {}\r\n\r\n", mark.repeat(2_000)).into_bytes(),
        format!("POST http://{mark}/v1/push HTTP/1.1\r\nhost: {mark}\r\ncontent-length: 0\r\n\r\n").into_bytes(),
        format!("CONNECT {mark}:443 HTTP/1.1\r\nhost: {mark}\r\n\r\n").into_bytes(),
        format!("POST /v1/push HTTP/1.1\r\nhost: h\r\nhost: {mark}\r\ncontent-length: 0\r\n\r\n").into_bytes(),
    ];
    for bytes in &garbage {
        let said = says(&address, bytes);
        let start: String = String::from_utf8_lossy(bytes).chars().take(60).collect();
        assert!(
            said.is_empty() || said.starts_with("HTTP/1.1 4") || said.starts_with("HTTP/1.0 4"),
            "{start:?}: {said}"
        );
        assert!(!said.contains(mark), "what a stranger says is not said back");
    }
    served(&agency, &mut Writer::new(&agency, 0), &running.url);
    assert_eq!(running.terminate(), Some(0));
    let told = std::fs::read_to_string(&log).unwrap();
    assert!(
        !told.contains(mark) && told.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()),
        "{told}"
    );
}

/// Insiders: entries of another agency, envelopes exchanged between two entries, a colleague's entry under one's own name.
#[test]
fn what_an_insider_forges_is_refused_as_what_it_is_and_the_rest_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let (agency, running) = serving(folder.path());
    let mut to_hub = road(&agency, 0, &running.url);
    let elsewhere = AgencyId::from_bytes([77; 32]);
    let foreign = to_hub.push(&Digest::ZERO, &codec::push_body(&elsewhere, &[]));
    assert!(matches!(&foreign, Err(TransportError::Refused(no)) if no.reason.spelling() == "wrong-hub"), "{foreign:?}");

    let (mut pen, mut sound) = (Pen::new(&agency, 0, 1), Pen::new(&agency, 1, 2));
    let (mut story, honest) = (pen.story(6), sound.story(3));
    let (third, fourth) = (story[2].envelope.take(), story[3].envelope.take());
    (story[2].envelope, story[3].envelope) = (fourth, third);
    let mut taken_over = Pen::new(&agency, 0, 5);
    taken_over.signer = agency.actors[2].signer.clone();
    let runs = [run(&story), run(&taken_over.story(2)), run(&honest)];
    let reply = to_hub.push(&Digest::ZERO, &codec::push_body(&agency.id(), &runs)).unwrap();
    let reply = PushReply::from_bytes(&reply).unwrap();
    let signature = Why::BadSignature.number();
    assert!(matches!(reply.answers[0], RunAnswer::Accepted(2, _)), "up to what was exchanged: {:?}", reply.answers);
    assert!(matches!(reply.answers[1], RunAnswer::Refused(..)), "{:?}", reply.answers);
    assert_eq!(reply.answers[2], RunAnswer::Accepted(3, sound.slot.prev), "the honest run is taken");
    assert_eq!(reply.refused.last(), Some(&(1, 1, signature)), "{:?}", reply.refused);
    assert!(reply.refused.iter().any(|(run, seq, _)| (*run, *seq) == (0, 3)), "{:?}", reply.refused);
    let held: serde_json::Value =
        serde_json::from_slice(&hub(&["status", "--json"], &home(folder.path())).stdout).unwrap();
    assert_eq!((&held["entries"], &held["missing"]), (&5.into(), &0.into()));
}

fn home(folder: &Path) -> std::path::PathBuf {
    folder.join("hub")
}
