//! A change of passphrase: a new vault key, every local row sealed under it, and no instant at which a power cut loses the home.

use std::fs;

use amanat_keys::{passphrase::Passphrase, root_key::RootKey, vault_file};

use super::{fault, home::Home, make::Hashing};
use crate::failure::Failure;

const DOING: &str = "changing the passphrase";

/// Changes the passphrase of an open home, and of the root key beside it if there is one.
///
/// The new vault is durable beside the old one before the first row is sealed under it; whichever of the two opens the journal
/// is in force (`FORMATS.md` section 8), and the next unlocking settles a change that was cut short.
///
/// # Errors
/// What `keys`, the journal or the disk refuse; the old passphrase then still opens the home.
pub fn change_passphrase(home: &mut Home, old: &Passphrase, new: &Passphrase, hashing: Hashing) -> Result<(), Failure> {
    let refused = |error| fault::keys(DOING, &error);
    let (identity, next) = (home.paths().identity(), home.paths().next_identity());
    let mut vault = home.vault.clone();
    let (_, seal) = vault.renew_vault_key();
    let locked = vault.lock(new, hashing.factor).map_err(refused)?;
    vault_file::replace(&next, &locked).map_err(refused)?;
    if let Err(error) = home.journal.reseal(seal.clone()) {
        fs::remove_file(&next).unwrap_or_default();
        return Err(fault::sync(DOING, &error));
    }
    home.vault = vault;
    home.seal = seal;
    fs::rename(&next, &identity).map_err(|error| Failure::disk(DOING, &error))?;
    home.note_heads(&[])?;
    root_key(home, old, new, hashing)
}

/// An admin's root key has a file of its own under the same passphrase.
fn root_key(home: &Home, old: &Passphrase, new: &Passphrase, hashing: Hashing) -> Result<(), Failure> {
    let path = home.paths().root();
    if !path.exists() {
        return Ok(());
    }
    let refused = |error| fault::keys("changing the passphrase of the root key", &error);
    let bytes = vault_file::read(&path).map_err(refused)?;
    let root = RootKey::open(&bytes, old, home.practice()).map_err(refused)?;
    vault_file::replace(&path, &root.lock(new, hashing.factor).map_err(refused)?).map_err(refused)
}
