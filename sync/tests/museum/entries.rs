//! Judges of headers, each by itself, and of runs of entries as a device takes them from the hub.

use amanat_keys::fingerprint::{AgencyId, DeviceId, Digest, JournalId};
use amanat_keys::verifying_key::VerifyingKey;
use amanat_sync::along::Along;
use amanat_sync::batch::{Item, Run};
use amanat_sync::chain::Verdict;
use amanat_sync::entry::SealedEntry;
use amanat_sync::journal::{Journal, MemoryJournal, Pulled};
use amanat_sync::proof;
use amanat_sync::wire::codec;
use serde_json::Value;

use crate::specimens::{bytes, hex, trust};
use crate::told;

/// `bytes`, `signature`, `key`; perhaps the `envelope` that came with it, and `zeros` where a file would be too large.
pub(crate) fn header(v: &Value) -> Result<(), String> {
    let given = |name: &str| v.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut header = hex(&v["bytes"]);
    header.resize(header.len() + given("zeros").parse().unwrap_or(0), 0);
    let comes = !given("envelope").is_empty() || !given("withheld").is_empty();
    let envelope = comes.then(|| hex(&v["envelope"]));
    let entry = SealedEntry::from_parts(header, bytes(&v["signature"]), envelope).map_err(|fault| told(&fault))?;
    let key = VerifyingKey::from_bytes(&bytes(&v["key"])).unwrap();
    entry.verify(&key).map_err(|fault| told(&fault))
}

fn run(v: &Value) -> Run {
    let item = |item: &Value| match item.get("elided") {
        Some(hash) => Item::Elided(Digest::from_bytes(bytes(hash))),
        None => {
            let entry = SealedEntry::from_parts(hex(&item["bytes"]), bytes(&item["signature"]), None);
            Item::Entry(Box::new(entry.unwrap()))
        }
    };
    Run {
        agency: AgencyId::from_bytes(bytes(&v["agency"])),
        device: DeviceId::from_bytes(bytes(&v["device"])),
        journal: JournalId::from_bytes(bytes(&v["journal"])),
        first: v["first"].as_u64().unwrap(),
        before: Digest::from_bytes(bytes(&v["before"])),
        items: v["entries"].as_array().unwrap().iter().map(item).collect(),
    }
}

/// `held` rosters, runs that came `before`, and the run that is `offered`: over the wire, held against the roster, verified entry
/// by entry, filed by the law of the chain.
pub(crate) fn journal(v: &Value) -> Result<(), String> {
    let trust = trust(&v["held"]);
    let mut journal = MemoryJournal::new();
    for before in v["before"].as_array().unwrap() {
        take(&mut journal, run(before), &trust).unwrap();
    }
    take(&mut journal, run(&v["offered"]), &trust)
}

fn take(journal: &mut MemoryJournal, run: Run, trust: &amanat_keys::trust::Trust) -> Result<(), String> {
    let agency = trust.agency();
    let body = codec::push_body(&agency, &[run]);
    let (_, mut arrived, whole) = codec::read_push(&body).map_err(|fault| told(&fault))?;
    assert!(whole);
    let run = arrived.remove(0);
    if proof::denied(&run, trust) {
        return Err("Denied".to_owned());
    }
    let (verified, refused) = run.verify(Along::default(), |entry| proof::key_of(entry, trust));
    let verdicts = journal.file_pulled(&Pulled { runs: vec![verified], quarantine: Vec::new() }).unwrap();
    if let [(why, entry)] = &refused[..] {
        return Err(format!("{why:?} at {}", entry.header.seq));
    }
    assert_eq!(refused, [], "a specimen has one fault");
    match verdicts[..] {
        [Verdict::Accepted { .. }] => Ok(()),
        [Verdict::AlreadyHeld { .. }] => Err("AlreadyHeld".to_owned()),
        [Verdict::Gap { .. }] => Err("Gap".to_owned()),
        [Verdict::Fork { at, .. }] => Err(format!("Fork at {at}")),
        _ => Err("not one verdict".to_owned()),
    }
}
