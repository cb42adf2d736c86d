//! The hub's folder: settings, keys, the adopted roster, the database, and a lock so that two hubs never share one.
//!
//! ```text
//! settings.toml   name, address, certificate, epoch, where the database is
//! hub.keys        the signing seed and the identity for bundles; owner only; opens no entry
//! hub-next.keys   the next signing seed, until a roster names it; owner only
//! hub-key.join    for an admin: the next signing key
//! transport.key   the identity for bundles of the other kind, once the agency moves to it; owner only
//! tls.pem         a certificate for TLS that the hub made for itself, and its key; owner only
//! tls-next.pem    the next one, once the roster is asked to list it; moved to tls.pem when it does
//! join-request    for an admin to approve
//! trust           the adopted roster with its proof
//! hub.sqlite      everything that was received, unless the settings name a PostgreSQL database
//! control         a socket of the hub that runs, for its keeper
//! contacts        when each device was last heard; a help, and never a truth
//! lock            held while a hub runs
//! ```

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use amanat_keys::canonical;
use amanat_keys::device::Signer;
use amanat_keys::error::{KeysError, Malformed};
use amanat_keys::fingerprint::AgencyId;
use amanat_keys::join::JoinRequest;
use amanat_keys::recipient::{ReadIdentity, RecipientKind};
use amanat_keys::trust::Trust;
use amanat_keys::words::Words;
use amanat_sync::pack::Pack;

use crate::blobs::Blobs;
use crate::config::{DEFAULT_CERTIFICATE, Settings, SettingsFault};
use crate::home_bundle::StickFault;
use crate::hub::{Hub, HubFault, HubIdentity};
use crate::lineage;
use crate::request::Made;
use crate::secrets::{self, Secrets};
use crate::store::{HubStore, PostgresStore, SqliteStore, StoreFault, SwapStore};
use crate::tls::{self, Files, Tls, TlsFault};

/// Largest file of ours that is read whole, in bytes: a roster of ten thousand devices, twice.
const MAX_FILE: u64 = 40 * 1024 * 1024;

/// A hub's folder.
#[derive(Debug)]
pub struct HubHome {
    folder: PathBuf,
}

/// What is wrong with a home, for a person.
#[derive(Debug, thiserror::Error)]
pub enum HomeFault {
    /// There is no hub here.
    #[error("there is no hub in {0}; make one with: amanat-hub init --home {0}")]
    NoHub(PathBuf),
    /// There is a hub here already.
    #[error("there is a hub in {0} already; its keys are not made twice")]
    Exists(PathBuf),
    /// Another process runs this hub.
    #[error("another hub runs in {0}: stop it first (SIGTERM), then call this again")]
    Held(PathBuf),
    /// No roster was loaded yet.
    #[error(
        "this hub has no roster yet: let an admin approve {0}, then run amanat-hub roster FILE --fingerprint WORDS"
    )]
    NoRoster(PathBuf),
    /// The first roster needs the words that the admin reads aloud.
    #[error("the first roster is pinned by its words: add --fingerprint WORDS, as the admin reads them aloud")]
    NoWords,
    /// The words are not eight of the list.
    #[error("--fingerprint")]
    Words(#[source] Malformed),
    /// The disk refused.
    #[error("{0} cannot be read or written")]
    Disk(PathBuf, #[source] std::io::Error),
    /// The keys file is damaged.
    #[error("{0} is damaged: restore it from a backup, or ask an admin to enrol a new hub")]
    Keys(PathBuf),
    /// The roster does not name the key that this hub has.
    #[error(
        "making the next signing key: the roster does not name the one that this hub has. Take in the newest roster (amanat-hub roster FILE); \
         if it names another hub's, let an admin enrol this one (amanat-hub request)"
    )]
    NotNamed,
    /// Something offered does not prove itself.
    #[error("refused")]
    Trust(#[from] KeysError),
    /// The settings are wrong.
    #[error(transparent)]
    Settings(#[from] SettingsFault),
    /// The certificate or its key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsFault),
    /// The store failed.
    #[error("the database cannot be used")]
    Store(#[from] StoreFault),
    /// A stick could not be written.
    #[error("writing the bundle")]
    Stick(#[from] StickFault),
    /// An epoch cannot begin.
    #[error(transparent)]
    Epoch(#[from] crate::epoch::EpochFault),
    /// The hub cannot move to another store.
    #[error(transparent)]
    Move(#[from] crate::moving::MoveFault),
    /// Something is there already.
    #[error("backing up: {0} is there already; name a folder that is not")]
    BackupExists(PathBuf),
    /// The hub could not be opened over its store.
    #[error("the hub cannot be opened")]
    Hub(#[from] HubFault),
}

impl HubHome {
    /// The hub in this folder, which need not exist yet.
    #[must_use]
    pub fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Makes the keys, the settings, a certificate where the settings name none, and the join request.
    ///
    /// # Errors
    /// [`HomeFault::Exists`] rather than making keys twice; [`HomeFault::Settings`] for an address that is refused;
    /// [`HomeFault::Tls`] for a certificate that cannot be used.
    pub fn init(&self, settings: &Settings, recipients: RecipientKind) -> Result<Made, HomeFault> {
        settings.url()?;
        settings.database()?;
        self.make_private().map_err(|source| HomeFault::Disk(self.folder.clone(), source))?;
        if self.path("hub.keys").exists() {
            return Err(HomeFault::Exists(self.folder.clone()));
        }
        let seed = secrets::new_seed();
        let signer = Signer::from_seed(&seed)?;
        let transport = ReadIdentity::of_kind(recipients)?;
        if settings.certificate.is_none() {
            self.write(DEFAULT_CERTIFICATE, tls::made()?.as_bytes())?;
        }
        let tls_key = self.tls(settings)?.key();
        let made = self.write_request(settings, AgencyId::ZERO, vec![tls_key], &signer, transport.recipient())?;
        self.write("settings.toml", settings.to_text()?.as_bytes())?;
        // Last: where this file is, everything is.
        self.write_keys(&seed, &transport, signer.verifying_key().device_id())?;
        Ok(made)
    }

    /// The folder, its owner's alone: the database tells who wrote when in which case.
    fn make_private(&self) -> std::io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        std::fs::set_permissions(&self.folder, Permissions::from_mode(0o700))
    }

    /// The settings.
    ///
    /// # Errors
    /// [`HomeFault::NoHub`]; [`HomeFault::Settings`].
    pub fn settings(&self) -> Result<Settings, HomeFault> {
        self.must_exist()?;
        Ok(Settings::read(&self.path("settings.toml"))?)
    }

    /// Takes rosters from a file: one statement, a chain of them one after another, or the join pack that an admin's program
    /// writes. The first ever is pinned by the words that the admin reads aloud; later ones follow from it, and every step goes
    /// onto the shelf for devices that are behind. Gives the version held now.
    ///
    /// # Errors
    /// [`HomeFault::NoWords`]; [`HomeFault::Trust`] when a roster does not prove itself or does not follow, or rivals the one
    /// held: then it is kept as proof.
    pub async fn take_rosters(&self, file: &Path, words: Option<&Words>) -> Result<u64, HomeFault> {
        self.must_exist()?;
        // A running hub has its own copy and would write over ours: it takes rosters from devices that publish them.
        let _alone = self.lock()?;
        let bytes = read(file)?;
        // A join pack, or rosters one after another.
        let chain =
            canonical::decode::<Pack>(&bytes).map_or_else(|_not_a_pack| split_chain(&bytes), |pack| pack.rosters);
        let mut trust = match self.trust()? {
            Some(trust) => trust,
            None => pin(&chain, words.ok_or(HomeFault::NoWords)?)?,
        };
        let held = trust.roster_version();
        let mut newer: Vec<(u64, &Vec<u8>)> = chain.iter().filter_map(|s| Some((lineage::version(s)?, s))).collect();
        newer.sort_unstable_by_key(|(version, _)| *version);
        let mut rival = None;
        for (version, statement) in newer.into_iter().filter(|(version, _)| *version >= held) {
            match trust.adopt(statement) {
                Err(fault) if version == held => rival = Some(fault),
                step => drop(step?),
            }
        }
        // The shelf first: a roster that is held and not shelved would be one that no device behind can reach.
        lineage::shelve(&*self.store(&self.settings()?).await?, &trust, &chain).await?;
        self.write("trust", &trust.to_bytes())?;
        rival.map_or(Ok(trust.roster_version()), |fault| Err(fault.into()))
    }

    /// Opens the hub: lock, keys, roster, database.
    ///
    /// # Errors
    /// [`HomeFault`], in words for a person.
    pub async fn open(&self, settings: &Settings) -> Result<(Arc<Hub>, HomeLock), HomeFault> {
        let lock = self.lock()?;
        let trust = self.trust()?.ok_or_else(|| HomeFault::NoRoster(self.path("join-request")))?;
        // A hub that was killed between the two, or that was given the roster while it stood still, takes its key up now.
        self.take_up_key(&trust)?;
        let Secrets { id, signer, .. } = self.keys()?;
        if trust.roster().hub(&id).is_some_and(|listed| listed.receipt_key != signer.verifying_key()) {
            tracing::error!(
                "the roster names another signing key for this hub than it has: devices will believe nothing it says"
            );
        }
        let waiting = self.next_key()?;
        let next = waiting.as_ref().map(|waiting| waiting.signer.clone());
        let identity = HubIdentity { id, signer, next, epoch: settings.epoch };
        let store = Arc::new(SwapStore::over(self.store(settings).await?, settings.store.clone()));
        let home = Self::at(&self.folder);
        let keep = Box::new(move |trust: &Trust| {
            replace(&home.path("trust"), &trust.to_bytes())?;
            // After the roster: a key in use that no roster on the disk names would be nobody's.
            home.take_up_key(trust).map(drop).map_err(std::io::Error::other)
        });
        let hub = Hub::open(identity, Arc::<SwapStore>::clone(&store), trust, keep).await?;
        let hub = hub.with_parts(self.blobs(settings)?).await?.with_swap(store);
        hub.contacts.remember(self.contacts());
        if let Some(waiting) = waiting {
            hub.offer(&waiting.request).await?;
        }
        Ok((Arc::new(hub), lock))
    }

    /// The adopted roster, if there is one.
    ///
    /// # Errors
    /// [`HomeFault::Trust`] when the file no longer proves itself.
    pub fn trust(&self) -> Result<Option<Trust>, HomeFault> {
        let path = self.path("trust");
        if !path.exists() {
            return Ok(None);
        }
        Ok(Some(Trust::from_bytes(&read(&path)?)?))
    }

    /// The words of the join request, to be read aloud.
    ///
    /// # Errors
    /// [`HomeFault::Trust`] when the request no longer proves itself.
    pub fn request_words(&self) -> Result<Words, HomeFault> {
        let request = JoinRequest::verify(&read(&self.path("join-request"))?)?;
        Ok(request.value().words())
    }

    pub(crate) async fn store(&self, settings: &Settings) -> Result<Arc<dyn HubStore>, HomeFault> {
        let Some(address) = settings.database()? else {
            return Ok(Arc::new(SqliteStore::open(&self.path("hub.sqlite"))?));
        };
        if address.leaves_the_machine() {
            tracing::warn!(store = %address, "what goes to this database is not encrypted on its way: use a tunnel or a private line");
        }
        Ok(Arc::new(PostgresStore::open(&address).await?))
    }

    /// Where attachments lie: those on their way in the home, whole ones where the settings say.
    pub(crate) fn blobs(&self, settings: &Settings) -> Result<Blobs, HomeFault> {
        let place = settings.parts_at(&self.folder)?;
        let credentials = settings.parts_credentials.as_ref().map(|file| self.folder.join(file));
        let folder = place.folder().map(Path::to_owned);
        let place = place.open(credentials.as_deref()).map_err(SettingsFault::from)?;
        Ok(Blobs::new(&self.path("parts.coming"), place)?.in_folder(folder))
    }

    /// The certificate that the settings name, or the home's own, ready to be shown.
    ///
    /// # Errors
    /// [`HomeFault::Tls`].
    pub fn tls(&self, settings: &Settings) -> Result<Tls, HomeFault> {
        Ok(Tls::read(self.tls_files(settings))?)
    }

    fn tls_files(&self, settings: &Settings) -> Files {
        let certificate = settings.certificate.as_deref().unwrap_or(Path::new(DEFAULT_CERTIFICATE));
        let key = settings.key.as_deref().unwrap_or(certificate);
        Files { certificate: self.folder.join(certificate), key: self.folder.join(key) }
    }

    pub(crate) fn lock(&self) -> Result<HomeLock, HomeFault> {
        let path = self.path("lock");
        let failed = |source| HomeFault::Disk(path.clone(), source);
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(HomeLock { _file: file }),
            Err(std::fs::TryLockError::WouldBlock) => Err(HomeFault::Held(self.folder.clone())),
            Err(std::fs::TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    fn must_exist(&self) -> Result<(), HomeFault> {
        if self.path("hub.keys").exists() { Ok(()) } else { Err(HomeFault::NoHub(self.folder.clone())) }
    }

    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), HomeFault> {
        let path = self.path(name);
        replace(&path, bytes).map_err(|source| HomeFault::Disk(path, source))
    }
}

/// Held while a hub runs; the system lets go of it even when the process is killed.
#[derive(Debug)]
pub struct HomeLock {
    _file: File,
}

fn pin(chain: &[Vec<u8>], words: &Words) -> Result<Trust, HomeFault> {
    let mut last = None;
    for statement in chain {
        match Trust::pin(statement, words) {
            Ok(trust) => return Ok(trust),
            Err(fault) => last = Some(fault),
        }
    }
    Err(last.map_or(HomeFault::NoWords, HomeFault::Trust))
}

/// Statements written one after another; what cannot be read ends the list.
fn split_chain(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut statements = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let mut decoder = minicbor::Decoder::new(rest);
        if decoder.skip().is_err() {
            break;
        }
        let (one, more) = rest.split_at(decoder.position().min(rest.len()));
        statements.push(one.to_vec());
        rest = more;
    }
    statements
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>, HomeFault> {
    let failed = |source| HomeFault::Disk(path.to_owned(), source);
    let mut bytes = Vec::new();
    File::open(path).map_err(failed)?.take(MAX_FILE).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// Whole or not at all, owner only, on the disk before it returns.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let beside = path.with_extension("new");
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    sync_folder(path)
}

/// What stands in the folder of a file is on the disk when this returns.
pub(crate) fn sync_folder(path: &Path) -> std::io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}
