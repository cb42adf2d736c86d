//! Words on a rotation: who may say that stand-ins open, or that they are made, and about which history.

use amanat_keys::canonical;
use amanat_keys::device::DeviceKeys;
use amanat_keys::error::{Forgery, KeysError};
use amanat_keys::fingerprint::{DeviceId, Digest, JournalId};
use amanat_keys::roster::DeviceState;
use amanat_keys::rotation::{RotationWord, Said};

use super::agency::{Agency, row};

fn opened(agency: &Agency, by: &DeviceKeys, device: &DeviceKeys) -> RotationWord {
    RotationWord {
        agency: agency.pinned().agency(),
        by: by.device_id(),
        serial: 9,
        device: device.device_id(),
        journal: JournalId::from_bytes([3; 16]),
        last: 9,
        link: Digest::of(b"link"),
        said: Said::Opened { except: vec![2, 5] },
    }
}

fn refused(word: &RotationWord, by: &DeviceKeys, agency: &Agency) -> Forgery {
    match RotationWord::verify(&word.sign(&by.signer()).to_bytes(), &agency.pinned()) {
        Err(KeysError::Forged(forgery)) => forgery,
        other => panic!("{other:?}"),
    }
}

#[test]
fn nobody_vouches_for_their_own_stand_ins_nor_in_anothers_name() {
    let agency = Agency::new();
    let word = opened(&agency, &agency.reader, &agency.supervisor);
    let bytes = word.sign(&agency.reader.signer()).to_bytes();
    assert_eq!(*RotationWord::verify(&bytes, &agency.pinned()).unwrap().value(), word);
    assert!(word.opens(1) && !word.opens(2) && !word.opens(5) && word.opens(9) && !word.opens(10));
    let own = opened(&agency, &agency.supervisor, &agency.supervisor);
    assert_eq!(refused(&own, &agency.supervisor, &agency), Forgery::NoAuthority);
    assert_eq!(refused(&word, &agency.supervisor, &agency), Forgery::NoAuthority);
    let stranger = DeviceKeys::generate().unwrap();
    assert_eq!(refused(&opened(&agency, &stranger, &agency.supervisor), &stranger, &agency), Forgery::NoAuthority);
    let mut lost = agency.roster.clone();
    row(&mut lost, agency.reader.device_id()).state = DeviceState::Lost;
    let trust = agency.trusting(&agency.next(&lost));
    assert!(RotationWord::verify(&bytes, &trust).is_err(), "a lost device vouches for nothing");
}

#[test]
fn a_certificate_is_a_custodians_about_stand_ins_of_their_own() {
    let agency = Agency::new();
    let said = Said::Rewrapped {
        unit: agency.station,
        epoch: 2,
        slips: 4,
        left: 0,
        stragglers: vec![agency.officer.device_id()],
    };
    let own = RotationWord { said, ..opened(&agency, &agency.supervisor, &agency.supervisor) };
    let bytes = own.sign(&agency.supervisor.signer()).to_bytes();
    assert_eq!(*RotationWord::verify(&bytes, &agency.pinned()).unwrap().value(), own);
    assert!(!own.opens(1), "it lets nothing go");
    let officers = RotationWord { by: agency.officer.device_id(), device: agency.officer.device_id(), ..own.clone() };
    assert_eq!(refused(&officers, &agency.officer, &agency), Forgery::NoAuthority);
    let others = RotationWord { device: agency.reader.device_id(), ..own };
    assert_eq!(refused(&others, &agency.supervisor, &agency), Forgery::NoAuthority);
}

#[test]
fn what_is_unsorted_beyond_the_stretch_or_of_number_zero_is_no_word() {
    let agency = Agency::new();
    let word = opened(&agency, &agency.reader, &agency.supervisor);
    let holds = |word: &RotationWord| canonical::decode::<RotationWord>(&canonical::encode(word)).is_ok();
    assert!(holds(&word));
    for except in [vec![5, 2], vec![2, 2], vec![0], vec![10]] {
        assert!(!holds(&RotationWord { said: Said::Opened { except: except.clone() }, ..word.clone() }), "{except:?}");
    }
    assert!(!holds(&RotationWord { last: 0, said: Said::Opened { except: vec![] }, ..word.clone() }));
    assert!(!holds(&RotationWord { serial: 0, ..word.clone() }));
    let [low, high] = [1, 2].map(|byte| DeviceId::from_bytes([byte; 32]));
    for (stragglers, right) in [(vec![low, high], true), (vec![high, low], false), (vec![low, low], false)] {
        let said = Said::Rewrapped { unit: agency.station, epoch: 1, slips: 0, left: 0, stragglers };
        assert_eq!(holds(&RotationWord { said, ..word.clone() }), right);
    }
}
