//! A backup: a second home, made while the first one serves, read back before it counts. Its tables are one SQLite file, also where the
//! hub's are in a PostgreSQL database.
//!
//! It holds all that a hub is: the entries, the roster it has adopted, its settings, and its keys, without which the receipts of the
//! restored hub would be another's. So it is kept as the hub itself is kept. Entries in it are as sealed as they are at the hub.

use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Component, Path, PathBuf};

use amanat_keys::fingerprint::AgencyId;
use amanat_keys::trust::Trust;

use crate::blob_place::PlaceUrl;
use crate::config::{DEFAULT_CERTIFICATE, Settings};
use crate::home::{HomeFault, HubHome, read, replace};
use crate::moving::Move;
use crate::next_key::NEXT;
use crate::secrets;
use crate::store::{Copied, SqliteStore};
use crate::transport::OTHER;

/// Files of a home beside its tables; of these the last are there only sometimes.
/// The next key before the one in use: where it takes the other's place in between, the copy holds it twice and not neither.
const FILES: [&str; 8] =
    ["settings.toml", "join-request", NEXT, "hub-key.join", secrets::FILE, DEFAULT_CERTIFICATE, "tls-next.pem", OTHER];
/// The roster may move while the tables are copied; then they are copied again, so often.
const TRIES: usize = 5;

/// A backup that was read back.
#[derive(Debug)]
pub struct BackedUp {
    /// Where it stands.
    pub folder: PathBuf,
    /// What was read back.
    pub copied: Copied,
    /// The roster version it holds, if any.
    pub roster: Option<u64>,
    /// What the settings name that is not in it: outside the home, or not there.
    pub outside: Vec<PathBuf>,
}

impl HubHome {
    /// Makes a backup in a folder that is not there yet. Beside a hub that serves, too.
    ///
    /// # Errors
    /// [`HomeFault::BackupExists`]; [`HomeFault`] when something cannot be read, written, or is not as it was written. Then there is no
    /// backup.
    pub async fn back_up(&self, folder: &Path) -> Result<BackedUp, HomeFault> {
        let settings = Settings { store: None, password_file: None, ..self.settings()? };
        if folder.exists() {
            return Err(HomeFault::BackupExists(folder.to_owned()));
        }
        let partial = folder.with_added_extension("partial");
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| HomeFault::Disk(path.clone(), source)
        };
        if partial.exists() {
            std::fs::remove_dir_all(&partial).map_err(failed(&partial))?;
        }
        DirBuilder::new().recursive(true).mode(0o700).create(&partial).map_err(failed(&partial))?;
        let made = self.fill(&partial).await;
        let (copied, trust) = match made {
            Ok(made) => made,
            Err(fault) => {
                // What is not whole must not be taken for a backup; the fault is what counts.
                let _left = std::fs::remove_dir_all(&partial);
                return Err(fault);
            }
        };
        std::fs::rename(&partial, folder).map_err(failed(folder))?;
        let above = folder.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(above).and_then(|above| above.sync_all()).map_err(failed(above))?;
        let outside = outside(&settings, folder);
        Ok(BackedUp { folder: folder.to_owned(), copied, roster: trust.as_ref().map(Trust::roster_version), outside })
    }

    async fn fill(&self, to: &Path) -> Result<(Copied, Option<Trust>), HomeFault> {
        for name in FILES.into_iter().filter(|name| self.path(name).exists()) {
            let path = to.join(name);
            replace(&path, &read(&self.path(name))?).map_err(|source| HomeFault::Disk(path.clone(), source))?;
        }
        let mut settings = self.settings()?;
        let server = settings.store.is_some().then(|| settings.clone());
        if server.is_some() {
            // What is restored serves from the file beside these.
            (settings.store, settings.password_file) = (None, None);
            let path = to.join("settings.toml");
            replace(&path, settings.to_text()?.as_bytes()).map_err(|source| disk(&path, source))?;
        }
        for name in named(&settings).filter(|name| inside(name) && self.path(name).is_file()) {
            let path = to.join(name);
            if let Some(above) = path.parent() {
                DirBuilder::new().recursive(true).mode(0o700).create(above).map_err(|source| disk(above, source))?;
            }
            replace(&path, &read(&self.path(name))?).map_err(|source| disk(&path, source))?;
        }
        let tables = to.join("hub.sqlite");
        let held = || if self.path("trust").exists() { read(&self.path("trust")).map(Some) } else { Ok(None) };
        let mut trust = held()?;
        for tried in 1_usize.. {
            if tables.exists() {
                std::fs::remove_file(&tables).map_err(|source| HomeFault::Disk(tables.clone(), source))?;
            }
            match &server {
                None => SqliteStore::back_up(&self.path("hub.sqlite"), &tables)?,
                Some(server) => self.copy_from_server(server, &tables, trust.as_deref()).await?,
            }
            // A roster on the shelf and not adopted, or the other way round, would be a hub that never was.
            let now = held()?;
            if now == trust || tried >= TRIES {
                break;
            }
            trust = now;
        }
        let trust = match trust {
            None => None,
            Some(bytes) => {
                let path = to.join("trust");
                replace(&path, &bytes).map_err(|source| HomeFault::Disk(path.clone(), source))?;
                Some(Trust::from_bytes(&read(&path)?)?)
            }
        };
        let agency = trust.as_ref().map_or(AgencyId::ZERO, Trust::agency);
        let copied = SqliteStore::check_copy(&tables, &agency)?;
        // After the tables: what they call held is there, unless it was erased meanwhile.
        if let Some(parts) = parts(&settings) {
            copy_files(&self.path(&parts), &to.join(parts))?;
        }
        // What was written is read as a hub would read it.
        HubHome::at(to).keys()?;
        HubHome::at(to).next_key()?;
        HubHome::at(to).settings()?;
        Ok((copied, trust))
    }
}

impl HubHome {
    /// The tables of a PostgreSQL database in a file, as a move would bring them there.
    async fn copy_from_server(&self, server: &Settings, tables: &Path, trust: Option<&[u8]>) -> Result<(), HomeFault> {
        let agency = match trust {
            Some(trust) => Trust::from_bytes(trust)?.agency(),
            None => AgencyId::ZERO,
        };
        let beside = tables.with_extension("coming");
        if beside.exists() {
            std::fs::remove_file(&beside).map_err(|source| disk(&beside, source))?;
        }
        let (from, to) = (self.store(server).await?, SqliteStore::open(&beside)?);
        Move { agency, from: &*from, to: &to }.copy().await?;
        drop(to);
        // One file, as of a hub that keeps its things in one.
        SqliteStore::back_up(&beside, tables)?;
        let left = [beside.clone(), beside.with_extension("coming-wal"), beside.with_extension("coming-shm")];
        left.iter()
            .filter(|path| path.exists())
            .try_for_each(|path| std::fs::remove_file(path).map_err(|source| disk(path, source)))
    }
}

fn disk(path: &Path, source: std::io::Error) -> HomeFault {
    HomeFault::Disk(path.to_owned(), source)
}

/// Files that the settings name.
fn named(settings: &Settings) -> impl Iterator<Item = &PathBuf> {
    [&settings.certificate, &settings.key, &settings.password_file, &settings.parts_credentials].into_iter().flatten()
}

/// Whether a path of the settings begins at the home and stays in it.
fn inside(path: &Path) -> bool {
    let known = |step| matches!(step, Component::Normal(_) | Component::CurDir);
    path.components().all(known) && path.components().any(|step| matches!(step, Component::Normal(_)))
}

/// The folder of whole attachments, where it lies in the home.
fn parts(settings: &Settings) -> Option<PathBuf> {
    match settings.parts_at(Path::new("")) {
        Ok(PlaceUrl::Folder(folder)) if inside(&folder) => Some(folder),
        _ => None,
    }
}

/// What the settings name and a backup does not hold.
fn outside(settings: &Settings, backup: &Path) -> Vec<PathBuf> {
    let files = named(settings).filter(|path| !inside(path) || !backup.join(path).is_file()).cloned();
    let place = settings.parts.iter().filter(|_| parts(settings).is_none()).map(PathBuf::from);
    files.chain(place).collect()
}

/// Copies the files of a folder and of those in it, each to the disk. Where both are on one disk a second name is enough: an attachment is
/// never written again.
fn copy_files(from: &Path, to: &Path) -> Result<(), HomeFault> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| HomeFault::Disk(path.clone(), source)
    };
    if !from.exists() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(to).map_err(failed(to))?;
    for item in std::fs::read_dir(from).map_err(failed(from))? {
        let item = item.map_err(failed(from))?;
        let (path, target) = (item.path(), to.join(item.file_name()));
        if item.file_type().map_err(failed(&path))?.is_dir() {
            copy_files(&path, &target)?;
            continue;
        }
        match std::fs::hard_link(&path, &target) {
            Ok(()) => {}
            // Erased since the folder was listed.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(_another_disk) => {
                std::fs::copy(&path, &target).map_err(failed(&target))?;
                File::open(&target).and_then(|file| file.sync_all()).map_err(failed(&target))?;
            }
        }
    }
    File::open(to).and_then(|folder| folder.sync_all()).map_err(failed(to))
}
