//! The hub at headquarters: the real one over a real store, which can be killed at each of its writes and opened again.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use amanat_hub::store::{Depth, HubStore, Ledger, MemoryStore, Page, Place, Sought, SqliteStore};
use amanat_hub::{Blobs, Hub, HubIdentity, PlaceUrl};
use amanat_keys::fingerprint::{DeviceId, Digest};
use amanat_keys::hub_epoch::HubEpoch;
use amanat_keys::recipient::ReadIdentity;
use amanat_keys::roster::Roster;
use amanat_keys::statement::Statement;
use amanat_keys::trust::Trust;
use amanat_sync::bundle::BundleFault;
use amanat_sync::documents::{Document, DocumentKind};
use axum::body::Body;
use axum::http::Request;
use tokio::runtime::{Builder, Runtime};

use super::disk::copy;
use super::fused::{Dies, Fused, Sabotage};
use super::support::{Agency, Answer, ask};

thread_local! {
    /// The hub's clock, in milliseconds since 1970.
    static NOW: Cell<u64> = const { Cell::new(1_750_000_000_000) };
}

pub(crate) fn set_clock(ms: u64) {
    NOW.with(|now| now.set(ms));
}

fn now() -> u64 {
    NOW.with(Cell::get)
}

/// The hub and what it stands on.
pub(crate) struct Office {
    runtime: Runtime,
    identity: HubIdentity,
    /// Everything that the store lies in: itself in memory, or a file.
    disk: Lies,
    fused: Arc<Fused>,
    hub: Arc<Hub>,
    /// The trust file.
    trust: Arc<Mutex<Trust>>,
    agency: Agency,
    copies: u32,
    /// Where attachments lie, for a hub that keeps them.
    parts: Option<PathBuf>,
    /// What the admin trusts, and every roster signed after the first.
    admin: Trust,
    rosters: Vec<Vec<u8>>,
    /// Does not heed them.
    deaf: bool,
    /// What its store does instead of what it is told.
    planted: Option<Sabotage>,
}

/// A copy of the hub's store, as a backup has it.
#[derive(Clone)]
pub(crate) struct Backup(PathBuf, Trust);

enum Lies {
    InMemory(Arc<dyn HubStore>),
    InFile(PathBuf),
}

impl Office {
    /// A new hub; in a file where one is named.
    pub(crate) fn new(agency: &Agency, file: Option<PathBuf>) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let disk = file.map_or_else(|| Lies::InMemory(Arc::new(MemoryStore::default())), Lies::InFile);
        let trust = Arc::new(Mutex::new(agency.trust.clone()));
        let fused = Arc::new(Fused { store: store(&disk), state: Mutex::default(), planted: None });
        let hub = opened(&runtime, &agency.hub, &fused, (&trust, None));
        Self {
            runtime,
            identity: agency.hub.clone(),
            disk,
            fused,
            hub,
            trust,
            agency: agency.clone(),
            copies: 0,
            parts: None,
            admin: agency.trust.clone(),
            rosters: Vec::new(),
            deaf: false,
            planted: None,
        }
    }

    /// The same, keeping attachments below this folder.
    pub(crate) fn keeping_parts(mut self, folder: PathBuf) -> Self {
        self.parts = Some(folder);
        self.restart();
        self
    }

    /// From now on its store does this.
    pub(crate) fn is_sabotaged(&mut self, planted: Option<Sabotage>) {
        self.planted = planted;
        self.restart();
    }

    /// Copies the store as it lies there, where it lies in a file.
    pub(crate) fn backs_up(&mut self) -> Option<Backup> {
        let Lies::InFile(path) = &self.disk else { return None };
        self.copies += 1;
        let to = path.with_extension(format!("copy{}", self.copies));
        copy(path, &to);
        Some(Backup(to, self.trust.lock().unwrap().clone()))
    }

    /// The store is lost, and an older copy of it takes its place: the hub begins its next epoch. The word for it that an admin signs.
    pub(crate) fn put_back(&mut self, backup: &Backup) -> Vec<u8> {
        self.copies += 1;
        let to = backup.0.with_extension(format!("life{}", self.copies));
        copy(&backup.0, &to);
        self.disk = Lies::InFile(to);
        let newest = self.runtime.block_on(store(&self.disk).ledger()).unwrap().newest;
        let believed = newest.map(|kept| {
            let statement = Statement::from_bytes(&kept.statement).unwrap();
            (kept.epoch, kept.number, statement.payload_hash())
        });
        let (old, number, hash) = believed.unwrap_or((1, 0, Digest::ZERO));
        self.identity.epoch += 1;
        *self.trust.lock().unwrap() = backup.1.clone();
        self.restart();
        let (agency, hub, reason) = (self.agency.id(), self.identity.id, "disk lost".to_owned());
        let word = HubEpoch { agency, hub, old, number, hash, new: self.identity.epoch, reason };
        let mut statement = word.propose().unwrap();
        statement.sign(&agency, &self.agency.root);
        statement.to_bytes()
    }

    /// The admin's word on an epoch, or another document, comes to the hub.
    pub(crate) fn hears(&self, statement: &[u8]) {
        self.runtime.block_on(self.hub.keep(statement)).unwrap();
    }

    /// In which of its lives it is.
    pub(crate) fn epoch(&self) -> u64 {
        self.identity.epoch
    }

    /// It will die there, the next time it comes by.
    pub(crate) fn will_die(&self, point: Dies) {
        self.fused.state.lock().unwrap().0 = Some(point);
    }

    /// Whether it died.
    pub(crate) fn is_dead(&self) -> bool {
        self.fused.state.lock().unwrap().1
    }

    /// Where it died, if it did.
    pub(crate) fn died_at(&self) -> Option<Dies> {
        let state = self.fused.state.lock().unwrap();
        state.0.filter(|_| state.1)
    }

    /// Kill -9, and started again over what its store holds.
    pub(crate) fn restart(&mut self) {
        // Nothing of the old one may hold the file.
        let nothing: Arc<dyn HubStore> = Arc::new(MemoryStore::default());
        self.fused = Arc::new(Fused { store: nothing, state: Mutex::default(), planted: None });
        self.hub = opened(&self.runtime, &self.identity, &self.fused, (&self.trust, self.parts.as_deref()));
        self.fused = Arc::new(Fused { store: store(&self.disk), state: Mutex::default(), planted: self.planted });
        self.hub = opened(&self.runtime, &self.identity, &self.fused, (&self.trust, self.parts.as_deref()));
    }

    /// One request to its door.
    pub(crate) fn ask(&self, request: Request<Body>) -> Answer {
        self.runtime.block_on(ask(&self.hub, request))
    }

    /// A stick is read, by way of its keeper.
    pub(crate) fn reads_stick(&self, key: &ReadIdentity, bytes: &[u8]) -> Result<serde_json::Value, BundleFault> {
        self.hub.read_stick(self.runtime.handle(), key, bytes)
    }

    /// A stick is written for a unit, with the attachments, where it keeps any.
    pub(crate) fn writes_stick(&self, unit: &str, to: &mut Vec<u8>) {
        let room = self.parts.as_ref().map(|_| u64::MAX);
        self.hub.write_stick(self.runtime.handle(), Some(unit), room, to).unwrap();
    }

    /// The admin brings a roster, and those before it that a restored hub may lack.
    pub(crate) fn adopt(&mut self, statement: &[u8]) {
        self.admin.adopt(statement).unwrap();
        self.rosters.push(statement.to_vec());
        self.publish();
    }

    /// Every roster that the admin has signed is brought to the hub.
    pub(crate) fn publish(&self) {
        if self.deaf {
            *self.trust.lock().unwrap() = self.admin.clone();
            return;
        }
        for roster in &self.rosters {
            // Those that are held already, or below.
            drop(self.runtime.block_on(self.hub.adopt(roster)));
        }
    }

    /// The next roster after the one adopted here, changed as wished.
    pub(crate) fn next_roster(&self, change: impl FnOnce(&mut Roster)) -> Vec<u8> {
        let trust = self.admin.clone();
        let now = Agency { roster: trust.roster().clone(), trust, ..self.agency.clone() };
        now.next(change)
    }

    pub(crate) fn roster_version(&self) -> u64 {
        self.trust.lock().unwrap().roster_version()
    }

    /// What the hub trusts.
    pub(crate) fn trust(&self) -> Trust {
        self.trust.lock().unwrap().clone()
    }

    /// What the admin has signed last.
    pub(crate) fn newest(&self) -> Trust {
        self.admin.clone()
    }

    /// From now on its program goes on with the roster it has, although newer ones lie in its trust file: a fault that must be found.
    pub(crate) fn goes_deaf(&mut self) {
        self.deaf = true;
    }

    pub(crate) fn ledger(&self) -> Ledger {
        self.runtime.block_on(self.fused.store.ledger()).unwrap()
    }

    pub(crate) fn depth(&self) -> Depth {
        self.runtime.block_on(self.fused.store.depth()).unwrap()
    }

    /// Documents of a kind, as they lie on its shelf.
    pub(crate) fn documents(&self, kind: DocumentKind) -> Vec<Document> {
        self.runtime.block_on(self.fused.store.documents(kind, 0, usize::MAX)).unwrap()
    }

    /// Everything above these numbers, as somebody would see it in whose name every slip was made.
    pub(crate) fn above(&self, held: BTreeMap<Place, u64>) -> Page {
        let roster = self.trust().roster().clone();
        let mut readers: Vec<[u8; 32]> = roster.devices.iter().map(|device| *device.id.as_bytes()).collect();
        readers.extend(roster.units.iter().map(|unit| *unit.id.as_bytes()));
        // In this name erasures travel.
        readers.push(*Digest::tagged("everybody", &[self.agency.id().as_bytes()]).as_bytes());
        let device = DeviceId::from_bytes(*Digest::ZERO.as_bytes());
        let sought = Sought { agency: self.agency.id(), device, readers, held, again: Vec::new(), bytes: usize::MAX };
        self.runtime.block_on(self.fused.store.page(sought)).unwrap()
    }
}

fn store(disk: &Lies) -> Arc<dyn HubStore> {
    match disk {
        Lies::InMemory(store) => Arc::clone(store),
        Lies::InFile(path) => Arc::new(SqliteStore::open(path).unwrap()),
    }
}

/// Where whole attachments lie below the folder of a hub's attachments.
pub(crate) fn whole_parts(folder: &Path) -> PathBuf {
    folder.join("parts")
}

fn opened(
    runtime: &Runtime,
    identity: &HubIdentity,
    fused: &Arc<Fused>,
    (trust, parts): (&Arc<Mutex<Trust>>, Option<&Path>),
) -> Arc<Hub> {
    let file = Arc::clone(trust);
    let keep = Box::new(move |trust: &Trust| {
        *file.lock().unwrap() = trust.clone();
        Ok(())
    });
    let held = trust.lock().unwrap().clone();
    let store = Arc::clone(fused) as Arc<dyn HubStore>;
    let hub = runtime.block_on(Hub::open_at(identity.clone(), store, held, keep, now)).unwrap();
    let Some(folder) = parts else { return Arc::new(hub) };
    let place = PlaceUrl::Folder(whole_parts(folder)).open(None).unwrap();
    let blobs = Blobs::new(&folder.join("coming"), place).unwrap();
    Arc::new(runtime.block_on(hub.with_parts(blobs)).unwrap())
}
