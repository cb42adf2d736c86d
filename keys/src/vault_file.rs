//! The only disk access of the room: small secret files, replaced whole or not at all, readable by their owner alone.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use rand::RngCore;
use rand::rngs::OsRng;
use zeroize::Zeroizing;

use crate::error::{Damage, KeysError, Weakness};
use crate::locked_file::MAX_FILE;
use crate::passphrase::Passphrase;

/// Largest passphrase file, bytes.
const MAX_PASSPHRASE_FILE: u64 = 4096;

/// Writes a file so that a power cut leaves the old content or the new, whole: a new file beside it (mode 0600), synced, renamed
/// over the old one, and the folder synced.
///
/// # Errors
/// [`KeysError::Disk`]. The old content then still stands.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), KeysError> {
    put(path, bytes, |beside| fs::rename(beside, path))
}

/// Writes what is to stand at a path beside it first, whole and synced; `place` then gives it its name.
fn put(path: &Path, bytes: &[u8], place: impl FnOnce(&Path) -> io::Result<()>) -> Result<(), KeysError> {
    let folder = folder_of(path);
    let name = path.file_name().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    let mut random = [0_u8; 8];
    OsRng.fill_bytes(&mut random);
    let mut beside = std::ffi::OsString::from(".");
    beside.push(name);
    beside.push(format!(".{:016x}", u64::from_le_bytes(random)));
    let beside = folder.join(beside);
    let written = write_new(&beside, bytes).and_then(|()| place(&beside)).and_then(|()| sync(folder));
    if written.is_err() {
        // Best effort: what stays behind is as sealed as what it was to replace.
        drop(fs::remove_file(&beside));
    }
    Ok(written?)
}

/// Writes a file that must not exist yet, in the same careful way: a kill leaves the whole of it or nothing under its name.
///
/// # Errors
/// [`KeysError::Disk`]; of kind *already exists* when it does: keys are never made over other keys.
pub fn create(path: &Path, bytes: &[u8]) -> Result<(), KeysError> {
    put(path, bytes, |beside| match fs::hard_link(beside, path) {
        Ok(()) => fs::remove_file(beside),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        // A filesystem without second names for a file: whoever makes keys holds the home's lock, so nobody comes between.
        Err(_) if path.try_exists()? => Err(io::ErrorKind::AlreadyExists.into()),
        Err(_) => fs::rename(beside, path),
    })
}

/// Reads a locked file of at most [`MAX_FILE`] bytes.
///
/// # Errors
/// [`KeysError::Disk`]; [`Damage::TooLarge`].
pub fn read(path: &Path) -> Result<Vec<u8>, KeysError> {
    let most = u64::try_from(MAX_FILE).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    File::open(path)?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() > MAX_FILE { Err(Damage::TooLarge.into()) } else { Ok(bytes) }
}

/// Reads a passphrase from a file: for scripts. Others must not be able to read it; one final newline is dropped.
///
/// # Errors
/// [`Weakness::ExposedFile`] (under `Locked`) when group or others have any right on it; the weaknesses of
/// [`Passphrase::from_file_content`]; [`KeysError::Disk`].
pub fn read_passphrase(path: &Path) -> Result<Passphrase, KeysError> {
    let weak = |weakness: Weakness| KeysError::Locked(weakness.into());
    let file = File::open(path)?;
    if is_exposed(&file.metadata()?) {
        return Err(weak(Weakness::ExposedFile));
    }
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(MAX_PASSPHRASE_FILE).read_to_end(&mut bytes)?;
    Passphrase::from_file_content(&bytes).map_err(weak)
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    owner_only(&mut options);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

#[cfg(unix)]
fn owner_only(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600);
}

#[cfg(not(unix))]
fn owner_only(_: &mut OpenOptions) {}

#[cfg(unix)]
fn is_exposed(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o077 != 0
}

#[cfg(not(unix))]
fn is_exposed(_: &fs::Metadata) -> bool {
    false
}

/// Makes a rename last. Windows has no way to sync a folder, and needs none for this.
#[cfg(unix)]
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync(_: &Path) -> io::Result<()> {
    Ok(())
}
