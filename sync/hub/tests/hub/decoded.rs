//! Another implementation reads what goes over the wire: a real push and its answer, decoded and checked by a program in another
//! language that was written from `sync/WIRE.md` (`tests/wire/decode.py`).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use amanat_hub::Hub;
use amanat_sync::entry::SealedEntry;
use amanat_sync::wire::codec;
use amanat_sync::wire::messages::{HeadLine, PullRequest};
use serde_json::{Value, json};

use super::carrying::block;
use super::support::*;

/// A push as it went, its answer, and what the roster says of those who speak in them.
struct Captured {
    dir: tempfile::TempDir,
    entries: Vec<Vec<SealedEntry>>,
}

impl Captured {
    /// Every shape that a device sends: slips with one audience and with another, notes of two cases, a grant; two journals.
    fn new() -> Self {
        let agency = Agency::new("http://127.0.0.1:7070");
        let hub = block(agency.in_memory());
        let mut officer = Pen::new(&agency, 0, 1);
        let mut first = officer.story(4);
        let second_slip = officer.slot.seq;
        first.push(officer.slip(&[*HQ.as_bytes(), *agency.actors[1].id.as_bytes()]));
        first.extend([officer.note(second_slip, &"long ".repeat(80)), officer.note(1, "back in the first")]);
        let mut supervisor = Pen::new(&agency, 2, 2);
        let mut second = supervisor.story(2);
        second.push(supervisor.rewrap(&first[0], &[*HQ.as_bytes(), *STATION.as_bytes()]));
        let request = codec::push_body(&agency.id(), &[run(&first), run(&second)]);
        Self::of(&agency, &hub, 2, request, vec![first, second])
    }

    /// What a reader brings, and what an officer brought before it.
    fn asking() -> Self {
        let agency = Agency::new("http://127.0.0.1:7070");
        let hub = block(agency.in_memory());
        let new = Pen::new(&agency, 0, 1).story(4);
        let sent = codec::push_body(&agency.id(), &[run(&new)]);
        assert_eq!(block(Client::new(&agency, 0, "/v1/push").send(&hub, &sent)).status, 200);
        let own = Pen::new(&agency, 3, 2).story(2);
        let heads = vec![HeadLine { device: agency.actors[3].id, journal: own[0].header.journal, seq: 2 }];
        let asked = PullRequest { agency: agency.id(), heads, again: Vec::new(), items: 1_000, bytes: 1 << 16 };
        let request = codec::push_and_ask(&agency.id(), &[run(&own)], Some(asked));
        Self::of(&agency, &hub, 3, request, vec![own, new])
    }

    fn of(agency: &Agency, hub: &Arc<Hub>, actor: usize, request: Vec<u8>, entries: Vec<Vec<SealedEntry>>) -> Self {
        let answer = block(Client::new(agency, actor, "/v1/push").send(hub, &request));
        assert_eq!(answer.status, 200);
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let devices: serde_json::Map<String, Value> = agency
            .actors
            .iter()
            .map(|actor| (actor.id.to_string(), json!(hex(actor.signer.verifying_key().as_bytes()))))
            .collect();
        let hub = json!({"id": agency.hub.id.to_string(), "key": hex(agency.hub.signer.verifying_key().as_bytes())});
        let keys = json!({"agency": agency.id().to_string(), "devices": devices, "hub": hub});
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("request"), request).unwrap();
        fs::write(dir.path().join("answer"), &answer.body).unwrap();
        fs::write(dir.path().join("keys"), keys.to_string()).unwrap();
        Self { dir, entries }
    }

    fn decoded(&self, more: &[&str]) -> Output {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/wire/decode.py");
        let files = ["request", "answer", "keys"].map(|name| self.dir.path().join(name));
        let files: [PathBuf; 3] = files;
        Command::new("python3").arg("-I").arg(script).args(more).args(files).output().unwrap()
    }
}

fn said(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_decoder_written_from_the_page_reads_a_push_and_checks_chain_and_receipt() {
    let captured = Captured::new();
    let told = said(&captured.decoded(&[]));
    for (run, entries) in told["runs"].as_array().unwrap().iter().zip(&captured.entries) {
        let mut slot = None;
        for (theirs, ours) in run["entries"].as_array().unwrap().iter().zip(entries) {
            let hex: String = ours.bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(theirs["header"], hex, "the very bytes that were signed");
            let link = amanat_sync::chain::link(&slot.unwrap_or(ours.header.prev), &ours.hash());
            assert_eq!(theirs["link"], link.to_string());
            slot = Some(link);
        }
        assert_eq!(run["entries"].as_array().unwrap().len(), entries.len());
    }
    assert_eq!((told["received"].as_array().unwrap().len(), &told["checkpoint"]), (2, &json!(2)));
}

#[test]
fn the_decoder_reads_a_push_that_asks_and_the_page_that_comes_with_its_answer() {
    let captured = Captured::asking();
    let told = said(&captured.decoded(&[]));
    let numbers = |runs: &Value| -> Vec<Vec<u64>> {
        let seqs =
            |run: &Value| run["entries"].as_array().unwrap().iter().map(|e| e["seq"].as_u64().unwrap()).collect();
        runs.as_array().unwrap().iter().map(seqs).collect()
    };
    let [brought, new] = &captured.entries[..] else { panic!("what was brought, and what was new") };
    let all = |entries: &Vec<SealedEntry>| vec![entries.iter().map(|entry| entry.header.seq).collect::<Vec<_>>()];
    assert_eq!((numbers(&told["runs"]), numbers(&told["page"])), (all(brought), all(new)));
    let path = captured.dir.path().join("answer");
    let mut answer = fs::read(&path).unwrap();
    *answer.last_mut().unwrap() ^= 1;
    fs::write(&path, answer).unwrap();
    assert!(!captured.decoded(&[]).status.success(), "an entry of the page was changed");
}

#[test]
fn the_decoder_refuses_a_push_or_an_answer_in_which_a_bit_was_turned_over() {
    let captured = Captured::new();
    let size = |name: &str| fs::metadata(captured.dir.path().join(name)).unwrap().len();
    let flips = size("request").div_ceil(5) + size("answer").div_ceil(5);
    assert_eq!(said(&captured.decoded(&["--flip", "5"]))["refused"], flips);
}

#[test]
fn the_decoder_refuses_what_another_key_signed() {
    let captured = Captured::new();
    let path = captured.dir.path().join("keys");
    let mut keys: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let whole = keys.clone();
    let own = keys["hub"]["key"].clone();
    let other = keys["devices"].as_object().unwrap().values().next().unwrap().clone();
    keys["hub"]["key"] = other;
    fs::write(&path, keys.to_string()).unwrap();
    let refused = captured.decoded(&[]);
    assert_eq!(String::from_utf8(refused.stderr).unwrap(), "refused: signed in the name of another key\n");
    keys = whole;
    for key in keys["devices"].as_object_mut().unwrap().values_mut() {
        *key = own.clone();
    }
    fs::write(&path, keys.to_string()).unwrap();
    let refused = captured.decoded(&[]);
    assert_eq!(String::from_utf8(refused.stderr).unwrap(), "refused: a signature does not hold\n");
}
