//! What a device's journal lies on: memory, or a SQLite file that can be copied as it is and opened again.

use std::fs;
use std::path::{Path, PathBuf};

use amanat_keys::row_seal::RowSeal;
use amanat_sync::journal::{Journal, MemoryJournal, SqliteJournal};

/// A disk.
pub(crate) enum Disk {
    Memory(MemoryJournal),
    File { journal: Box<SqliteJournal>, path: PathBuf, copies: u64 },
}

/// A copy of a disk as it was once.
#[derive(Clone)]
pub(crate) enum Copied {
    Memory(MemoryJournal),
    File(PathBuf),
}

fn open(path: &Path) -> Box<SqliteJournal> {
    Box::new(SqliteJournal::open(path, RowSeal::new(&[7; 32])).unwrap())
}

/// File and log as they lie there, which is what a kill leaves behind.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::copy(from, to).unwrap();
    let log = |path: &Path| PathBuf::from(format!("{}-wal", path.display()));
    if log(from).exists() {
        fs::copy(log(from), log(to)).unwrap();
    }
}

impl Disk {
    pub(crate) fn in_file(path: PathBuf) -> Self {
        Self::File { journal: open(&path), path, copies: 0 }
    }

    pub(crate) fn journal(&mut self) -> &mut dyn Journal {
        match self {
            Self::Memory(journal) => journal,
            Self::File { journal, .. } => &mut **journal,
        }
    }

    pub(crate) fn copied(&mut self) -> Copied {
        match self {
            Self::Memory(journal) => Copied::Memory(journal.clone()),
            Self::File { path, copies, .. } => {
                *copies += 1;
                let to = path.with_extension(format!("copy{copies}"));
                copy(path, &to);
                Copied::File(to)
            }
        }
    }

    /// Another copy lies here from now on.
    pub(crate) fn put_back(&mut self, copied: &Copied) {
        match (self, copied) {
            (Self::Memory(journal), Copied::Memory(copied)) => *journal = copied.clone(),
            (Self::File { journal, path, copies }, Copied::File(copied)) => {
                *copies += 1;
                let to = path.with_extension(format!("life{copies}"));
                copy(copied, &to);
                *journal = open(&to);
                *path = to;
            }
            _ => unreachable!("a copy of another disk"),
        }
    }

    /// The program is gone without a word; what opens next is what lay on the disk then.
    pub(crate) fn killed(&mut self) {
        let image = self.copied();
        self.put_back(&image);
    }

    /// Whether the file hangs together.
    pub(crate) fn check(&self) {
        if let Self::File { journal, .. } = self {
            journal.check().unwrap();
        }
    }
}
