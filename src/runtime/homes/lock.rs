//! One program at a time in a home.

use std::fs::{File, OpenOptions, TryLockError};

use super::paths::Paths;
use crate::failure::Failure;

/// Held while a program has a home open; the system lets go of it when the program ends, however it ends.
#[derive(Debug)]
pub struct HomeLock {
    _file: File,
}

impl HomeLock {
    /// Takes the lock, or says at once that another program has it.
    ///
    /// # Errors
    /// Locked when another program holds the home; what the disk says.
    pub fn take(paths: &Paths) -> Result<Self, Failure> {
        let path = paths.lock();
        let doing = || format!("opening the home {}", paths.folder().display());
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| Failure::disk(doing(), &error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(Failure::locked(
                format!("{} — another amanat has it open", doing()),
                "Close the other one, or give this one a home of its own with --home.",
            )),
            Err(TryLockError::Error(error)) => Err(Failure::disk(doing(), &error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Kind;

    #[test]
    fn the_second_to_come_is_told_at_once_and_the_third_gets_in() {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::at(folder.path());
        let first = HomeLock::take(&paths).unwrap();
        let second = HomeLock::take(&paths).unwrap_err();
        assert_eq!(second.kind, Kind::Locked);
        assert!(second.message.contains("another amanat"));
        drop(first);
        HomeLock::take(&paths).unwrap();
    }
}
