//! A home to practise in: an agency of its own, founded for it on this machine, with no hub and with nobody left who could name one.
//!
//! The key that could change its roster is thrown away as soon as it has signed the first one. So nothing that is kept there can ever be
//! sent anywhere, whatever is typed, clicked or configured; and nothing from there opens anywhere else.

use std::{fs, path::Path};

use amanat_keys::passphrase::Passphrase;

use super::{make::Hashing, paths::Paths};
use crate::{
    failure::Failure,
    runtime::{
        fault,
        roster::founding::{self, Names},
    },
};

/// What opens it: no secret, because nothing real is to lie there. The unlock screen shows it.
pub const PASSPHRASE: &str = "four quiet river stones";
const DOING: &str = "making the home to practise in";

/// The home to practise in beside a device's own; made when it is not there.
///
/// # Errors
/// What the disk or `keys` says; nothing half is left that would be taken for one.
pub fn home(own: &Paths) -> Result<Paths, Failure> {
    let name = own.folder().file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let folder = own.folder().with_file_name(format!("{name}-training"));
    let paths = Paths::at(&folder);
    if paths.identity().exists() {
        return Ok(paths);
    }
    let disk = |error: std::io::Error| Failure::disk(DOING, &error);
    let making = own.folder().with_file_name(format!("{name}-training.new"));
    // What a program that was killed here left behind.
    remove(&making).map_err(disk)?;
    let passphrase = Passphrase::to_create(PASSPHRASE.as_bytes())
        .map_err(|weakness| fault::keys(DOING, &amanat_keys::error::KeysError::Locked(weakness.into())))?;
    let names = Names { agency: "TRAINING", admin: "TRAINING", reader: "TRAINING" };
    founding::found(&making, &names, &passphrase, &passphrase, Hashing::new(Some(10), true)?)?;
    // The only key that could ever name a hub goes before the home is one.
    remove(&making.join("admin")).map_err(disk)?;
    fs::rename(making.join("reader"), &folder).map_err(disk)?;
    remove(&making).map_err(disk)?;
    Ok(paths)
}

fn remove(folder: &Path) -> std::io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

#[cfg(test)]
mod tests {
    use super::{super::closed_home::ClosedHome, *};

    #[test]
    fn nobody_is_left_who_could_name_a_hub_and_a_half_made_one_is_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let own = Paths::at(&folder.path().join("home"));
        // What a program left that was killed before it had thrown the admin's key away.
        for (name, file) in [("admin", "root.age"), ("admin", "identity.age"), ("reader", "identity.age")] {
            let half = folder.path().join("home-training.new").join(name);
            fs::create_dir_all(&half).unwrap();
            fs::write(half.join(file), b"half").unwrap();
        }
        let made = home(&own).unwrap();
        assert_eq!(made.folder(), folder.path().join("home-training"));
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
        assert_eq!(left, ["home-training"], "the admin's key is gone");
        assert!(!made.folder().join("root.age").exists(), "and this is not the home that had it");
        let passphrase = Passphrase::to_open(PASSPHRASE.as_bytes()).unwrap();
        let opened = ClosedHome::open(made.clone()).unwrap().unlock(&passphrase).unwrap();
        assert!(opened.hub().is_none() && opened.has_joined());
        drop(opened);
        assert_eq!(home(&own).unwrap().folder(), made.folder(), "the second time it is there");
    }
}
