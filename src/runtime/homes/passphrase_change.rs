//! A change of passphrase: a new vault key, every local row sealed under it, and no instant at which a power cut loses the home or
//! leaves one passphrase for the home and another for the root key.
//!
//! Both new files are durable beside the old ones before the first row is sealed anew: `identity.next` first, then `root.next`. The
//! journal decides which pair is in force (`FORMATS.md` section 8). `root.next` is renamed or removed first, so that it never stands
//! without `identity.next`: what was cut short is always seen, and the next unlocking settles both files alike.

use std::{fs, path::Path};

use amanat_keys::{passphrase::Passphrase, root_key::RootKey, row_seal::RowSeal, vault::Vault, vault_file};

use super::{home::Home, make::Hashing, paths::Paths};
use crate::{failure::Failure, runtime::fault};

const DOING: &str = "changing the passphrase";

/// Changes the passphrase of an open home, and of the root key beside it if there is one.
///
/// # Errors
/// What `keys`, the journal or the disk refuse. One of the two passphrases then opens the home and the root key: the old one if
/// the journal was not sealed anew yet, else the new one.
pub fn change_passphrase(home: &mut Home, old: &Passphrase, new: &Passphrase, hashing: Hashing) -> Result<(), Failure> {
    let mut change = Change::prepare(home, old, new, hashing)?;
    STEPS.iter().try_for_each(|step| step(&mut change, home))
}

/// One step after which the power may fail.
type Step = fn(&mut Change, &mut Home) -> Result<(), Failure>;

const STEPS: [Step; 5] =
    [Change::write_identity, Change::write_root, Change::reseal, Change::note_heads, Change::settle];

/// Everything sealed under the new passphrase, before anything is written.
struct Change {
    vault: Box<Vault>,
    seal: RowSeal,
    identity: Vec<u8>,
    root: Option<Vec<u8>>,
}

impl Change {
    /// The root key is opened first: if it does not open with the old passphrase, nothing is changed.
    fn prepare(home: &Home, old: &Passphrase, new: &Passphrase, hashing: Hashing) -> Result<Self, Failure> {
        let refused = |error| fault::keys("changing the passphrase of the root key", &error);
        if home.paths().successor().exists() {
            // It lies under the old passphrase, and may be in force before this admin comes back to it.
            return Err(Failure::refused(
                format!("{DOING} — a new root key waits for the other admins"),
                "Let them sign (amanat roster sign), take the roster over here with any roster verb, then change the passphrase.",
            ));
        }
        let path = home.paths().root();
        let root = if path.exists() {
            let bytes = vault_file::read(&path).map_err(refused)?;
            let root = RootKey::open(&bytes, old, home.practice()).map_err(refused)?;
            Some(root.lock(new, hashing.factor).map_err(refused)?)
        } else {
            None
        };
        let mut vault = home.vault.clone();
        let (_, seal) = vault.renew_vault_key();
        let identity = vault.lock(new, hashing.factor).map_err(|error| fault::keys(DOING, &error))?;
        Ok(Self { vault, seal, identity, root })
    }

    fn write_identity(&mut self, home: &mut Home) -> Result<(), Failure> {
        vault_file::replace(&home.paths().next_identity(), &self.identity).map_err(|error| fault::keys(DOING, &error))
    }

    fn write_root(&mut self, home: &mut Home) -> Result<(), Failure> {
        let Some(root) = &self.root else { return Ok(()) };
        vault_file::replace(&home.paths().next_root(), root).map_err(|error| fault::keys(DOING, &error))
    }

    /// One transaction. After a failure both pairs stay: only the journal knows which is in force, and the next unlocking asks it.
    fn reseal(&mut self, home: &mut Home) -> Result<(), Failure> {
        home.journal.reseal(self.seal.clone()).map_err(|error| fault::sync(DOING, &error))?;
        home.vault = self.vault.clone();
        home.lock_key_pages();
        home.seal = self.seal.clone();
        Ok(())
    }

    /// The heads under the new key as well, so that a backup put back meanwhile is noticed.
    fn note_heads(&mut self, home: &mut Home) -> Result<(), Failure> {
        home.heads.write(&home.paths().heads(), &home.seal)
    }

    fn settle(&mut self, home: &mut Home) -> Result<(), Failure> {
        settle(home.paths(), true).map_err(|error| Failure::disk(DOING, &error))
    }
}

/// Ends a change: the new pair takes the place of the old, or goes. The root key's file is first each time.
pub(in crate::runtime) fn settle(paths: &Paths, newer: bool) -> std::io::Result<()> {
    let settle_one = |next: &Path, place: &Path| match next.exists() {
        true if newer => fs::rename(next, place),
        true => fs::remove_file(next),
        false => Ok(()),
    };
    settle_one(&paths.next_root(), &paths.root())?;
    // The order of the two must hold on the disk as well.
    paths.make_last()?;
    settle_one(&paths.next_identity(), &paths.identity())?;
    paths.make_last()
}

#[cfg(test)]
mod tests {
    use super::{super::closed_home::ClosedHome, *};
    use crate::runtime::roster::{
        enrol::Admin,
        founding::{self, Names},
    };

    fn words(text: &str) -> Passphrase {
        Passphrase::to_create(text.as_bytes()).unwrap()
    }

    #[test]
    fn cut_short_anywhere_one_passphrase_opens_all_of_it() {
        let (old, new) = (words("correct horse battery staple lamp"), words("another lamp beside the quiet river"));
        let hashing = Hashing::new(Some(10), true).unwrap();
        // The fraction of settling in which only the first file has been renamed is a stop of its own.
        for stop in 0..=STEPS.len() + 1 {
            let folder = tempfile::tempdir().unwrap();
            let names = Names { agency: "Agency", admin: "Admin", reader: "Reader" };
            founding::found(folder.path(), &names, &old, &old, hashing).unwrap();
            let paths = Paths::at(&folder.path().join("admin"));
            let mut home = ClosedHome::open(paths.clone()).unwrap().unlock(&old).unwrap();
            let mut change = Change::prepare(&home, &old, &new, hashing).unwrap();
            STEPS.iter().take(stop.min(4)).for_each(|step| step(&mut change, &mut home).unwrap());
            match stop {
                5 => fs::rename(paths.next_root(), paths.root()).unwrap(),
                6 => change.settle(&mut home).unwrap(),
                _ => {}
            }
            drop(home);
            let (opens, refused) = if stop < 3 { (&old, &new) } else { (&new, &old) };
            assert!(ClosedHome::open(paths.clone()).unwrap().unlock(refused).is_err(), "stopped after {stop}");
            let home = ClosedHome::open(paths.clone()).unwrap().unlock(opens).unwrap();
            assert_eq!(home.notices(), [] as [String; 0]);
            let mut admin = Admin::open(home, opens).unwrap();
            admin.add_unit("Station", "station").unwrap();
            drop(admin);
            assert!(!paths.next_root().exists() && !paths.next_identity().exists(), "stopped after {stop}");
            ClosedHome::open(paths).unwrap().unlock(opens).unwrap();
        }
    }

    #[test]
    fn a_root_key_that_does_not_open_leaves_the_home_as_it_is() {
        let (old, new) = (words("correct horse battery staple lamp"), words("another lamp beside the quiet river"));
        let hashing = Hashing::new(Some(10), true).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let names = Names { agency: "Agency", admin: "Admin", reader: "Reader" };
        founding::found(folder.path(), &names, &old, &old, hashing).unwrap();
        let paths = Paths::at(&folder.path().join("admin"));
        let other = RootKey::generate(amanat_keys::fingerprint::MemberId::random()).unwrap();
        vault_file::replace(&paths.root(), &other.lock(&new, hashing.factor).unwrap()).unwrap();
        let mut home = ClosedHome::open(paths.clone()).unwrap().unlock(&old).unwrap();
        change_passphrase(&mut home, &old, &new, hashing).unwrap_err();
        drop(home);
        ClosedHome::open(paths).unwrap().unlock(&old).unwrap();
    }
}
