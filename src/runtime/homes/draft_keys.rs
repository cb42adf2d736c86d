//! Drafts on a device that is to keep no key: each is sealed under a key of its own, which stands in one small file and is overwritten and
//! removed when the draft is kept or thrown away. What the database may still hold of the draft then opens under nothing.
//!
//! A file system may write elsewhere than over what was there, and flash does: what is removed so is out of reach of the program and of whoever
//! forces an unlock, and perhaps not of a laboratory.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::PathBuf,
};

use amanat_keys::{row_seal::RowSeal, vault_file};
use amanat_sync::{
    journal::{Journal as _, Shelf},
    own_files::{make_private, private, sync_folder},
};
use zeroize::Zeroizing;

use super::home::Home;
use crate::{
    failure::Failure,
    model::{CaseId, DraftId},
    runtime::fault,
};

const DOING: &str = "keeping the draft";
/// The name under which a draft's key is sealed, and the draft under it.
const TABLE: &str = "draft-key";
/// What such a draft's row begins with; any other begins with a brace.
const APART: u8 = 1;

impl Home {
    /// Whether drafts of a case are sealed apart.
    fn draft_apart(&self, case: Option<CaseId>) -> bool {
        self.writes_only() || case.is_some_and(|case| self.handed_in(&case.into()))
    }

    /// The draft as its row is to hold it.
    ///
    /// # Errors
    /// What the disk says.
    pub(super) fn seal_draft(
        &self,
        id: DraftId,
        case: Option<CaseId>,
        plain: Zeroizing<Vec<u8>>,
    ) -> Result<Zeroizing<Vec<u8>>, Failure> {
        if !self.draft_apart(case) {
            return Ok(plain);
        }
        let key = match self.draft_key(&id) {
            Some(key) => key,
            None => self.make_draft_key(&id)?,
        };
        let sealed = RowSeal::new(&key).seal(TABLE, id.as_bytes(), b"", b"", &plain);
        let sealed = sealed.map_err(|error| fault::keys(DOING, &error))?;
        Ok(Zeroizing::new([&[APART], sealed.as_slice()].concat()))
    }

    /// The draft out of its row; `None` when its key is gone.
    pub(super) fn open_draft(&self, row: &[u8], plain: Zeroizing<Vec<u8>>) -> Option<Zeroizing<Vec<u8>>> {
        let Some((&APART, sealed)) = plain.split_first() else { return Some(plain) };
        let id = DraftId::from_bytes(row.try_into().ok()?);
        RowSeal::new(&*self.draft_key(&id)?).open(TABLE, id.as_bytes(), b"", b"", sealed).ok()
    }

    fn draft_key(&self, id: &DraftId) -> Option<Zeroizing<[u8; 32]>> {
        let sealed = vault_file::read(&self.draft_key_file(id)).ok()?;
        let key = self.seal.open(TABLE, id.as_bytes(), b"", b"", &sealed).ok()?;
        Some(Zeroizing::new(key.as_slice().try_into().ok()?))
    }

    fn make_draft_key(&self, id: &DraftId) -> Result<Zeroizing<[u8; 32]>, Failure> {
        let disk = |error: io::Error| Failure::disk(DOING, &error);
        let key = RowSeal::fresh_key();
        let sealed = self.seal.seal(TABLE, id.as_bytes(), b"", b"", &*key);
        let sealed = sealed.map_err(|error| fault::keys(DOING, &error))?;
        let path = self.draft_key_file(id);
        make_private(&self.paths().draft_keys()).map_err(disk)?;
        let mut file = private(OpenOptions::new().write(true).create(true).truncate(true)).open(&path).map_err(disk)?;
        file.write_all(&sealed).and_then(|()| file.sync_all()).map_err(disk)?;
        sync_folder(&self.paths().draft_keys()).map_err(disk)?;
        Ok(key)
    }

    /// Overwrites and removes the key of a draft that is no more. What fails is done with the next unlocking.
    pub(in crate::runtime) fn drop_draft_key(&self, id: &DraftId) {
        drop(shred(&self.draft_key_file(id)));
    }

    fn draft_key_file(&self, id: &DraftId) -> PathBuf {
        self.paths().draft_keys().join(id.to_string())
    }

    /// Keys of drafts that are not on their shelf: a program was killed after the draft had gone.
    ///
    /// # Errors
    /// What the journal or the disk says.
    pub(in crate::runtime) fn sweep_draft_keys(&self) -> Result<(), Failure> {
        let doing = "sweeping the keys of drafts";
        let Ok(files) = fs::read_dir(self.paths().draft_keys()) else { return Ok(()) };
        let rows = self.journal.shelf(Shelf::Drafts).map_err(|error| fault::sync(doing, &error))?;
        let ids =
            rows.iter().filter_map(|row| Some(DraftId::from_bytes(row.key.as_slice().try_into().ok()?).to_string()));
        let known: std::collections::HashSet<String> = ids.collect();
        for file in files.filter_map(Result::ok) {
            if !file.file_name().to_str().is_some_and(|name| known.contains(name)) {
                shred(&file.path()).map_err(|error| Failure::disk(doing, &error))?;
            }
        }
        Ok(())
    }

    /// Drafts that were begun before the roster wanted devices that only write, each under a key of its own from now on.
    ///
    /// # Errors
    /// What the journal or the disk says.
    pub(in crate::runtime) fn seal_drafts_apart(&mut self) -> Result<(), Failure> {
        let rows = self.journal.shelf(Shelf::Drafts).map_err(|error| fault::sync(DOING, &error))?;
        let mut changed = false;
        for mut row in rows.into_iter().filter(|row| row.plain.first() != Some(&APART)) {
            let Ok(id) = row.key.as_slice().try_into() else { continue };
            row.plain = self.seal_draft(DraftId::from_bytes(id), None, row.plain)?;
            self.journal.shelve(&[row], &[]).map_err(|error| fault::sync(DOING, &error))?;
            changed = true;
        }
        if changed { self.journal.scrub().map_err(|error| fault::sync(DOING, &error)) } else { Ok(()) }
    }
}

/// Over what stands there, in place, then away.
fn shred(path: &std::path::Path) -> io::Result<()> {
    let size = match fs::metadata(path) {
        Ok(meta) => usize::try_from(meta.len()).unwrap_or(0),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let mut file = OpenOptions::new().write(true).open(path)?;
    file.write_all(&vec![0; size])?;
    file.sync_all()?;
    drop(file);
    fs::remove_file(path)?;
    path.parent().map_or(Ok(()), sync_folder)
}
