//! The join pack as a file of this machine: see [`amanat_sync::pack`] for what is in it.

use std::{
    ffi::OsString,
    fs,
    io::{self, Read as _, Write as _},
    path::Path,
};

use amanat_keys::{canonical, statement::Statement};
use amanat_sync::own_files::sync_folder;
pub use amanat_sync::pack::Pack;

use crate::failure::Failure;

/// Largest pack read, bytes: ten thousand devices over a hundred rosters fit.
const MAX_PACK: u64 = 256 << 20;
/// Largest statement read from a file of its own, bytes: an order over forty thousand entries fits.
const MAX_STATEMENT: u64 = 4 << 20;

/// Writes the pack to a file that everybody may read.
///
/// # Errors
/// What the disk says.
pub fn write(pack: &Pack, path: &Path) -> Result<(), Failure> {
    let doing = || format!("writing the join pack {}", path.display());
    put(path, &canonical::encode(pack)).map_err(|error| Failure::disk(doing(), &error))
}

/// Reads a pack from a file; nothing in it is checked yet.
///
/// # Errors
/// What the disk says; refused when it is no pack.
pub fn read(path: &Path) -> Result<Pack, Failure> {
    let bytes = read_limited(path, "join pack", MAX_PACK)?;
    canonical::decode(&bytes).map_err(|error| {
        Failure::refused(
            format!("reading the join pack {} — {error}", path.display()),
            "Ask the admin for the file that `amanat roster approve` or `roster publish` wrote.",
        )
    })
}

/// Writes a statement to a file that everybody may read.
///
/// # Errors
/// What the disk says.
pub fn write_statement(statement: &Statement, path: &Path, what: &str) -> Result<(), Failure> {
    let doing = || format!("writing the {what} {}", path.display());
    put(path, &statement.to_bytes()).map_err(|error| Failure::disk(doing(), &error))
}

/// Writes a file whole and gives it its name then: a proposal goes from admin to admin and has the signatures of those before, so what stood
/// under the name stays whatever stops the writing.
fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A pipe or a device is no file that another could take the place of.
    if fs::metadata(path).is_ok_and(|meta| !meta.is_file()) {
        return fs::write(path, bytes);
    }
    let mut beside = OsString::from(".");
    beside.push(path.file_name().ok_or(io::ErrorKind::InvalidInput)?);
    beside.push(".new");
    let beside = path.with_file_name(beside);
    let written = write_new(&beside, bytes).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        drop(fs::remove_file(&beside));
    }
    written?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    sync_folder(folder.unwrap_or(Path::new(".")))
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Reads a statement from a file, such as a join request; nothing is proven by it.
///
/// # Errors
/// What the disk says; refused when it is no statement.
pub fn read_statement(path: &Path, what: &str) -> Result<Statement, Failure> {
    let bytes = read_limited(path, what, MAX_STATEMENT)?;
    Statement::from_bytes(&bytes).map_err(|error| {
        Failure::refused(
            format!("reading the {what} {} — {error}", path.display()),
            format!("Ask for the {what} again."),
        )
    })
}

fn read_limited(path: &Path, what: &str, most: u64) -> Result<Vec<u8>, Failure> {
    let doing = || format!("reading the {what} {}", path.display());
    let file = fs::File::open(path).map_err(|error| Failure::disk(doing(), &error))?;
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes).map_err(|error| Failure::disk(doing(), &error))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > most {
        return Err(Failure::refused(format!("{} — larger than any honest one", doing()), "Ask for the file again."));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Kind;

    #[test]
    fn a_pack_is_read_as_it_was_written_and_a_cut_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pack");
        let pack = Pack { rosters: vec![vec![1], vec![2, 3]], unit_keys: vec![vec![4]], freshness: vec![] };
        write(&pack, &path).unwrap();
        assert_eq!(read(&path).unwrap(), pack);
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        assert_eq!(read(&path).unwrap_err().kind, Kind::Refused);
    }
}
