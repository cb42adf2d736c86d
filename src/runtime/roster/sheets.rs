//! The sheets of the recovery key while they lie in a folder, before they are paper that counts. What breaks off leaves no sheet behind:
//! they are written down here before the first one is, and removed by whatever ends the ceremony early, at the latest by the next start.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use amanat_keys::{
    canonical,
    fingerprint::{Digest, KeyId},
    recipient::Recipient,
    recovery::Share,
    roster::Roster,
    statement::Statement,
};
use amanat_sync::{
    documents::DocumentKind,
    journal::{Journal as _, Shelf},
    own_files,
};
use zeroize::Zeroizing;

use super::{ceremony::Agreed, enrol::Admin, escrow::on_sheet};
use crate::{
    failure::Failure,
    runtime::{
        ending::Ending,
        fault,
        homes::{
            home::Home,
            marks::{self, Mark},
        },
    },
};

const DOING: &str = "looking after the sheets of the recovery key";
/// Longest path of a sheet, in bytes.
const MOST_PATH: usize = 4096;

/// One sheet: where it lies, how long it is, and the hash of what was written there.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sheet {
    path: PathBuf,
    size: u32,
    hash: Digest,
}

/// The sheets of a ceremony that is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::runtime) struct Laid {
    key: KeyId,
    sheets: Vec<Sheet>,
}

/// A ceremony under way: while this lives, a signal that ends the program removes the sheets first.
pub struct Ceremony {
    #[expect(dead_code, reason = "it watches as long as it lives")]
    ending: Option<Ending>,
}

impl Home {
    /// Writes sheets that open nothing until a roster names this key, and sees to it that none stays if it never does.
    ///
    /// # Errors
    /// Usage where a file of such a name lies there; what the disk says. No sheet is left then.
    pub fn lay_sheets(&mut self, key: &Recipient, sheets: &[(PathBuf, String)]) -> Result<Ceremony, Failure> {
        if let Some((path, _)) = sheets.iter().find(|(path, _)| path.exists()) {
            // A sheet is never written over another: the other's people would hold paper that opens nothing.
            return Err(Failure::usage(
                format!("writing the sheets — {} is there already", path.display()),
                "Name a folder that has none: --sheets DIR.",
            ));
        }
        let failed =
            |path: &Path, error: &io::Error| Failure::disk(format!("writing the sheet {}", path.display()), error);
        let mut laid = Laid { key: key.key_id(), sheets: Vec::with_capacity(sheets.len()) };
        for (path, text) in sheets {
            let folder = path.parent().unwrap_or(Path::new("."));
            own_files::make_private(folder).map_err(|error| failed(path, &error))?;
            // The next start may be made in another folder.
            let path = std::path::absolute(path).map_err(|error| failed(path, &error))?;
            if path.to_str().is_none_or(|path| path.len() > MOST_PATH) {
                return Err(Failure::usage(
                    format!("writing the sheets — the path {} cannot be written down", path.display()),
                    "Name a folder in plain letters: --sheets DIR.",
                ));
            }
            let size = u32::try_from(text.len()).unwrap_or(u32::MAX);
            laid.sheets.push(Sheet { path, size, hash: Digest::of(text.as_bytes()) });
        }
        self.remember(&Mark::Sheets(&laid))?;
        let theirs = laid.clone();
        let ending = Ending::watch(move || drop(theirs.remove()));
        for (sheet, (_, text)) in laid.sheets.iter().zip(sheets) {
            if let Err(error) = write(&sheet.path, text) {
                self.clear_sheets()?;
                return Err(failed(&sheet.path, &error));
            }
        }
        Ok(Ceremony { ending })
    }

    /// Ends a ceremony, however it went: sheets of a key that no roster names, and none that waits for signatures, go. Gives what became of
    /// them.
    ///
    /// # Errors
    /// What the journal refuses.
    pub fn clear_sheets(&mut self) -> Result<Option<Ended>, Failure> {
        let marks = marks::few(&self.journal).map_err(|error| fault::sync(DOING, &error))?;
        let Some(row) = marks::sheets(&marks) else { return Ok(None) };
        let ended = match Laid::read(row) {
            Some(laid) if self.names_recovery(laid.key)? => {
                Some(Ended::Count(laid.sheets.into_iter().map(|sheet| sheet.path).collect()))
            }
            Some(laid) => Some(Ended::Void(laid.remove())),
            None => None,
        };
        let done = self.journal.shelve(&[], &[(Shelf::Marks, marks::SHEETS.to_vec())]);
        done.map_err(|error| fault::sync(DOING, &error))?;
        Ok(ended)
    }

    /// Whether the adopted roster names a recovery key, or one that is filed to be adopted, or one that waits for signatures.
    fn names_recovery(&self, key: KeyId) -> Result<bool, Failure> {
        let Some(trust) = &self.trust else { return Ok(false) };
        let names = |roster: &Roster| roster.recovery.as_ref().is_some_and(|recovery| recovery.key_id() == key);
        let proposals = self.proposals()?;
        let mut waiting = proposals.iter().filter_map(|it| canonical::decode::<Roster>(it.payload()).ok());
        // On a disk that broke after it was filed it is adopted at a later start.
        let documents = self.journal.documents().map_err(|error| fault::sync(DOING, &error))?;
        let filed = documents.iter().map(|filed| &filed.document);
        let newer = filed.filter(|it| it.kind == DocumentKind::Roster && it.version > trust.roster_version());
        let newer = newer.filter_map(|it| Statement::from_bytes(&it.bytes).ok());
        let mut newer = newer.filter_map(|it| canonical::decode::<Roster>(it.payload()).ok());
        Ok(names(trust.roster()) || waiting.any(|roster| names(&roster)) || newer.any(|roster| names(&roster)))
    }
}

impl Admin {
    /// What came of sheets that lie there all, typed back and signed for by a call that did not live to say so; `None` where they are no
    /// such sheets.
    ///
    /// # Errors
    /// As [`Admin::cosign`].
    pub fn signed_for(&mut self, sheets: &[PathBuf], threshold: u8) -> Result<Option<Agreed>, Failure> {
        let read = |path: &PathBuf| fs::read_to_string(path).ok().map(Zeroizing::new).and_then(|text| on_sheet(&text));
        let shares: Option<Vec<Share>> = sheets.iter().map(read).collect();
        let Some(shares) = shares else { return Ok(None) };
        let all = |share: &Share| share.threshold() == threshold && usize::from(share.shares()) == sheets.len();
        let names = |roster: &Roster| {
            let of = |share: &Share| roster.recovery.as_ref().is_some_and(|recovery| share.is_of(recovery));
            shares.iter().all(|share| all(share) && of(share))
        };
        let trust = self.home.trust()?;
        if names(trust.roster()) {
            return Ok(Some(Agreed::Adopted(trust.roster_version())));
        }
        let proposals = self.home.proposals()?;
        let waits = |it: &Statement| canonical::decode::<Roster>(it.payload()).is_ok_and(|roster| names(&roster));
        proposals.into_iter().find(waits).map(|statement| self.cosign(statement)).transpose()
    }
}

/// How a ceremony ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Ended {
    /// Its roster is signed: these sheets count.
    Count(Vec<PathBuf>),
    /// It broke off.
    Void(Cleared),
}

impl Ended {
    /// In words.
    pub fn told(&self) -> String {
        match self {
            Self::Count(sheets) => format!(
                "All sheets of the recovery key were typed back and its roster is signed: they count. Hand the paper out and destroy the \
                 files: {}.",
                places(sheets)
            ),
            Self::Void(cleared) => cleared.told(),
        }
    }
}

fn places(paths: &[PathBuf]) -> String {
    let places = paths.iter().map(|path| path.display().to_string());
    places.collect::<Vec<_>>().join(", ")
}

/// What became of sheets that open nothing.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Cleared {
    /// Removed.
    pub gone: Vec<PathBuf>,
    /// Still there: changed since, or not to be removed.
    pub left: Vec<PathBuf>,
}

impl Cleared {
    /// In words.
    fn told(&self) -> String {
        let mut said = "A splitting of the recovery key was broken off. Nothing is sealed to its sheets, and paper that was printed from \
                        them opens nothing: destroy it."
            .to_owned();
        if !self.gone.is_empty() {
            said.push_str(&format!(" The files were removed: {}.", places(&self.gone)));
        }
        if !self.left.is_empty() {
            said.push_str(&format!(" These could not be, so remove them: {}.", places(&self.left)));
        }
        said
    }
}

impl Laid {
    /// Each file that still holds what was written there.
    fn remove(&self) -> Cleared {
        let mut cleared = Cleared::default();
        for Sheet { path, size, hash } in &self.sheets {
            // What a kill left half written holds words as well; another file that took the name since is somebody's.
            let ours =
                |text: &[u8]| Digest::of(text) == *hash || u32::try_from(text.len()).is_ok_and(|held| held < *size);
            match fs::read(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Ok(text) if ours(&text) && gone(path) => cleared.gone.push(path.clone()),
                Ok(_) | Err(_) => cleared.left.push(path.clone()),
            }
        }
        cleared
    }

    /// `key id (32) ‖ for each sheet: hash (32) ‖ size (4) ‖ length of the path (2) ‖ path`.
    pub(in crate::runtime) fn row(&self) -> Vec<u8> {
        let mut row = self.key.as_bytes().to_vec();
        for Sheet { path, size, hash } in &self.sheets {
            let path = path.to_str().unwrap_or_default();
            let length = u16::try_from(path.len()).unwrap_or(u16::MAX);
            row.extend_from_slice(hash.as_bytes());
            row.extend_from_slice(&size.to_be_bytes());
            row.extend_from_slice(&length.to_be_bytes());
            row.extend_from_slice(path.as_bytes());
        }
        row
    }

    fn read(row: &[u8]) -> Option<Self> {
        let (key, mut rest) = row.split_first_chunk::<32>()?;
        let mut sheets = Vec::new();
        while !rest.is_empty() {
            let (hash, after) = rest.split_first_chunk::<32>()?;
            let (size, after) = after.split_first_chunk::<4>()?;
            let (length, after) = after.split_first_chunk::<2>()?;
            let (path, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
            let path = PathBuf::from(std::str::from_utf8(path).ok()?);
            sheets.push(Sheet { path, size: u32::from_be_bytes(*size), hash: Digest::from_bytes(*hash) });
            rest = after;
        }
        Some(Self { key: KeyId::from_bytes(*key), sheets })
    }
}

fn gone(path: &Path) -> bool {
    let folder = path.parent().and_then(|folder| File::open(folder).ok());
    fs::remove_file(path).is_ok() && folder.is_none_or(|folder| folder.sync_all().is_ok())
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = own_files::private(options.write(true).create_new(true)).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
