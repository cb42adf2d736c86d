//! Attacks on what lies on the disk: passphrases, work factors, files, rows.

use std::time::{Duration, Instant};

use amanat_keys::device::DeviceKeys;
use amanat_keys::error::{Damage, KeysError, Lock, Misuse, Weakness};
use amanat_keys::fingerprint::{Digest, JournalId, MemberId, UnitId};
use amanat_keys::passphrase::Passphrase;
use amanat_keys::recipient::ReadIdentity;
use amanat_keys::root_key::RootKey;
use amanat_keys::row_seal::{OVERHEAD, RowSeal};
use amanat_keys::vault::{HeldUnit, JournalHead, Vault, WorkFactor};
use amanat_keys::vault_file;

const GOOD: &[u8] = b"three camels by the well";

fn passphrase(bytes: &[u8]) -> Passphrase {
    Passphrase::to_open(bytes).unwrap_or_else(|weakness| panic!("{weakness}"))
}

fn practice() -> WorkFactor {
    WorkFactor::new(10, true).unwrap()
}

fn vault() -> Vault {
    let mut vault = Vault::new(DeviceKeys::generate().unwrap());
    vault.offer_unit().unwrap();
    vault.hold(HeldUnit { unit: UnitId::random(), epoch: 2, identity: ReadIdentity::generate().unwrap() });
    vault.raise_head(JournalHead { journal: JournalId::random(), seq: 7, link: Digest::of(b"7") });
    vault
}

#[test]
fn a_vault_opens_to_what_was_locked() {
    let vault = vault();
    let bytes = vault.lock(&passphrase(GOOD), practice()).unwrap();
    let opened = Vault::open(&bytes, &passphrase(GOOD), true).unwrap();
    assert_eq!(opened.keys().device_id(), vault.keys().device_id());
    assert_eq!(opened.keys().verifying_key(), vault.keys().verifying_key());
    assert_eq!(opened.keys().recipient(), vault.keys().recipient());
    assert_eq!(opened.heads(), vault.heads());
    assert_eq!(opened.units().len(), 2);
    assert_eq!(opened.identities().len(), 3);
    let row = vault.row_seal().seal("draft", b"1", b"case", b"key", b"text").unwrap();
    assert_eq!(*opened.row_seal().open("draft", b"1", b"case", b"key", &row).unwrap(), b"text");
    assert!(!bytes.windows(15).any(|window| window == b"AGE-SECRET-KEY-"));
}

#[test]
fn a_rotated_device_keeps_its_name_and_its_old_identity() {
    let mut vault = vault();
    let (before, old) = (vault.keys().device_id(), vault.keys().recipient().clone());
    vault.set_keys(vault.keys().rotated().unwrap());
    let bytes = vault.lock(&passphrase(GOOD), practice()).unwrap();
    let opened = Vault::open(&bytes, &passphrase(GOOD), true).unwrap();
    assert_eq!(opened.keys().device_id(), before);
    assert_eq!(opened.keys().retired()[0].recipient(), &old);
}

#[test]
fn a_wrong_passphrase() {
    let bytes = vault().lock(&passphrase(GOOD), practice()).unwrap();
    let error = Vault::open(&bytes, &passphrase(b"three camels by the Well"), true).unwrap_err();
    assert!(matches!(error, KeysError::Locked(Lock::WrongPassphrase)), "{error:?}");
}

/// A file that asks for a terabyte of memory is refused before a byte of it is taken.
#[test]
#[expect(clippy::disallowed_methods, reason = "that no work was done shows in the time")]
fn a_scrypt_factor_of_thirty() {
    let honest = vault().lock(&passphrase(GOOD), practice()).unwrap();
    let text = |factor: &str| {
        let at = honest.windows(4).position(|window| window == b" 10\n").unwrap();
        [&honest[..at], b" ", factor.as_bytes(), b"\n", &honest[at + 4..]].concat()
    };
    assert_eq!(text("10"), honest);
    let begun = Instant::now();
    for (factor, number) in [("30", 30), ("21", 21), ("9", 9), ("0", 0), ("64", 64), ("255", 255)] {
        let error = Vault::open(&text(factor), &passphrase(GOOD), true).unwrap_err();
        assert!(matches!(error, KeysError::Locked(Lock::WorkFactor { factor: f }) if f == number), "{error:?}");
    }
    for factor in ["256", "-1", "1e1", "", "10 10"] {
        let error = Vault::open(&text(factor), &passphrase(GOOD), true).unwrap_err();
        assert!(matches!(error, KeysError::Damaged(Damage::Frame)), "{error:?}");
    }
    assert!(begun.elapsed() < Duration::from_millis(500), "refused without the work");
}

#[test]
fn a_practice_vault_in_a_real_home() {
    let bytes = vault().lock(&passphrase(GOOD), WorkFactor::new(12, true).unwrap()).unwrap();
    assert!(Vault::open(&bytes, &passphrase(GOOD), true).is_ok());
    let error = Vault::open(&bytes, &passphrase(GOOD), false).unwrap_err();
    assert!(matches!(error, KeysError::Locked(Lock::WorkFactor { factor: 12 })), "{error:?}");
}

#[test]
fn work_factors_for_writing() {
    for factor in 15..=20 {
        assert_eq!(WorkFactor::new(factor, false).unwrap().log_n(), factor);
    }
    for factor in 10..=14 {
        assert_eq!(WorkFactor::new(factor, false), Err(Misuse::PracticeOnly { factor }));
        assert!(WorkFactor::new(factor, true).is_ok());
    }
    for factor in [0, 9, 21, 64, 255] {
        assert_eq!(WorkFactor::new(factor, true), Err(Misuse::WorkFactor { factor }));
    }
    assert_eq!(WorkFactor::default().log_n(), 18);
}

#[test]
fn every_flipped_byte_of_a_vault_is_noticed() {
    let bytes = vault().lock(&passphrase(GOOD), practice()).unwrap();
    // One in seven keeps the test short; the header is taken whole.
    for at in (0..bytes.len()).filter(|at| *at < 160 || at % 7 == 0) {
        let mut bad = bytes.clone();
        bad[at] ^= 1;
        assert!(Vault::open(&bad, &passphrase(GOOD), true).is_err(), "byte {at}");
    }
    assert!(Vault::open(&bytes[..bytes.len() - 1], &passphrase(GOOD), true).is_err());
    assert!(Vault::open(&[], &passphrase(GOOD), true).is_err());
}

/// The two locked files have one passphrase and one shape: the one must not pass for the other.
#[test]
fn a_root_key_is_no_vault() {
    let root = RootKey::generate(MemberId::random()).unwrap();
    let bytes = root.lock(&passphrase(GOOD), practice()).unwrap();
    let opened = RootKey::open(&bytes, &passphrase(GOOD), true).unwrap();
    assert_eq!(opened.verifying_key(), root.verifying_key());
    assert_eq!(opened.member(), root.member());
    assert!(matches!(Vault::open(&bytes, &passphrase(GOOD), true), Err(KeysError::Malformed(_))));
    let bytes = vault().lock(&passphrase(GOOD), practice()).unwrap();
    assert!(matches!(RootKey::open(&bytes, &passphrase(GOOD), true), Err(KeysError::Malformed(_))));
}

#[track_caller]
fn weak(text: &str, reason: Weakness) {
    match Passphrase::to_create(text.as_bytes()) {
        Ok(_) => panic!("{text:?} was taken"),
        Err(found) => assert_eq!(found, reason, "{text:?}"),
    }
}

#[test]
fn weak_passphrases_are_refused_with_their_reason() {
    weak("", Weakness::Short { least: 10 });
    weak("Xk#9q2!vB", Weakness::Short { least: 10 });
    weak("aaaaaaaaaaaaaaaa", Weakness::Repeats);
    weak("abcdeabcdeabcde", Weakness::Repeats);
    weak("hahahahahahaha", Weakness::Repeats);
    weak("Password2026!", Weakness::Common);
    weak("Pakistan1947!!", Weakness::Common);
    weak("1234567890", Weakness::Sequence);
    weak("qwertyuiop12", Weakness::Sequence);
    weak("zyxwvutsrqponm", Weakness::Sequence);
    weak("with a\ttab inside", Weakness::Control);
    weak("null\u{0}inside it", Weakness::Control);
    weak(&"correct horse ".repeat(40), Weakness::Long { most: 512 });
    assert!(matches!(Passphrase::to_open(&[0xff, 0xfe]), Err(Weakness::NotText)));
    for good in
        ["three camels by the well", "آٹھ اونٹ کنویں کے پاس", "7 Mangoes & 1 knife", "pakistan's seven tall minarets"]
    {
        assert!(Passphrase::to_create(good.as_bytes()).is_ok(), "{good}");
    }
}

/// Keyboards write ی and ک in two ways, and é in two; one file must open with each.
#[test]
fn one_passphrase_however_the_keyboard_spells_it() {
    let bytes = vault().lock(&passphrase("یہ کتاب کافی é".as_bytes()), practice()).unwrap();
    for spelled in ["يه كتاب كافي é", "یہ کتاب کافی e\u{301}"] {
        assert!(Vault::open(&bytes, &passphrase(spelled.as_bytes()), true).is_ok(), "{spelled}");
    }
}

#[test]
fn a_passphrase_file_loses_one_newline_and_must_be_private() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("passphrase");
    vault_file::create(&path, b"three camels by the well\n").unwrap();
    let bytes = vault().lock(&passphrase(GOOD), practice()).unwrap();
    let read = vault_file::read_passphrase(&path).unwrap_or_else(|error| panic!("{error}"));
    assert!(Vault::open(&bytes, &read, true).is_ok());
    assert!(matches!(Passphrase::from_file_content(b"two\n\n"), Err(Weakness::Control)));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let refused = vault_file::read_passphrase(&path).map(drop);
        assert!(matches!(refused, Err(KeysError::Locked(Lock::Weak(Weakness::ExposedFile)))));
    }
}

#[test]
fn files_are_private_replaced_whole_and_never_made_over_others() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("identity.age");
    vault_file::create(&path, b"one").unwrap();
    assert!(matches!(vault_file::create(&path, b"two"), Err(KeysError::Disk(_))));
    assert_eq!(vault_file::read(&path).unwrap(), b"one");
    vault_file::replace(&path, b"three").unwrap();
    assert_eq!(vault_file::read(&path).unwrap(), b"three");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing stays beside it");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    std::fs::write(&path, vec![0; (1 << 20) + 1]).unwrap();
    assert!(matches!(vault_file::read(&path), Err(KeysError::Damaged(Damage::TooLarge))));
    assert!(matches!(vault_file::replace(&folder.path().join("no/such"), b"x"), Err(KeysError::Disk(_))));
}

#[test]
fn a_row_moved_to_another_place() {
    let seal = RowSeal::new(&[7; 32]);
    let row = seal.seal("drafts", b"row", b"case", b"key", b"text").unwrap();
    assert_eq!(row.len(), 4 + OVERHEAD);
    assert_eq!(*seal.open("drafts", b"row", b"case", b"key", &row).unwrap(), b"text");
    let broken = |result: Result<_, KeysError>| matches!(result, Err(KeysError::Damaged(Damage::Seal)));
    assert!(broken(seal.open("notes", b"row", b"case", b"key", &row)));
    assert!(broken(seal.open("drafts", b"rox", b"case", b"key", &row)));
    assert!(broken(seal.open("drafts", b"row", b"casf", b"key", &row)));
    assert!(broken(seal.open("drafts", b"row", b"case", b"kez", &row)));
    assert!(broken(seal.open("draft", b"srow", b"case", b"key", &row)), "a letter moved between the parts");
    assert!(broken(seal.open("drafts", b"rowc", b"ase", b"key", &row)));
    assert!(broken(RowSeal::new(&[8; 32]).open("drafts", b"row", b"case", b"key", &row)), "another vault");
    for cut in 0..row.len() {
        assert!(seal.open("drafts", b"row", b"case", b"key", &row[..cut]).is_err());
    }
    assert_ne!(seal.seal("drafts", b"row", b"case", b"key", b"text").unwrap(), row, "never one nonce twice");
}

#[test]
fn a_new_passphrase_makes_a_new_vault_key() {
    let mut vault = vault();
    let (old, new) = vault.renew_vault_key();
    let row = old.seal("t", b"r", b"c", b"k", b"text").unwrap();
    assert!(new.open("t", b"r", b"c", b"k", &row).is_err());
    let again = new.seal("t", b"r", b"c", b"k", &old.open("t", b"r", b"c", b"k", &row).unwrap()).unwrap();
    assert!(vault.row_seal().open("t", b"r", b"c", b"k", &again).is_ok());
}

#[test]
fn heads_only_rise_and_candidates_become_units() {
    let mut vault = Vault::new(DeviceKeys::generate().unwrap());
    let journal = JournalId::random();
    let head = |seq| JournalHead { journal, seq, link: Digest::of(&[seq.to_le_bytes()[0]]) };
    [3, 5, 4].into_iter().for_each(|seq: u64| vault.raise_head(head(seq)));
    assert_eq!(vault.heads(), [head(5)]);
    let offered = vault.offer_unit().unwrap();
    let identity = vault.unit_identity(&offered).unwrap().clone();
    let unit = UnitId::random();
    vault.hold(HeldUnit { unit, epoch: 1, identity });
    assert_eq!(vault.units().len(), 1);
    assert_eq!((vault.units()[0].unit, vault.units()[0].epoch), (unit, 1));
    vault.offer_unit().unwrap();
    vault.forget_candidates();
    assert_eq!(vault.units().len(), 1);
}

/// Nothing that holds a secret prints it.
#[test]
fn debug_prints_no_secret() {
    let keys = DeviceKeys::generate().unwrap();
    let printed = format!("{keys:?} {:?} {:?} {:?}", keys.signer(), keys.identity(), Vault::new(keys.clone()));
    assert!(!printed.contains("AGE-SECRET") && printed.len() < 200, "{printed}");
}
