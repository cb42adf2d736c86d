//! Two kinds of recipient, and never both under one seal: what the weaker one lets out the stronger cannot keep.

use amanat_keys::error::{KeysError, Misuse};
use amanat_keys::fingerprint::{AgencyId, CaseId, DeviceId, JournalId, UnitId};
use amanat_keys::recipient::{ReadIdentity, Recipient, RecipientKind};
use amanat_keys::unit_key::UnitKeys;
use amanat_keys::{CaseKey, Place, Slip, SlipFault, parcel, recovery, slip};

const HYBRID: RecipientKind = RecipientKind::MlKem768X25519;

fn pair() -> (ReadIdentity, ReadIdentity) {
    (ReadIdentity::generate().unwrap(), ReadIdentity::of_kind(HYBRID).unwrap())
}

fn place() -> Place {
    let (agency, device) = (AgencyId::from_bytes([1; 32]), DeviceId::from_bytes([2; 32]));
    let (journal, case) = (JournalId::from_bytes([3; 16]), CaseId::from_bytes([4; 16]));
    Place { agency, device, journal, seq: 2, case, key: 1 }
}

fn recipients(identities: &[&ReadIdentity]) -> Vec<Recipient> {
    identities.iter().map(|identity| identity.recipient().clone()).collect()
}

#[test]
fn no_slip_and_no_parcel_is_made_for_recipients_of_both_kinds() {
    let (classic, hybrid) = pair();
    for both in [recipients(&[&classic, &hybrid]), recipients(&[&hybrid, &classic])] {
        assert_eq!(Slip::make(&CaseKey::generate(), &both).unwrap_err(), SlipFault::MixedKinds);
        let parcel = parcel::write(&both, Vec::new(), |_| Ok(()));
        assert!(matches!(parcel, Err(parcel::ParcelFault::Recipients(SlipFault::MixedKinds))));
    }
    assert!(matches!(KeysError::from(SlipFault::MixedKinds), KeysError::Misuse(Misuse::MixedKinds)));
}

#[test]
fn a_slip_of_the_older_kind_is_rewrapped_for_the_stronger_and_the_older_key_opens_the_new_one_no_more() {
    let (classic, hybrid) = pair();
    let (key, place) = (CaseKey::generate(), place());
    let older = Slip::make(&key, &recipients(&[&classic])).unwrap();
    let readers = recipients(&[&hybrid, &ReadIdentity::of_kind(HYBRID).unwrap()]);
    let newer = slip::rewrap(&older, 1, [&hybrid, &classic], &place, &key.id(&place), &readers).unwrap();
    let opened = Slip::parse(&newer, 2).unwrap().open([&classic, &hybrid], &place, &key.id(&place)).unwrap();
    assert_eq!(opened.expose(), key.expose());
    let shut = Slip::parse(&newer, 2).unwrap().open([&classic], &place, &key.id(&place));
    assert_eq!(shut.unwrap_err(), SlipFault::NotForUs);
    // The version line, the MAC's line, and what each reader costs.
    let costs = |kind: RecipientKind, readers: usize| 22 + 48 + readers * kind.slip_bytes();
    assert_eq!((older.len(), newer.len()), (costs(RecipientKind::X25519, 1), costs(HYBRID, 2)));
}

#[test]
fn a_slip_for_as_many_hybrid_readers_as_there_may_be_is_within_its_limit() {
    let readers: Vec<_> = (0..64).map(|_| ReadIdentity::of_kind(HYBRID).unwrap()).collect();
    let (key, place) = (CaseKey::generate(), place());
    let slip = Slip::make(&key, &recipients(&readers.iter().collect::<Vec<_>>())).unwrap();
    assert!(slip.len() <= amanat_keys::limits::SLIP, "{} bytes", slip.len());
    let last = Slip::parse(&slip, 64).unwrap().for_reader(63).open([&readers[63]], &place, &key.id(&place));
    assert_eq!(last.unwrap().expose(), key.expose());
}

#[test]
fn a_parcel_for_more_hybrid_readers_than_a_header_may_hold_is_not_made() {
    let most = HYBRID.parcel_readers();
    assert_eq!((most, RecipientKind::X25519.parcel_readers()), (41, 64));
    let readers: Vec<_> = (0..=most).map(|_| ReadIdentity::of_kind(HYBRID).unwrap()).collect();
    let to = recipients(&readers.iter().collect::<Vec<_>>());
    let refused = parcel::write(&to, Vec::new(), |_| Ok(()));
    assert!(matches!(refused, Err(parcel::ParcelFault::Recipients(SlipFault::TooManyReaders))));
    let (sealed, ()) = parcel::write(&to[..most], Vec::new(), |_| Ok(())).unwrap();
    assert!(parcel::open([&readers[most - 1]], sealed.as_slice()).is_ok());
}

#[test]
fn a_hybrid_unit_key_is_wrapped_to_no_weaker_device_and_an_older_one_to_a_hybrid_device_as_well() {
    let (classic, hybrid) = pair();
    let device = |id: u8, to: &ReadIdentity| (DeviceId::from_bytes([id; 32]), to.recipient().clone());
    let wrap = |identity: &ReadIdentity, to: &[(DeviceId, Recipient)]| {
        UnitKeys::wrap(AgencyId::ZERO, UnitId::ZERO, 1, identity, to)
    };
    let (mine, unit) = (device(1, &hybrid), ReadIdentity::of_kind(HYBRID).unwrap());
    let refused = wrap(&unit, &[mine.clone(), device(2, &classic)]);
    assert!(matches!(refused, Err(KeysError::Misuse(Misuse::MixedKinds))));
    let wrapped = wrap(&unit, std::slice::from_ref(&mine)).unwrap();
    let bytes = amanat_keys::canonical::encode(&wrapped);
    let read: UnitKeys = amanat_keys::canonical::decode(&bytes).unwrap();
    assert_eq!(read, wrapped, "an age file around a hybrid identity is within the limit of a wrap");
    assert_eq!(read.wraps.len(), 1);
    wrap(&classic, &[mine, device(2, &ReadIdentity::generate().unwrap())]).unwrap();
}

#[test]
fn a_hybrid_recovery_key_comes_back_from_its_sheets_as_itself() {
    let (classic, hybrid) = pair();
    let shares = recovery::split(&hybrid, 2, 3).unwrap();
    let sheets: Vec<_> = shares.iter().map(|share| recovery::Share::read(&share.words()).unwrap()).collect();
    let joined = recovery::join(&sheets[1..], hybrid.recipient()).unwrap();
    assert_eq!((joined.recipient(), joined.kind()), (hybrid.recipient(), HYBRID));
    assert!(recovery::join(&sheets, classic.recipient()).is_err());
}

/// What the stronger kind costs, once a case: it stands in the README.
#[test]
fn a_further_reader_of_a_slip_costs_98_bytes_and_1557_of_the_stronger_kind() {
    let key = CaseKey::generate();
    let size = |kind, readers: usize| {
        let identities: Vec<_> = (0..readers).map(|_| ReadIdentity::of_kind(kind).unwrap()).collect();
        Slip::make(&key, &recipients(&identities.iter().collect::<Vec<_>>())).unwrap().len()
    };
    for (kind, each) in [(RecipientKind::X25519, 98), (HYBRID, 1_557)] {
        assert_eq!((size(kind, 2) - size(kind, 1), size(kind, 3) - size(kind, 2)), (each, each), "{kind:?}");
    }
}
