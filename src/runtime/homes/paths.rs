//! Where files live, and with which permissions. The only reader of the environment.

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use etcetera::BaseStrategy as _;

use crate::failure::Failure;

/// The files of one device's home folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    folder: PathBuf,
}

impl Paths {
    /// The home that was asked for: `--home`, else `AMANAT_HOME`, else the XDG data folder's `amanat`.
    ///
    /// # Errors
    /// Without any of them there is nowhere to look.
    pub fn find(asked: Option<&Path>) -> Result<Self, Failure> {
        if let Some(folder) = asked {
            return Ok(Self::at(folder));
        }
        if let Some(folder) = environment("AMANAT_HOME").filter(|value| !value.is_empty()) {
            return Ok(Self::at(Path::new(&folder)));
        }
        let base = etcetera::choose_base_strategy().map_err(|error| {
            Failure::usage(format!("looking for the home folder — {error}"), "Name it with --home DIR.")
        })?;
        Ok(Self::at(&base.data_dir().join("amanat")))
    }

    /// The home in this folder.
    pub fn at(folder: &Path) -> Self {
        Self { folder: folder.to_path_buf() }
    }

    /// The folder itself.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The vault: this device's keys under its passphrase.
    pub fn identity(&self) -> PathBuf {
        self.folder.join("identity.age")
    }

    /// The vault of a change of passphrase that is not finished: the new keys, durable before the rows are sealed under them.
    pub fn next_identity(&self) -> PathBuf {
        self.folder.join("identity.next")
    }

    /// The root key of a change of passphrase that is not finished.
    pub fn next_root(&self) -> PathBuf {
        self.folder.join("root.next")
    }

    /// Makes what was renamed or removed in the folder last through a power cut.
    ///
    /// # Errors
    /// What the disk says.
    #[cfg(unix)]
    pub(in crate::runtime) fn make_last(&self) -> io::Result<()> {
        fs::File::open(&self.folder)?.sync_all()
    }

    /// Windows has no way to sync a folder, and needs none for this.
    ///
    /// # Errors
    /// None.
    #[cfg(not(unix))]
    pub(in crate::runtime) fn make_last(&self) -> io::Result<()> {
        Ok(())
    }

    /// The join request, so that it can be written out again: its words are bound to its bytes.
    pub fn join_request(&self) -> PathBuf {
        self.folder.join("join-request")
    }

    /// The newest link of each own journal, sealed: what a restored backup is compared with.
    pub fn heads(&self) -> PathBuf {
        self.folder.join("heads")
    }

    /// Entries, drafts, receipts, documents: each row sealed.
    pub fn journal(&self) -> PathBuf {
        self.folder.join("journal.sqlite")
    }

    /// Sealed attachments, a file each.
    pub fn parts(&self) -> PathBuf {
        self.folder.join("parts")
    }

    /// Keys of drafts on a device that is to keep no key, a small file each.
    pub fn draft_keys(&self) -> PathBuf {
        self.folder.join("draft-keys")
    }

    /// The root signing key (admins only).
    pub fn root(&self) -> PathBuf {
        self.folder.join("root.age")
    }

    /// The root key that takes the other's place once a roster lists it.
    pub fn successor(&self) -> PathBuf {
        self.folder.join("root.successor")
    }

    /// Stamp of a practice home: weak passphrase hashing, loopback hubs only.
    pub fn practice(&self) -> PathBuf {
        self.folder.join("practice")
    }

    /// Forms and lists that were taken in and not published yet.
    pub fn codebook_draft(&self) -> PathBuf {
        self.folder.join("codebook-draft")
    }

    /// Held while a program has this home open.
    pub fn lock(&self) -> PathBuf {
        self.folder.join("lock")
    }

    /// The settings.
    pub fn settings(&self) -> PathBuf {
        self.folder.join("settings.toml")
    }

    /// Stands there once the device has joined an agency.
    pub fn joined(&self) -> PathBuf {
        self.folder.join("joined")
    }

    /// How many entries waited when the home was locked last: a number and nothing else, for the lock screen.
    pub fn note_waiting(&self, waiting: u64) {
        fs::write(self.folder.join("waiting"), waiting.to_string()).unwrap_or_default();
    }

    /// What [`Paths::note_waiting`] wrote; 0 when nothing is known.
    pub fn waiting(&self) -> u64 {
        let text = fs::read_to_string(self.folder.join("waiting")).unwrap_or_default();
        text.trim().parse().unwrap_or(0)
    }

    /// Makes the folder, and every folder above it that is missing, for the owner alone.
    ///
    /// # Errors
    /// What the disk says.
    pub fn make(&self) -> Result<(), Failure> {
        let made = make_private(&self.folder);
        made.map_err(|error| Failure::disk(format!("making the folder {}", self.folder.display()), &error))
    }
}

/// One variable of the environment.
#[expect(clippy::disallowed_methods, reason = "the environment is read here and nowhere else")]
pub fn environment(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

#[cfg(unix)]
fn make_private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn make_private(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_new_home_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::at(&folder.path().join("a/b"));
        paths.make().unwrap();
        let mode = fs::metadata(paths.folder()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}
