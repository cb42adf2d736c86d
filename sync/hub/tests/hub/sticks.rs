//! A stick from the hub for a unit with more devices than an age header may carry; and what the keeper hears of the rosters on one that is
//! read.

use std::fs::File;

use amanat_keys::device::Signer;
use amanat_keys::fingerprint::{Digest, MemberId};
use amanat_keys::recipient::{ReadIdentity, RecipientKind};
use amanat_keys::roster::{Device, Member, Role, Span};
use amanat_sync::bundle::{self, Cargo};
use amanat_sync::courier::End;
use amanat_sync::journal::MemoryJournal;

use super::keeping::Writer;
use super::running::*;
use super::support::*;

#[test]
fn a_unit_of_more_devices_than_fit_gets_a_stick_that_its_own_key_opens() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("hub");
    let mut agency = enrolled(&home);
    let unit_key = ReadIdentity::generate().unwrap();
    let next = agency.next(|roster| {
        for n in 120..184_u8 {
            let (key, member) = (Signer::from_seed(&[n; 32]).unwrap().verifying_key(), MemberId::from_bytes([n; 16]));
            let span = Span { key, journal: None, from: 1, until: None };
            let recipient = ReadIdentity::generate().unwrap().recipient().clone();
            let like = roster.devices[0].clone();
            roster.devices.push(Device { id: key.device_id(), member, spans: vec![span], recipient, ..like });
            roster.members.push(Member { id: member, name: format!("m{n}"), roles: vec![(Role::Officer, STATION)] });
        }
        roster.devices.sort_by_key(|device| device.id);
        for unit in roster.units.iter_mut().filter(|unit| unit.id == STATION) {
            unit.recipient = Some(unit_key.recipient().clone());
        }
    });
    agency.trust.adopt(&next).unwrap();
    agency.roster = agency.trust.roster().clone();
    let file = folder.path().join("agency.roster");
    std::fs::write(&file, agency.trust.statement_bytes()).unwrap();
    let words = agency.trust.fingerprint_words().to_string();
    let taken = hub(&["roster", file.to_str().unwrap(), "--fingerprint", &words], &home);
    assert!(taken.status.success(), "{taken:?}");
    let running = Running::start(&home);
    let mut writer = Writer::new(&agency, 0);
    writer.writes(5);
    assert!(matches!(writer.syncs(&agency, &running.url).end, End::Done));

    let stick = folder.path().join("to-station.age");
    let all = hub(&["bundle", "write", stick.to_str().unwrap()], &home);
    assert!(!all.status.success() && String::from_utf8_lossy(&all.stderr).contains("68 devices"), "{all:?}");
    let written = hub(&["bundle", "write", stick.to_str().unwrap(), "--to", "Station"], &home);
    assert!(written.status.success(), "{written:?}");
    let opened = bundle::open([&unit_key], File::open(&stick).unwrap()).unwrap();
    assert_eq!(opened.manifest().to, [Digest::from_bytes(*STATION.as_bytes())]);
    assert_eq!(opened.manifest().runs.iter().map(|run| run.count).sum::<u64>(), 5, "with what its devices may have");
    assert_eq!(running.terminate(), Some(0));
}

#[test]
fn more_hybrid_readers_than_a_header_holds_are_refused_in_words_and_their_unit_is_reached_by_its_key() {
    let mut agency = Agency::crowd(40);
    let kind = RecipientKind::MlKem768X25519;
    let hybrid = || ReadIdentity::of_kind(kind).unwrap().recipient().clone();
    let next = agency.next(|roster| {
        roster.kind = kind;
        roster.devices.iter_mut().for_each(|device| device.recipient = hybrid());
        roster.units.iter_mut().for_each(|unit| unit.recipient = Some(hybrid()));
        roster.hubs.iter_mut().for_each(|hub| hub.transport = hybrid());
    });
    agency.trust.adopt(&next).unwrap();
    agency.roster = agency.trust.roster().clone();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let hub = runtime.block_on(agency.in_memory());
    let refused = hub.write_stick(runtime.handle(), None, None, Vec::new()).unwrap_err().to_string();
    assert!(refused.contains("44 devices are more than one bundle can be sealed to (41)"), "{refused}");
    assert!(refused.contains("name a unit that has a key, or one device, with --to"), "{refused}");
    let to_unit = hub.write_stick(runtime.handle(), Some("Station"), None, Vec::new());
    assert!(!to_unit.is_err_and(|fault| fault.to_string().contains("more than")), "forty-three of them, by one key");
}

#[test]
fn a_keeper_hears_of_the_roster_that_a_stick_brings_and_of_one_that_is_not_taken() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("hub");
    let agency = enrolled(&home);
    let file = folder.path().join("agency.roster");
    std::fs::write(&file, agency.trust.statement_bytes()).unwrap();
    let words = agency.trust.fingerprint_words().to_string();
    assert!(hub(&["roster", file.to_str().unwrap(), "--fingerprint", &words], &home).status.success());
    let held = agency.trust.roster_version();
    let next = agency.next(|roster| roster.name = "Renamed".to_owned());
    let mut later = agency.clone();
    later.trust.adopt(&next).unwrap();
    later.roster = later.trust.roster().clone();
    let one_after = later.next(|roster| roster.name = "Renamed again".to_owned());

    let path = folder.path().join("to-hub.age");
    let reads = |papers: &[&[u8]], json: bool| {
        let listed = &agency.roster.hubs[0];
        let to = vec![Digest::from_bytes(*listed.id.as_bytes())];
        let journal = MemoryJournal::default();
        let mut load = bundle::load(&journal, agency.party(0), &agency.trust, to, true).unwrap();
        load.papers = papers.iter().map(|paper| paper.to_vec()).collect();
        load.manifest.papers = u64::try_from(papers.len()).unwrap();
        let (cargo, none) =
            (Cargo { manifest: &load.manifest, papers: &load.papers, heads: &[] }, |_: &_, _| Ok(vec![]));
        let signer = &agency.actors[0].signer;
        let (stick, _) =
            bundle::write(cargo, std::slice::from_ref(&listed.transport), signer, Vec::new(), none).unwrap();
        std::fs::write(&path, stick).unwrap();
        let mut verb = vec!["bundle", "read", path.to_str().unwrap()];
        verb.extend(json.then_some("--json"));
        let read = hub(&verb, &home);
        assert!(read.status.success(), "{read:?}");
        String::from_utf8(read.stdout).unwrap()
    };
    let told = |papers: &[&[u8]]| {
        let told: serde_json::Value = serde_json::from_str(&reads(papers, true)).unwrap();
        let refused = told["refused"].as_array().unwrap().clone();
        (told["roster"].as_u64().unwrap(), told["roster_new"].as_bool().unwrap(), refused)
    };
    let (in_force, new, refused) = told(&[&one_after]);
    assert_eq!((in_force, new, refused.len()), (held, false, 1), "one step is missing: {refused:?}");
    let why = refused[0].as_str().unwrap();
    assert!(why.starts_with(&format!("roster {}: ", held + 2)), "{why}");
    let said = reads(&[&one_after], false);
    assert!(said.contains(&format!("! {why}")) && !said.contains("in force"), "{said}");

    let said = reads(&[&next], false);
    assert!(said.contains(&format!("+ roster {} came with it, and is in force from here on", held + 1)), "{said}");
    assert_eq!(told(&[&next, &one_after]), (held + 2, true, Vec::new()), "and the one after it, when both come");
    assert_eq!(told(&[&next, &one_after]), (held + 2, false, Vec::new()), "once: older ones are on every stick");
    let said = reads(&[&next, &one_after], false);
    assert!(!said.contains("roster"), "{said}");
}
