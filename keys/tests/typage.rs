//! Files go both ways between our hybrid recipients and another's: npm's `age-encryption` 0.3.1, by the author of age, opens what is sealed
//! here, and what it seals opens here.
//!
//! Needs Node and that package, which `tests/run` brings; without them this fails rather than pass over it. Stock `age` knows the kind from
//! 1.3 on; Debian's is older.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop")]

use std::io::Read;

use amanat_keys::fingerprint::{AgencyId, CaseId, DeviceId, Digest, JournalId};
use amanat_keys::recipient::{ReadIdentity, Recipient, RecipientKind};
use amanat_keys::{CaseKey, NonceHedge, NonceKey, Place, Slip, envelope, parcel, payload};
use secrecy::ExposeSecret;

#[path = "other/typage.rs"]
mod other;

use other::typage;

const TEXT: &[u8] = "پناہ گاہ میں ملاقات, and more than a line of it".as_bytes();

fn hybrid() -> ReadIdentity {
    ReadIdentity::of_kind(RecipientKind::MlKem768X25519).unwrap()
}

#[test]
fn the_other_opens_a_case_entry_of_ours_by_its_slip_for_every_reader_and_for_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let readers: Vec<_> = (0..3).map(|_| hybrid()).collect();
    let key = CaseKey::generate();
    let audience: Vec<_> = readers.iter().map(|reader| reader.recipient().clone()).collect();
    let place = Place {
        agency: AgencyId::from_bytes([1; 32]),
        device: DeviceId::from_bytes([2; 32]),
        journal: JournalId::from_bytes([3; 16]),
        seq: 2,
        case: CaseId::from_bytes([4; 16]),
        key: 1,
    };
    let nonce_key = NonceKey::from_bytes([9; 32]);
    let hedge = NonceHedge { key: &nonce_key, link: Digest::of(b"link") };
    let sealed = envelope::seal(br#"{"kind":"note"}"#, &place, &key, &hedge).unwrap();
    let slip = Slip::make(&key, &audience).unwrap();
    std::fs::write(at("file"), [slip, sealed.envelope.clone()].concat()).unwrap();
    for reader in &readers {
        std::fs::write(at("identity"), reader.to_text().expose_secret()).unwrap();
        assert!(typage("open", &[&at("identity"), &at("file"), &at("plain")]));
        assert_eq!(std::fs::read(at("plain")).unwrap(), *payload::open(&key, &sealed.envelope).unwrap());
    }
    for stranger in [hybrid(), ReadIdentity::generate().unwrap()] {
        std::fs::write(at("identity"), stranger.to_text().expose_secret()).unwrap();
        assert!(!typage("open", &[&at("identity"), &at("file"), &at("plain")]));
    }
}

#[test]
fn what_the_other_seals_to_our_recipient_opens_here_and_its_header_is_a_slip() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let readers = [hybrid(), hybrid()];
    let named: Vec<String> = readers.iter().map(|reader| reader.recipient().to_string()).collect();
    std::fs::write(at("to"), named.join("\n")).unwrap();
    std::fs::write(at("text"), TEXT).unwrap();
    assert!(typage("seal", &[&at("to"), &at("text"), &at("file")]));
    let file = std::fs::read(at("file")).unwrap();
    for reader in &readers {
        let mut opened = Vec::new();
        parcel::open([reader], file.as_slice()).unwrap().read_to_end(&mut opened).unwrap();
        assert_eq!(opened, TEXT);
    }
    let footer = file.windows(5).position(|window| window == b"\n--- ").unwrap();
    Slip::parse(file.get(..footer + 5 + 43 + 1).unwrap(), 2).unwrap();
}

#[test]
fn a_key_is_the_same_text_on_both_sides_and_its_owner_opens_our_parcel() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    assert!(typage("make", &[&at("identity"), &at("recipient")]));
    let text = std::fs::read_to_string(at("identity")).unwrap();
    let theirs = ReadIdentity::from_text(&text).unwrap();
    assert!(theirs.to_text().expose_secret() == text);
    assert_eq!(theirs.recipient().to_string(), std::fs::read_to_string(at("recipient")).unwrap());
    std::fs::write(at("ours"), hybrid().to_text().expose_secret()).unwrap();
    assert!(typage("public", &[&at("ours"), &at("public")]));
    let ours = ReadIdentity::from_text(&std::fs::read_to_string(at("ours")).unwrap()).unwrap();
    assert_eq!(Recipient::from_text(&std::fs::read_to_string(at("public")).unwrap()).unwrap(), *ours.recipient());

    let to = [theirs.recipient().clone(), ours.recipient().clone()];
    let (sealed, ()) = parcel::write(&to, Vec::new(), |out| out.write_all(TEXT)).unwrap();
    std::fs::write(at("parcel"), sealed).unwrap();
    assert!(typage("open", &[&at("identity"), &at("parcel"), &at("plain")]));
    assert_eq!(std::fs::read(at("plain")).unwrap(), TEXT);
}
