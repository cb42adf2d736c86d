//! The one file of a stick: written beside its name, on the medium and read back before it gets that name, or not there at all.
//!
//! What lies beside the name meanwhile is part of an age file, and as opaque as the whole. It is taken away when writing fails; after
//! a power cut it may stay, under a name that ends in `.part`.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use amanat_keys::digesting::Digesting;

use crate::bundle::BundleFault;
use crate::cores;
use crate::own_files::{private, sync_folder};

/// Why there is no new file under the name.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileFault {
    /// The folder is not there, or the name is none.
    #[error("there is no folder for it")]
    NoFolder,
    /// Something that is no file has this name.
    #[error("it is a folder or a device, not a file")]
    NotAFile,
    /// It would not fit.
    #[error("{need} bytes are needed and {free} are free")]
    NoRoom {
        /// Bytes needed at most.
        need: u64,
        /// Bytes free.
        free: u64,
    },
    /// The medium was full before the end.
    #[error("the medium is full")]
    Full,
    /// What is read back is not what was written: the medium is broken.
    #[error("what was read back is not what was written")]
    ReadsOtherwise,
    /// The medium refused.
    #[error("the medium refused")]
    Disk(#[source] io::Error),
    /// What goes into it failed.
    #[error(transparent)]
    Bundle(BundleFault),
}

impl From<io::Error> for FileFault {
    fn from(error: io::Error) -> Self {
        if is_full(&error) { Self::Full } else { Self::Disk(error) }
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull
            | io::ErrorKind::FileTooLarge
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::WriteZero
    )
}

impl From<BundleFault> for FileFault {
    fn from(fault: BundleFault) -> Self {
        match fault {
            BundleFault::Io(error) => error.into(),
            other => Self::Bundle(other),
        }
    }
}

/// Writes what `fill` writes to the file of this name, `need` being the most that it takes. When this returns, the file is whole, on
/// the medium, and was read back; how many bytes it has stands beside what `fill` gave.
///
/// # Errors
/// A [`FileFault`]; a file that had the name before is untouched then.
pub fn write_whole<T>(
    path: &Path,
    need: u64,
    fill: impl FnOnce(&mut dyn Write) -> Result<T, BundleFault>,
) -> Result<(T, u64), FileFault> {
    let folder = folder_of(path);
    if path.file_name().is_none() || !folder.is_dir() {
        return Err(FileFault::NoFolder);
    }
    if path.exists() && !path.is_file() {
        return Err(FileFault::NotAFile);
    }
    // A file of this name is there until the new one takes its place, so it makes no room.
    if let Some(free) = free(folder)
        && free < need
    {
        return Err(FileFault::NoRoom { need, free });
    }
    let beside = beside(path);
    let done = write_beside(&beside, fill).and_then(|done| {
        fs::rename(&beside, path)?;
        sync_folder(folder)?;
        Ok(done)
    });
    if done.is_err() {
        // The fault that is told is the first one; what stays behind is as sealed as the whole.
        drop(fs::remove_file(&beside));
    }
    done
}

fn write_beside<T>(
    beside: &Path,
    fill: impl FnOnce(&mut dyn Write) -> Result<T, BundleFault>,
) -> Result<(T, u64), FileFault> {
    match fs::remove_file(beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        Ok(()) | Err(_) => {}
    }
    let file = private(OpenOptions::new().write(true).create_new(true)).open(beside)?;
    // Hashed and written while more is sealed.
    let (made, out) = cores::written_beside(Digesting::new(file), fill);
    // Where the medium refused, that is the fault, and not that nobody took the rest.
    let (file, bytes, written) = out?.finish();
    let made = made?;
    file.sync_all()?;
    forget(&file);
    let mut back = Digesting::new(File::open(beside)?);
    io::copy(&mut back, &mut io::sink())?;
    let (_, length, read) = back.finish();
    if (length, read) == (bytes, written) { Ok((made, bytes)) } else { Err(FileFault::ReadsOtherwise) }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(path.file_name().unwrap_or_default());
    name.push(".part");
    path.with_file_name(name)
}

/// Bytes free where a file of this name would lie, if the system says so.
#[must_use]
pub fn room(path: &Path) -> Option<u64> {
    free(folder_of(path))
}

/// Bytes free where a folder lies, if the system says so.
#[cfg(unix)]
fn free(folder: &Path) -> Option<u64> {
    let told = rustix::fs::statvfs(folder).ok()?;
    Some(told.f_bavail.saturating_mul(told.f_frsize))
}

#[cfg(not(unix))]
fn free(_folder: &Path) -> Option<u64> {
    None
}

/// Has what is cached of a file let go, so that reading it back reads the medium.
#[cfg(target_os = "linux")]
fn forget(file: &File) {
    rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::DontNeed).unwrap_or_default();
}

#[cfg(not(target_os = "linux"))]
fn forget(_file: &File) {}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: usize = 300_000;

    fn names(folder: &Path) -> Vec<String> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn a_file_is_whole_under_its_name_or_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stick.age");
        let fill = |bytes: &'static [u8]| move |out: &mut dyn Write| out.write_all(bytes).map_err(BundleFault::Io);
        assert_eq!(write_whole(&path, 5, fill(b"first")).unwrap().1, 5);
        let failed = write_whole(&path, 5, |out| {
            out.write_all(b"half of the second").map_err(BundleFault::Io)?;
            Err::<(), _>(BundleFault::Stopped)
        });
        assert!(matches!(failed, Err(FileFault::Bundle(BundleFault::Stopped))), "{failed:?}");
        assert_eq!(names(folder.path()), ["stick.age"]);
        assert_eq!(fs::read(&path).unwrap(), b"first", "what was there stands");
        write_whole(&path, 6, fill(b"second")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
    }

    /// A broken stick takes every byte and gives back others; here the file is changed while it is written.
    #[test]
    fn a_medium_that_gives_back_other_bytes_than_it_took_is_found_and_nothing_is_left_of_it() {
        use std::io::{Seek as _, SeekFrom};

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stick.age");
        fs::write(&path, b"the older one").unwrap();
        let breaks = |how: fn(&mut File)| {
            write_whole(&path, 1, |out| {
                out.write_all(&vec![7; LONG]).and_then(|()| out.flush()).map_err(BundleFault::Io)?;
                how(&mut OpenOptions::new().write(true).open(beside(&path)).unwrap());
                Ok(())
            })
        };
        breaks(|_whole| ()).unwrap();
        assert_eq!(fs::read(&path).unwrap(), vec![7; LONG]);
        fs::write(&path, b"the older one").unwrap();
        for broken in [
            breaks(|medium| medium.set_len(1).unwrap()),
            breaks(|medium| medium.set_len(3 * u64::try_from(LONG).unwrap()).unwrap()),
            breaks(|medium| {
                medium.seek(SeekFrom::Start(100)).unwrap();
                medium.write_all(&[6]).unwrap();
            }),
        ] {
            assert!(matches!(broken, Err(FileFault::ReadsOtherwise)), "{broken:?}");
            assert_eq!(names(folder.path()), ["stick.age"]);
            assert_eq!(fs::read(&path).unwrap(), b"the older one", "what was there stands");
        }
    }

    #[test]
    fn what_cannot_fit_and_what_is_no_file_is_said_before_anything_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stick.age");
        let never = |_out: &mut dyn Write| -> Result<(), BundleFault> { panic!("nothing is written") };
        assert!(matches!(write_whole(&path, u64::MAX, never), Err(FileFault::NoRoom { .. })));
        assert!(matches!(write_whole(folder.path(), 1, never), Err(FileFault::NotAFile)));
        assert!(matches!(write_whole(&folder.path().join("no/stick"), 1, never), Err(FileFault::NoFolder)));
        assert!(names(folder.path()).is_empty());
    }
}
