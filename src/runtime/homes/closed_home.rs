//! A home that is locked: held against other programs, nothing opened yet.

use std::{
    panic,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use amanat_keys::{
    error::{KeysError, Lock},
    passphrase::Passphrase,
    vault::Vault,
    vault_file,
};
use amanat_sync::{
    error::SyncError,
    journal::{JournalFile, SqliteJournal},
};

use super::{home::Home, lock::HomeLock, passphrase_change, paths::Paths};
use crate::{
    failure::Failure,
    runtime::{
        clock,
        entries::{parallel::wiped, replay},
        fault,
    },
};

/// Bytes of the replay that are read ahead at most: they lie in memory until they are opened, and then what they opened to does.
const READ_AHEAD: u64 = 256 << 20;

/// A locked home. While it lives no other program can open it.
#[derive(Clone, Debug)]
pub struct ClosedHome {
    paths: Paths,
    practice: bool,
    /// The wall clock that everything in it goes by.
    wall: fn() -> i64,
    /// Held as long as any copy of this home lives.
    _lock: Arc<HomeLock>,
}

impl ClosedHome {
    /// Takes a home that has a device in it.
    ///
    /// # Errors
    /// Usage when there is no device yet; locked when another program has it open.
    pub fn open(paths: Paths) -> Result<Self, Failure> {
        if !paths.identity().exists() {
            return Err(Failure::usage(
                format!("opening the home {} — there is no device in it yet", paths.folder().display()),
                "Make one with: amanat device init --name NAME, or name another home with --home.",
            ));
        }
        Self::hold(paths)
    }

    /// Takes a home whether there is a device in it or not.
    ///
    /// # Errors
    /// Locked when another program has it open; what the disk says.
    pub fn hold(paths: Paths) -> Result<Self, Failure> {
        let lock = Arc::new(HomeLock::take(&paths)?);
        let practice = paths.practice().exists();
        Ok(Self { paths, practice, wall: clock::unix_ms, _lock: lock })
    }

    /// The same home by another wall clock than the machine's, in milliseconds since 1970: where many homes live in one process, each has a
    /// clock of its own, as wrong as that of any laptop.
    pub fn by_clock(self, wall: fn() -> i64) -> Self {
        Self { wall, ..self }
    }

    /// What its clock says, in milliseconds since 1970: evidence, never order.
    pub(in crate::runtime) fn wall_ms(&self) -> i64 {
        (self.wall)()
    }

    /// Where it is.
    pub fn paths(&self) -> &Paths {
        &self.paths
    }

    /// Whether it is stamped as a practice home.
    pub fn practice(&self) -> bool {
        self.practice
    }

    /// Whether it has a device in it.
    pub fn has_device(&self) -> bool {
        self.paths.identity().exists()
    }

    /// Opens the vault and the journal. Takes as long as scrypt takes.
    ///
    /// # Errors
    /// Locked for a wrong passphrase; refused for a journal that is damaged or another vault's; what the disk says.
    pub fn unlock(&self, passphrase: &Passphrase) -> Result<Home, Failure> {
        let (vault, journal) = self.open_pair(passphrase)?;
        Home::around(self.clone(), vault, journal)
    }

    /// The same for whoever goes on to read everything: while scrypt takes its time on one core, what is to be read first is taken from the disk on
    /// another, sealed as it is.
    ///
    /// # Errors
    /// As [`ClosedHome::unlock`].
    pub fn unlock_to_read(&self, passphrase: &Passphrase) -> Result<Home, Failure> {
        if self.paths.next_identity().exists() {
            return self.unlock(passphrase);
        }
        let opened = AtomicBool::new(false);
        let (vault, file) = thread::scope(|scope| {
            let opening = scope.spawn(|| {
                // In a box: what passes from thread to thread is its place.
                let vault = wiped(|| self.open_vault(&self.paths.identity(), passphrase).map(Box::new));
                opened.store(true, Ordering::Relaxed);
                vault
            });
            let file = self.read_ahead(|| !opened.load(Ordering::Relaxed));
            (opening.join().unwrap_or_else(|fault| panic::resume_unwind(fault)), file)
        });
        let vault = *vault?;
        // Whatever is wrong with the file, opening it says so.
        let journal = match file {
            Ok(Some(file)) => file.unsealed_by(vault.row_seal()),
            Ok(None) | Err(_) => self.open_journal(&vault),
        };
        Home::around(self.clone(), vault, journal.map_err(|error| self.journal_failure(&error))?)
    }

    /// What is to be read first, as long as it goes on.
    fn read_ahead(&self, goes_on: impl Fn() -> bool) -> Result<Option<JournalFile>, SyncError> {
        let mut file = JournalFile::open(&self.paths.journal())?;
        if let Some(file) = &mut file {
            file.read_ahead(replay::pages().take_while(|_| goes_on()), READ_AHEAD)?;
        }
        Ok(file)
    }

    /// The vault and the journal that belong together. A change of passphrase that was cut short leaves a second vault beside the
    /// first; whichever opens the journal is the one in force (`FORMATS.md` section 8).
    fn open_pair(&self, passphrase: &Passphrase) -> Result<(Vault, SqliteJournal), Failure> {
        let first = self.open_vault(&self.paths.identity(), passphrase);
        let next = self.paths.next_identity();
        if !next.exists() {
            let vault = first?;
            let journal = self.open_journal(&vault).map_err(|error| self.journal_failure(&error))?;
            return Ok((vault, journal));
        }
        for (vault, newer) in [(first, false), (self.open_vault(&next, passphrase), true)] {
            let Ok(vault) = vault else { continue };
            match self.open_journal(&vault) {
                Ok(journal) => {
                    self.settle(newer)?;
                    return Ok((vault, journal));
                }
                Err(SyncError::WrongVault) => {}
                Err(error) => return Err(self.journal_failure(&error)),
            }
        }
        Err(Failure::locked(
            "unlocking — the passphrase opens no vault that fits the journal",
            "A change of passphrase was cut short: try the old passphrase and the new one.",
        ))
    }

    /// Ends a change of passphrase that was cut short.
    fn settle(&self, newer: bool) -> Result<(), Failure> {
        passphrase_change::settle(&self.paths, newer)
            .map_err(|error| Failure::disk("ending the change of passphrase that was cut short", &error))
    }

    fn open_vault(&self, path: &std::path::Path, passphrase: &Passphrase) -> Result<Vault, Failure> {
        let doing = format!("unlocking {}", path.display());
        let bytes = vault_file::read(path).map_err(|error| fault::keys(&doing, &error))?;
        Vault::open(&bytes, passphrase, self.practice).map_err(|error| match error {
            KeysError::Locked(Lock::WrongPassphrase) => fault::keys("unlocking", &error),
            error => fault::keys(&doing, &error),
        })
    }

    fn open_journal(&self, vault: &Vault) -> Result<SqliteJournal, SyncError> {
        SqliteJournal::open(&self.paths.journal(), vault.row_seal())
    }

    fn journal_failure(&self, error: &SyncError) -> Failure {
        fault::sync(&format!("opening the journal {}", self.paths.journal().display()), error)
    }
}
