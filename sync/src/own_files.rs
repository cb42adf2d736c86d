//! Files and folders that are their owner's alone, and a folder's own entries made durable: the same for sticks, attachments and the hub's
//! staging. Elsewhere than on Unix the system's own rules decide.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

/// A file that is made with these is its owner's alone (mode 600).
#[cfg(unix)]
pub fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.mode(0o600)
}

/// A file that is made with these is as the system makes it.
#[cfg(not(unix))]
pub fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// Makes a folder, and those above it that are missing, for its owner alone (mode 700). One that is there stays as it is.
///
/// # Errors
/// What the disk says.
#[cfg(unix)]
pub fn make_private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Makes a folder and those above it that are missing.
///
/// # Errors
/// What the disk says.
#[cfg(not(unix))]
pub fn make_private(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

/// Waits until what a folder lists is on the disk: a name that was made, changed or taken away.
///
/// # Errors
/// What the disk says.
#[cfg(unix)]
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Elsewhere a folder cannot be waited for.
///
/// # Errors
/// None.
#[cfg(not(unix))]
pub fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}
