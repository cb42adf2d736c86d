//! Headers, links and signatures against vectors that an independent program wrote from FORMATS.md.
#![expect(clippy::unwrap_used, reason = "a vector that cannot be read is a failed test")]

use amanat_keys::fingerprint::{AgencyId, CaseId, DeviceId, Digest, JournalId};
use amanat_keys::verifying_key::VerifyingKey;
use amanat_sync::chain;
use amanat_sync::entry::{Header, Kind, SealedEntry};
use serde_json::Value;

#[path = "../../keys/tests/vectors/digits.rs"]
#[expect(dead_code, reason = "not every vector holds something of a known length")]
mod digits;

use digits::hex;

#[test]
fn headers_are_chained_and_signed_as_the_specification_says() {
    let file: Value = serde_json::from_str(include_str!("vectors/headers.json")).unwrap();
    let agency: AgencyId = file["agency"].as_str().unwrap().parse().unwrap();
    let device: DeviceId = file["device"].as_str().unwrap().parse().unwrap();
    let journal: JournalId = file["journal"].as_str().unwrap().parse().unwrap();
    let case: CaseId = file["case"].as_str().unwrap().parse().unwrap();
    let key = VerifyingKey::from_bytes(&hex(&file["signing_key"]).try_into().unwrap()).unwrap();
    assert_eq!(key.device_id(), device);
    let mut link = chain::link0(&agency, &device, &journal);
    assert_eq!(link.as_bytes()[..], hex(&file["link0"]));
    let entries = file["entries"].as_array().unwrap();
    assert!(entries.len() >= 3);
    for vector in entries {
        let signature = hex(&vector["signature"]).try_into().unwrap();
        let entry = SealedEntry::from_parts(hex(&vector["bytes"]), signature, None).unwrap();
        let h = &entry.header;
        assert_eq!((h.agency, h.device, h.journal, h.case), (agency, device, journal, case));
        assert_eq!((h.seq, h.key, h.size), (number(vector, "seq"), number(vector, "key"), number(vector, "size")));
        assert_eq!((h.kind.number(), h.roster.version), (number(vector, "kind"), number(vector, "roster")));
        assert_eq!(h.prev, link);
        assert_eq!(h.commitment.as_bytes()[..], hex(&vector["commitment"]));
        assert_eq!(h.digest.as_bytes()[..], hex(&vector["digest"]));
        assert_eq!(h.roster.hash.map_or(vec![], |hash| hash.as_bytes().to_vec()), hex(&vector["roster_hash"]));
        assert_eq!(h.audience.len(), vector["audience"].as_array().unwrap().len());
        assert_eq!(h.parts.len(), vector["parts"].as_array().unwrap().len());
        assert_eq!(h.target.is_some(), h.kind == Kind::StandIn);
        assert_eq!(h.encode().unwrap(), entry.bytes, "written again it is the same");
        assert_eq!(entry.hash().as_bytes()[..], hex(&vector["hash"]));
        link = chain::link(&link, &entry.hash());
        assert_eq!(link.as_bytes()[..], hex(&vector["link"]));
        entry.verify(&key).unwrap();
    }
}

#[test]
fn every_changed_byte_of_a_header_breaks_it() {
    let file: Value = serde_json::from_str(include_str!("vectors/headers.json")).unwrap();
    let key = VerifyingKey::from_bytes(&hex(&file["signing_key"]).try_into().unwrap()).unwrap();
    let vector = &file["entries"][0];
    let signature = hex(&vector["signature"]).try_into().unwrap();
    let right = hex(&vector["bytes"]);
    for at in 0..right.len() {
        let mut wrong = right.clone();
        wrong[at] ^= 0x01;
        let refused = SealedEntry::from_parts(wrong, signature, None).map_or(true, |entry| entry.verify(&key).is_err());
        assert!(refused, "byte {at}");
    }
    assert!(Header::decode(&[right.as_slice(), &[0]].concat()).is_err(), "a byte after the end");
    assert_eq!(Digest::of(&right).as_bytes()[..], hex(&vector["hash"]));
}

fn number(vector: &Value, name: &str) -> u64 {
    vector[name].as_u64().unwrap()
}
